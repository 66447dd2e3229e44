"""Finance as an accountant uses it: statements in, runs, open lines, undo, and the books."""

import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from donations.models.contribution import Contribution
from donations.pledging import CashItem, DonorFacts
from flows.importing import import_statement
from flows.reconciling import run
from ledger.terminals import Terminal
from offices.one_time_codes import code_at, new_secret
from offices.staff import Role, StaffMember, StaffSession
from reconciliation.expected import MoneySource, OpenLine, expect_terminal_money
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import Booking, as_csv, as_xlsx, cells, days_ago, fee, pay_out
from tests.staff import at_work


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


@pytest.fixture
def auditor(app, database):
    return at_work(app, database, Role.AUDITOR, office="00", username="auditor")


@pytest.fixture
def day(database):
    """The bookings of a day with a line for most rules and a stranger's deposit."""
    with database.writing() as session:
        pledge = a_pledge(session)
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        expect_terminal_money(
            session, terminal_id, days_ago(1), MoneySource.PAYMENT, 1, amount_rial=5_000_000,
            reference="123456789012",
        )  # fmt: skip
    return [
        Booking(2_500_000, deposit_id=pledge.deposit_id),
        pay_out(5_000_000 - 1_200),
        fee(50_000),
        Booking(123_456, payer="ناشناس"),
        Booking(-77_000, description="برداشت"),
    ]


@pytest.fixture
def imported(database, day):
    return import_statement(database, as_csv(cells(day)), "s.csv", account="90190", now=NOON)


def upload(person, data, name="statement.xlsx", **fields):
    hidden = person.form("/finance/statements")
    return person.http.post(
        "/finance/statements",
        data={"account": "90190", "file": (io.BytesIO(data), name), **hidden, **fields},
        follow_redirects=True,
    )


def the_line(database, rial):
    with database.reading() as session:
        return session.scalars(
            select(StatementLine.id).where(StatementLine.amount_rial == rial)
        ).one()


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


PAGES = ("", "/statements", "/inbox", "/runs", "/settlements", "/ledger")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fa", "en"])
def test_every_page_stands_before_there_is_anything(accountant, path, language):
    accountant.get(f"/finance{path}?language={language}")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.usefixtures("imported")
def test_every_page_stands_with_a_day_on_it(database, accountant, auditor, path):
    run(database, now=NOON)

    accountant.get(f"/finance{path}")
    assert '<form method="post"' not in _inside_main(auditor.get(f"/finance{path}").html)


def _inside_main(html):
    return re.search(r"<main.*</main>", html, re.DOTALL)[0]


def test_a_statement_is_handed_in_and_told_what_was_new(accountant, day):
    data = as_xlsx(cells(day))  # once: the bank's file does not change either
    page = accountant.check(upload(accountant, data))
    assert "از ۵ ردیف، ۵ تازه است" in page.words
    again = accountant.check(upload(accountant, data))
    assert "چیزی افزوده نشد" in again.words


def test_a_trial_stores_nothing(accountant, database, day):
    page = accountant.check(upload(accountant, as_csv(cells(day)), dry_run="1"))

    assert "۵ تازه خواهد بود" in page.words
    assert count(database, StatementLine) == 0


def test_a_statement_that_does_not_add_up_is_refused_beside_its_field(accountant, database, day):
    rows = cells(day)
    rows[2][0] = "1"
    page = accountant.check(upload(accountant, as_csv(rows)), 422)

    assert "ردیف ۴" in page.words
    assert count(database, StatementLine) == 0


@pytest.mark.parametrize("data", [b"", b"%PDF", "سلام".encode()])
def test_no_statement_at_all_is_refused_in_words(accountant, data):
    page = accountant.check(upload(accountant, data), 422)

    assert "هیچ‌کس" in page.words or "خوان" in page.words


def test_an_unreadable_cell_is_named_by_row_and_column(accountant, day):
    rows = cells(day)
    rows[1][1] = "دو هزار"
    page = accountant.check(upload(accountant, as_csv(rows)), 422)

    assert "ردیف ۳، ستون «مبلغ گردش بستانکار»" in page.words


