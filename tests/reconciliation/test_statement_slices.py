"""Slices of a file: the row that is refused is named, and none is lost where slices are parted."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import doors
from core.doors import Door, doors_of, tell
from core.refusals import Refusal
from reconciliation.chain import ChainRow, ChainRows, Ending
from reconciliation.frames import encoded_slice
from reconciliation.held import Chain
from reconciliation.statements.cards import masked, names_card
from reconciliation.statements.contract import UnreadRow, Wanted
from reconciliation.statements.recognise import reader_for
from reconciliation.statements.slices import SLICE_ROWS, slices_of
from tests.reconciliation.bank import Booking, as_csv, cells
from tests.reconciliation.statement_files import Moved, as_bai2, as_camt, as_mt940, as_ofx

ROWS = SLICE_ROWS + 300
MANY = [Moved(at, f"R{at}") for at in range(1, ROWS + 1)]
# Each format, how the amount of row 1234 stands in it, and that row's number in the file.
GARBLED = [
    (as_csv(cells([Booking(at) for at in range(1, ROWS + 1)])), b'"1,234"', b'"1,2x4"', 1_235),
    (as_mt940(MANY), b"C12,34N", b"C1x,34N", 4 + 2 * 1_234 - 1),
    (as_camt(MANY), b">12.34<", b">1x.34<", 1_234),
    (as_ofx(MANY), b"<TRNAMT>12.34", b"<TRNAMT>1x.34", 1_234),
    (as_bai2(MANY), b"195,1234,", b"195,12x4,", 3 + 1_234),
]


def opened(data, *, set_aside=()):
    file = BytesIO(data)
    return reader_for(file).open(file, Wanted("90190", set_aside=frozenset(set_aside)))


@pytest.mark.parametrize(
    ("data", "plain", "garbled", "row"), GARBLED, ids=["csv", "mt940", "camt", "ofx", "bai2"]
)
def test_the_one_row_of_a_slice_that_cannot_be_read_is_named(data, plain, garbled, row):
    assert data.count(plain) == 1

    with pytest.raises(Refusal) as refused:
        list(opened(data.replace(plain, garbled)).rows)

    assert (refused.value.code, refused.value.details["row"]) == ("statement.unreadable_cell", row)


@pytest.mark.parametrize(
    ("data", "plain", "garbled", "row"), GARBLED[:-1], ids=["csv", "mt940", "camt", "ofx"]
)
def test_of_a_slice_only_the_row_that_was_set_aside_comes_unread(data, plain, garbled, row):
    statement = opened(data.replace(plain, garbled), set_aside={row, row + 4})

    rows = list(statement.rows)

    assert [read.row_number for read in rows if isinstance(read, UnreadRow)] == [row]
    assert len(rows) == ROWS


def test_what_comes_before_an_error_comes_before_the_error():
    def items():
        yield from range(5)
        raise ValueError("broken")

    slices = slices_of(items(), 3)

    assert [next(slices), next(slices)] == [[0, 1, 2], [3, 4]]
    with pytest.raises(ValueError, match="broken"):
        next(slices)


@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    ends=st.tuples(st.integers(0, 20), st.integers(0, 20)),
    is_newest_first=st.booleans(),
)
def test_rows_are_found_in_slices_of_any_size_from_either_end(sizes, ends, is_newest_first):
    start, stop = sorted(min(end, sum(sizes)) for end in ends)
    numbers = list(range(sum(sizes)))
    with Chain() as chain:
        for size, first in zip(sizes, (sum(sizes[:at]) for at in range(len(sizes))), strict=True):
            chain.store(encoded_slice(ChainRows.of([a_row(first + at) for at in range(size)])))
        chain.ending = Ending(row_count=len(numbers), is_newest_first=is_newest_first)
        in_time = numbers[::-1] if is_newest_first else numbers

        found = [number for rows in chain.slices(start, stop) for number in rows.row_number]

        assert found == in_time[start:stop]
        assert (chain.earliest.row_number, chain.latest.row_number) == (in_time[0], in_time[-1])


def a_row(number):
    return ChainRow(
        number, "2026-11-22", None, 1, None, "unknown", *[None] * 6, "[]", None, bytes(16)
    )


@given(text=st.text(st.sampled_from("0613375۶۰٤٨ .-_*#آب\n\u200c"), min_size=14, max_size=24))
@settings(max_examples=400)
def test_no_card_escapes_the_quick_look(text):
    card = f"{text[:4]}6104337913882187{text[4:]}"

    for written in (text, card, card.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))):
        assert masked(written) == written or names_card(written)


def test_a_process_that_was_told_its_doors_looks_for_no_packages(monkeypatch):
    monkeypatch.setattr(doors, "_TOLD", {})
    door = Door("other", "package", "1.0", "os.path:join")

    tell("a.group", [door])

    assert doors_of("a.group") == {"other": (door,)}
    assert doors.behind(door)("a", "b") == "a/b"
