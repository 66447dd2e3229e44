"""Finding volunteers: what holds of them, within a scope, and the catalogue of skills."""

from collections.abc import Collection, Sequence

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session, aliased, contains_eager, joinedload, selectinload

from core.digits import folded, normalise
from core.identifiers import UnreadableMobile, parse_mobile
from core.refusals import NotFound, Refusal
from donations.models.donor import Donor
from donations.models.volunteer import Skill, Volunteer, VolunteerFacts, VolunteerSkill
from offices.scope import Scope

PAGE = 50


class SkillMissing(Refusal):
    """A volunteer who names nothing from the catalogue of skills."""

    code = "volunteer.skill_missing"
    http_status = 422
    field = "skills"


class HasLeft(Refusal):
    """Somebody who is a volunteer no more."""

    code = "volunteer.has_left"


def volunteers_in(scope: Scope) -> Select[VolunteerFacts]:
    """What holds of the volunteers of a scope: every staff query on them starts here."""
    return (
        select(VolunteerFacts)
        .join(VolunteerFacts.volunteer)
        .join(Volunteer.donor)
        .where(scope.narrow(VolunteerFacts.office_id), _holds())
        .options(
            contains_eager(VolunteerFacts.volunteer).contains_eager(Volunteer.donor),
            joinedload(VolunteerFacts.office),
            selectinload(VolunteerFacts.skills).joinedload(VolunteerSkill.skill),
            selectinload(VolunteerFacts.times),
        )
    )


def mobiles_in(scope: Scope) -> Select[str]:
    """The mobile numbers of the volunteers of a scope."""
    return (
        select(Volunteer.mobile)
        .join(VolunteerFacts, VolunteerFacts.volunteer_id == Volunteer.id)
        .where(scope.narrow(VolunteerFacts.office_id), _holds())
    )


def volunteer_in(session: Session, scope: Scope, volunteer_id: int) -> VolunteerFacts:
    """What holds of one volunteer. Raises NotFound for one outside the scope."""
    found = session.scalars(
        volunteers_in(scope).where(VolunteerFacts.volunteer_id == volunteer_id)
    ).one_or_none()
    if found is None:
        raise NotFound(subject="volunteer")
    return found


def active_volunteer(session: Session, scope: Scope, volunteer_id: int) -> VolunteerFacts:
    """The same of one who has not left. Raises NotFound, HasLeft."""
    facts = volunteer_in(session, scope, volunteer_id)
    if facts.left_reason is not None:
        raise HasLeft
    return facts


def list_volunteers(
    session: Session,
    scope: Scope,
    *,
    search: str = "",
    skill: str = "",
    before_id: int | None = None,
    limit: int = PAGE,
) -> Sequence[VolunteerFacts]:
    """One page of volunteers, newest first. ``search``: a mobile or the start of a name."""
    statement = volunteers_in(scope).order_by(VolunteerFacts.volunteer_id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(VolunteerFacts.volunteer_id < before_id)
    if normalise(search):
        statement = statement.where(_found_by(search))
    if skill:
        has = exists().where(
            VolunteerSkill.facts_id == VolunteerFacts.id,
            VolunteerSkill.skill_id == Skill.id,
            Skill.code == skill,
        )
        statement = statement.where(has)
    return session.scalars(statement).all()


def told_on_the_website(session: Session, facts: VolunteerFacts) -> Sequence[VolunteerFacts]:
    """What was told of a volunteer on the website after what holds, and no desk took over."""
    return session.scalars(
        select(VolunteerFacts)
        .where(
            VolunteerFacts.volunteer_id == facts.volunteer_id,
            VolunteerFacts.position > facts.position,
            VolunteerFacts.told_by_id.is_(None),
        )
        .options(selectinload(VolunteerFacts.skills).joinedload(VolunteerSkill.skill))
        .order_by(VolunteerFacts.position)
    ).all()


def open_skills(session: Session) -> Sequence[Skill]:
    """The catalogue of skills."""
    return session.scalars(select(Skill).where(Skill.is_open).order_by(Skill.id)).all()


def skills_with(session: Session, codes: Collection[str]) -> Sequence[Skill]:
    """The open skills of these codes. Raises SkillMissing for none, and for an unknown one."""
    found = session.scalars(
        select(Skill).where(Skill.code.in_(sorted(set(codes))), Skill.is_open).order_by(Skill.id)
    ).all()
    if not found or len(found) != len(set(codes)):
        raise SkillMissing
    return found


def hold_volunteer(session: Session, volunteer_id: int) -> Volunteer:
    """A volunteer whom nobody else plans or tells of until the transaction ends.

    After the pledge and before the need in the order of locks.
    """
    return session.get_one(Volunteer, volunteer_id, with_for_update={"key_share": True})


def _holds() -> ColumnElement[bool]:
    """The latest telling of a desk, or the first where no desk has told anything."""
    other = aliased(VolunteerFacts)
    latest = (
        select(func.max(other.position))
        .where(
            other.volunteer_id == VolunteerFacts.volunteer_id,
            or_(other.told_by_id.is_not(None), other.position == 1),
        )
        .scalar_subquery()
    )
    return VolunteerFacts.position == latest


def _found_by(search: str) -> ColumnElement[bool]:
    try:
        return Volunteer.mobile == parse_mobile(search)
    except UnreadableMobile:
        return Donor.name_folded.startswith(folded(search), autoescape=True)
