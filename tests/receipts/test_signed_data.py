"""Signed data is read strictly: what PAdES asks for has to be there, and nothing else."""

import hashlib

import pytest

from receipts.seals.cms import Signer
from receipts.seals.der import NotDer, der, integer, oid, read_der, read_padded
from receipts.seals.keys import sign_with
from receipts.seals.signed_data import Broken, read_signed_data
from tests.receipts.sealers import a_holder, a_seal, an_authority

CONTENT = b"anything"


class Careless(Signer):
    """Signs rightly, but names another certificate than its own."""

    def __init__(self, key, chain, named):
        super().__init__(key, chain)
        self._names_itself = Signer(key, [named])._names_itself


def test_a_detached_signature_is_read_back():
    signed = a_seal().detached(CONTENT)

    found = read_signed_data(read_der(signed), CONTENT)

    assert found.chain == list(a_seal().chain)
    assert found.stamped_at is None


@pytest.mark.parametrize("content", [b"", b"anythinG", CONTENT + b"\n"])
def test_another_content_breaks_it(content):
    with pytest.raises(Broken):
        read_signed_data(read_der(a_seal().detached(CONTENT)), content)


def test_a_signature_that_names_another_certificate_is_broken():
    holder, other = a_holder(), a_holder("P-256", "somebody else")
    signer = Careless(sign_with(holder.key), [holder.certificate], other.certificate)

    signed = signer.signed_data(hashlib.sha256(CONTENT).digest())

    with pytest.raises(Broken):
        read_signed_data(read_der(signed), CONTENT)


def test_a_certificate_that_vouches_for_nobody_here_does_not_ride_along():
    holder, other = a_holder(), a_holder("P-256", "somebody else")
    chain = [holder.certificate, an_authority().certificate, other.certificate]

    signed = Signer(sign_with(holder.key), chain).signed_data(hashlib.sha256(CONTENT).digest())

    with pytest.raises(Broken):
        read_signed_data(read_der(signed), CONTENT)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (integer(0), "020100"),
        (integer(128), "02020080"),
        (oid("1.2.840.113549.1.7.2"), "06092a864886f70d010702"),
        (der(0x04, bytes(200)), "0481c8" + "00" * 200),
    ],
)
def test_values_are_written_as_x690_has_them(value, written):
    assert value.hex() == written
    assert read_der(value).whole == value


@pytest.mark.parametrize(
    "content",
    [b"", b"\x30", b"\x30\x05\x02", b"\x30\x81\x01\x00", b"\x30\x80\x00\x00", b"\x05\x00\x05\x00"],
    ids=["nothing", "tag", "cut", "long form", "no length", "two values"],
)
def test_what_der_does_not_write_is_not_read(content):
    with pytest.raises(NotDer):
        read_der(content)


def test_only_zeros_may_stand_behind_a_padded_value():
    assert read_padded(b"\x05\x00\x00\x00").whole == b"\x05\x00"
    with pytest.raises(NotDer):
        read_padded(b"\x05\x00\x00\x01")
