"""Money on its way back as finance sees it: to decide on, under way at the bank, and done."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, select, text
from sqlalchemy.orm import Session, joinedload

from core.refusals import NotFound
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.refund import OpenRefund, RefundDecision, RefundEnd, RefundRequest

# From then on somebody has to look: the bank keeps us waiting, or does not let us.
HANGS_AFTER = timedelta(hours=2)
# The bank took the order, and its debit should have been on the account by now.
UNSEEN_AFTER = timedelta(days=5)

# Spelt as the index of these payments spells it.
_APART = text("(payment.is_surplus OR payment.state = 'mismatch')")


def payments_apart(session: Session, *, after_id: int = 0, limit: int = 100) -> Sequence[Payment]:
    """One page of surplus and mismatches for whose money nobody has asked yet, oldest first."""
    asked = exists().where(OpenRefund.payment_id == Payment.id)
    gone = (PaymentState.REVERSED, PaymentState.REFUNDED)
    return session.scalars(
        select(Payment)
        .where(_APART, Payment.state.not_in(gone), ~asked, Payment.id > after_id)
        .options(joinedload(Payment.pledge))
        .order_by(Payment.id)
        .limit(limit)
    ).all()


def waiting_refunds(session: Session, *, limit: int | None = 100) -> Sequence[OpenRefund]:
    """What waits for a second person, oldest first."""
    return session.scalars(
        _open_refunds().where(OpenRefund.state_before.is_(None)).limit(limit)
    ).all()


def refunds_under_way(session: Session, *, limit: int | None = 100) -> Sequence[OpenRefund]:
    """What was approved and of which the bank has not said that it is done, oldest first."""
    return session.scalars(
        _open_refunds().where(OpenRefund.state_before.is_not(None)).limit(limit)
    ).all()


def hanging_refunds(session: Session, *, now: datetime) -> Sequence[OpenRefund]:
    """What was approved so long ago that the bank should have carried it out, oldest first."""
    return session.scalars(
        _open_refunds()
        .join(RefundDecision, RefundDecision.request_id == OpenRefund.request_id)
        .where(
            OpenRefund.state_before.is_not(None),
            RefundDecision.decided_at <= now - HANGS_AFTER,
        )
    ).all()


def ended_refunds(
    session: Session, *, before_id: int | None = None, limit: int
) -> Sequence[tuple[RefundEnd, RefundRequest]]:
    """One page of what has ended, newest first."""
    query = (
        select(RefundEnd, RefundRequest)
        .join(RefundRequest, RefundRequest.id == RefundEnd.request_id)
        .options(joinedload(RefundRequest.payment))
        .order_by(RefundEnd.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(RefundEnd.id < before_id)
    return [(end, request) for end, request in session.execute(query)]


def payment_with_pledge(session: Session, payment_id: int) -> Payment:
    """One payment with its pledge. Raises NotFound."""
    payment = session.scalars(
        select(Payment).where(Payment.id == payment_id).options(joinedload(Payment.pledge))
    ).one_or_none()
    if payment is None:
        raise NotFound(subject="payment")
    return payment


def steps_of(session: Session, payment_id: int) -> Sequence[PaymentStep]:
    """Everything that happened to a payment, oldest first, with the evidence."""
    return session.scalars(
        select(PaymentStep).where(PaymentStep.payment_id == payment_id).order_by(PaymentStep.id)
    ).all()


def requests_of(session: Session, payment_id: int) -> Sequence[RefundRequest]:
    """Every request about a payment, oldest first, with decision and end."""
    return session.scalars(
        select(RefundRequest)
        .where(RefundRequest.payment_id == payment_id)
        .options(joinedload(RefundRequest.decision), joinedload(RefundRequest.end))
        .order_by(RefundRequest.id)
    ).all()


def open_request(session: Session, request_id: int) -> RefundRequest:
    """A request that nobody has decided on. Raises NotFound."""
    request = session.scalars(
        select(RefundRequest)
        .join(OpenRefund, OpenRefund.request_id == RefundRequest.id)
        .where(RefundRequest.id == request_id, OpenRefund.state_before.is_(None))
    ).one_or_none()
    if request is None:
        raise NotFound(subject="refund_request")
    return request


def _open_refunds() -> Select[OpenRefund]:
    return (
        select(OpenRefund)
        .options(
            joinedload(OpenRefund.request).joinedload(RefundRequest.decision),
            joinedload(OpenRefund.payment).joinedload(Payment.pledge),
        )
        .order_by(OpenRefund.request_id)
    )
