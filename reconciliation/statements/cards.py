"""Numbers of bank cards in a statement: six digits in the middle are never kept.

What is left, the bank's six digits and the card's last four, is the wide card key of ten digits.
"""

import re
from collections.abc import Sequence

from core.digits import to_latin
from core.identifiers import is_card_number
from reconciliation.statements.cells import EXACT_BELOW, Cell
from reconciliation.statements.columns import are_texts

# The first six digits of the cards of Iran's banks: in a column of identifiers, sixteen digits are
# a card only if they begin like this, for one in ten numbers passes the check digit by accident.
BINS = frozenset(map(str, (
    170019, 207177, 502229, 502806, 502908, 502910, 502937, 502938, 504172, 504706, 505416, 505785,
    505801, 505809, 507677, 581672, 581874, 585947, 585949, 585983, 589210, 589463, 603769, 603770,
    603799, 604932, 606256, 606373, 610433, 621986, 622106, 627353, 627381, 627412, 627488, 627648,
    627760, 627884, 627961, 628023, 628157, 636214, 636795, 636949, 639194, 639217, 639346, 639347,
    639370, 639599, 639607, 991975,
)))  # fmt: skip
_DIGIT = "[0-9۰-۹٠-٩]"
_WRITTEN = re.compile(rf"(?<!{_DIGIT}){_DIGIT}(?:[ .\-_*#]?{_DIGIT}){{15}}(?!{_DIGIT})")
# What stands before a number is looked at behind its first digit: so it is found by that digit.
_CARD_LIKE = re.compile(rf"{_DIGIT}(?<!{_DIGIT}{_DIGIT})(?:[ .\-_*#]?+{_DIGIT}){{15}}")
_MASKED = re.compile(
    r"(?<![0-9])([0-9]{4})[-. ]?([0-9]{2})[-. ]?(?:[*xX#][-. ]?){6}([0-9]{4})(?![0-9])"
)
_DIGITS = 16
# The bytes of a text with 0 for each digit and nothing between digits: in UTF-8 the second byte of
# Persian and Arabic digits is one of these twenty. A few letters share it, which does not matter.
_DIGIT_BYTES = bytes((*range(0x30, 0x3A), *range(0xA0, 0xAA), *range(0xB0, 0xBA)))
_SHAPE = bytes(ord("0") if byte in _DIGIT_BYTES else ord(" ") for byte in range(256))
_BETWEEN = b" .-_*#\xd9\xdb"  # and the first byte of those digits
_SIXTEEN = b"0" * _DIGITS


def masked_column(column: Sequence[Cell], *, is_identifiers: bool = False) -> Sequence[Cell]:
    """A column without any card's whole number; the column itself where it names none."""
    texts = set(column)
    if are_texts(texts) and (max(map(len, texts)) < _DIGITS or not names_card("\n".join(texts))):
        return column
    return [_masked_cell(cell, is_identifiers=is_identifiers) for cell in column]


def masked_texts(texts: Sequence[str]) -> Sequence[str]:
    """The texts without any card's whole number."""
    return list(map(masked, texts)) if names_card("\n".join(texts)) else texts


def names_card(text: str) -> bool:
    """Whether a text may hold the number of a card, which is seen sooner than where it stands."""
    shape = text.encode(errors="replace").translate(_SHAPE, _BETWEEN)
    return _SIXTEEN in shape and _CARD_LIKE.search(text) is not None


def masked(text: str) -> str:
    """A text with the middle of every card's number hidden: 610433******2187."""
    return _WRITTEN.sub(lambda found: _hidden(found[0]), text)


def card_key_in(*texts: str) -> str | None:
    """The ten digits of the one card that these masked texts name; of several, none is chosen."""
    keys = {"".join(shown) for text in texts for shown in _MASKED.findall(text)}
    return keys.pop() if len(keys) == 1 else None


def card_key_column(*columns: Sequence[str]) -> list[str | None]:
    """``card_key_in`` every row of these columns of masked texts."""
    if not any(_MASKED.search("\n".join(set(column))) for column in columns):
        return [None] * len(columns[0])
    return list(map(card_key_in, *columns))


def _masked_cell(cell: Cell, *, is_identifiers: bool) -> Cell:
    if isinstance(cell, str):
        return _WRITTEN.sub(lambda found: _hidden(found[0], is_identifier=is_identifiers), cell)
    if isinstance(cell, int | float) and EXACT_BELOW <= cell < EXACT_BELOW * 10:
        # A spreadsheet has changed its last digit, so that the check digit says nothing.
        digits = str(int(cell))
        return _shown(digits) if digits[:6] in BINS else cell
    return cell


def _hidden(written: str, *, is_identifier: bool = False) -> str:
    digits = re.sub(r"[^0-9]", "", to_latin(written))
    is_card = is_card_number(digits) and (not is_identifier or digits[:6] in BINS)
    return _shown(digits) if is_card else written


def _shown(digits: str) -> str:
    return f"{digits[:6]}******{digits[-4:]}"
