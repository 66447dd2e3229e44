"""Which reader a file is for, told by its content; a name or an ending proves nothing.

Every installed reader is asked. Where several say yes, the narrowest goes first (``Breadth``), and
one that does not find its headings hands on to the next.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from reconciliation.statements.contract import (
    CONTRACT_VERSION,
    Breadth,
    Statement,
    StatementReader,
    Wanted,
)
from reconciliation.statements.doors import formats, readers
from reconciliation.statements.refusals import UnknownFormat
from reconciliation.statements.tables import Kind, kind_of

AUTO = "auto"
_CSV, _TABLE = "csv", "table"
_HEAD_BYTES = 1 << 16


class InTurn:
    """Readers that all may have the file in hand: the first that can make sense of it has it."""

    contract_version = CONTRACT_VERSION

    def __init__(self, candidates: Sequence[StatementReader]) -> None:
        self._candidates = candidates
        self.name = candidates[0].name
        self.breadth = candidates[0].breadth

    def recognises(self, head: bytes) -> bool:
        return any(reader.recognises(head) for reader in self._candidates)

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        for reader in self._in_order(wanted):
            file.seek(0)
            try:
                return reader.open(file, wanted)
            except UnknownFormat:
                continue
        raise _nobody_reads(AUTO)

    def _in_order(self, wanted: Wanted) -> Sequence[StatementReader]:
        """A mapping that somebody saved for the account says more than any layout we know."""
        if wanted.columns is None:
            return self._candidates
        return sorted(self._candidates, key=lambda reader: reader.breadth is not Breadth.TABLE)


def reader_for(file: BinaryIO, asked: str = AUTO) -> StatementReader:
    """The reader that recognises this file, or the one asked for if it does.

    Raises UnknownFormat, also where the file is not what was asked for.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    candidates = [reader for reader in _asked(asked, head) if reader.recognises(head)]
    if not candidates:
        raise _nobody_reads(asked)
    return candidates[0] if len(candidates) == 1 else InTurn(candidates)


@contextmanager
def opened(source: Path | str | bytes) -> Iterator[BinaryIO]:
    """A file on disk or already in memory, ready to be read from its beginning."""
    if isinstance(source, bytes):
        with BytesIO(source) as held:
            yield held
        return
    with Path(source).open("rb") as file:
        yield file


def _asked(asked: str, head: bytes) -> list[StatementReader]:
    """The readers that are meant: with ``csv``, delimited text whatever its columns are called."""
    if asked == AUTO:
        return readers()
    if asked == _CSV and kind_of(head) is Kind.TEXT:
        return [*readers(_CSV), *readers(_TABLE)]
    return readers(asked)


def _nobody_reads(asked: str) -> UnknownFormat:
    return UnknownFormat(format=asked[:40], readable=", ".join(formats()))
