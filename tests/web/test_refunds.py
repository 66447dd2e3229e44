"""The pages of money that goes back: one person asks, another approves with a fresh code."""

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

import donations
from core.words import speaking
from donations.models.payment import Payment, PaymentState
from donations.models.refund import RefundRequest, Way
from donations.sending_back import Errand
from flows.refunding import sweep_refunds
from offices.one_time_codes import code_at, new_secret
from offices.staff import Role, StaffMember, StaffSession
from tests.flows.test_paying import Till
from tests.serving import served
from tests.staff import at_work
from web.app import create_app
from web.finance.refunds import STEPS
from web.services import Services

S = PaymentState
SHOTS = os.environ.get("SHOTS")  # a folder for pictures, for who wants to look


@pytest.fixture
def till(database, paying_gateways, sandbox_bank):
    allowed = {
        name: replace(gateway, allows_refund=True) for name, gateway in paying_gateways.items()
    }
    yield Till(database, allowed, sandbox_bank)
    sandbox_bank.mend()


@pytest.fixture
def house(settings, database, till):
    return create_app(
        settings, Services(settings, database, lambda: datetime.now(UTC), till.gateways)
    )


@pytest.fixture
def maker(house, database):
    return _fresh(at_work(house, database, Role.FINANCE, office="00", username="maker"), database)


@pytest.fixture
def checker(house, database):
    return _fresh(at_work(house, database, Role.FINANCE, office="00", username="checker"), database)


@pytest.fixture
def paid(till):
    payment = till.begin()
    return till.come_back(payment, till.pay(payment))


def _fresh(person, database, *, ago=timedelta()):
    """Let a person's session be of now, with a one-time code typed so long ago."""
    now = datetime.now(UTC)
    with database.writing() as session:
        session.execute(
            update(StaffSession)
            .where(StaffSession.staff_member_id == person.staff_member_id)
            .values(
                created_at=now,
                seen_at=now,
                **({"stepped_up_at": now - ago} if ago is not None else {}),
            )
        )
    return person


def ask(person, payment, **fields):
    path = f"/finance/payments/{payment.id}"
    return person.send(path, {"way": "refund", "reason": "اهداکننده خواست", **fields})


def test_refunds_stand_before_there_is_anything(maker):
    page = maker.get("/finance/refunds")

    assert "هنوز وجهی برنگشته است" in page.words


@pytest.mark.parametrize("language", ["fa", "en"])
def test_a_payment_shows_its_steps_its_calls_and_the_way_back(maker, paid, language):
    page = maker.get(f"/finance/payments/{paid.id}?language={language}")

    assert "bpSettleRequest" in page.words
    assert ("درخواست استرداد وجه" if language == "fa" else "Ask for a refund") in page.words


def test_one_asks_and_another_approves(maker, checker, paid, till):
    listed = ask(maker, paid)
    assert "در انتظار نفر دوم" in listed.words
    assert "در انتظار نفر دوم" in maker.http.get("/finance/export/refunds.csv").text

    page = checker.send("/finance/refunds/1", {"decision": "approved"})

    assert "وجه برگردانده شد" in page.words
    assert till.payment(paid.id).state is S.REFUNDED
    assert "انجام شد" in checker.get("/finance/refunds").words
    saved = checker.http.get("/finance/export/refunds.csv").data.decode("utf-8-sig")
    assert f"{paid.id},{paid.gateway},{paid.amount_rial}," in saved
    assert "انجام شد" in saved


def test_whoever_asked_is_not_offered_to_decide_and_cannot(maker, paid, till):
    ask(maker, paid)
    page = maker.get("/finance/refunds/1")
    assert "شخص دیگری باید" in page.words or "شخص دیگر" in page.words

    refused = maker.send(
        "/finance/refunds/1",
        {"decision": "approved"},
        hidden=maker.form(f"/finance/payments/{paid.id}"),
        status=422,
    )

    assert "نفر دوم" in refused.words
    assert till.payment(paid.id).state is S.SETTLED


def test_approving_needs_a_fresh_code(database, maker, checker, paid, till):
    ask(maker, paid)
    _fresh(checker, database, ago=timedelta(hours=1))
    secret = new_secret()
    with database.writing() as session:
        session.execute(
            update(StaffMember)
            .where(StaffMember.id == checker.staff_member_id)
            .values(totp_secret=secret, totp_step=0)
        )

    checker.send("/finance/refunds/1", {"decision": "approved", "code": "000000"}, status=422)
    assert till.payment(paid.id).state is S.SETTLED
    code = code_at(secret, datetime.now(UTC))
    checker.send("/finance/refunds/1", {"decision": "approved", "code": code})

    assert till.payment(paid.id).state is S.REFUNDED


