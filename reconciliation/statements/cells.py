"""Reading single cells: amounts, days, times and identifiers, from text or from a spreadsheet."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import TypeAlias

from core.digits import digits_only, normalise
from core.jalali import UnreadableDate, parse_jalali
from core.rial import AMOUNT_RIAL_MAX

Cell: TypeAlias = str | int | float | bool | date | time | timedelta | None

# Spreadsheets keep 15 digits of a number; what is longer has lost its end before it reached us.
EXACT_BELOW = 10**15
_BALANCE_MAX = 10**18
_GROUPED = re.compile(r"([-+]?)([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(-?)")
_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_SCIENTIFIC = re.compile(r"[0-9.,]+[eE][+\-]?[0-9]+")
_CACHED = 1 << 16
_THOUSANDS = {ord("٬"): ",", ord("،"): ","}


class Unreadable(ValueError):
    """A cell that does not hold what its column promises."""


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing a person could see."""
    if isinstance(cell, str):
        return not cell or (not cell.isalnum() and not _normalised(cell))
    return cell is None


@lru_cache(_CACHED)
def _normalised(text: str) -> str:
    return normalise(text)


def text_of(cell: Cell) -> str:
    """A cell as normalised text; a whole number without its spreadsheet's decimal point."""
    if isinstance(cell, str):
        return _normalised(cell)
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def money_of(cell: Cell) -> int:
    """A whole amount in the unit of the column, possibly negative. Raises Unreadable."""
    if isinstance(cell, str):
        plain = cell.replace(",", "")
        # Nearly every cell is this plain; it must still be grouped as thousands are.
        if len(plain) < 16 and plain.isascii() and plain.isdigit() and _is_grouped(cell, plain):
            return int(plain)
        return _money_of_text(cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise Unreadable
    if isinstance(cell, float) and not cell.is_integer():  # also refuses infinity and not-a-number
        raise Unreadable
    if abs(cell) >= EXACT_BELOW:
        raise Unreadable
    return int(cell)


def _is_grouped(text: str, plain: str) -> bool:
    return text in (plain, f"{int(plain):,}")


@lru_cache(_CACHED)
def _money_of_text(text: str) -> int:
    plain = normalise(text).translate(_THOUSANDS).replace(" ", "")
    if plain.startswith("(") and plain.endswith(")"):
        plain = f"-{plain[1:-1]}"
    found = _GROUPED.fullmatch(plain)
    if found is None or (found[1] and found[3]) or len(found[2]) > 25:
        raise Unreadable
    amount = int(found[2].replace(",", ""))
    if amount >= _BALANCE_MAX:
        raise Unreadable
    return -amount if "-" in (found[1], found[3]) else amount


def movement_of(cell: Cell) -> int:
    """One side of a booking: nothing, or a positive amount up to 10^15. Raises Unreadable."""
    amount = money_of(cell)
    if not 0 <= amount <= AMOUNT_RIAL_MAX:
        raise Unreadable
    return amount


def day_of(cell: Cell) -> date:
    """A Jalali day as text, or a spreadsheet's own date. Raises Unreadable."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, str):
        return _day_of_text(cell)
    raise Unreadable


@lru_cache(_CACHED)
def _day_of_text(text: str) -> date:
    try:
        return parse_jalali(text)
    except UnreadableDate as error:
        raise Unreadable from error


def clock_of(cell: Cell) -> time | None:
    """A time of day; nothing where the cell is empty. Raises Unreadable."""
    if isinstance(cell, datetime):
        return cell.time()
    if isinstance(cell, time):
        return cell
    if cell is None or isinstance(cell, str):
        return _clock_of_text(cell or "")
    raise Unreadable


@lru_cache(_CACHED)
def _clock_of_text(text: str) -> time | None:
    plain = normalise(text)
    if not plain:
        return None
    found = _CLOCK.fullmatch(plain)
    if found is None:
        raise Unreadable
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError as error:
        raise Unreadable from error


def identifier_of(cell: Cell, *, longest: int) -> str | None:
    """The digits of an identifier without leading zeros; nothing where there is none.

    A number of 16 and more digits, or one written with an exponent, has lost its end in a
    spreadsheet: it is damaged and no key.
    """
    if isinstance(cell, str):
        if cell.isascii() and cell.isdigit() and len(cell) <= longest:
            return cell.lstrip("0") or None
        return _identifier_of_text(cell, longest)
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    if isinstance(cell, float) and not cell.is_integer():
        return None
    return str(int(cell)) if 0 < cell < EXACT_BELOW else None


@lru_cache(_CACHED)
def _identifier_of_text(text: str, longest: int) -> str | None:
    if _SCIENTIFIC.fullmatch(normalise(text)):
        return None
    digits = (digits_only(text) or "").lstrip("0")
    return digits if 0 < len(digits) <= longest else None
