"""Handing goods over: a numbered slip, lot by lot in the order of receipt, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.goods.stocking import (
    Lying,
    NotInStock,
    hold_stock,
    last_movement,
    lots_lying,
    move,
)
from donations.goods.words import quantity_plain
from donations.models.fund import Fund
from donations.models.hand_over import (
    HandOver,
    HandOverAcknowledgement,
    HandOverLine,
    HandOverReceived,
    HandOverReversal,
)
from donations.models.pledge import PledgeItem
from donations.models.stock import StockCause, StockLot
from donations.pledging import NAME_MAX, TEXT_MAX, UnknownFund, UnusableText
from offices.audit import note
from offices.places import Office
from offices.scope import Scope


class NoReceiver(Refusal):
    """A slip goes to another office, a sub-service or a person in charge: one of them at least."""

    code = "hand_over.no_receiver"
    http_status = 422
    field = "to_office"


class NothingHandedOver(Refusal):
    """A slip without goods."""

    code = "hand_over.nothing"
    http_status = 422


class AlreadyAcknowledged(Refusal):
    """Somebody has said what arrived."""

    code = "hand_over.already_acknowledged"


class MoreThanHandedOver(Refusal):
    """More arrived, or came back, than was handed over."""

    code = "hand_over.more_than_handed"
    http_status = 422
    field = "quantity"


class DifferenceUnexplained(Refusal):
    """Less arrived than was handed over, and nobody says why."""

    code = "hand_over.difference_unexplained"
    http_status = 422
    field = "reason"


class AlreadyReversed(Refusal):
    """The goods of this line came back before."""

    code = "hand_over.already_reversed"


class ReversalReasonMissing(Refusal):
    """A reversal without a reason, or with one that is too long."""

    code = "hand_over.reason_missing"
    http_status = 422
    field = "reason"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How much of one kind of goods leaves, in thousandths of its unit."""

    category_id: int
    kind_folded: str
    thousandths: int


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who takes the goods: an office, a sub-service by its code, a person; one of them at least."""

    office_id: int | None = None
    fund: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What really arrived of one line, and why it is less."""

    thousandths: int
    reason: str = ""


def hand_over(
    session: Session,
    office_id: int,
    wanted: Sequence[Wanted],
    receiver: Receiver,
    *,
    made_by_id: int,
    request_key: str | None,
    now: datetime,
) -> HandOver:
    """Write the slip with which goods leave an office, the earliest lots first.

    The same form sent twice is one slip. Raises NothingHandedOver, NoReceiver, NotFound,
    UnknownFund, UnusableText, NotInStock.
    """
    key = f"hand_over:{made_by_id}:{request_key}" if request_key else None
    hold_stock(session, office_id)
    if key is not None and (known := _of_request(session, key)) is not None:
        return known
    if not wanted:
        raise NothingHandedOver
    slip = _slip(session, office_id, receiver, made_by_id=made_by_id, key=key, now=now)
    for place, kind in enumerate(wanted):
        for lying, taken in _taken(session, office_id, kind, place):
            line = HandOverLine(
                hand_over_id=slip.id, lot_id=lying.lot.id, quantity_thousandths=taken
            )
            session.add(line)
            session.flush()
            move(
                session,
                last_movement(session, lying.lot.id),
                -taken,
                StockCause.HANDED_OVER,
                hand_over_line_id=line.id,
                moved_by_id=made_by_id,
                now=now,
            )
    session.refresh(slip, ["lines"])
    _note(session, "hand_over.make", slip, made_by_id, now, lines=len(slip.lines))
    return slip


def acknowledge(
    session: Session,
    slip: HandOver,
    arrived: Mapping[int, Arrived],
    *,
    received_by_id: int,
    now: datetime,
) -> None:
    """Write down what of each line of a slip arrived; a line that is not named arrived whole.

    What came back did not arrive. Raises AlreadyAcknowledged, MoreThanHandedOver,
    DifferenceUnexplained; ``line`` among the details is the id of the line.
    """
    hold_stock(session, slip.office_id)
    if session.get(HandOverAcknowledgement, slip.id) is not None:
        raise AlreadyAcknowledged
    for line in slip.lines:
        reversal = session.get(HandOverReversal, line.id)
        session.add(_received(line, reversal, arrived.get(line.id)))
    session.add(
        HandOverAcknowledgement(
            hand_over_id=slip.id, received_by_id=received_by_id, received_at=now
        )
    )
    session.flush()
    _note(session, "hand_over.acknowledge", slip, received_by_id, now)


def reverse_line(
    session: Session,
    line: HandOverLine,
    thousandths: int,
    *,
    reason: str,
    reversed_by_id: int,
    now: datetime,
) -> HandOverReversal:
    """Let goods of one line lie again where they lay: all of them or a part, once.

    Raises AlreadyReversed, MoreThanHandedOver, ReversalReasonMissing.
    """
    slip = line.slip
    hold_stock(session, slip.office_id)
    if session.get(HandOverReversal, line.id) is not None:
        raise AlreadyReversed
    if not 0 < thousandths <= line.quantity_thousandths:
        raise MoreThanHandedOver(handed=quantity_plain(line.quantity_thousandths))
    reason = normalise(reason)
    if not 0 < len(reason) <= TEXT_MAX:
        raise ReversalReasonMissing(longest=TEXT_MAX)
    reversal = HandOverReversal(
        line_id=line.id,
        handed_thousandths=line.quantity_thousandths,
        came_back_thousandths=thousandths,
        reason=reason,
        reversed_by_id=reversed_by_id,
        reversed_at=now,
    )
    session.add(reversal)
    session.flush()
    move(
        session,
        last_movement(session, line.lot_id),
        thousandths,
        StockCause.CAME_BACK,
        hand_over_line_id=line.id,
        moved_by_id=reversed_by_id,
        now=now,
    )
    _note(
        session,
        "hand_over.reverse",
        slip,
        reversed_by_id,
        now,
        line_id=line.id,
        thousandths=thousandths,
        reason=reason,
    )
    return reversal


