"""How templates write money, numbers and days, in the language being spoken."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from core.clock import TEHRAN
from core.digits import isolate, to_persian
from core.jalali import jalali_long, jalali_plain, jalali_text, tehran_text
from core.rial import format_rial, grouped
from core.words import spoken


def rial(amount_rial: int) -> str:
    """An amount with its unit: ۱٬۵۰۰٬۰۰۰ ریال, or 1,500,000 rials."""
    return f"{amount_rial:,} rials" if spoken() == "en" else format_rial(amount_rial)


def number(value: int) -> str:
    """A whole number in groups of three."""
    return f"{value:,}" if spoken() == "en" else grouped(value)


def digits(text: object) -> str:
    """Any text, with the digits of the language."""
    return str(text) if spoken() == "en" else to_persian(str(text))


def day(value: date) -> str:
    """A Jalali day: ۱۴۰۴/۰۷/۲۱."""
    return jalali_plain(value) if spoken() == "en" else jalali_text(value)


def day_long(value: date) -> str:
    """A Jalali day in words: ۲۱ مهر ۱۴۰۴. In English its digits."""
    return jalali_plain(value) if spoken() == "en" else jalali_long(value)


def moment(value: datetime) -> str:
    """A moment in Tehran: ۱۴۰۴/۰۷/۲۱ ۱۴:۰۵."""
    if spoken() != "en":
        return tehran_text(value)
    local = value.astimezone(TEHRAN)
    return f"{jalali_plain(local.date())} {local:%H:%M}"


FILTERS: Mapping[str, Callable[..., str]] = {
    "rial": rial,
    "number": number,
    "digits": digits,
    "day": day,
    "day_long": day_long,
    "moment": moment,
    "isolate": isolate,
}
