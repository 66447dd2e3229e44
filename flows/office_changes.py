"""Closing an office: not before its work is done and nothing of its cash or goods is left."""

from sqlalchemy import Exists, exists, or_, select
from sqlalchemy.orm import Session

from core.refusals import Refusal
from donations.goods.stocking import stock_of
from donations.models.batch import BatchClosing, EntryBatch
from donations.models.cashier import CashierSession, OpenDrawer
from donations.models.collection_round import CollectionRound, RoundClosing
from donations.models.hand_over import HandOver, HandOverAcknowledgement
from flows.desk import drawer
from offices.changing import Change, close_office
from offices.holding import hold_office
from offices.places import Office
from offices.scope import Scope


class CashLeft(Refusal):
    """An office that still holds cash or cheques, or whose slips no statement has confirmed."""

    code = "office.cash_left"


class WorkOpen(Refusal):
    """An office with a cashier's session, a round of boxes or a batch of envelopes under way."""

    code = "office.work_open"


class GoodsLeft(Refusal):
    """An office with goods in stock, or with hand-over slips of which nobody said what arrived."""

    code = "office.goods_left"


def close_emptied_office(session: Session, office_id: int, *, change: Change) -> Office:
    """Close an office that holds nothing any more.

    Raises CashLeft, WorkOpen, GoodsLeft and what closing raises.
    """
    office = hold_office(session, office_id)
    money = drawer(session, office)
    if money.in_hand_rial or money.under_way_rial or money.cheques_rial:
        raise CashLeft(held_rial=money.in_hand_rial + money.cheques_rial)
    if session.scalar(select(or_(*_under_way(office_id)))):
        raise WorkOpen
    if stock_of(session, Scope(frozenset({office_id}))) or session.scalar(
        select(_on_its_way(office_id))
    ):
        raise GoodsLeft
    return close_office(session, office_id, change=change)


def _under_way(office_id: int) -> tuple[Exists, ...]:
    """What could not be brought to its end once the office is closed: its cash is not counted."""
    drawers = exists().where(
        OpenDrawer.session_id == CashierSession.id, CashierSession.office_id == office_id
    )
    rounds = exists().where(
        CollectionRound.office_id == office_id,
        ~exists().where(RoundClosing.round_id == CollectionRound.id),
    )
    batches = exists().where(
        EntryBatch.office_id == office_id,
        ~exists().where(BatchClosing.batch_id == EntryBatch.id),
    )
    return drawers, rounds, batches


def _on_its_way(office_id: int) -> Exists:
    """Whether goods left this office, or are to come to it, and nobody said what arrived."""
    return exists().where(
        or_(HandOver.office_id == office_id, HandOver.to_office_id == office_id),
        ~exists().where(HandOverAcknowledgement.hand_over_id == HandOver.id),
    )
