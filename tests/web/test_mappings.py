"""Naming the columns of a table: look at it, choose, try, save; the next file is read by them."""

import io

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from core.refusals import Refusal
from flows.importing import import_statement
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.staff import Role
from reconciliation.mappings import (
    ColumnMapping,
    report_columns,
    save_mapping,
    statement_columns,
)
from reconciliation.sampling import sample_of
from reconciliation.statements.contract import Wanted
from reconciliation.statements.fields import Purpose
from reconciliation.statements.mapped import MappedTable, read_table
from tests.factories import NOON, a_staff_member
from tests.reconciliation.bank import DAY, as_csv, as_xlsx
from tests.staff import at_work

HEADINGS = ("کی", "چقدر", "مانده", "بابت", "کد")
ROWS = [
    ["1405/09/01", "2,500,000", "12,500,000", "کمک", "15"],
    ["۱۴۰۵/۰۹/۰۱", "-۵۰٬۰۰۰", "۱۲٬۴۵۰٬۰۰۰", "کارمزد", "16"],
]
COLUMNS = {
    "day": "کی", "amount": "چقدر", "balance": "مانده", "description": "بابت", "reference": "کد",
}  # fmt: skip
TABLE = as_csv(ROWS, headings=HEADINGS)


@pytest.fixture
def accountant(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


@pytest.fixture
def of(database):
    """What the form calls the statements of account 90190."""
    with database.reading() as session:
        number = BankAccount.number == "90190"
        return f"statement:{session.scalars(select(BankAccount.id).where(number)).one()}"


def look(person, of, data=TABLE):
    return send(person, of, {"look": "1", "file": (io.BytesIO(data), "t.csv")})


def send(person, of, fields, columns=None, data=TABLE):
    """Send the form; with columns, as it comes back filled in."""
    chosen = {f"column_{field}": heading for field, heading in (columns or {}).items()}
    if columns:
        chosen["sample"] = sample_of(io.BytesIO(data)).text
    hidden = person.form("/finance/mappings")
    return person.http.post("/finance/mappings", data={"of": of, **hidden, **fields, **chosen})


def save(session, columns, *, terminal=None, purpose=Purpose.STATEMENT, day=DAY):
    account = session.scalars(select(BankAccount).where(BankAccount.number == "90190")).one()
    staff = a_staff_member(session, f"namer{len(list(session.scalars(select(ColumnMapping.id))))}")
    return save_mapping(
        session, account.id, purpose, columns, terminal_id=terminal, valid_from=day,
        created_by_id=staff.id, now=NOON,
    )  # fmt: skip


def rows_of(data, columns=None):
    return list(MappedTable().open(io.BytesIO(data), Wanted("90190", columns)).rows)


def test_a_table_with_strange_headings_is_imported_once_its_columns_are_named(database):
    with pytest.raises(Refusal) as refused:
        import_statement(database, TABLE, "t.csv", account="90190", now=NOON)
    assert refused.value.code == "statement.unknown_format"

    with database.writing() as session:
        save(session, COLUMNS)
    report = import_statement(database, TABLE, "t.csv", account="90190", now=NOON)

    assert (report.format, report.new, report.closing_rial) == ("table", 2, 12_450_000)


@pytest.mark.parametrize(
    ("headings", "row", "amount"),
    [
        (("تاریخ تراکنش", "واریز", "برداشت", "شرح تراکنش"), ["1405/09/01", "5", "", "x"], 5),
        (("تاریخ ثبت", "دریافت", "پرداخت", "جزئیات"), ["1405/09/01", "0", "7", "x"], -7),
        (("تاريخ", "مبلغ", "توضیحات", "کد رهگیری"), ["2026-11-22", "-9", "x", "1"], -9),
        (("تاریخ", "مبلغ", "ماهیت", "شرح"), ["14050901", "9", "بدهکار", "x"], -9),
        (("تاریخ", "مبلغ", "ماهیت", "شرح"), ["1405/09/01 10:20", "9", "بس", "x"], 9),
    ],
)
def test_known_headings_need_no_mapping(headings, row, amount):
    for data in (as_csv([row], headings=headings), as_xlsx([row], headings=headings)):
        (read,) = rows_of(data)

        assert (read.amount_minor, read.booked_on) == (amount, DAY)


def test_a_direction_that_is_no_word_for_one_refuses_its_row():
    data = as_csv([["1405/09/01", "9", "شاید", "x"]], headings=("تاریخ", "مبلغ", "ماهیت", "شرح"))

    with pytest.raises(Refusal) as refused:
        rows_of(data)
    assert refused.value.details == {"row": 2, "column": "ماهیت", "text": "شاید"}


def test_a_table_in_another_currency_says_so():
    headings = ("تاریخ", "مبلغ", "ارز", "شرح")
    one = as_csv([["1405/09/01", "9", "EUR", "x"]], headings=headings)
    two = as_csv([["1405/09/01", "9", each, "x"] for each in ("EUR", "USD")], headings=headings)

    assert MappedTable().open(io.BytesIO(one), Wanted("90190")).currency == "EUR"
    with pytest.raises(Refusal) as refused:
        rows_of(two)
    assert refused.value.code == "statement.several_currencies"


def test_a_settlement_report_is_read_by_the_same_hands():
    headings = (
        "نوع تراکنش",
        "شناسه پایانه",
        "شماره پیگیری",
        "تاریخ تراکنش",
        "مبلغ تراکنش",
        "کارمزد",
    )
    row = ["خريد", "7001", "۰۰۱۲۳", "1405/09/01 10:20:30", "۵٬۰۰۰", "12"]

    _heading, rows = read_table(
        io.BytesIO(as_xlsx([row], headings=headings)), Purpose.SETTLEMENT_REPORT
    )
    (read,) = rows

    assert (read.text("kind"), read.identifier("terminal")) == ("خرید", "7001")
    assert (read.identifier("reference"), read.money_of("amount"), read.money_of("fee")) == (
        "123", 5_000, 12,
    )  # fmt: skip
    assert (read.day_of("day"), str(read.clock_of("clock", beside="day"))) == (DAY, "10:20:30")


def test_the_newest_mapping_that_has_begun_holds(database, of):
    account_id = int(of.partition(":")[2])
    with database.writing() as session:
        terminal_id = session.scalars(select(Terminal.id).limit(1)).one()
        save(session, COLUMNS)
        save(session, COLUMNS | {"amount": "دوم"})
        save(session, COLUMNS | {"amount": "فردا"}, day=DAY.replace(day=23))
        report = {"reference": "الف", "amount": "ب", "day": "ج"}
        save(session, report, terminal=terminal_id, purpose=Purpose.SETTLEMENT_REPORT)

        assert statement_columns(session, account_id, today=DAY)["amount"] == "دوم"
        assert report_columns(session, terminal_id, today=DAY) == report
        assert statement_columns(session, account_id, today=DAY.replace(day=1)) is None


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"day": "کی"}, "mapping.incomplete"),
        ({"day": "کی", "credit": "چقدر"}, "mapping.incomplete"),
        ({"day": "کی", "amount": "کی"}, "mapping.ambiguous"),
    ],
)
def test_a_mapping_needs_its_columns_each_once(database, columns, code):
    with database.writing() as session, pytest.raises(Refusal) as refused:
        save(session, columns)

    assert refused.value.code == code


