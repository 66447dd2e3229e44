"""Who may do what, where: roles, what each permits, and the offices it reaches."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from core.digits import folded, normalise
from core.refusals import NotFound, Refusal
from offices.audit import note
from offices.one_time_codes import new_secret, provisioning_uri
from offices.passwords import hashed
from offices.places import Centre, Office
from offices.scope import EVERYWHERE, Scope
from offices.sessions import revoke_all
from offices.staff import Role, RoleGrant, StaffMember

USERNAME_MAX = 60
NAME_MAX = 200


class Permission(StrEnum):
    """What a page or an act needs; a role is a set of these."""

    WORK_AT_DESK = "work_at_desk"  # record gifts, hand cash to the bank, ask for a void
    SEE_ENTRIES = "see_entries"
    APPROVE_VOIDS = "approve_voids"
    SEE_FINANCE = "see_finance"
    WORK_IN_FINANCE = "work_in_finance"  # statements, matching, closing a day
    SEE_RULES = "see_rules"  # what the rules of reconciliation may do, and did
    SET_RULES = "set_rules"  # hold a rule back
    LOOSEN_RULES = "loosen_rules"  # let a rule do more than it does
    SEE_HEADQUARTERS = "see_headquarters"  # people, offices and the audit trail
    MANAGE_STAFF = "manage_staff"
    SEE_TEXTS = "see_texts"  # what the organisation writes on its documents
    SET_TEXTS = "set_texts"
    APPROVE_CASH = "approve_cash"  # close a cashier's session or a round beyond the limit
    APPROVE_VALUES = "approve_values"  # the assessed value of goods beyond the limit
    PUBLISH_NEEDS = "publish_needs"  # ask the public for goods and hours
    SEE_DESK_RULES = "see_desk_rules"  # what goods are taken, limits of the desks
    SET_DESK_RULES = "set_desk_rules"
    SEE_OFFICES = "see_offices"  # the offices of one's scope, their figures and lists
    MANAGE_OFFICES = "manage_offices"  # open, move and close offices
    SEE_DONORS = "see_donors"  # look a donor up, without what was given
    MERGE_DONORS = "merge_donors"  # say that two donors are one person


P = Permission

_OFFICE_MANAGER = frozenset(
    {
        P.WORK_AT_DESK,
        P.SEE_ENTRIES,
        P.APPROVE_VOIDS,
        P.APPROVE_CASH,
        P.APPROVE_VALUES,
        P.PUBLISH_NEEDS,
        P.SEE_DESK_RULES,
        P.SEE_OFFICES,
        P.SEE_DONORS,
        P.MERGE_DONORS,
    }
)

# The separation of reliability.md section 3: who manages people never touches money, who audits
# changes nothing.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.CLERK: frozenset({P.WORK_AT_DESK, P.SEE_ENTRIES, P.SEE_DESK_RULES, P.SEE_DONORS}),
    Role.OFFICE_MANAGER: _OFFICE_MANAGER,
    Role.PROVINCE_MANAGER: _OFFICE_MANAGER,
    Role.NATIONAL_MANAGER: _OFFICE_MANAGER,
    Role.FINANCE: frozenset(
        {
            P.SEE_ENTRIES,
            P.APPROVE_VOIDS,
            P.SEE_FINANCE,
            P.WORK_IN_FINANCE,
            P.SEE_RULES,
            P.SET_RULES,
            P.SEE_TEXTS,
            P.SET_TEXTS,
            P.SEE_DESK_RULES,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            P.SEE_HEADQUARTERS,
            P.MANAGE_STAFF,
            P.SEE_RULES,
            P.SET_RULES,
            P.LOOSEN_RULES,
            P.SEE_TEXTS,
            P.SET_TEXTS,
            P.SEE_DESK_RULES,
            P.SET_DESK_RULES,
            P.SEE_OFFICES,
            P.MANAGE_OFFICES,
            P.SEE_DONORS,
            P.MERGE_DONORS,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            P.SEE_ENTRIES,
            P.SEE_FINANCE,
            P.SEE_HEADQUARTERS,
            P.SEE_RULES,
            P.SEE_TEXTS,
            P.SEE_DESK_RULES,
            P.SEE_OFFICES,
            P.SEE_DONORS,
        }
    ),
}
NATIONAL = frozenset({Role.NATIONAL_MANAGER, Role.FINANCE, Role.ADMINISTRATOR, Role.AUDITOR})


class UsernameTaken(Refusal):
    """Somebody signs in under this name already."""

    code = "username.taken"
    field = "username"


class UnusableUsername(Refusal):
    """A name to sign in with that is empty, too long or holds blanks."""

    code = "username.unusable"
    http_status = 422
    field = "username"


class LastAdministrator(Refusal):
    """The role of the last administrator cannot be ended: nobody could give it back."""

    code = "role.last_administrator"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a new member of staff needs to sign in. Shown once; the password is kept as a hash."""

    staff_member_id: int
    username: str
    password: str
    provisioning_uri: str  # the QR of the authenticator app


def permissions_of(session: Session, staff_member_id: int) -> frozenset[Permission]:
    """Everything a person may do somewhere, by the roles that hold at this moment."""
    return frozenset().union(
        *(PERMISSIONS[grant.role] for grant in _grants(session, staff_member_id))
    )


def scope_of(session: Session, staff_member_id: int, permission: Permission | None = None) -> Scope:
    """The offices a person may see, or where a person holds one permission.

    Read from the database at every request, so that a role that ends has ended.
    """
    office_ids: set[int] = set()
    for grant in _grants(session, staff_member_id):
        if permission is not None and permission not in PERMISSIONS[grant.role]:
            continue
        if grant.office_id is None:
            return EVERYWHERE
        office_ids |= _reach(session, grant.role, grant.office_id)
    return Scope(frozenset(office_ids))


