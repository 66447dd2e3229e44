"""Whose seal is ours: the key of today, and those of earlier years."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from core.settings import Settings
from receipts.seals.seal import SealUnreadable, read_seal


def trusted_pem(settings: Settings) -> bytes:
    """The certificates that a seal of ours can carry, as PEM. Raises SealUnreadable.

    The sealing certificates themselves and not those that issued them: whoever else has a
    certificate of the same authority could seal, but not as us.
    """
    seal = read_seal(settings)
    own = seal.certificate.public_bytes(Encoding.PEM) if seal else b""
    earlier = settings.seal_trusted_file
    return own + (read_certificates(earlier) if earlier else b"")


def read_certificates(path: Path) -> bytes:
    """A file of certificates as PEM, whole. Raises SealUnreadable."""
    try:
        content = path.read_bytes()
        if b"-----BEGIN" in content:
            certificates = x509.load_pem_x509_certificates(content)
        else:
            certificates = [x509.load_der_x509_certificate(content)]
    except (OSError, ValueError) as trouble:
        raise SealUnreadable(
            path, "گواهی‌ای در این پرونده خوانده نمی‌شود", "no certificate can be read in it"
        ) from trouble
    return b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
