"""The volunteers of the demo: one with days agreed, one whose licence ends soon."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from donations.models.volunteer import PartOfDay, Volunteer
from donations.volunteers.licences import LicenceFacts, record_licence
from donations.volunteers.register import Told, register
from donations.volunteers.schedule import Plan, plan_shift
from flows.volunteers import promise_hours
from offices.scope import Scope
from offices.staff import StaffMember

_CLERK = "clerk.azarbaijan"
_FRIDAYS = ((4, PartOfDay.MORNING), (4, PartOfDay.AFTERNOON))


def load_demo_volunteers(session: Session, now: datetime) -> None:
    """Add the volunteers that are not there yet; the people of the demo must be there."""
    clerk = session.scalars(select(StaffMember).where(StaffMember.username == _CLERK)).one()
    known = set(session.scalars(select(Volunteer.mobile)))
    if "09143334455" not in known:
        _baker(session, clerk, now)
    if "09144445566" not in known:
        _physician(session, clerk, now)


def _baker(session: Session, clerk: StaffMember, now: datetime) -> None:
    """Two Fridays of baking, both ahead."""
    told = Told(("baking",), _FRIDAYS, clerk.office_id)
    here = Scope(frozenset({clerk.office_id}))
    baker = register(
        session,
        here,
        name="رضا نان‌آور",
        mobile="09143334455",
        told=told,
        told_by_id=clerk.id,
        request_key=None,
        now=now,
    )
    offer = promise_hours(
        session,
        here,
        baker.id,
        skill="baking",
        hours=16,
        fund=None,
        office_id=clerk.office_id,
        staff_id=clerk.id,
        request_key="demo:baker",
        now=now,
    )
    today = tehran_date(now)
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    for weeks in range(2):
        day = friday + timedelta(weeks=weeks)
        plan = Plan(day, 8 * 60, 16 * 60, clerk.office_id, "پخت نان", "سولماز محمدی")
        plan_shift(
            session,
            here,
            offer.pledge_item_id,
            plan,
            planned_by_id=clerk.id,
            request_key=f"demo:baker:{weeks}",
            now=now,
        )


def _physician(session: Session, clerk: StaffMember, now: datetime) -> None:
    """A licence that ends within the warning."""
    physician = register(
        session,
        Scope(frozenset({clerk.office_id})),
        name="دکتر آیلین سلیمی",
        mobile="09144445566",
        told=Told(("physician",), office_id=clerk.office_id),
        told_by_id=clerk.id,
        request_key=None,
        now=now,
    )
    today = tehran_date(now)
    facts = LicenceFacts(
        "physician",
        "۲۴۸۱",
        "سازمان بهزیستی کشور",
        today - timedelta(days=700),
        today + timedelta(days=20),
    )
    record_licence(session, physician.id, facts, recorded_by_id=clerk.id, now=now)