def add_staff(
    session: Session,
    *,
    username: str,
    name: str,
    role: Role,
    office_code: str,
    password: str | None = None,
    added_by_id: int | None = None,
    now: datetime,
) -> Credentials:
    """Let somebody sign in, with one role. A password is made up where none is given.

    Raises UsernameTaken, UnusableUsername, WeakPassword, NotFound for an office.
    """
    username = _free_username(session, username)
    office = _office(session, office_code)
    password = password or secrets.token_urlsafe(12)
    secret = new_secret()
    member = StaffMember(
        username=username,
        name=normalise(name)[:NAME_MAX] or username,
        office_id=office.id,
        password_hash=hashed(password),
        totp_secret=secret,
        created_at=now,
    )
    session.add(member)
    session.flush()
    note(
        session, "staff.add", subject="staff_member", subject_id=member.id, now=now,
        actor_id=added_by_id,
    )  # fmt: skip
    grant_role(session, member.id, role, granted_by_id=added_by_id, now=now)
    return Credentials(member.id, username, password, provisioning_uri(secret, username))


def grant_role(
    session: Session, staff_member_id: int, role: Role, *, granted_by_id: int | None, now: datetime
) -> RoleGrant:
    """Give a person a role, at the office they belong to or, for national roles, everywhere."""
    member = session.get_one(StaffMember, staff_member_id)
    grant = RoleGrant(
        staff_member_id=member.id,
        role=role,
        office_id=None if role in NATIONAL else member.office_id,
        granted_at=now,
    )
    session.add(grant)
    session.flush()
    _note_grant(session, "staff.grant_role", grant, granted_by_id, now)
    return grant


def end_role(session: Session, grant_id: int, *, ended_by_id: int | None, now: datetime) -> None:
    """End a role at once, and the person's open sign-ins with it. Raises LastAdministrator."""
    grant = session.get(RoleGrant, grant_id, with_for_update=True)
    if grant is None or grant.ended_at is not None:
        raise NotFound(subject="role_grant")
    if grant.role is Role.ADMINISTRATOR:
        _keep_an_administrator(session, grant.staff_member_id)
    grant.ended_at = now
    revoke_all(session, grant.staff_member_id, now=now)
    _note_grant(session, "staff.end_role", grant, ended_by_id, now)


def disable(session: Session, staff_member_id: int, *, by_id: int | None, now: datetime) -> None:
    """Let a person sign in no more; what is open ends at once. Raises LastAdministrator."""
    _keep_an_administrator(session, staff_member_id)
    session.execute(
        update(StaffMember).where(StaffMember.id == staff_member_id).values(is_active=False)
    )
    revoke_all(session, staff_member_id, now=now)
    note(
        session, "staff.disable", subject="staff_member", subject_id=staff_member_id, now=now,
        actor_id=by_id,
    )  # fmt: skip


def list_staff(session: Session) -> Sequence[StaffMember]:
    """Everybody who signs in or did, by office and name, with office and roles."""
    return session.scalars(
        select(StaffMember)
        .join(Office, Office.id == StaffMember.office_id)
        .options(selectinload(StaffMember.office), selectinload(StaffMember.grants))
        .order_by(Office.code, StaffMember.username)
    ).all()


def _grants(session: Session, staff_member_id: int) -> Sequence[RoleGrant]:
    return session.scalars(
        select(RoleGrant).where(
            RoleGrant.staff_member_id == staff_member_id, RoleGrant.ended_at.is_(None)
        )
    ).all()


def _reach(session: Session, role: Role, office_id: int) -> set[int]:
    if role is Role.OFFICE_MANAGER:
        below = select(Centre.office_id).where(Centre.parent_id == office_id)
        return {office_id, *session.scalars(below)}
    if role is not Role.PROVINCE_MANAGER:
        return {office_id}
    province_id = select(Office.province_id).where(Office.id == office_id).scalar_subquery()
    return {office_id, *session.scalars(select(Office.id).where(Office.province_id == province_id))}


def _keep_an_administrator(session: Session, leaving_id: int) -> None:
    # The rows are locked, so that two administrators cannot end each other at the same moment.
    administrators = session.scalars(
        select(RoleGrant.staff_member_id)
        .join(StaffMember, StaffMember.id == RoleGrant.staff_member_id)
        .where(
            RoleGrant.role == Role.ADMINISTRATOR,
            RoleGrant.ended_at.is_(None),
            StaffMember.is_active,
        )
        .order_by(RoleGrant.id)
        .with_for_update()
    ).all()
    if set(administrators) == {leaving_id}:
        raise LastAdministrator


def _free_username(session: Session, username: str) -> str:
    username = folded(username)
    if not 0 < len(username) <= USERNAME_MAX or " " in username:
        raise UnusableUsername(longest=USERNAME_MAX)
    if session.scalars(select(StaffMember.id).where(StaffMember.username == username)).first():
        raise UsernameTaken(username=username)
    return username


def _office(session: Session, code: str) -> Office:
    office = session.scalars(select(Office).where(Office.code == code)).one_or_none()
    if office is None:
        raise NotFound(subject="office", code=code)
    return office


def _note_grant(
    session: Session, action: str, grant: RoleGrant, actor_id: int | None, now: datetime
) -> None:
    note(
        session,
        action,
        subject="staff_member",
        subject_id=grant.staff_member_id,
        now=now,
        actor_id=actor_id,
        role=grant.role,
        office_id=grant.office_id,
    )
