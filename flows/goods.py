"""Goods at a desk: inspected and taken in or refused, and valued by two where they are dear."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.events import Event, Happening
from donations.accepting import GoodsFound, require_whole_value
from donations.goods.dividing import divide
from donations.goods.inspecting import (
    GoodsRefused,
    inspect,
    inspection_of_request,
    judge_on,
)
from donations.goods.offering import as_needed, follow_part, hold_needs_of
from donations.goods.valuing import (
    ask_for_value,
    decide_on_value,
    found_of,
    is_beyond_limit,
    refuse_being_valued,
    valuation_in,
)
from donations.goods.words import inspection_told
from donations.models.desk import Decision
from donations.models.inspection import Inspection, Valuation, Verdict
from donations.models.pledge import Channel, ItemState, Pledge, PledgeItem
from donations.paying import locked_pledge
from flows.desk import Arrival, WalkIn, promised_to, receipt_of_request
from flows.events import emit
from flows.offers import goods_item, leave_need, move_on_beside
from flows.pledging import promise
from flows.receiving import receive_at_desk
from offices.scope import Scope
from receipts.life.series import Receipt


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of looking at goods: a receipt, a refusal, or a second person's turn."""

    receipt: Receipt | None = None
    refusal: Inspection | None = None
    valuation: Valuation | None = None


def look_at_goods(
    session: Session,
    scope: Scope,
    tracking_code: str,
    item_id: int,
    found: GoodsFound,
    *,
    thousandths: int | None = None,
    office_id: int,
    staff_id: int,
    request_key: str | None,
    now: datetime,
) -> Looked:
    """Let the rules decide on goods that lie on the counter; nobody at the desk overrides them.

    What they let in is received at once and lies in stock; what is worth more than one person may
    say waits for a second one. ``thousandths`` is how much came, where it is not everything: the
    rest stays promised. The same form sent twice is one act. Raises NotFound, NothingToReceive,
    BeingValued, NotAPart, and what the rules and ``require_whole_value`` raise.
    """
    pledge = promised_to(session, scope, tracking_code)
    locked_pledge(session, pledge.id)
    key = f"goods:{staff_id}:{request_key}" if request_key else None
    if key is not None and (known := _of_request(session, key)) is not None:
        return known
    item = goods_item(session, pledge, item_id)
    hold_needs_of(session, [item.id])
    refuse_being_valued(session, item.id)
    require_whole_value(found)
    found = as_needed(session, item.id, found)
    _, rule = judge_on(session, found.seen, day=tehran_date(now))
    item = _what_came(session, item, thousandths, staff_id=staff_id, now=now)
    if rule is None and not is_beyond_limit(session, found, now=now):
        receipt = receive_at_desk(
            session,
            pledge,
            tender=None,
            office_id=office_id,
            item_ids=[item.id],
            found={item.id: found},
            staff_id=staff_id,
            request_key=key,
            now=now,
        )
        return Looked(receipt=receipt)
    inspection = inspect(
        session,
        item,
        found.seen,
        office_id=office_id,
        inspected_by_id=staff_id,
        request_key=key,
        now=now,
    )
    if rule is not None:
        _turn_away(session, item, inspection, now=now)
        return Looked(refusal=inspection)
    valuation = ask_for_value(session, inspection, found, asked_by_id=staff_id, now=now)
    return Looked(valuation=valuation)


