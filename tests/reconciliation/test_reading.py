"""Reading Mellat's export: both containers, all letters and digits, and what is refused."""

from dataclasses import replace

import pytest

from core.refusals import Refusal
from reconciliation import chain
from reconciliation.lines import LineClass
from reconciliation.statements.cells import Unreadable, identifier_of, money_of
from reconciliation.statements.contract import UnreadRow, Wanted
from reconciliation.statements.recognise import opened, reader_for
from reconciliation.statements.refusals import FileTooLarge
from tests.reconciliation.bank import (
    HEADINGS,
    Booking,
    as_csv,
    as_xlsx,
    cells,
    fee,
    pay_out,
)

THREE = [Booking(2_500_000, deposit_id="1500000000112"), fee(1_000), pay_out(7_000)]


def read(data):
    with opened(data) as file:
        return list(reader_for(file).open(file, Wanted("90190")).rows)


def essentials(rows):
    return [(row.amount_minor, row.balance_minor, row.booked_on, row.deposit_id) for row in rows]


def in_persian(rows):
    persian = str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬")
    return [[cell.translate(persian) for cell in row] for row in rows]


def changed(row, column, text):
    rows = cells(THREE)
    rows[row][column] = text
    return rows


@pytest.mark.parametrize(
    "data",
    [
        as_csv(cells(THREE)),
        as_csv(cells(THREE), encoding="utf-8"),
        as_csv(cells(THREE), encoding="utf-16"),
        as_csv([[cell.replace("ی", "ي") for cell in row] for row in cells(THREE)]),
        as_csv(
            [[cell.replace("ی", "ي").replace("ک", "ك") for cell in row] for row in cells(THREE)],
            encoding="cp1256",
            headings=[text.replace("ی", "ي").replace("ک", "ك") for text in HEADINGS],
        ),
        as_csv(in_persian(cells(THREE))),
        as_xlsx(cells(THREE)),
        as_xlsx(in_persian(cells(THREE))),
        as_xlsx([row[:-1] for row in cells(THREE)], headings=HEADINGS[:-1]),
    ],
    ids=["mark", "plain", "utf16", "arabic", "cp1256", "persian", "xlsx", "xlsx-fa", "no-number"],
)
def test_every_way_of_writing_the_export_reads_the_same(data):
    assert essentials(read(data)) == essentials(read(as_csv(cells(THREE))))


def test_a_file_is_known_by_its_content_not_by_its_name():
    with opened(as_xlsx(cells(THREE))) as file:
        assert reader_for(file).open(file, Wanted("90190")).format == "mellat-xlsx"
    with opened(as_csv(cells(THREE))) as file:
        assert reader_for(file).open(file, Wanted("90190")).format == "csv"


@pytest.mark.parametrize("heading", ["واریز کننده/ ذینفع", "واريز كننده/ ذيتفع"])
def test_both_spellings_of_the_payee_are_headings(heading):
    headings = [heading if text.startswith("واریز") else text for text in HEADINGS]

    assert read(as_csv(cells(THREE), headings=headings))[0].payer == "مشارکت کننده"


def test_headings_are_found_below_a_preamble_and_totals_end_the_table():
    rows = [["بانک ملت"], ["شماره حساب : 90190"], HEADINGS, *cells(THREE), ["", "9,507,000", "جمع"]]
    with opened(as_xlsx(rows, headings=[""])) as file:
        statement = reader_for(file).open(file, Wanted("90190"))

        assert len(list(statement.rows)) == 3
        assert statement.account_digits == "90190"


@pytest.mark.parametrize(
    ("booking", "line_class", "terminal"),
    [
        (pay_out(1, "7001"), LineClass.SETTLEMENT, "7001"),
        (Booking(1, payer="پوز 0071234", branch="اداره امور پايا"), LineClass.SETTLEMENT, "71234"),
        (fee(1, description="کارمزد شاپرک پایانه 7001"), LineClass.FEE, None),
        (Booking(-1, payer="كارمزد پایا", description=""), LineClass.FEE, None),
        (Booking(1, payer="كارمزد پایا", description=""), LineClass.UNKNOWN, None),
        (Booking(1, branch="اداره امور پرداخت لحظه‌ای"), LineClass.TRANSFER, None),
        (Booking(1, description="وصول چک چکاوک"), LineClass.CHEQUE, None),
        (Booking(1, description="چیز دیگر"), LineClass.UNKNOWN, None),
    ],
)
def test_the_bank_s_texts_say_what_a_line_is(booking, line_class, terminal):
    (row,) = read(as_csv(cells([booking])))

    assert (row.line_class, row.terminal) == (line_class, terminal)


