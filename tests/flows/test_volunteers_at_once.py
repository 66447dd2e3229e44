"""Two desks plan one volunteer at the same moment: whoever is second waits and is refused."""

import pytest
from sqlalchemy import select

from donations.models.shift import Outcome, Shift
from donations.models.volunteer import Volunteer, VolunteerFacts
from donations.volunteers.attendance import ShiftEnded
from donations.volunteers.register import Told, register
from donations.volunteers.schedule import ShiftsOverlap
from flows.hours_certificates import certify_hours
from flows.volunteers import confirm_hours
from offices.scope import EVERYWHERE
from receipts.life.hours_certificates import HoursCertificate
from tests.factories import NOON, a_staff_member, office_id
from tests.flows.test_desk_at_once import one_after_the_other
from tests.volunteers import TODAY, a_shift, a_volunteer, an_offer


@pytest.fixture
def planned(database):
    """Somebody at a desk, and two offers of one volunteer."""
    with database.writing() as session:
        staff_id = a_staff_member(session).id
        volunteer = a_volunteer(session, staff_id)
        return staff_id, [an_offer(session, staff_id, volunteer) for _each in range(2)]


def test_one_volunteer_is_planned_once_for_one_time(database, planned):
    staff_id, (one, other) = planned

    refused = one_after_the_other(
        database,
        lambda session: a_shift(session, staff_id, one),
        lambda session: a_shift(session, staff_id, other, start=10, end=12),
    )

    assert isinstance(refused, ShiftsOverlap)


def test_one_shift_is_confirmed_once(database, planned):
    staff_id, (offer, _other) = planned
    with database.writing() as session:
        shift_id = a_shift(session, staff_id, offer).id

    def confirm(session):
        assert session.get_one(Shift, shift_id).id == shift_id
        confirm_hours(
            session, EVERYWHERE, shift_id, Outcome.PRESENT, hours=8, staff_id=staff_id, now=NOON
        )

    assert isinstance(one_after_the_other(database, confirm, confirm), ShiftEnded)


def test_a_new_mobile_sent_twice_at_once_is_one_volunteer_told_once(database):
    with database.writing() as session:
        told = Told(("baking",), office_id=office_id(session, "07"))
        staff_id = a_staff_member(session).id

    def enter(session):
        tells = {"told_by_id": staff_id, "request_key": "k", "now": NOON}
        register(session, EVERYWHERE, name="رضا", mobile="09121234567", told=told, **tells)

    assert one_after_the_other(database, enter, enter) is None
    with database.reading() as session:
        assert len(session.scalars(select(Volunteer)).all()) == 1
        assert len(session.scalars(select(VolunteerFacts)).all()) == 1


def test_certificates_of_two_volunteers_at_once_have_two_numbers(database):
    with database.writing() as session:
        staff_id = a_staff_member(session).id
        ids = [_served(session, staff_id, mobile) for mobile in ("09121234567", "09131234567")]

    def certify(volunteer_id):
        days = {"first_day": TODAY, "last_day": TODAY, "language": "fa"}
        return lambda session: certify_hours(
            session, volunteer_id, **days, issued_by_id=staff_id, now=NOON
        )

    assert one_after_the_other(database, certify(ids[0]), certify(ids[1])) is None
    with database.reading() as session:
        serials = session.scalars(select(HoursCertificate.serial)).all()
        assert sorted(serials) == [1, 2]


def _served(session, staff_id, mobile):
    volunteer = a_volunteer(session, staff_id, mobile=mobile)
    shift = a_shift(session, staff_id, an_offer(session, staff_id, volunteer))
    by = {"hours": 8, "staff_id": staff_id, "now": NOON}
    confirm_hours(session, EVERYWHERE, shift.id, Outcome.PRESENT, **by)
    return volunteer.id
