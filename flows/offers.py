"""Offers of goods: answered at once, moved up when a place is free, and told to their donors."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.events import Event, Happening
from core.refusals import NotFound
from donations.goods.needs import ask_for, close_need, hold_need, published_need
from donations.goods.offering import (
    give_up,
    hold_needs_of,
    latest_share,
    let_nobody_wait,
    move_up,
    move_up_beside,
    offer_for,
)
from donations.goods.valuing import refuse_being_valued
from donations.models.goods_offer import NeedShare, ShareStep
from donations.models.need import Need, NeedKind
from donations.models.pledge import Channel, ItemKind, ItemState, Pledge, PledgeItem
from donations.paying import locked_pledge
from donations.pledging import DonorFacts, GoodsItem, ServiceItem
from flows.events import emit
from flows.pledging import promise
from flows.receiving import NothingToReceive
from offices.audit import note
from offices.scope import Scope


@dataclass(frozen=True, slots=True)
class Answer:
    """What an offer was told at once, in thousandths of the need's unit."""

    pledge: Pledge
    need: Need | None  # nothing where the goods were offered for none
    needed_thousandths: int
    waiting_thousandths: int


def offer_goods(
    session: Session,
    need_id: int,
    quantity_thousandths: int,
    *,
    donor: DonorFacts,
    channel: Channel,
    language: str = "fa",
    request_key: str | None,
    taken_by_id: int | None = None,
    now: datetime,
) -> Answer:
    """Promise goods for a published need: what fits is kept for the donor, the rest waits.

    The same form sent twice is one offer. Raises NotFound, NeedClosed, and what ``promise`` raises.
    """
    need = published_need(session, need_id)
    if need.kind is not NeedKind.GOODS:
        raise NotFound(subject="need")
    pledge = promise(
        session,
        [GoodsItem(need.title, quantity_thousandths, need.unit or "", None, need.fund.code)],
        donor=donor,
        office_id=need.office_id,
        channel=channel,
        language=language,
        request_key=request_key,
        taken_by_id=taken_by_id,
        now=now,
    )
    held = hold_need(session, need_id)
    session.refresh(pledge, ["items"])
    if latest_share(session, pledge.items[0].id) is None:
        offer_for(session, held, pledge.items[0], now=now)
        session.refresh(pledge, ["items"])
        emit(session, Event(Happening.OFFER_ANSWERED, pledge.id), now=now)
    return answer_to(session, pledge)


def offer_hours(
    session: Session,
    need_id: int,
    hours: int,
    *,
    donor: DonorFacts,
    channel: Channel,
    language: str = "fa",
    request_key: str | None,
    now: datetime,
) -> Pledge:
    """Promise hours for a published need; a desk then takes them on with the volunteer.

    Raises NotFound, and what ``promise`` raises.
    """
    need = published_need(session, need_id)
    if need.kind is not NeedKind.HOURS:
        raise NotFound(subject="need")
    return promise(
        session,
        [ServiceItem(need.skill or need.title, hours, need.fund.code)],
        donor=donor,
        office_id=need.office_id,
        channel=channel,
        language=language,
        request_key=request_key,
        now=now,
    )


def answer_to(session: Session, pledge: Pledge) -> Answer:
    """How the items of a pledge stand within their need."""
    quantities = {ShareStep.RESERVED: 0, ShareStep.WAITING: 0}
    need = None
    for item in pledge.items:
        share = latest_share(session, item.id)
        if share is not None and share.step in quantities:
            need = share.need
            quantities[share.step] += item.quantity_thousandths or 0
    return Answer(pledge, need, quantities[ShareStep.RESERVED], quantities[ShareStep.WAITING])


def withdraw_goods(
    session: Session, pledge: Pledge, item_id: int, *, by_id: int | None, now: datetime
) -> PledgeItem:
    """Take the promise of goods back; whoever waits for their place moves up.

    Raises NothingToReceive for what came, was refused or withdrawn before; NotFound; BeingValued.
    """
    item = goods_item(session, pledge, item_id)
    hold_needs_of(session, [item.id])
    refuse_being_valued(session, item.id)
    leave_need(session, item, now=now)
    item.state = ItemState.WITHDRAWN
    session.flush()
    note(
        session,
        "pledge_item.withdraw",
        subject="pledge_item",
        subject_id=item.id,
        now=now,
        actor_id=by_id,
    )
    return item


def goods_item(session: Session, pledge: Pledge, item_id: int) -> PledgeItem:
    """Goods of a pledge that are still expected; the pledge is held until the transaction ends.

    Raises NotFound, NothingToReceive.
    """
    held = locked_pledge(session, pledge.id)
    item = session.get(PledgeItem, item_id, populate_existing=True)
    if item is None or item.pledge_id != held.id or item.kind is not ItemKind.GOODS:
        raise NotFound(subject="pledge_item")
    if item.state is not ItemState.PROMISED:
        raise NothingToReceive(tracking_code=held.tracking_code)
    return item


def leave_need(session: Session, item: PledgeItem, *, now: datetime) -> None:
    """Free the place of an item in its held need, and tell whoever moves up into it."""
    _tell(session, Happening.OFFER_MOVED_UP, give_up(session, item, now=now), now=now)


def move_on_beside(session: Session, item: PledgeItem, *, now: datetime) -> None:
    """Let the line go on in which an item kept its place while its value waited."""
    hold_needs_of(session, [item.id])
    _tell(session, Happening.OFFER_MOVED_UP, move_up_beside(session, item, now=now), now=now)


def ask_for_more_or_less(
    session: Session,
    scope: Scope,
    need_id: int,
    thousandths: int,
    *,
    reason: str,
    asked_by_id: int,
    now: datetime,
) -> Need:
    """Change what a need asks for; whoever waits moves up into what is free now.

    Raises what ``ask_for`` raises.
    """
    need = ask_for(
        session, scope, need_id, thousandths, reason=reason, asked_by_id=asked_by_id, now=now
    )
    _tell(session, Happening.OFFER_MOVED_UP, move_up(session, need, now=now), now=now)
    return need


def close_need_for_all(
    session: Session, scope: Scope, need_id: int, *, reason: str, closed_by_id: int, now: datetime
) -> Need:
    """Ask for no more, and tell everybody who waits. Raises what ``close_need`` raises."""
    need = close_need(session, scope, need_id, reason=reason, closed_by_id=closed_by_id, now=now)
    _tell(session, Happening.OFFER_NOT_NEEDED, let_nobody_wait(session, need, now=now), now=now)
    return need


def _tell(
    session: Session, happening: Happening, shares: Iterable[NeedShare], *, now: datetime
) -> None:
    for share in shares:
        emit(session, Event(happening, share.id), now=now)
