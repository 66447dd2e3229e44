"""Which reader a file is for, told by its content; a name or an ending proves nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from reconciliation.statements.contract import StatementReader
from reconciliation.statements.mellat import MellatCsv, MellatXlsx
from reconciliation.statements.refusals import UnknownFormat

READERS: tuple[StatementReader, ...] = (MellatXlsx(), MellatCsv())
AUTO = "auto"
_HEAD_BYTES = 1 << 16


def reader_for(file: BinaryIO, asked: str = AUTO) -> StatementReader:
    """The reader that recognises this file, or the one asked for if it does.

    Raises UnknownFormat, also where the file is not what was asked for.
    """
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    for reader in READERS:
        if asked in (AUTO, reader.name) and reader.recognises(head):
            return reader
    raise UnknownFormat(format=asked)


@contextmanager
def opened(source: Path | str | bytes) -> Iterator[BinaryIO]:
    """A file on disk or already in memory, ready to be read from its beginning."""
    if isinstance(source, bytes):
        with BytesIO(source) as held:
            yield held
        return
    with Path(source).open("rb") as file:
        yield file
