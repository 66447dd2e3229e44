"""How templates write money, numbers and days, in the language being spoken."""

from collections.abc import Callable, Mapping
from datetime import date, datetime

from core.clock import TEHRAN
from core.digits import isolate, to_persian
from core.jalali import jalali_long, jalali_plain, jalali_text, tehran_text
from core.rial import format_rial, grouped
from core.words import spoken
from receipts.life.freezing import quantity_text


def rial(amount_rial: int) -> str:
    """An amount with its unit: ۱٬۵۰۰٬۰۰۰ ریال, or 1,500,000 rials."""
    return f"{amount_rial:,} rials" if spoken() == "en" else format_rial(amount_rial)


def rial_and_toman(amount_rial: int) -> str:
    """An amount as it is written, and in brackets as people say it: ten rials are a toman."""
    tomans, rest = divmod(amount_rial, 10)
    if rest:
        return rial(amount_rial)
    unit = "tomans" if spoken() == "en" else "تومان"
    return f"{rial(amount_rial)} ({number(tomans)} {unit})"


def number(value: int) -> str:
    """A whole number in groups of three."""
    return f"{value:,}" if spoken() == "en" else grouped(value)


def digits(text: object) -> str:
    """Any text, with the digits of the language."""
    return str(text) if spoken() == "en" else to_persian(str(text))


def quantity(thousandths: int) -> str:
    """A quantity of goods, from thousandths of its unit: ۲۰, ۱٫۵."""
    text = quantity_text(thousandths)
    return text if spoken() == "en" else to_persian(text).replace(".", "٫")


def decimal(text: str) -> str:
    """A quantity such as 1.5, with the digits and the decimal sign of the language."""
    return text if spoken() == "en" else to_persian(text).replace(".", "٫")


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
    "rial_and_toman": rial_and_toman,
    "number": number,
    "digits": digits,
    "decimal": decimal,
    "quantity": quantity,
    "day": day,
    "day_long": day_long,
    "moment": moment,
    "isolate": isolate,
}
