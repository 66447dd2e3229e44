"""Following a pledge: where it stands and what has happened to it, without naming anybody."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.digits import digits_only
from core.identifiers import is_tracking_code
from core.reasons import Reason
from core.refusals import NotFound
from donations.models.contribution import Contribution
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import ItemState, Pledge, PledgeItem

_S = PaymentState
_BEING_CHECKED = frozenset(
    {
        _S.RETURNED,
        _S.CONFIRMING,
        _S.CONFIRM_UNKNOWN,
        _S.CONFIRMED,
        _S.SETTLING,
        _S.SETTLE_UNKNOWN,
        _S.MISMATCH,
        _S.REVERSING,
        _S.REVERSE_UNKNOWN,
        _S.REFUND_REQUESTED,
        _S.REFUND_UNKNOWN,
    }
)
# Somebody approved that the money goes back, and the bank has not said yet that it does.
GOING_BACK = frozenset({_S.REVERSING, _S.REVERSE_UNKNOWN, _S.REFUND_REQUESTED, _S.REFUND_UNKNOWN})
GONE_BACK = frozenset({_S.REVERSED, _S.REFUNDED})
_AT_THE_BANK = frozenset({_S.STARTED, _S.REDIRECTED})
_NO_MONEY = frozenset({_S.CANCELLED_CLAIMED, _S.CANCELLED, _S.FAILED, _S.EXPIRED, _S.START_UNKNOWN})


class PledgeState(StrEnum):
    """Where a pledge stands as a whole."""

    OPEN = "open"
    AT_THE_BANK = "at_the_bank"  # the donor was sent to the bank and has not come back
    UNDER_REVIEW = "under_review"  # money may have moved; the bank is being asked
    NOT_PAID = "not_paid"  # the last attempt took no money; another may be made
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    WITHDRAWN = "withdrawn"


class StageKind(StrEnum):
    """What can stand on a timeline."""

    PROMISED = "promised"
    SENT_TO_BANK = "sent_to_bank"
    BEING_CHECKED = "being_checked"
    NOT_PAID = "not_paid"
    NOT_TAKEN = "not_taken"  # paid in another way before: the bank gives back what it may hold
    RECEIVED = "received"
    SURPLUS = "surplus"  # paid a second time
    RETURNING = "returning"  # the money is on its way back
    RETURNED = "returned"  # the bank gave the money back
    VOID = "void"
    # Of goods; donations.goods.stages tells them.
    RESERVED = "reserved"  # a place in a need is kept
    WAITING = "waiting"  # beyond what is needed, on the waiting list
    NEED_CLOSED = "need_closed"  # waited, and the need is asked for no more
    APPOINTMENT = "appointment"
    APPOINTMENT_CANCELLED = "appointment_cancelled"
    BEING_VALUED = "being_valued"  # a second person looks at the assessed value
    REFUSED = "refused"  # by an acceptance rule
    HANDED_OVER = "handed_over"  # on a slip, to a centre, a sub-service or a person in charge
    ARRIVED = "arrived"  # whoever took it has acknowledged it
    CAME_BACK = "came_back"  # a hand-over was reversed
    WITHDRAWN = "withdrawn"  # the donor or the desk took the promise of an item back
    # Of hours; donations.volunteers.stages tells them.
    WORK_PLANNED = "work_planned"  # a day was agreed
    WORK_DONE = "work_done"  # the centre confirmed the hours of a day
    WORK_MISSED = "work_missed"
    WORK_CANCELLED = "work_cancelled"  # one day was called off
    WORK_CORRECTED = "work_corrected"  # the hours of a day were told anew
    WORK_CLOSED = "work_closed"  # no more hours are expected


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing that happened to a pledge, or to the one item that is named.

    ``told`` says more about it, in the donor's words and without naming anybody.
    """

    kind: StageKind
    at: datetime
    amount_rial: int | None = None
    gateway: str | None = None
    trace_number: str | None = None
    contribution_id: int | None = None
    item_id: int | None = None
    told: Reason | None = None


