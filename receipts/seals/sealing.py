"""The organisation's seal on a file: an embedded signature that certifies it and forbids changes.

The signature is made in the same pass as the file: room is left for it, the rest is hashed, the
room is filled. ``receipts.seals.keys`` reads keys, ``receipts.seals.checking`` checks files.
"""

import hashlib
from collections.abc import Sequence
from datetime import date, time

from cryptography.x509 import Certificate

from core.clock import tehran_moment
from receipts.seals.cms import Sign, Signer

SUB_FILTER = b"ETSI.CAdES.detached"
_TIME_STAMP_ROOM = 7000  # bytes; tokens with a chain of three are below
_RANGE = b"/ByteRange[0 %d %d %d]"
_NO_RANGE = _RANGE % ((10**10 - 1,) * 3)  # what a file of any size has to say fits in


class Seal:
    """A signing key with its certificates, the signer's own first.

    With an RSA key the same file always gets the same seal; with an elliptic one where the
    library can derive the random number from the content (RFC 6979).
    """

    def __init__(
        self, sign: Sign, chain: Sequence[Certificate], *, time_stamped: bool = False
    ) -> None:
        self._signer = Signer(sign, chain)
        self.chain = tuple(chain)
        self._room = self._signer.size + (_TIME_STAMP_ROOM if time_stamped else 0)

    @property
    def certificate(self) -> Certificate:
        return self._signer.certificate

    def placeholder(self, created_on: date) -> bytes:
        """The signature dictionary of a document of a Tehran day, with room for the signature.

        The seal claims the beginning of that day, but no moment before its key was certified.
        """
        claimed = tehran_moment(created_on, time())
        moment = max(claimed, self.certificate.not_valid_before_utc)
        return (
            b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/%b/M(D:%b+00'00')"
            b"/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams"
            b"<</Type/TransformParams/P 1/V/1.2>>>>]%b%b>>"
            % (SUB_FILTER, f"{moment:%Y%m%d%H%M%S}".encode(), _NO_RANGE, self._no_contents)
        )

    def close(self, file: bytes) -> bytes:
        """Sign a file that holds this seal's placeholder."""
        contents = file.index(self._no_contents)
        start, end = contents + len(b"/Contents"), contents + len(self._no_contents)
        ranged = (_RANGE % (start, end, len(file) - end)).ljust(len(_NO_RANGE))
        head = file[:start].replace(_NO_RANGE, ranged)
        digest = hashlib.sha256(head)
        digest.update(memoryview(file)[end:])
        signature = self._signer.signed_data(digest.digest()).hex().encode()
        return b"".join((head, b"<", signature.ljust(2 * self._room, b"0"), b">", file[end:]))

    def detached(self, content: bytes) -> bytes:
        """A signature over something that is no PDF, to be kept beside it: signed data in DER."""
        return self._signer.signed_data(hashlib.sha256(content).digest())

    @property
    def _no_contents(self) -> bytes:
        return b"/Contents<%b>" % (b"0" * 2 * self._room)
