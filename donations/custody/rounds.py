"""Collection rounds: who sets out for which boxes, how each was found, what both say of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import Refusal
from donations.custody.boxes import latest_seals, read_seal, refuse_in_round
from donations.custody.counting import counts_of_round
from donations.custody.in_scope import boxes_in, round_in, rounds_in
from donations.models.cash_count import CashCount
from donations.models.charity_box import CharityBox
from donations.models.collection_round import (
    COLLECTORS,
    BoxAmount,
    BoxFinding,
    CollectionRound,
    Condition,
    RoundBox,
    RoundClosing,
    RoundCollector,
    RoundRemark,
)
from donations.voiding import REASON_MAX
from offices.audit import note
from offices.places import Office
from offices.scope import Scope
from offices.staff import StaffMember

NAME_MAX = 200
EMPTIED = frozenset({Condition.INTACT, Condition.BROKEN})


class NoBoxes(Refusal):
    """A round without a box that can be emptied."""

    code = "round.no_boxes"
    http_status = 422
    field = "boxes"


class TwoCollectorsNeeded(Refusal):
    """A round is walked by two different persons, each named."""

    code = "round.two_collectors_needed"
    http_status = 422
    field = "second_name"


class RoundClosed(Refusal):
    """The round has ended."""

    code = "round.closed"


class SealMissing(Refusal):
    """A seal that is intact has a number, and a box that was emptied gets a new one."""

    code = "round.seal_missing"
    http_status = 422


class LeftWithoutReason(Refusal):
    """A box that was not collected, and nobody says why; or a reason that is too long."""

    code = "round.left_without_reason"
    http_status = 422


class RoundCounted(Refusal):
    """What a round brought has been counted, so that it is confirmed or counted again."""

    code = "round.counted"


class RemarksMissing(Refusal):
    """A box was not sound, and not both collectors have said what they know of it."""

    code = "round.remarks_missing"


class CancelReasonMissing(Refusal):
    """A round that is cancelled without a reason, or with one that is too long."""

    code = "round.cancel_reason_missing"
    http_status = 422
    field = "reason"


class RemarkUnusable(Refusal):
    """A remark that is empty or too long."""

    code = "round.remark_missing"
    http_status = 422
    field = "remark"


class RemarkWritten(Refusal):
    """A collector says what there is to say once."""

    code = "round.remark_written"
    field = "remark"


class NotYourRemark(Refusal):
    """A collector of the staff writes their remark themselves."""

    code = "round.not_your_remark"
    http_status = 403
    field = "remark"


@dataclass(frozen=True, slots=True)
class Collector:
    """One of the two: somebody of the staff, or a person by name."""

    name: str = ""
    staff_member_id: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """How a box was found, the number read on its seal, and why it was not collected."""

    condition: Condition
    seal_number: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """How many boxes of a round were not sound, and the places of the remarks that tell of it."""

    unsound_count: int
    first_remark: int | None
    second_remark: int | None


def write_round(
    session: Session,
    office: Office,
    box_ids: Sequence[int],
    collectors: tuple[Collector, Collector],
    *,
    opened_by_id: int,
    request_key: str | None,
    now: datetime,
) -> CollectionRound:
    """Write down which boxes two persons set out to empty, with the seal each bears.

    The same form sent twice is one round; the caller holds the office. Raises NoBoxes, BoxInRound,
    TwoCollectorsNeeded.
    """
    key = f"round:{opened_by_id}:{request_key}" if request_key else None
    if key is not None and (known := _round_of_request(session, key)) is not None:
        return known
    boxes = session.scalars(
        boxes_in(Scope(frozenset({office.id})))
        .where(CharityBox.id.in_(box_ids))
        .order_by(CharityBox.id)
    ).all()
    if not boxes or len(boxes) != len(set(box_ids)):
        raise NoBoxes
    refuse_in_round(session, [box.id for box in boxes])
    names = _two_names(session, office, collectors)
    last = session.scalars(
        select(func.max(CollectionRound.number)).where(CollectionRound.office_id == office.id)
    ).one()
    seals = latest_seals(session, [box.id for box in boxes])
    opened = CollectionRound(
        office_id=office.id,
        number=(last or 0) + 1,
        opened_by_id=opened_by_id,
        opened_at=now,
        request_key=key,
        collectors=[
            RoundCollector(place=place, name=name, staff_member_id=each.staff_member_id)
            for place, name, each in zip(COLLECTORS, names, collectors, strict=True)
        ],
        boxes=[RoundBox(box_id=box.id, seal_number=seals[box.id].seal_number) for box in boxes],
    )
    session.add(opened)
    session.flush()
    _note(session, "round.open", opened, opened_by_id, now=now, boxes=len(boxes))
    return opened


def write_findings(
    session: Session,
    scope: Scope,
    round_id: int,
    found: Mapping[int, Found],
    *,
    told_by_id: int,
    now: datetime,
) -> CollectionRound:
    """Say, by the id of a box on the list, how it was found; what is said again replaces nothing.

    A word that differs from the one before stands after it. Raises NotFound, RoundClosed,
    SealMissing, SealUnusable, LeftWithoutReason. The caller holds the office.
    """
    told = open_round_in(session, scope, round_id)
    known = findings_of(session, told)
    for row in told.boxes:
        if row.id not in found:
            continue
        seal_number = read_seal(found[row.id].seal_number)
        condition = found[row.id].condition
        if condition is Condition.INTACT and not seal_number:
            raise SealMissing(number=row.box.number)
        reason = normalise(found[row.id].reason) if condition is Condition.LEFT else ""
        if condition is Condition.LEFT and not 0 < len(reason) <= REASON_MAX:
            raise LeftWithoutReason(number=row.box.number, longest=REASON_MAX)
        before = known.get(row.id)
        told_before = before and (before.condition, before.seal_number, before.reason)
        if told_before == (condition, seal_number, reason):
            continue
        session.add(
            BoxFinding(
                round_box_id=row.id,
                condition=condition,
                seal_number=seal_number,
                reason=reason,
                is_sound=_is_sound(condition, seal_number, row.seal_number),
                told_by_id=told_by_id,
                told_at=now,
            )
        )
    session.flush()
    _note(session, "round.find", told, told_by_id, now=now, boxes=len(found))
    return told


def write_remark(
    session: Session,
    scope: Scope,
    round_id: int,
    place: int,
    remark: str,
    *,
    written_by_id: int,
    now: datetime,
) -> None:
    """Write down what a collector says of a round; one of the staff writes it themselves.

    Of one who has left, whoever works at the office writes what they said.

    Raises NotFound, RoundClosed, RemarkUnusable, RemarkWritten, NotYourRemark. The caller holds
    the office.
    """
    told = open_round_in(session, scope, round_id)
    remark = normalise(remark)
    if place not in COLLECTORS or not 0 < len(remark) <= REASON_MAX:
        raise RemarkUnusable(longest=REASON_MAX)
    collector = told.collectors[place - 1]
    is_theirs = collector.staff_member_id in {None, written_by_id}
    if not is_theirs and _is_here(session, told, collector):
        raise NotYourRemark(name=collector.name)
    if place in remarks_of(session, round_id):
        raise RemarkWritten
    session.add(
        RoundRemark(
            round_id=round_id,
            place=place,
            remark=remark,
            written_by_id=written_by_id,
            written_at=now,
        )
    )
    session.flush()
    _note(session, "round.remark", told, written_by_id, now=now, collector=place)


def cancel_round(
    session: Session,
    scope: Scope,
    round_id: int,
    reason: str,
    *,
    cancelled_by_id: int,
    now: datetime,
) -> CollectionRound:
    """End a round of which nothing was counted: its boxes stay where they are, under their seals.

    Raises NotFound, RoundClosed, RoundCounted, CancelReasonMissing, RemarksMissing. The caller
    holds the office.
    """
    cancelled = open_round_in(session, scope, round_id)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise CancelReasonMissing(longest=REASON_MAX)
    if counts_of_round(session, round_id):
        raise RoundCounted
    said = what_was_said(session, cancelled)
    session.add(
        RoundClosing(
            round_id=round_id,
            closed_by_id=cancelled_by_id,
            reason=reason,
            unsound_count=said.unsound_count,
            first_remark=said.first_remark,
            second_remark=said.second_remark,
            closed_on=tehran_date(now),
            closed_at=now,
        )
    )
    session.flush()
    _note(
        session,
        "round.cancel",
        cancelled,
        cancelled_by_id,
        now=now,
        unsound=said.unsound_count,
    )
    return cancelled


def _is_here(session: Session, told: CollectionRound, collector: RoundCollector) -> bool:
    member = session.get_one(StaffMember, collector.staff_member_id)
    return member.is_active and member.office_id == told.office_id


def open_round_in(session: Session, scope: Scope, round_id: int) -> CollectionRound:
    """A round that has not ended. Raises NotFound, RoundClosed."""
    found = round_in(session, scope, round_id)
    if session.scalar(select(exists().where(RoundClosing.round_id == round_id))):
        raise RoundClosed
    return found


def findings_of(session: Session, of: CollectionRound) -> Mapping[int, BoxFinding]:
    """The latest word on each box of a round, by the id of its row on the list."""
    latest = (
        select(func.max(BoxFinding.id))
        .join(RoundBox, RoundBox.id == BoxFinding.round_box_id)
        .where(RoundBox.round_id == of.id)
        .group_by(BoxFinding.round_box_id)
    )
    rows = session.scalars(select(BoxFinding).where(BoxFinding.id.in_(latest)))
    return {row.round_box_id: row for row in rows}


def remarks_of(session: Session, round_id: int) -> Mapping[int, RoundRemark]:
    """What the collectors said, by their place."""
    rows = session.scalars(select(RoundRemark).where(RoundRemark.round_id == round_id))
    return {row.place: row for row in rows}


def what_was_said(session: Session, of: CollectionRound) -> Said:
    """What a round ends with, counted or cancelled. Raises RemarksMissing."""
    remarks = remarks_of(session, of.id)
    unsound = sum(not each.is_sound for each in findings_of(session, of).values())
    if unsound and remarks.keys() != set(COLLECTORS):
        raise RemarksMissing(count=unsound)
    return Said(unsound, *(place if place in remarks else None for place in COLLECTORS))


def amounts_of(session: Session, count: CashCount) -> Mapping[int, BoxAmount]:
    """What each box of a round held by a count, by the id of its row on the list."""
    rows = session.scalars(select(BoxAmount).where(BoxAmount.count_id == count.id))
    return {row.round_box_id: row for row in rows}


def latest_rounds(
    session: Session, scope: Scope, *, before_id: int | None = None, limit: int = 50
) -> Sequence[CollectionRound]:
    """One page of rounds, newest first; ask again with the last id to go on."""
    statement = (
        rounds_in(scope)
        .order_by(CollectionRound.id.desc())
        .limit(limit)
        .options(
            joinedload(CollectionRound.office),
            selectinload(CollectionRound.collectors),
            selectinload(CollectionRound.boxes),
            selectinload(CollectionRound.closing),
        )
    )
    if before_id is not None:
        statement = statement.where(CollectionRound.id < before_id)
    return session.scalars(statement).all()


def _two_names(
    session: Session, office: Office, collectors: tuple[Collector, Collector]
) -> list[str]:
    names = []
    for each in collectors:
        if each.staff_member_id is None:
            names.append(normalise(each.name))
            continue
        member = session.get(StaffMember, each.staff_member_id)
        if member is None or member.office_id != office.id or not member.is_active:
            raise TwoCollectorsNeeded
        names.append(member.name)
    first, second = collectors
    is_one = first.staff_member_id is not None and first.staff_member_id == second.staff_member_id
    if is_one or names[0] == names[1] or not all(0 < len(name) <= NAME_MAX for name in names):
        raise TwoCollectorsNeeded
    return names


def _is_sound(condition: Condition, read: str, known: str) -> bool:
    """Whether a box is as our books have it: closed, and under its own seal as far as was read."""
    if condition is Condition.LEFT:
        return read in {"", known}
    return condition is Condition.INTACT and read == known


def _round_of_request(session: Session, request_key: str) -> CollectionRound | None:
    return session.scalars(
        select(CollectionRound).where(CollectionRound.request_key == request_key)
    ).one_or_none()


def _note(
    session: Session,
    action: str,
    of: CollectionRound,
    actor_id: int,
    *,
    now: datetime,
    **facts: object,
) -> None:
    note(
        session,
        action,
        subject="collection_round",
        subject_id=of.id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
