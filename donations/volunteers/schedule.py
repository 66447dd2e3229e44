"""The schedule: shifts of one day each, never two at once, never without the licence they need."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.models.pledge import PledgeItem
from donations.models.shift import QUARTER, ServiceOffer, Shift, TakenQuarter
from donations.models.volunteer import Licence, PartOfDay, Volunteer
from donations.pledging import TEXT_MAX, UnusableText
from donations.volunteers.finding import active_volunteer, hold_volunteer
from donations.volunteers.licences import licence_on
from donations.volunteers.offers import comes_on, held_offer, refuse_ended
from offices.audit import note
from offices.places import Office
from offices.scope import Scope

HOURS_OF_DAY = 24
_NOON, _EVENING = 12 * 60, 17 * 60


class UnusableTime(Refusal):
    """A shift that does not end after it starts, or not on a quarter of an hour."""

    code = "shift.unusable_time"
    http_status = 422
    field = "start"


class ShiftsOverlap(Refusal):
    """The volunteer is taken at that time of the day."""

    code = "shift.overlaps"
    field = "start"


class NotComing(Refusal):
    """A part of a weekday on which the volunteer said not to come."""

    code = "shift.not_coming"
    http_status = 422
    field = "day"


class ShiftPast(Refusal):
    """Nobody is planned for a day that is over."""

    code = "shift.past"
    http_status = 422
    field = "day"


@dataclass(frozen=True, slots=True)
class Plan:
    """When, where, what and under whom. Minutes of the Tehran day, on quarters of an hour."""

    day: date
    start_minute: int
    end_minute: int
    office_id: int
    duty: str
    supervisor: str
    supervisor_title: str = ""
    is_agreed: bool = False  # also at a time the volunteer did not name


def plan_shift(
    session: Session,
    scope: Scope,
    item_id: int,
    plan: Plan,
    *,
    planned_by_id: int,
    request_key: str | None,
    now: datetime,
) -> Shift:
    """Put the volunteer of an offer on a day's work. The same form sent twice is one shift.

    Raises NotFound, OfferEnded, HasLeft, UnusableTime, ShiftPast, UnusableText, NotComing,
    ShiftsOverlap, LicenceMissing, LicenceEnded, LicenceNotYet.
    """
    key = f"shift:{planned_by_id}:{request_key}" if request_key else None
    offered = held_offer(session, scope, item_id)
    if offered.offer is None:
        raise NotFound(subject="offer")
    volunteer_id = offered.offer.volunteer_id
    hold_volunteer(session, volunteer_id)
    if key is not None and (known := _of_request(session, key)) is not None:
        return known
    refuse_ended(offered)
    facts = active_volunteer(session, scope, volunteer_id)
    _check_time(plan)
    if plan.day < tehran_date(now):
        raise ShiftPast
    office = session.get(Office, plan.office_id)
    if office is None or not office.is_open or not scope.covers(office.id):
        raise NotFound(subject="office")
    skill = offered.offer.skill
    licence = licence_on(session, volunteer_id, skill, plan.day)
    if not (plan.is_agreed or comes_on(facts, plan.day.weekday(), part_of(plan.start_minute))):
        raise NotComing
    shift = _shift(offered.offer, plan, licence)
    shift.duty, shift.supervisor = _text("duty", plan.duty), _text("supervisor", plan.supervisor)
    shift.planned_by_id, shift.planned_at, shift.request_key = planned_by_id, now, key
    take_quarters(session, shift)
    _note(session, "shift.plan", shift.id, planned_by_id, now, day=plan.day.isoformat())
    return shift


def shifts_in(scope: Scope) -> Select[Shift]:
    """The shifts served at the offices of a scope: every staff query on them starts here."""
    return (
        select(Shift)
        .where(scope.narrow(Shift.office_id))
        .options(
            joinedload(Shift.volunteer).joinedload(Volunteer.donor),
            joinedload(Shift.skill),
            joinedload(Shift.office),
            selectinload(Shift.outcomes),
            joinedload(Shift.offer).joinedload(ServiceOffer.item).joinedload(PledgeItem.pledge),
        )
    )


def shift_in(session: Session, scope: Scope, shift_id: int) -> Shift:
    """One shift. Raises NotFound for one outside the scope."""
    found = session.scalars(shifts_in(scope).where(Shift.id == shift_id)).one_or_none()
    if found is None:
        raise NotFound(subject="shift")
    return found


def shifts_between(session: Session, scope: Scope, first: date, last: date) -> Sequence[Shift]:
    """The shifts of these days, in the order of the clock."""
    return session.scalars(
        shifts_in(scope)
        .where(Shift.day.between(first, last))
        .order_by(Shift.day, Shift.start_minute, Shift.id)
    ).all()


def shifts_of_item(session: Session, item_id: int) -> Sequence[Shift]:
    """The shifts of one offer, in the order of their days."""
    return session.scalars(
        select(Shift)
        .where(Shift.pledge_item_id == item_id)
        .options(selectinload(Shift.outcomes), joinedload(Shift.office))
        .order_by(Shift.day, Shift.start_minute, Shift.id)
        .execution_options(populate_existing=True)
    ).all()


def part_of(minute: int) -> PartOfDay:
    """The part of the day in which a minute lies."""
    if minute < _NOON:
        return PartOfDay.MORNING
    return PartOfDay.AFTERNOON if minute < _EVENING else PartOfDay.EVENING


def take_quarters(session: Session, shift: Shift) -> None:
    """Write the shift and the time it takes. Raises ShiftsOverlap."""
    quarters = range(shift.start_minute // QUARTER, shift.end_minute // QUARTER)
    try:
        with session.begin_nested():
            session.add(shift)
            session.flush()
            session.add_all(
                TakenQuarter(
                    volunteer_id=shift.volunteer_id,
                    day=shift.day,
                    quarter=quarter,
                    shift_id=shift.id,
                )
                for quarter in quarters
            )
            session.flush()
    except IntegrityError as trouble:
        if _is_taken(session, shift.volunteer_id, shift.day, quarters):
            raise ShiftsOverlap from trouble
        raise


def _shift(offer: ServiceOffer, plan: Plan, licence: Licence | None) -> Shift:
    """The shift of a plan, with the days of the licence by which it may be."""
    return Shift(
        pledge_item_id=offer.pledge_item_id,
        volunteer_id=offer.volunteer_id,
        skill_id=offer.skill_id,
        needs_licence=offer.skill.needs_licence,
        licence_id=licence.id if licence else None,
        licence_from=licence.valid_from if licence else None,
        licence_to=licence.valid_to if licence else None,
        office_id=plan.office_id,
        day=plan.day,
        start_minute=plan.start_minute,
        end_minute=plan.end_minute,
        supervisor_title=normalise(plan.supervisor_title)[:TEXT_MAX] or None,
    )


def _check_time(plan: Plan) -> None:
    is_ordered = 0 <= plan.start_minute < plan.end_minute <= HOURS_OF_DAY * 60
    if not is_ordered or plan.start_minute % QUARTER or plan.end_minute % QUARTER:
        raise UnusableTime(quarter=QUARTER)


def _is_taken(session: Session, volunteer_id: int, day: date, quarters: range) -> bool:
    return (
        session.scalars(
            select(TakenQuarter.quarter).where(
                TakenQuarter.volunteer_id == volunteer_id,
                TakenQuarter.day == day,
                TakenQuarter.quarter.in_(quarters),
            )
        ).first()
        is not None
    )


def _of_request(session: Session, key: str) -> Shift | None:
    return session.scalars(select(Shift).where(Shift.request_key == key)).one_or_none()


def _text(name: str, text: str) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= TEXT_MAX:
        raise UnusableText(name=name, longest=TEXT_MAX, field=name)
    return clean


def _note(
    session: Session, action: str, shift_id: int, actor_id: int, now: datetime, **facts: object
) -> None:
    note(session, action, subject="shift", subject_id=shift_id, now=now, actor_id=actor_id, **facts)
