"""The gateways as finance sees them: health, journal, findings, and who may act."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from donations.gateway_health import Breaker, Why, note_silence, pause
from donations.models.gateway import (
    FindingKind,
    GatewayFinding,
    GatewayHealth,
    GatewaySolution,
    GatewayState,
)
from donations.models.payment import Payment
from flows.calling import Answered, keep
from flows.paying import begin_payment
from offices.audit import AuditEntry
from offices.staff import Role
from payment_gateways.contract import Kind, Outcome
from payment_gateways.recording import FinishedCall
from tests.factories import NOON, a_pledge
from tests.staff import at_work

PAGES = ("/finance/gateways", "/finance/gateways/mellat-main", "/finance/gateways/findings")


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


@pytest.fixture
def auditor(app, database):
    return at_work(app, database, Role.AUDITOR, office="00", username="auditor")


@pytest.fixture
def day(database, gateways):
    """A payment, some calls, a gateway that is taken out, and something that does not agree."""
    with database.writing() as session:
        pledge_id = a_pledge(session).id
    begin_payment(
        database, gateways, pledge_id=pledge_id, gateway="mellat-main", public_url="http://x",
        clock=lambda: NOON,
    )  # fmt: skip
    with database.writing() as session:
        payment = session.scalars(select(Payment)).one()
        for number in range(60):
            write_call(session, gateways["mellat-main"], payment.id, number)
        pause(session, "mellat-main", Why("راه ندادند", "not let in", "check", "21"), now=NOON)
        write_finding(session, payment_id=payment.id)
    return payment.id


def write_call(session, gateway, payment_id, number):
    call = FinishedCall(
        gateway.name, "bpVerifyRequest", "http://x", f"<sale>{number}</sale>", "<b>0</b>", 200, "",
        0.25,
    )  # fmt: skip
    outcome = Outcome(Kind.CONFIRMED, bank_code="0")
    answered = Answered(gateway, "settle" if number % 2 else "confirm", outcome, (call,))
    keep(session, answered, payment_id, now=NOON - timedelta(minutes=number))


def write_finding(session, **facts):
    session.add(
        GatewayFinding(
            **{
                "kind": FindingKind.STATES_DIFFER,
                "gateway": "mellat-main",
                "payment_id": None,
                "token": "AF82041a2Bf6989c7fF9",
                "ours": "settled",
                "theirs": "not_found",
                "amount_rial": 2_500_000,
                "found_at": NOON,
            }
            | facts
        )
    )


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_stands_before_there_is_anything(accountant, path, language):
    accountant.get(f"{path}?language={language}")


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_stands_with_a_day_on_it(accountant, path, language):
    accountant.get(f"{path}?language={language}")


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize("path", PAGES)
def test_an_auditor_reads_and_changes_nothing(auditor, path):
    html = auditor.get(path).html
    assert 'method="post"' not in html[html.index("<main") : html.index("</main>")]


@pytest.mark.usefixtures("day")
def test_the_overview_says_what_is_wrong_and_what_the_bank_said(accountant):
    words = accountant.get("/finance/gateways").words

    assert "کنار گذاشته شده" in words
    assert "راه ندادند" in words
    assert "۶۱ پاسخ که ۱ تای آن روشن نبود" in words
    assert "۲۵۰ میلی‌ثانیه" in words
    assert "کمتر از ده دقیقه: ۱" in words


@pytest.mark.usefixtures("day")
def test_what_needs_nobody_stands_in_one_table_below(accountant):
    html = accountant.get("/finance/gateways").html
    table = html[html.index("<table") : html.index("</table>")]

    assert "zarinpal-main" in table
    assert "mellat-main" not in table


@pytest.mark.usefixtures("day")
def test_the_dashboard_cries_out(accountant):
    page = accountant.get("/finance")

    assert "درگاهی کنار گذاشته شده است" in page.words
    assert 'role="alert"' in page.html


@pytest.mark.usefixtures("day")
def test_the_journal_is_filtered_and_goes_on_over_pages(accountant):
    path = "/finance/gateways/mellat-main"
    first = accountant.get(path)
    assert first.html.count("<summary>") == 50
    (older,) = [link for link in first.links if "before=" in link]
    assert accountant.get(older).html.count("<summary>") == 11

    settled = accountant.get(f"{path}?step=settle")
    assert settled.html.count("&lt;sale&gt;") == 30
    assert accountant.get(f"{path}?kind=unknown").html.count('class="card"') == 2
    assert "تماسی با این ویژگی‌ها" in accountant.get(f"{path}?day=1405/08/01").words
    assert accountant.get(f"{path}?day=۱۴۰۵/۰۹/۰۱&step=settle").html.count("&lt;sale&gt;") == 30
    assert "تماسی با این ویژگی‌ها" in accountant.get(f"{path}?payment=۹۹۹").words


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize(
    ("query", "sentence"),
    [("day=x", "در تقویم"), ("payment=x", "تنها رقم دارد")],
)
def test_what_cannot_be_read_is_said_beside_its_field(accountant, query, sentence):
    page = accountant.get(f"/finance/gateways/mellat-main?{query}")

    assert sentence in page.words


def test_a_gateway_is_taken_out_with_a_reason_and_the_act_is_on_record(accountant, database):
    path = "/finance/gateways/mellat-main"
    hidden = accountant.form(path)
    refused = accountant.send(f"{path}/pause", {"reason": ""}, hidden=hidden, status=422)
    assert "دلیل" in refused.words

    page = accountant.send(f"{path}/pause", {"reason": "قرارداد تازه"}, hidden=hidden)

    assert "کنار گذاشته شد" in page.words
    assert "مریم کارمند" in page.words
    with database.reading() as session:
        assert session.get_one(GatewayHealth, "mellat-main").state is GatewayState.PAUSED
        acts = session.scalars(select(AuditEntry.action)).all()
    assert "gateway.pause" in acts


@pytest.mark.usefixtures("day")
def test_a_bank_that_does_not_answer_is_not_let_back(accountant, database):
    path = "/finance/gateways/mellat-main"

    page = accountant.send(f"{path}/let-back", {}, hidden=accountant.form(path))

    assert "دسترسی نداد" in page.words
    with database.reading() as session:
        assert session.get_one(GatewayHealth, "mellat-main").state is GatewayState.PAUSED


def test_a_bank_that_lets_us_in_is_let_back(paying_app, database):
    accountant = at_work(paying_app, database, Role.FINANCE, office="00")
    with database.writing() as session:
        pause(session, "mellat-main", Why("راه ندادند", "not let in"), now=NOON)
    path = "/finance/gateways/mellat-main"

    page = accountant.send(f"{path}/let-back", {}, hidden=accountant.form(path))

    assert "بانک دسترسی داد" in page.words
    assert "بازگرداندن درگاه" not in page.words


@pytest.mark.usefixtures("day")
def test_a_finding_is_solved_once_and_says_by_whom_and_how(accountant, database):
    with database.reading() as session:
        finding_id = session.scalars(select(GatewayFinding.id)).one()
    page = accountant.get("/finance/gateways/findings")
    assert "چنین پرداختی نیست" in page.words
    path = f"/finance/gateways/findings/{finding_id}/solve"
    hidden = accountant.form("/finance/gateways/findings")
    how = f"f{finding_id}-how"
    accountant.send(path, {how: ""}, hidden=hidden, status=422)

    accountant.send(path, {how: "بانک پذیرفت"}, hidden=hidden)
    again = accountant.send(path, {how: "دوباره"}, hidden=hidden)

    assert "پیش‌تر کسی نوشته است" in again.words
    solved = accountant.get("/finance/gateways/findings?solved=1")
    assert "بانک پذیرفت" in solved.words
    with database.reading() as session:
        assert len(session.scalars(select(GatewaySolution)).all()) == 1


def test_an_account_that_was_removed_still_has_its_page(accountant, database):
    with database.writing() as session:
        write_finding(session, gateway="gone-main")
        note_silence(session, "gone-main", Breaker(1, timedelta(1)), Why(), now=NOON)

    assert "gone-main" in accountant.get("/finance/gateways").html
    assert "در پرونده درگاه‌ها حسابی به این نام نیست" in accountant.get(
        "/finance/gateways/gone-main"
    ).words.replace("پروندهٔ", "پرونده")


def test_what_nobody_knows_has_no_page(accountant):
    accountant.get("/finance/gateways/nowhere", status=404)
