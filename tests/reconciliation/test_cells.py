"""Cells and columns: what is read, what is refused, and that a column is read as its cells are."""

from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.digits import normalise
from core.identifiers import luhn_digit
from reconciliation.statements import cells, columns
from reconciliation.statements.cards import card_key_in, masked, masked_column
from reconciliation.statements.cells import Unreadable, clock_of, day_of, is_damaged

TEXT = st.text(st.sampled_from("ابيكةۀى۱٢3 \n\u200c\u200e\xa0,.-/eE:٬ـ\u0654"), max_size=12)
MONEY = st.one_of(
    st.from_regex(r"-?[0-9]{1,3}(,[0-9]{3}){0,4}", fullmatch=True), TEXT, st.integers(), st.floats()
)


def outcome(read, value):
    try:
        return read(value)
    except Unreadable:
        return Unreadable


def one_by_one(read, column):
    outcomes = [outcome(read, cell) for cell in column]
    return Unreadable if Unreadable in outcomes else outcomes


@pytest.mark.parametrize(
    ("of_column", "of_one", "cell"),
    [
        (columns.money_column, cells.money_of, MONEY),
        (
            lambda column: columns.text_column(column, longest=10),
            lambda cell: cells.text_of(cell)[:10],
            TEXT,
        ),
        (
            columns.day_column,
            cells.day_of,
            st.from_regex(r"1[34]\d\d/1?\d/[0-3]?\d", fullmatch=True),
        ),
        (columns.clock_column, cells.clock_of, st.from_regex(r"\d\d:\d\d(:\d\d)?", fullmatch=True)),
        (
            lambda column: columns.identifier_column(column, longest=9),
            lambda cell: cells.identifier_of(cell, longest=9),
            st.one_of(st.from_regex(r"[0-9]{1,12}", fullmatch=True), TEXT, st.floats()),
        ),
    ],
    ids=["money", "text", "day", "clock", "identifier"],
)
@given(data=st.data())
def test_a_column_is_read_as_its_cells_are(of_column, of_one, cell, data):
    column = data.draw(st.lists(cell, min_size=1, max_size=4))

    read = outcome(of_column, column)

    assert (read if read is Unreadable else list(read)) == one_by_one(of_one, column)


@pytest.mark.parametrize("column", [["1,000", ""], ["", "1,000"], ["1,000", "", "2"], [""]])
def test_a_column_of_amounts_with_an_empty_cell_anywhere_is_refused(column):
    with pytest.raises(Unreadable):
        columns.money_column(column)


@given(st.one_of(TEXT, st.text(max_size=20)))
def test_texts_are_normalised_as_everywhere(text):
    assert cells.text_of(text) == normalise(text)


@pytest.mark.parametrize(
    "cell",
    ["1405/09/01", "۱۴۰۵/۹/۱", "1405-9-1", "14050901", 14050901, 14050901.0, "2026-11-22",
     "2026/11/22", date(2026, 11, 22), "1405/09/01 10:05", "1405/09/01-10:05:00"],
)  # fmt: skip
def test_a_day_is_read_in_either_calendar(cell):
    assert day_of(cell) == date(2026, 11, 22)


@pytest.mark.parametrize(
    "cell",
    ["05/09/01", "1/9/1405", "1405/13/01", "1404/12/30", "1200/01/01", "2650/01/01", "1405/09-01",
     "", "امروز", 45000, 45000.5, True, None, "1405/09/01 25"],
)  # fmt: skip
def test_an_unclear_day_is_refused(cell):
    with pytest.raises(Unreadable):
        day_of(cell)


@pytest.mark.parametrize(
    ("cell", "clock"),
    [
        ("۱۰:۰۵", time(10, 5)),
        ("9:05:07", time(9, 5, 7)),
        (time(1, 2), time(1, 2)),
        (datetime(2026, 1, 1, 3, 4), time(3, 4)),  # noqa: DTZ001
        (timedelta(hours=23, minutes=59), time(23, 59)),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_read_or_absent(cell, clock):
    assert clock_of(cell) == clock


@pytest.mark.parametrize("cell", ["24:00", "10", timedelta(days=1), timedelta(-1), 0.5])
def test_an_unclear_time_is_refused(cell):
    with pytest.raises(Unreadable):
        clock_of(cell)


def test_a_time_beside_the_day_is_found_there():
    assert cells.clock_beside_day("1405/09/01 10:05:33") == time(10, 5, 33)
    assert cells.clock_beside_day("1405/09/01") is None


@pytest.mark.parametrize(
    ("cell", "is_so"),
    [(10**15, True), (1e15, True), ("1.5E+15", True), ("1.5e15", True), (10**15 - 1, False),
     ("1234567890123456", False), ("", False), (True, False)],
)  # fmt: skip
def test_a_number_of_sixteen_digits_has_lost_its_end(cell, is_so):
    assert is_damaged(cell) is is_so


@given(st.from_regex(r"[1-9][0-9]{14}", fullmatch=True), st.sampled_from(["", " ", "-", ".", "*"]))
def test_every_card_s_middle_is_hidden_however_it_is_written(body, between):
    number = body + luhn_digit(body)
    written = between.join(number[at : at + 4] for at in range(0, 16, 4))

    hidden = masked(f"کارت {written} بود")

    assert hidden == f"کارت {number[:6]}******{number[-4:]} بود"
    assert card_key_in(hidden) == number[:6] + number[-4:]


@pytest.mark.parametrize("text", ["610433******2187", "6104-33**-****-2187", "610433xxxxxx2187"])
def test_a_card_that_the_bank_has_masked_is_a_key_too(text):
    assert card_key_in(f"از کارت {text}") == "6104332187"


def test_a_card_that_became_a_number_in_a_spreadsheet_is_hidden():
    assert masked_column([6104337913882180.0, 5]) == ["610433******2180", 5]
