"""Money is a whole number of rials, and every name that holds it ends in ``_rial``."""

import re

from core.digits import normalise, to_persian
from core.refusals import Refusal

AMOUNT_RIAL_MAX = 10**15
# One kind of separator throughout, and three digits behind each: «1,5» is not fifteen rials.
_GROUPED = re.compile(r"[0-9]{1,3}(?:([,٬،. \u00a0\u202f\u200c])[0-9]{3})(?:\1[0-9]{3})*")
_UNIT = re.compile(r"\s*(ریال|rials?|irr)$", re.IGNORECASE)


class UnreadableAmount(Refusal):
    """An amount that is not a whole number of rials between 1 and 10^15."""

    code = "amount.unreadable"
    http_status = 422
    field = "amount_rial"


def parse_rial(text: str) -> int:
    """Read an amount a person typed, in Persian, Arabic or Latin digits, in rials.

    What cannot be read is refused: an unreadable amount never becomes zero. A dot or comma is
    only ever a separator of thousands, because rials have no fraction.
    """
    digits = _UNIT.sub("", normalise(text))
    if grouped_by := _GROUPED.fullmatch(digits):
        digits = digits.replace(grouped_by[1], "")
    if not re.fullmatch(r"[0-9]{1,16}", digits):
        raise UnreadableAmount(text=text[:40])
    return checked_rial(int(digits))


def checked_rial(amount_rial: int) -> int:
    """The amount itself, when it lies between 1 and 10^15 rials. Raises UnreadableAmount."""
    if isinstance(amount_rial, bool) or not 0 < amount_rial <= AMOUNT_RIAL_MAX:
        raise UnreadableAmount(text=str(amount_rial)[:40])
    return amount_rial


def grouped(amount_rial: int) -> str:
    """Persian digits in groups of three: ۱٬۵۰۰٬۰۰۰."""
    return to_persian(f"{amount_rial:,}").replace(",", "٬")


def format_rial(amount_rial: int) -> str:
    """Write an amount for a Persian reader: ۱٬۵۰۰٬۰۰۰ ریال."""
    return f"{grouped(amount_rial)} ریال"
