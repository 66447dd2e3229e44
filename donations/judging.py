"""What an answer of the bank means for a payment: pure decisions, and when to look again.

The adapter says what the bank said; whether money came is decided here: whatever the answer
carries must equal ours, and it must bind the order or the amount.
"""

import hmac
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from donations.models.payment import REFERENCE_MAX, Payment, PaymentState
from payment_gateways.contract import Binds, Hint, Kind, Manifest, Outcome, Recovery

S = PaymentState
PAID = frozenset({Kind.CONFIRMED, Kind.ALREADY_CONFIRMED})
FIRST_RETRY = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=1)
AFTER_THE_WINDOW = timedelta(minutes=3)
BEFORE_ITS_END = timedelta(minutes=3)  # when we look once more, while a confirm still counts

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

_AT_THE_BANK = frozenset({S.REDIRECTED, S.STARTED, S.CANCELLED_CLAIMED})
_UNPROVEN_AND_OPEN = _AT_THE_BANK | {S.RETURNED, S.CONFIRM_UNKNOWN}

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
        # What went back is another payment's money: nothing was said of ours.
        return S.CONFIRM_UNKNOWN if names_another(payment, outcome) else S.REVERSED
    if outcome.kind is Kind.REFUSED:
        return S.MISMATCH  # the bank has the money and names another amount or owner
    is_over = window_is_over(payment, manifest, now=now)
    if outcome.kind is Kind.NOT_PAID and (is_over or not _may_still_be_paid(manifest)):
        return S.FAILED
    if outcome.kind in (Kind.OPEN, Kind.NOT_FOUND, Kind.NOT_PAID):
        return S.EXPIRED if is_over else S.REDIRECTED
    return S.CONFIRM_UNKNOWN


def state_after_look(
    payment: Payment, outcome: Outcome, manifest: Manifest, *, now: datetime
) -> PaymentState:
    """Where a look at the bank leads, after a donor who never came back."""
    if outcome.kind is Kind.RETURNED:
        return S.EXPIRED
    is_over = window_is_over(payment, manifest, now=now)
    nothing_there = outcome.kind in (Kind.NOT_FOUND, Kind.NOT_PAID)
    if nothing_there and (is_over or not _may_still_be_paid(manifest)):
        if payment.state is S.CANCELLED_CLAIMED:
            return S.CANCELLED
        if outcome.kind is Kind.NOT_PAID:
            return S.FAILED
    # Money that nobody confirms, or at a bank that will not say, is back with the payer by then.
    left_alone = outcome.kind is Kind.OPEN or (
        manifest.returns_unconfirmed and outcome.kind in (Kind.AWAITS_CONFIRM, Kind.REFUSED)
    )
    return S.EXPIRED if is_over and (nothing_there or left_alone) else payment.state


def _may_still_be_paid(manifest: Manifest) -> bool:
    """Whether "not paid" may be all that the bank can say while the payer is still there."""
    return manifest.recovers_by is Recovery.CONFIRM


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


def names_another(payment: Payment, outcome: Outcome) -> bool:
    """Whether an answer of the bank carries an order or a token that is not this payment's."""
    return outcome.order_number not in (None, payment.order_number) or outcome.token not in (
        None,
        payment.token,
    )


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


def next_check(
    payment: Payment, after: PaymentState, *, now: datetime, manifest: Manifest | None = None
) -> datetime:
    """When the sweeper looks again: soon while money may be in doubt, then ever less often.

    A gateway's ``manifest`` lets no wait step over the last minutes in which a confirm counts,
    nor over the moment after which the money is surely back.
    """
    if after in (S.CONFIRMED, S.SETTLING):
        return now + FIRST_RETRY
    doubled = FIRST_RETRY * (1 << min(payment.checks, 10))
    if after in _AT_THE_BANK:
        doubled = max(doubled, timedelta(minutes=1))
    then = now + min(doubled, LONGEST_WAIT)
    if manifest is None or after not in _UNPROVEN_AND_OPEN:
        return then
    window_ends = payment.created_at + manifest.confirm_window
    marks = (window_ends - BEFORE_ITS_END, window_ends + AFTER_THE_WINDOW + FIRST_RETRY)
    return min([then, *(mark for mark in marks if mark > now)])


def _judged(
    session: Session, payment: Payment, outcome: Outcome, manifest: Manifest
) -> PaymentState:
    """CONFIRMED when nothing differs, MISMATCH when something does, else still unknown."""
    if manifest.binds_amount is Binds.ANSWER and outcome.amount_rial is None:
        return S.CONFIRM_UNKNOWN
    names_none = outcome.order_number is None and outcome.token is None
    if manifest.binds_order is Binds.ANSWER and names_none:
        return S.CONFIRM_UNKNOWN  # nothing says that the answer is about this payment
    is_another_amount = outcome.amount_rial not in (None, payment.amount_rial)
    if is_another_amount or names_another(payment, outcome):
        return S.MISMATCH
    if payment.claimed_rial is not None and payment.claimed_rial > payment.amount_rial:
        return S.MISMATCH  # less is a discount the bank bears; more is somebody's money
    reference = outcome.bank_reference or payment.bank_reference
    if reference is None or len(reference) > REFERENCE_MAX:
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
