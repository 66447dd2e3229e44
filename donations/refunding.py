"""Refunds in our own rows: asked for by one person, decided on by another.

A payment goes back whole or not at all; the contract's refunds of a part are not used here. What
was approved is sent by ``donations/sending_back.py``.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import digits_only, normalise
from core.refusals import NotFound, Refusal
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
from donations.sending_back import open_refund
from donations.stepping import locked_payment, step_to
from donations.voiding import REASON_MAX, AlreadyDecided, ReasonMissing, SecondPersonNeeded
from offices.audit import note
from payment_gateways.contract import Manifest

S = PaymentState

AMOUNT_MAX_RIAL = 10**15
REFERENCE_MAX = 40


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
    under_way = open_refund(session, payment.id)
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
