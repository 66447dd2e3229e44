"""The people of the demo: somebody for every job, added once."""

from sqlalchemy import func, select

from flows.demo import DEMO_STAFF, PASSWORD, load_demo
from flows.desk import terminals_at
from offices.passwords import agrees
from offices.staff import Role, StaffMember


def test_the_demo_has_clerks_of_two_provinces_and_two_of_finance(session, now):
    added = load_demo(session, now)

    clerks = {p.office_code for p in DEMO_STAFF if p.role is Role.CLERK}
    assert added == len(DEMO_STAFF)
    assert len(clerks) == 2
    assert sum(p.role is Role.FINANCE for p in DEMO_STAFF) == 2
    clerk = session.scalars(
        select(StaffMember).where(StaffMember.username == "clerk.ardabil")
    ).one()
    assert agrees(clerk.password_hash, PASSWORD)
    assert len(terminals_at(session, clerk.office_id)) == 1


def test_loading_it_again_adds_nobody(session, now):
    load_demo(session, now)

    assert load_demo(session, now) == 0
    assert session.scalars(select(func.count(StaffMember.id))).one() == len(DEMO_STAFF)
