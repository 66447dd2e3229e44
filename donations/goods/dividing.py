"""Dividing an item: a part of promised goods goes a way of its own, and nothing gets lost."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.refusals import Refusal
from donations.goods.valuing import refuse_being_valued
from donations.goods.words import quantity_plain
from donations.models.pledge import ItemKind, ItemState, PledgeItem
from offices.audit import note


class NotAPart(Refusal):
    """A part that is not smaller than the whole, or nothing of it."""

    code = "goods.not_a_part"
    http_status = 422
    field = "quantity"


def divide(
    session: Session, item: PledgeItem, thousandths: int, *, by_id: int | None, now: datetime
) -> PledgeItem:
    """Take a part of promised goods out of an item, as the next item of the same pledge.

    Both together are what was promised, the declared value too. The need of the item, if it has
    one, is held. Raises NotAPart; BeingValued, because a value is that of the whole.
    """
    refuse_being_valued(session, item.id)
    whole = item.quantity_thousandths or 0
    is_open = item.kind is ItemKind.GOODS and item.state is ItemState.PROMISED
    if not (is_open and 0 < thousandths < whole):
        raise NotAPart(whole=quantity_plain(whole))
    value = item.declared_value_rial
    value_of_part = value * thousandths // whole if value else 0
    part = PledgeItem(
        pledge_id=item.pledge_id,
        position=_next_position(session, item.pledge_id),
        kind=ItemKind.GOODS,
        fund_id=item.fund_id,
        description=item.description,
        quantity_thousandths=thousandths,
        unit=item.unit,
        declared_value_rial=value_of_part or None,
    )
    item.quantity_thousandths = whole - thousandths
    item.declared_value_rial = (value - value_of_part) if value else None
    session.add(part)
    session.flush()
    note(
        session,
        "pledge_item.divide",
        subject="pledge_item",
        subject_id=item.id,
        now=now,
        actor_id=by_id,
        part_id=part.id,
        thousandths=thousandths,
        of_thousandths=whole,
    )
    return part


def _next_position(session: Session, pledge_id: int) -> int:
    last = select(func.max(PledgeItem.position)).where(PledgeItem.pledge_id == pledge_id)
    return session.scalars(last).one() + 1
