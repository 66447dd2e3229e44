"""QR codes as rows of modules, exactly those segno makes, without making each from nothing.

With mode, version, error correction and mask fixed, every module is a sum modulo 2 of bits of the
content: Reed-Solomon code, padding and mask are affine over GF(2). So a code is that of any other
content of the same length plus what each differing bit changes. What a bit changes is learnt from
segno once; receipts, whose addresses differ in a few characters, then cost a fiftieth. How a code
looks does not depend on what was learnt before.
"""

from functools import lru_cache
from typing import NamedTuple

import segno

# Choosing the best looking mask would cost six times the rest, and breaks the sum above.
MASK = 4
ERROR_CORRECTION = "m"


class _Code(NamedTuple):
    content: bytes
    size: int
    modules: int  # all modules as one number, the first row's first module in the highest bit


_known: dict[int, _Code] = {}  # one code of each length of content


def qr_rows(content: str) -> list[str]:
    """The modules of a code from the top row down, 1 for dark; no quiet zone."""
    data = content.encode("ascii")
    known = _known.get(len(data)) or _known.setdefault(len(data), _make(data))
    modules, size = known.modules, known.size
    for position, (ours, theirs) in enumerate(zip(data, known.content, strict=True)):
        if ours != theirs:
            modules ^= _change(len(data), position, ours ^ theirs)
    bits = f"{modules:0{size * size}b}"
    return [bits[start : start + size] for start in range(0, size * size, size)]


def _change(length: int, position: int, difference: int) -> int:
    modules = 0
    for bit in range(8):
        if difference >> bit & 1:
            modules ^= _bit_change(length, position, bit)
    return modules


@lru_cache(maxsize=16384)
def _bit_change(length: int, position: int, bit: int) -> int:
    """The modules that turn when one bit of the content does."""
    content = bytearray(length)
    content[position] = 1 << bit
    return _nothing(length) ^ _make(bytes(content)).modules


@lru_cache(maxsize=128)
def _nothing(length: int) -> int:
    return _make(bytes(length)).modules


def _make(content: bytes) -> _Code:
    made = segno.make_qr(
        content.decode("latin-1"),
        error=ERROR_CORRECTION,
        mask=MASK,
        mode="byte",
        boost_error=False,
        encoding="iso-8859-1",
    )
    rows = made.matrix
    modules = int("".join("".join(map(str, row)) for row in rows), 2)
    return _Code(content, len(rows), modules)
