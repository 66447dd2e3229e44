"""A file read to its end: its rows held in slices on disk, in order of time, memory flat.

Slices lie there as JSON, the way the process that parsed the file sent them: nothing that was made
of a file from outside is ever executed.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain as joined
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, NamedTuple, Self

from reconciliation.chain import ChainRow, ChainRows, Ending, Reading
from reconciliation.frames import count_in, decoded_slice, encoded_slice
from reconciliation.statements.contract import Statement
from reconciliation.statements.refusals import FileTooLarge

_IN_MEMORY_BYTES = 8 << 20
_ON_DISK_BYTES = 4 << 30


class _Place(NamedTuple):
    """Where a slice lies, and which rows of the file it holds."""

    offset: int
    length: int
    first_row: int  # as rows are counted in the file, from 0
    row_count: int


class Chain:
    """The rows of one file in order of time."""

    def __init__(self) -> None:
        self.ending = Ending()
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  held open
        self._places: list[_Place] = []
        self._ends: dict[int, ChainRow] = {}  # the first and the last row of the file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def row_count(self) -> int:
        return self.ending.row_count

    @property
    def is_newest_first(self) -> bool:
        return self.ending.is_newest_first

    @property
    def earliest(self) -> ChainRow:
        return self._end(-1 if self.is_newest_first else 0)

    @property
    def latest(self) -> ChainRow:
        return self._end(0 if self.is_newest_first else -1)

    def turn(self, *, is_newest_first: bool) -> None:
        """Read a file that adds up both ways in the other direction."""
        self.ending = replace(self.ending, is_newest_first=is_newest_first)

    def rows(self, start: int = 0) -> Iterator[ChainRow]:
        """The rows in order of time, from the one that has so many before it."""
        return joined.from_iterable(rows.rows() for rows in self.slices(start))

    def slices(self, start: int = 0, stop: int | None = None) -> Iterator[ChainRows]:
        """The same, some rows at a time, up to the one that has so many before it."""
        stop = self.row_count if stop is None else stop
        before = start
        while before < stop:
            place = self._place_of(self.row_count - 1 - before if self.is_newest_first else before)
            rows = self._stored(place)
            if self.is_newest_first:
                rows = rows.part(slice(None, None, -1))
                skipped = before - (self.row_count - place.first_row - place.row_count)
            else:
                skipped = before - place.first_row
            wanted = min(place.row_count - skipped, stop - before)
            yield rows if wanted == place.row_count else rows.part(slice(skipped, skipped + wanted))
            before += wanted

    def store(self, encoded: bytes) -> None:
        """Keep the next slice, in the order of the file. Raises FileTooLarge."""
        offset = first = 0
        if self._places:
            last = self._places[-1]
            offset, first = last.offset + last.length, last.first_row + last.row_count
        if offset + len(encoded) > _ON_DISK_BYTES:
            raise FileTooLarge
        self._file.seek(offset)
        self._file.write(encoded)
        self._places.append(_Place(offset, len(encoded), first, count_in(encoded)))

    def _end(self, at: int) -> ChainRow:
        if at not in self._ends:
            self._ends[at] = self._stored(self._places[at]).row(at)
        return self._ends[at]

    def _place_of(self, at: int) -> _Place:
        """The slice that holds a row of the file."""
        return self._places[bisect_right(self._places, at, key=lambda place: place.first_row) - 1]

    def _stored(self, place: _Place) -> ChainRows:
        self._file.seek(place.offset)
        rows = decoded_slice(self._file.read(place.length))
        for at, row in self.ending.filled.items():
            if place.first_row <= at < place.first_row + place.row_count:
                rows = _with_row(rows, at - place.first_row, row)
        return rows


def read_chain(statement: Statement, *, account_number: str, unit: str) -> Chain:
    """Read a statement to its end in this process. Raises a Refusal; then nothing is kept."""
    chain = Chain()
    try:
        reading = Reading(statement, account_number=account_number, unit=unit)
        for rows in reading.slices():
            chain.store(encoded_slice(rows))
        chain.ending = reading.ending
    except BaseException:
        chain.__exit__(None, None, None)
        raise
    return chain


def _with_row(rows: ChainRows, at: int, row: ChainRow) -> ChainRows:
    columns: list[list[Any]] = list(map(list, rows))
    for column, value in zip(columns, row, strict=True):
        column[at] = value
    return ChainRows._make(columns)
