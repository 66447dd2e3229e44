"""A file read to its end: its rows held in slices on disk, in order of time, memory flat.

Slices lie there as JSON, the way the process that parsed the file sent them: nothing that was made
of a file from outside is ever executed.
"""

from collections.abc import Iterator
from dataclasses import replace
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import Any, Self

from pydantic_core import from_json

from reconciliation.chain import SLICE_ROWS, ChainRow, Ending, Reading
from reconciliation.frames import encoded_slice
from reconciliation.statements.contract import Balances, Statement
from reconciliation.statements.refusals import FileTooLarge

_IN_MEMORY_BYTES = 8 << 20
_ON_DISK_BYTES = 4 << 30
_KEPT_SLICES = 2  # those that hold the ends of a day's file, or the two that a reversed one is of
_FINGERPRINT = ChainRow._fields.index("fingerprint")


class Chain:
    """The rows of one file in order of time."""

    def __init__(self) -> None:
        self.ending = Ending()
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  held open
        self._places: list[tuple[int, int]] = []
        self._kept: dict[int, list[ChainRow]] = {}
        self._size_bytes = 0

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
        return self._stored(-1)[-1] if self.is_newest_first else self._stored(0)[0]

    @property
    def latest(self) -> ChainRow:
        return self._stored(0)[0] if self.is_newest_first else self._stored(-1)[-1]

    def turn(self, *, is_newest_first: bool) -> None:
        """Read a file that adds up both ways in the other direction."""
        self.ending = replace(self.ending, is_newest_first=is_newest_first)

    def rows(self, start: int = 0) -> Iterator[ChainRow]:
        """The rows in order of time, from the one that has so many before it."""
        for place in range(start // SLICE_ROWS, len(self._places)):
            rows = self._slice(place)
            skipped = start - place * SLICE_ROWS
            yield from rows[skipped:] if skipped > 0 else rows

    def store(self, encoded: bytes) -> None:
        """Keep the next slice, in the order of the file. Raises FileTooLarge."""
        self._size_bytes += len(encoded)
        if self._size_bytes > _ON_DISK_BYTES:
            raise FileTooLarge
        self._file.seek(0, 2)
        self._places.append((self._file.tell(), len(encoded)))
        self._file.write(encoded)

    def _slice(self, place: int) -> list[ChainRow]:
        """The rows of one slice in order of time; a newest-first file is read from its end."""
        if not self.is_newest_first:
            return self._stored(place)
        # Slices are full but for the file's last, so that reversed slices do not line up.
        end = self.row_count - place * SLICE_ROWS
        begin = max(end - SLICE_ROWS, 0)
        first, last = begin // SLICE_ROWS, (end - 1) // SLICE_ROWS
        rows = self._stored(first)
        if last != first:
            rows = rows + self._stored(last)
        return rows[begin - first * SLICE_ROWS : end - first * SLICE_ROWS][::-1]

    def _stored(self, place: int) -> list[ChainRow]:
        place %= len(self._places)
        if place in self._kept:
            return self._kept[place]
        offset, length = self._places[place]
        self._file.seek(offset)
        rows = [_row(values) for values in from_json(self._file.read(length))]
        for at, row in self.ending.filled.items():
            if at // SLICE_ROWS == place:
                rows[at % SLICE_ROWS] = row
        while len(self._kept) >= _KEPT_SLICES:
            del self._kept[next(iter(self._kept))]
        self._kept[place] = rows
        return rows


def decoded_ending(encoded: bytes) -> Ending:
    """The same at the other end. Raises ValueError, TypeError, KeyError where it is not one."""
    values: dict[str, Any] = from_json(encoded)
    filled = {int(at): _row(row) for at, row in values.pop("filled")}
    return Ending(**values | {"balances": Balances(values["balances"]), "filled": filled})


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


def _row(values: list[Any]) -> ChainRow:
    values[_FINGERPRINT] = bytes.fromhex(values[_FINGERPRINT])
    return ChainRow._make(values)
