"""Levels of the Unicode Bidirectional Algorithm (UAX #9) for one paragraph, and its visual order.

ReportLab has none, and python-bidi gives back reordered text where shaping needs levels. The names
in brackets (X1, W4, N0 ...) are the rules of the standard's text.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple
from unicodedata import bidirectional

LTR, RTL = 0, 1
MAX_DEPTH = 125
MAX_OPEN_BRACKETS = 63

_ISOLATE_STARTS = frozenset({"LRI", "RLI", "FSI"})
_ISOLATE_MARKS = _ISOLATE_STARTS | {"PDI"}
_EMBEDDINGS = frozenset({"RLE", "LRE", "RLO", "LRO"})
_REMOVED = _EMBEDDINGS | {"PDF", "BN"}  # X9
_NEUTRAL = _ISOLATE_MARKS | {"B", "S", "WS", "ON"}
_STRONG = frozenset({"L", "R", "AL"})
_TRAILING = _ISOLATE_MARKS | _REMOVED | {"WS"}  # L1
_WITHOUT_EFFECT = frozenset({"NSM", "WS", "ON", "CS", "ES", "ET", "BN"})
_SURELY = {LTR: _WITHOUT_EFFECT | {"L", "EN"}, RTL: _WITHOUT_EFFECT | {"R", "AL"}}
_ALL_TURNED = ({1, 2}, {1, 3})  # levels of a line whose runs are simply read backwards
_FIGURES = frozenset({"EN", "AN"})
_STAND_IN = "\ufffc"  # neutral, as an isolate is for the text around it
_SEPARATORS = re.compile("[\t\n\x0b\r\x1c-\x1f\x85\u2029]")  # classes S and B
_RUNS = re.compile(rb"(.)\1*", re.DOTALL)
_OVERRIDE = {"RLO": "R", "LRO": "L"}

# BidiBrackets.txt of Unicode 14, opening and closing beside each other; the two deprecated angle
# brackets U+2329/232A are canonically the CJK ones and must match them.
_BRACKETS = (
    "()[]{}༺༻༼༽᚛᚜⁅⁆⁽⁾₍₎⌈⌉⌊⌋❨❩❪❫❬❭❮❯❰❱❲❳❴❵⟅⟆⟦⟧⟨⟩⟪⟫⟬⟭⟮⟯⦃⦄⦅⦆⦇⦈⦉⦊⦋⦌⦍⦐⦏⦎⦑⦒⦓⦔⦕⦖⦗⦘"
    "⧘⧙⧚⧛⧼⧽⸢⸣⸤⸥⸦⸧⸨⸩⹕⹖⹗⹘⹙⹚⹛⹜〈〉《》「」『』【】〔〕〖〗〘〙〚〛﹙﹚﹛﹜﹝﹞（）［］｛｝｟｠｢｣"
)
_CLOSER = dict(zip(_BRACKETS[::2], _BRACKETS[1::2], strict=True)) | {"\u2329": "〉"}
_CLOSERS = {closer: closer for closer in _CLOSER.values()} | {"\u232a": "〉"}


class Run(NamedTuple):
    """Neighbouring characters of one level, as a half-open range of the text."""

    start: int
    end: int
    level: int


class _Frame(NamedTuple):
    level: int
    override: str | None
    is_isolate: bool


class _Classes(dict[str, str]):
    """The bidi class of a character, looked up once."""

    def __missing__(self, character: str) -> str:
        found = self[character] = bidirectional(character) or "L"
        return found


_class_of = _Classes().__getitem__


def levels(text: str, base: int) -> bytes:
    """The level of each character of a paragraph whose own level is ``base`` (rules X to I)."""
    classes = list(map(_class_of, text))
    if _SURELY[base].issuperset(classes):
        return bytes((base,)) * len(text)
    if base == LTR and _FIGURES.issuperset(classes):  # ۲٬۵۰۰: W7 and I1, nothing else applies
        return bytes([LTR if name == "EN" else LTR + 2 for name in classes])
    pairs = _isolate_pairs(classes)
    opened = sum(name in _ISOLATE_STARTS for name in classes)
    if pairs and opened == len(pairs) and _EMBEDDINGS.isdisjoint(classes):
        return _levels_by_isolates(text, classes, pairs, base)
    resolved, explicit = _explicit(classes, pairs, base)
    found = list(explicit)
    kept = [i for i, name in enumerate(classes) if name not in _REMOVED]
    for sequence in _sequences(kept, classes, explicit, pairs):
        before, after = _surroundings(sequence, kept, classes, explicit, pairs, base)
        _resolve(text, sequence, classes, resolved, explicit[sequence[0]], before, after)
        _implicit(sequence, resolved, found)
    previous = base
    for i, name in enumerate(classes):
        if name in _REMOVED:
            found[i] = previous
        previous = found[i]
    return bytes(found)


def _levels_by_isolates(
    text: str, classes: Sequence[str], pairs: dict[int, int], base: int
) -> bytes:
    """Each closed isolate is a paragraph of its own: cheaper, because most then need no rules."""
    outer: list[str] = []
    inner: list[tuple[int, int]] = []
    reached = 0
    for start in sorted(pairs):
        if start >= reached:  # not within another one
            outer += (text[reached:start], _STAND_IN, _STAND_IN)
            inner.append((start, pairs[start]))
            reached = pairs[start] + 1
    around = levels("".join([*outer, text[reached:]]), base)
    parts: list[bytes] = []
    used = inserted = 0
    for start, end in inner:
        opened = start + 1 - inserted
        direction = LTR if classes[start] == "LRI" else RTL
        if classes[start] == "FSI":
            direction = _first_strong(classes, start + 1, end, pairs)
        content = levels(text[start + 1 : end], direction)
        lift = _next_level(base, direction) - direction
        parts += (around[used:opened], bytes([level + lift for level in content]))
        used = opened
        inserted += end - start - 1
    return b"".join([*parts, around[used:]])


def line_levels(text: str, found: bytes, base: int, start: int, end: int) -> bytes:
    """The levels of one line of the paragraph: blanks at its end fall back to ``base`` (L1)."""
    line = bytearray(found[start:end])
    for i in range(end - 1, start - 1, -1):
        if _class_of(text[i]) not in _TRAILING:
            break
        line[i - start] = base
    for separator in _SEPARATORS.finditer(text, start, end):  # tabs and the like, and blanks before
        i = separator.start()
        line[i - start] = base
        while i > start and _class_of(text[i - 1]) in _TRAILING:
            i -= 1
            line[i - start] = base
    return bytes(line)


def level_runs(line: bytes, offset: int = 0) -> list[Run]:
    """The runs of a line in logical order; ``offset`` is where the line starts."""
    spans = [found.span() for found in _RUNS.finditer(line)]
    return [Run(start + offset, end + offset, line[start]) for start, end in spans]


def visual_runs(line: bytes, offset: int = 0) -> list[Run]:
    """The runs of a line from left to right (L2); ``offset`` is where the line starts."""
    runs = level_runs(line, offset)
    if len(runs) <= 1:
        return runs
    found = set(line)
    if found in _ALL_TURNED:
        return runs[::-1]
    highest = max(found)
    lowest_odd = min((level for level in found if level & 1), default=highest + 1)
    for level in range(highest, lowest_odd - 1, -1):
        i = 0
        while i < len(runs):
            j = i
            while j < len(runs) and runs[j].level >= level:
                j += 1
            runs[i:j] = runs[i:j][::-1]
            i = max(j, i + 1)
    return runs


def _isolate_pairs(classes: Sequence[str]) -> dict[int, int]:
    """Where each isolate that is closed ends (BD9)."""
    pairs: dict[int, int] = {}
    waiting: list[int] = []
    for i, name in enumerate(classes):
        if name in _ISOLATE_STARTS:
            waiting.append(i)
        elif name == "PDI" and waiting:
            pairs[waiting.pop()] = i
    return pairs


def _first_strong(classes: Sequence[str], start: int, end: int, pairs: dict[int, int]) -> int:
    """The direction the first strong character gives, isolates within left out (P2, X5c)."""
    i = start
    while i < end:
        if classes[i] in _STRONG:
            return LTR if classes[i] == "L" else RTL
        if classes[i] in _ISOLATE_STARTS:
            i = pairs.get(i, end)
        i += 1
    return LTR


def _next_level(level: int, direction: int) -> int:
    return (level + 1) | 1 if direction == RTL else (level + 2) & ~1


def _explicit(classes: list[str], pairs: dict[int, int], base: int) -> tuple[list[str], list[int]]:
    """Classes after overrides, and levels from embeddings and isolates alone (X1 to X8)."""
    resolved, found = list(classes), [base] * len(classes)
    stack = [_Frame(base, None, is_isolate=False)]
    isolates_over = embeddings_over = isolates_open = 0
    for i, name in enumerate(classes):
        if name == "PDI":
            if isolates_over:
                isolates_over -= 1
            elif isolates_open:
                embeddings_over = 0
                while not stack.pop().is_isolate:
                    pass
                isolates_open -= 1
        found[i] = base if name == "B" else stack[-1].level
        if stack[-1].override and name not in _REMOVED and name != "B":
            resolved[i] = stack[-1].override or name
        if name in _ISOLATE_STARTS:
            direction = RTL if name == "RLI" else LTR
            if name == "FSI":
                direction = _first_strong(classes, i + 1, pairs.get(i, len(classes)), pairs)
            level = _next_level(stack[-1].level, direction)
            if level <= MAX_DEPTH and not isolates_over and not embeddings_over:
                isolates_open += 1
                stack.append(_Frame(level, None, is_isolate=True))
            else:
                isolates_over += 1
        elif name in _EMBEDDINGS:
            level = _next_level(stack[-1].level, RTL if name[0] == "R" else LTR)
            if level <= MAX_DEPTH and not isolates_over and not embeddings_over:
                stack.append(_Frame(level, _OVERRIDE.get(name), is_isolate=False))
            elif not isolates_over:
                embeddings_over += 1
        elif name == "PDF" and not isolates_over:
            if embeddings_over:
                embeddings_over -= 1
            elif not stack[-1].is_isolate and len(stack) > 1:
                stack.pop()
    return resolved, found


def _sequences(
    kept: Sequence[int], classes: Sequence[str], found: Sequence[int], pairs: dict[int, int]
) -> list[list[int]]:
    """The isolating run sequences, each as positions in the text (BD13, X10)."""
    runs: list[list[int]] = []
    for i in kept:
        if runs and found[runs[-1][-1]] == found[i]:
            runs[-1].append(i)
        else:
            runs.append([i])
    starting_at = {run[0]: run for run in runs}
    closers = set(pairs.values())
    sequences = []
    for run in runs:
        if run[0] in closers:
            continue  # goes on an earlier sequence
        sequence, last = list(run), run[-1]
        while classes[last] in _ISOLATE_STARTS and last in pairs:
            following = starting_at.get(pairs[last])
            if following is None:
                break
            sequence += following
            last = following[-1]
        sequences.append(sequence)
    return sequences


def _surroundings(
    sequence: Sequence[int],
    kept: Sequence[int],
    classes: Sequence[str],
    found: Sequence[int],
    pairs: dict[int, int],
    base: int,
) -> tuple[str, str]:
    """The directions just before and just after a sequence: sos and eos (X10)."""
    first, last = sequence[0], sequence[-1]
    level = found[first]
    position = bisect_left(kept, first)
    before = found[kept[position - 1]] if position else base
    position = bisect_left(kept, last) + 1
    after = found[kept[position]] if position < len(kept) else base
    if classes[last] in _ISOLATE_STARTS and last not in pairs:
        after = base
    return ("R" if max(level, before) & 1 else "L", "R" if max(level, after) & 1 else "L")


def _resolve(
    text: str,
    sequence: Sequence[int],
    classes: Sequence[str],
    resolved: list[str],
    level: int,
    before: str,
    after: str,
) -> None:
    """Settle weak and neutral classes of one sequence, in place (W, N)."""
    names = [resolved[i] for i in sequence]
    embedding = "R" if level & 1 else "L"
    _marks_and_numbers(names, before)
    _separators(names)
    _numbers_after_latin(names, before)
    _brackets(text, sequence, classes, names, embedding, before)
    _neutrals(names, embedding, before, after)
    for i, name in zip(sequence, names, strict=True):
        resolved[i] = name


def _marks_and_numbers(names: list[str], before: str) -> None:
    """Marks follow their letter, numbers after Arabic letters are Arabic (W1 to W3)."""
    previous = before
    for j, name in enumerate(names):
        if name == "NSM":
            names[j] = "ON" if previous in _ISOLATE_MARKS else previous
        previous = names[j]
    strong = before
    for j, name in enumerate(names):
        if name in _STRONG:
            strong = name
        elif name == "EN" and strong == "AL":
            names[j] = "AN"
    for j, name in enumerate(names):
        if name == "AL":
            names[j] = "R"


def _separators(names: list[str]) -> None:
    """Signs within and beside numbers belong to them, others are neutral (W4 to W6)."""
    for j in range(1, len(names) - 1):
        around = names[j - 1]
        if around != names[j + 1]:
            continue
        if (names[j] == "ES" and around == "EN") or (names[j] == "CS" and around in ("EN", "AN")):
            names[j] = around
    for j, name in enumerate(names):  # W5, signs after a number
        if name == "ET" and j and names[j - 1] == "EN":
            names[j] = "EN"
    for j in range(len(names) - 2, -1, -1):  # W5, signs before a number
        if names[j] == "ET" and names[j + 1] == "EN":
            names[j] = "EN"
    for j, name in enumerate(names):
        if name in ("ES", "ET", "CS"):
            names[j] = "ON"


def _numbers_after_latin(names: list[str], before: str) -> None:
    """Numbers after left-to-right letters are part of them (W7)."""
    strong = before
    for j, name in enumerate(names):
        if name in ("L", "R"):
            strong = name
        elif name == "EN" and strong == "L":
            names[j] = "L"


def _direction(name: str) -> str | None:
    if name in ("R", "EN", "AN"):
        return "R"
    return "L" if name == "L" else None


def _bracket_pairs(
    text: str, sequence: Sequence[int], names: Sequence[str]
) -> list[tuple[int, int]]:
    """Matching brackets as positions in the sequence, in order of opening (BD16)."""
    waiting: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for j, i in enumerate(sequence):
        if names[j] != "ON":
            continue
        character = text[i]
        if character in _CLOSER:
            if len(waiting) == MAX_OPEN_BRACKETS:
                return []
            waiting.append((_CLOSER[character], j))
        elif character in _CLOSERS:
            for depth in range(len(waiting) - 1, -1, -1):
                if waiting[depth][0] == _CLOSERS[character]:
                    pairs.append((waiting[depth][1], j))
                    del waiting[depth:]
                    break
    return sorted(pairs)


def _brackets(
    text: str,
    sequence: Sequence[int],
    classes: Sequence[str],
    names: list[str],
    embedding: str,
    before: str,
) -> None:
    """A pair of brackets takes one direction, from what it holds or stands behind (N0)."""
    for opening, closing in _bracket_pairs(text, sequence, names):
        inside = {_direction(name) for name in names[opening + 1 : closing]} - {None}
        if not inside:
            continue
        direction = embedding
        if embedding not in inside:
            earlier = (_direction(name) for name in reversed(names[:opening]))
            if next((found for found in earlier if found), before) != embedding:
                direction = "L" if embedding == "R" else "R"
        for bracket in (opening, closing):
            names[bracket] = direction
            j = bracket + 1
            while j < len(names) and classes[sequence[j]] == "NSM":
                names[j] = direction
                j += 1


def _neutrals(names: list[str], embedding: str, before: str, after: str) -> None:
    """Neutrals between equal directions take it, others that of the embedding (N1, N2)."""
    j = 0
    while j < len(names):
        if names[j] not in _NEUTRAL:
            j += 1
            continue
        end = j
        while end < len(names) and names[end] in _NEUTRAL:
            end += 1
        left = _direction(names[j - 1]) if j else before
        right = _direction(names[end]) if end < len(names) else after
        names[j:end] = [left if left and left == right else embedding] * (end - j)
        j = end


def _implicit(sequence: Sequence[int], resolved: Sequence[str], found: list[int]) -> None:
    """Raise levels by the settled class (I1, I2)."""
    for i in sequence:
        name = resolved[i]
        if found[i] & 1:
            found[i] += 0 if name == "R" else 1
        elif name == "R":
            found[i] += 1
        elif name in ("AN", "EN"):
            found[i] += 2
