"""How the days of a table are written, where a person said it: the order of a day's parts.

A year of four digits tells its calendar and, where it stands first, the order. All else has to be
said: which of two numbers is the month, and of which calendar a year of two digits is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from functools import lru_cache
from typing import Self

from reconciliation.statements import columns
from reconciliation.statements.cells import (
    DAY_OTHERWISE,
    Ambiguous,
    Cell,
    clock_beside_day,
    clock_of_text,
    day_of,
    day_of_text,
    text_of,
)

_CENTURY_FROM = 50  # years 50 to 99 are of the century that is over, in either calendar
_MONTHS = 12
_CACHED = 1 << 16


class DayOrder(StrEnum):
    """What stands where in a day that does not begin with a year of four digits."""

    YEAR_FIRST = "year_first"
    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


class DayCalendar(StrEnum):
    """Of which calendar a year of two digits is."""

    JALALI = "jalali"
    GREGORIAN = "gregorian"


_PLACES = {
    DayOrder.YEAR_FIRST: (0, 1, 2),
    DayOrder.DAY_FIRST: (2, 1, 0),
    DayOrder.MONTH_FIRST: (2, 0, 1),
}  # of year, month and day
_CENTURIES = {DayCalendar.JALALI: 1400, DayCalendar.GREGORIAN: 2000}


@dataclass(frozen=True, slots=True)
class DayForm:
    """The order of a day's parts, and the calendar of years that have only two digits."""

    order: DayOrder = DayOrder.YEAR_FIRST
    calendar: DayCalendar | None = None  # years have four digits

    @classmethod
    def of(cls, order: str, calendar: str | None) -> Self:
        """The form that was told in words. Raises ValueError."""
        return cls(DayOrder(order), DayCalendar(calendar) if calendar else None)

    def day_of(self, cell: Cell) -> date:
        """A day in this form, a year of four digits first, or a spreadsheet's own.

        Raises Unreadable, also where there is no such day; Ambiguous where its order or calendar is
        another or was not said.
        """
        return day_of(cell) if not isinstance(cell, str) else _day_of(cell, self)

    def clock_beside(self, cell: Cell) -> time | None:
        """The time that stands in the cell of the day, if one does. Raises Unreadable."""
        found = DAY_OTHERWISE.fullmatch(text_of(cell)) if isinstance(cell, str) else None
        return clock_beside_day(cell) if found is None else clock_of_text(found[5] or "")

    def days(self, column: Sequence[Cell]) -> Sequence[date]:
        """``day_of`` every cell of a column."""
        return columns.day_column(column) if self == USUAL else list(map(self.day_of, column))

    def clocks_beside(self, column: Sequence[Cell]) -> Sequence[time | None]:
        """``clock_beside`` every cell of a column of days."""
        if self == USUAL:
            return columns.clocks_beside_days(column)
        return list(map(self.clock_beside, column))


USUAL = DayForm()


@lru_cache(_CACHED)
def _day_of(text: str, form: DayForm) -> date:
    found = DAY_OTHERWISE.fullmatch(text_of(text))
    if found is None:
        return day_of_text(text)
    parts = found.group(1, 3, 4)
    year, month, day = (parts[place] for place in _PLACES[form.order])
    if len(year) == 2 and form.calendar is not None:
        century = _CENTURIES[form.calendar] - (100 if int(year) >= _CENTURY_FROM else 0)
        year = str(century + int(year))
    is_swapped = int(day) <= _MONTHS < int(month)  # they are in another order than was said
    if len(year) != 4 or len(month) > 2 or len(day) > 2 or is_swapped:
        raise Ambiguous
    return day_of_text(f"{year}/{month}/{day}")
