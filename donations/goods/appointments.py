"""Appointments: when goods are brought or fetched. A change is a new row, the latest holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased, joinedload

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import Refusal
from donations.models.goods_offer import AppointmentStep, GoodsAppointment, PartOfDay, Way
from donations.models.pledge import ItemKind, ItemState, Pledge
from donations.pledging import TEXT_MAX
from offices.audit import note
from offices.scope import Scope

AHEAD = timedelta(days=90)  # so far ahead can goods be announced


class DayOutOfReach(Refusal):
    """An appointment on a day that is over, or too far ahead."""

    code = "appointment.unusable_day"
    http_status = 422
    field = "day"


class AddressMissing(Refusal):
    """Goods can only be fetched from an address, and only then is one asked for."""

    code = "appointment.address_missing"
    http_status = 422
    field = "address"


class NothingToBring(Refusal):
    """No goods of this pledge are still expected."""

    code = "appointment.nothing_to_bring"


class NoAppointment(Refusal):
    """There is no appointment to agree to or cancel."""

    code = "appointment.none"


@dataclass(frozen=True, slots=True)
class Meeting:
    """When and how goods come; the address is for fetching them and for the office alone."""

    way: Way
    day: date
    part_of_day: PartOfDay
    address: str | None = None


def propose(session: Session, pledge: Pledge, meeting: Meeting, *, now: datetime) -> None:
    """Write down when the donor would like it. The pledge is held.

    Raises NothingToBring, DayOutOfReach, AddressMissing.
    """
    _write(session, pledge, meeting, AppointmentStep.PROPOSED, office_id=None, by=None, now=now)


def agree(
    session: Session,
    pledge: Pledge,
    meeting: Meeting,
    *,
    office_id: int,
    set_by_id: int,
    now: datetime,
) -> GoodsAppointment:
    """Write down when an office expects the goods of a held pledge, whatever was said before.

    Raises NothingToBring, DayOutOfReach, AddressMissing.
    """
    return _write(
        session, pledge, meeting, AppointmentStep.AGREED, office_id=office_id, by=set_by_id, now=now
    )


def cancel(
    session: Session, pledge: Pledge, *, set_by_id: int | None, now: datetime
) -> GoodsAppointment:
    """Say that the goods of a held pledge do not come then. Raises NoAppointment."""
    last = appointment_of(session, pledge.id)
    if last is None or last.step is AppointmentStep.CANCELLED:
        raise NoAppointment
    row = GoodsAppointment(
        pledge_id=pledge.id,
        number=last.number + 1,
        office_id=last.office_id,
        step=AppointmentStep.CANCELLED,
        way=last.way,
        day=last.day,
        part_of_day=last.part_of_day,
        address=last.address,
        set_by_id=set_by_id,
        set_at=now,
    )
    return _added(session, row, now=now)


def appointment_of(session: Session, pledge_id: int) -> GoodsAppointment | None:
    """The appointment of a pledge as it stands, a cancelled one too."""
    return session.scalars(
        select(GoodsAppointment)
        .where(GoodsAppointment.pledge_id == pledge_id)
        .order_by(GoodsAppointment.number.desc())
        .limit(1)
    ).first()


def appointments_on(session: Session, scope: Scope, day: date) -> Sequence[GoodsAppointment]:
    """Whom the offices of a scope expect on a day, by the part of the day."""
    return _listed(session, scope, GoodsAppointment.day == day)


def proposals(session: Session, scope: Scope, *, today: date) -> Sequence[GoodsAppointment]:
    """What donors propose and nobody has answered, the next day first."""
    return _listed(
        session,
        scope,
        (GoodsAppointment.step == AppointmentStep.PROPOSED) & (GoodsAppointment.day >= today),
    )


def _listed(
    session: Session, scope: Scope, which: ColumnElement[bool]
) -> Sequence[GoodsAppointment]:
    later = aliased(GoodsAppointment)
    is_overtaken = exists().where(
        later.pledge_id == GoodsAppointment.pledge_id, later.number > GoodsAppointment.number
    )
    rows = session.scalars(
        select(GoodsAppointment)
        .where(
            scope.narrow(GoodsAppointment.office_id),
            GoodsAppointment.step != AppointmentStep.CANCELLED,
            which,
            ~is_overtaken,
        )
        .options(
            joinedload(GoodsAppointment.pledge).joinedload(Pledge.donor),
            joinedload(GoodsAppointment.pledge).selectinload(Pledge.items),
        )
        .order_by(GoodsAppointment.day, GoodsAppointment.id)
        .limit(200)
    ).all()
    parts = list(PartOfDay)
    return sorted(rows, key=lambda row: (row.day, parts.index(row.part_of_day)))


def _write(
    session: Session,
    pledge: Pledge,
    meeting: Meeting,
    step: AppointmentStep,
    *,
    office_id: int | None,
    by: int | None,
    now: datetime,
) -> GoodsAppointment:
    expected = [
        item
        for item in pledge.items
        if item.kind is ItemKind.GOODS and item.state is ItemState.PROMISED
    ]
    if not expected:
        raise NothingToBring
    today = tehran_date(now)
    if not today <= meeting.day <= today + AHEAD:
        raise DayOutOfReach(days=AHEAD.days)
    last = appointment_of(session, pledge.id)
    row = GoodsAppointment(
        pledge_id=pledge.id,
        number=last.number + 1 if last else 1,
        office_id=office_id or (last.office_id if last else pledge.office_id),
        step=step,
        way=meeting.way,
        day=meeting.day,
        part_of_day=meeting.part_of_day,
        address=_address(meeting),
        set_by_id=by,
        set_at=now,
    )
    return _added(session, row, now=now)


def _address(meeting: Meeting) -> str | None:
    """The address to fetch goods from; whoever brings them is asked for none."""
    if meeting.way is Way.DROP_OFF:
        return None
    clean = normalise(meeting.address or "")
    if not 0 < len(clean) <= TEXT_MAX:
        raise AddressMissing(longest=TEXT_MAX)
    return clean


def _added(session: Session, row: GoodsAppointment, *, now: datetime) -> GoodsAppointment:
    session.add(row)
    session.flush()
    note(
        session,
        f"appointment.{row.step}",
        subject="pledge",
        subject_id=row.pledge_id,
        now=now,
        actor_id=row.set_by_id,
        way=row.way,
        day=row.day.isoformat(),
        part_of_day=row.part_of_day,
    )
    return row
