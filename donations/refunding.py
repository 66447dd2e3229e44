"""Sending money back in our own rows: asked for, decided, ordered, and what the bank said to it.

A payment goes back whole or not at all; the contract's refunds of a part are not used here.
Nothing in this module calls a bank. ``flows/refunding.py`` commits the intention with the right to
send, asks the bank outside any transaction, and records the answer, so that no order to send money
is ever given twice: after silence the bank is first asked what became of it.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import digits_only, normalise
from core.refusals import NotFound, Refusal
from donations.judging import FIRST_RETRY, LONGEST_WAIT
from donations.models.desk import Decision
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.refund import (
    REFUND_NUMBER_MAX,
    REFUND_NUMBER_MIN,
    Ending,
    OpenRefund,
    RefundDecision,
    RefundEnd,
    RefundRequest,
    Way,
)
from donations.paying import LEASE, stored
from donations.stepping import locked_payment, note_step, step_to
from donations.voiding import REASON_MAX, AlreadyDecided, ReasonMissing, SecondPersonNeeded
from offices.audit import note
from payment_gateways.contract import Kind, Manifest, Outcome, Refund, StoredPayment

S = PaymentState

AMOUNT_MAX_RIAL = 10**15
# An order that we have no answer to may still be on its way into the bank's books.
MAY_STILL_ARRIVE = timedelta(minutes=2)
REFERENCE_MAX = 40
TOOK_BACK = "bank_took_back"  # the step that keeps what the bank said then
_BEING_SENT = {
    Way.REVERSE: (S.REVERSING, S.REVERSE_UNKNOWN),
    Way.REFUND: (S.REFUND_REQUESTED, S.REFUND_UNKNOWN),
}
_GONE = {Way.REVERSE: S.REVERSED, Way.REFUND: S.REFUNDED, Way.OUTSIDE: S.REFUNDED}


class RefundAlreadyAsked(Refusal):
    """Somebody asked for this already, and it has not ended."""

    code = "refund.already_asked"


class NoWayBack(Refusal):
    """The payment does not stand so that its money could go back this way, or not any more."""

    code = "refund.no_way_back"


class TakenAmountUnknown(Refusal):
    """Nobody has said how much the bank took, and by our books it may be another amount."""

    code = "refund.taken_amount_unknown"
    http_status = 422
    field = "amount_rial"


class OutsideReferenceMissing(Refusal):
    """A refund made at the bank is written down with the number that the bank gave it."""

    code = "refund.outside_reference_missing"
    http_status = 422
    field = "outside_reference"


class OutsideDayMissing(Refusal):
    """A refund made at the bank is written down with its day, which cannot lie ahead."""

    code = "refund.outside_day_missing"
    http_status = 422
    field = "outside_on"


@dataclass(frozen=True, slots=True)
class Means:
    """What a terminal can do to send money back, by the bank's guide and by our contract."""

    manifest: Manifest
    may_reverse: bool
    may_refund: bool
    refund_rial_max: int | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """What one person asks for."""

    way: Way
    reason: str
    amount_rial: int | None = None  # what the bank took, where our books do not know it
    outside_reference: str = ""
    outside_on: date | None = None


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


def ways_back(
    session: Session,
    payment: Payment,
    means: Means | None,
    *,
    is_paid_out: bool,
    now: datetime,
) -> tuple[Way, ...]:
    """The ways that are open for this payment now, the best first; none where it holds no money.

    ``is_paid_out`` says that its money was found on the statement: then it is too late to undo it.
    What was done by hand at the bank can be written down wherever a refund would be possible.
    """
    ways: list[Way] = []
    if means is not None and not is_paid_out and _can_reverse(session, payment, means, now=now):
        ways.append(Way.REVERSE)
    if not payment.is_final and payment.state is not S.MISMATCH:
        return tuple(ways)
    if payment.state not in (S.SETTLED, S.CONFIRMED, S.MISMATCH):
        return tuple(ways)
    if not ways and means is not None and _can_refund(payment, means):
        ways.append(Way.REFUND)
    return (*ways, Way.OUTSIDE)


