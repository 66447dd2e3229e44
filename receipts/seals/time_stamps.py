"""Time stamps of seals (RFC 3161): somebody else's word for when a signature existed.

Asking goes over the network, so it is a step of its own after a file is sealed and never part of a
transaction. An authority that is silent or answers wrongly leaves the file as it is, without stamp.
"""

import hashlib
import logging
import re
import secrets

import requests

from receipts.seals.chains import CANNOT_BE_READ
from receipts.seals.cms import SHA_256, with_time_stamp
from receipts.seals.der import OCTETS, SEQUENCE, Node, der, integer, read_der, read_padded
from receipts.seals.signed_data import stamped_at

log = logging.getLogger(__name__)

_WAIT_SECONDS = (3.05, 5)  # to connect, to answer
_TRUE = der(0x01, b"\xff")
_GRANTED = (integer(0), integer(1))
_CONTENTS = re.compile(rb"/Contents<([0-9a-f]+)>")


def time_stamped(pdf: bytes, authority_url: str) -> bytes:
    """A file sealed with room for it, stamped; or as it came, and the log says why.

    Call it outside of transactions. The same file stamped twice gives different bytes.
    """
    places = list(_CONTENTS.finditer(pdf))
    if len(places) != 1:
        return pdf
    start, end = places[0].span(1)
    signed = read_padded(bytes.fromhex(pdf[start:end].decode("ascii")))
    try:
        token = _token(authority_url, _signature(signed))
    except (requests.RequestException, *CANNOT_BE_READ, LookupError) as trouble:
        log.warning("a receipt is sealed without time stamp", extra={"trouble": str(trouble)})
        return pdf
    stamped = with_time_stamp(signed.whole, token).hex().encode()
    if len(stamped) > end - start:
        log.warning("a time stamp is too large for its room", extra={"bytes": len(token)})
        return pdf
    return pdf[:start] + stamped.ljust(end - start, b"0") + pdf[end:]


def _signature(signed: Node) -> bytes:
    _, around = signed.kids
    (signer,) = around.kids[0].kids[-1].kids
    return signer.kids[5].content


def _token(authority_url: str, signature: bytes) -> bytes:
    """The authority's token over a signature, checked."""
    imprint = der(SEQUENCE, SHA_256, der(OCTETS, hashlib.sha256(signature).digest()))
    nonce = integer(secrets.randbits(63))
    answer = requests.post(
        authority_url,
        data=der(SEQUENCE, integer(1), imprint, nonce, _TRUE),
        headers={"Content-Type": "application/timestamp-query"},
        timeout=_WAIT_SECONDS,
    )
    answer.raise_for_status()
    status, *tokens = read_der(answer.content).kids
    if status.kids[0].whole not in _GRANTED or len(tokens) != 1:
        raise ValueError("the authority refused")
    if nonce not in tokens[0].whole:
        raise ValueError("the answer is not to this question")
    stamped_at(tokens[0], signature)
    return tokens[0].whole
