"""The published formats: every file of other systems is read to its sum, or refused with reason."""

from datetime import date
from io import BytesIO

import mt940 as peer
import pytest

from core.identifiers import DepositId
from core.refusals import Refusal
from reconciliation.line_classes import LineClass
from reconciliation.statements.contract import Balances, Wanted
from reconciliation.statements.recognise import reader_for
from tests.reconciliation.statement_files import (
    FOLDER,
    Moved,
    as_bai2,
    as_camt,
    as_mt940,
    as_ofx,
)

# The one left out ends with a booking outside any statement, which is refused here.
MT940 = tuple(sorted(path.name for path in FOLDER.glob("wolph__*") if "multiline" not in path.name))
OURS, ANOTHER = (str(DepositId(1405, 0, serial)) for serial in (1, 2))
THREE = [Moved(250_000, "A1"), Moved(-1_00, "A2"), Moved(70_050, "A3")]


def opened(data, account="90190", **options):
    file = BytesIO(data)
    return reader_for(file).open(file, Wanted(account, **options))


def read(data, account="90190"):
    return list(opened(data, account).rows)


def until_refused(statement):
    """The rows that come, and why no more do."""
    rows = []
    try:
        for row in statement.rows:
            rows.append(row)
    except Refusal as refusal:
        return rows, refusal.code
    return rows, None


def sum_of(statement, rows):
    """The sum in hundredths of the currency."""
    total = sum(row.amount_minor for row in rows)
    cents, rest = divmod(total * 100, 10**statement.minor_digits)
    assert rest == 0
    return cents


def refused(data, account="90190"):
    with pytest.raises(Refusal) as refusal:
        read(data, account)
    return refusal.value.code, refusal.value.details.get("row")


@pytest.mark.parametrize(
    ("name", "account", "currency", "count", "cents"),
    [
        ("genkgo__camt053.v2.multi.statement.xml", "8060476890", "EUR", 2, 185),
        ("genkgo__camt054.v4.xml", "123456789", "SEK", 1, -20_000_000),
        ("jseutter__checking.ofx", "14526877", "USD", 3, -5_950),
        ("jseutter__suncorp.ofx", "123456789", "AUD", 1, -1_685),
        ("ministryofjustice__nwb_example.bai2", "600004", "GBP", 5, -2_676),
        ("moov-io__sample1.txt", "10200123456", "CAD", 17, 0),
        ("sebastienrousseau__golden_camt053_duplicate_same_day.xml", "13000", "EUR", 2, -900),
        ("wolph__ASNB_mt940.txt", "9999999999", "EUR", 8, 5_694),
        ("wolph__cmxl_mt940.sta", "76198810", "DEM", 11, 8_730),
        ("wolph__cmxl_mt940.sta", "1234567", "EUR", 2, 220_000),
        ("wolph__cmxl_mt940.sta", "320000546101", "PLN", 3, 1_004_000),
        ("wolph__sberbank_171011_01234945.sta", "1966315302010001", "HUF", 3, -943_700),
    ],
)
def test_a_file_of_another_system_is_read_to_its_sum(name, account, currency, count, cents):
    statement = opened((FOLDER / name).read_bytes(), account)
    rows = list(statement.rows)

    assert (statement.currency, len(rows)) == (currency, count)
    assert sum_of(statement, rows) == cents


@pytest.mark.parametrize(
    ("name", "code", "row"),
    [
        ("byro__transactions.csv", "statement.unknown_format", None),
        ("genkgo__camt053.v2.minimal.xml", "statement.several_currencies", 1),
        ("genkgo__camt053.v8.xml", "statement.several_currencies", 1),
        (
            "sebastienrousseau__golden_camt053_garbled_amount.xml",
            "statement.unreadable_cell",
            1,
        ),
        ("wolph__betterplace_sepa_mt9401.sta", "statement.several_accounts", None),
        ("wolph__cmxl_mt940.sta", "statement.several_accounts", None),
        ("wolph__jejik_ing.sta", "statement.balances_disagree", 26),
        ("wolph__self-provided_multiline.sta", "statement.unknown_row", 38),
    ],
)
def test_a_file_that_contradicts_itself_is_refused_with_its_reason(name, code, row):
    assert refused((FOLDER / name).read_bytes()) == (code, row)


