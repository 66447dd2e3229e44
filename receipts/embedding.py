"""Font programs for one document: subset, code maps and widths, cached by what they hold."""

import hashlib
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from receipts.cids import Pair, cid_table
from receipts.fonts import Weight, face

_CMAP_HEAD = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo"
    " <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def /CMapName /Adobe-Identity-UCS def"
    " /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange"
)
_CMAP_TAIL = "endcmap CMapName currentdict /CMap defineresource pop end end"
_CMAP_BLOCK = 100  # the PDF standard's limit of entries in a block


class FontProgram(NamedTuple):
    """Everything the PDF objects of one font hold; streams are compressed already."""

    name: str
    program: bytes
    program_length: int
    cid_to_gid: bytes
    to_unicode: bytes
    widths: str
    cid_of_rare: dict[Pair, int]


def font_program(weight: Weight, cids: Iterable[int], rare: Iterable[Pair]) -> FontProgram:
    """The program for these codes and the core set. Equal sets give equal bytes."""
    wanted = cid_table(weight).core.union(cids)
    return _font_program(weight, wanted, tuple(sorted(rare)))


@lru_cache(maxsize=128)
def _font_program(weight: Weight, cids: frozenset[int], rare: tuple[Pair, ...]) -> FontProgram:
    table = cid_table(weight)
    pair_of = {cid: table.pairs[cid] for cid in sorted(cids | {0})}
    pair_of |= dict(enumerate(rare, start=len(table.pairs)))
    program, new_glyph = face(weight).subset({pair.glyph_id for pair in pair_of.values()})
    cid_to_gid = bytearray(2 * (max(pair_of) + 1))
    for cid, pair in pair_of.items():
        cid_to_gid[2 * cid : 2 * cid + 2] = new_glyph[pair.glyph_id].to_bytes(2, "big")
    return FontProgram(
        name=f"{_tag(bytes(cid_to_gid))}+{face(weight).postscript_name}",
        program=zlib.compress(program, 9),
        program_length=len(program),
        cid_to_gid=zlib.compress(bytes(cid_to_gid), 9),
        to_unicode=zlib.compress(_to_unicode(pair_of), 9),
        widths=_widths(weight, pair_of),
        cid_of_rare={pair: cid for cid, pair in enumerate(rare, start=len(table.pairs))},
    )


def _tag(content: bytes) -> str:
    """Six letters that tell subsets of one font apart."""
    number = int.from_bytes(hashlib.sha256(content).digest()[:6], "big")
    letters = []
    for _ in range(6):
        number, letter = divmod(number, 26)
        letters.append(chr(ord("A") + letter))
    return "".join(letters)


def _to_unicode(pair_of: dict[int, Pair]) -> bytes:
    entries = [
        f"<{cid:04X}> <{pair.character.encode('utf-16-be').hex().upper()}>"
        for cid, pair in pair_of.items()
    ]
    blocks = [entries[i : i + _CMAP_BLOCK] for i in range(0, len(entries), _CMAP_BLOCK)]
    body = [f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks]
    return "\n".join([_CMAP_HEAD, *body, _CMAP_TAIL]).encode("ascii")


def _widths(weight: Weight, pair_of: dict[int, Pair]) -> str:
    """Widths by runs of neighbouring codes, as the W entry of a CID font has them."""
    shaped_by = face(weight)
    entries: list[str] = []
    previous = -2
    for cid, pair in pair_of.items():
        width = f"{shaped_by.advance(pair.glyph_id):.5g}"
        entries.append(f" {width}" if cid == previous + 1 else f"]{cid}[{width}")
        previous = cid
    return f"[{''.join(entries)[1:]}]]"
