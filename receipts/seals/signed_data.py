"""Reading signed data: whether a signature is whole, whose it is, and when it was stamped.

Strict on purpose: everything that stands in the signed data is looked at, so that no byte of it can
be another one. What is not as PAdES and RFC 3161 have it counts as broken.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import Certificate, load_der_x509_certificate

from receipts.seals.chains import CANNOT_BE_READ, issuing_path
from receipts.seals.cms import (
    CONTENT_TYPE,
    CONTEXT_0,
    CONTEXT_1,
    DATA,
    MESSAGE_DIGEST,
    SIGNED_DATA,
    SIGNING_CERTIFICATE,
    TIME_STAMP,
    encoded,
    issuer_and_serial,
)
from receipts.seals.der import NULL, OCTETS, SEQUENCE, SET, Node, der, integer, oid, read_der

_TIME_STAMP_CONTENT = oid("1.2.840.113549.1.9.16.1.4")
_HASHES: Mapping[bytes, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_RSA_KINDS = {
    oid("1.2.840.113549.1.1.1"): "",  # says nothing of the hash
    oid("1.2.840.113549.1.1.11"): "sha256",
    oid("1.2.840.113549.1.1.12"): "sha384",
    oid("1.2.840.113549.1.1.13"): "sha512",
}
_ECDSA_KINDS = {
    oid("1.2.840.10045.4.3.2"): "sha256",
    oid("1.2.840.10045.4.3.3"): "sha384",
    oid("1.2.840.10045.4.3.4"): "sha512",
}
_DETACHED = _BY_ISSUER = integer(1)
_CARRYING = integer(3)


class Broken(Exception):
    """Signed data that cannot be read, or that the content or the signature contradicts."""


class Signed(NamedTuple):
    """A whole signature: the signer's certificate and those that issued it, and its time stamp."""

    chain: Sequence[Certificate]
    stamped_at: datetime | None


class _Parts(NamedTuple):
    """Signed data taken apart."""

    content_type: bytes
    content: bytes | None  # inside the signed data, or None for a detached signature
    certificates: Sequence[Certificate]
    signer: Sequence[Node]


def read_signed_data(signed: Node, content: bytes) -> Signed:
    """The signature over a content that stands elsewhere. Raises Broken."""
    try:
        parts = _parts(signed)
        _demand(parts.content_type == DATA and parts.content is None)
        signer = _verified(parts, content)
        attributes = _attributes(parts.signer[3], CONTEXT_0)
        _demand(_names(attributes[SIGNING_CERTIFICATE], signer))
        chain = issuing_path(signer, parts.certificates)
        _demand(len(chain) == len(parts.certificates))
        # The one byte of a certificate that no signature covers: its signature has no odd bits.
        _demand(all(encoded(one).endswith(b"\0" + one.signature) for one in chain))
        return Signed(chain, _stamped_at(parts.signer))
    except (*CANNOT_BE_READ, LookupError) as trouble:
        raise Broken(str(trouble)) from trouble


def _parts(signed: Node) -> _Parts:
    kind, around = _kids(signed)
    _demand(kind.whole == SIGNED_DATA)
    (body,) = _kids(around, CONTEXT_0)
    version, digests, encapsulated, certificates, signers = _kids(body)
    (digest,), (signer,) = _kids(digests, SET), _kids(signers, SET)
    content_type, *carried = _kids(encapsulated)
    content = None
    if carried:
        (octets,) = _kids(carried[0], CONTEXT_0)
        content = octets.content
    parts = _Parts(
        content_type.whole,
        content,
        [load_der_x509_certificate(node.whole) for node in _kids(certificates, CONTEXT_0)],
        _kids(signer),
    )
    # RFC 5652, 5.1: the version follows from what is inside.
    _demand(version.whole == (_DETACHED if content is None else _CARRYING))
    _demand(_algorithm(digest) == _algorithm(parts.signer[2]))
    return parts


def _verified(parts: _Parts, content: bytes) -> Certificate:
    """The certificate whose key made the signature. Raises InvalidSignature and others."""
    version, signer_id, digest, attributes, kind, signature, *_ = parts.signer
    _demand(version.whole == _BY_ISSUER and signature.tag == OCTETS)
    (signer,) = [c for c in parts.certificates if issuer_and_serial(c) == signer_id.whole]
    algorithm = _HASHES[_algorithm(digest)]
    found = _attributes(attributes, CONTEXT_0)
    _demand(found[CONTENT_TYPE].whole == parts.content_type)
    expected = hashlib.new(algorithm.name, content).digest()
    _demand(found[MESSAGE_DIGEST].whole == der(OCTETS, expected))
    key, to_sign = signer.public_key(), der(SET, attributes.content)
    if isinstance(key, rsa.RSAPublicKey):
        _demand(_RSA_KINDS[_algorithm(kind)] in ("", algorithm.name))
        key.verify(signature.content, to_sign, padding.PKCS1v15(), algorithm)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        _demand(_ECDSA_KINDS[_algorithm(kind)] == algorithm.name)
        key.verify(signature.content, to_sign, ec.ECDSA(algorithm))
    else:
        raise TypeError("a kind of key that seals do not have")
    return signer


def _stamped_at(signer: Sequence[Node]) -> datetime | None:
    """The moment a time stamp gives to the signature; None where there is no stamp."""
    signature, *unsigned = signer[5:]
    if not unsigned:
        return None
    (attributes,) = unsigned
    (token,) = _attributes(attributes, CONTEXT_1).values()
    _demand(TIME_STAMP in _attributes(attributes, CONTEXT_1))
    return stamped_at(token, signature.content)


def stamped_at(token: Node, stamped: bytes) -> datetime:
    """The moment of a time stamp over these bytes (RFC 3161). Raises ValueError and others."""
    parts = _parts(token)
    _demand(parts.content_type == _TIME_STAMP_CONTENT and parts.content is not None)
    _verified(parts, parts.content or b"")
    _, _, imprint, _, moment, *_ = _kids(read_der(parts.content or b""))
    digest, stamp = _kids(imprint)
    expected = hashlib.new(_HASHES[_algorithm(digest)].name, stamped).digest()
    _demand(stamp.whole == der(OCTETS, expected))
    whole_seconds = moment.content.decode("ascii").rstrip("Z").partition(".")[0]
    return datetime.strptime(whole_seconds, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _attributes(node: Node, tag: int) -> dict[bytes, Node]:
    """Attributes by their kind, each with one value."""
    found: dict[bytes, Node] = {}
    for one in _kids(node, tag):
        kind, values = _kids(one)
        (value,) = _kids(values, SET)
        _demand(kind.whole not in found)
        found[kind.whole] = value
    return found


def _algorithm(node: Node) -> bytes:
    """An algorithm without parameters, as SHA-2, RSA and ECDSA have it."""
    kind, *parameters = _kids(node)
    _demand([parameter.whole for parameter in parameters] in ([], [der(NULL)]))
    return kind.whole


def _names(attribute: Node, signer: Certificate) -> bool:
    """Whether a signing-certificate attribute names this very certificate, by SHA-256."""
    (listed,) = _kids(attribute)
    (named,) = _kids(listed)
    return _kids(named)[0].whole == der(OCTETS, hashlib.sha256(encoded(signer)).digest())


def _kids(node: Node, tag: int = SEQUENCE) -> list[Node]:
    _demand(node.tag == tag)
    return node.kids


def _demand(holds: bool) -> None:  # noqa: FBT001 - reads like an assertion
    if not holds:
        raise ValueError("not as the standard has it")