def test_every_file_of_other_systems_is_spoken_of():
    spoken_of = "".join(path.read_text("utf-8") for path in FOLDER.parent.glob("test_*.py"))

    assert all(path.name in spoken_of or path.name == "README.md" for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", MT940)
def test_another_reader_of_mt940_finds_the_same_days_and_amounts(name):
    data = (FOLDER / name).read_bytes()
    text = data.decode("utf-8", "replace").replace("\r", "")
    accounts = {line[4:] for line in text.splitlines() if line.startswith(":25:")}

    ours = [
        (row.booked_on, row.amount_minor)
        for account in accounts
        for row in until_refused(opened(data, account.rpartition("/")[2]))[0]
    ]

    tags = {61: peer.tags.StatementASNB()} if "ASNB" in name else {}
    theirs = peer.models.Transactions(tags=tags)
    theirs.parse(text)
    assert sorted(ours) == sorted(map(their_booking, theirs))


def their_booking(found):
    """What the other reader says of a booking; it leaves out the minus of a reversed credit."""
    said = found.data
    minor = int(said["amount"].amount * 10**5)
    day = said.get("entry_date") or said["date"]
    return date(day.year, day.month, day.day), -minor if said["status"] == "RC" else minor


# One booking written in every format


@pytest.mark.parametrize(
    "data",
    [
        as_mt940(THREE, opening=5_00),
        as_mt940(THREE, opening=5_00).replace(b"\r\n", b"\n"),
        as_camt(THREE, opening=5_00),
        as_camt(THREE, space=""),
        as_camt(
            THREE, prefix="ns2", space=' xmlns:ns2="urn:iso:std:iso:20022:tech:xsd:camt.053.001.13"'
        ),
        as_ofx(THREE),
        as_ofx(THREE).replace(b"\n", b""),
        as_bai2(THREE, opening=5_00),
        as_bai2(THREE).replace(b"\n", b"\r\n"),
    ],
    ids=["mt940", "lf", "camt", "no space", "prefix", "ofx", "one line", "bai2", "crlf"],
)
def test_every_format_tells_the_same_bookings(data):
    statement = opened(data)
    rows = list(statement.rows)

    assert sum_of(statement, rows) == 319_950
    assert [row.reference for row in rows] == ["A1", "A2", "A3"]
    assert {(row.booked_on, row.description) for row in rows} == {(date(2026, 11, 22), "GIFT")}


@pytest.mark.parametrize("write", [as_mt940, as_camt, as_bai2])
def test_the_balances_that_a_file_declares_are_told_once_it_was_read(write):
    statement = opened(write(THREE, opening=-5_00))
    list(statement.rows)

    hundredth = 10**statement.minor_digits // 100
    assert statement.balances is Balances.DECLARED
    assert statement.declared.opening_minor == -5_00 * hundredth
    assert statement.declared.closing_minor == 319_450 * hundredth


@pytest.mark.parametrize("write", [as_mt940, as_camt])
def test_a_row_that_was_changed_contradicts_the_balances(write):
    data = write(THREE).replace(b"2500", b"2600")

    assert refused(data)[0] == "statement.balances_disagree"


def test_an_edited_bai2_file_contradicts_its_control_totals():
    changed = as_bai2(THREE).replace(b"16,195,250000", b"16,195,260000")

    assert refused(changed) == ("statement.control_total_differs", 7)


@pytest.mark.parametrize("write", [as_mt940, as_camt, as_ofx, as_bai2])
def test_a_file_that_was_cut_off_is_refused(write):
    data = write(THREE)

    assert refused(data[: len(data) * 3 // 4])[0] == "statement.damaged_file"


@pytest.mark.parametrize("write", [as_mt940, as_camt, as_ofx])
def test_a_deposit_id_in_the_text_is_found_and_two_are_none(write):
    one, two, none = (
        Moved(1, text=f"FOR {text} THANKS") for text in (OURS, f"{OURS} {ANOTHER}", int(OURS) + 1)
    )

    assert [row.deposit_id for row in read(write([one, two, none]))] == [
        OURS,
        None,
        None,
    ]


@pytest.mark.parametrize("write", [as_mt940, as_camt, as_ofx, as_bai2])
def test_the_number_of_a_card_is_not_kept(write):
    (row,) = read(write([Moved(1, reference="6104337913882187", text="CARD 6104337913882187")]))

    assert "6104337913882187" not in f"{row}"


# MT940


@pytest.mark.parametrize(
    ("mark", "cents"),
    [("C", 100), ("D", -100), ("RC", -100), ("RD", 100), ("CR", 100), ("DR", -100)],
)
def test_a_reversed_credit_is_a_debit_and_a_reversed_debit_a_credit(mark, cents):
    data = (
        f":20:X\n:25:90190\n:60F:C261122IRR1,\n:61:261122{mark}1,NTRF\n"
        f":62F:C261122IRR{1 + cents // 100},\n-\n"
    )
    statement = opened(data.encode())

    assert sum_of(statement, list(statement.rows)) == cents


@pytest.mark.parametrize(
    ("days", "booked_on"),
    [
        ("2612310102", date(2027, 1, 2)),
        ("2701021231", date(2026, 12, 31)),
        ("2802290229", date(2028, 2, 29)),
        ("261122", date(2026, 11, 22)),
    ],
)
def test_the_entry_date_is_in_the_year_next_to_the_value_date(days, booked_on):
    data = as_mt940([Moved(1)]).replace(b":61:2611221122", f":61:{days}".encode())

    assert read(data)[0].booked_on == booked_on


@pytest.mark.parametrize("days", ["2602300230", "2602280230", "2613011122", "261122ABCD"])
def test_a_day_that_is_none_is_refused_with_its_row(days):
    data = as_mt940([Moved(1)]).replace(b":61:2611221122", f":61:{days}".encode())

    assert refused(data) == ("statement.unreadable_cell", 5)


def test_an_intraday_report_is_no_evidence():
    data = b":20:X\n:25:90190\n:28C:1\n:34F:IRRD0,\n:13D:2611221200+0330\n:61:261122C5,NTRFX\n-\n"
    statement = opened(data)

    assert not statement.is_booked
    assert sum_of(statement, list(statement.rows)) == 500


def test_statements_of_one_account_are_one_sequence_which_must_join():
    first, second = as_mt940(THREE), as_mt940(THREE, opening=319_950)

    assert len(read(first + second)) == 6
    assert refused(first + first) == ("statement.sections_do_not_join", 17)


def test_of_several_accounts_the_wanted_one_is_read():
    others = as_mt940(THREE, account="111") + as_mt940([Moved(7)], account="BANK/0090190")

    assert [row.amount_minor for row in read(others)] == [7_000]
    assert refused(others + as_mt940(THREE, account="77790190"))[0] == "statement.several_accounts"


# CAMT


def test_transactions_that_add_up_to_their_entry_are_rows_of_their_own():
    entry = "<TxDtls><Amt Ccy='IRR'>{}</Amt><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls>"
    whole = as_camt([Moved(10_00, text="ALL")]).decode()
    before, behind = whole.split("<TxDtls>")[0], whole.split("</TxDtls>")[1]

    together = read(f"{before}{entry.format('4', 'A')}{entry.format('6', 'B')}{behind}".encode())
    apart = read(f"{before}{entry.format('4', 'A')}{entry.format('5', 'B')}{behind}".encode())

    assert [(row.row_number, row.amount_minor, row.description) for row in together] == [
        (1, 400_000, "A"),
        (2, 600_000, "B"),
    ]
    assert [row.amount_minor for row in apart] == [1_000_000]


@pytest.mark.parametrize(
    ("message", "statement"), [("BkToCstmrAcctRpt", "Rpt"), ("BkToCstmrDbtCdtNtfctn", "Ntfctn")]
)
def test_reports_and_notifications_are_read_but_are_no_evidence(message, statement):
    found = opened(as_camt(THREE, message=message, statement=statement))

    assert len(list(found.rows)) == 3
    assert not found.is_booked


def test_five_decimals_are_kept_and_six_refused():
    five = as_camt([Moved(1)]).replace(b">0.01<", b">0.01234<")

    assert read(five)[0].amount_minor == 1_234
    assert refused(as_camt([Moved(1)]).replace(b">0.01<", b">0.012345<"))[0] == (
        "statement.unreadable_cell"
    )


@pytest.mark.parametrize(
    "declared",
    [
        b"<!DOCTYPE Document>",
        b'<!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        b'<!DOCTYPE Document SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE Document [<!ENTITY f SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_document_type_is_refused_before_anything_of_it_is_read(declared):
    data = as_camt([Moved(1, text="&f;" if b" f " in declared else "X")])

    assert refused(data.replace(b"?>", b"?>" + declared, 1))[0] == "statement.unsafe_file"


def test_a_pending_entry_is_none_of_a_statement():
    assert refused(as_camt([Moved(1)]).replace(b"BOOK", b"PDNG")) == ("statement.unknown_row", 1)


# OFX and BAI2


def test_a_balance_of_a_later_day_is_not_the_closing_one():
    statement = opened(as_ofx(THREE).replace(b"<DTASOF>20261122", b"<DTASOF>20270101"))
    list(statement.rows)

    assert statement.declared.closing_minor is None


def test_a_line_without_an_end_is_refused():
    assert refused(as_mt940([Moved(1, text="A" * (2 << 20))]))[0] == "statement.too_large"


@pytest.mark.parametrize(
    ("currency", "minor_digits"), [("IRR", 0), ("JPY", 0), ("EUR", 2), ("KWD", 3)]
)
def test_amounts_without_a_point_are_in_the_unit_of_the_currency(currency, minor_digits):
    assert opened(as_bai2(THREE, currency=currency)).minor_digits == minor_digits


@pytest.mark.parametrize(
    ("data", "line_class"),
    [
        (as_mt940([Moved(-1)]).replace(b"NTRF", b"NCHG"), LineClass.FEE),
        (as_mt940([Moved(1)]), LineClass.TRANSFER),
        (as_ofx([Moved(-1)]).replace(b"OTHER", b"SRVCHG"), LineClass.FEE),
        (as_bai2([Moved(-1)]), LineClass.CHEQUE),
    ],
)
def test_codes_of_the_formats_say_what_a_line_is(data, line_class):
    assert read(data)[0].line_class is line_class


def test_a_row_that_a_person_set_aside_comes_as_what_is_left_of_it():
    data = as_camt(THREE).replace(b">1.00<", b">1..0<")

    rows = list(opened(data, set_aside=frozenset({2})).rows)

    assert [row.amount_minor for row in rows] == [250_000_000, None, 70_050_000]
    assert "1..0" in rows[1].raw
