"""Two people at one desk at the same moment: whoever is second waits, then sees what the first did.

Each test holds the first transaction open until the second one stands before it.
"""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest
from sqlalchemy import func, select

from core.clock import tehran_date
from core.jalali import jalali_plain
from donations.models.contribution import Contribution, Tender
from donations.pledging import CashItem, DonorFacts
from donations.slips import NotInHand
from donations.voiding import ask_for_void
from flows.desk import (
    CashHandedOver,
    SeenBefore,
    WalkIn,
    approve_void,
    drawer,
    hand_over_cash,
    record_walk_in,
)
from flows.lists.cells import HandedIn
from flows.lists.columns import ListKind
from flows.lists.taking import take_list
from offices.holding import hold_office
from offices.places import Office
from offices.scope import EVERYWHERE
from offices.staff import StaffMember
from tests.factories import NOON, a_desk_contribution, a_staff_member, office_id

CASH_RIAL = 1_000_000


@pytest.fixture
def people(database):
    with database.writing() as session:
        return [a_staff_member(session, name).id for name in ("clerk", "other", "manager")]


@pytest.fixture
def asked(database, people):
    """A request to void the only cash in the drawer."""
    with database.writing() as session:
        entry = a_desk_contribution(session, CashItem(CASH_RIAL), staff_id=people[0])
        return ask_for_void(
            session, EVERYWHERE, entry.id, reason="x", asked_by_id=people[0], now=NOON
        ).id


def one_after_the_other(database, first, second):
    """Begin the first, let the second run into it, save the first; what the second came to."""

    def alone():
        with database.writing() as session:
            second(session)

    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            first(session)
            session.flush()
            waiting = pool.submit(alone)
            with pytest.raises(StillWaiting):
                waiting.result(timeout=0.5)
        return waiting.exception(timeout=30)


def test_two_who_hand_in_the_same_list_at_once_record_it_once(database, people):
    rows = [(2, {"received_on": jalali_plain(tehran_date(NOON)), "amount_rial": "2000000"})]
    taken = []

    def by(staff_id):
        def hand_in(session):
            handed_in = HandedIn(EVERYWHERE, staff_id, NOON)
            taken.append(take_list(session, ListKind.WALK_INS, rows, handed_in))

        return hand_in

    assert one_after_the_other(database, by(people[0]), by(people[1])) is None
    assert [(each.new, each.known) for each in taken] == [(1, 0), (0, 1)]


def test_a_list_waits_for_a_form_of_its_clerk_without_holding_the_desk(database, people):
    """Both lock the person before the office; the other way round neither would ever end."""
    rows = [(2, {"received_on": jalali_plain(tehran_date(NOON)), "amount_rial": "2000000"})]

    def alone():
        with database.writing() as session:
            take_list(session, ListKind.WALK_INS, rows, HandedIn(EVERYWHERE, people[0], NOON))

    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            session.get_one(StaffMember, people[0], with_for_update={"key_share": True})
            waiting = pool.submit(alone)
            with pytest.raises(StillWaiting):
                waiting.result(timeout=0.5)
            hold_office(session, office_id(session))
        assert waiting.exception(timeout=30) is None


def free_rial(database):
    with database.reading() as session:
        return drawer(session, session.get_one(Office, office_id(session))).free_rial


def hand_over(people):
    return lambda session: hand_over_cash(
        session,
        office_id(session),
        CASH_RIAL,
        made_by_id=people[0],
        request_key=None,
        now=NOON,
    )


def void(asked, people):
    return lambda session: approve_void(
        session, EVERYWHERE, asked, decided_by_id=people[2], now=NOON
    )


def test_a_void_waits_for_the_slip_that_takes_its_cash(database, people, asked):
    came = one_after_the_other(database, hand_over(people), void(asked, people))

    assert isinstance(came, CashHandedOver)
    assert free_rial(database) == 0


def test_a_slip_waits_for_the_void_that_takes_its_cash(database, people, asked):
    came = one_after_the_other(database, void(asked, people), hand_over(people))

    assert isinstance(came, NotInHand)
    assert free_rial(database) == 0


def test_the_same_cheque_of_two_clerks_at_once_is_one_entry(database, people):
    def enter(staff_id):
        return lambda session: record_walk_in(
            session,
            WalkIn(
                [CashItem(CASH_RIAL)],
                DonorFacts(),
                tender=Tender.CHEQUE,
                cheque_number="123456",
            ),
            office_id=office_id(session),
            staff_id=staff_id,
            request_key=None,
            now=NOON,
        )

    came = one_after_the_other(database, enter(people[0]), enter(people[1]))

    assert isinstance(came, SeenBefore)
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Contribution)).one() == 1
