"""The register of volunteers: found again by mobile, told anew by rows, never deleted."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.digits import folded, normalise
from core.identifiers import parse_mobile
from core.refusals import NotFound, Refusal
from donations.models.donor import Donor
from donations.models.volunteer import (
    PartOfDay,
    Volunteer,
    VolunteerFacts,
    VolunteerSkill,
    VolunteerTime,
)
from donations.pledging import NAME_MAX, TEXT_MAX, UnusableText
from donations.volunteers.finding import hold_volunteer, skills_with, volunteer_in
from offices.audit import note
from offices.places import Office
from offices.scope import Scope
from offices.staff import StaffMember

REASON_MAX = 500

Time = tuple[int, PartOfDay]  # a weekday, Monday being 0, and a part of it


class LeavingReasonMissing(Refusal):
    """A deregistration without a reason, or with one that is too long."""

    code = "volunteer.leaving_reason_missing"
    http_status = 422
    field = "reason"


class UnknownStaff(Refusal):
    """A staff account that does not exist."""

    code = "volunteer.unknown_staff"
    http_status = 422
    field = "staff"


class KnownElsewhere(Refusal):
    """A mobile that another office's volunteer is known by; whose it is, is not told."""

    code = "volunteer.known_elsewhere"
    field = "mobile"


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody tells of a volunteer. Skills by their codes, ``staff`` by user name."""

    skills: Collection[str]
    times: Collection[Time] = ()
    office_id: int = 0
    note: str = ""
    staff: str = ""


def register(
    session: Session,
    scope: Scope,
    *,
    name: str,
    mobile: str,
    told: Told,
    told_by_id: int | None,
    request_key: str | None,
    now: datetime,
) -> Volunteer:
    """Enter a volunteer, or what is told anew of one who is known by this mobile.

    ``told_by_id`` is empty for the website: of somebody known, that waits for a desk. The same
    form sent twice is one telling. Raises UnreadableMobile, UnusableText, SkillMissing,
    UnknownStaff, NotFound for an office that is not open; KnownElsewhere where the volunteer lies
    outside the scope of a desk.
    """
    mobile = parse_mobile(mobile)
    known = _known_by(session, mobile)
    if known is None:
        clean = normalise(name)
        if not 0 < len(clean) <= NAME_MAX:
            raise UnusableText(name="name", longest=NAME_MAX, field="name")
        known = _entered(session, clean, mobile, told_by_id=told_by_id, now=now)
    if told_by_id is not None:
        _refuse_elsewhere(session, scope, known)
    tell(session, known, told, told_by_id=told_by_id, request_key=request_key, now=now)
    return known


def tell(
    session: Session,
    volunteer: Volunteer,
    told: Told,
    *,
    told_by_id: int | None,
    request_key: str | None = None,
    now: datetime,
) -> VolunteerFacts:
    """Write down what holds of a volunteer from now on. The same form sent twice is one telling.

    Raises UnusableText, SkillMissing, UnknownStaff, NotFound for an office that is not open.
    """
    hold_volunteer(session, volunteer.id)
    key = f"volunteer:{told_by_id or 'public'}:{request_key}" if request_key else None
    if key is not None:
        same = select(VolunteerFacts).where(VolunteerFacts.request_key == key)
        if (known := session.scalars(same).one_or_none()) is not None:
            return known
    facts = _written(session, volunteer, told, told_by_id, now)
    facts.request_key = key
    skills = skills_with(session, told.skills)
    facts.skills = [VolunteerSkill(skill_id=skill.id) for skill in skills]
    facts.times = [VolunteerTime(weekday=day, part=part) for day, part in sorted(set(told.times))]
    session.add(facts)
    session.flush()
    _note(session, "volunteer.tell", volunteer.id, told_by_id, now, skills=[s.code for s in skills])
    return facts


def leave(
    session: Session,
    scope: Scope,
    volunteer_id: int,
    *,
    reason: str,
    told_by_id: int,
    now: datetime,
) -> None:
    """Take a volunteer off the register; what was served stays. Once is enough.

    Raises NotFound, LeavingReasonMissing. A later telling of a desk brings the person back.
    """
    before = volunteer_in(session, scope, volunteer_id)
    hold_volunteer(session, volunteer_id)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise LeavingReasonMissing(longest=REASON_MAX)
    if before.left_reason is not None:
        return
    facts = VolunteerFacts(
        volunteer_id=volunteer_id,
        position=_next_position(session, volunteer_id),
        office_id=before.office_id,
        note=before.note,
        staff_member_id=before.staff_member_id,
        left_reason=reason,
        told_by_id=told_by_id,
        told_at=now,
        skills=[VolunteerSkill(skill_id=row.skill_id) for row in before.skills],
        times=[VolunteerTime(weekday=row.weekday, part=row.part) for row in before.times],
    )
    session.add(facts)
    session.flush()
    _note(session, "volunteer.leave", volunteer_id, told_by_id, now, reason=reason)


def _written(
    session: Session, volunteer: Volunteer, told: Told, told_by_id: int | None, now: datetime
) -> VolunteerFacts:
    office = session.get(Office, told.office_id)
    if office is None or not office.is_open:
        raise NotFound(subject="office")
    remark = normalise(told.note)
    if len(remark) > TEXT_MAX:
        raise UnusableText(name="note", longest=TEXT_MAX, field="note")
    return VolunteerFacts(
        volunteer_id=volunteer.id,
        position=_next_position(session, volunteer.id),
        office_id=office.id,
        note=remark,
        staff_member_id=_staff_id(session, told.staff),
        told_by_id=told_by_id,
        told_at=now,
    )


def _next_position(session: Session, volunteer_id: int) -> int:
    last = session.scalars(
        select(func.max(VolunteerFacts.position)).where(VolunteerFacts.volunteer_id == volunteer_id)
    ).one()
    return (last or 0) + 1


def _staff_id(session: Session, username: str) -> int | None:
    if not username.strip():
        return None
    found = session.scalars(
        select(StaffMember.id).where(StaffMember.username == folded(username))
    ).one_or_none()
    if found is None:
        raise UnknownStaff
    return found


def _known_by(session: Session, mobile: str) -> Volunteer | None:
    return session.scalars(select(Volunteer).where(Volunteer.mobile == mobile)).one_or_none()


def _entered(
    session: Session, name: str, mobile: str, *, told_by_id: int | None, now: datetime
) -> Volunteer:
    """A new volunteer; the one who was entered at the same moment, where that was first."""
    volunteer = Volunteer(mobile=mobile, registered_at=now)
    try:
        with session.begin_nested():
            volunteer.donor = _donor(session, name, mobile, now=now)
            session.add(volunteer)
            session.flush()
    except IntegrityError:
        twin = _known_by(session, mobile)
        if twin is None:
            raise
        return twin
    _note(session, "volunteer.register", volunteer.id, told_by_id, now)
    return volunteer


def _refuse_elsewhere(session: Session, scope: Scope, volunteer: Volunteer) -> None:
    """Raises KnownElsewhere; of whom nothing is told yet is nobody's."""
    hold_volunteer(session, volunteer.id)
    told = select(VolunteerFacts.id).where(VolunteerFacts.volunteer_id == volunteer.id).limit(1)
    if session.scalars(told).first() is None:
        return
    try:
        volunteer_in(session, scope, volunteer.id)
    except NotFound as missing:
        raise KnownElsewhere from missing


def _donor(session: Session, name: str, mobile: str, *, now: datetime) -> Donor:
    """The donor of this mobile and name, where there is one who is no volunteer yet."""
    known = session.scalars(
        select(Donor)
        .where(
            Donor.mobile == mobile,
            Donor.name_folded == folded(name),
            ~exists().where(Volunteer.donor_id == Donor.id),
        )
        .order_by(Donor.id)
        .limit(1)
    ).first()
    return known or Donor(name=name, name_folded=folded(name), mobile=mobile, created_at=now)


def _note(
    session: Session,
    action: str,
    volunteer_id: int,
    actor_id: int | None,
    now: datetime,
    **facts: object,
) -> None:
    note(
        session,
        action,
        subject="volunteer",
        subject_id=volunteer_id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
