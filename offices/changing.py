"""Opening, renaming, moving and closing offices: each a dated fact, and nothing is deleted.

A change is written down when it holds, today or in the past, never ahead: what an office is called
and where it belongs at this moment stands in its own row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import NotFound, Refusal
from offices.audit import note
from offices.places import (
    ONLINE_OFFICE_CODE,
    Centre,
    Office,
    OfficeChange,
    OfficeFact,
    OfficeKind,
    Province,
)
from offices.scope import Scope

NAME_MAX = 120
REASON_MAX = 300
_PLACE_MAX = 799


class UnusableName(Refusal):
    """A name that is empty, too long, or that of another open office of the province."""

    code = "office.name"
    http_status = 422
    field = "name_fa"


class UnusableParent(Refusal):
    """A desk that a centre cannot belong to: closed, no desk, or of another province."""

    code = "office.parent"
    http_status = 422
    field = "parent"


class UnusableDay(Refusal):
    """A day in the future, or before the last change of this office."""

    code = "office.day"
    http_status = 422
    field = "valid_from"


class NoReason(Refusal):
    """A change without a reason, or with more than 300 characters."""

    code = "office.reason"
    http_status = 422
    field = "reason"


class OfficeClosed(Refusal):
    """The office is closed; it stays as it is."""

    code = "office.closed"


class CentresBelow(Refusal):
    """A desk with open centres below it."""

    code = "office.centres_below"


class NoPlaceLeft(Refusal):
    """All 800 places of deposit ids are given away."""

    code = "office.no_place"


@dataclass(frozen=True, slots=True)
class NewOffice:
    """A desk of a province, or a centre below a desk: then the province is that of the desk."""

    name_fa: str
    name_en: str
    province: str = ""  # its code; for a desk
    parent: str = ""  # the code of the desk above; for a centre
    is_partner: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Who changes what from when on, and why."""

    valid_from: date
    reason: str
    by_id: int
    now: datetime


def open_office(session: Session, new: NewOffice, change: Change) -> Office:
    """Open a desk or a centre, under the next free place of deposit ids and receipts.

    Raises NotFound for a province, UnusableName, UnusableParent, UnusableDay, NoPlaceLeft.
    """
    _hold_places(session)
    parent = _parent(session, new.parent) if new.parent else None
    province_id = parent.province_id if parent else _province(session, new.province).id
    name_fa, name_en = _names(session, new.name_fa, new.name_en, province_id=province_id)
    _check_day(change.valid_from, None, now=change.now)
    place = _next_place(session)
    office = Office(
        code=f"{place:02d}",
        place=place,
        kind=OfficeKind.CENTRE if parent else OfficeKind.DESK,
        province_id=province_id,
        name_fa=name_fa,
        name_en=name_en,
        is_open=True,
    )
    session.add(office)
    session.flush()
    if parent is not None and province_id is not None:
        session.add(
            Centre(
                office_id=office.id,
                province_id=province_id,
                parent_id=parent.id,
                is_partner=new.is_partner,
            )
        )
    _write(session, office, OfficeChange.OPENED, change, parent_id=parent.id if parent else None)
    return office


def rename_office(
    session: Session, office_id: int, *, name_fa: str, name_en: str, change: Change
) -> Office:
    """Call an office otherwise. Raises NotFound, OfficeClosed, UnusableName, UnusableDay."""
    office = _held_open(session, office_id)
    office.name_fa, office.name_en = _names(
        session, name_fa, name_en, province_id=office.province_id, but=office.id
    )
    _write(session, office, OfficeChange.RENAMED, change, parent_id=_parent_id(session, office))
    return office


def move_centre(session: Session, office_id: int, *, parent: str, change: Change) -> Office:
    """Let a centre belong to another desk of its province.

    Raises NotFound, OfficeClosed, UnusableParent, UnusableDay.
    """
    office = _held_open(session, office_id)
    centre = session.get(Centre, office.id)
    if centre is None:
        raise NotFound(subject="centre")
    above = _parent(session, parent)
    if above.province_id != centre.province_id or above.id == centre.parent_id:
        raise UnusableParent
    centre.parent_id = above.id
    _write(session, office, OfficeChange.MOVED, change, parent_id=above.id)
    return office


def close_office(session: Session, office_id: int, *, change: Change) -> Office:
    """Let an office record nothing any more. Whether its cash is gone is the caller's to know.

    Raises NotFound, also for the headquarters, OfficeClosed, CentresBelow, UnusableDay.
    """
    office = _held_open(session, office_id)
    if office.code == ONLINE_OFFICE_CODE:
        raise NotFound(subject="office")
    below = (
        select(Centre.office_id)
        .join(Office, Office.id == Centre.office_id)
        .where(Centre.parent_id == office.id, Office.is_open)
    )
    if session.scalars(below.limit(1)).first() is not None:
        raise CentresBelow
    office.is_open = False
    _write(session, office, OfficeChange.CLOSED, change, parent_id=_parent_id(session, office))
    return office


