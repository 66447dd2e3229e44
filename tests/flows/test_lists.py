"""Lists that are handed in: every bad row is told, and none or only the good ones are taken."""

import io
from datetime import date

import pytest
import xlsxwriter
from sqlalchemy import func, select

from donations.models.partner_receipt import PartnerReceipt
from flows.lists.cells import HandedIn
from flows.lists.columns import COLUMNS, ListKind
from flows.lists.taking import EmptyList, ListTooLong, read_list, take_list
from offices.changing import Change, NewOffice, open_office
from offices.places import Centre, Office
from offices.scope import EVERYWHERE, Scope
from reconciliation.statements.refusals import DamagedFile, UnknownFormat
from tests.factories import NOON, a_staff_member, office_id

LEAVES, OFFICES = ListKind.PARTNER_RECEIPTS, ListKind.OFFICES
GOOD = ["34", "12", "1405/08/30", "نقدی", "", "20000000", "", "", "", ""]
GOODS = ["34", "13", "۱۴۰۵/۰۸/۳۰", "کالا", "", "", "پتو", "2.5", "تخته", ""]
HOURS = ["34", "14", "1405/08/30", "خدمت", "", "", "نانوایی", "", "", "8"]


@pytest.fixture
def staff(session):
    return a_staff_member(session)


@pytest.fixture
def centre(session, staff):
    new = NewOffice("مرکز همکار مهر", "Mehr", parent="07", is_partner=True)
    return open_office(session, new, Change(date(2026, 11, 1), "", staff.id, NOON))


