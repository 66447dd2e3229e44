"""What banks and browsers write: numbers read strictly or not at all, names in any case."""

import re
from collections.abc import Mapping
from typing import TypeVar

from core.digits import to_latin

Value = TypeVar("Value")

_INT64_MAX = 2**63 - 1
_PLAIN = re.compile(r"[0-9]{1,19}")
_GROUPED = re.compile(r"[0-9]{1,3}([,٬][0-9]{3})+")


def whole_number(value: object) -> int | None:
    """Read a whole number of at most 64 bits, grouped by thousands or not.

    A sign, a fraction, a truth value or anything else that is no such number gives ``None``; an
    unreadable amount never becomes zero, nor ten times as much.
    """
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = to_latin(str(value)[:40]).strip()
    if not (_PLAIN.fullmatch(text) or _GROUPED.fullmatch(text)):
        return None
    number = int(text.replace(",", "").replace("٬", ""))
    return number if number <= _INT64_MAX else None


def small_names(*sources: Mapping[str, Value]) -> dict[str, Value]:
    """All fields together, with names in small letters; of two that are alike the last counts."""
    return {name.lower(): value for source in sources for name, value in source.items()}
