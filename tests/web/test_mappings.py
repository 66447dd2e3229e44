"""Naming the columns of a table: look at it, choose, try, save; the next file is read by them."""

import io
import json
from datetime import date

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.refusals import Refusal
from flows.importing import import_statement
from ledger.accounts import BankAccount
from ledger.terminals import Terminal
from offices.staff import Role
from reconciliation.lines import StatementLine
from reconciliation.mappings import (
    ColumnMapping,
    report_mapping,
    save_mapping,
    statement_mapping,
)
from reconciliation.sampling import sample_of
from reconciliation.statements.contract import Wanted
from reconciliation.statements.day_forms import USUAL, DayForm
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


def save(session, columns, *, terminal=None, purpose=Purpose.STATEMENT, day=DAY, days=USUAL):
    account = session.scalars(select(BankAccount).where(BankAccount.number == "90190")).one()
    staff = a_staff_member(session, f"namer{len(list(session.scalars(select(ColumnMapping.id))))}")
    return save_mapping(
        session, account.id, purpose, columns, terminal_id=terminal, days=days, valid_from=day,
        created_by_id=staff.id, now=NOON,
    )  # fmt: skip


def rows_of(data, columns=None, days=USUAL):
    return list(MappedTable().open(io.BytesIO(data), Wanted("90190", columns, days=days)).rows)


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

        assert statement_mapping(session, account_id, today=DAY).columns["amount"] == "دوم"
        assert report_mapping(session, terminal_id, today=DAY).columns == report
        assert statement_mapping(session, account_id, today=DAY.replace(day=1)) is None


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


# In which order a day is written


def dated(*days):
    """A table whose rows have these days."""
    return as_csv(
        [[day, "5", str(5 * at), "کمک", str(at)] for at, day in enumerate(days, start=1)],
        headings=HEADINGS,
    )


def days_read(data, order, calendar=None):
    return [row.booked_on for row in rows_of(data, COLUMNS, DayForm.of(order, calendar))]


@pytest.mark.parametrize(
    ("text", "order", "calendar"),
    [
        ("01/09/1405", "day_first", None),
        ("۰۱/۰۹/۱۴۰۵", "day_first", None),
        ("1.9.1405", "day_first", None),
        ("22/11/2026", "day_first", None),
        ("22.11.2026", "day_first", None),
        ("22-11-2026 10:20", "day_first", None),
        ("11/22/2026", "month_first", None),
        ("09/01/1405", "month_first", None),
        ("22/11/26", "day_first", "gregorian"),
        ("01/09/05", "day_first", "jalali"),
        ("05/09/01", "year_first", "jalali"),
        ("26-11-22", "year_first", "gregorian"),
        ("1405/09/01", "day_first", None),  # a year of four digits in front tells its order
        ("2026-11-22", "month_first", "jalali"),
    ],
)
def test_a_day_is_read_in_the_order_that_was_said(text, order, calendar):
    assert days_read(dated(text), order, calendar) == [DAY]
    assert days_read(as_xlsx([[text, "5", "5", "x", "1"]], headings=HEADINGS), order, calendar) == [
        DAY
    ]


def test_years_of_two_digits_are_of_the_century_about_us():
    assert days_read(dated("01/01/99"), "day_first", "jalali") == [date(2020, 3, 20)]
    assert days_read(dated("01/01/99"), "day_first", "gregorian") == [date(1999, 1, 1)]


def test_the_time_beside_a_day_is_read_with_it():
    (row,) = rows_of(dated("22/11/2026 10:20"), COLUMNS, DayForm.of("day_first", None))

    assert (row.booked_on, str(row.booked_time)) == (DAY, "10:20:00")


