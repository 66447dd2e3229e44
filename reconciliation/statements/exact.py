"""Amounts and identifiers as the published formats write them: exact, or not at all.

Amounts become integers of one hundred-thousandth, the finest that any of these formats may write
(ISO 20022: five decimals), whatever the currency: nothing is ever rounded.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache

from core.identifiers import is_card_number, is_deposit_id
from core.rial import AMOUNT_RIAL_MAX
from reconciliation.statements.cards import BINS, masked_texts
from reconciliation.statements.cells import Unreadable, text_of
from reconciliation.statements.columns import as_json, text_column

FRACTION_DIGITS = 5
TEXT_MAX = 2_000
_REFERENCE_MAX = 40
_CARD_DIGITS = 16
_NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED"})
_UNIT: int = 10**FRACTION_DIGITS
_AMOUNT = re.compile(r"([0-9]{1,18})(?:[.,]([0-9]{0,5}))?")
_DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")
_CANDIDATE = re.compile(r"[12](?<![0-9][12])[0-9]{12}(?![0-9])")


def minor_of(text: str) -> int:
    """An unsigned amount with at most one decimal mark, comma or point. Raises Unreadable."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        raise Unreadable
    whole, fraction = found.groups()
    return int(whole + (fraction or "").ljust(FRACTION_DIGITS, "0"))


def movement_of(text: str) -> int:
    """The same for a booking: more than nothing, up to 10^15. Raises Unreadable."""
    amount_minor = minor_of(text)
    if amount_minor > AMOUNT_RIAL_MAX * _UNIT:
        raise Unreadable
    return amount_minor


def movement_column(texts: Sequence[str]) -> Sequence[int]:
    """``movement_of`` every text. Raises Unreadable."""
    _whole, mark, fraction = texts[0].replace(",", ".").partition(".")
    joined = "\n".join(texts)
    if len(fraction) > FRACTION_DIGITS or not _written_like(mark, len(fraction)).fullmatch(joined):
        return list(map(movement_of, texts))
    unit: int = 10 ** (FRACTION_DIGITS - len(fraction))
    digits = joined.replace(",", "").replace(".", "").split("\n")
    return [int(amount) * unit for amount in digits]


@lru_cache
def _written_like(mark: str, decimals: int) -> re.Pattern[str]:
    """Amounts as a bank writes them, all with as many decimals."""
    behind = f"[.,][0-9]{{{decimals}}}" if mark else ""
    return re.compile(f"(?:[0-9]{{1,15}}{behind}(?:\n|\\Z))+")


def written(amount_minor: int, minor_digits: int) -> str:
    """An amount as people write it, for naming it in a refusal: -18.5."""
    whole, fraction = divmod(abs(amount_minor), 10**minor_digits)
    decimals = f".{fraction:0{minor_digits}d}".rstrip("0") if fraction else ""
    return f"{'-' if amount_minor < 0 else ''}{whole}{decimals}"


@lru_cache(1 << 12)
def iso_day(text: str) -> date:
    """A day written 2026-11-22 or 20261122, whatever follows it. Raises Unreadable."""
    found = _DAY.match(text)
    if found is None:
        raise Unreadable
    try:
        return date(int(found[1]), int(found[3]), int(found[4]))
    except ValueError as error:
        raise Unreadable from error


@lru_cache(1 << 12)
def short_day(digits: str) -> date:
    """A day as the six digits 261122; years from 80 on are of the last century.

    Raises Unreadable.
    """
    try:
        year = int(digits[:2])
        return date(year + (1900 if year >= 80 else 2000), int(digits[2:4]), int(digits[4:6]))
    except ValueError as error:
        raise Unreadable from error


def reference_of(*references: str) -> str | None:
    """The first that says something: digits without leading zeros, as keys are, or a short text."""
    for reference in references:
        plain = reference if reference.isalnum() and reference.isascii() else text_of(reference)
        if plain.isascii() and plain.isdigit():
            plain = plain.lstrip("0")
        if (
            plain
            and plain not in _NO_REFERENCE
            and not (plain[:6] in BINS and is_card_number(plain))
        ):
            return plain[:_REFERENCE_MAX]
    return None


def deposit_id_in(*texts: str) -> str | None:
    """The one deposit id of ours that the first telling text names; of several, none is chosen."""
    for text in texts:
        if len(text) >= 13 and (found := set(filter(is_deposit_id, _CANDIDATE.findall(text)))):
            return found.pop() if len(found) == 1 else None
    return None


def reference_column(*columns: Sequence[str]) -> Sequence[str | None]:
    """``reference_of`` every row of these columns."""
    columns = tuple(column for column in columns if any(column)) or columns[:1]
    first = columns[0]
    digits = "".join(first)
    if digits.isascii() and digits.isdigit() and max(map(len, first)) < _CARD_DIGITS:
        plain = [text.lstrip("0") for text in first]
        if all(plain):
            return plain
    return list(map(reference_of, *columns))


def deposit_id_column(*columns: Sequence[str]) -> Sequence[str | None]:
    """``deposit_id_in`` every row of these columns."""
    telling = [column for column in columns if _CANDIDATE.search("\n".join(column))]
    if not telling:
        return [None] * len(columns[0])
    return list(map(deposit_id_in, *telling))


def said_column(texts: Sequence[str]) -> Sequence[str]:
    """Texts in our one form of letters, without cards, cut where none goes on."""
    return masked_texts(text_column(texts, longest=TEXT_MAX))


def written_column(rows: Sequence[str | list[str] | dict[str, str]]) -> Sequence[str]:
    """Rows as canonical JSON, but for the middle of cards' numbers."""
    return masked_texts(as_json(rows))


def as_written(said: str | list[str] | dict[str, str]) -> str:
    """One row as canonical JSON, but for the middle of cards' numbers."""
    return written_column([said])[0]
