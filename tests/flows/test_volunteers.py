"""Volunteers: the register, licences, the schedule, hours confirmed, and the one receipt."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from donations.goods.needs import HoursWanted, publish_need
from donations.models.contribution import Contribution
from donations.models.pledge import ItemState, PledgeItem
from donations.models.shift import Outcome, Shift, ShiftOutcome
from donations.models.volunteer import VolunteerFacts
from donations.pledging import CashItem, DonorFacts, ServiceItem
from donations.tracking import StageKind
from donations.volunteers.attendance import (
    OwnHours,
    ReasonMissing,
    ShiftAhead,
    ShiftEnded,
    ShiftNotEnded,
    UnusableHours,
    cancel_shift,
)
from donations.volunteers.finding import HasLeft, list_volunteers, told_on_the_website, volunteer_in
from donations.volunteers.licences import (
    LicenceEnded,
    LicenceFacts,
    LicenceMissing,
    LicenceNotYet,
    ending_licences,
)
from donations.volunteers.offers import (
    AlreadyReserved,
    OtherPerson,
    OtherSkill,
    fitting_needs,
    list_offers,
    offer_in,
    reserve_hours,
    take_on,
)
from donations.volunteers.register import KnownElsewhere, Told, leave, register
from donations.volunteers.schedule import (
    NotComing,
    ShiftPast,
    ShiftsOverlap,
    plan_shift,
    shifts_between,
)
from donations.volunteers.stages import stages
from flows.checking.goods import needs_not_as_shared
from flows.demo import load_demo
from flows.demo_volunteers import load_demo_volunteers
from flows.desk import Arrival, receive_promised
from flows.hours_certificates import certify_hours, void_hours_certificate, volunteer_of
from flows.volunteers import (
    HoursArePlanned,
    HoursCertified,
    HoursReceived,
    cancel_planned,
    close_offer,
    confirm_hours,
    correct_hours,
    renew_licence,
    served_of,
)
from ledger.postings import Entry
from offices.audit import AuditEntry
from offices.scope import EVERYWHERE, NOWHERE, Scope
from receipts.life.freezing import facts_of
from receipts.life.hours_certificates import CertificateVoid, HoursInDoubt, VoidReasonMissing
from receipts.life.series import Receipt
from tests.factories import NOON, a_pledge, a_staff_member, office_id, two_void
from tests.volunteers import (
    BAKER,
    TODAY,
    TOMORROW,
    a_licence,
    a_plan,
    a_shift,
    a_volunteer,
    an_offer,
)

DAY = timedelta(days=1)


@pytest.fixture
def clerk(session):
    return a_staff_member(session).id


@pytest.fixture
def baker(session, clerk):
    return a_volunteer(session, clerk)


@pytest.fixture
def offer(session, clerk, baker):
    return an_offer(session, clerk, baker)


@pytest.fixture
def physician(session, clerk):
    return a_volunteer(session, clerk, "physician", mobile="09131234567", name="دکتر پزشک")


def confirm(session, shift, clerk, hours=8, outcome=Outcome.PRESENT):
    return confirm_hours(
        session, EVERYWHERE, shift.id, outcome, hours=hours, staff_id=clerk, now=NOON
    )


def correct(session, shift, staff_id, hours=6, outcome=Outcome.PRESENT, reason="شمارش دوباره"):
    return correct_hours(
        session,
        EVERYWHERE,
        shift.id,
        outcome,
        hours=hours,
        reason=reason,
        staff_id=staff_id,
        now=NOON,
    )


def close(session, offer, clerk):
    return close_offer(
        session, EVERYWHERE, offer.pledge_item_id, reason="سفر", staff_id=clerk, now=NOON
    )


def a_certificate(session, volunteer, clerk, *, first_day=TODAY, language="fa"):
    return certify_hours(
        session,
        volunteer.id,
        first_day=first_day,
        last_day=TODAY,
        language=language,
        issued_by_id=clerk,
        now=NOON,
    )


def web_tells(session, told):
    tells = {"told_by_id": None, "request_key": "k", "now": NOON}
    register(session, NOWHERE, name="x", mobile=BAKER, told=told, **tells)


def desk_tells(session, clerk, scope, told):
    tells = {"told_by_id": clerk, "request_key": None, "now": NOON}
    return register(session, scope, name="x", mobile=BAKER, told=told, **tells)


def state_of(session, offer):
    return session.get_one(PledgeItem, offer.pledge_item_id).state


# The register


def test_somebody_is_found_again_by_mobile_and_told_anew_by_rows(session, clerk, baker):
    again = a_volunteer(session, clerk, "driving", mobile="+98 912 123 4567", name="نام دیگر")

    assert again.id == baker.id
    assert len(session.scalars(select(VolunteerFacts)).all()) == 2
    (skill,) = volunteer_in(session, EVERYWHERE, baker.id).skills
    assert skill.skill.code == "driving"


def test_what_a_stranger_tells_of_a_known_mobile_waits_for_a_desk(session, baker):
    told = Told(("law",), office_id=office_id(session, "06"))
    web_tells(session, told)

    held = volunteer_in(session, EVERYWHERE, baker.id)
    assert [row.skill.code for row in held.skills] == ["baking"]
    (waiting,) = told_on_the_website(session, held)
    assert [row.skill.code for row in waiting.skills] == ["law"]


@pytest.mark.usefixtures("baker")
def test_a_form_sent_twice_is_one_telling(session):
    told = Told(("law",), office_id=office_id(session, "07"))
    for _each in range(2):
        web_tells(session, told)

    assert len(session.scalars(select(VolunteerFacts)).all()) == 2


def test_a_desk_sees_only_the_volunteers_of_its_offices(session, baker):
    here, elsewhere = (Scope(frozenset({office_id(session, code)})) for code in ("07", "06"))

    assert [row.volunteer_id for row in list_volunteers(session, here)] == [baker.id]
    assert list_volunteers(session, elsewhere) == []
    assert list_volunteers(session, here, search="رضا نا", skill="baking") != []


@pytest.mark.parametrize("by_web", [False, True], ids=["told by a desk", "told on the website"])
def test_a_desk_takes_no_volunteer_of_another_office_by_their_number(session, clerk, by_web):
    if by_web:
        web_tells(session, Told(("baking",), office_id=office_id(session, "07")))
    else:
        a_volunteer(session, clerk)
    elsewhere = Scope(frozenset({office_id(session, "06")}))

    with pytest.raises(KnownElsewhere) as refused:
        desk_tells(session, clerk, elsewhere, Told(("law",), office_id=office_id(session, "06")))

    assert refused.value.details == {}
    assert list_volunteers(session, elsewhere) == []


def test_who_has_left_is_put_on_no_shift(session, clerk, baker, offer):
    leave(session, EVERYWHERE, baker.id, reason="سفر", told_by_id=clerk, now=NOON)

    with pytest.raises(HasLeft):
        a_shift(session, clerk, offer)


# Licences


def test_with_a_licence_that_ended_yesterday_nobody_works_tomorrow(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY - 400 * DAY, TODAY - DAY)
    offer = an_offer(session, clerk, physician, skill="physician")

    with pytest.raises(LicenceEnded) as refused:
        a_shift(session, clerk, offer, TOMORROW)

    assert refused.value.details == {"ended_on": TODAY - DAY}
    a_licence(session, clerk, physician, TODAY, TODAY + 400 * DAY)
    assert a_shift(session, clerk, offer, TOMORROW).licence_to == TODAY + 400 * DAY


def test_a_licence_that_is_missing_or_begins_later_lets_nobody_work(session, clerk, physician):
    offer = an_offer(session, clerk, physician, skill="physician")
    with pytest.raises(LicenceMissing):
        a_shift(session, clerk, offer)

    a_licence(session, clerk, physician, TOMORROW, TOMORROW + DAY)

    with pytest.raises(LicenceNotYet):
        a_shift(session, clerk, offer, TODAY)
    assert a_shift(session, clerk, offer, TOMORROW).licence_id


# Of a shift that stands: what raw SQL cannot make of it.
_COPIES = "INSERT INTO shift ({names}) SELECT {values} FROM shift"
_NAMES = (
    "pledge_item_id", "volunteer_id", "skill_id", "needs_licence", "licence_id", "licence_from",
    "licence_to", "office_id", "day", "start_minute", "end_minute", "duty", "supervisor",
    "planned_by_id", "planned_at",
)  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [
        {"day": "'2027-12-30'"},
        {"day": "'2026-11-20'"},
        {"day": "'2027-12-30'", "licence_to": "'2027-12-31'"},
        {"licence_id": "NULL", "licence_from": "NULL", "licence_to": "NULL"},
        {
            "licence_id": "NULL",
            "licence_from": "NULL",
            "licence_to": "NULL",
            "needs_licence": "(1 = 0)",
        },
        {"licence_from": "NULL"},
        {"end_minute": "start_minute"},
        {"start_minute": "7"},
    ],
    ids=[
        "after its last day",
        "before its first day",
        "with a day the licence does not have",
        "without a licence",
        "as if none were needed",
        "with half a licence",
        "without time",
        "off the quarter",
    ],
)
def test_the_database_itself_keeps_a_shift_within_its_licence(session, clerk, physician, change):
    a_licence(session, clerk, physician, TODAY, TODAY + 10 * DAY)
    a_shift(session, clerk, an_offer(session, clerk, physician, skill="physician"), TOMORROW)
    session.execute(text(_copied({"day": "'2026-11-24'"})))  # within: the statement itself is sound

    with pytest.raises(IntegrityError):
        session.execute(text(_copied(change) + " WHERE request_key IS NULL LIMIT 1"))
    session.rollback()


def _copied(change):
    values = ", ".join(change.get(name, name) for name in _NAMES)
    return _COPIES.format(names=", ".join(_NAMES), values=values)


def test_a_licence_that_is_cut_short_calls_its_shifts_off(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY, TODAY + 10 * DAY)
    offer = an_offer(session, clerk, physician, skill="physician")
    lost, kept = (a_shift(session, clerk, offer, TODAY + days * DAY) for days in (5, 1))

    renew_licence(
        session,
        EVERYWHERE,
        physician.id,
        LicenceFacts("physician", "۱۲۳۴", "سازمان بهزیستی", TODAY, TODAY + 2 * DAY),
        replaces_id=lost.licence_id,
        reason="پروانه لغو شد",
        staff_id=clerk,
        now=NOON,
    )

    assert lost.outcome.outcome is Outcome.CANCELLED
    assert kept.outcome is None
    with pytest.raises(LicenceEnded):
        a_shift(session, clerk, offer, TODAY + 5 * DAY)


def renew(session, clerk, physician, facts, replaces_id):
    by = {"replaces_id": replaces_id, "reason": "پروانه لغو شد", "staff_id": clerk, "now": NOON}
    return renew_licence(session, EVERYWHERE, physician.id, facts, **by)


def test_a_licence_corrected_to_another_field_calls_its_shifts_off(session, clerk):
    doctor = a_volunteer(session, clerk, "physician", mobile="09131234567")
    a_licence(session, clerk, doctor, TODAY, TODAY + 10 * DAY)
    shift = a_shift(session, clerk, an_offer(session, clerk, doctor, skill="physician"))
    helper = LicenceFacts("mental-health", "۱۲۳۴", "سازمان بهزیستی", TODAY, TODAY + 10 * DAY)

    renew(session, clerk, doctor, helper, shift.licence_id)

    assert shift.outcome.outcome is Outcome.CANCELLED


def test_a_licence_that_corrects_nothing_calls_no_shift_off(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY, TODAY + 10 * DAY)
    offer = an_offer(session, clerk, physician, skill="physician")
    shift = a_shift(session, clerk, offer, TODAY + 5 * DAY)
    short = LicenceFacts("physician", "۹۹", "سازمان بهزیستی", TODAY, TODAY + DAY)
    known = renew(session, clerk, physician, short, None)

    assert renew(session, clerk, physician, short, shift.licence_id).id == known.id

    assert shift.outcome is None


@pytest.mark.parametrize(("days", "warned"), [(30, True), (31, False), (-1, True)])
def test_a_licence_that_ends_soon_is_warned_of(session, clerk, physician, days, warned):
    a_licence(session, clerk, physician, TODAY - 300 * DAY, TODAY + days * DAY)

    found = ending_licences(session, EVERYWHERE, TODAY)

    assert [facts.volunteer_id for _licence, facts in found] == ([physician.id] if warned else [])


def test_a_renewed_licence_warns_of_nothing(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY - 300 * DAY, TODAY + DAY)
    a_licence(session, clerk, physician, TODAY, TODAY + 300 * DAY)

    assert ending_licences(session, EVERYWHERE, TODAY) == []


# Offers and needs


def test_hours_of_another_person_or_another_field_are_not_taken_on(session, clerk, baker):
    donor = DonorFacts(mobile="09190000000")
    foreign = a_pledge(session, ServiceItem("x", 8), donor=donor).items[0].id
    own = a_pledge(session, ServiceItem("x", 8), donor=DonorFacts(mobile=BAKER)).items[0].id
    taken = {"taken_by_id": clerk, "now": NOON}

    with pytest.raises(OtherPerson):
        take_on(session, EVERYWHERE, foreign, baker.id, skill="baking", **taken)
    with pytest.raises(OtherSkill):
        take_on(session, EVERYWHERE, own, baker.id, skill="law", **taken)
    assert take_on(session, EVERYWHERE, own, baker.id, skill="baking", **taken)


def a_need(session, clerk, hours, *, skill="نانوایی و آشپزی", office="07"):
    return publish_need(
        session,
        EVERYWHERE,
        HoursWanted(skill, hours),
        office_id=office_id(session, office),
        fund="most-needed",
        title="نان تازه",
        published_by_id=clerk,
        request_key=None,
        now=NOON,
    )


def test_an_offer_is_shown_the_open_needs_that_fit(session, clerk, baker, offer):
    wanted = a_need(session, clerk, 40)
    a_need(session, clerk, 40, skill="پرستاری")
    a_need(session, clerk, 40, office="06")  # another province

    offered = offer_in(session, EVERYWHERE, offer.pledge_item_id)
    facts = volunteer_in(session, EVERYWHERE, baker.id)

    assert [need.id for need in fitting_needs(session, offered, facts)] == [wanted.id]


def test_reserved_hours_never_exceed_the_need(session, clerk, baker, offer):
    need, other = a_need(session, clerk, 20), a_need(session, clerk, 20)
    second = an_offer(session, clerk, baker)
    by = {"reserved_by_id": clerk, "now": NOON}

    for item in (offer, offer, second):
        reserve_hours(session, EVERYWHERE, item.pledge_item_id, need.id, **by)

    assert (need.reserved_thousandths, need.open_thousandths) == (20_000, 0)
    with pytest.raises(AlreadyReserved):
        reserve_hours(session, EVERYWHERE, offer.pledge_item_id, other.id, **by)


def test_a_need_counts_what_was_served_and_asks_for_the_rest(session, clerk, offer):
    need = a_need(session, clerk, 40)
    reserve_hours(
        session, EVERYWHERE, offer.pledge_item_id, need.id, reserved_by_id=clerk, now=NOON
    )
    confirm(session, a_shift(session, clerk, offer), clerk, hours=6)

    close_offer(
        session, EVERYWHERE, offer.pledge_item_id, reason="بیماری", staff_id=clerk, now=NOON
    )

    assert (need.reserved_thousandths, need.received_thousandths) == (0, 6_000)


def test_a_void_and_a_second_closing_settle_a_need_once(session, clerk, offer):
    need = a_need(session, clerk, 40)
    by = {"reserved_by_id": clerk, "now": NOON}
    reserve_hours(session, EVERYWHERE, offer.pledge_item_id, need.id, **by)
    confirm(session, a_shift(session, clerk, offer), clerk, hours=6)
    closing = {"reason": "سفر", "staff_id": clerk, "now": NOON}
    first = close_offer(session, EVERYWHERE, offer.pledge_item_id, **closing)
    two_void(session, first.contribution_id)

    close_offer(session, EVERYWHERE, offer.pledge_item_id, **closing)

    assert (need.reserved_thousandths, need.received_thousandths) == (0, 6_000)


# The schedule


def test_nobody_is_planned_for_a_day_that_is_over(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY - 30 * DAY, TODAY - DAY)
    offer = an_offer(session, clerk, physician, skill="physician")

    with pytest.raises(ShiftPast):
        a_shift(session, clerk, offer, TODAY - DAY)


@pytest.mark.parametrize(("start", "end"), [(8, 16), (10, 12), (7, 9), (15, 20)])
def test_nobody_works_two_shifts_at_once(session, clerk, offer, start, end):
    a_shift(session, clerk, offer)

    with pytest.raises(ShiftsOverlap):
        a_shift(session, clerk, offer, start=start, end=end)


def test_shifts_may_follow_each_other_and_take_the_place_of_one_called_off(session, clerk, offer):
    first = a_shift(session, clerk, offer, start=8, end=12)
    assert a_shift(session, clerk, offer, start=12, end=16)

    cancel_shift(session, EVERYWHERE, first.id, reason="برف", cancelled_by_id=clerk, now=NOON)

    assert a_shift(session, clerk, offer, start=8, end=12)


def test_the_database_itself_gives_a_quarter_of_an_hour_once(session, clerk, offer):
    a_shift(session, clerk, offer)

    with pytest.raises(IntegrityError):
        session.execute(text("INSERT INTO taken_quarter SELECT * FROM taken_quarter LIMIT 1"))
    session.rollback()


def test_a_time_nobody_named_has_to_be_agreed(session, clerk, offer):
    mornings = Told(("baking",), times=[(TODAY.weekday(), "morning")], office_id=office_id(session))
    desk_tells(session, clerk, EVERYWHERE, mornings)
    plan = replace(a_plan(session), start_minute=13 * 60)

    with pytest.raises(NotComing):
        plan_shift(
            session,
            EVERYWHERE,
            offer.pledge_item_id,
            plan,
            planned_by_id=clerk,
            request_key=None,
            now=NOON,
        )
    assert a_shift(session, clerk, offer, start=8, end=12)


def test_the_schedule_shows_the_shifts_of_ones_offices(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    elsewhere = Scope(frozenset({office_id(session, "06")}))

    assert [row.id for row in shifts_between(session, EVERYWHERE, TODAY, TODAY)] == [shift.id]
    assert shifts_between(session, elsewhere, TODAY, TODAY) == []


# Attendance, and what it comes to


def test_hours_are_confirmed_once_and_not_before_their_day(session, clerk, offer):
    ahead, shift = a_shift(session, clerk, offer, TOMORROW), a_shift(session, clerk, offer)
    with pytest.raises(ShiftAhead):
        confirm(session, ahead, clerk)

    confirm(session, shift, clerk)

    with pytest.raises(ShiftEnded):
        confirm(session, shift, clerk)


@pytest.mark.parametrize(
    ("outcome", "hours"),
    [(Outcome.PRESENT, 0), (Outcome.LATE, 9), (Outcome.ABSENT, 1), (Outcome.PRESENT, -1)],
)
def test_whoever_came_served_hours_and_nobody_else(session, clerk, offer, outcome, hours):
    with pytest.raises(UnusableHours):
        confirm(session, a_shift(session, clerk, offer), clerk, hours=hours, outcome=outcome)


def test_nobody_confirms_their_own_hours(session, clerk):
    own = a_staff_member(session, "own")
    worker = a_volunteer(session, clerk, mobile="09141234567", staff="own")
    shift = a_shift(session, clerk, an_offer(session, clerk, worker))

    with pytest.raises(OwnHours):
        confirm(session, shift, own.id)
    with pytest.raises(IntegrityError, match=r"two_persons|CHECK"):
        session.execute(
            insert(ShiftOutcome).values(
                shift_id=shift.id,
                number=1,
                outcome=Outcome.PRESENT,
                hours=1,
                reason="",
                volunteer_staff_id=own.id,
                told_by_id=own.id,
                told_at=NOON,
            )
        )
    session.rollback()


def test_a_started_hour_of_a_shift_counts_as_a_whole_one(session, clerk, offer):
    plan = replace(a_plan(session), end_minute=9 * 60 + 15)
    by = {"planned_by_id": clerk, "request_key": None, "now": NOON}
    shift = plan_shift(session, EVERYWHERE, offer.pledge_item_id, plan, **by)

    with pytest.raises(UnusableHours) as refused:
        confirm(session, shift, clerk, hours=3)

    assert refused.value.details == {"longest": 2}
    confirm(session, shift, clerk, hours=2)


def test_a_user_name_that_was_cleared_lets_nobody_confirm_their_own_hours(session, clerk):
    own = a_staff_member(session, "own")
    worker = a_volunteer(session, clerk, staff="own")
    desk_tells(session, own.id, EVERYWHERE, Told(("baking",), office_id=office_id(session)))
    assert volunteer_in(session, EVERYWHERE, worker.id).staff_member_id is None

    with pytest.raises(OwnHours):
        confirm(session, a_shift(session, clerk, an_offer(session, clerk, worker)), own.id)


def test_a_spare_shift_that_is_cancelled_brings_the_receipt(session, clerk, baker):
    offer = an_offer(session, clerk, baker, hours=8)
    worked, spare = (a_shift(session, clerk, offer, day) for day in (TODAY, TOMORROW))
    assert confirm(session, worked, clerk) is None

    receipt = cancel_planned(session, EVERYWHERE, spare.id, reason="برف", staff_id=clerk, now=NOON)

    assert facts_of(receipt).hours[0].hours == 8
    assert state_of(session, offer) is ItemState.RECEIVED


def test_a_spare_shift_called_off_with_its_licence_brings_the_receipt(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY, TODAY + 10 * DAY)
    offer = an_offer(session, clerk, physician, skill="physician", hours=8)
    worked, spare = (a_shift(session, clerk, offer, day) for day in (TODAY, TODAY + 5 * DAY))
    confirm(session, worked, clerk)
    short = LicenceFacts("physician", "۱۲۳۴", "سازمان بهزیستی", TODAY, TODAY + DAY)

    renew(session, clerk, physician, short, spare.licence_id)

    assert state_of(session, offer) is ItemState.RECEIVED


def test_only_hours_that_a_desk_took_on_lead_to_their_volunteer(session, baker, offer):
    stranger = a_pledge(session, ServiceItem("x", 1), donor=DonorFacts(mobile=BAKER))
    own = session.get_one(PledgeItem, offer.pledge_item_id).pledge

    assert volunteer_of(session, stranger) is None
    assert volunteer_of(session, own) == baker.id


def test_one_of_two_done_stands_on_the_timeline_and_no_receipt_yet(session, clerk, offer):
    first, _second = (a_shift(session, clerk, offer, day) for day in (TODAY, TOMORROW))

    assert confirm(session, first, clerk) is None

    pledge_id = session.get_one(PledgeItem, offer.pledge_item_id).pledge_id
    (done,) = [row for row in stages(session, pledge_id) if row.kind is StageKind.WORK_DONE]
    assert done.told.fa.startswith("یک از دو نوبت انجام شد")
    assert done.told.en.startswith("one of two done")
    assert state_of(session, offer) is ItemState.PROMISED


def test_the_last_shift_brings_one_receipt_over_the_hours_really_served(session, clerk, offer):
    first, second = (
        a_shift(session, clerk, offer, TODAY - days * DAY, end=end, now=NOON - days * DAY)
        for days, end in ((7, 16), (0, 18))
    )
    confirm(session, first, clerk, hours=7)

    receipt = confirm(session, second, clerk, hours=10, outcome=Outcome.LATE)

    (hours,) = facts_of(session.get_one(Receipt, receipt.id)).hours
    assert (hours.hours, hours.started_on, hours.ended_on) == (17, TODAY - 7 * DAY, TODAY)
    assert (hours.supervisor, hours.duty) == ("لاله احمدی", "پخت نان")
    assert state_of(session, offer) is ItemState.RECEIVED
    assert session.scalars(select(Entry)).all() == []  # hours are in no account


def test_a_promise_that_is_closed_receives_what_was_served(session, clerk, offer):
    first, ahead = (a_shift(session, clerk, offer, day) for day in (TODAY, TOMORROW))
    confirm(session, first, clerk)

    receipt = close_offer(
        session, EVERYWHERE, offer.pledge_item_id, reason="سفر", staff_id=clerk, now=NOON
    )

    assert facts_of(receipt).hours[0].hours == 8
    assert ahead.outcome.reason == "سفر"
    pledge_id = session.get_one(Contribution, receipt.contribution_id).pledge_id
    (closed,) = [row for row in stages(session, pledge_id) if row.kind is StageKind.WORK_CLOSED]
    assert "۸ از ۱۶ ساعت" in closed.told.fa


def test_closing_the_work_leaves_the_money_of_the_same_code(session, clerk):
    pledge = a_pledge(
        session, CashItem(1_000), ServiceItem("نانوایی", 16), donor=DonorFacts(mobile=BAKER)
    )
    cash, work = pledge.items

    close_offer(session, EVERYWHERE, work.id, reason="سفر", staff_id=clerk, now=NOON)

    assert (cash.state, work.state) == (ItemState.PROMISED, ItemState.WITHDRAWN)
    assert session.scalars(select(Contribution)).all() == []


def test_whoever_did_not_come_gives_the_time_free(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=0, outcome=Outcome.ABSENT)

    assert a_shift(session, clerk, offer)
    assert len(session.scalars(select(Shift)).all()) == 2


def test_planned_hours_are_not_received_at_the_counter_as_a_whole(session, clerk, offer):
    a_shift(session, clerk, offer)
    code = session.get_one(PledgeItem, offer.pledge_item_id).pledge.tracking_code

    with pytest.raises(HoursArePlanned):
        receive_promised(
            session,
            EVERYWHERE,
            Arrival(code, [offer.pledge_item_id]),
            office_id=office_id(session, "07"),
            staff_id=clerk,
            request_key=None,
            now=NOON,
        )


def test_a_voided_receipt_opens_the_promise_and_closing_receives_the_same_hours(
    session, clerk, offer
):
    confirm(session, a_shift(session, clerk, offer), clerk, hours=8)
    closing = {"reason": "سفر", "staff_id": clerk, "now": NOON}
    first = close_offer(session, EVERYWHERE, offer.pledge_item_id, **closing)
    two_void(session, first.contribution_id)

    second = close_offer(session, EVERYWHERE, offer.pledge_item_id, **closing)

    assert facts_of(second).hours[0].hours == 8
    assert state_of(session, offer) is ItemState.RECEIVED


# What was told wrongly


def test_a_wrong_outcome_is_corrected_by_a_later_word_with_its_reason(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=8)

    for _each in range(2):
        correct(session, shift, clerk, hours=6)

    assert [(row.hours, row.reason) for row in shift.outcomes] == [(8, ""), (6, "شمارش دوباره")]
    assert served_of(session, offer.pledge_item_id).hours == 6
    pledge_id = session.get_one(PledgeItem, offer.pledge_item_id).pledge_id
    (told,) = [r for r in stages(session, pledge_id) if r.kind is StageKind.WORK_CORRECTED]
    assert told.told.fa.endswith("۶ ساعت به جای ۸ ساعت")
    assert told.told.en.endswith("6 hours instead of 8 hours")


def test_nothing_is_corrected_that_nobody_told_or_without_a_reason(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    with pytest.raises(ShiftNotEnded):
        correct(session, shift, clerk)
    confirm(session, shift, clerk)

    with pytest.raises(ReasonMissing):
        correct(session, shift, clerk, reason=" ")
    with pytest.raises(UnusableHours):
        correct(session, shift, clerk, hours=9)


def test_the_database_takes_no_correction_without_a_reason(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk)

    with pytest.raises(IntegrityError, match=r"corrected_for_a_reason|CHECK"):
        session.execute(
            insert(ShiftOutcome).values(
                shift_id=shift.id,
                number=2,
                outcome=Outcome.PRESENT,
                hours=1,
                reason="",
                told_by_id=clerk,
                told_at=NOON,
            )
        )
    session.rollback()


def test_no_hours_are_told_of_a_day_that_has_not_come_by_correcting(session, clerk, offer):
    ahead = a_shift(session, clerk, offer, TODAY + 30 * DAY)
    cancel_planned(session, EVERYWHERE, ahead.id, reason="برف", staff_id=clerk, now=NOON)

    with pytest.raises(ShiftAhead):
        correct(session, ahead, clerk, hours=8)


def test_whoever_came_after_all_had_a_licence_on_that_day(session, clerk, physician):
    a_licence(session, clerk, physician, TODAY - 10 * DAY, TODAY + 10 * DAY)
    offer = an_offer(session, clerk, physician, skill="physician")
    lost = a_shift(session, clerk, offer)
    short = LicenceFacts("physician", "۱۲۳۴", "بهزیستی", TODAY - 10 * DAY, TODAY - DAY)
    renew(session, clerk, physician, short, lost.licence_id)
    assert lost.outcome.outcome is Outcome.CANCELLED

    with pytest.raises(LicenceEnded):
        correct(session, lost, clerk, hours=8)


def test_nobody_corrects_their_own_hours(session, clerk):
    own = a_staff_member(session, "own")
    worker = a_volunteer(session, clerk, staff="own")
    shift = a_shift(session, clerk, an_offer(session, clerk, worker))
    confirm(session, shift, clerk, hours=6)

    with pytest.raises(OwnHours):
        correct(session, shift, own.id, hours=8)


def test_whoever_came_after_all_takes_the_time_again_if_it_is_free(session, clerk, offer):
    missed = a_shift(session, clerk, offer)
    confirm(session, missed, clerk, hours=0, outcome=Outcome.ABSENT)
    other = a_shift(session, clerk, offer)

    with pytest.raises(ShiftsOverlap):
        correct(session, missed, clerk, hours=8)
    cancel_planned(session, EVERYWHERE, other.id, reason="برف", staff_id=clerk, now=NOON)
    correct(session, missed, clerk, hours=8)

    with pytest.raises(ShiftsOverlap):
        a_shift(session, clerk, offer)


def test_a_correction_that_completes_a_promise_brings_its_receipt(session, clerk, baker):
    offer = an_offer(session, clerk, baker, hours=8)
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=6)

    receipt = correct(session, shift, clerk, hours=8)

    assert facts_of(receipt).hours[0].hours == 8


def test_hours_of_a_receipt_that_stands_are_corrected_once_it_is_void(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=8)
    first = close(session, offer, clerk)

    with pytest.raises(HoursReceived) as refused:
        correct(session, shift, clerk)
    assert refused.value.details == {"receipt": first.number}
    two_void(session, first.contribution_id)
    correct(session, shift, clerk, hours=6)

    assert facts_of(close(session, offer, clerk)).hours[0].hours == 6


def test_hours_of_a_certificate_that_stands_are_corrected_once_it_is_void(
    session, clerk, baker, offer
):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=8)
    certificate = a_certificate(session, baker, clerk)

    with pytest.raises(HoursCertified) as refused:
        correct(session, shift, clerk)
    assert refused.value.details == {"certificate": certificate.number}
    void_hours_certificate(session, certificate, reason="ساعت", voided_by_id=clerk, now=NOON)
    correct(session, shift, clerk, hours=6)

    again = a_certificate(session, baker, clerk)
    assert (again.number, again.hours) == ("1405/000002", 6)


def test_a_certificate_lists_hours_told_after_the_moment_it_was_asked_for(
    session, clerk, baker, offer
):
    shift = a_shift(session, clerk, offer)
    later = {"staff_id": clerk, "now": NOON + timedelta(seconds=1)}
    confirm_hours(session, EVERYWHERE, shift.id, Outcome.PRESENT, hours=8, **later)
    certificate = a_certificate(session, baker, clerk)  # asked for at noon, it waited for the lock

    with pytest.raises(HoursCertified) as refused:
        correct(session, shift, clerk)
    assert refused.value.details == {"certificate": certificate.number}


@pytest.mark.parametrize(
    "asked",
    [{}, {"language": "en"}, {"first_day": TODAY - DAY}],
    ids=["the same", "in another language", "of more days"],
)
def test_hours_of_a_void_certificate_are_certified_anew_by_a_person_of_staff(
    session, clerk, baker, offer, asked
):
    confirm(session, a_shift(session, clerk, offer), clerk)
    first = a_certificate(session, baker, clerk)
    void_hours_certificate(session, first, reason="ساعت", voided_by_id=clerk, now=NOON)

    with pytest.raises(HoursInDoubt):
        a_certificate(session, baker, None, **asked)
    again = a_certificate(session, baker, clerk, **asked)

    assert a_certificate(session, baker, None, **asked).number == again.number


def test_corrected_hours_are_certified_for_the_volunteer_after_a_void(session, clerk, baker, offer):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk)
    first = a_certificate(session, baker, None)
    void_hours_certificate(session, first, reason="ساعت", voided_by_id=clerk, now=NOON)
    correct(session, shift, clerk, hours=6)

    assert a_certificate(session, baker, None).hours == 6


def test_the_same_hours_get_a_new_certificate_after_a_void_and_no_second_void(
    session, clerk, baker, offer
):
    confirm(session, a_shift(session, clerk, offer), clerk)
    first = a_certificate(session, baker, clerk)
    voiding = {"voided_by_id": clerk, "now": NOON}
    with pytest.raises(VoidReasonMissing):
        void_hours_certificate(session, first, reason="", **voiding)
    void_hours_certificate(session, first, reason="نام", **voiding)

    with pytest.raises(CertificateVoid):
        void_hours_certificate(session, first, reason="نام", **voiding)
    assert a_certificate(session, baker, clerk).serial == 2


def test_a_promise_that_was_withdrawn_is_open_again_once_hours_were_served(session, clerk, offer):
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=0, outcome=Outcome.ABSENT)
    assert close(session, offer, clerk) is None

    correct(session, shift, clerk, hours=8)

    assert state_of(session, offer) is ItemState.PROMISED
    assert facts_of(close(session, offer, clerk)).hours[0].hours == 8


# Hours within a need


def kept(session, clerk, offer):
    """The need in which the hours of an offer have their place."""
    need = a_need(session, clerk, 24)
    by = {"reserved_by_id": clerk, "now": NOON}
    reserve_hours(session, EVERYWHERE, offer.pledge_item_id, need.id, **by)
    return need


def counted(need):
    return need.reserved_thousandths // 1000, need.received_thousandths // 1000


def test_hours_received_whole_at_the_counter_count_in_their_need(session, clerk, offer):
    need = kept(session, clerk, offer)
    code = session.get_one(PledgeItem, offer.pledge_item_id).pledge.tracking_code
    assert counted(need) == (16, 0)

    receipt = receive_promised(
        session,
        EVERYWHERE,
        Arrival(code, [offer.pledge_item_id]),
        office_id=office_id(session, "07"),
        staff_id=clerk,
        request_key=None,
        now=NOON,
    )
    assert counted(need) == (0, 16)
    two_void(session, receipt.contribution_id)

    assert counted(need) == (16, 0)
    assert list(needs_not_as_shared(session)) == []


def test_a_need_counts_the_corrected_hours_and_asks_for_the_rest(session, clerk, offer):
    need = kept(session, clerk, offer)
    shift = a_shift(session, clerk, offer)
    confirm(session, shift, clerk, hours=4)
    first = close(session, offer, clerk)
    assert counted(need) == (0, 4)
    two_void(session, first.contribution_id)
    assert counted(need) == (4, 0)

    correct(session, shift, clerk, hours=7)
    close(session, offer, clerk)

    assert counted(need) == (0, 7)
    assert list(needs_not_as_shared(session)) == []


@pytest.mark.parametrize(
    ("taken", "counts"), [(0, 16), (16, 8), (24, 0)], ids=["free", "partly taken", "taken"]
)
def test_a_promise_that_is_open_again_takes_its_place_as_far_as_it_is_free(
    session, clerk, baker, offer, taken, counts
):
    need = kept(session, clerk, offer)
    first, second = (a_shift(session, clerk, offer, start=at, end=at + 8) for at in (0, 8))
    for shift in (first, second):
        confirm(session, shift, clerk, hours=0, outcome=Outcome.ABSENT)
    close(session, offer, clerk)
    if taken:
        other = an_offer(session, clerk, baker, hours=taken)
        by = {"reserved_by_id": clerk, "now": NOON}
        reserve_hours(session, EVERYWHERE, other.pledge_item_id, need.id, **by)

    correct(session, first, clerk, hours=8)
    assert correct(session, second, clerk, hours=8)  # all is served: the receipt

    assert counted(need) == (taken, counts)
    assert list(needs_not_as_shared(session)) == []
    reopened = select(AuditEntry).where(AuditEntry.action == "offer.reopen")
    assert session.scalars(reopened).one().subject_id == offer.pledge_item_id


def test_the_check_finds_a_need_that_counts_other_hours(session, clerk, offer):
    need = kept(session, clerk, offer)
    session.execute(text("UPDATE need SET reserved_thousandths = 1000"))

    (said,) = needs_not_as_shared(session)
    assert str(need.id) in said


def test_the_demo_has_a_baker_with_two_fridays_and_a_licence_that_ends_soon(session):
    load_demo(session, NOON)
    for _each in range(2):
        load_demo_volunteers(session, NOON)

    fridays = session.scalars(select(Shift.day)).all()
    assert [day.weekday() for day in fridays] == [4, 4]
    assert len(ending_licences(session, EVERYWHERE, TODAY)) == 1
    assert len(list_volunteers(session, EVERYWHERE)) == 2


def test_hours_promised_for_no_office_show_only_to_the_office_of_their_volunteer(session, clerk):
    donor = DonorFacts(name="رضا", mobile=BAKER)
    online = a_pledge(session, ServiceItem("نانوایی", 8), donor=donor).items[0].id
    here, elsewhere = (Scope(frozenset({office_id(session, code)})) for code in ("07", "06"))
    assert list_offers(session, here) == []

    a_volunteer(session, clerk)

    assert [row.item.id for row in list_offers(session, here)] == [online]
    assert list_offers(session, elsewhere) == []
