"""What may be shown: secrets and card numbers taken out of everything that is stored or printed."""

import json
import re
from collections.abc import Collection, Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape

from core.digits import to_latin

MASK = "•••"

_ANYWHERE_LENGTH = 6  # a shorter secret is masked only as a whole word, else it would eat the text
_KEY_LINE_LENGTH = 16  # the last line of a key may be a few letters that stand in any text
_CARD = re.compile(r"(?<![\d-])\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?![\d-])")
# What a gateway hands out at a login opens it as a password does: by its name, or by its looks.
_ACCESS_TOKEN = re.compile(
    r"""("(?:access|refresh)_?token"\s*:\s*")(?:[^"\\]|\\.)*""", re.IGNORECASE
)
_JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]*")
# Beside the shown digits of a card its digest gives the rest away: few numbers are left to try.
_CARD_DIGEST = re.compile(
    r"""(\\?"(?:card_?hash(?:_?pan)?|hashed_?(?:pan|card_?(?:number|no))|sha(?:1|256)OfPan|cid|hash)"""
    r"""\\?"\s*:\s*\\?")[^"\\]+""",
    re.IGNORECASE,
)
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
    """Takes the given secrets, access tokens, card and mobile numbers out of a text."""

    def __init__(self, secrets: Collection[Secret] = ()) -> None:
        values = {part for secret in secrets for part in _parts(secret.reveal())}
        forms = {form for value in values for form in _written_forms(value) if form}
        # The longest first, so that no part of a secret survives beside its mask.
        ordered = sorted(forms, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(_pattern, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """Return the text, fit to be stored and shown."""
        if self._secrets is not None:
            text = self._secrets.sub(MASK, text)
        text = _JWT.sub(MASK, _ACCESS_TOKEN.sub(rf"\1{MASK}", text))
        text = _CARD_DIGEST.sub(rf"\1{MASK}", text)
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


def _parts(secret: str) -> Iterator[str]:
    """A secret whole, and where it is a key of several lines, each line of it too."""
    yield secret
    for line in secret.splitlines():
        if len(line) >= _KEY_LINE_LENGTH and not line.startswith("-----"):
            yield line.strip()


def _written_forms(value: str) -> tuple[str, ...]:
    """The same secret as it stands in plain text, XML, JSON, an address and a complaint."""
    return (
        value,
        escape(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value),
        quote(value, safe=""),
        repr(value)[1:-1],
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
