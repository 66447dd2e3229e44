"""Character codes of the embedded fonts: one for each pair of a glyph and the character it shows.

A viewer copies text through the code, so a code must stand for exactly one character. Most fonts
give one code to a glyph; then a ligature stands for two characters, which viewers put in the wrong
order (آنلاین becomes آنالین). Here the glyph carries the first character and each further one rides
on a code of its own without width or ink.

The table is fixed for a version of the font: every form that ordinary Persian and Latin text takes
has its number from the start. Pairs outside it are *rare* and numbered document by document, so
that a file never depends on what was drawn before it.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import NamedTuple

from receipts.typesetting.fonts import ZWNJ, Face, Glyph, Weight, face

ZWJ = "\u200d"
PERSIAN_LETTERS = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
_ARABIC_LETTERS = "ءأإؤئۀةكيىٱ"
PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
_OTHER_DIGITS = "٠١٢٣٤٥٦٧٨٩"
_SIGNS = "٪٫٬،؛؟«»–—…•×÷﷼\u00a0\u0640"
_MARKS = "\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652\u0653\u0654\u0655\u0670"
_LATIN = "".join(map(chr, range(0x20, 0x7F)))
_LIGATURES = ("لا", "لأ", "لإ", "لآ", "الله", "لله", "ریال", "هٔ", f"هٔ{ZWNJ}")
_CORE_SIGNS = "٬.،:؛/()«»[]-– "
_FIGURES = f"0123456789٬.،:/()- {ZWNJ}"

Sample = tuple[str, bool]  # a text, and whether it runs from right to left


class Pair(NamedTuple):
    """What a code stands for."""

    glyph_id: int
    character: str


class Cell(NamedTuple):
    """A pair in its place; lengths in thousandths of an em."""

    pair: Pair
    advance: float
    x_offset: float
    y_offset: float


def cells(shaped_by: Face, text: str, *, is_rtl: bool) -> list[Cell]:
    """The cells of a run in logical order: every character of the text stands in exactly one."""
    glyphs = shaped_by.shape(text, is_rtl=is_rtl)
    if is_rtl:
        glyphs.reverse()
    if [glyph.cluster for glyph in glyphs] == list(range(len(text))):  # one glyph a character
        return [
            Cell(Pair(glyph_id, character), advance, x_offset, y_offset)
            for (glyph_id, _, advance, x_offset, y_offset), character in zip(
                glyphs, text, strict=True
            )
        ]
    clusters = [(start, list(group)) for start, group in groupby(glyphs, lambda g: g.cluster)]
    ends = [start for start, _ in clusters[1:]] + [len(text)]
    found: list[Cell] = []
    for (start, group), end in zip(clusters, ends, strict=True):
        found += _cluster_cells(shaped_by, group, text[start:end], is_rtl=is_rtl)
    return found


def _cluster_cells(
    shaped_by: Face, glyphs: list[Glyph], characters: str, *, is_rtl: bool
) -> Iterator[Cell]:
    if len(glyphs) == 1:
        carrier = _carrier(characters, is_rtl=is_rtl)
        inked: list[Glyph | None] = [None] * len(characters)
        inked[carrier] = glyphs[0]
    else:
        inked = [*glyphs, *[None] * (len(characters) - len(glyphs))]
    for position, glyph in enumerate(inked):
        character = characters[position] if position < len(characters) else ZWNJ
        if glyph is None:
            yield Cell(Pair(shaped_by.zwnj_glyph, character), 0, 0, 0)
        else:
            pair = Pair(glyph.glyph_id, character)
            yield Cell(pair, glyph.advance, glyph.x_offset, glyph.y_offset)


def _carrier(characters: str, *, is_rtl: bool) -> int:
    """Which character a ligature's glyph carries: the first one, unless equal ones would meet.

    Readers take equal characters in one place for a shadow and drop one (الله became اله). Those
    without width stand at the near or the far end of the glyph, which begins at its left.
    """
    for carrier in range(len(characters)):
        split = carrier if is_rtl else carrier + 1
        if all(len(set(part)) == len(part) for part in (characters[:split], characters[split:])):
            return carrier
    return 0


class CidTable:
    """The fixed codes of one face; code 0 is the missing glyph.

    ``core`` is embedded in every file of the first container, ``common`` in those of the second.
    """

    def __init__(self, shaped_by: Face, core_samples: Iterable[Sample], common: str) -> None:
        self.face = shaped_by
        self.pairs = [Pair(0, ZWNJ)]
        self.cid_of: dict[Pair, int] = {}
        self.core = frozenset(self._add_all(core_samples))
        set(self._add_all(_samples()))
        found = self.core.union(self._add_all(_neighbours()))
        self.common = frozenset(cid for cid in found if self.pairs[cid].character in common)
        self._companions = {
            cid: group for group in map(self._showing, _COMPANIONS) for cid in group
        }

    def embedded(self, used: Iterable[int]) -> frozenset[int]:
        """What a font program should hold for these codes, so that few programs serve all files."""
        wanted = self.common.union(used)
        groups = (self._companions.get(cid) for cid in wanted - self.common)
        return wanted.union(*filter(None, groups))

    def _showing(self, characters: str) -> frozenset[int]:
        return frozenset(cid for cid, pair in enumerate(self.pairs) if pair.character in characters)

    def _add_all(self, samples: Iterable[Sample]) -> Iterator[int]:
        for text, is_rtl in samples:
            for cell in cells(self.face, text, is_rtl=is_rtl):
                yield self._add(cell.pair)

    def _add(self, pair: Pair) -> int:
        cid = self.cid_of.setdefault(pair, len(self.pairs))
        if cid == len(self.pairs):
            self.pairs.append(pair)
        return cid


@cache
def cid_table(weight: Weight) -> CidTable:
    """The table of a weight, built once."""
    return CidTable(face(weight), _CORES[weight](), _COMMON[weight])


def _forms(letters: str) -> Iterator[str]:
    """A letter, or letters, as they stand alone, at the end, at the beginning, in the middle."""
    yield from (letters, ZWJ + letters, letters + ZWJ, ZWJ + letters + ZWJ)


def _digits_and_signs() -> Iterator[Sample]:
    for text in (*PERSIAN_DIGITS, *_CORE_SIGNS, ZWNJ):
        yield text, True
    for text in (*PERSIAN_DIGITS, *"0123456789٬.-/:* "):
        yield text, False


def _letters_and_digits() -> Iterator[Sample]:
    for letter in PERSIAN_LETTERS + "ئأؤ":
        for form in _forms(letter):
            yield form, True
    for text in ("لا", ZWJ + "لا", "هٔ", ZWJ + "هٔ"):
        yield text, True
    yield from _digits_and_signs()


# What nearly every receipt holds is embedded always, so that a font program can be used again. Bold
# sets fixed words and figures, regular also names and other words that are new every time.
_CORES: dict[Weight, Callable[[], Iterator[Sample]]] = {
    Weight.REGULAR: _letters_and_digits,
    Weight.BOLD: _digits_and_signs,
}
_SELDOM = "ثذژظ"
_COMMON = {
    Weight.REGULAR: "".join(set(PERSIAN_LETTERS) - set(_SELDOM)) + PERSIAN_DIGITS + _FIGURES,
    Weight.BOLD: PERSIAN_DIGITS + "0123456789",
}
# Where one of a group is used the others come along: letters by their forms, hexadecimal digits.
_COMPANIONS = (*_SELDOM, "ئ", "أ", "ؤ", "ABCDEF")


def _samples() -> Iterator[Sample]:
    for character in PERSIAN_LETTERS + _ARABIC_LETTERS:
        for form in _forms(character):
            yield form, True
    for character in PERSIAN_DIGITS + _OTHER_DIGITS + _SIGNS + _MARKS + ZWNJ + _LATIN:
        yield character, True
        yield character, False
    for word in _LIGATURES:
        yield word, True
        yield ZWJ + word, True


def _neighbours() -> Iterator[Sample]:
    """Letters take other forms beside some others."""
    for first in PERSIAN_LETTERS + "ئؤأ":
        for second in PERSIAN_LETTERS + "ئؤ":
            for form in _forms(first + second):
                yield form, True
