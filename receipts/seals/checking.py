"""Checking the seal of a file that somebody shows us: whole, unchanged, ours.

A valid signature alone says little: a reader may show a later revision, or cover only a part. So
the seal has to cover the file from its first byte to its last but for the signature itself.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID

from receipts.seals.chains import is_vouched_for
from receipts.seals.der import NotDer, read_padded
from receipts.seals.signed_data import Broken, Signed, read_signed_data

_BYTE_RANGE = re.compile(
    rb"/ByteRange\s*\[\s*(\d{1,19})\s+(\d{1,19})\s+(\d{1,19})\s+(\d{1,19})\s*\]"
)
_CLAIMED_AT = re.compile(rb"/M\s*\(D:(\d{14})(?:([+-]\d\d)'(\d\d)'?|Z)?")
_DICTIONARY = 400  # bytes before a ByteRange in which its dictionary says when it was made


@dataclass(frozen=True, slots=True)
class SealState:
    """What a check found. Only a seal of which everything is said is a good one."""

    is_present: bool = False
    covers_whole_file: bool = False
    has_later_revision: bool = False
    is_intact: bool = False  # what it covers is what was signed
    is_trusted: bool = False  # somebody we trust vouched for the key at that moment
    signer: str | None = None  # the common name of the certificate
    signed_at: datetime | None = None  # UTC; that of the time stamp, else what the seal claims
    is_time_stamped: bool = False

    @property
    def is_good(self) -> bool:
        return (
            self.covers_whole_file
            and not self.has_later_revision
            and self.is_intact
            and self.is_trusted
        )


def check_seal(pdf: bytes, trusted: Sequence[Certificate]) -> SealState:
    """What the seal of a file is worth. Never fails, whatever the bytes are."""
    found = list(_BYTE_RANGE.finditer(pdf))
    if not found:
        return SealState()
    first = found[0]
    start, until, onward, rest = map(int, first.groups())
    gap = pdf[until:onward]
    is_sound = start == 0 and gap[:1] == b"<" and gap[-1:] == b">" and len(found) == 1
    covers = is_sound and onward + rest == len(pdf)
    signed = _signed(gap[1:-1], pdf[:until] + pdf[onward : onward + rest]) if is_sound else None
    claimed = _claimed_at(pdf[max(0, first.start() - _DICTIONARY) : first.start()])
    moment = signed.stamped_at if signed and signed.stamped_at else claimed
    return SealState(
        is_present=True,
        covers_whole_file=covers,
        has_later_revision=len(found) > 1 or onward + rest < len(pdf),
        is_intact=signed is not None,
        is_trusted=bool(signed and moment and is_vouched_for(signed.chain, trusted, at=moment)),
        signer=_name(signed.chain[0]) if signed else None,
        signed_at=moment,
        is_time_stamped=bool(signed and signed.stamped_at),
    )


def _signed(contents: bytes, covered: bytes) -> Signed | None:
    try:
        signature = bytes.fromhex(contents.decode("ascii"))
        # One writing of each number only: otherwise a letter could change its case unseen.
        if contents not in (signature.hex().encode(), signature.hex().upper().encode()):
            return None
        return read_signed_data(read_padded(signature), covered)
    except (ValueError, NotDer, Broken):
        return None


def _claimed_at(dictionary: bytes) -> datetime | None:
    found = list(_CLAIMED_AT.finditer(dictionary))
    if not found:
        return None
    digits, hours, minutes = (part and part.decode() for part in found[-1].groups())
    offset = f"{hours or '+00'}{minutes or '00'}"
    try:
        moment = datetime.strptime(f"{digits}{offset}", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    return moment.astimezone(UTC)


def _name(certificate: Certificate) -> str:
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else certificate.subject.rfc4514_string()
