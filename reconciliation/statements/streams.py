"""A text file read block by block: lines in one form, none longer than a booking can be."""

import codecs
import re
from collections.abc import Iterator
from io import IncrementalNewlineDecoder
from typing import BinaryIO

from reconciliation.statements.refusals import FileTooLarge

LINE_MAX = 1 << 20
BLOCK_BYTES = 1 << 18
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


def pieces_of(file: BinaryIO, end: str) -> Iterator[str]:
    """The text cut after each end mark; what follows the last mark comes last.

    Raises FileTooLarge where a piece has no end.
    """
    rest = ""
    for text in texts_of(file):
        pieces = (rest + text).split(end)
        rest = pieces.pop()
        if len(rest) > LINE_MAX:
            raise FileTooLarge
        yield from pieces
    yield rest


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
