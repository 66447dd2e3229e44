"""Identifiers with check digits: those of the state and the banks, and the two we issue.

Every ``is_…`` takes text already reduced by ``core.digits.digits_only``. The vectors in the tests
are public examples; the schemes are those of the civil registry (national id), the registration
office (legal id), ISO/IEC 7812 (card), ISO 13616 (Sheba) and ISO 7064 MOD 97-10 (deposit id).
"""

import re
import secrets
from dataclasses import dataclass

from core.digits import digits_only, normalise
from core.refusals import Refusal

DEPOSIT_ID_LENGTH = 13
TRACKING_CODE_LENGTH = 13
_DEPOSIT_ID = re.compile(r"[12][0-9]{12}")
_LEGAL_WEIGHTS = (29, 27, 23, 19, 17)


class UnreadableMobile(Refusal):
    """A mobile number that is not an Iranian one (09xxxxxxxxx)."""

    code = "mobile.unreadable"
    http_status = 422
    field = "mobile"


class UnreadableNationalId(Refusal):
    """A national or legal id whose check digit does not agree."""

    code = "national_id.unreadable"
    http_status = 422
    field = "national_id"


def is_national_id(digits: str) -> bool:
    """Whether ten digits are a natural person's id: weights 10..2, modulo 11."""
    if not re.fullmatch(r"[0-9]{10}", digits) or len(set(digits)) == 1:
        return False
    rest = sum(int(digit) * (10 - place) for place, digit in enumerate(digits[:9])) % 11
    return int(digits[9]) == (rest if rest < 2 else 11 - rest)


def is_legal_id(digits: str) -> bool:
    """Whether eleven digits are a legal person's id: weights 29, 27, 23, 19, 17 repeating."""
    if not re.fullmatch(r"[0-9]{11}", digits) or int(digits[3:9]) == 0:
        return False
    shift = int(digits[9]) + 2
    total = sum(
        (int(digit) + shift) * _LEGAL_WEIGHTS[place % 5] for place, digit in enumerate(digits[:10])
    )
    return int(digits[10]) == total % 11 % 10


def parse_national_id(text: str) -> str:
    """Read a national (10 digits) or legal (11 digits) id. Raises UnreadableNationalId."""
    digits = digits_only(text) or ""
    if not (is_national_id(digits.zfill(10)) or is_legal_id(digits)):
        raise UnreadableNationalId
    return digits if len(digits) == 11 else digits.zfill(10)


def parse_mobile(text: str) -> str:
    """Read an Iranian mobile number into its 09xxxxxxxxx form. Raises UnreadableMobile."""
    digits = digits_only(normalise(text).removeprefix("+")) or ""
    found = re.fullmatch(r"(?:0098|98|0)?(9[0-9]{9})", digits)
    if found is None:
        raise UnreadableMobile
    return f"0{found[1]}"


def masked_mobile(mobile: str) -> str:
    """A mobile number as other people may see it: 0912***4567."""
    return f"{mobile[:4]}***{mobile[-4:]}"


def is_card_number(digits: str) -> bool:
    """Whether sixteen digits are a bank card's number (Luhn)."""
    return re.fullmatch(r"[0-9]{16}", digits) is not None and luhn_digit(digits[:-1]) == digits[-1]


def luhn_digit(body: str) -> str:
    """The digit that completes a number by the Luhn rule."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_sheba(text: str) -> bool:
    """Whether text is an Iranian IBAN: IR, two check digits and 22 digits, remainder 1 by 97."""
    if not re.fullmatch(r"IR[0-9]{24}", text):
        return False
    return int(f"{text[4:]}1827{text[2:4]}") % 97 == 1


def check_digits_97(body: str) -> str:
    """The two digits of ISO 7064 MOD 97-10: they catch every wrong digit and every swap."""
    return f"{98 - int(body + '00') % 97:02d}"


@dataclass(frozen=True, slots=True)
class DepositId:
    """The parts of a deposit id: Jalali year, place that issued it, serial within both."""

    year: int
    place: int
    serial: int

    def __str__(self) -> str:
        body = f"{self.year - 1390:02d}{self.place:03d}{self.serial:06d}"
        return body + check_digits_97(body)


def is_deposit_id(digits: str) -> bool:
    """Whether thirteen digits are a deposit id of ours, by layout and check digits."""
    return (
        _DEPOSIT_ID.fullmatch(digits) is not None
        and int(digits) % 97 == 1
        and "02" <= digits[-2:] <= "98"
    )


def new_tracking_code() -> str:
    """Twelve random digits, the first from 3 to 9, and a check digit; about 39 bits of chance.

    The first digit keeps tracking codes and deposit ids (which start with 1 or 2) apart.
    """
    body = str(3 * 10**11 + secrets.randbelow(7 * 10**11))
    return body + luhn_digit(body)


def is_tracking_code(digits: str) -> bool:
    """Whether thirteen digits can be a tracking code: first digit and check digit agree."""
    return (
        re.fullmatch(r"[3-9][0-9]{12}", digits) is not None
        and luhn_digit(digits[:-1]) == digits[-1]
    )
