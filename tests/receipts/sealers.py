"""Seals to test with: keys of each kind, made once, and the certificates that vouch for them."""

from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from receipts.seals.keys import PrivateKey, sign_with
from receipts.seals.seal import Seal

KEY_KINDS = ("RSA-2048", "RSA-3072", "P-256")
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)


class Holder(NamedTuple):
    """A key and the certificate of it."""

    key: PrivateKey
    certificate: x509.Certificate


@cache
def a_key(kind: str, owner: str) -> PrivateKey:
    """The key of an owner; somebody else has another one."""
    assert owner
    if kind == "P-256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=int(kind[4:]))


@cache
def an_authority(name: str = "Test authority") -> Holder:
    key = a_key("P-256", name)
    return Holder(key, _certificate(name, key, Holder(key, None), is_authority=True))


@cache
def a_holder(kind: str = "RSA-2048", name: str = "State Welfare Organisation") -> Holder:
    """Somebody whom the test authority vouches for."""
    key = a_key(kind, name)
    return Holder(key, _certificate(name, key, an_authority()))


@cache
def a_forger() -> Holder:
    """Somebody whom the holder of an ordinary certificate pretends to vouch for."""
    key = a_key("P-256", "forger")
    return Holder(key, _certificate("State Welfare Organisation", key, a_holder()))


@cache
def an_expired_holder() -> Holder:
    """Somebody whose certificate ended before the receipts of these tests."""
    key = a_key("P-256", "expired")
    return Holder(key, _certificate("Expired", key, an_authority(), until=_FROM.replace(year=2024)))


@cache
def a_stamper() -> Holder:
    """A time stamping authority."""
    key = a_key("RSA-2048", "clock")
    return Holder(key, _certificate("Test clock", key, an_authority(), stamps_time=True))


@cache
def a_seal(kind: str = "RSA-2048", *, time_stamped: bool = False) -> Seal:
    holder = a_holder(kind)
    chain = [holder.certificate, an_authority().certificate]
    return Seal(sign_with(holder.key), chain, time_stamped=time_stamped)


def _certificate(
    name: str,
    key: PrivateKey,
    issuer: Holder,
    *,
    is_authority: bool = False,
    stamps_time: bool = False,
    until: datetime = _UNTIL,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer.certificate else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if stamps_time:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(issuer.key, hashes.SHA256())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=not signs_certificates,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
