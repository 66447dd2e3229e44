"""Deposit slips: the cash of a desk, handed to the bank under a deposit id of its own."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import Refusal
from core.rial import checked_rial
from donations.deposit_ids import next_deposit_id
from donations.models.desk import DepositSlip
from offices.places import Office


class NotInHand(Refusal):
    """A slip for more cash than the desk holds, less what is already on its way to the bank."""

    code = "slip.not_in_hand"
    http_status = 422
    field = "amount"


def hold_drawer(session: Session, office_id: int) -> Office:
    """Keep everybody else from moving the cash of this desk until the transaction ends.

    A slip and a void both take cash out; each holds the drawer before it looks what is in it.
    """
    return session.get_one(Office, office_id, with_for_update={"key_share": True})


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

    The drawer must be held (``hold_drawer``) from before ``free_rial`` was read.
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