@pytest.mark.usefixtures("imported")
def test_a_run_explains_and_the_rest_waits_in_the_inbox(accountant, database):
    page = accountant.send("/finance/runs", {})

    assert "۳ ردیف را انطباق داد" in page.words
    inbox = accountant.get("/finance/inbox")
    assert "۱۲۳٬۴۵۶" in inbox.words
    assert "۲٬۵۰۰٬۰۰۰" not in inbox.words
    assert count(database, OpenLine) == 2


@pytest.mark.usefixtures("imported")
def test_a_suggestion_is_accepted_with_one_button(accountant, database):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(123_456), donor=DonorFacts(name="رضا کریمی"))
    line_id = the_line(database, 123_456)
    assert "رضا کریمی" in accountant.get("/finance/inbox").words
    page = accountant.send(
        f"/finance/lines/{line_id}/assign",
        {"tracking_code": pledge.tracking_code},
        hidden=accountant.form("/finance/inbox"),
    )

    assert "انطباق یافت" in page.words
    assert count(database, Contribution) == 1
    assert "مریم کارمند" in accountant.get(f"/finance/lines/{line_id}").words


@pytest.mark.usefixtures("imported")
@pytest.mark.parametrize("code", ["", "۱۲", "3000000000000"])
def test_a_code_that_names_no_pledge_is_refused_beside_its_field(accountant, database, code):
    line_id = the_line(database, 123_456)
    page = accountant.send(
        f"/finance/lines/{line_id}/assign",
        {"tracking_code": code},
        hidden=accountant.form("/finance/inbox"),
        status=422,
    )

    assert code in page.fields["tracking_code"]
    assert count(database, Match) == 0


@pytest.mark.usefixtures("imported")
def test_another_amount_is_refused_until_it_is_taken_as_given(accountant, database):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(100_000))
    address = f"/finance/lines/{the_line(database, 123_456)}/assign"
    hidden = accountant.form("/finance/inbox")
    fields = {"tracking_code": pledge.tracking_code}
    refused = accountant.send(address, fields, hidden=hidden, status=422)
    assert "۱۰۰٬۰۰۰ ریال تعهد شده" in refused.words

    accountant.send(address, {**fields, "as_given": "1"}, hidden=hidden)
    assert count(database, Contribution) == 1


@pytest.mark.usefixtures("imported")
def test_a_debit_is_marked_as_a_fee_once(accountant, database):
    address = f"/finance/lines/{the_line(database, -77_000)}/fee"
    hidden = accountant.form("/finance/inbox")
    accountant.send(address, {}, hidden=hidden)
    again = accountant.send(address, {}, hidden=hidden)

    assert "در این میان" in again.words
    assert count(database, Match) == 1


@pytest.mark.usefixtures("imported")
def test_an_explained_line_says_why_and_can_be_undone_with_a_reason(accountant, database):
    run(database, now=NOON)
    line_id = the_line(database, 2_500_000)
    assert "شناسهٔ واریز" in accountant.get(f"/finance/lines/{line_id}").words
    address, hidden = f"/finance/lines/{line_id}/undo", accountant.form("/finance/inbox")
    accountant.send(address, {"reason": ""}, hidden=hidden, status=422)
    assert count(database, MatchUndo) == 0

    page = accountant.send(address, {"reason": "از کس دیگری بود"}, hidden=hidden)
    assert "از کس دیگری بود" in page.words
    assert count(database, MatchUndo) == 1


@pytest.mark.usefixtures("imported")
def test_a_settlement_shows_its_payments_and_its_arithmetic(accountant, database):
    run(database, now=NOON)
    page = accountant.get("/finance/settlements")
    (link,) = [link for link in page.links if re.fullmatch(r"/finance/settlements/\d+", link)]

    words = accountant.get(link).words
    for shown in ("۵٬۰۰۰٬۰۰۰", "۱٬۲۰۰", "۴٬۹۹۸٬۸۰۰", "۱۲۳۴۵۶۷۸۹۰۱۲"):
        assert shown in words


