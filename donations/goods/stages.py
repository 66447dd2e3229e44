"""What happened to the goods of a pledge, one stage after another, in the donor's words."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from core.reasons import Reason
from donations.goods.words import (
    appointment_told,
    hand_over_told,
    inspection_told,
    moved_up_told,
    not_needed_told,
    offer_told,
    quantity_told,
)
from donations.models.goods_offer import AppointmentStep, GoodsAppointment, NeedShare, ShareStep
from donations.models.hand_over import HandOver, HandOverLine
from donations.models.inspection import Inspection, Valuation, Verdict
from donations.models.pledge import PledgeItem
from donations.models.stock import StockLot
from donations.tracking import Stage, StageKind
from offices.places import Office

_APPOINTMENTS = {
    AppointmentStep.PROPOSED: (
        StageKind.APPOINTMENT,
        Reason("پیشنهاد شما: {told}", "You proposed: {told}"),
    ),
    AppointmentStep.AGREED: (StageKind.APPOINTMENT, Reason("{told}", "{told}")),
    AppointmentStep.CANCELLED: (
        StageKind.APPOINTMENT_CANCELLED,
        Reason("لغو شد: {told}", "Cancelled: {told}"),
    ),
}


def stages(session: Session, pledge_id: int) -> list[Stage]:
    """Everything that happened to the goods of a pledge but their receipt; unordered."""
    return [
        *_shares(session, pledge_id),
        *_appointments(session, pledge_id),
        *_inspections(session, pledge_id),
        *_valuations(session, pledge_id),
        *_hand_overs(session, pledge_id),
    ]


def _shares(session: Session, pledge_id: int) -> Iterator[Stage]:
    rows = session.scalars(
        select(NeedShare)
        .join(PledgeItem, PledgeItem.id == NeedShare.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge_id)
        .options(joinedload(NeedShare.need))
        .order_by(NeedShare.id)
    )
    waited: set[int] = set()
    for row in rows:
        quantity, unit, title = row.quantity_thousandths, row.need.unit, row.need.title
        if row.step is ShareStep.WAITING:
            waited.add(row.pledge_item_id)
            told = offer_told(0, quantity, unit, title)
            yield Stage(StageKind.WAITING, row.at, item_id=row.pledge_item_id, told=told)
        elif row.step is ShareStep.RESERVED and row.number == 1:
            told = offer_told(quantity, 0, unit, title)
            yield Stage(StageKind.RESERVED, row.at, item_id=row.pledge_item_id, told=told)
        elif row.step is ShareStep.RESERVED and row.pledge_item_id in waited:
            told = moved_up_told(quantity, unit, title)
            yield Stage(StageKind.RESERVED, row.at, item_id=row.pledge_item_id, told=told)
        elif row.step is ShareStep.NEED_CLOSED:
            told = not_needed_told(title)
            yield Stage(StageKind.NEED_CLOSED, row.at, item_id=row.pledge_item_id, told=told)


def _appointments(session: Session, pledge_id: int) -> Iterator[Stage]:
    rows = session.execute(
        select(GoodsAppointment, Office)
        .join(Office, Office.id == GoodsAppointment.office_id)
        .where(GoodsAppointment.pledge_id == pledge_id)
        .order_by(GoodsAppointment.number)
    )
    for row, office in rows:
        kind, frame = _APPOINTMENTS[row.step]
        told = appointment_told(row.way, row.day, row.part_of_day, office)
        said = Reason(frame.fa.format(told=told.fa), frame.en.format(told=told.en))
        yield Stage(kind, row.set_at, told=said)


def _inspections(session: Session, pledge_id: int) -> Iterator[Stage]:
    rows = session.scalars(
        select(Inspection)
        .join(PledgeItem, PledgeItem.id == Inspection.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge_id, Inspection.verdict == Verdict.REFUSED)
        .options(
            joinedload(Inspection.rule),
            joinedload(Inspection.category),
            joinedload(Inspection.better_office),
        )
        .order_by(Inspection.id)
    )
    for row in rows:
        told = inspection_told(row)
        yield Stage(StageKind.REFUSED, row.inspected_at, item_id=row.pledge_item_id, told=told)


def _valuations(session: Session, pledge_id: int) -> Iterator[Stage]:
    rows = session.scalars(
        select(Valuation)
        .join(PledgeItem, PledgeItem.id == Valuation.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge_id)
        .order_by(Valuation.id)
    )
    for row in rows:
        yield Stage(StageKind.BEING_VALUED, row.asked_at, item_id=row.pledge_item_id)


def _hand_overs(session: Session, pledge_id: int) -> Iterator[Stage]:
    rows = session.scalars(
        select(HandOverLine)
        .join(StockLot, StockLot.id == HandOverLine.lot_id)
        .join(PledgeItem, PledgeItem.id == StockLot.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge_id)
        .options(
            joinedload(HandOverLine.lot),
            joinedload(HandOverLine.received),
            joinedload(HandOverLine.reversal),
            joinedload(HandOverLine.slip).joinedload(HandOver.office),
            joinedload(HandOverLine.slip).joinedload(HandOver.to_office),
            joinedload(HandOverLine.slip).joinedload(HandOver.to_fund),
            joinedload(HandOverLine.slip).joinedload(HandOver.acknowledgement),
        )
        .order_by(HandOverLine.id)
        .execution_options(populate_existing=True)
    )
    for line in rows:
        yield from _hand_over(line)


def _hand_over(line: HandOverLine) -> Iterator[Stage]:
    slip, unit, item_id = line.slip, line.lot.unit, line.lot.pledge_item_id
    told = hand_over_told(slip, line.quantity_thousandths, unit)
    yield Stage(StageKind.HANDED_OVER, slip.made_at, item_id=item_id, told=told)
    is_there = line.received is not None and line.received.received_thousandths > 0
    if slip.acknowledgement is not None and line.received is not None and is_there:
        told = hand_over_told(slip, line.received.received_thousandths, unit)
        at = slip.acknowledgement.received_at
        yield Stage(StageKind.ARRIVED, at, item_id=item_id, told=told)
    if line.reversal is not None:
        told = quantity_told(line.reversal.came_back_thousandths, unit)
        at = line.reversal.reversed_at
        yield Stage(StageKind.CAME_BACK, at, item_id=item_id, told=told)
