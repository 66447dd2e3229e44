"""Tables of Iran's banks: each layout in each kind of file and both orders reads the same."""

import pytest

from core.refusals import Refusal
from reconciliation.line_classes import LineClass
from reconciliation.statements.contract import Balances, Wanted
from reconciliation.statements.recognise import opened, reader_for
from tests.reconciliation.bank import Booking, days_ago, fee, pay_out
from tests.reconciliation.exports import (
    BANKS,
    KESHAVARZI,
    KINDS,
    MELLAT,
    MELLAT_OLD,
    MELLI,
    SEPAH,
    in_html,
    in_text,
    in_xlsx,
)

BOOKINGS = [
    Booking(2_500_000, day=days_ago(2), serial="81", payer="", time="23:59:59"),
    fee(1_200, day=days_ago(1), serial="82"),
    Booking(999, serial="83", description="خط یک\nخط دو", payer=""),
]
CARD = "6104337913882187"


def opened_statement(data, set_aside=()):
    with opened(data) as file:
        wanted = Wanted("90190", set_aside=frozenset(set_aside))
        statement = reader_for(file).open(file, wanted)
        return statement, list(statement.rows)


def rows_of(data, **more):
    return opened_statement(data, **more)[1]


def told(rows):
    """What a row says, but for where it stood and how it was written."""
    return [row._replace(row_number=0, raw="", description=None) for row in rows]


