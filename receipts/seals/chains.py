"""Who vouches for whom among certificates."""

from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidVersion,
    UnsupportedGeneralNameType,
)

# What reading certificates that anybody may have made can end in.
CANNOT_BE_READ = (
    *(InvalidVersion, DuplicateExtension, ExtensionNotFound, UnsupportedGeneralNameType),
    *(InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError),
)


def issuing_path(certificate: Certificate, others: Sequence[Certificate]) -> list[Certificate]:
    """A certificate, the one among the others that issued it, and so on."""
    path = [certificate]
    left = [other for other in others if other != certificate]
    while issuer := next((other for other in left if _issued(other, path[-1])), None):
        path.append(issuer)
        left.remove(issuer)
    return path


def is_vouched_for(
    path: Sequence[Certificate], trusted: Sequence[Certificate], *, at: datetime
) -> bool:
    """Whether somebody trusted is on a path or issued its end, and all was valid at a moment."""
    for place, certificate in enumerate(path):
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            return False
        if certificate in trusted:
            return True
        is_last = place == len(path) - 1
        if is_last and any(_issued(one, certificate) for one in trusted):
            return True
    return False


def _issued(issuer: Certificate, certificate: Certificate) -> bool:
    try:
        if not issuer.extensions.get_extension_for_class(BasicConstraints).value.ca:
            return False  # whoever has a certificate may sign, but not vouch for others
        certificate.verify_directly_issued_by(issuer)
    except CANNOT_BE_READ:
        return False
    return True
