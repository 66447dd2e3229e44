"""Sending money back in our own rows: what was ordered, and what the bank said to it.

Nothing in this module calls a bank. ``flows/refunding.py`` commits the intention with the right to
send, asks the bank outside any transaction, and records the answer, so that no order to send money
is ever given twice: after silence the bank is first asked what became of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from donations.judging import FIRST_RETRY, LONGEST_WAIT
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.refund import Ending, OpenRefund, RefundEnd, RefundRequest, Way
from donations.paying import LEASE, stored
from donations.stepping import locked_payment, note_step, step_to
from payment_gateways.contract import Kind, Outcome, Refund, StoredPayment

S = PaymentState

# An order that we have no answer to may still be on its way into the bank's books.
MAY_STILL_ARRIVE = timedelta(minutes=2)
TOOK_BACK = "bank_took_back"  # the step that keeps what the bank said then
_BEING_SENT = {
    Way.REVERSE: (S.REVERSING, S.REVERSE_UNKNOWN),
    Way.REFUND: (S.REFUND_REQUESTED, S.REFUND_UNKNOWN),
}
_GONE = {Way.REVERSE: S.REVERSED, Way.REFUND: S.REFUNDED, Way.OUTSIDE: S.REFUNDED}


class Errand(StrEnum):
    """What the bank is asked next."""

    REVERSE = "reverse"
    REFUND = "refund"
    STATUS = "refund_status"


@dataclass(frozen=True, slots=True)
class Claimed:
    """The right to ask the bank once, with everything that it is told."""

    errand: Errand
    request_id: int
    payment: StoredPayment
    refund: Refund


def claim_sending(session: Session, payment_id: int, *, now: datetime) -> Claimed | None:
    """Take the right to ask the bank about an approved request; ``None`` when it is not ours.

    An undoing may be repeated and simply is. An order to refund is sent only while ``may_send``
    stands, which this transaction takes back: whoever comes after asks what became of it.
    """
    payment = locked_payment(session, payment_id)
    under_way = open_refund(session, payment_id)
    if under_way is None or under_way.state_before is None or under_way.check_after > now:
        return None
    request = under_way.request
    if request.way is Way.OUTSIDE or payment.state not in _BEING_SENT[request.way]:
        return None
    errand = Errand.REVERSE if request.way is Way.REVERSE else Errand.STATUS
    if under_way.may_send and request.way is Way.REFUND:
        errand = Errand.REFUND
    under_way.check_after = now + LEASE
    if errand is not Errand.STATUS:
        under_way.may_send = errand is Errand.REVERSE
        under_way.sends += 1
        after = _BEING_SENT[request.way][0]
        step_to(
            session,
            payment_id,
            {payment.state},
            after,
            f"{request.way}_send",
            None,
            now=now,
            facts={"number": request.number, "amount_rial": request.amount_rial},
        )
    session.flush()
    return Claimed(
        errand=errand,
        request_id=request.id,
        payment=stored(payment),
        refund=Refund(
            number=request.number,
            amount_rial=request.amount_rial,
            reason=request.reason,
            bank_reference=under_way.bank_reference,
        ),
    )


def record_sending(
    session: Session, payment_id: int, claimed: Claimed, outcome: Outcome, *, now: datetime
) -> PaymentState:
    """Record what the bank said to an order, or to the question what became of it.

    DONE ends the request and leaves the postings to the caller, who holds the same transaction.
    """
    payment = locked_payment(session, payment_id)
    under_way = open_refund(session, payment_id)
    is_ours = under_way is not None and under_way.request_id == claimed.request_id
    if under_way is None or not is_ours or payment.state not in _being_sent(under_way):
        note_step(session, payment_id, "refund_late", payment.state, outcome, now=now)
        return payment.state
    is_unknown_there = claimed.errand is Errand.STATUS and outcome.kind is Kind.NOT_FOUND
    is_too_early = is_unknown_there and _may_still_arrive(session, under_way, now=now)
    after = (
        payment.state if is_too_early else _state_after(under_way, payment, claimed.errand, outcome)
    )
    under_way.checks += 1
    may_send_now = is_unknown_there and not is_too_early
    under_way.check_after = now if may_send_now else now + _wait(under_way)
    under_way.bank_reference = outcome.bank_reference or under_way.bank_reference
    if may_send_now:
        under_way.may_send = True
    if claimed.errand is Errand.REFUND and outcome.kind is Kind.REFUSED:
        under_way.was_refused = True
    step_to(session, payment_id, {payment.state}, after, claimed.errand.value, outcome, now=now)
    if after is _GONE[under_way.request.way]:
        _end(session, under_way, Ending.DONE, now=now)
    elif after is under_way.state_before:
        _end(session, under_way, Ending.REFUSED, now=now)
    session.flush()
    return after


def put_off(
    session: Session, payment_id: int, outcome: Outcome, why: str, *, now: datetime
) -> PaymentState:
    """Keep a request open although the bank says that it is done: something of ours is in the way.

    The bank's answer is kept as evidence, and an undoing is asked for again later.
    """
    payment = locked_payment(session, payment_id)
    under_way = open_refund(session, payment_id)
    if under_way is None:
        return payment.state
    under_way.checks += 1
    under_way.check_after = now + _wait(under_way)
    step_to(session, payment_id, {payment.state}, S.REVERSE_UNKNOWN, why, outcome, now=now)
    session.flush()
    return S.REVERSE_UNKNOWN


def record_outside(session: Session, request: RefundRequest, *, now: datetime) -> None:
    """Write down, at its approval, that people sent the money back with the bank by hand."""
    payment = locked_payment(session, request.payment_id)
    under_way = open_refund(session, payment.id)
    facts = {
        "reference": request.outside_reference,
        "on": request.outside_on.isoformat() if request.outside_on else None,
        "amount_rial": request.amount_rial,
    }
    step_to(
        session, payment.id, {payment.state}, S.REFUNDED, "refund_outside", None, now=now,
        facts=facts,
    )  # fmt: skip
    if under_way is not None:
        under_way.bank_reference = request.outside_reference
        _end(session, under_way, Ending.DONE, now=now)


def record_taken_back(
    session: Session, payment: Payment, outcome: Outcome, *, now: datetime
) -> bool:
    """Record that the bank took the money of a final payment back by itself; false if too late."""
    payment = locked_payment(session, payment.id)
    if not payment.is_final or payment.state not in (S.SETTLED, S.CONFIRMED):
        return False
    step_to(session, payment.id, {payment.state}, S.REVERSED, TOOK_BACK, outcome, now=now)
    under_way = open_refund(session, payment.id)
    if under_way is not None:
        _end(session, under_way, Ending.OVERTAKEN, now=now)
    session.flush()
    return True


def due_refunds(
    session: Session, gateways: Collection[str], *, now: datetime, limit: int = 100
) -> Sequence[int]:
    """The payments whose money somebody approved to send back and whose time has come."""
    return session.scalars(
        select(OpenRefund.payment_id)
        .join(RefundRequest, RefundRequest.id == OpenRefund.request_id)
        .where(
            OpenRefund.state_before.is_not(None),
            OpenRefund.check_after <= now,
            RefundRequest.gateway.in_(sorted(gateways)),
        )
        .order_by(OpenRefund.check_after, OpenRefund.payment_id)
        .limit(limit)
    ).all()


def postpone_refund(session: Session, payment_id: int, *, now: datetime) -> None:
    """Let the sweeper come back to a request later, so that it keeps no other waiting."""
    locked_payment(session, payment_id)
    under_way = open_refund(session, payment_id)
    if under_way is not None:
        under_way.checks += 1
        under_way.check_after = now + _wait(under_way)
        session.flush()


def open_refund(session: Session, payment_id: int) -> OpenRefund | None:
    """The request that has not ended, as it stands: the payment is held, so it stays so."""
    return session.scalars(
        select(OpenRefund)
        .where(OpenRefund.payment_id == payment_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _being_sent(under_way: OpenRefund) -> Collection[PaymentState]:
    return _BEING_SENT.get(under_way.request.way, ())


def _state_after(
    under_way: OpenRefund, payment: Payment, errand: Errand, outcome: Outcome
) -> PaymentState:
    """Where an answer leads. Whatever is not said plainly leaves it open whether money moved."""
    before = under_way.state_before or payment.state
    sending, unknown = _BEING_SENT[under_way.request.way]
    if outcome.kind is Kind.DONE:
        return _GONE[under_way.request.way]
    if errand is Errand.REVERSE:
        # Declined is declined: an undoing that an earlier call did would be answered as done.
        return {Kind.REFUSED: before, Kind.CONFIG_ERROR: sending}.get(outcome.kind, unknown)
    if errand is Errand.REFUND:
        if outcome.kind is Kind.REFUSED and under_way.sends > 1:
            return unknown  # perhaps only because the first order did arrive: ask what became of it
        return {Kind.REFUSED: before, Kind.CONFIG_ERROR: sending}.get(outcome.kind, unknown)
    if outcome.kind is Kind.NOT_FOUND:
        return before if under_way.was_refused else sending
    return before if outcome.kind is Kind.REFUSED else payment.state


def _may_still_arrive(session: Session, under_way: OpenRefund, *, now: datetime) -> bool:
    """Whether the order was sent so lately, and without an answer, that the bank may yet get it.

    An answer of the bank, also one that only we can mend, says that it is not on its way.
    """
    last = session.execute(
        select(PaymentStep.at, PaymentStep.step, PaymentStep.outcome)
        .where(
            PaymentStep.payment_id == under_way.payment_id,
            PaymentStep.step.in_(("refund_send", "refund")),
        )
        .order_by(PaymentStep.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None or (last.step == "refund" and last.outcome != Kind.UNKNOWN):
        return False
    return bool(now < last.at + MAY_STILL_ARRIVE)


def _wait(under_way: OpenRefund) -> timedelta:
    return min(FIRST_RETRY * (1 << min(under_way.checks, 10)), LONGEST_WAIT)


def _end(session: Session, under_way: OpenRefund, ending: Ending, *, now: datetime) -> None:
    session.add(
        RefundEnd(
            request_id=under_way.request_id,
            payment_id=under_way.payment_id,
            ending=ending,
            bank_reference=under_way.bank_reference,
            ended_at=now,
        )
    )
    session.delete(under_way)