def test_declining_needs_no_code_and_the_payment_stands(database, maker, checker, paid, till):
    ask(maker, paid)
    _fresh(checker, database, ago=timedelta(hours=1))

    page = checker.send("/finance/refunds/1", {"decision": "declined"})

    assert "پرداخت پابرجاست" in page.words
    assert till.payment(paid.id).state is S.SETTLED


def test_a_reason_is_needed_beside_its_field(maker, paid, database):
    path = f"/finance/payments/{paid.id}"
    page = maker.send(path, {"way": "refund", "reason": ""}, status=422)

    assert "علت" in page.words or "دلیل" in page.words
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RefundRequest)) == 0


def test_a_refund_made_at_the_bank_is_written_down(maker, checker, paid, till):
    path = f"/finance/payments/{paid.id}"
    facts = {
        "outside-way": "outside",
        "outside-reason": "بانک با تلفن انجام داد",
        "outside-outside_reference": "۷۷۸۸۹۹",
        "outside-outside_on": "۱۴۰۵/۰۹/۰۱",
    }
    wrong = maker.send(path, {**facts, "outside-outside_on": "۱۴۹۹/۰۱/۰۱"}, status=422)
    assert "آینده" in wrong.words

    maker.send(path, facts)
    checker.send("/finance/refunds/1", {"decision": "approved"})

    assert till.payment(paid.id).state is S.REFUNDED


def test_an_auditor_sees_and_cannot_act(house, database, paid, maker):
    auditor = _fresh(
        at_work(house, database, Role.AUDITOR, office="00", username="auditor"), database
    )
    ask(maker, paid)

    for path in ("/finance/refunds", f"/finance/payments/{paid.id}", "/finance/refunds/1"):
        assert 'name="decision"' not in auditor.get(path).html
    answer = auditor.answer("/finance/refunds/1", {"decision": "approved"}, hidden={})
    assert answer.status_code in (400, 403, 404)


def test_surplus_and_mismatches_are_listed(maker, till, database):
    mismatch = till.begin()
    till.come_back(mismatch, till.pay(mismatch, "other"))

    page = maker.get("/finance/refunds")

    assert "پرداخت شده، ولی چیزی نمی‌خواند" in page.words
    with database.reading() as session:
        assert session.get_one(Payment, mismatch.id).state is S.MISMATCH


def test_a_payment_that_is_not_there_is_not_found(maker):
    for path in ("/finance/payments/4711", "/finance/refunds/4711"):
        maker.check(maker.http.get(path), 404)


def test_the_donor_sees_that_the_money_went_back(maker, checker, paid, till, database):
    ask(maker, paid)
    till.bank.break_next("bpRefundRequest", "drop_after")
    checker.send("/finance/refunds/1", {"decision": "approved"})
    with database.reading() as session:
        payment = session.get_one(Payment, paid.id)
        code = payment.pledge.tracking_code

    page = maker.get(f"/follow/{code}")
    assert "در حال برگشت" in page.words
    till.late += timedelta(minutes=2)
    sweep_refunds(database, till.gateways, clock=till.clock)

    page = maker.get(f"/follow/{code}")
    assert "به همان کارتی برمی‌گردد" in page.words
    assert "پرداخت آنلاین" not in page.words


@pytest.fixture
def address(house):
    with served(house) as address:
        yield address


def _window(browser, person, address, width):
    context = browser.new_context(viewport={"width": width, "height": 800})
    context.add_cookies([{"name": "sid", "value": person.key, "url": address}])
    return context.new_page()


def _fits(window, shot):
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    if SHOTS:
        window.screenshot(path=f"{SHOTS}/{shot}.png", full_page=True)
    assert window.evaluate(wider) == 0, shot


def _press(window, selector):
    """Click, and wait for the page that it leads to: a click alone returns before that."""
    with window.expect_navigation():
        window.click(selector)