def pledge_with_code(session: Session, code: str) -> Pledge:
    """The pledge of a tracking code, typed in any digits. Raises NotFound."""
    digits = digits_only(code) or ""
    pledge = (
        session.scalars(
            select(Pledge)
            .where(Pledge.tracking_code == digits)
            .options(
                selectinload(Pledge.items).joinedload(PledgeItem.fund), selectinload(Pledge.donor)
            )
        ).one_or_none()
        if is_tracking_code(digits)
        else None
    )
    if pledge is None:
        raise NotFound(subject="pledge")
    return pledge


def payments_of(session: Session, pledge_id: int) -> Sequence[Payment]:
    """The attempts to pay a pledge, oldest first."""
    return session.scalars(
        select(Payment).where(Payment.pledge_id == pledge_id).order_by(Payment.id)
    ).all()


def contributions_of(session: Session, pledge_id: int) -> Sequence[Contribution]:
    """What was received on a pledge, oldest first, with what does not stand any more."""
    return session.scalars(
        select(Contribution)
        .where(Contribution.pledge_id == pledge_id)
        .options(selectinload(Contribution.lines), joinedload(Contribution.reversal))
        .order_by(Contribution.id)
    ).all()


def pledge_state(
    pledge: Pledge, payments: Sequence[Payment], *, left_to_bank: Collection[int] = ()
) -> PledgeState:
    """Where a pledge stands: what was received counts first, then money that may be on its way.

    What is ``left_to_bank`` to give back is not on its way to us.
    """
    standing = [item.state for item in pledge.items if item.state is not ItemState.WITHDRAWN]
    if not standing:
        return PledgeState.WITHDRAWN
    if all(state is ItemState.RECEIVED for state in standing):
        return PledgeState.RECEIVED
    if any(
        payment.state in _BEING_CHECKED and not payment.is_final
        for payment in payments
        if payment.id not in left_to_bank
    ):
        return PledgeState.UNDER_REVIEW
    if ItemState.RECEIVED in standing:
        return PledgeState.PARTLY_RECEIVED
    if payments and payments[-1].state in _AT_THE_BANK:
        return PledgeState.AT_THE_BANK
    if payments and payments[-1].state in _NO_MONEY:
        return PledgeState.NOT_PAID
    return PledgeState.OPEN


def timeline(
    pledge: Pledge,
    payments: Sequence[Payment],
    contributions: Sequence[Contribution],
    *,
    left_to_bank: Collection[int] = (),
) -> list[Stage]:
    """Everything that happened to a pledge, oldest first."""
    stages = [Stage(StageKind.PROMISED, pledge.made_at)]
    for payment in payments:
        stages += _stages_of(payment, is_left_to_bank=payment.id in left_to_bank)
    for contribution in contributions:
        rial = sum(line.amount_rial or 0 for line in contribution.lines) or None
        stages.append(
            Stage(
                StageKind.RECEIVED,
                contribution.recorded_at,
                amount_rial=rial,
                trace_number=contribution.trace_number,
                contribution_id=contribution.id,
            )
        )
        if contribution.reversal is not None:
            voided_at = contribution.reversal.reversed_at
            stages.append(Stage(StageKind.VOID, voided_at, rial, contribution_id=contribution.id))
    return sorted(stages, key=lambda stage: stage.at)


def _stages_of(payment: Payment, *, is_left_to_bank: bool) -> list[Stage]:
    stages = [
        Stage(StageKind.SENT_TO_BANK, payment.created_at, payment.amount_rial, payment.gateway)
    ]
    after = None
    if is_left_to_bank:
        after = StageKind.NOT_TAKEN
    elif payment.state in GOING_BACK:
        after = StageKind.RETURNING
    elif payment.state in _BEING_CHECKED and not payment.is_final:
        after = StageKind.BEING_CHECKED
    elif payment.state in _NO_MONEY:
        after = StageKind.NOT_PAID
    elif payment.state in GONE_BACK:
        after = StageKind.RETURNED
    elif payment.is_surplus:
        after = StageKind.SURPLUS
    if after is not None:
        stages.append(
            Stage(
                after,
                payment.changed_at,
                payment.amount_rial,
                payment.gateway,
                payment.trace_number,
            )
        )
    return stages
