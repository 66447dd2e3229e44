"""Font programs for one document: subset, code maps and widths, cached by what they hold."""

import hashlib
import zlib
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from receipts.pdf.page import Drawing
from receipts.typesetting.cids import Pair, cid_table
from receipts.typesetting.fonts import Weight, face

_CMAP_HEAD = (
    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo"
    " <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def /CMapName /Adobe-Identity-UCS def"
    " /CMapType 2 def 1 begincodespacerange <0000> <FFFF> endcodespacerange"
)
_CMAP_TAIL = "endcmap CMapName currentdict /CMap defineresource pop end end"
_THOROUGHLY, _QUICKLY = 9, 6  # zlib's levels; the second makes programs that are used a few times
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


class FontUse:
    """The codes that the documents of one file use, rare pairs numbered as they come."""

    def __init__(self) -> None:
        self.rare: dict[Weight, dict[Pair, int]] = {weight: {} for weight in Weight}
        self._cids: dict[Weight, set[int]] = {weight: set() for weight in Weight}

    def take(self, drawing: Drawing) -> None:
        """Count in what a drawing uses. Only then its pages can be written."""
        for page in drawing.pages:
            for weight, cids in page.cids.items():
                self._cids[weight] |= cids
            for weight, pairs in page.rare.items():
                known, first = self.rare[weight], len(cid_table(weight).pairs)
                for pair in sorted(pairs - known.keys()):
                    known[pair] = first + len(known)

    def programs(self) -> dict[Weight, FontProgram]:
        """A program for each weight that is used at all."""
        return {
            weight: _font_program(weight, cid_table(weight).embedded(cids), tuple(rare), _QUICKLY)
            for weight, cids, rare in (
                (weight, self._cids[weight], self.rare[weight]) for weight in Weight
            )
            if cids or rare
        }


def font_program(weight: Weight, cids: Iterable[int], rare: Iterable[Pair]) -> FontProgram:
    """The program for these codes and the core, as the first container embeds it."""
    wanted = cid_table(weight).core.union(cids)
    return _font_program(weight, wanted, tuple(rare), _THOROUGHLY)


@lru_cache(maxsize=512)
def _font_program(
    weight: Weight, cids: frozenset[int], rare: tuple[Pair, ...], effort: int
) -> FontProgram:
    """Equal sets give equal bytes. Rare pairs are numbered on from the table, as they are given."""
    table = cid_table(weight)
    pair_of = {cid: table.pairs[cid] for cid in sorted(cids | {0})}
    pair_of |= dict(enumerate(rare, start=len(table.pairs)))
    program, new_glyph = face(weight).subset({pair.glyph_id for pair in pair_of.values()})
    cid_to_gid = bytearray(2 * (max(pair_of) + 1))
    for cid, pair in pair_of.items():
        cid_to_gid[2 * cid : 2 * cid + 2] = new_glyph[pair.glyph_id].to_bytes(2, "big")
    return FontProgram(
        name=f"{_tag(bytes(cid_to_gid))}+{face(weight).postscript_name}",
        program=zlib.compress(program, effort),
        program_length=len(program),
        cid_to_gid=zlib.compress(bytes(cid_to_gid), effort),
        to_unicode=zlib.compress(_to_unicode(pair_of), effort),
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