def a_file(kind, *rows, above=()):
    """An Excel file as somebody fills it in."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        headings = [column.fa for column in COLUMNS[kind]]
        for number, row in enumerate([*above, headings, *rows]):
            sheet.write_row(number, 0, row)
    return file.getvalue()


def taken(session, staff, file, kind=LEAVES, *, only_good=False, scope=EVERYWHERE):
    rows, handed_in = read_list(file, kind), HandedIn(scope, staff.id, NOON)
    told = take_list(session, kind, rows, handed_in)
    if not only_good:
        return told
    return take_list(session, kind, rows, handed_in, shown=told.questioned)


def leaves(session):
    return session.scalar(select(func.count()).select_from(PartnerReceipt))


@pytest.mark.usefixtures("centre")
def test_a_list_is_recorded_and_the_same_file_again_adds_nothing(session, staff):
    file = a_file(LEAVES, GOOD, GOODS, HOURS, above=[["راهنما"]])

    first, second = (taken(session, staff, file) for _each in range(2))

    assert (first.new, first.known, first.bad) == (3, 0, [])
    assert (second.new, second.known) == (0, 3)
    assert leaves(session) == 3


@pytest.mark.usefixtures("centre")
def test_numbers_and_days_of_a_spreadsheet_are_read_as_they_are(session, staff):
    row = [34, 12, date(2026, 11, 21), "نقدی", "", 20_000_000, "", "", "", ""]
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column.en for column in COLUMNS[LEAVES]])
        sheet.write_row(1, 0, row)

    assert taken(session, staff, file.getvalue()).new == 1
    kept = session.scalars(select(PartnerReceipt)).one()
    assert (kept.amount_rial, kept.received_on, kept.number) == (
        20_000_000,
        date(2026, 11, 21),
        "12",
    )


def with_cell(at, text):
    return [*GOOD[:at], text, *GOOD[at + 1 :]]


@pytest.mark.usefixtures("centre")
@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (with_cell(0, "99"), "office", "not_found"),
        (with_cell(0, "07"), "office", "partner_receipt.no_partner"),
        (with_cell(1, ""), "number", "text.unusable"),
        (with_cell(2, "1405/13/01"), "received_on", "date.unreadable"),
        (with_cell(2, "1405/12/01"), "received_on", "partner_receipt.day"),
        (with_cell(3, "هدیه"), "kind", "list.word"),
        (with_cell(4, "1"), "fund", "fund.unknown"),
        (with_cell(5, "بیست میلیون"), "amount_rial", "amount.unreadable"),
        (with_cell(5, ""), "amount_rial", "amount.unreadable"),
        ([*GOODS[:7], "دو", *GOODS[8:]], "quantity", "quantity.unusable"),
        ([*HOURS[:9], "1.5"], "hours", "quantity.unusable"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_row_is_told_with_its_column_and_reason(session, staff, row, field, code):
    result = taken(session, staff, a_file(LEAVES, GOODS if row[1] != "13" else GOOD, row))

    assert [(bad.row, bad.field, bad.refusal.code) for bad in result.bad] == [(3, field, code)]
    assert (result.new, leaves(session)) == (0, 0)


@pytest.mark.usefixtures("centre")
def test_only_the_good_rows_are_recorded_where_somebody_says_so(session, staff):
    file = a_file(LEAVES, GOOD, with_cell(1, ""), GOODS, with_cell(0, "99"))

    none, good = (taken(session, staff, file, only_good=chosen) for chosen in (False, True))

    assert (none.new, len(none.bad)) == (0, 2)
    assert (good.new, len(good.bad), leaves(session)) == (2, 2, 2)


@pytest.mark.usefixtures("centre")
def test_a_centre_of_another_province_is_not_found(session, staff):
    elsewhere = Scope(frozenset({office_id(session, "09")}))

    result = taken(session, staff, a_file(LEAVES, GOOD), scope=elsewhere)

    assert [bad.refusal.code for bad in result.bad] == ["not_found"]


@pytest.mark.parametrize("content", [b"", b"no table at all", b"PK\x03\x04 broken"])
def test_what_is_no_such_table_is_refused_whole(content):
    with pytest.raises((UnknownFormat, DamagedFile)):
        read_list(content, LEAVES)


def test_a_table_without_the_headings_or_rows_or_too_many_is_refused():
    with pytest.raises(UnknownFormat):
        read_list(a_file(OFFICES, ["مرکز"]), LEAVES)
    with pytest.raises(EmptyList):
        read_list(a_file(LEAVES), LEAVES)
    with pytest.raises(ListTooLong):
        read_list(a_file(LEAVES, *[GOOD] * 1_001), LEAVES)


def test_offices_are_opened_by_a_list_once(session, staff):
    file = a_file(
        OFFICES,
        ["مرکز", "مرکز امید", "Omid", "", "07", ""],
        ["مرکز همکار", "مرکز مهر", "Mehr", "", 7, "1405/08/01"],
        ["میز خدمت", "میز نو", "New", "01", "", ""],
    )

    first, second = (taken(session, staff, file, OFFICES) for _each in range(2))

    assert (first.new, second.new, second.known, first.bad) == (3, 0, 3, [])
    partner = session.scalars(select(Office).where(Office.name_en == "Mehr")).one()
    assert session.get_one(Centre, partner.id).is_partner


@pytest.mark.parametrize(
    ("row", "field", "code"),
    [
        (["مرکز", "", "Omid", "", "07", ""], "name_fa", "office.name"),
        (["مرکز", "امید", "", "", "07", ""], "name_en", "office.name"),
        (["مرکز", "امید", "Omid", "", "", ""], "parent", "office.parent"),
        (["مرکز", "امید", "Omid", "", "00", ""], "parent", "office.parent"),
        (["میز خدمت", "امید", "Omid", "77", "", ""], "province", "not_found"),
        (["مرکز", "امید", "Omid", "", "07", "1406/01/01"], "valid_from", "office.day"),
        (["شعبه", "امید", "Omid", "", "07", ""], "kind", "list.word"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_office_that_cannot_be_is_told_with_its_column(session, staff, row, field, code):
    result = taken(session, staff, a_file(OFFICES, row), OFFICES)

    assert [(bad.field, bad.refusal.code) for bad in result.bad] == [(field, code)]


@pytest.mark.usefixtures("centre")
def test_a_text_that_a_spreadsheet_would_calculate_stays_a_text(session, staff):
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [column.fa for column in COLUMNS[LEAVES]])
        sheet.write_row(1, 0, [*GOODS[:6], "=1+1", *GOODS[7:]])

    assert taken(session, staff, file.getvalue()).new == 1
    assert session.scalars(select(PartnerReceipt.description)).one() == "=1+1"