@pytest.mark.parametrize(
    "change", [update(ColumnMapping).values(headings="{}"), delete(ColumnMapping)]
)
def test_a_mapping_is_never_changed(database, change):
    with database.writing() as session:
        save(session, COLUMNS)

    with pytest.raises(DBAPIError), database.writing() as session:
        session.execute(change)


@pytest.mark.parametrize("purpose", Purpose)
def test_only_a_report_is_of_a_terminal(database, purpose):
    with database.writing() as session:
        terminal_id = session.scalars(select(Terminal.id).limit(1)).one()
    wrong = terminal_id if purpose is Purpose.STATEMENT else None

    with pytest.raises(DBAPIError), database.writing() as session:
        columns = COLUMNS | {"order_number": "الف"}
        save(session, columns, terminal=wrong, purpose=purpose)


# The page


def test_an_accountant_names_the_columns_of_a_table(accountant, database, of):
    page = accountant.check(look(accountant, of))
    assert "۱۲٬۴۵۰٬۰۰۰" in page.words

    tried = accountant.check(send(accountant, of, {"try": "1"}, COLUMNS))
    assert "۲٬۵۰۰٬۰۰۰ ریال" in tried.words

    assert send(accountant, of, {"save": "1"}, COLUMNS).status_code == 303
    assert "«چقدر»" in accountant.get("/finance/mappings").words
    with database.reading() as session:
        assert session.scalars(select(ColumnMapping)).one().columns == COLUMNS


def test_what_cannot_be_read_is_shown_and_not_saved(accountant, database, of):
    wrong = COLUMNS | {"amount": "بابت", "description": "چقدر"}

    page = accountant.check(send(accountant, of, {"save": "1"}, wrong), 422)

    assert "«بابت»" in page.words
    with database.reading() as session:
        assert session.scalars(select(ColumnMapping)).all() == []


def test_known_headings_are_chosen_beforehand(accountant, of):
    data = as_csv([["1405/09/01", "5", "x"]], headings=("تاریخ", "مبلغ", "چیز"))

    page = look(accountant, of, data).text

    assert page.count('<option selected value="تاریخ">') == 1
    assert page.count('<option selected value="مبلغ">') == 1


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"\x00" * 50, b"a" * 5_000])
def test_a_sample_that_is_no_table_is_refused_in_words(accountant, of, data):
    accountant.check(look(accountant, of, data), 422)


@pytest.mark.parametrize("language", ["fa", "en"])
def test_the_page_lists_what_can_be_read(accountant, language):
    words = accountant.get(f"/finance/mappings?language={language}").words.split()

    assert {"mt940", "camt053", "ofx", "bai2", "csv", "mellat-xlsx", "table"} <= set(words)