@pytest.mark.usefixtures("imported")
def test_a_run_is_undone_with_a_reason(accountant, database):
    done = run(database, now=NOON)
    page = accountant.send(f"/finance/runs/{done.run}/undo", {"reason": "آزمایش"})

    assert "۳ ردیف دوباره باز شد" in page.words
    assert count(database, OpenLine) == 5


def test_an_import_is_taken_back_with_a_reason(accountant, database, imported):
    run(database, now=NOON)
    page = accountant.send(
        f"/finance/statements/{imported.file_id}/undo", {"reason": "پرونده ماه دیگر"}
    )

    assert "پس گرفته" in page.words
    assert count(database, OpenLine) == 0
    accountant.get(f"/finance/lines/{the_line(database, 123_456)}", status=404)


@pytest.mark.parametrize("what", ["line", "run", "import"])
@pytest.mark.parametrize(
    ("age", "code", "status"),
    [
        (timedelta(minutes=5), "", 200),
        (timedelta(minutes=5, seconds=1), "", 422),
        (timedelta(minutes=5, seconds=1), "000000", 422),
        (timedelta(minutes=5, seconds=1), "right", 200),
    ],
    ids=["fresh", "old, none typed", "old, wrong", "old, a fresh one typed"],
)
def test_undoing_needs_a_fresh_one_time_code(
    accountant, database, imported, what, age, code, status
):
    done = run(database, now=NOON)
    line = f"/finance/lines/{the_line(database, 2_500_000)}"
    address = {
        "line": f"{line}/undo",
        "run": f"/finance/runs/{done.run}/undo",
        "import": f"/finance/statements/{imported.file_id}/undo",
    }[what]
    hidden = accountant.form(line if what == "line" else address)
    secret = typed_last(database, accountant, age)
    typed = code_at(secret, NOON) if code == "right" else code

    page = accountant.send(
        address, {"reason": "آزمایش", "code": typed}, hidden=hidden, status=status
    )

    assert (count(database, MatchUndo) > 0) is (status == 200)
    assert ("رمز" in page.words) is (status == 422)


def typed_last(database, person, age):
    """Let somebody's last code be so old; the secret of their device."""
    secret = new_secret()
    with database.writing() as session:
        session.get_one(StaffMember, person.staff_member_id).totp_secret = secret
        mine = StaffSession.staff_member_id == person.staff_member_id
        session.scalars(select(StaffSession).where(mine)).one().stepped_up_at = NOON - age
    return secret


@pytest.mark.usefixtures("imported")
def test_the_dashboard_adds_up_to_the_rial(accountant, database):
    run(database, now=NOON)
    words = accountant.get("/finance").words

    total = 2_500_000 + 4_998_800 - 50_000 + 123_456 - 77_000
    assert f"{total:,}".translate(str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬")) in words
    assert "۴۶٬۴۵۶" in words  # open: 123,456 less 77,000
    assert "صفر" in accountant.get("/finance/ledger").words


def test_an_auditor_sees_and_changes_nothing(auditor, database, imported):
    done = run(database, now=NOON)
    hidden = auditor.form("/finance/inbox")
    addresses = (
        "/finance/statements",
        f"/finance/statements/{imported.file_id}/undo",
        "/finance/runs",
        f"/finance/runs/{done.run}/undo",
        f"/finance/lines/{the_line(database, 123_456)}/fee",
    )

    assert {auditor.http.post(path, data=hidden).status_code for path in addresses} <= {400, 404}
    assert count(database, OpenLine) == 2


@pytest.mark.parametrize("path", ["lines/1", "settlements/1", "runs/1/undo", "statements/1/undo"])
def test_what_is_not_there_is_not_found(accountant, path):
    accountant.get(f"/finance/{path}", status=404)
