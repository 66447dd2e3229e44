"""Reading whole columns: what ``cells`` reads one by one, the same, many times sooner.

Columns are looked at as one text, or each of their texts once: banks repeat their words. Where a
column is not plain, its cells are read alone.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, time
from functools import partial
from typing import TypeGuard, TypeVar

from pydantic_core import to_json

from core.digits import normalise
from core.rial import AMOUNT_RIAL_MAX
from reconciliation.statements.cells import (
    NORMAL,
    NORMAL_TEXT,
    Cell,
    Unreadable,
    clock_beside_day,
    clock_of,
    day_of,
    day_of_text,
    identifier_of,
    is_damaged,
    money_of,
    text_of,
)

_T = TypeVar("_T")
_NORMAL_COLUMN = re.compile(f"(?:(?:{NORMAL}+(?: {NORMAL}+)*)?(?:\n|\\Z))*")
_MONEY = "(?:[0-9]{1,3}(?:,[0-9]{3}){0,5}|[0-9]{1,15})"
_MONEY_COLUMN = re.compile(f"(?:{_MONEY}\n)*{_MONEY}")
_PLAIN_CLOCK = "(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
_CLOCK_COLUMN = re.compile(f"(?:{_PLAIN_CLOCK}\n)*{_PLAIN_CLOCK}")


def joined_texts(column: Sequence[Cell]) -> str | None:
    """The cells as lines; nothing where one is no text or has lines of its own."""
    try:
        joined = "\n".join(column)  # type: ignore[arg-type]
    except TypeError:
        return None
    return joined if joined.count("\n") == len(column) - 1 else None


def each_once(read: Callable[[Sequence[str]], Sequence[_T]], column: Sequence[str]) -> Sequence[_T]:
    """What a function of columns gives, which is shown every text once if many are repeated."""
    texts = set(column)
    if 2 * len(texts) > len(column):
        return read(column)
    known = dict(zip(texts, read(tuple(texts)), strict=True))
    return [known[text] for text in column]


def are_texts(column: Iterable[Cell]) -> TypeGuard[Sequence[str]]:
    """Whether every cell is a text."""
    return set(map(type, column)) == {str}


def text_column(column: Sequence[Cell], *, longest: int) -> Sequence[str]:
    """``text_of`` every cell, cut where no text goes on."""
    if are_texts(set(column)):
        return each_once(partial(_normalised, longest=longest), column)  # type: ignore[arg-type]
    return [text_of(cell)[:longest] for cell in column]


def _normalised(texts: Sequence[str], *, longest: int) -> Sequence[str]:
    joined = joined_texts(texts)
    if joined is None:
        return [text_of(text)[:longest] for text in texts]
    # These two letters are all that most exports have to be changed in.
    lines = joined.replace("ي", "ی").replace("ك", "ک")
    if _NORMAL_COLUMN.fullmatch(lines):
        return [line[:longest] for line in lines.split("\n")]
    is_normal = NORMAL_TEXT.fullmatch
    return [
        (line if is_normal(line) else normalise(text))[:longest]
        for text, line in zip(texts, lines.split("\n"), strict=True)
    ]


def or_nothing(texts: Sequence[str]) -> Sequence[str | None]:
    """The texts, with nothing in place of empty ones."""
    return texts if all(texts) else [text or None for text in texts]


def money_column(column: Sequence[Cell]) -> list[int]:
    """``money_of`` every cell. Raises Unreadable."""
    joined = joined_texts(column)
    if joined is not None and _MONEY_COLUMN.fullmatch(joined):
        return list(map(int, joined.replace(",", "").split("\n")))
    return [money_of(cell) for cell in column]


def movement_column(column: Sequence[Cell]) -> list[int]:
    """``movement_of`` every cell. Raises Unreadable."""
    amounts = money_column(column)
    if min(amounts) < 0 or max(amounts) > AMOUNT_RIAL_MAX:
        raise Unreadable
    return amounts


def day_column(column: Sequence[Cell]) -> Sequence[date]:
    """``day_of`` every cell. Raises Unreadable."""
    if are_texts(set(column)):
        return each_once(_days, column)  # type: ignore[arg-type]
    return list(map(day_of, column))


def _days(texts: Sequence[str]) -> Sequence[date]:
    return list(map(day_of_text, texts))


def clock_column(column: Sequence[Cell]) -> Sequence[time | None]:
    """``clock_of`` every cell. Raises Unreadable."""
    joined = joined_texts(column)
    if joined is not None and _CLOCK_COLUMN.fullmatch(joined):
        return list(map(time.fromisoformat, column))  # type: ignore[arg-type]
    return list(map(clock_of, column))


def clocks_beside_days(column: Sequence[Cell]) -> Sequence[time | None]:
    """``clock_beside_day`` every cell. Raises Unreadable."""
    joined = joined_texts(column)
    if joined is not None and ":" not in joined:
        return [None] * len(column)
    return list(map(clock_beside_day, column))


def identifier_column(column: Sequence[Cell], *, longest: int) -> list[str | None]:
    """``identifier_of`` every cell."""
    try:
        digits = "".join(column)  # type: ignore[arg-type]
    except TypeError:
        digits = "-"
    if digits.isascii() and digits.isdigit() and max(map(len, column)) <= longest:  # type: ignore[arg-type]
        return [cell.lstrip("0") or None for cell in column]  # type: ignore[union-attr]
    return [identifier_of(cell, longest=longest) for cell in column]


def damaged_in(column: Sequence[Cell]) -> list[int]:
    """The places in a column where ``is_damaged`` is so."""
    joined = joined_texts(column)
    if joined is not None and "e" not in joined and "E" not in joined:
        return []
    return [at for at, cell in enumerate(column) if is_damaged(cell)]


def as_json(rows: Sequence[object]) -> list[str]:
    """Each row as JSON: at once where all are texts, or lists that begin and end with texts."""
    whole = to_json(rows).decode()
    begin, end = ('["', '"]') if isinstance(rows[0], str) else ('[["', '"]]')
    between = f"{end[:-1]},{begin[1:]}"
    # Inside a text no quote stands without a stroke before it and no line ends: this parts rows.
    parted = whole[1:-1].replace(between, between.replace(",", "\n", 1)).split("\n")
    if len(parted) == len(rows) and whole.startswith(begin) and whole.endswith(end):
        return parted
    return [to_json(row).decode() for row in rows]
