"""From data to printable text: what the layouts put on paper, in the receipt's own language.

Every code and number is isolated here, because the bidi algorithm, followed to the letter, prints
``610433******1234`` back to front in a Persian line. Pure functions, no font needed.
"""

import re
import unicodedata
from datetime import date
from functools import lru_cache

from core.digits import isolate, to_latin, to_persian
from core.jalali import jalali_text
from core.rial import grouped
from receipts.typesetting.words import english_words, persian_words

PERSIAN, ENGLISH = "fa", "en"
LANGUAGES = (PERSIAN, ENGLISH)

_FIRST_STRONG_ISOLATE, _END_OF_ISOLATE = "\u2068", "\u2069"
_JOINERS = {0x200C: None, 0x200D: None}  # Persian spelling, though Unicode calls them controls
_BLANKS = re.compile(r"\s+")
_WITHOUT_LATIN_LETTERS = re.compile(r"(?<!\S)[^\sA-Za-z]+(?!\S)")
_VARIATION_SELECTORS = re.compile("[\ufe00-\ufe0f]")


def printable(text: str) -> str:
    """One line of text without anything that could reorder or hide its neighbours.

    Bidi overrides, isolates and marks, control characters and variation selectors go; ZWNJ stays.
    """
    composed = _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip()
    composed = _VARIATION_SELECTORS.sub("", composed)
    if composed.translate(_JOINERS).isprintable():
        return composed
    return "".join(c for c in composed if c.isprintable() or ord(c) in _JOINERS)


@lru_cache(maxsize=4096)
def free_text(text: str, language: str) -> str:
    """Words of people in a direction of their own, Persian ones with Persian digits.

    A company name that ends with a full stop keeps it at its own end; Model-A5 keeps its digit.
    """
    clean = printable(text)
    if language == PERSIAN:
        clean = _WITHOUT_LATIN_LETTERS.sub(lambda word: to_persian(word[0]), clean)
    return f"{_FIRST_STRONG_ISOLATE}{clean}{_END_OF_ISOLATE}"


def code_text(code: str) -> str:
    """A code as machines and bank counters write it: Latin digits, never reordered."""
    return isolate(to_latin(printable(code)))


def number_text(number: str, language: str) -> str:
    """A receipt or account number in the digits of the language, never reordered."""
    clean = printable(number)
    return isolate(to_persian(clean) if language == PERSIAN else to_latin(clean))


def quantity_text(quantity: str, language: str) -> str:
    """A count that may have decimals: ۱۲٫۵ or 12.5."""
    return number_text(quantity.replace(".", "٫") if language == PERSIAN else quantity, language)


def day_text(day: date, language: str) -> str:
    """A day: Jalali in Persian; in English the Jalali day and the Gregorian one."""
    if language == PERSIAN:
        return isolate(jalali_text(day))
    return f"{isolate(to_latin(jalali_text(day)))} ({isolate(day.isoformat())})"


def short_days(day: date, language: str) -> tuple[str, str]:
    """A day in the calendar of the country, and for English readers also the Gregorian one."""
    if language == PERSIAN:
        return isolate(jalali_text(day)), ""
    return isolate(to_latin(jalali_text(day))), isolate(day.isoformat())


def figures(number: int, language: str) -> str:
    """A whole number grouped by thousands: ۲٬۵۰۰٬۰۰۰ or 2,500,000."""
    return isolate(grouped(number) if language == PERSIAN else f"{number:,}")


def rial_text(amount_rial: int, language: str) -> str:
    unit = "ریال" if language == PERSIAN else "rials"
    return f"{figures(amount_rial, language)} {unit}"


def rial_words(amount_rial: int, language: str) -> str:
    """The amount in words, closed so that nothing can be added behind it. Raises BeyondWords."""
    if language == PERSIAN:
        return f"{persian_words(amount_rial)} ریال تمام"
    return f"{english_words(amount_rial).capitalize()} rials only"


def toman_text(amount_rial: int, language: str) -> str:
    """The same money in tomans (ten rials), as a label only."""
    tomans, tenth = divmod(amount_rial, 10)
    if language == PERSIAN:
        fraction = "٫" + to_persian(str(tenth)) if tenth else ""
        return f"{isolate(grouped(tomans) + fraction)} تومان"
    fraction = f".{tenth}" if tenth else ""
    return f"{isolate(f'{tomans:,}{fraction}')} tomans"