def offices_in(session: Session, scope: Scope) -> Sequence[Office]:
    """The offices of a scope: province by province, each desk with its centres below it."""
    offices = session.scalars(
        select(Office)
        .where(scope.narrow(Office.id))
        .options(joinedload(Office.province), joinedload(Office.centre).joinedload(Centre.parent))
    ).all()
    return sorted(offices, key=_place_in_tree)


def office_in(session: Session, scope: Scope, code: str) -> Office:
    """One office by its code. Raises NotFound for one outside the scope."""
    office = session.scalars(
        select(Office).where(Office.code == normalise(code), scope.narrow(Office.id))
    ).one_or_none()
    if office is None:
        raise NotFound(subject="office")
    return office


def facts_of_office(session: Session, office_id: int) -> Sequence[OfficeFact]:
    """Everything that was written down about an office, latest first."""
    return session.scalars(
        select(OfficeFact).where(OfficeFact.office_id == office_id).order_by(OfficeFact.id.desc())
    ).all()


def _place_in_tree(office: Office) -> tuple[str, int, int]:
    above = office.centre.parent.place if office.centre else office.place
    is_below = office.centre is not None
    return (office.province.code if office.province else "", above, office.place * is_below)


def _write(
    session: Session, office: Office, kind: OfficeChange, change: Change, *, parent_id: int | None
) -> None:
    reason = normalise(change.reason)
    if kind is not OfficeChange.OPENED and not 0 < len(reason) <= REASON_MAX:
        raise NoReason(longest=REASON_MAX)
    last = session.scalars(
        select(func.max(OfficeFact.valid_from)).where(OfficeFact.office_id == office.id)
    ).one()
    _check_day(change.valid_from, last, now=change.now)
    session.add(
        OfficeFact(
            office_id=office.id,
            change=kind,
            valid_from=change.valid_from,
            name_fa=office.name_fa,
            name_en=office.name_en,
            parent_id=parent_id,
            reason=reason[:REASON_MAX],
            changed_by_id=change.by_id,
            changed_at=change.now,
        )
    )
    session.flush()
    note(
        session,
        f"office.{kind}",
        subject="office",
        subject_id=office.id,
        now=change.now,
        actor_id=change.by_id,
        valid_from=change.valid_from,
        parent_id=parent_id,
    )


def _check_day(day: date, last: date | None, *, now: datetime) -> None:
    if day > tehran_date(now) or (last is not None and day < last):
        raise UnusableDay


def _hold_places(session: Session) -> None:
    # Whoever opens another office waits here, so that no two take one place or one name.
    session.execute(
        select(Office.id).where(Office.code == ONLINE_OFFICE_CODE).with_for_update(key_share=True)
    ).all()


def _next_place(session: Session) -> int:
    place = (session.scalars(select(func.max(Office.place))).one() or 0) + 1
    if place > _PLACE_MAX:
        raise NoPlaceLeft
    return place


def _held_open(session: Session, office_id: int) -> Office:
    _hold_places(session)
    office = session.get(Office, office_id, with_for_update={"key_share": True})
    if office is None:
        raise NotFound(subject="office")
    if not office.is_open:
        raise OfficeClosed
    return office


def _names(
    session: Session, name_fa: str, name_en: str, *, province_id: int | None, but: int = 0
) -> tuple[str, str]:
    fa, en = normalise(name_fa), normalise(name_en)
    if not 0 < len(fa) <= NAME_MAX:
        raise UnusableName(field="name_fa", longest=NAME_MAX)
    if not 0 < len(en) <= NAME_MAX:
        raise UnusableName(field="name_en", longest=NAME_MAX)
    taken = select(Office.id).where(
        Office.name_fa == fa, Office.province_id == province_id, Office.is_open, Office.id != but
    )
    if session.scalars(taken.limit(1)).first() is not None:
        raise UnusableName(field="name_fa", longest=NAME_MAX)
    return fa, en


def _parent(session: Session, code: str) -> Office:
    office = session.scalars(select(Office).where(Office.code == normalise(code))).one_or_none()
    if office is None or office.kind is not OfficeKind.DESK or not office.is_open:
        raise UnusableParent
    return office


def _parent_id(session: Session, office: Office) -> int | None:
    centre = session.get(Centre, office.id)
    return centre.parent_id if centre else None


def _province(session: Session, code: str) -> Province:
    province = session.scalars(select(Province).where(Province.code == normalise(code))).first()
    if province is None:
        raise NotFound(subject="province")
    return province
