"""Rows in slices: a column of some thousand cells is read many times faster than its cells.

Every reader goes the same way. It cuts its file into numbered slices and says how a slice is read
at once. Where that is refused, the slice is read row by row, by the same function, so that the
refusal names the row and a row that was set aside comes as what is left of it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeAlias, TypeVar

from reconciliation.statements.contract import Bookings, StatementRow, UnreadRow
from reconciliation.statements.refusals import NoMovement, UnreadableCell

SLICE_ROWS = 1_000  # as many as stay in the processor's own memory

_T = TypeVar("_T")
Numbered: TypeAlias = tuple[Sequence[int], Sequence[_T]]  # the numbers of rows, and what they are


def slices_of(items: Iterable[_T], size: int = SLICE_ROWS) -> Iterator[list[_T]]:
    """The items, some at a time; those before an error come before the error."""
    rest = iter(items)
    while True:
        slice_: list[_T] = []
        try:
            slice_.extend(islice(rest, size))
        except BaseException:
            if slice_:
                yield slice_
            raise
        if not slice_:
            return
        yield slice_


def in_slices(rows: Iterable[StatementRow | UnreadRow]) -> Iterator[Bookings | UnreadRow]:
    """For a reader that reads row by row: its rows as the columns of a statement."""
    for slice_ in slices_of(rows):
        booked: list[StatementRow] = []
        for row in slice_:
            if isinstance(row, StatementRow):
                booked.append(row)
                continue
            if booked:
                yield Bookings.of(booked)
            yield row
            booked = []
        if booked:
            yield Bookings.of(booked)


def read_in_slices(
    slices: Iterable[Numbered[_T]],
    read: Callable[[Sequence[int], Sequence[_T]], Bookings],
    left_of: Callable[[int, _T], UnreadRow],
    set_aside: frozenset[int],
) -> Iterator[Bookings | UnreadRow]:
    """The bookings of some slices, none of which is empty.

    ``read`` raises UnreadableCell and NoMovement, for whichever row; of one that was set aside
    comes what is ``left_of`` it.
    """
    for numbers, records in slices:
        try:
            bookings = read(numbers, records)
        except (UnreadableCell, NoMovement):
            for number, record in zip(numbers, records, strict=True):
                yield _alone(number, record, read, left_of, set_aside)
        else:
            yield bookings


def _alone(
    number: int,
    record: _T,
    read: Callable[[Sequence[int], Sequence[_T]], Bookings],
    left_of: Callable[[int, _T], UnreadRow],
    set_aside: frozenset[int],
) -> Bookings | UnreadRow:
    try:
        return read((number,), (record,))
    except (UnreadableCell, NoMovement):
        if number not in set_aside:
            raise
        return left_of(number, record)
