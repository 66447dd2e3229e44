"""Deposit slips: the cash of a desk, handed to the bank under a deposit id of its own."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import Refusal
from core.rial import checked_rial
from donations.deposit_ids import next_deposit_id
from donations.models.desk import DepositSlip, SlipVoid
from donations.voiding import REASON_MAX
from offices.places import Office


class NotInHand(Refusal):
    """A slip for more cash than the desk holds, less what is already on its way to the bank."""

    code = "slip.not_in_hand"
    http_status = 422
    field = "amount"


class SlipVoided(Refusal):
    """The slip was voided before; its cash lies where it lay."""

    code = "slip.void"


class SlipReasonMissing(Refusal):
    """A slip that is voided without a reason, or with one that is too long."""

    code = "slip.reason_missing"
    http_status = 422
    field = "reason"


class SlipSecondPersonNeeded(Refusal):
    """Whoever made a slip does not void it."""

    code = "slip.second_person_needed"
    http_status = 403


def slip_stands() -> ColumnElement[bool]:
    """Whether nobody voided the slip of a query."""
    return ~exists().where(SlipVoid.slip_id == DepositSlip.id).correlate(DepositSlip)


def slip_of_request(session: Session, request_key: str) -> DepositSlip | None:
    """The slip that an earlier sending of the same form already made."""
    return session.scalars(
        select(DepositSlip).where(DepositSlip.request_key == request_key)
    ).one_or_none()


def write_slip(
    session: Session,
    office: Office,
    *,
    bank_account_id: int,
    amount_rial: int,
    free_rial: int,
    made_by_id: int,
    request_key: str | None,
    now: datetime,
) -> DepositSlip:
    """Write a slip over cash that lies free in the drawer. Raises NotInHand, UnreadableAmount.

    The office must be held (``hold_office``) from before ``free_rial`` was read.
    """
    if checked_rial(amount_rial) > free_rial:
        raise NotInHand(free_rial=max(free_rial, 0))
    last = session.scalars(
        select(func.max(DepositSlip.number)).where(DepositSlip.office_id == office.id)
    ).one()
    slip = DepositSlip(
        office_id=office.id,
        number=(last or 0) + 1,
        bank_account_id=bank_account_id,
        deposit_id=next_deposit_id(session, office.place, tehran_date(now)),
        amount_rial=amount_rial,
        handed_on=tehran_date(now),
        made_by_id=made_by_id,
        made_at=now,
        request_key=request_key,
    )
    session.add(slip)
    session.flush()
    return slip


def write_slip_void(
    session: Session, slip: DepositSlip, reason: str, *, voided_by_id: int, now: datetime
) -> SlipVoid:
    """Say that the cash of a slip does not go to the bank under it. Its number stays used.

    The office must be held. Raises SlipVoided, SlipSecondPersonNeeded, SlipReasonMissing.
    """
    if session.scalar(select(exists().where(SlipVoid.slip_id == slip.id))):
        raise SlipVoided(number=slip.number)
    if voided_by_id == slip.made_by_id:
        raise SlipSecondPersonNeeded
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise SlipReasonMissing(longest=REASON_MAX)
    void = SlipVoid(
        slip_id=slip.id,
        made_by_id=slip.made_by_id,
        reason=reason,
        voided_by_id=voided_by_id,
        voided_at=now,
    )
    session.add(void)
    session.flush()
    return void
