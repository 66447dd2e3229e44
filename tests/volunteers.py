"""Volunteers for tests, made by the real use cases."""

from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import tehran_date
from donations.models.shift import ServiceOffer, Shift
from donations.models.volunteer import Volunteer
from donations.volunteers.licences import LicenceFacts, record_licence
from donations.volunteers.register import Told, register
from donations.volunteers.schedule import Plan, plan_shift
from flows.volunteers import promise_hours
from offices.scope import EVERYWHERE
from tests.factories import NOON, office_id

TODAY = tehran_date(NOON)
TOMORROW = TODAY + timedelta(days=1)
BAKER = "09121234567"


def a_volunteer(
    session: Session,
    staff_id: int,
    *skills: str,
    mobile: str = BAKER,
    office: str = "07",
    name: str = "رضا نانوا",
    staff: str = "",
) -> Volunteer:
    return register(
        session,
        EVERYWHERE,
        name=name,
        mobile=mobile,
        told=Told(skills or ("baking",), office_id=office_id(session, office), staff=staff),
        told_by_id=staff_id,
        request_key=None,
        now=NOON,
    )


def an_offer(
    session: Session,
    staff_id: int,
    volunteer: Volunteer,
    *,
    hours: int = 16,
    skill: str = "baking",
    office: str = "07",
) -> ServiceOffer:
    return promise_hours(
        session,
        EVERYWHERE,
        volunteer.id,
        skill=skill,
        hours=hours,
        fund=None,
        office_id=office_id(session, office),
        staff_id=staff_id,
        request_key=None,
        now=NOON,
    )


def a_plan(
    session: Session, day: date = TODAY, *, start: int = 8, end: int = 16, office: str = "07"
) -> Plan:
    return Plan(day, start * 60, end * 60, office_id(session, office), "پخت نان", "لاله احمدی")


def a_shift(
    session: Session,
    staff_id: int,
    offer: ServiceOffer,
    day: date = TODAY,
    *,
    start: int = 8,
    end: int = 16,
    office: str = "07",
    now: datetime = NOON,
) -> Shift:
    return plan_shift(
        session,
        EVERYWHERE,
        offer.pledge_item_id,
        a_plan(session, day, start=start, end=end, office=office),
        planned_by_id=staff_id,
        request_key=None,
        now=now,
    )


def a_licence(
    session: Session, staff_id: int, volunteer: Volunteer, first: date, last: date
) -> None:
    record_licence(
        session,
        volunteer.id,
        LicenceFacts("physician", "۱۲۳۴", "سازمان بهزیستی", first, last),
        recorded_by_id=staff_id,
        now=NOON,
    )
