"""The key that seals: read from a PKCS#12 or PEM file, or made for a demonstration."""

import secrets
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TypeGuard

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from cryptography.x509.oid import NameOID

from core.settings import Settings
from receipts.seals.chains import issuing_path
from receipts.seals.cms import Sign
from receipts.seals.sealing import Seal

_LEAST_RSA_BITS = 2048
_CURVE = "secp256r1"
_DEMO = "Mosharekat demonstration, no value"  # the name in a demonstration's certificate
_DEMO_YEARS = (2020, 2050)  # so that demonstration receipts of any day have a valid seal

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class SealUnreadable(Exception):
    """The sealing key cannot be used; the message says in Persian and English what is wrong."""

    def __init__(self, path: Path, persian: str, english: str) -> None:
        super().__init__(f"{path}: {english} / {persian}")


def read_seal(settings: Settings) -> Seal | None:
    """The seal of this installation, read once a process. Raises SealUnreadable.

    Without a key of its own a demonstration seals with a key made on first use; an installation
    that real people reach then seals nothing.
    """
    time_stamped = settings.seal_timestamp_url is not None
    if settings.seal_key_file is None:
        if settings.is_public:
            return None
        path = settings.instance_dir / "demo-seal-key.pem"
        if not path.exists():
            _make_demo_key(path)
        return _read(path, None, None, time_stamped=time_stamped)
    try:
        password = settings.seal_key_password
    except OSError as trouble:
        raise SealUnreadable(
            settings.seal_key_file,
            "پروندهٔ گذرواژهٔ کلید خوانده نمی‌شود",
            f"the file of its password: {trouble.strerror}",
        ) from trouble
    certificates = settings.seal_certificates_file
    seal = _read(settings.seal_key_file, password, certificates, time_stamped=time_stamped)
    if settings.is_public and is_demo(seal.certificate):
        raise SealUnreadable(
            settings.seal_key_file,
            "این کلید نمایشی است و در نشانی https به کار نمی‌رود",
            "this is a demonstration key, which an https PUBLIC_URL refuses",
        )
    return seal


def is_demo(certificate: x509.Certificate) -> bool:
    """Whether this is the certificate of a demonstration."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return any(name.value == _DEMO for name in names)


@cache
def _read(
    path: Path, password: bytes | None, certificates: Path | None, *, time_stamped: bool
) -> Seal:
    key, chain = _key_and_chain(path, password, certificates)
    if not _may_seal(key):
        raise SealUnreadable(
            path,
            "کلید مهر باید RSA با دست‌کم ۲۰۴۸ بیت یا P-256 باشد",
            f"a sealing key is RSA of at least {_LEAST_RSA_BITS} bits or P-256",
        )
    own = next((c for c in chain if c.public_key() == key.public_key()), None)
    if own is None:
        raise SealUnreadable(path, "گواهی این کلید پیدا نشد", "there is no certificate of this key")
    return Seal(sign_with(key), issuing_path(own, chain), time_stamped=time_stamped)


def _may_seal(key: object) -> TypeGuard[PrivateKey]:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.key_size >= _LEAST_RSA_BITS
    return isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == _CURVE


def _key_and_chain(
    path: Path, password: bytes | None, certificates: Path | None
) -> tuple[object, list[x509.Certificate]]:
    try:
        content = path.read_bytes()
        more = certificates.read_bytes() if certificates else b""
    except OSError as trouble:
        raise SealUnreadable(
            path, "پروندهٔ کلید خوانده نمی‌شود", trouble.strerror or "unreadable"
        ) from trouble
    try:
        chain = x509.load_pem_x509_certificates(more) if more else []
        if b"-----BEGIN" not in content:
            key, own, others = pkcs12.load_key_and_certificates(content, password)
            return key, [*([own] if own else []), *others, *chain]
        if b"BEGIN CERTIFICATE" in content:
            chain = [*x509.load_pem_x509_certificates(content), *chain]
        return load_pem_private_key(content, password), chain
    except (ValueError, TypeError, UnsupportedAlgorithm) as trouble:
        raise SealUnreadable(
            path,
            "این پرونده کلید PKCS#12 یا PEM نیست، یا گذرواژه درست نیست",
            "no PKCS#12 or PEM key, or the password is wrong",
        ) from trouble


def sign_with(key: PrivateKey) -> Sign:
    """The function that signs with a key of this process."""
    if isinstance(key, rsa.RSAPrivateKey):
        return lambda content: key.sign(content, padding.PKCS1v15(), hashes.SHA256())
    algorithm = _ecdsa(key)
    return lambda content: key.sign(content, algorithm)


def _ecdsa(key: ec.EllipticCurvePrivateKey) -> ec.ECDSA:
    """With the random number derived from the content (RFC 6979) where OpenSSL can."""
    derived = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    try:
        key.sign(b"", derived)
    except UnsupportedAlgorithm:
        return ec.ECDSA(hashes.SHA256())
    return derived


def _make_demo_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=_LEAST_RSA_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _DEMO)])
    first, last = (datetime(year, 1, 1, tzinfo=UTC) for year in _DEMO_YEARS)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    with suppress(FileExistsError):  # the first of several starting processes wins
        path.hardlink_to(fresh)
    fresh.unlink()


_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
