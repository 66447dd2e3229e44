"""Reading cells: amounts, days, times and identifiers, from text or from a spreadsheet.

Each is read alone here; ``columns`` reads many at once and gives the same, sooner.
"""

import re
from datetime import UTC, date, datetime, time, timedelta
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
_DAY = re.compile(
    r"(?:([0-9]{4})([/\-.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{4})([0-9]{2})([0-9]{2}))"
    r"(?:[ T\-]+([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?"
)
# A day that does not begin with a year of four digits: which part is what has to be said.
DAY_OTHERWISE = re.compile(
    r"([0-9]{1,2})([/\-.])([0-9]{1,2})\2([0-9]{4}|[0-9]{1,2})"
    r"(?:[ T\-]+([0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?))?"
)
_JALALI_YEARS, _GREGORIAN_YEARS = range(1300, 1500), range(1900, 2100)
# Letters, digits and blanks that ``normalise`` would leave as they are: nearly every cell.
NORMAL = "[!-~،؛؟«»آ-غف-قل-وپچژکگی]"
NORMAL_TEXT = re.compile(f"(?:{NORMAL}+(?: {NORMAL}+)*)?")
_CACHED = 1 << 16
_THOUSANDS = {ord("٬"): ",", ord("،"): ","}


class Unreadable(ValueError):
    """A cell that does not hold what its column promises."""


class Ambiguous(Unreadable):
    """A day of which nobody said in which order its parts stand, or who said it otherwise."""


def is_blank(cell: Cell) -> bool:
    """Whether a cell holds nothing a person could see."""
    if isinstance(cell, str):
        return not cell or not (cell[0].isalnum() or _normalised(cell))
    return cell is None


@lru_cache(_CACHED)
def _normalised(text: str) -> str:
    return text if NORMAL_TEXT.fullmatch(text) else normalise(text)


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
    """A day as text, with or without a time behind it, or a spreadsheet's own. Raises Unreadable.

    Years of four digits only: those of the 1300s and 1400s are Jalali, 1900s and 2000s Gregorian.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, str | int) and not isinstance(cell, bool):
        return day_of_text(str(cell))
    raise Unreadable


@lru_cache(_CACHED)
def day_of_text(text: str) -> date:
    found = _DAY.fullmatch(_normalised(text))
    if found is None:
        raise Ambiguous if DAY_OTHERWISE.fullmatch(_normalised(text)) else Unreadable
    year, month, day = (
        (int(part) for part in found.group(1, 3, 4) if part)
        if found[1]
        else (int(part) for part in found.group(5, 6, 7))
    )
    try:
        if year in _GREGORIAN_YEARS:
            return date(year, month, day)
        if year in _JALALI_YEARS:
            return parse_jalali(f"{year}/{month}/{day}")
    except (ValueError, UnreadableDate) as error:
        raise Unreadable from error
    raise Unreadable


def clock_of(cell: Cell) -> time | None:
    """A time of day; nothing where the cell is empty. Raises Unreadable."""
    if isinstance(cell, str):
        return clock_of_text(cell)
    if isinstance(cell, datetime):
        return cell.time()
    if isinstance(cell, timedelta) and timedelta() <= cell < timedelta(days=1):
        return (datetime.min.replace(tzinfo=UTC) + cell).time()
    if cell is None or isinstance(cell, time):
        return cell
    raise Unreadable


@lru_cache(_CACHED)
def clock_of_text(text: str) -> time | None:
    plain = _normalised(text)
    if not plain:
        return None
    found = _CLOCK.fullmatch(plain)
    if found is None:
        raise Unreadable
    try:
        return time(int(found[1]), int(found[2]), int(found[3] or 0))
    except ValueError as error:
        raise Unreadable from error


def clock_beside_day(cell: Cell) -> time | None:
    """The time that stands in the cell of the day, if one does. Raises Unreadable."""
    if isinstance(cell, datetime):
        return cell.time() if cell.time() != time() else None
    found = _DAY.fullmatch(_normalised(cell)) if isinstance(cell, str) else None
    return clock_of_text(found[8] or "") if found is not None else None


def is_damaged(cell: Cell) -> bool:
    """Whether an identifier has lost its end in a spreadsheet, which keeps 15 digits of a number.

    So it is with a number of 16 and more digits and with one written with an exponent.
    """
    if isinstance(cell, str):
        return ("E" in cell or "e" in cell) and _SCIENTIFIC.fullmatch(_normalised(cell)) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool) and cell >= EXACT_BELOW


def identifier_of(cell: Cell, *, longest: int) -> str | None:
    """The digits of an identifier without leading zeros; nothing where there is none.

    One that ``is_damaged`` is no key.
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
    if is_damaged(text):
        return None
    digits = (digits_only(text) or "").lstrip("0")
    return digits if 0 < len(digits) <= longest else None
