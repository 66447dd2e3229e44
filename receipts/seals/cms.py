"""Signed data of a detached signature as PAdES B-B asks for it (ETSI EN 319 142-1, RFC 5652, 5035).

What is the same for every document of a key is made once; a document adds its digest and its
signature.
"""

import hashlib
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from receipts.seals.der import NULL, OCTETS, SEQUENCE, SET, der, der_set, integer, oid, read_der

DATA = oid("1.2.840.113549.1.7.1")
SIGNED_DATA = oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE = oid("1.2.840.113549.1.9.16.2.47")
TIME_STAMP = oid("1.2.840.113549.1.9.16.2.14")
SHA_256 = der(SEQUENCE, oid("2.16.840.1.101.3.4.2.1"))
CONTEXT_0, CONTEXT_1 = 0xA0, 0xA1
_RSA_SHA_256 = der(SEQUENCE, oid("1.2.840.113549.1.1.11"), der(NULL))
_ECDSA_SHA_256 = der(SEQUENCE, oid("1.2.840.10045.4.3.2"))

Sign = Callable[[bytes], bytes]


class Signer:
    """A key behind a function, with the chain that vouches for it, the signer's own first.

    The function may sign in this process, in a smart card or in a hardware module: it gets the
    bytes to be signed and gives their signature, PKCS #1 v1.5 or ECDSA, with SHA-256. Raises
    TypeError for a certificate of another kind of key.
    """

    def __init__(self, sign: Sign, chain: Sequence[Certificate]) -> None:
        self._sign = sign
        self.certificate = chain[0]
        self._algorithm, self._signature_size = _algorithm(self.certificate)
        self._certificates = der_set(*map(encoded, chain), tag=CONTEXT_0)
        self._issuer_and_serial = issuer_and_serial(self.certificate)
        self._names_itself = attribute(SIGNING_CERTIFICATE, _signing_certificate(self.certificate))

    def signed_data(self, digest: bytes) -> bytes:
        """The signature over a content whose SHA-256 is given."""
        return self._around(digest, self._sign(self._attributes(digest, SET)))

    @property
    def size(self) -> int:
        """The bytes that signed data take at most."""
        return len(self._around(bytes(32), bytes(self._signature_size)))

    def _attributes(self, digest: bytes, tag: int) -> bytes:
        members = (
            attribute(CONTENT_TYPE, DATA),
            attribute(MESSAGE_DIGEST, der(OCTETS, digest)),
            self._names_itself,
        )
        return der_set(*members, tag=tag)

    def _around(self, digest: bytes, signature: bytes) -> bytes:
        signer = der(
            SEQUENCE,
            integer(1),
            self._issuer_and_serial,
            SHA_256,
            self._attributes(digest, CONTEXT_0),
            self._algorithm,
            der(OCTETS, signature),
        )
        signed = der(
            SEQUENCE,
            integer(1),
            der(SET, SHA_256),
            der(SEQUENCE, DATA),
            self._certificates,
            der(SET, signer),
        )
        return der(SEQUENCE, SIGNED_DATA, der(CONTEXT_0, signed))


def with_time_stamp(signed_data: bytes, token: bytes) -> bytes:
    """Signed data of ours with the token that says when its signature existed."""
    kind, around = read_der(signed_data).kids
    (content,) = around.kids
    *before, signers = content.kids
    (signer,) = signers.kids
    stamped = der(CONTEXT_1, attribute(TIME_STAMP, token))
    signer_again = der(SEQUENCE, signer.content, stamped)
    again = der(SEQUENCE, *(node.whole for node in before), der(SET, signer_again))
    return der(SEQUENCE, kind.whole, der(CONTEXT_0, again))


def attribute(kind: bytes, value: bytes) -> bytes:
    return der(SEQUENCE, kind, der(SET, value))


def encoded(certificate: Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def issuer_and_serial(certificate: Certificate) -> bytes:
    return der(SEQUENCE, certificate.issuer.public_bytes(), integer(certificate.serial_number))


def _signing_certificate(certificate: Certificate) -> bytes:
    """ESSCertIDv2: binds the signature to this very certificate (RFC 5035)."""
    named = der(SEQUENCE, der(OCTETS, hashlib.sha256(encoded(certificate)).digest()))
    return der(SEQUENCE, der(SEQUENCE, named))


def _algorithm(certificate: Certificate) -> tuple[bytes, int]:
    """How the key of a certificate signs, and the bytes a signature takes at most."""
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA_SHA_256, key.key_size // 8
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _ECDSA_SHA_256, 2 * (key.key_size // 8 + 3) + 3
    raise TypeError("a seal needs an RSA key or an elliptic one")
