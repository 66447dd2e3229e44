"""What may be shown: secrets and card numbers taken out of everything that is stored or printed."""

import json
import re
from collections.abc import Collection
from urllib.parse import quote
from xml.sax.saxutils import escape

from core.digits import to_latin

MASK = "•••"

_ANYWHERE_LENGTH = 6  # a shorter secret is masked only as a whole word, else it would eat the text
_CARD = re.compile(r"(?<![\d-])\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?![\d-])")
_MOBILE = re.compile(r"(?<!\d)(09|989)(\d{2})\d{3}(\d{4})(?!\d)")


class Secret:
    """A credential. It shows itself only to who calls ``reveal``."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Hand the credential out, to be put on the wire and nowhere else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.reveal() == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> str:
        raise TypeError("a secret is not to be pickled")


class Masking:
    """Takes the given secrets, card numbers and mobile numbers out of a text."""

    def __init__(self, secrets: Collection[Secret] = ()) -> None:
        forms = {form for secret in secrets for form in _written_forms(secret.reveal()) if form}
        # The longest first, so that no part of a secret survives beside its mask.
        ordered = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(_pattern, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return the text, fit to be stored and shown."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        return _MOBILE.sub(r"\1\2•••\3", _CARD.sub(_masked_card_match, text))


def masked_card(text: str) -> str | None:
    """Read a card number as a bank shows it, and keep the first six and last four digits at most.

    ``6104 3379 1388 2187`` becomes ``610433******2187``; what is no card number is ``None``.
    """
    shown = re.sub(r"[\s\-_.]", "", to_latin(text)).replace("#", "*").replace("x", "*")
    if not re.fullmatch(r"[0-9*]{10,19}", shown) or not shown[-4:].isdigit():
        return None
    if shown[:6].isdigit():
        return f"{shown[:6]}{'*' * (max(len(shown), 16) - 10)}{shown[-4:]}"
    return f"{'*' * 12}{shown[-4:]}"


def _written_forms(value: str) -> tuple[str, ...]:
    """The same secret as it stands in plain text, XML, JSON and an address."""
    return (
        value,
        escape(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value),
    )


def _pattern(value: str) -> str:
    if len(value) >= _ANYWHERE_LENGTH:
        return re.escape(value)
    return rf"(?<![0-9A-Za-z]){re.escape(value)}(?![0-9A-Za-z])"


def _masked_card_match(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found.group())
    if not _passes_luhn(digits):
        return found.group()
    return f"{digits[:6]}******{digits[-4:]}"


def _passes_luhn(digits: str) -> bool:
    doubled = (int(digit) * (2 - place % 2) for place, digit in enumerate(digits))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
