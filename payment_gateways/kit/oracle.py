"""What a careful core makes of an answer: the kit's own, small and apart from the product's.

An adapter only says what the bank said. Whether a case is kept shows in what is made of it here:
everything that an answer carries must equal what we asked, what binds must not be missing, and a
reference serves one payment.
"""

import hmac
from collections.abc import Collection
from enum import StrEnum

from payment_gateways.contract import Binds, Hint, Kind, Manifest, Outcome, StoredPayment

PAID = frozenset({Kind.CONFIRMED, Kind.ALREADY_CONFIRMED})


class Verdict(StrEnum):
    """What becomes of a payment."""

    RECEIVED = "received"
    MISMATCH = "mismatch"  # somebody's money, and not as we asked: a person looks
    PENDING = "pending"  # nothing is proven; it is asked again
    ENDED = "ended"  # no money, or it has gone back


def verdict(
    manifest: Manifest,
    stored: StoredPayment,
    outcome: Outcome,
    *,
    hint: Hint | None = None,
    used: Collection[str] = (),
) -> Verdict:
    """Judge the answer to a confirm; ``used`` are the references of other payments."""
    if outcome.kind is Kind.REFUSED:
        return Verdict.MISMATCH
    if outcome.kind in {Kind.NOT_PAID, Kind.RETURNED}:
        return Verdict.ENDED
    if outcome.kind not in PAID:
        return Verdict.PENDING
    if manifest.binds_amount is Binds.ANSWER and outcome.amount_rial is None:
        return Verdict.PENDING
    reference = outcome.bank_reference or stored.bank_reference
    if reference is None:
        return Verdict.PENDING
    claimed = hint.amount_rial if hint else None
    differs = (
        outcome.amount_rial not in {None, stored.amount_rial}
        or outcome.order_number not in {None, stored.order_number}
        or outcome.token not in {None, stored.token}
        or (claimed is not None and claimed > stored.amount_rial)
        or reference in used
        or _another_than_the_browsers(manifest, stored, reference)
    )
    return Verdict.MISMATCH if differs else Verdict.RECEIVED


def is_ours(stored: StoredPayment, hint: Hint) -> bool:
    """Whether what a browser brought names our payment, and nothing of it another."""
    if hint.token is None and hint.order_number is None:
        return False
    if hint.token is not None and not hmac.compare_digest(
        hint.token.encode(), (stored.token or "").encode()
    ):
        return False
    return hint.order_number in {None, stored.order_number}


def _another_than_the_browsers(manifest: Manifest, stored: StoredPayment, reference: str) -> bool:
    """Where nothing ties the order, the reference must be the one that the browser brought."""
    brought = stored.bank_reference
    return (
        manifest.binds_order is not Binds.REQUEST and brought is not None and brought != reference
    )
