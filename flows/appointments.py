"""Appointments for goods: agreed on by an office, proposed by a donor, called off."""

from datetime import datetime

from sqlalchemy.orm import Session

from donations.goods.appointments import Meeting, agree, cancel, propose
from donations.models.goods_offer import GoodsAppointment
from donations.models.pledge import Pledge
from donations.paying import locked_pledge
from flows.desk import promised_to
from offices.scope import Scope


def agree_on_day(
    session: Session,
    scope: Scope,
    tracking_code: str,
    meeting: Meeting,
    *,
    office_id: int,
    set_by_id: int,
    now: datetime,
) -> GoodsAppointment:
    """Say when an office expects the goods of a pledge. Raises NotFound and what ``agree`` does."""
    pledge = promised_to(session, scope, tracking_code)
    locked_pledge(session, pledge.id)
    return agree(session, pledge, meeting, office_id=office_id, set_by_id=set_by_id, now=now)


def cancel_day(
    session: Session, scope: Scope, tracking_code: str, *, set_by_id: int, now: datetime
) -> None:
    """Say that goods do not come when they were expected. Raises NotFound, NoAppointment."""
    pledge = promised_to(session, scope, tracking_code)
    locked_pledge(session, pledge.id)
    cancel(session, pledge, set_by_id=set_by_id, now=now)


def propose_day(session: Session, pledge: Pledge, meeting: Meeting, *, now: datetime) -> None:
    """Write down when the donor would like it. Raises what ``propose`` raises."""
    locked_pledge(session, pledge.id)
    propose(session, pledge, meeting, now=now)