@pytest.mark.parametrize(
    ("row", "column", "text", "code"),
    [
        (1, 0, "ناخوانا", "statement.unreadable_cell"),
        (1, 1, "1,5", "statement.unreadable_cell"),
        (1, 1, "12.5", "statement.unreadable_cell"),
        (1, 2, "۱۲ریال", "statement.unreadable_cell"),
        (1, 9, "25:00:00", "statement.unreadable_cell"),
        (1, 10, "1404/12/30", "statement.unreadable_cell"),
        (1, 10, "", "statement.unreadable_cell"),
        (1, 2, "0", "statement.no_movement"),
        (1, 1, "5", "statement.no_movement"),
    ],
)
def test_one_unreadable_cell_refuses_the_file_with_its_row(row, column, text, code):
    for data in (as_csv(changed(row, column, text)), as_xlsx(changed(row, column, text))):
        with pytest.raises(Refusal) as refused:
            read(data)
        assert (refused.value.code, refused.value.details["row"]) == (code, 3)


def test_the_column_of_an_unreadable_cell_is_named():
    with pytest.raises(Refusal) as refused:
        read(as_csv(changed(0, 1, "دو")))

    assert refused.value.details["column"] == "مبلغ گردش بستانکار"


@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04 nothing", b"\x00\x01\x02", "نام,مبلغ\nعلی,5\n".encode(), b"%PDF-1.7"],
)
def test_what_is_no_statement_is_refused_in_words(data):
    with pytest.raises(Refusal) as refused:
        read(data)

    assert refused.value.code in ("statement.unknown_format", "statement.damaged_file")


def test_a_row_below_the_totals_is_not_swallowed():
    first, second, third = cells(THREE)

    with pytest.raises(Refusal) as refused:
        read(as_csv([first, second, ["جمع", *[""] * 11], third]))
    assert refused.value.code == "statement.unknown_row"


@pytest.mark.parametrize(
    ("cell", "digits"),
    [
        ("۱۵۰۰۰۰۰۰۰۰۱۱۲", "1500000000112"),
        ("0001500000000112", "1500000000112"),
        ("1500-0000-00112", "1500000000112"),
        (1500000000112.0, "1500000000112"),
        ("0", None),
        ("", None),
        (1.5, None),
        ("1.5E+12", None),
        (1234567890123456.0, None),
        ("متن", None),
    ],
)
def test_identifiers_are_digits_and_damaged_ones_are_no_keys(cell, digits):
    assert identifier_of(cell, longest=30) == digits


@pytest.mark.parametrize("cell", [1.5, 1e15, float("nan"), True, "1,00", "1e6", "--1"])
def test_an_unclear_amount_never_becomes_a_number(cell):
    with pytest.raises(Unreadable):
        money_of(cell)


@pytest.mark.parametrize("cell", ["2,500,000", "۲٬۵۰۰٬۰۰۰", "2500000", 2500000.0, 2500000])
def test_a_clear_amount_is_read_however_it_is_written(cell):
    assert money_of(cell) == 2_500_000


def test_a_file_of_too_many_rows_is_refused(monkeypatch):
    def count(most):
        monkeypatch.setattr(chain, "ROWS_MAX", most)
        with opened(as_csv(cells(THREE))) as file:
            statement = reader_for(file).open(file, Wanted("90190"))
            reading = chain.Reading(statement, account_number="90190", unit="IRR")
            return sum(len(rows.row_number) for rows in reading.slices())

    assert count(3) == 3
    with pytest.raises(FileTooLarge):
        count(2)


def test_a_file_with_too_many_rows_set_aside_is_refused(monkeypatch):
    monkeypatch.setattr(chain, "SET_ASIDE_MAX", 1)
    data = as_csv(cells([Booking(10), Booking(20), Booking(30), Booking(40), Booking(50)]))
    with opened(data) as file:
        statement = reader_for(file).open(file, Wanted("90190"))
        (rows,) = statement.bookings
        unread = UnreadRow(90, *[None] * (len(UnreadRow._fields) - 1))
        torn = [rows, unread, rows, unread, rows]
        reading = chain.Reading(
            replace(statement, bookings=iter(torn)), account_number="90190", unit="IRR"
        )
        with pytest.raises(FileTooLarge):
            list(reading.slices())
