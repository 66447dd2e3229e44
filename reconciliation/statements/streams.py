"""A text file read block by block and cut where bookings begin, none longer than one can be."""

import codecs
import re
from collections.abc import Callable, Iterator
from io import IncrementalNewlineDecoder
from typing import BinaryIO, NamedTuple

from reconciliation.statements.refusals import FileTooLarge

LINE_MAX = 1 << 20
BLOCK_BYTES = 1 << 17  # about a slice of rows
_CHARSET = re.compile(rb"CHARSET:\s*([0-9]{3,5})")


def texts_of(file: BinaryIO) -> Iterator[str]:
    """The text in blocks, every line end a single one; what is not UTF-8 is what the file says.

    Single bytes that cannot be read become U+FFFD, which no amount, day or id can hold.
    """
    head = file.read(BLOCK_BYTES)
    decoder = codecs.getincrementaldecoder(_encoding(head))(errors="replace")
    texts = IncrementalNewlineDecoder(decoder, translate=True)
    block = head
    while block:
        yield texts.decode(block)
        block = file.read(BLOCK_BYTES)
    yield texts.decode(b"", final=True)


def pieces_of(file: BinaryIO, mark: str) -> Iterator[list[str]]:
    """The text cut at each mark, some pieces at a time; what follows the last mark comes last.

    Raises FileTooLarge where a piece has no end.
    """
    rest = ""
    for text in texts_of(file):
        *pieces, rest = (rest + text).split(mark)
        if len(rest) > LINE_MAX:
            raise FileTooLarge
        if pieces:
            yield pieces
    yield [rest]


class Run(NamedTuple):
    """Bookings one after another, and what stands behind the last of them."""

    numbers: list[int]  # of the lines at which the bookings begin
    bookings: list[str]
    behind_number: int
    behind: str


def runs_of(file: BinaryIO, mark: str, parted: Callable[[str], tuple[str, str]]) -> Iterator[Run]:
    """The text cut where bookings begin: ``mark`` is an end of line and how a booking begins.

    ``parted`` parts a piece into the booking and the lines behind it, without the end of line
    between them. What stands before the first booking comes first, behind a run of none.
    """
    number = 1
    is_heading = True
    for pieces in pieces_of(file, mark):
        numbers: list[int] = []
        bookings: list[str] = []
        for piece in pieces:
            booking, behind = ("", piece) if is_heading else parted(piece)
            if not is_heading:
                numbers.append(number)
                bookings.append(booking)
            if behind:
                behind_number = number if is_heading else number + booking.count("\n") + 1
                yield Run(numbers, bookings, behind_number, behind)
                numbers, bookings = [], []
            number += piece.count("\n") + 1
            is_heading = False
        if bookings:
            yield Run(numbers, bookings, number, "")


def looks_like_text(head: bytes) -> bool:
    """Whether a file can be text at all: a byte of nothing stands in no line."""
    return b"\0" not in head


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        # The head may end inside a character, which is no mistake of the file.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return _named(head)
    return "utf-8-sig"


def _named(head: bytes) -> str:
    found = _CHARSET.search(head)
    try:
        return codecs.lookup(f"cp{found[1].decode()}").name if found else "cp1256"
    except LookupError:
        return "cp1256"
