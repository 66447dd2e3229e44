"""Taking goods in at a desk: by the rules and limits of the day, and onto a shelf at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import Refusal
from donations.accepting import Found, GoodsFound
from donations.goods.inspecting import GoodsRefused, better_office, inspect, judge_on
from donations.goods.needs import category_with
from donations.goods.offering import (
    as_needed,
    hold_needs_of,
    needed_category,
    say_not_received,
    say_received,
)
from donations.goods.rules import rules_on
from donations.goods.stocking import put_in_stock, take_out_voided
from donations.goods.valuing import approved_values, refuse_being_valued, refuse_beyond_limit
from donations.goods.words import refusal_told
from donations.models.contribution import Contribution
from donations.models.goods_category import OTHER
from donations.models.pledge import ItemKind, PledgeItem


class ConditionNotSaid(Refusal):
    """A rule holds for these goods, and nobody has said how they are."""

    code = "goods.condition_not_said"
    http_status = 422
    field = "condition"


def refuse_unfit(
    session: Session,
    items: Sequence[PledgeItem],
    found: Mapping[int, Found],
    *,
    office_id: int,
    now: datetime,
) -> None:
    """See to it that the goods among these items may be taken in, before anything is written.

    Holds their needs. The details of a refusal name the item by ``item`` and ``position``.
    Raises GoodsRefused, ConditionNotSaid, BeingValued, ValueNeedsSecond, and what ``judge_on``
    raises.
    """
    goods = [item for item in items if item.kind is ItemKind.GOODS]
    hold_needs_of(session, [item.id for item in goods])
    for item in goods:
        try:
            _refuse_unfit(session, item, found.get(item.id), office_id=office_id, now=now)
        except Refusal as refusal:
            refusal.details |= {"item": item.id, "position": item.position}
            raise


def take_in(
    session: Session,
    contribution: Contribution,
    items: Sequence[PledgeItem],
    found: Mapping[int, Found],
    *,
    staff_id: int,
    now: datetime,
) -> None:
    """Let the goods of a contribution lie in stock, and count for their needs.

    ``refuse_unfit`` was asked before. Raises UnusableText.
    """
    by_item = {line.pledge_item_id: line for line in contribution.lines}
    for item in items:
        if item.kind is not ItemKind.GOODS:
            continue
        how = found.get(item.id)
        seen = as_needed(session, item.id, how) if isinstance(how, GoodsFound) else None
        if seen is not None and not _was_inspected_for_value(session, item.id):
            inspect(
                session,
                item,
                seen.seen,
                office_id=contribution.office_id,
                inspected_by_id=staff_id,
                now=now,
            )
        put_in_stock(
            session,
            by_item[item.id],
            item,
            category_with(
                session, seen.category if seen else needed_category(session, item.id) or OTHER
            ),
            office_id=contribution.office_id,
            expires_on=seen.expires_on if seen else None,
            shelf=seen.shelf if seen else None,
            moved_by_id=staff_id,
            now=now,
        )
        say_received(session, item.id, now=now)


def take_back(session: Session, contribution: Contribution, *, by_id: int, now: datetime) -> None:
    """Take the goods of an entry that does not stand out of stock, and out of what was received.

    Raises GoodsHandedOver.
    """
    item_ids = [line.pledge_item_id for line in contribution.lines if line.kind is ItemKind.GOODS]
    if not item_ids:
        return
    hold_needs_of(session, item_ids)
    take_out_voided(session, contribution.id, moved_by_id=by_id, now=now)
    for item_id in item_ids:
        say_not_received(session, item_id, now=now)


def _refuse_unfit(
    session: Session, item: PledgeItem, found: Found | None, *, office_id: int, now: datetime
) -> None:
    refuse_being_valued(session, item.id)
    day = tehran_date(now)
    if not isinstance(found, GoodsFound):
        wanted = needed_category(session, item.id) or OTHER
        if rules_on(session, category_with(session, wanted).id, day):
            raise ConditionNotSaid
        return
    found = as_needed(session, item.id, found)
    category, rule = judge_on(session, found.seen, day=day)
    if rule is not None:
        raise GoodsRefused(
            told=refusal_told(
                rule.kind,
                rule.value,
                category,
                days_left=(found.expires_on - day).days if found.expires_on else None,
                better_office=better_office(session, category.id, office_id),
            )
        )
    refuse_beyond_limit(session, item.id, found, now=now)


def _was_inspected_for_value(session: Session, item_id: int) -> bool:
    """Whether the inspection was written when a second person was asked, who then agreed."""
    return session.scalars(approved_values(item_id)).first() is not None
