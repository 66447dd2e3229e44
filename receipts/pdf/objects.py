"""A PDF file being written: objects by number, the small ones packed together (PDF 1.5 and later).

Knows the syntax of files and nothing of what the objects mean. Streams are written as they come;
other objects wait until a pack is full, so that memory stays flat however long the file gets.
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from struct import Struct
from typing import BinaryIO

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_ENTRY = Struct(">BIH")  # kind, then offset and generation or pack and place in it
_FREE, _PLACED, _PACKED = 0, 1, 2
_PACK = 200  # objects a pack holds
_COMPRESSION = 4  # 6 saves 200 bytes and costs a tenth of a millisecond
_PACK_COMPRESSION = 6


class ObjectFile:
    """Writes objects to a file and knows where each of them stands."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._entries = bytearray(_ENTRY.pack(_FREE, 0, 0xFFFF))
        self._waiting: list[tuple[int, bytes]] = []
        self._length = 0
        self._write(_HEADER)

    def reserve(self, count: int = 1) -> int:
        """Numbers for objects to come, one after the other; gives the first one."""
        first = self.next_number
        self._entries += bytes(_ENTRY.size * count)
        return first

    @property
    def next_number(self) -> int:
        """The number the next reservation gives."""
        return len(self._entries) // _ENTRY.size

    def put(self, number: int, content: bytes) -> None:
        """An object that is no stream; it is packed with its neighbours."""
        self._waiting.append((number, content))
        if len(self._waiting) == _PACK:
            self._pack()

    def put_all(self, objects: Sequence[tuple[int, bytes]]) -> None:
        """Objects with the next free numbers, in any order."""
        self.reserve(len(objects))
        self._waiting += objects
        while len(self._waiting) >= _PACK:
            self._pack()

    def add(self, content: bytes) -> int:
        number = self.reserve()
        self.put(number, content)
        return number

    def put_alone(self, number: int, content: bytes) -> None:
        """An object that stands in the file by itself, as streams and signatures must."""
        self._enter(number, _PLACED, self._length, 0)
        self._write(b"%d 0 obj\n%b\nendobj\n" % (number, content))

    def add_stream(self, entries: bytes, compressed: bytes) -> int:
        number = self.reserve()
        self.put_alone(number, stream(b"%b/Filter/FlateDecode" % entries, compressed))
        return number

    def close(self, catalog: int, information: int, identity: bytes) -> None:
        """Write what waits, the table of all objects and the end of the file."""
        if self._waiting:
            self._pack()
        start, number = self._length, self.reserve()
        self._enter(number, _PLACED, start, 0)
        name = identity.hex().upper().encode()
        entries = (
            b"/Type/XRef/Size %d/W[1 4 2]/Root %d 0 R/Info %d 0 R/ID[<%b><%b>]/Filter/FlateDecode"
            % (number + 1, catalog, information, name, name)
        )
        table = stream(entries, compressed(self._entries))
        self._write(b"%d 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, table, start))

    def _pack(self) -> None:
        full, self._waiting = self._waiting[:_PACK], self._waiting[_PACK:]
        pack = self.reserve()
        for place, (number, _) in enumerate(full):
            self._enter(number, _PACKED, pack, place)
        self.put_alone(pack, _packed(tuple(full)))

    def _enter(self, number: int, kind: int, where: int, place: int) -> None:
        _ENTRY.pack_into(self._entries, number * _ENTRY.size, kind, where, place)

    def _write(self, content: bytes) -> None:
        self._file.write(content)
        self._length += len(content)


def stream(entries: bytes, content: bytes) -> bytes:
    """A stream object; PDF/A asks for the line end before ``endstream``."""
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(content), content)


def compressed(content: bytes | bytearray) -> bytes:
    return zlib.compress(content, _COMPRESSION)


def references(numbers: Iterable[int]) -> bytes:
    """An array of references."""
    return b"[%b]" % b" ".join([b"%d 0 R" % number for number in numbers])


def text_string(text: str) -> bytes:
    """Any text as a string object, in the one encoding that has all characters."""
    return b"<FEFF%b>" % text.encode("utf-16-be").hex().upper().encode()


@lru_cache(maxsize=32)  # single documents of one layout mostly have the same structure
def _packed(objects: tuple[tuple[int, bytes], ...]) -> bytes:
    offsets = accumulate((len(content) + 1 for _, content in objects), initial=0)
    places = zip((number for number, _ in objects), offsets, strict=False)
    head = b" ".join([b"%d %d" % place for place in places]) + b"\n"
    body = b"\n".join([content for _, content in objects])
    entries = b"/Type/ObjStm/N %d/First %d/Filter/FlateDecode" % (len(objects), len(head))
    return stream(entries, zlib.compress(head + body, _PACK_COMPRESSION))
