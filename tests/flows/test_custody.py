"""Cashiers' sessions: whose drawer holds which cash; counted, and closed by two if it differs."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.clock import tehran_date
from core.refusals import NotFound
from donations.custody.counting import (
    CountDecided,
    CountSecondPersonNeeded,
    DifferenceReasonMissing,
)
from donations.custody.drawers import (
    FloatNotInHand,
    SessionAlreadyOpen,
    SessionClosed,
    counted_days,
)
from donations.desk_limits import LimitInThePast, limit_on, set_limit
from donations.models.cash_count import CashCount
from donations.models.cashier import CashierSession, OpenDrawer, SessionClosing
from donations.models.charity_box import CharityBox
from donations.models.contribution import Tender
from donations.models.desk import Decision
from donations.models.desk_limit import DeskLimit
from donations.pledging import CashItem
from donations.slips import NotInHand
from donations.voiding import ask_for_void
from flows.checking import check_ledger
from flows.custody import (
    NotYourSession,
    SessionMovedOn,
    count_session,
    decide_on_count,
    entries_of_session,
)
from flows.demo import load_demo
from flows.demo_custody import load_demo_custody
from flows.desk import approve_void, drawer, hand_over_cash
from ledger.postings import balance_rial
from offices.places import Office
from offices.scope import EVERYWHERE, NOWHERE
from tests.custody import a_session, counted, notes
from tests.factories import NOON, a_desk_contribution, a_staff_member


@pytest.fixture
def clerk(session):
    return a_staff_member(session, "clerk")


@pytest.fixture
def manager(session):
    return a_staff_member(session, "manager")


def cash(session, who, amount_rial, tender=Tender.CASH, **facts):
    return a_desk_contribution(
        session, CashItem(amount_rial), staff_id=who.id, tender=tender, **facts
    )


def held(session, clerk):
    return drawer(session, session.get_one(Office, clerk.office_id))


def decide(session, count, who, decision=Decision.APPROVED):
    return decide_on_count(session, EVERYWHERE, count.id, decision, decided_by_id=who.id, now=NOON)


def void(session, entry, clerk, manager):
    asked = ask_for_void(
        session, EVERYWHERE, entry.id, reason="خطا", asked_by_id=clerk.id, now=NOON
    )
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=NOON)


def whole(session):
    return {check.name: check.detail for check in check_ledger(session).checks if not check.ok}


def test_cash_goes_into_the_drawer_of_whoever_has_one_open(session, clerk, manager):
    cash(session, manager, 300_000)
    opened = a_session(session, clerk, 100_000)

    cash(session, clerk, 500_000)
    cash(session, manager, 7_000)

    assert balance_rial(session, opened.account) == 600_000
    assert balance_rial(session, "desk:07") == 207_000
    now_held = held(session, clerk)
    assert (now_held.in_hand_rial, now_held.free_rial) == (807_000, 207_000)
    (entry,) = entries_of_session(session, EVERYWHERE, opened)
    assert entry.receipt.amount_rial == 500_000
    assert entries_of_session(session, NOWHERE, opened) == []


def test_cash_at_another_desk_goes_to_that_desk(session, clerk):
    opened = a_session(session, clerk)

    cash(session, clerk, 500_000, office="08")

    assert balance_rial(session, opened.account) == 0
    assert balance_rial(session, "desk:08") == 500_000


def test_somebody_has_one_drawer(session, clerk):
    a_session(session, clerk)

    with pytest.raises(SessionAlreadyOpen):
        a_session(session, clerk)


def test_the_database_itself_lets_nobody_have_two_drawers(session, clerk):
    first = a_session(session, clerk)
    session.delete(session.get_one(OpenDrawer, first.id))
    session.flush()
    second = a_session(session, clerk)

    with pytest.raises(IntegrityError):
        session.add(OpenDrawer(session_id=first.id, cashier_id=second.cashier_id))
        session.flush()
    session.rollback()


@pytest.mark.parametrize("float_rial", [300_001, -1])
def test_a_float_is_cash_that_lies_free(session, clerk, float_rial):
    cash(session, clerk, 300_000)

    with pytest.raises(FloatNotInHand):
        a_session(session, clerk, float_rial)


def test_cash_in_a_drawer_goes_to_no_bank(session, clerk):
    a_session(session, clerk)
    cash(session, clerk, 500_000)

    with pytest.raises(NotInHand):
        hand_over_cash(
            session, clerk.office_id, 500_000, made_by_id=clerk.id, request_key=None, now=NOON
        )


def test_what_agrees_closes_at_once_and_lies_at_the_desk(session, clerk):
    cash(session, clerk, 200_000)
    opened = a_session(session, clerk, 200_000)
    cash(session, clerk, 500_000)

    counted(session, opened, 700_000, by=clerk, reason="بی‌دلیل")

    assert balance_rial(session, opened.account) == 0
    assert balance_rial(session, "desk:07") == 700_000
    assert session.scalars(select(CashCount)).one().reason == "", "nothing to give a reason for"
    with pytest.raises(SessionClosed):
        counted(session, opened, 0, by=clerk)


def test_the_same_form_twice_is_one_count(session, clerk):
    opened = a_session(session, clerk)

    first = counted(session, opened, 0, by=clerk, key="k")

    assert counted(session, opened, 0, by=clerk, key="k") is first


def test_a_difference_needs_a_reason_and_a_second_person(session, clerk, manager):
    opened = a_session(session, clerk)
    cash(session, clerk, 500_000)
    with pytest.raises(DifferenceReasonMissing):
        counted(session, opened, 450_000, by=clerk, reason="  ")

    count = counted(session, opened, 450_000, by=clerk, reason="اشتباه در پول خرد")

    assert session.scalars(select(SessionClosing)).first() is None
    with pytest.raises(CountSecondPersonNeeded):
        decide(session, count, clerk)
    decide(session, count, manager)
    assert balance_rial(session, "desk:07") == 450_000
    assert balance_rial(session, "own") == 50_000
    assert whole(session) == {}


def test_more_than_the_books_say_is_the_organisations_own(session, clerk, manager):
    opened = a_session(session, clerk)

    decide(session, counted(session, opened, 10_000, by=clerk, reason="یافته"), manager)

    assert balance_rial(session, "own") == -10_000
    assert whole(session) == {}


def test_whoever_counts_for_another_does_not_decide_nor_does_the_cashier(session, clerk, manager):
    opened = a_session(session, clerk)
    with pytest.raises(NotYourSession):
        counted(session, opened, 10_000, by=manager, reason="x")

    count = counted(session, opened, 10_000, by=manager, reason="x", may_count_any=True)

    for concerned in (clerk, manager):
        with pytest.raises(CountSecondPersonNeeded):
            decide(session, count, concerned)


def test_what_is_declined_or_counted_again_stays_and_waits_no_more(session, clerk, manager):
    opened = a_session(session, clerk)
    first = counted(session, opened, 10_000, by=clerk, reason="x")
    decide(session, first, manager, Decision.DECLINED)

    second = counted(session, opened, 20_000, by=clerk, reason="y")
    third = counted(session, opened, 5_000, by=clerk, reason="z")

    for over in (first, second):
        with pytest.raises(CountDecided):
            decide(session, over, manager)
    decide(session, third, manager)
    assert session.scalars(select(func.count()).select_from(CashCount)).one() == 3


def test_a_count_says_nothing_about_cash_that_came_after_it(session, clerk, manager):
    opened = a_session(session, clerk)
    count = counted(session, opened, 10_000, by=clerk, reason="x")
    cash(session, clerk, 500_000)

    with pytest.raises(SessionMovedOn):
        decide(session, count, manager)


def test_within_the_limit_of_the_day_one_person_closes(session, clerk, manager):
    set_limit(
        session,
        DeskLimit.CASH_DIFFERENCE_RIAL,
        50_000,
        valid_from=tehran_date(NOON),
        reason="بخشنامه",
        set_by_id=manager.id,
        now=NOON,
    )
    opened = a_session(session, clerk)

    counted(session, opened, 50_000, by=clerk, reason="x")

    assert session.scalars(select(SessionClosing)).one().limit_rial == 50_000


def test_a_limit_begins_today_or_later_and_the_last_word_holds(session, manager):
    today = tehran_date(NOON)
    with pytest.raises(LimitInThePast):
        set_limit(
            session,
            DeskLimit.ASSESSED_VALUE_RIAL,
            5,
            valid_from=today.replace(day=1),
            reason="x",
            set_by_id=manager.id,
            now=NOON,
        )
    for value in (7, 9):
        set_limit(
            session,
            DeskLimit.ASSESSED_VALUE_RIAL,
            value,
            valid_from=today,
            reason="x",
            set_by_id=manager.id,
            now=NOON,
        )

    assert limit_on(session, DeskLimit.ASSESSED_VALUE_RIAL, today) == 9
    assert limit_on(session, DeskLimit.ASSESSED_VALUE_RIAL, today.replace(day=1)) == 500_000_000


def test_a_void_takes_cash_from_where_it_lies(session, clerk, manager):
    opened = a_session(session, clerk)
    in_drawer, moved_on = cash(session, clerk, 500_000), cash(session, clerk, 20_000)

    void(session, in_drawer, clerk, manager)
    assert balance_rial(session, opened.account) == 20_000
    counted(session, opened, 20_000, by=clerk)
    void(session, moved_on, clerk, manager)

    assert balance_rial(session, opened.account) == 0
    assert balance_rial(session, "desk:07") == 0
    assert whole(session) == {}


def test_a_session_out_of_scope_is_not_there(session, clerk):
    opened = a_session(session, clerk)

    with pytest.raises(NotFound):
        count_session(
            session,
            NOWHERE,
            opened.id,
            notes(session, 0),
            reason="",
            counted_by_id=clerk.id,
            request_key=None,
            now=NOON,
        )


@pytest.mark.parametrize("approver", [None, "manager", "clerk"])
def test_the_database_itself_wants_a_second_person_beyond_the_limit(
    session, clerk, manager, approver
):
    opened = a_session(session, clerk)
    count = counted(session, opened, 10_000, by=manager, reason="x", may_count_any=True)
    people = {None: None, "manager": manager.id, "clerk": clerk.id}

    session.add(
        SessionClosing(
            session_id=opened.id,
            count_id=count.id,
            cashier_id=clerk.id,
            counted_by_id=manager.id,
            difference_rial=10_000,
            limit_rial=0,
            approved_by_id=people[approver],
            closed_on=NOON.date(),
            closed_at=NOON,
        )
    )
    with pytest.raises(IntegrityError, match="ck_session_closing"):
        session.flush()
    session.rollback()


def test_only_drawers_that_were_closed_lately_are_asked_for_their_days(session, clerk):
    days = [tehran_date(NOON) - timedelta(back) for back in (40, 2)]
    for day in days:
        now = NOON - (tehran_date(NOON) - day)
        counted(session, a_session(session, clerk, now=now), 0, by=clerk, now=now)

    def asked(since):
        return counted_days(session, clerk.id, clerk.office_id, since=since)

    assert asked(days[0]) == [(day, day) for day in days]
    assert asked(days[0] + timedelta(1)) == [(days[1], days[1])]
    a_session(session, clerk)
    assert asked(days[0]) == [], "cash of those days goes into the open one"


def test_sessions_are_numbered_within_their_office(session, clerk):
    stranger = a_staff_member(session, "stranger", office="06")

    numbers = [a_session(session, clerk).account, a_session(session, stranger).account]

    assert numbers == ["drawer:07-1", "drawer:06-1"]
    assert session.scalars(select(func.count()).select_from(CashierSession)).one() == 2


def test_the_boxes_of_the_demo_are_added_once(session):
    load_demo(session, NOON)

    for _each in range(2):
        load_demo_custody(session, NOON)

    assert session.scalars(select(func.count()).select_from(CharityBox)).one() == 3
