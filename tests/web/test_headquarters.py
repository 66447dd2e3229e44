"""The headquarters: who may do what, who did what, and ending a role."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from offices.one_time_codes import new_secret
from offices.staff import Role, RoleGrant, StaffMember, StaffSession
from tests.factories import NOON
from tests.staff import at_work


@pytest.fixture
def admin(app, database):
    return at_work(app, database, Role.ADMINISTRATOR, office="00")


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


def grant_of(database, person):
    with database.reading() as session:
        mine = RoleGrant.staff_member_id == person.staff_member_id
        return session.scalars(select(RoleGrant).where(mine)).one()


def test_the_list_names_everybody_with_office_and_role(admin, clerk):
    page = admin.get("/headquarters")

    assert "متصدی میز خدمت" in page.words
    assert "clerk.07" in page.words
    clerk.get("/headquarters", status=404)


def test_who_loses_a_role_is_out_at_once(admin, clerk, database):
    assert clerk.http.get("/desk").status_code == 200

    admin.send(f"/headquarters/roles/{grant_of(database, clerk).id}", {})

    assert clerk.http.get("/desk").status_code == 303
    assert "staff.end_role" in admin.get("/headquarters/trail").words


def test_ending_a_role_needs_a_fresh_code(admin, clerk, database):
    with database.writing() as session:
        session.get_one(StaffMember, admin.staff_member_id).totp_secret = new_secret()
        mine = StaffSession.staff_member_id == admin.staff_member_id
        session.scalars(select(StaffSession).where(mine)).one().stepped_up_at = NOON - timedelta(
            minutes=6
        )

    admin.send(
        f"/headquarters/roles/{grant_of(database, clerk).id}", {"code": "000000"}, status=422
    )

    assert grant_of(database, clerk).ended_at is None


def test_the_last_administrator_cannot_leave_the_house_alone(admin, database):
    page = admin.send(f"/headquarters/roles/{grant_of(database, admin).id}", {}, status=422)

    assert "آخرین" in page.words
    assert grant_of(database, admin).ended_at is None


def test_an_auditor_reads_everything_and_ends_nothing(app, database, clerk):
    auditor = at_work(app, database, Role.AUDITOR, office="00")
    path = f"/headquarters/roles/{grant_of(database, clerk).id}"

    auditor.get("/headquarters")
    auditor.get("/headquarters/trail")
    auditor.send(path, {}, hidden=token_of(auditor), status=404)

    assert grant_of(database, clerk).ended_at is None


def token_of(person):
    return person.form("/headquarters")
