"""Setting text: from a logical string to the PDF operators of its lines.

A paragraph's bidi levels are resolved once, lines are broken in logical order, each line is
reordered by itself and its runs are shaped word by word. Right-to-left runs stand in
``/ReversedChars`` marked content, the PDF standard's own word for "the characters of this text run
backwards", which is what makes copying and searching work.

Nothing here depends on what was set before, except speed: words and paragraphs are cached.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from core.refusals import Refusal
from receipts.typesetting.bidi import Run, level_runs, levels, line_levels, visual_runs
from receipts.typesetting.cids import Pair, cells, cid_table
from receipts.typesetting.fonts import Weight, face
from receipts.typesetting.text import printable

# Rare pairs (see cids) stand in the operators as two characters, the glyph shifted into
# a private plane of the face and the character itself, until the document gives them a number.
_RARE_PLANES = {Weight.REGULAR: 0xF0000, Weight.BOLD: 0x100000}
_RARE = re.compile("([\U000f0000-\U0010ffff])(.)", re.DOTALL)
_BIDI_CONTROLS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F))
# Digits are set one by one: they are not kerned, and ten are cached where numbers are ever new.
_TOKENS = re.compile(" +|[0-9۰-۹]|[^ 0-9۰-۹]+")
_WORDS = re.compile("[^ ]+")
_NOTHING: frozenset[int] = frozenset()
_LEAST_SHIFT = 0.05  # thousandths of an em; below it nobody sees a shift


class UnknownGlyph(Refusal):
    """A text holds a character the printed face does not have; it would come out as a box."""

    code = "receipt.unknown_glyph"
    http_status = 422


class Style(NamedTuple):
    """Face and size (points) of a text, and the base level of its paragraph."""

    weight: Weight
    size: float
    base: int


class Line(NamedTuple):
    """A line ready to be placed: operators to follow a text matrix, width in points."""

    operators: str
    width: float
    cids: frozenset[int]
    rare: frozenset[Pair]


class _Word(NamedTuple):
    pieces: tuple[tuple[float, str], ...]  # (rise, content of a TJ array), thousandths of an em
    flat: str  # that content where nothing rises, as in nearly every word
    width: float
    cids: frozenset[int]
    rare: frozenset[Pair]


def require_printable(texts: Iterable[str]) -> None:
    """Raise UnknownGlyph, naming the character, for text that cannot be printed as it is."""
    for text in texts:
        for character in printable(text):
            for weight in Weight:
                _require_glyph(weight, character)


@lru_cache(maxsize=8192)
def set_paragraph(text: str, style: Style, width: float | None = None) -> tuple[Line, ...]:
    """The lines of a text, broken at blanks to a width in points. Raises UnknownGlyph."""
    found = levels(text, style.base)
    if width is None:
        return (_set_line(text, found, style, 0, len(text)),)
    whole = _set_line(text, found, style, 0, len(text.rstrip(" ")))
    if whole.width <= width:
        return (whole,)
    return tuple(
        _set_line(text, found, style, start, end)
        for start, end in _line_ranges(text, found, style.weight, width * 1000 / style.size)
    )


def text_width(text: str, style: Style) -> float:
    """The width of a text on one line, in points."""
    return sum(line.width for line in set_paragraph(text, style))


def number_rare(operators: str, cid_of: Mapping[Weight, Mapping[Pair, int]]) -> str:
    """Put the document's numbers in the place of rare pairs."""

    def numbered(found: re.Match[str]) -> str:
        glyph, character = ord(found[1]), found[2]
        weight = Weight.REGULAR if glyph < _RARE_PLANES[Weight.BOLD] else Weight.BOLD
        return f"{cid_of[weight][Pair(glyph - _RARE_PLANES[weight], character)]:04X}"

    return _RARE.sub(numbered, operators)


def _line_ranges(
    text: str, found: bytes, weight: Weight, limit: float
) -> Iterator[tuple[int, int]]:
    blank = _word(weight, " ", is_rtl=False).width
    start = end = 0
    used = 0.0
    for word in _WORDS.finditer(text):
        width = _span_width(text, found, weight, *word.span())
        gap = blank * (word.start() - end)
        if end > start and used + gap + width > limit:
            yield start, end
            start, used, gap = word.start(), 0.0, 0.0
        end, used = word.end(), used + gap + width
        while used > limit:
            cut = _longest_fitting(text, found, weight, start, end, limit)
            yield start, cut
            start = cut
            used = _span_width(text, found, weight, start, end)
    yield start, end


