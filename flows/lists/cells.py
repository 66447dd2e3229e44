"""Reading the cells of a row: what cannot be read is refused with its column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from core.digits import folded, normalise
from core.jalali import UnreadableDate
from core.refusals import Refusal
from donations.pledging import UnusableQuantity
from offices.scope import Scope
from reconciliation.statements.cells import Unreadable, day_of_text

_Kind = TypeVar("_Kind")

Texts = Mapping[str, str]  # field -> what stands in its cell


class UnknownWord(Refusal):
    """A word where only a few are understood."""

    code = "list.word"
    http_status = 422
    field = "kind"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """Who hands a list in, for which offices, and when."""

    scope: Scope
    by_id: int
    now: datetime


class WrongCell(Exception):
    """A refusal that belongs to one column."""

    def __init__(self, field: str, refusal: Refusal) -> None:
        super().__init__()
        self.column, self.refusal = field, refusal


def read_cell(texts: Texts, field: str, read: Callable[[str], _Kind]) -> _Kind | None:
    """What a cell says; nothing where it is empty. Raises WrongCell."""
    if not texts.get(field):
        return None
    try:
        return read(texts[field])
    except Refusal as refusal:
        raise WrongCell(field, refusal) from refusal


def read_day(texts: Texts, field: str) -> date:
    """The day in a cell, Jalali or Gregorian. Raises WrongCell."""
    try:
        return day_of_text(texts.get(field, "").removesuffix(" 00:00:00"))
    except Unreadable as error:
        raise WrongCell(field, UnreadableDate()) from error


def read_word(texts: Texts, field: str, words: Mapping[str, _Kind]) -> _Kind:
    """Which of a few words stands in a cell. Raises WrongCell."""
    kind = words.get(folded(texts.get(field, "")))
    if kind is None:
        raise WrongCell(field, UnknownWord())
    return kind


def read_hours(text: str) -> int:
    """A whole number of hours. Raises UnusableQuantity."""
    plain = normalise(text)
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 6):
        raise UnusableQuantity(text=text[:40])
    return int(plain)


def office_code(text: str) -> str:
    """The code of an office; a spreadsheet drops the zero before one that it takes for a number."""
    return text.zfill(2) if text.isascii() and text.isdigit() else text