def ask_to_send_back(
    session: Session,
    payment_id: int,
    asked: Asked,
    ways: Collection[Way],
    *,
    asked_by_id: int,
    now: datetime,
) -> RefundRequest:
    """Ask that the money of a payment goes back; nothing moves until another person approves.

    The caller holds the payment and has found out which ways are open.
    Raises RefundAlreadyAsked, NoWayBack, ReasonMissing, TakenAmountUnknown,
    OutsideReferenceMissing, OutsideDayMissing.
    """
    payment = locked_payment(session, payment_id)
    if session.get(OpenRefund, payment_id) is not None:
        raise RefundAlreadyAsked
    if asked.way not in ways:
        raise NoWayBack
    reason = normalise(asked.reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    is_outside = asked.way is Way.OUTSIDE
    request = RefundRequest(
        payment_id=payment.id,
        gateway=payment.gateway,
        number=_new_number(),
        way=asked.way,
        amount_rial=_taken_rial(payment, asked),
        reason=reason,
        outside_reference=_outside_reference(asked) if is_outside else None,
        outside_on=_outside_day(asked, now=now) if is_outside else None,
        asked_by_id=asked_by_id,
        asked_at=now,
    )
    session.add(request)
    session.flush()
    session.add(OpenRefund(payment_id=payment.id, request_id=request.id, check_after=now))
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:  # somebody else asked at the same moment
        raise RefundAlreadyAsked from error
    _note(session, "refund.ask", request, actor_id=asked_by_id, now=now)
    return request


def decide_on_refund(
    session: Session,
    request_id: int,
    decision: Decision,
    ways: Collection[Way],
    *,
    decided_by_id: int,
    now: datetime,
) -> RefundRequest:
    """Write down what a second person decided; an approved order is ready to be sent.

    The caller holds the payment and has found out which ways are still open.
    Raises NotFound, SecondPersonNeeded, AlreadyDecided, NoWayBack. Of two deciders one is too late.
    """
    request = session.get(RefundRequest, request_id)
    if request is None:
        raise NotFound(subject="refund_request")
    payment = locked_payment(session, request.payment_id)
    if request.asked_by_id == decided_by_id:
        raise SecondPersonNeeded
    under_way = _open_row(session, payment.id)
    if under_way is None or under_way.request_id != request_id or under_way.state_before:
        raise AlreadyDecided
    if decision is Decision.APPROVED and request.way not in ways:
        raise NoWayBack
    _write_decision(session, request, decision, decided_by_id=decided_by_id, now=now)
    is_approved = decision is Decision.APPROVED
    if is_approved:
        _be_ready_to_send(session, payment, under_way, request, now=now)
    else:
        session.delete(under_way)
    session.flush()
    action = "refund.approve" if is_approved else "refund.decline"
    _note(session, action, request, actor_id=decided_by_id, now=now)
    return request


def claim_sending(session: Session, payment_id: int, *, now: datetime) -> Claimed | None:
    """Take the right to ask the bank about an approved request; ``None`` when it is not ours.

    An undoing may be repeated and simply is. An order to refund is sent only while ``may_send``
    stands, which this transaction takes back: whoever comes after asks what became of it.
    """
    payment = locked_payment(session, payment_id)
    under_way = _open_row(session, payment_id)
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
    under_way = _open_row(session, payment_id)
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
    under_way = _open_row(session, payment_id)
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
    under_way = _open_row(session, payment.id)
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
    under_way = _open_row(session, payment.id)
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
    under_way = _open_row(session, payment_id)
    if under_way is not None:
        under_way.checks += 1
        under_way.check_after = now + _wait(under_way)
        session.flush()


def _can_reverse(session: Session, payment: Payment, means: Means, *, now: datetime) -> bool:
    manifest = means.manifest
    if not (means.may_reverse and manifest.can_reverse):
        return False
    if payment.state not in (S.CONFIRMED, S.MISMATCH):
        return False  # settled is paid out
    if payment.is_final and manifest.needs_settle:
        return False
    if _was_refused(session, payment.id):
        return False
    window = manifest.reverse_window
    return window is None or now < _paid_at(session, payment) + window


def _can_refund(payment: Payment, means: Means) -> bool:
    manifest = means.manifest
    if not (means.may_refund and manifest.can_refund):
        return False
    if payment.state is S.CONFIRMED and manifest.needs_settle:
        return False
    most = means.refund_rial_max
    return payment.amount_rial >= manifest.refund_rial_min and (
        most is None or payment.amount_rial <= most
    )


def _was_refused(session: Session, payment_id: int) -> bool:
    """Whether the bank declined to undo this payment before: then it will not do it later."""
    refused = exists().where(
        RefundRequest.payment_id == payment_id,
        RefundRequest.way == Way.REVERSE,
        RefundEnd.request_id == RefundRequest.id,
        RefundEnd.ending == Ending.REFUSED,
    )
    return bool(session.scalar(select(refused)))


def _paid_at(session: Session, payment: Payment) -> datetime:
    """When the bank first said that it was paid: the windows of the guides count from there."""
    said = session.scalars(
        select(PaymentStep.at)
        .where(
            PaymentStep.payment_id == payment.id,
            PaymentStep.state.in_((S.CONFIRMED, S.MISMATCH)),
        )
        .order_by(PaymentStep.id)
        .limit(1)
    ).one_or_none()
    return payment.created_at if said is None else said


def _taken_rial(payment: Payment, asked: Asked) -> int:
    """What the bank took: by our books, or for a mismatch as a person read it at the bank."""
    if payment.is_final or asked.way is Way.REVERSE:
        return payment.amount_rial
    if asked.amount_rial is None or not 0 < asked.amount_rial <= AMOUNT_MAX_RIAL:
        raise TakenAmountUnknown
    return asked.amount_rial


def _outside_reference(asked: Asked) -> str:
    reference = digits_only(asked.outside_reference) or normalise(asked.outside_reference)
    if not 0 < len(reference) <= REFERENCE_MAX:
        raise OutsideReferenceMissing(longest=REFERENCE_MAX)
    return reference


def _outside_day(asked: Asked, *, now: datetime) -> date:
    if asked.outside_on is None or asked.outside_on > tehran_date(now):
        raise OutsideDayMissing
    return asked.outside_on


def _new_number() -> int:
    return REFUND_NUMBER_MIN + secrets.randbelow(REFUND_NUMBER_MAX - REFUND_NUMBER_MIN + 1)


def _open_row(session: Session, payment_id: int) -> OpenRefund | None:
    """The request that has not ended, as it stands: the payment is held, so it stays so."""
    return session.scalars(
        select(OpenRefund)
        .where(OpenRefund.payment_id == payment_id)
        .execution_options(populate_existing=True)
    ).one_or_none()


def _write_decision(
    session: Session,
    request: RefundRequest,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> None:
    try:
        with session.begin_nested():
            session.add(
                RefundDecision(
                    request_id=request.id,
                    asked_by_id=request.asked_by_id,
                    decision=decision,
                    decided_by_id=decided_by_id,
                    decided_at=now,
                )
            )
    except IntegrityError as error:  # somebody else decided at the same moment
        raise AlreadyDecided from error


def _be_ready_to_send(
    session: Session,
    payment: Payment,
    under_way: OpenRefund,
    request: RefundRequest,
    *,
    now: datetime,
) -> None:
    under_way.state_before = payment.state
    under_way.check_after = now
    after = S.REVERSING if request.way is Way.REVERSE else S.REFUND_REQUESTED
    step_to(
        session,
        payment.id,
        {payment.state},
        after,
        f"{request.way}_approved",
        None,
        now=now,
        facts={"number": request.number, "amount_rial": request.amount_rial},
    )


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


def _note(
    session: Session, action: str, request: RefundRequest, *, actor_id: int, now: datetime
) -> None:
    note(
        session,
        action,
        subject="payment",
        subject_id=request.payment_id,
        now=now,
        actor_id=actor_id,
        refund_request_id=request.id,
        way=request.way.value,
        amount_rial=request.amount_rial,
    )
