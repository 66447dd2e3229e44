"""Keys that seal: every form they come in, and what is said when one cannot be used."""

import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)

from core.settings import read_settings
from receipts.documents.layouts import receipt_document
from receipts.pdf.writing import write_pdf
from receipts.seals.seal import SealUnreadable, check_seal, read_seal
from tests.receipts.drawn import CASH
from tests.receipts.sealers import KEY_KINDS, a_holder, an_authority

PUBLIC = "https://mosharekat.example.ir"


def settings(tmp_path, **changes):
    return read_settings(instance_dir=tmp_path / "instance", **changes)


def in_pem(key, password=None):
    shut = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, shut)


def certificates():
    chain = (a_holder().certificate, an_authority().certificate)
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in reversed(chain))


def in_pkcs12(kind, password):
    holder, authority = a_holder(kind), an_authority()
    shut = BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(
        b"seal", holder.key, holder.certificate, [authority.certificate], shut
    )


def is_good(seal):
    pdf = write_pdf(*receipt_document(CASH), seal=seal)
    return check_seal(pdf, [an_authority().certificate]).is_good


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_a_pkcs12_file_opens_with_its_password(tmp_path, kind):
    path = tmp_path / "seal.p12"
    path.write_bytes(in_pkcs12(kind, "گذرواژه".encode()))

    seal = read_seal(settings(tmp_path, seal_key_file=path, seal_password="گذرواژه"))

    assert is_good(seal)


def test_a_password_may_stand_in_a_file_of_its_own(tmp_path):
    path, secret = tmp_path / "seal.p12", tmp_path / "password"
    path.write_bytes(in_pkcs12("RSA-2048", b"secret"))
    secret.write_text("secret\n")

    assert is_good(read_seal(settings(tmp_path, seal_key_file=path, seal_password_file=secret)))


def test_a_pem_key_takes_its_certificates_from_another_file(tmp_path):
    key, chain = tmp_path / "key.pem", tmp_path / "chain.pem"
    key.write_bytes(in_pem(a_holder().key, b"secret"))
    chain.write_bytes(certificates())

    seal = read_seal(
        settings(tmp_path, seal_key_file=key, seal_certificates_file=chain, seal_password="secret")
    )

    assert is_good(seal)
    assert seal.chain == (a_holder().certificate, an_authority().certificate)


@pytest.mark.parametrize(
    ("content", "password", "told"),
    [
        (None, "", "No such file"),
        (b"nonsense", "", "no PKCS#12 or PEM key"),
        (in_pkcs12("RSA-2048", b"other"), "secret", "the password is wrong"),
        (in_pem(a_holder().key, b"other"), "secret", "the password is wrong"),
        (in_pem(a_holder().key), "", "no certificate of this key"),
        (in_pem(rsa.generate_private_key(65537, 1024)), "", "2048 bits or P-256"),  # noqa: S505
        (in_pem(ec.generate_private_key(ec.SECP384R1())), "", "2048 bits or P-256"),
    ],
    ids=["missing", "nonsense", "pkcs12", "pem", "no certificate", "short key", "other curve"],
)
def test_a_key_that_cannot_seal_is_refused_in_both_languages(tmp_path, content, password, told):
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SealUnreadable, match=told) as refusal:
        read_seal(settings(tmp_path, seal_key_file=path, seal_password=password))

    assert "کلید" in str(refusal.value)
    assert "secret" not in str(refusal.value)


def test_a_demonstration_makes_its_own_key_once_and_shuts_it_away(tmp_path):
    first, second = (read_seal(settings(tmp_path)) for _ in range(2))

    path = tmp_path / "instance" / "demo-seal-key.pem"
    assert first.chain == second.chain
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    pdf = write_pdf(*receipt_document(CASH), seal=first)
    assert check_seal(pdf, first.chain).is_good


def test_in_public_nothing_is_sealed_by_a_demonstration(tmp_path):
    read_seal(settings(tmp_path))
    path = tmp_path / "instance" / "demo-seal-key.pem"
    public = {"public_url": PUBLIC, "secret_key": "x" * 32}

    assert read_seal(settings(tmp_path, **public)) is None
    with pytest.raises(SealUnreadable, match="demonstration"):
        read_seal(settings(tmp_path, seal_key_file=path, **public))
