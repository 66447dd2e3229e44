"""What a PDF says of itself, read from its bytes without believing its structure.

A file that somebody hands in may be anything, so no tree, table or length in it is followed:
names are looked for where they stand, also inside packed objects, and no more is unpacked than a
receipt of ours could ever hold many times over.
"""

import html
import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

_UNPACKED_MAX = 16 << 20
_STREAMS_MAX = 5_000
_DICTIONARY = 600  # bytes before a stream in which its dictionary says what it is
_TITLE_MAX = 200
_END_WITHIN = 2_048
_HEX_TITLE = re.compile(rb"/Title\s{0,9}<([0-9A-Fa-f\s]{0,2000})>")
_PLAIN_TITLE = re.compile(rb"/Title\s{0,9}\(((?:[^()\\]|\\.){0,2000})\)", re.DOTALL)
_XMP_TITLE = re.compile(
    rb"<dc:title>.{0,300}?<rdf:li[^>]{0,100}>([^<]{0,2000})</rdf:li>", re.DOTALL
)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|\r\n|.)", re.DOTALL)
_LOCKED = re.compile(rb"/Encrypt\s{1,9}\d{1,10}\s{1,9}\d{1,5}\s{1,9}R")
_PICTURE = re.compile(rb"/Subtype\s{0,9}/Image\b")
_FONT = re.compile(rb"/Font\b")


class Says(NamedTuple):
    """``title``: those of the file's description and of its metadata, one a line."""

    title: str
    is_complete: bool
    is_locked: bool
    has_fonts: bool
    has_pictures: bool


def says_of_itself(file: bytes) -> Says:
    """Read what a PDF says. Bytes that mean nothing are passed over."""
    parts = [file, *_unpacked(file)]
    return Says(
        title="\n".join(dict.fromkeys(_titles(parts))),
        is_complete=b"startxref" in file[-_END_WITHIN:],
        is_locked=_LOCKED.search(file) is not None,
        has_fonts=any(_FONT.search(part) for part in parts),
        has_pictures=any(_PICTURE.search(part) for part in parts),
    )


def _unpacked(file: bytes) -> Iterator[bytes]:
    """The contents of packed objects and metadata; pictures and drawings stay packed."""
    left, place = _UNPACKED_MAX, 0
    for _number in range(_STREAMS_MAX):
        place = file.find(b"stream", place)
        if place < 0 or left <= 0:
            return
        dictionary = file[max(0, place - _DICTIONARY) : place]
        dictionary = dictionary[dictionary.rfind(b" obj") + 1 :]
        place += len(b"stream")
        if b"/ObjStm" in dictionary or b"/Metadata" in dictionary:
            held = _inflated(file[place : place + _UNPACKED_MAX].lstrip(b"\r\n"), left)
            left -= len(held)
            yield held


def _inflated(packed: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, most)
    except zlib.error:
        return b""


def _titles(parts: list[bytes]) -> Iterator[str]:
    for part in parts:
        for found in _HEX_TITLE.finditer(part):
            digits = re.sub(rb"\s", b"", found[1])
            yield _text(bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()))
        for found in _PLAIN_TITLE.finditer(part):
            yield _text(_ESCAPED.sub(_unescaped, found[1]))
        for found in _XMP_TITLE.finditer(part):
            yield html.unescape(found[1].decode("utf-8", "replace"))[:_TITLE_MAX]


def _unescaped(found: re.Match[bytes]) -> bytes:
    escaped = found[1]
    if escaped[:1].isdigit():
        return bytes([int(escaped, 8) & 0xFF])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(escaped, escaped)


def _text(title: bytes) -> str:
    encoding = "utf-16-be" if title.startswith(b"\xfe\xff") else "utf-8"
    return title.decode(encoding, "replace").lstrip("\ufeff")[:_TITLE_MAX]