@pytest.mark.parametrize("newest_first", [False, True], ids=["oldest", "newest"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bank", BANKS)
def test_every_layout_reads_the_same_from_every_kind_of_file(bank, kind, newest_first):
    rows = rows_of(KINDS[kind](BANKS[bank].table(BOOKINGS, newest_first=newest_first)))

    in_order = list(reversed(rows)) if newest_first else rows
    assert told(in_order) == told(rows_of(in_text(BANKS[bank].table(BOOKINGS))))
    assert [row.amount_minor for row in in_order] == [booking.rial for booking in BOOKINGS]
    assert [row.booked_on for row in in_order] == [booking.day for booking in BOOKINGS]
    assert [row.row_number for row in rows] == [2, 3, 4]


@pytest.mark.parametrize(
    ("bank", "kind", "format_"),
    [
        ("mellat", "xlsx", "mellat-xlsx"),
        ("mellat-old", "xls", "mellat-xlsx"),
        ("mellat", "html-cp1256", "mellat-html"),
        ("mellat-old", "html", "mellat-html"),
        ("mellat", "cp1256", "csv"),
        ("melli", "xlsx", "melli"),
        ("sepah", "html", "sepah"),
        ("keshavarzi", "xls", "keshavarzi"),
        ("keshavarzi", "csv", "csv"),
    ],
)
def test_the_bank_is_told_by_the_headings(bank, kind, format_):
    statement, _rows = opened_statement(KINDS[kind](BANKS[bank].table(BOOKINGS)))

    assert statement.format == format_


def test_a_table_with_more_columns_than_sepah_has_is_not_sepah_s():
    table = [(*SEPAH.headings, "شماره پیگیری"), *([*row, "5"] for row in SEPAH.table(BOOKINGS)[1:])]

    assert opened_statement(in_xlsx(table))[0].format != "sepah"


def test_keshavarzi_has_no_balances_and_says_so():
    statement, rows = opened_statement(in_text(KESHAVARZI.table(BOOKINGS)))

    assert statement.balances is Balances.NONE
    assert [row.balance_minor for row in rows] == [None] * 3


@pytest.mark.parametrize(
    ("bank", "text", "reference", "card_key"),
    [
        (MELLI, f"انتقال ش ک {CARD} ش پ 123456", "123456", "6104332187"),
        (MELLI, "واريز پيگيري 0123456", "123456", None),
        (MELLI, "بدون شماره", "77", None),
        (SEPAH, f"انتقال از کارت {CARD} پيگيري 99887", "99887", "6104332187"),
        (KESHAVARZI, f"|کارت بانک ملت: {CARD}|شماره پيگيري سوئيچ: 445566", "445566", "6104332187"),
        (KESHAVARZI, "انتقال سريال 5544", "5544", None),
    ],
    ids=["melli", "melli-arabic", "melli-column", "sepah", "keshavarzi", "keshavarzi-serial"],
)
def test_card_and_tracking_number_are_found_inside_the_text(bank, text, reference, card_key):
    (row,) = rows_of(in_text(bank.table([Booking(5, description=text, serial="77")])))

    assert (row.reference, row.card_key) == (reference, card_key)


@pytest.mark.parametrize(
    ("bank", "booking", "line_class", "terminal"),
    [
        (
            KESHAVARZI,
            Booking(9, payer="مركزشاپرك", description="واریز 0000001234567 ACH1مرکزشاپرک"),
            LineClass.SETTLEMENT,
            "1234567",
        ),
        (KESHAVARZI, Booking(9, description="واريزتجمعي"), LineClass.SETTLEMENT, None),
        (
            KESHAVARZI,
            Booking(9, branch="مبادلات الكترونيك-(ساتناوپايا", description=""),
            LineClass.TRANSFER,
            None,
        ),
        (MELLI, Booking(9, description="تسویه شاپرک پایانه 7001"), LineClass.SETTLEMENT, "7001"),
        (MELLI, Booking(-9, description="كارمزد پايا"), LineClass.FEE, None),
        (SEPAH, Booking(9, description="وصول چك"), LineClass.CHEQUE, None),
        (SEPAH, Booking(9, description="انتقال از كارت"), LineClass.TRANSFER, None),
        (MELLAT_OLD, pay_out(9), LineClass.SETTLEMENT, "7001"),
    ],
)
def test_each_bank_s_own_words_say_what_a_line_is(bank, booking, line_class, terminal):
    (row,) = rows_of(in_text(bank.table([booking])))

    assert (row.line_class, row.terminal) == (line_class, terminal)


@pytest.mark.parametrize("written", ["-1,200", "1,200-", "(1,200)", "۱٬۲۰۰-", -1200])
def test_the_old_layout_s_signed_amount_is_a_debit_however_its_sign_stands(written):
    table = [list(row) for row in MELLAT_OLD.table([fee(1_200)])]
    table[1][1] = written

    assert rows_of(in_xlsx(table))[0].amount_minor == -1_200


@pytest.mark.parametrize(
    ("kind", "card"),
    [
        *((kind, CARD) for kind in KINDS),
        *((kind, "6104-3379-1388-2187") for kind in KINDS),
        ("csv", "۶۱۰۴۳۳۷۹۱۳۸۸۲۱۸۷"),
        ("html", "٦١٠٤٣٣٧٩١٣٨٨٢١٨٧"),
        ("xlsx", "6104*3379#1388_2187"),
    ],
)
@pytest.mark.parametrize(
    ("bank", "column"), [(MELLAT, 4), (MELLAT_OLD, 2), (MELLI, 4), (SEPAH, 2), (KESHAVARZI, 6)]
)
def test_no_card_s_number_is_kept_whole(bank, column, card, kind):
    table = [list(row) for row in bank.table([Booking(5)])]
    table[1][column] = f"از کارت {card} به حساب"

    (row,) = rows_of(KINDS[kind](table))

    assert row.card_key == "6104332187"
    assert "610433******2187" in row.raw
    assert not any(number in str(tuple(row)) for number in (card, CARD, "379138821"))


def test_sixteen_digits_that_are_no_card_stay_what_they_are():
    (row,) = rows_of(in_text(MELLI.table([Booking(5, description="شماره 6104337913882188")])))

    assert "6104337913882188" in (row.description or "")


def test_a_card_s_number_in_the_place_of_a_deposit_id_is_no_deposit_id():
    (row,) = rows_of(in_text(MELLAT.table([Booking(5, deposit_id=CARD)])))

    assert row.deposit_id is None
    assert CARD not in row.raw


def test_of_two_cards_in_one_text_none_is_taken_for_the_payer_s():
    text = f"از کارت {CARD} به کارت 6104337941250373"
    (row,) = rows_of(in_text(SEPAH.table([Booking(5, description=text)])))

    assert row.card_key is None


@pytest.mark.parametrize("number", [1_234_567_890_123_456, 1.5e18, "1.23E+15"])
def test_an_id_that_the_spreadsheet_has_damaged_is_no_key_and_the_row_says_so(number):
    table = [list(row) for row in MELLAT.table([Booking(5)])]
    table[1][6] = number

    (row,) = rows_of(in_xlsx(table))

    assert row.deposit_id is None
    assert '{"damaged_id":["deposit_id"]}' in row.raw


@pytest.mark.parametrize("bank", BANKS)
@pytest.mark.parametrize("kind", ["csv", "html", "xlsx", "xls"])
def test_the_cell_that_cannot_be_read_is_named_by_row_and_column(bank, kind):
    for field in ("بدهکار", "مبلغ گردش بدهکار", "مبلغ گردش", "bed"):
        if field in BANKS[bank].headings:
            heading, at = field, list(BANKS[bank].headings).index(field)
    table = [list(row) for row in BANKS[bank].table(BOOKINGS)]
    table[2][at] = "1,2"

    with pytest.raises(Refusal) as refused:
        rows_of(KINDS[kind](table))

    details = refused.value.details
    assert (details["row"], details["column"], details["text"]) == (3, heading, "1,2")


def test_a_row_that_was_set_aside_comes_with_what_can_be_read_of_it():
    table = [list(row) for row in MELLAT.table(BOOKINGS)]
    table[2][1] = table[2][2] = "?"

    first, unread, last = rows_of(in_text(table), set_aside=[3])

    assert (first.row_number, last.row_number) == (2, 4)
    assert (unread.amount_minor, unread.balance_minor) == (None, 12_498_800)
    assert (unread.row_number, unread.booked_on) == (3, days_ago(1))


def test_a_page_with_a_slogan_its_account_and_headings_on_every_page_is_read():
    headings, *rows = MELLAT.table(BOOKINGS)
    table = [["بانك ملت"], ["شماره حساب :", "90190", "قرض الحسنه"], headings, rows[0], rows[1]]
    table += [headings, rows[2], ["", "2,500,999", "1,200", "جمع"]]

    statement, read = opened_statement(in_html(table, encoding="utf-8", before="<h1>شعار</h1>"))

    assert statement.account_digits == "90190"
    assert [row.row_number for row in read] == [4, 5, 7]


def test_a_second_sheet_of_bookings_is_not_passed_over():
    table = MELLAT.table(BOOKINGS)

    assert len(rows_of(in_xlsx(table, [["یادداشت"]]))) == 3
    with pytest.raises(Refusal) as refused:
        rows_of(in_xlsx(table, table))
    assert refused.value.code == "statement.several_tables"
