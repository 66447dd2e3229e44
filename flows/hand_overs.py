"""Hand-over slips with what follows: written and told, acknowledged where goods went, reversed."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from core.events import Event, Happening
from core.refusals import NotFound
from donations.goods.handing_over import (
    Arrived,
    Receiver,
    Wanted,
    acknowledge,
    hand_over,
    hand_over_in,
    may_acknowledge,
    reverse_line,
)
from donations.models.hand_over import HandOver, HandOverLine
from flows.events import emit
from offices.scope import Scope


def hand_goods_over(
    session: Session,
    office_id: int,
    wanted: Sequence[Wanted],
    receiver: Receiver,
    *,
    made_by_id: int,
    request_key: str | None,
    now: datetime,
) -> HandOver:
    """Write a slip and tell the donors whose goods it takes along. Raises what ``hand_over`` does.

    The same form sent twice is one slip and one message.
    """
    slip = hand_over(
        session,
        office_id,
        wanted,
        receiver,
        made_by_id=made_by_id,
        request_key=request_key,
        now=now,
    )
    if slip.made_at == now:
        for line in slip.lines:
            emit(session, Event(Happening.GOODS_HANDED_OVER, line.id), now=now)
    return slip


def acknowledge_goods(
    session: Session,
    scope: Scope,
    hand_over_id: int,
    arrived: Mapping[int, Arrived],
    *,
    received_by_id: int,
    now: datetime,
) -> HandOver:
    """Write down what arrived at the office that took the goods. Raises NotFound elsewhere."""
    slip = hand_over_in(session, scope, hand_over_id)
    if not may_acknowledge(scope, slip):
        raise NotFound(subject="hand_over")
    acknowledge(session, slip, arrived, received_by_id=received_by_id, now=now)
    return slip


def bring_goods_back(
    session: Session,
    scope: Scope,
    line_id: int,
    thousandths: int,
    *,
    reason: str,
    reversed_by_id: int,
    now: datetime,
) -> HandOver:
    """Let handed-over goods lie again at the office they left. Raises NotFound elsewhere."""
    line = session.get(HandOverLine, line_id)
    if line is None or not scope.covers(line.slip.office_id):
        raise NotFound(subject="hand_over")
    reverse_line(session, line, thousandths, reason=reason, reversed_by_id=reversed_by_id, now=now)
    return line.slip