@pytest.mark.parametrize("width", [320, 1280])
def test_two_persons_send_money_back_in_their_browsers(
    browser, address, maker, checker, paid, till, width
):
    mismatch = till.begin()
    till.come_back(mismatch, till.pay(mismatch, "other"))
    one, other = (_window(browser, person, address, width) for person in (maker, checker))

    one.goto(f"{address}/finance/payments/{mismatch.id}")
    _fits(one, f"mismatch-{width}")
    one.goto(f"{address}/finance/payments/{paid.id}")
    _fits(one, f"payment-{width}")
    one.fill("textarea[name=reason]", "اهداکننده با تلفن خواست که وجه برگردد")
    _press(one, "button.button--danger")
    assert "در انتظار نفر دوم" in one.inner_text("main")
    _fits(one, f"asked-{width}")

    other.goto(f"{address}/finance/refunds")
    _press(other, "a:has-text('تصمیم‌گیری')")
    _fits(other, f"decide-{width}")
    till.bank.break_next("bpRefundRequest", "drop_after")
    _press(other, "button[value=approved]")
    assert "هنوز آن را تأیید نکرده است" in other.inner_text("main")
    _fits(other, f"ordered-{width}")
    other.goto(f"{address}/finance/refunds")
    _fits(other, f"under-way-{width}")
    till.late += timedelta(minutes=2)
    sweep_refunds(till.database, till.gateways, clock=till.clock)
    other.goto(f"{address}/finance/refunds")
    _fits(other, f"done-{width}")
    other.goto(f"{address}/finance/payments/{paid.id}")
    for summary in other.query_selector_all("summary"):
        summary.click()
    _fits(other, f"refunded-{width}")
    with till.database.reading() as session:
        code = session.get_one(Payment, paid.id).pledge.tracking_code
    other.goto(f"{address}/follow/{code}")
    _fits(other, f"follow-{width}")

    assert till.payment(paid.id).state is S.REFUNDED
    for window in (one, other):
        window.context.close()


def test_every_step_that_the_core_writes_down_is_said_in_both_languages():
    """The names as they stand in the code, where they are handed to the row of a step."""
    written = re.compile(r"(?:_step|step_to|step)\((?:[^()]|\([^()]*\))*?\)", re.DOTALL)
    root = Path(donations.__file__).parents[1]
    sources = [root / "donations" / name for name in ("paying.py", "stepping.py", "refunding.py")]
    sources.append(root / "flows" / "refunding.py")
    named = set()
    for source in sources:
        for call in written.findall(source.read_text(encoding="utf-8")):
            named |= set(re.findall(r'"([a-z_]+)"', call))
    named -= {"number", "amount_rial", "bank_reference", "reference", "on"}
    named |= {f"{way}_{act}" for way in (Way.REVERSE, Way.REFUND) for act in ("approved", "send")}
    named |= {f"{Way.OUTSIDE}_approved", *(errand.value for errand in Errand)}

    assert {"probe", "superseded", "confirm_late", "reference_taken", "reference_lost"} <= named
    assert named - set(STEPS) == set()
    for words in STEPS.values():
        with speaking("fa"):
            persian = str(words)
        with speaking("en"):
            assert persian != str(words)


def test_what_no_statement_shows_yet_stands_with_its_age(house, maker, checker, till, paid):
    ask(maker, paid)
    assert "همهٔ استردادها در صورت‌حساب دیده شده‌اند" in maker.get("/finance/refunds").words
    with till.database.reading() as session:
        request_id = session.scalars(select(RefundRequest.id)).one()
    checker.send(f"/finance/refunds/{request_id}", {"decision": "approved"})

    words = maker.get("/finance/refunds").words
    assert "هنوز در صورت‌حساب دیده نشده است" in words
    assert "همهٔ استردادها در صورت‌حساب دیده شده‌اند" not in words
    assert "دیر شده" not in words
    assert "دیر شده" in _days_later(house, maker, days=6)


def _days_later(house, person, *, days):
    services = house.extensions["services"]
    later = datetime.now(UTC) + timedelta(days=days)
    with services.database.writing() as session:
        session.execute(
            update(StaffSession).values(created_at=later, seen_at=later, stepped_up_at=later)
        )
    house.extensions["services"] = replace(services, now=lambda: later)
    return person.get("/finance/refunds").words


def test_what_differs_is_never_hidden_behind_what_came_before_it(maker, till, monkeypatch):
    """Junk of one forger must not push real money out of sight."""
    monkeypatch.setattr("web.finance.refunds.APART_PAGE", 2)
    first, second, third = (till.begin() for _ in range(3))
    with till.database.writing() as session:
        session.execute(update(Payment).values(state=S.MISMATCH))

    page = maker.get("/finance/refunds").words
    assert "موارد دیگری هم هست" in page
    assert f"/finance/payments/{third.id}" not in maker.get("/finance/refunds").html
    after = maker.get(f"/finance/refunds?apart_after={second.id}")
    assert f"/finance/payments/{third.id}" in after.html
    assert "موارد دیگری هم هست" not in after.words
    assert f"/finance/payments/{first.id}" not in after.html
