"""What an answer of the bank means for a payment: pure decisions, and when to look again.

The adapter says what the bank said; whether money came is decided here: whatever the answer
carries must equal ours, and it must bind the order or the amount.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from donations.models.payment import Payment, PaymentState
from payment_gateways.contract import Binds, Hint, Kind, Manifest, Outcome

S = PaymentState
PAID = frozenset({Kind.CONFIRMED, Kind.ALREADY_CONFIRMED})
FIRST_RETRY = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
AFTER_THE_WINDOW = timedelta(minutes=3)

# In these states a payment's reference is what a browser brought: reserved, and not proven.
UNPROVEN = frozenset(
    {
        S.STARTED,
        S.REDIRECTED,
        S.RETURNED,
        S.CANCELLED_CLAIMED,
        S.CONFIRMING,
        S.CONFIRM_UNKNOWN,
        S.CANCELLED,
        S.FAILED,
        S.EXPIRED,
    }
)

_OTHER_OWNER = select(Payment.state).where(
    Payment.gateway == bindparam("gateway"),
    Payment.bank_reference == bindparam("reference"),
    Payment.id != bindparam("payment_id"),
)


def state_after_confirm(
    session: Session, payment: Payment, outcome: Outcome, manifest: Manifest, *, now: datetime
) -> PaymentState:
    """Where an answer to a confirm leads."""
    if outcome.kind in PAID:
        return _judged(session, payment, outcome, manifest)
    if outcome.kind is Kind.RETURNED:
        return S.REVERSED
    if outcome.kind is Kind.NOT_PAID:
        return S.FAILED
    if outcome.kind is Kind.REFUSED:
        return S.MISMATCH  # the bank has the money and names another amount or owner
    if outcome.kind in (Kind.OPEN, Kind.NOT_FOUND):
        return S.EXPIRED if window_is_over(payment, manifest, now=now) else S.REDIRECTED
    return S.CONFIRM_UNKNOWN


def state_after_look(
    payment: Payment, outcome: Outcome, manifest: Manifest, *, now: datetime
) -> PaymentState:
    """Where a look at the bank leads, after a donor who never came back."""
    if outcome.kind is Kind.RETURNED:
        return S.EXPIRED
    if payment.state is S.CANCELLED_CLAIMED and outcome.kind in (Kind.NOT_FOUND, Kind.NOT_PAID):
        return S.CANCELLED
    if outcome.kind is Kind.NOT_PAID:
        return S.FAILED
    nothing_there = outcome.kind in (Kind.NOT_FOUND, Kind.OPEN)
    is_over = window_is_over(payment, manifest, now=now)
    return S.EXPIRED if nothing_there and is_over else payment.state


def window_is_over(payment: Payment, manifest: Manifest, *, now: datetime) -> bool:
    """Whether the bank has given money that nobody confirmed back by now."""
    return now > payment.created_at + manifest.confirm_window + AFTER_THE_WINDOW


def is_ours(payment: Payment, hint: Hint) -> bool:
    """Whether everything a hint carries equals what we stored; it must carry token or order."""
    if hint.token is None and hint.order_number is None:
        return False
    if hint.token is not None and not _same(hint.token, payment.token or ""):
        return False
    return hint.order_number is None or hint.order_number == payment.order_number


def belongs_to_another(
    session: Session, payment: Payment, reference: str, *, named_by_bank: bool
) -> bool:
    """Whether the bank's reference is that of another payment at the same terminal.

    What a browser reserved for another payment does not stand against what the bank itself names
    for ours: else a forger could keep a gift from being received.
    """
    asked = {"gateway": payment.gateway, "reference": reference, "payment_id": payment.id}
    owner = session.scalars(_OTHER_OWNER, asked).first()
    return owner is not None and not (named_by_bank and owner in UNPROVEN)


def next_check(payment: Payment, after: PaymentState, *, now: datetime) -> datetime:
    """When the sweeper looks again: soon while money may be in doubt, then ever less often."""
    if after in (S.CONFIRMED, S.SETTLING):
        return now + FIRST_RETRY
    doubled = FIRST_RETRY * (1 << min(payment.checks, 10))
    if after in (S.REDIRECTED, S.STARTED, S.CANCELLED_CLAIMED):
        doubled = max(doubled, timedelta(minutes=1))
    return now + min(doubled, LONGEST_WAIT)


def _judged(
    session: Session, payment: Payment, outcome: Outcome, manifest: Manifest
) -> PaymentState:
    """CONFIRMED when nothing differs, MISMATCH when something does, else still unknown."""
    if manifest.binds_amount is Binds.ANSWER and outcome.amount_rial is None:
        return S.CONFIRM_UNKNOWN
    pairs = (
        (outcome.amount_rial, payment.amount_rial),
        (outcome.order_number, payment.order_number),
        (outcome.token, payment.token),
    )
    if any(theirs is not None and theirs != ours for theirs, ours in pairs):
        return S.MISMATCH
    if payment.claimed_rial is not None and payment.claimed_rial > payment.amount_rial:
        return S.MISMATCH  # less is a discount the bank bears; more is somebody's money
    reference = outcome.bank_reference or payment.bank_reference
    if reference is None:
        return S.CONFIRM_UNKNOWN
    differs = bool(payment.bank_reference) and not _same(payment.bank_reference or "", reference)
    if differs and manifest.binds_order is not Binds.REQUEST:
        return S.MISMATCH  # ours came from a browser, and nothing else ties the answer to us
    if reference == payment.bank_reference:
        return S.CONFIRMED  # reserved before the bank was asked; UNIQUE keeps it ours
    is_taken = belongs_to_another(session, payment, reference, named_by_bank=True)
    return S.MISMATCH if is_taken else S.CONFIRMED


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
