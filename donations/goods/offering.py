"""Goods offered for a need: what fits is reserved, what is beyond waits and moves up in order.

A pledge is held before the need of its items, a need before the items themselves: whoever frees a
place changes items of other pledges, whose own rows it does not wait for.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Exists, Select, exists, func, select
from sqlalchemy.orm import Session, aliased

from donations.accepting import GoodsFound
from donations.goods.dividing import divide
from donations.goods.needs import (
    hold_need,
    receive_reserved,
    refuse_closed,
    release,
    reserve,
    take_back_received,
)
from donations.goods.valuing import is_being_valued
from donations.models.goods_offer import NeedShare, ShareStep
from donations.models.need import Need
from donations.models.pledge import ItemState, PledgeItem


def offer_for(session: Session, need: Need, item: PledgeItem, *, now: datetime) -> list[NeedShare]:
    """Give new goods their place in a held need: reserved, waiting, or a part of each.

    Raises NeedClosed.
    """
    refuse_closed(need)
    quantity = item.quantity_thousandths or 0
    fits = min(need.open_thousandths, quantity)
    if fits == 0:
        return [_step(session, need, item, ShareStep.WAITING, now=now)]
    beyond = None
    if fits < quantity:
        beyond = divide(session, item, quantity - fits, by_id=None, now=now)
    reserve(session, need, fits)
    shares = [_step(session, need, item, ShareStep.RESERVED, now=now)]
    if beyond is not None:
        shares.append(_step(session, need, beyond, ShareStep.WAITING, now=now))
    return shares


def move_up(session: Session, need: Need, *, now: datetime) -> list[NeedShare]:
    """Give what is free of a held need to those who wait, in their order; what was given.

    Goods whose value waits for a second person lie at a counter: they keep their place in the line.
    """
    moved = []
    movable = _waiting(need.id).where(~is_being_valued(PledgeItem.id)).limit(1)
    while not need.is_closed and need.open_thousandths > 0:
        item = session.scalars(movable).first()
        if item is None:
            break
        fits = min(need.open_thousandths, item.quantity_thousandths or 0)
        if fits < (item.quantity_thousandths or 0):
            item = divide(session, item, fits, by_id=None, now=now)  # the rest keeps its place
        reserve(session, need, fits)
        moved.append(_step(session, need, item, ShareStep.RESERVED, now=now))
    return moved


def move_up_beside(session: Session, item: PledgeItem, *, now: datetime) -> list[NeedShare]:
    """The same for the held need in which an item waits, if it waits in one."""
    share = latest_share(session, item.id)
    if share is None or share.step is not ShareStep.WAITING:
        return []
    return move_up(session, hold_need(session, share.need_id), now=now)


def let_nobody_wait(session: Session, need: Need, *, now: datetime) -> list[NeedShare]:
    """Say to everybody who waits for a held need that no more is asked for."""
    return [
        _step(session, need, item, ShareStep.NEED_CLOSED, now=now)
        for item in session.scalars(_waiting(need.id)).all()
    ]


def hold_needs_of(session: Session, item_ids: Collection[int]) -> None:
    """Hold the needs that these items were offered for, in the order of their ids.

    The items are read anew then: while nothing but the need was held, whoever freed a place may
    have divided them.
    """
    if not item_ids:
        return
    need_ids = select(NeedShare.need_id).where(NeedShare.pledge_item_id.in_(item_ids)).distinct()
    for need_id in sorted(session.scalars(need_ids).all()):
        hold_need(session, need_id)
    items = select(PledgeItem).where(PledgeItem.id.in_(item_ids))
    session.scalars(items.execution_options(populate_existing=True)).all()


def give_up(session: Session, item: PledgeItem, *, now: datetime) -> list[NeedShare]:
    """Take an item out of its need, if it has one; what moved up into its place.

    The need is held (``hold_needs_of``).
    """
    share = latest_share(session, item.id)
    if share is None or share.step not in (ShareStep.RESERVED, ShareStep.WAITING):
        return []
    need = hold_need(session, share.need_id)
    if share.step is ShareStep.RESERVED:
        release(session, need, item.quantity_thousandths or 0)
    _step(session, need, item, ShareStep.GIVEN_UP, now=now)
    return move_up(session, need, now=now)


def say_received(session: Session, item_id: int, *, now: datetime) -> None:
    """That the goods of an item came: what was reserved is received, what waited waits no more.

    The need is held.
    """
    share, item = latest_share(session, item_id), session.get_one(PledgeItem, item_id)
    if share is None or share.step not in (ShareStep.RESERVED, ShareStep.WAITING):
        return
    need = hold_need(session, share.need_id)
    if share.step is ShareStep.WAITING:
        _step(session, need, item, ShareStep.GIVEN_UP, now=now)
        return
    receive_reserved(session, need, item.quantity_thousandths or 0)
    _step(session, need, item, ShareStep.RECEIVED, now=now)


def say_not_received(session: Session, item_id: int, *, now: datetime) -> None:
    """That what had come does not stand: its place is reserved again. The need is held."""
    share, item = latest_share(session, item_id), session.get_one(PledgeItem, item_id)
    if share is None or share.step is not ShareStep.RECEIVED:
        return
    need = hold_need(session, share.need_id)
    take_back_received(session, need, item.quantity_thousandths or 0)
    _step(session, need, item, ShareStep.RESERVED, now=now)


def follow_part(session: Session, item: PledgeItem, part: PledgeItem, *, now: datetime) -> None:
    """Let a part that was divided out of an item have the place in the need that the item has."""
    share = latest_share(session, item.id)
    if share is not None and share.step in (ShareStep.RESERVED, ShareStep.WAITING):
        _step(session, hold_need(session, share.need_id), part, share.step, now=now)


def latest_share(session: Session, item_id: int) -> NeedShare | None:
    """How an item stands within its need; nothing where it was offered for none."""
    return session.scalars(
        select(NeedShare)
        .where(NeedShare.pledge_item_id == item_id)
        .order_by(NeedShare.number.desc())
        .limit(1)
    ).first()


def needed_category(session: Session, item_id: int) -> str | None:
    """The category of the need in which an item has a place; nothing where it has none."""
    share = latest_share(session, item_id)
    if share is None or share.step not in (ShareStep.RESERVED, ShareStep.WAITING):
        return None
    return share.need.category.code if share.need.category else None


def as_needed(session: Session, item_id: int, found: GoodsFound) -> GoodsFound:
    """What was found, in the category of the need that the goods count for: its rules hold."""
    return replace(found, category=needed_category(session, item_id) or found.category)


def offers_for(session: Session, need_id: int) -> Sequence[NeedShare]:
    """How everything that was offered for a need stands, in the order of the offers."""
    return session.scalars(
        select(NeedShare)
        .where(NeedShare.need_id == need_id, ~_is_overtaken())
        .order_by(NeedShare.id)
    ).all()


def _waiting(need_id: int) -> Select[PledgeItem]:
    return (
        select(PledgeItem)
        .join(NeedShare, NeedShare.pledge_item_id == PledgeItem.id)
        .where(
            NeedShare.need_id == need_id,
            NeedShare.step == ShareStep.WAITING,
            PledgeItem.state == ItemState.PROMISED,
            ~_is_overtaken(),
        )
        .order_by(NeedShare.id)
    )


def _is_overtaken() -> Exists:
    """Whether an item has taken a later step than this one."""
    later = aliased(NeedShare)
    return (
        exists()
        .where(later.pledge_item_id == NeedShare.pledge_item_id, later.number > NeedShare.number)
        .correlate(NeedShare)
    )


def _step(
    session: Session, need: Need, item: PledgeItem, step: ShareStep, *, now: datetime
) -> NeedShare:
    last = session.scalars(
        select(func.max(NeedShare.number)).where(NeedShare.pledge_item_id == item.id)
    ).one()
    share = NeedShare(
        need_id=need.id,
        pledge_item_id=item.id,
        number=(last or 0) + 1,
        step=step,
        quantity_thousandths=item.quantity_thousandths or 0,
        at=now,
    )
    session.add(share)
    session.flush()
    return share
