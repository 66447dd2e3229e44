"""Roles: what each permits and how far it reaches."""

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound
from offices.granting import (
    NATIONAL,
    PERMISSIONS,
    LastAdministrator,
    Permission,
    UnusableUsername,
    UsernameTaken,
    add_staff,
    disable,
    end_role,
    grant_role,
    list_staff,
    permissions_of,
    scope_of,
)
from offices.places import Office
from offices.scope import EVERYWHERE, NOWHERE
from offices.staff import Role, RoleGrant, StaffMember
from tests.factories import a_staff_member, office_id


@pytest.mark.parametrize(
    ("role", "office", "codes"),
    [
        (Role.CLERK, "08", {"08"}),
        (Role.OFFICE_MANAGER, "08", {"08"}),
        (Role.PROVINCE_MANAGER, "08", {"08", "09", "10"}),
        (Role.PROVINCE_MANAGER, "07", {"07"}),
    ],
)
def test_a_role_reaches_its_offices_and_no_other(session, now, role, office, codes):
    member = a_staff_member(session, office=office)
    grant_role(session, member.id, role, granted_by_id=None, now=now)

    scope = scope_of(session, member.id)

    seen = session.scalars(select(Office.code).where(scope.narrow(Office.id)))
    assert set(seen) == codes


@pytest.mark.parametrize("role", sorted(NATIONAL))
def test_a_national_role_reaches_everywhere(session, now, role):
    member = a_staff_member(session)
    grant_role(session, member.id, role, granted_by_id=None, now=now)

    assert scope_of(session, member.id) == EVERYWHERE


def test_who_has_no_role_sees_nothing_and_may_do_nothing(session):
    member = a_staff_member(session)

    assert scope_of(session, member.id) == NOWHERE
    assert permissions_of(session, member.id) == frozenset()


def test_two_roles_reach_each_where_it_holds(session, now):
    member = a_staff_member(session, office="07")
    grant_role(session, member.id, Role.CLERK, granted_by_id=None, now=now)
    grant_role(session, member.id, Role.AUDITOR, granted_by_id=None, now=now)

    at_desk = scope_of(session, member.id, Permission.WORK_AT_DESK)
    reading = scope_of(session, member.id, Permission.SEE_ENTRIES)

    assert at_desk.office_ids == {office_id(session, "07")}
    assert not at_desk.everywhere
    assert reading == EVERYWHERE


def test_a_role_that_ended_is_gone_at_the_next_look(session, now):
    member = a_staff_member(session)
    grant = grant_role(session, member.id, Role.CLERK, granted_by_id=None, now=now)

    end_role(session, grant.id, ended_by_id=None, now=now)
    session.flush()

    assert scope_of(session, member.id) == NOWHERE
    with pytest.raises(NotFound):
        end_role(session, grant.id, ended_by_id=None, now=now)


def test_nobody_who_manages_people_or_audits_can_change_money():
    acts = {Permission.WORK_AT_DESK, Permission.APPROVE_VOIDS, Permission.WORK_IN_FINANCE}

    assert not PERMISSIONS[Role.ADMINISTRATOR] & acts
    assert not PERMISSIONS[Role.AUDITOR] & (acts | {Permission.MANAGE_STAFF})
    assert set(PERMISSIONS) == set(Role)


@pytest.mark.parametrize("act", ["end the role", "disable"])
def test_the_last_administrator_stays(session, now, act):
    first, second = (a_staff_member(session, name) for name in ("first", "second"))
    grants = [
        grant_role(session, member.id, Role.ADMINISTRATOR, granted_by_id=None, now=now)
        for member in (first, second)
    ]
    end_role(session, grants[0].id, ended_by_id=None, now=now)
    session.flush()

    with pytest.raises(LastAdministrator):
        if act == "disable":
            disable(session, second.id, by_id=None, now=now)
        else:
            end_role(session, grants[1].id, ended_by_id=None, now=now)


@pytest.mark.parametrize(
    ("role", "office_code"), [(Role.CLERK, None), (Role.FINANCE, "07")], ids=["no office", "one"]
)
def test_the_database_refuses_a_role_of_the_wrong_reach(session, now, role, office_code):
    member = a_staff_member(session)
    office = office_id(session, office_code) if office_code else None

    with pytest.raises(IntegrityError):
        session.execute(
            insert(RoleGrant).values(
                staff_member_id=member.id, role=role, office_id=office, granted_at=now
            )
        )
    session.rollback()


def test_a_new_person_gets_what_signing_in_needs_once(session, now):
    made = add_staff(
        session, username="Maryam", name="مریم", role=Role.CLERK, office_code="07", now=now
    )

    member = session.get_one(StaffMember, made.staff_member_id)
    assert made.username == "maryam"
    assert f"secret={member.totp_secret}" in made.provisioning_uri
    assert made.password not in member.password_hash
    assert [row.username for row in list_staff(session)] == ["maryam"]


@pytest.mark.parametrize(
    ("username", "office", "refusal"),
    [
        ("maryam", "07", UsernameTaken),
        ("", "07", UnusableUsername),
        ("two words", "07", UnusableUsername),
        ("x" * 61, "07", UnusableUsername),
        ("nasrin", "999", NotFound),
    ],
)
def test_a_person_who_cannot_be_added_is_refused(session, now, username, office, refusal):
    a_staff_member(session, "maryam")

    with pytest.raises(refusal):
        add_staff(
            session, username=username, name="نام", role=Role.CLERK, office_code=office, now=now
        )