def _longest_fitting(
    text: str, found: bytes, weight: Weight, start: int, end: int, limit: float
) -> int:
    """Where a word too wide for any line must be cut; at least one character goes on."""
    cut = start + 1
    for position in range(start + 2, end):
        if _span_width(text, found, weight, start, position) > limit:
            break
        if not unicodedata.combining(text[position]):
            cut = position
    return cut


def _span_width(text: str, found: bytes, weight: Weight, start: int, end: int) -> float:
    total = 0.0
    for run in level_runs(found[start:end], start):
        total += sum(word.width for word in _words(text, run, weight))
    return total


def _words(text: str, run: Run, weight: Weight) -> list[_Word]:
    """The words and blanks of a run in logical order."""
    shown = text[run.start : run.end].translate(_BIDI_CONTROLS)
    if not shown:
        return []
    return [_word(weight, token, bool(run.level & 1)) for token in _TOKENS.findall(shown)]


@lru_cache(maxsize=32768)
def _word(weight: Weight, text: str, is_rtl: bool) -> _Word:  # noqa: FBT001 - a cache key
    for character in text:
        _require_glyph(weight, character)
    table = cid_table(weight)
    ordered = cells(table.face, text, is_rtl=is_rtl)
    if is_rtl:
        ordered.reverse()
    pieces: list[tuple[float, str]] = []
    for pair, advance, x_offset, y_offset in ordered:
        cid = table.cid_of.get(pair)
        code = _rare_code(weight, pair) if cid is None else f"{cid:04X}"
        content = f"{_shift(-x_offset)}<{code}>"
        content += _shift(table.face.advance(pair.glyph_id) - advance + x_offset)
        _append(pieces, y_offset, content)
    pairs = frozenset(cell.pair for cell in ordered)
    rare = pairs - table.cid_of.keys()
    cids = frozenset(table.cid_of[pair] for pair in pairs - rare)
    flat = pieces[0][1] if len(pieces) == 1 and not pieces[0][0] else ""
    return _Word(tuple(pieces), flat, sum(cell.advance for cell in ordered), cids, rare)


def _append(pieces: list[tuple[float, str]], rise: float, content: str) -> None:
    """Add to the last piece where the rise is the same."""
    if pieces and pieces[-1][0] == rise:
        pieces[-1] = (rise, pieces[-1][1] + content)
    else:
        pieces.append((rise, content))


def _set_line(text: str, found: bytes, style: Style, start: int, end: int) -> Line:
    line = line_levels(text, found, style.base, start, end)
    operators: list[str] = []
    words: list[_Word] = []
    for run in _joined(visual_runs(line, start)):
        logical = _words(text, run, style.weight)
        if not logical:
            continue
        is_rtl = bool(run.level & 1)
        visual = logical[::-1] if is_rtl else logical
        shown = _show(visual, style.size)
        operators.append(f"/ReversedChars BMC {shown} EMC" if is_rtl else shown)
        words += logical
    rare = [word.rare for word in words if word.rare]
    return Line(
        " ".join(operators),
        sum([word.width for word in words]) * style.size / 1000,
        _NOTHING.union(*[word.cids for word in words]),
        frozenset().union(*rare),
    )


def _joined(runs: list[Run]) -> list[Run]:
    """Neighbours that read on left to right become one run: ۲٬۵۰۰ has three levels, one word."""
    joined: list[Run] = []
    for run in runs:
        last = joined[-1] if joined else None
        if last and last.end == run.start and not (last.level | run.level) & 1:
            joined[-1] = Run(last.start, run.end, last.level)
        else:
            joined.append(run)
    return joined


def _show(words: list[_Word], size: float) -> str:
    flat = [word.flat for word in words]
    if all(flat):
        return f"[{''.join(flat).replace('><', '')}]TJ"
    pieces: list[tuple[float, str]] = []
    for word in words:
        for rise, content in word.pieces:
            _append(pieces, rise, content)
    operators = []
    risen = False
    for rise, content in pieces:
        if rise or risen:
            operators.append(f"{rise * size / 1000:.2f} Ts")
            risen = bool(rise)
        operators.append(f"[{content.replace('><', '')}]TJ")
    if risen:
        operators.append("0 Ts")
    return " ".join(operators)


def _shift(thousandths: float) -> str:
    if abs(thousandths) < _LEAST_SHIFT:
        return ""
    return f"{thousandths:.1f}"


def _rare_code(weight: Weight, pair: Pair) -> str:
    return chr(_RARE_PLANES[weight] + pair.glyph_id) + pair.character


def _require_glyph(weight: Weight, character: str) -> None:
    if not face(weight).has(character):
        name = unicodedata.name(character, "a character without a name")
        raise UnknownGlyph(character=f"U+{ord(character):04X} {name}", sign=character)