def decide_on_goods(
    session: Session,
    scope: Scope,
    valuation_id: int,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> Receipt | None:
    """Write down a second person's word on a value; approved, the goods are received with it.

    Raises NotFound, AppraiserDecides, AlreadyValued, and what ``receive_at_desk`` raises.
    """
    valuation = valuation_in(session, scope, valuation_id)
    pledge = locked_pledge(session, valuation.item.pledge_id)
    decide_on_value(session, valuation, decision, decided_by_id=decided_by_id, now=now)
    if decision is Decision.DECLINED:
        move_on_beside(session, valuation.item, now=now)
        return None
    return receive_at_desk(
        session,
        pledge,
        tender=None,
        office_id=valuation.office_id,
        item_ids=[valuation.pledge_item_id],
        found={valuation.pledge_item_id: found_of(valuation)},
        staff_id=valuation.asked_by_id,
        now=now,
    )


def let_values_wait(
    session: Session,
    walk_in: WalkIn,
    *,
    office_id: int,
    staff_id: int,
    request_key: str | None,
    now: datetime,
) -> Pledge:
    """Record a walk-in some of whose goods are worth more than one person may say.

    Those wait for a second person, everything else is received at once. The same form sent twice
    is one entry. Raises what ``record_walk_in`` raises.
    """
    key = f"desk:{staff_id}:{request_key}" if request_key else None
    pledge = promise(
        session,
        walk_in.items,
        donor=walk_in.donor,
        office_id=office_id,
        channel=Channel.DESK,
        language=walk_in.language,
        request_key=key,
        taken_by_id=staff_id,
        now=now,
    )
    locked_pledge(session, pledge.id)
    found = {pledge.items[place].id: told for place, told in walk_in.found.items()}
    arrival = Arrival(
        pledge.tracking_code,
        [item.id for place, item in enumerate(pledge.items) if place not in walk_in.promised],
        tender=walk_in.tender,
        terminal=walk_in.terminal,
        trace_number=walk_in.trace_number,
        cheque_number=walk_in.cheque_number,
        found=found,
    )
    if not _has_valuations(session, pledge):
        _receive_but_the_dear(
            session, pledge, arrival, office_id=office_id, staff_id=staff_id, key=key, now=now
        )
    return pledge


def receive_what_one_may_value(
    session: Session,
    scope: Scope,
    arrival: Arrival,
    *,
    office_id: int,
    staff_id: int,
    request_key: str | None,
    now: datetime,
) -> Pledge:
    """The same for goods that were promised before, by their code."""
    pledge = promised_to(session, scope, arrival.tracking_code)
    locked_pledge(session, pledge.id)
    key = f"desk:{staff_id}:{request_key}" if request_key else None
    if key is None or receipt_of_request(session, key) is None:
        _receive_but_the_dear(
            session, pledge, arrival, office_id=office_id, staff_id=staff_id, key=key, now=now
        )
    return pledge


def _receive_but_the_dear(
    session: Session,
    pledge: Pledge,
    arrival: Arrival,
    *,
    office_id: int,
    staff_id: int,
    key: str | None,
    now: datetime,
) -> None:
    """Receive what came, and let what is worth more than one person may say wait."""
    rest = set(arrival.item_ids)
    hold_needs_of(session, rest)
    for item in pledge.items:
        found = arrival.found.get(item.id)
        if item.id not in rest or not isinstance(found, GoodsFound):
            continue
        if not is_beyond_limit(session, found, now=now):
            continue
        rest.remove(item.id)
        refuse_being_valued(session, item.id)
        require_whole_value(found)
        found = as_needed(session, item.id, found)
        inspection = inspect(
            session, item, found.seen, office_id=office_id, inspected_by_id=staff_id, now=now
        )
        if inspection.verdict is Verdict.REFUSED:
            raise GoodsRefused(told=inspection_told(inspection))
        ask_for_value(session, inspection, found, asked_by_id=staff_id, now=now)
    if rest:
        receive_at_desk(
            session,
            pledge,
            tender=arrival.tender,
            terminal=arrival.terminal,
            trace_number=arrival.trace_number,
            cheque_number=arrival.cheque_number,
            office_id=office_id,
            item_ids=rest,
            found=arrival.found,
            staff_id=staff_id,
            request_key=key,
            now=now,
        )


def _what_came(
    session: Session, item: PledgeItem, thousandths: int | None, *, staff_id: int, now: datetime
) -> PledgeItem:
    """The item that came: all of it, or a part that has its place in the need. Raises NotAPart."""
    if thousandths is None or thousandths == item.quantity_thousandths:
        return item
    part = divide(session, item, thousandths, by_id=staff_id, now=now)
    follow_part(session, item, part, now=now)
    return part


def _turn_away(
    session: Session, item: PledgeItem, inspection: Inspection, *, now: datetime
) -> None:
    """The promise of refused goods ends; their place in a need is free, and the donor is told."""
    leave_need(session, item, now=now)
    item.state = ItemState.WITHDRAWN
    session.flush()
    emit(session, Event(Happening.GOODS_REFUSED, inspection.id), now=now)


def _has_valuations(session: Session, pledge: Pledge) -> bool:
    asked = (
        select(Valuation.id)
        .join(PledgeItem, PledgeItem.id == Valuation.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge.id)
    )
    return session.scalars(asked).first() is not None


def _of_request(session: Session, key: str) -> Looked | None:
    """What an earlier sending of the same form came to."""
    receipt = receipt_of_request(session, key)
    if receipt is not None:
        return Looked(receipt=receipt)
    inspection = inspection_of_request(session, key)
    if inspection is None:
        return None
    if inspection.verdict is Verdict.REFUSED:
        return Looked(refusal=inspection)
    asked = select(Valuation).where(Valuation.inspection_id == inspection.id)
    return Looked(valuation=session.scalars(asked).one())