def hand_overs_in(scope: Scope) -> Select[HandOver]:
    """The slips that offices of a scope wrote or that came to them."""
    return (
        select(HandOver)
        .where(or_(scope.narrow(HandOver.office_id), scope.narrow(HandOver.to_office_id)))
        .options(
            joinedload(HandOver.office),
            joinedload(HandOver.to_office),
            joinedload(HandOver.to_fund),
            joinedload(HandOver.acknowledgement),
            selectinload(HandOver.lines)
            .joinedload(HandOverLine.lot)
            .joinedload(StockLot.item)
            .joinedload(PledgeItem.pledge),
            selectinload(HandOver.lines).joinedload(HandOverLine.received),
            selectinload(HandOver.lines).joinedload(HandOverLine.reversal),
        )
        .execution_options(populate_existing=True)
    )


def hand_over_in(session: Session, scope: Scope, hand_over_id: int) -> HandOver:
    """One slip. Raises NotFound for one that neither came from nor went to the scope."""
    slip = session.scalars(hand_overs_in(scope).where(HandOver.id == hand_over_id)).one_or_none()
    if slip is None:
        raise NotFound(subject="hand_over")
    return slip


def latest_hand_overs(
    session: Session, scope: Scope, *, before_id: int | None = None, limit: int = 50
) -> Sequence[HandOver]:
    """One page of slips, newest first."""
    statement = hand_overs_in(scope).order_by(HandOver.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(HandOver.id < before_id)
    return session.scalars(statement).all()


def may_acknowledge(scope: Scope, slip: HandOver) -> bool:
    """Whether somebody at these offices can say what arrived.

    The receiving office can; where a sub-service or a person took the goods, the office that
    handed them over writes down what was signed.
    """
    return scope.covers(slip.to_office_id or slip.office_id)


def _received(
    line: HandOverLine, reversal: HandOverReversal | None, arrived: Arrived | None
) -> HandOverReceived:
    largest = line.quantity_thousandths - (reversal.came_back_thousandths if reversal else 0)
    arrived = arrived or Arrived(largest)
    if not 0 <= arrived.thousandths <= largest:
        raise MoreThanHandedOver(line=line.id, handed=quantity_plain(largest))
    reason = normalise(arrived.reason)
    if arrived.thousandths != largest and not 0 < len(reason) <= TEXT_MAX:
        raise DifferenceUnexplained(line=line.id)
    if reversal is not None:
        reason = reason or reversal.reason  # why not everything that was handed over is there
    return HandOverReceived(
        line_id=line.id,
        handed_thousandths=line.quantity_thousandths,
        received_thousandths=arrived.thousandths,
        reason=reason or None,
    )


def _taken(session: Session, office_id: int, kind: Wanted, place: int) -> list[tuple[Lying, int]]:
    """What to take of which lots, the earliest first. Raises NotInStock with the ``place``."""
    left, taken = kind.thousandths, []
    lying = lots_lying(session, office_id, kind.category_id, kind.kind_folded)
    for lot in lying:
        part = min(left, lot.thousandths)
        if part:
            taken.append((lot, part))
            left -= part
    if left or not taken:
        there = sum(lot.thousandths for lot in lying)
        raise NotInStock(there=quantity_plain(there), place=place)
    return taken


def _slip(
    session: Session,
    office_id: int,
    receiver: Receiver,
    *,
    made_by_id: int,
    key: str | None,
    now: datetime,
) -> HandOver:
    last = session.scalars(
        select(func.max(HandOver.number)).where(HandOver.office_id == office_id)
    ).one()
    person = normalise(receiver.person or "") or None
    if person and len(person) > NAME_MAX:
        raise UnusableText(name="to_person", longest=NAME_MAX)
    slip = HandOver(
        office_id=office_id,
        number=(last or 0) + 1,
        to_office_id=_other_office(session, office_id, receiver.office_id),
        to_fund_id=_fund(session, receiver.fund),
        to_person=person,
        handed_on=tehran_date(now),
        made_by_id=made_by_id,
        made_at=now,
        request_key=key,
    )
    if slip.to_office_id is None and slip.to_fund_id is None and person is None:
        raise NoReceiver
    session.add(slip)
    session.flush()
    return slip


def _other_office(session: Session, office_id: int, to_office_id: int | None) -> int | None:
    if to_office_id is None:
        return None
    office = session.get(Office, to_office_id)
    if office is None or not office.is_open or office.id == office_id:
        raise NotFound(subject="office")
    return office.id


def _fund(session: Session, code: str | None) -> int | None:
    if not code:
        return None
    fund = session.scalars(select(Fund).where(Fund.code == code)).one_or_none()
    if fund is None:
        raise UnknownFund(fund=code[:40])
    return fund.id


def _of_request(session: Session, key: str) -> HandOver | None:
    return session.scalars(select(HandOver).where(HandOver.request_key == key)).one_or_none()


def _note(
    session: Session, action: str, slip: HandOver, actor_id: int, now: datetime, **facts: object
) -> None:
    note(
        session,
        action,
        subject="hand_over",
        subject_id=slip.id,
        now=now,
        actor_id=actor_id,
        number=slip.number,
        **facts,
    )