@pytest.mark.parametrize(
    ("text", "order", "calendar"),
    [
        ("31/08/1405", "year_first", None),  # nothing was said
        ("31/08/1405", "month_first", None),  # there is no such month
        ("11/22/2026", "day_first", None),
        ("22/11/26", "day_first", None),  # of which calendar?
        ("05/09/01", "year_first", None),
    ],
)
def test_a_day_that_is_not_certain_refuses_its_row_by_name(text, order, calendar):
    with pytest.raises(Refusal) as refused:
        days_read(dated("1405/09/01", text), order, calendar)

    assert refused.value.code == "statement.ambiguous_day"
    assert refused.value.details == {"row": 3, "column": "کی", "text": text}


@pytest.mark.parametrize(
    "text",
    [
        "فردا",
        "22/11",
        "22/11-2026",
        "1405/13/01",
        "31/07/1405",  # the month has thirty days
        "31/02/2026",
        "31/07/05",
        "31/31/1405",
        "22/11/0026",
    ],
)
def test_what_is_no_day_in_any_order_is_unreadable_as_ever(text):
    with pytest.raises(Refusal) as refused:
        days_read(dated(text), "day_first", "jalali")

    assert refused.value.code == "statement.unreadable_cell"


def test_a_report_of_a_terminal_is_read_in_its_order_too():
    columns = {"reference": "کد", "amount": "چقدر", "day": "کی"}
    days = DayForm.of("day_first", None)

    _heading, rows = read_table(
        io.BytesIO(dated("22/11/2026")), Purpose.SETTLEMENT_REPORT, columns, days
    )
    assert [row.day_of("day") for row in rows] == [DAY]


def test_the_command_imports_a_file_in_the_order_that_was_saved(app, database, tmp_path):
    file = tmp_path / "s.csv"
    file.write_bytes(dated("22/11/2026", "22/11/2026"))
    command = ["statements", "import", str(file), "--json"]

    unsaved = app.test_cli_runner().invoke(args=command)
    with database.writing() as session:
        save(session, COLUMNS)
    unsaid = app.test_cli_runner().invoke(args=command)
    with database.writing() as session:
        save(session, COLUMNS, days=DayForm.of("day_first", None))
    said = app.test_cli_runner().invoke(args=command)

    assert json.loads(unsaved.stdout)["code"] == "statement.unknown_format"
    refused = json.loads(unsaid.stdout)
    assert (refused["code"], refused["row"]) == ("statement.ambiguous_day", 2)
    assert json.loads(said.stdout)["new"] == 2
    with database.reading() as session:
        assert set(session.scalars(select(StatementLine.booked_on))) == {DAY}


@pytest.mark.parametrize("column", ["day_order", "calendar"])
def test_a_mapping_knows_no_other_order_and_calendar(database, column):
    copied = (
        "INSERT INTO column_mapping (bank_account_id, purpose, headings, valid_from,"
        " created_by_id, created_at, {column}) SELECT bank_account_id, purpose, headings,"
        " valid_from, created_by_id, created_at, 'lunar' FROM column_mapping"
    )
    with database.writing() as session:
        save(session, COLUMNS)

    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(text(copied.format(column=column)))


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


def test_an_accountant_says_in_which_order_days_are_written(accountant, database, of):
    data, said = dated("22/11/26"), {"day_order": "day_first", "calendar": "gregorian"}

    refused = accountant.check(send(accountant, of, {"save": "1"}, COLUMNS, data), 422)
    assert "«۲۲/۱۱/۲۶»" in refused.words
    tried = accountant.check(send(accountant, of, {"try": "1", **said}, COLUMNS, data))
    assert "۱۴۰۵/۰۹/۰۱" in tried.words

    assert send(accountant, of, {"save": "1", **said}, COLUMNS, data).status_code == 303
    assert "روز، ماه، سال" in accountant.get("/finance/mappings").words
    assert "day, month, year" in accountant.get("/finance/mappings?language=en").words
    report = import_statement(database, data, "t.csv", account="90190", now=NOON)
    assert (report.new, report.first_day) == (1, DAY)


def test_an_order_that_nobody_offers_is_refused(accountant, of):
    accountant.check(send(accountant, of, {"try": "1", "day_order": "lunar"}, COLUMNS), 422)


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
