"""Amounts in words, Persian as Iranian cheques have it, and English.

Written here because the libraries are wrong or GPL: one leaves out یک before صد and هزار, one says
بیلیون for 10^12, one returns nothing at all for large numbers.
"""

# ruff: noqa: SIM905 - a number is read more easily as a row of words than as a column of literals

from core.refusals import Refusal
from core.rial import AMOUNT_RIAL_MAX

_ONES = (
    "صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"
).split()
_TENS = "بیست سی چهل پنجاه شصت هفتاد هشتاد نود".split()
_HUNDREDS = "یکصد دویست سیصد چهارصد پانصد ششصد هفتصد هشتصد نهصد".split()
_MILLIARD = 10**9

_ENGLISH_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
).split()
_ENGLISH_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_ENGLISH_SCALES = ("", " thousand", " million", " billion", " trillion", " quadrillion")


class BeyondWords(Refusal):
    """An amount that cannot be written in words: below zero or above 10^15."""

    code = "receipt.amount_beyond_words"
    http_status = 422
    field = "amount_rial"


def persian_words(number: int) -> str:
    """A whole number from 0 to 10^15 in Persian words. Raises BeyondWords outside.

    Above 10^12 Iranians count milliards: یک هزار و دویست میلیارد.
    """
    _check(number)
    if number == 0:
        return _ONES[0]
    milliards, below = divmod(number, _MILLIARD)
    parts = [f"{_persian_below_milliard(milliards)} میلیارد"] if milliards else []
    if below:
        parts.append(_persian_below_milliard(below))
    return " و ".join(parts)


def english_words(number: int) -> str:
    """A whole number from 0 to 10^15 in English words. Raises BeyondWords outside."""
    _check(number)
    groups: list[str] = []
    for scale in _ENGLISH_SCALES:
        number, group = divmod(number, 1000)
        if group:
            groups.append(_english_group(group) + scale)
    return " ".join(reversed(groups)) or _ENGLISH_ONES[0]


def _check(number: int) -> None:
    if not 0 <= number <= AMOUNT_RIAL_MAX:
        raise BeyondWords(amount_rial=number)


def _persian_below_milliard(number: int) -> str:
    millions, rest = divmod(number, 10**6)
    thousands, ones = divmod(rest, 1000)
    groups = ((millions, " میلیون"), (thousands, " هزار"), (ones, ""))
    return " و ".join(_PERSIAN_GROUPS[group] + scale for group, scale in groups if group)


def _persian_group(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [_HUNDREDS[hundreds - 1]] if hundreds else []
    if rest >= 20:
        parts.append(_TENS[rest // 10 - 2])
        rest %= 10
    if rest:
        parts.append(_ONES[rest])
    return " و ".join(parts)


def _english_group(number: int) -> str:
    hundreds, rest = divmod(number, 100)
    parts = [f"{_ENGLISH_ONES[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        tens, one = _ENGLISH_TENS[rest // 10 - 2], rest % 10
        parts.append(f"{tens}-{_ENGLISH_ONES[one]}" if one else tens)
    elif rest:
        parts.append(_ENGLISH_ONES[rest])
    return " ".join(parts)


_PERSIAN_GROUPS = tuple(_persian_group(number) for number in range(1000))
