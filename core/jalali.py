"""The Jalali calendar, at the edge only: inside, a day is a ``date`` and a moment is UTC."""

import re
from datetime import date, datetime

from persiantools.jdatetime import JalaliDate

from core.clock import TEHRAN, tehran_date
from core.digits import normalise, to_persian
from core.refusals import Refusal

_WRITTEN = re.compile(r"([0-9]{4})[/\-.]([0-9]{1,2})[/\-.]([0-9]{1,2})")
MONTHS = (
    "فروردین",
    "اردیبهشت",
    "خرداد",
    "تیر",
    "مرداد",
    "شهریور",
    "مهر",
    "آبان",
    "آذر",
    "دی",
    "بهمن",
    "اسفند",
)


class UnreadableDate(Refusal):
    """Text that is not a day of the Jalali calendar, such as 1404/12/30."""

    code = "date.unreadable"
    http_status = 422
    field = "date"


def jalali_year(day: date) -> int:
    """The Jalali year a day lies in; receipt series and deposit ids carry it."""
    return int(JalaliDate(day).year)


def jalali_text(day: date) -> str:
    """A day as people write it: ۱۴۰۴/۰۷/۲۱. The slashes keep their order in any direction."""
    return to_persian(jalali_plain(day))


def jalali_plain(day: date) -> str:
    """A day as programs and file names write it: 1404/07/21."""
    jalali = JalaliDate(day)
    return f"{jalali.year:04d}/{jalali.month:02d}/{jalali.day:02d}"


def jalali_long(day: date) -> str:
    """A day in words: ۲۱ مهر ۱۴۰۴."""
    jalali = JalaliDate(day)
    return to_persian(f"{jalali.day} {MONTHS[jalali.month - 1]} {jalali.year}")


def tehran_text(moment: datetime) -> str:
    """A moment as people write it in Tehran: ۱۴۰۴/۰۷/۲۱ ۱۴:۰۵."""
    local = moment.astimezone(TEHRAN)
    return f"{jalali_text(tehran_date(moment))} {to_persian(f'{local:%H:%M}')}"


def parse_jalali(text: str) -> date:
    """Read a day a person typed or a bank wrote, such as ۱۴۰۴/۷/۲۱. Raises UnreadableDate."""
    written = _WRITTEN.fullmatch(normalise(text))
    if written is None:
        raise UnreadableDate(text=text[:40])
    try:
        day = JalaliDate(*(int(part) for part in written.groups())).to_gregorian()
    except ValueError as error:
        raise UnreadableDate(text=text[:40]) from error
    return date(day.year, day.month, day.day)
