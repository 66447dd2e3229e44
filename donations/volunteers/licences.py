"""Licences of volunteers: recorded with their days, corrected by a successor, watched as they end.

Who may be put on a shift is decided by the licence that holds on the day of that shift; the copy
of its days in the shift lets the database decide the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session, aliased, joinedload

from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.models.volunteer import Licence, Skill, VolunteerFacts
from donations.pledging import TEXT_MAX, UnusableText
from donations.volunteers.finding import skills_with, volunteers_in
from offices.audit import note
from offices.scope import Scope

NUMBER_MAX = 60
WARNED_DAYS = 30


class LicenceMissing(Refusal):
    """Work in a field that needs a licence, by somebody of whom none is recorded."""

    code = "licence.missing"
    field = "day"


class LicenceEnded(Refusal):
    """The licence ends before the day of the work; ``ended_on`` is its last day."""

    code = "licence.ended"
    field = "day"


class LicenceNotYet(Refusal):
    """The licence begins after the day of the work; ``starts_on`` is its first day."""

    code = "licence.not_yet"
    field = "day"


class LicenceEndsBeforeItStarts(Refusal):
    """A licence whose last day is before its first one."""

    code = "licence.ends_before_it_starts"
    http_status = 422
    field = "valid_to"


class NoLicenceNeeded(Refusal):
    """A licence for a field that needs none."""

    code = "licence.not_needed"
    http_status = 422
    field = "skill"


class LicenceReplaced(Refusal):
    """Somebody corrected this licence before."""

    code = "licence.replaced"
    field = "number"


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """What stands on a licence. Days are Tehran's, both within."""

    skill: str
    number: str
    issuer: str
    valid_from: date
    valid_to: date


def record_licence(
    session: Session,
    volunteer_id: int,
    facts: LicenceFacts,
    *,
    replaces_id: int | None = None,
    recorded_by_id: int,
    now: datetime,
) -> Licence:
    """Write down a licence that was shown, or the correction of one. The same again is one.

    The volunteer is held and in the caller's scope. Raises SkillMissing, NoLicenceNeeded,
    UnusableText, LicenceEndsBeforeItStarts, LicenceReplaced, NotFound for what it replaces.
    """
    (skill,) = skills_with(session, [facts.skill])
    if not skill.needs_licence:
        raise NoLicenceNeeded
    if facts.valid_to < facts.valid_from:
        raise LicenceEndsBeforeItStarts
    licence = Licence(
        volunteer_id=volunteer_id,
        skill_id=skill.id,
        number=_text("number", facts.number, NUMBER_MAX),
        issuer=_text("issuer", facts.issuer, TEXT_MAX),
        valid_from=facts.valid_from,
        valid_to=facts.valid_to,
        replaces_id=replaces_id,
        recorded_by_id=recorded_by_id,
        recorded_at=now,
    )
    if (known := _same(session, licence)) is not None:
        return known
    if replaces_id is not None:
        _require_standing(session, volunteer_id, replaces_id)
    session.add(licence)
    session.flush()
    note(
        session,
        "licence.record",
        subject="volunteer",
        subject_id=volunteer_id,
        now=now,
        actor_id=recorded_by_id,
        licence_id=licence.id,
        replaces_id=replaces_id,
        valid_to=licence.valid_to.isoformat(),
    )
    return licence


def licence_on(session: Session, volunteer_id: int, skill: Skill, day: date) -> Licence | None:
    """The licence by which somebody may work in a field on a day; none where none is needed.

    Raises LicenceMissing, LicenceEnded, LicenceNotYet.
    """
    if not skill.needs_licence:
        return None
    held = [row for row in standing_licences(session, volunteer_id) if row.skill_id == skill.id]
    if not held:
        raise LicenceMissing(service_id=skill.licence_service_id)
    holding = [row for row in held if row.valid_from <= day <= row.valid_to]
    if holding:
        return max(holding, key=lambda row: row.valid_to)
    later = [row.valid_from for row in held if row.valid_from > day]
    if later:
        raise LicenceNotYet(starts_on=min(later))
    raise LicenceEnded(ended_on=max(row.valid_to for row in held))


def standing_licences(session: Session, volunteer_id: int) -> Sequence[Licence]:
    """The licences of a volunteer that no later one corrected, the last to end first."""
    return session.scalars(
        _standing().where(Licence.volunteer_id == volunteer_id).order_by(Licence.valid_to.desc())
    ).all()


def ending_licences(
    session: Session, scope: Scope, today: date, *, within_days: int = WARNED_DAYS
) -> Sequence[tuple[Licence, VolunteerFacts]]:
    """Licences that end within so many days, or ended as long ago, the first to end first.

    One that somebody has a later licence for, and one of who has left, warns of nothing.
    """
    later = aliased(Licence)
    renewed = exists().where(
        later.volunteer_id == Licence.volunteer_id,
        later.skill_id == Licence.skill_id,
        later.valid_to > Licence.valid_to,
        ~_is_replaced(later),
    )
    span = timedelta(days=within_days)
    licences = session.scalars(
        _standing()
        .where(Licence.valid_to.between(today - span, today + span), ~renewed)
        .order_by(Licence.valid_to, Licence.id)
    ).all()
    held_by = {row.volunteer_id for row in licences}
    facts = {
        row.volunteer_id: row
        for row in session.scalars(
            volunteers_in(scope).where(
                VolunteerFacts.volunteer_id.in_(held_by), VolunteerFacts.left_reason.is_(None)
            )
        )
    }
    return [(row, facts[row.volunteer_id]) for row in licences if row.volunteer_id in facts]


def _standing() -> Select[Licence]:
    return select(Licence).where(~_is_replaced(Licence)).options(joinedload(Licence.skill))


def _is_replaced(licence: type[Licence]) -> ColumnElement[bool]:
    successor = aliased(Licence)
    return exists().where(successor.replaces_id == licence.id)


def _same(session: Session, told: Licence) -> Licence | None:
    """The licence that an earlier sending of the same form already wrote."""
    return session.scalars(
        _standing().where(
            Licence.volunteer_id == told.volunteer_id,
            Licence.skill_id == told.skill_id,
            Licence.number == told.number,
            Licence.issuer == told.issuer,
            Licence.valid_from == told.valid_from,
            Licence.valid_to == told.valid_to,
        )
    ).first()


def _require_standing(session: Session, volunteer_id: int, licence_id: int) -> None:
    found = session.get(Licence, licence_id)
    if found is None or found.volunteer_id != volunteer_id:
        raise NotFound(subject="licence")
    if session.scalars(select(Licence.id).where(Licence.replaces_id == licence_id)).first():
        raise LicenceReplaced


def _text(name: str, text: str, longest: int) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= longest:
        raise UnusableText(name=name, longest=longest, field=name)
    return clean
