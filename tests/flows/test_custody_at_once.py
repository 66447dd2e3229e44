"""A drawer at the moment in which it is counted: whoever is second waits, then sees the first."""

import pytest

from donations.custody.counting import CountDecided, DifferenceReasonMissing
from donations.custody.drawers import SessionAlreadyOpen, SessionClosed
from donations.custody.rounds import RoundClosed, RoundCounted
from donations.models.cashier import CashierSession
from donations.models.collection_round import CollectionRound
from donations.models.desk import Decision
from donations.pledging import CashItem
from flows.checking import check_ledger
from flows.collecting import cancel_round, decide_on_round
from flows.custody import decide_on_count
from ledger.postings import balance_rial
from offices.scope import EVERYWHERE
from offices.staff import StaffMember
from tests.custody import a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_desk_contribution, a_staff_member
from tests.flows.test_desk_at_once import one_after_the_other

CASH_RIAL = 500_000


@pytest.fixture
def people(database):
    with database.writing() as session:
        return [a_staff_member(session, name).id for name in ("clerk", "manager", "other")]


@pytest.fixture
def opened(database, people):
    with database.writing() as session:
        return a_session(session, session.get_one(StaffMember, people[0])).id


def receive(people):
    return lambda session: a_desk_contribution(session, CashItem(CASH_RIAL), staff_id=people[0])


def count(opened, people, rial=0, reason=""):
    return lambda session: counted(
        session,
        session.get_one(CashierSession, opened),
        rial,
        by=session.get_one(StaffMember, people[0]),
        reason=reason,
    )


def balances(database):
    with database.reading() as session:
        assert check_ledger(session).ok
        return balance_rial(session, "drawer:07-1"), balance_rial(session, "desk:07")


def test_cash_that_runs_into_a_closing_goes_to_the_desk(database, people, opened):
    came = one_after_the_other(database, count(opened, people), receive(people))

    assert came is None
    assert balances(database) == (0, CASH_RIAL)


def test_a_count_waits_for_the_cash_that_is_on_its_way_into_the_drawer(database, people, opened):
    came = one_after_the_other(database, receive(people), count(opened, people))

    assert isinstance(came, DifferenceReasonMissing)
    assert came.details["expected_rial"] == CASH_RIAL
    assert balances(database) == (CASH_RIAL, 0)


def test_two_counts_at_once_close_a_session_once(database, people, opened):
    came = one_after_the_other(database, count(opened, people), count(opened, people))

    assert isinstance(came, SessionClosed)


def test_somebody_opens_one_drawer_at_a_time(database, people):
    def open_one(session):
        return a_session(session, session.get_one(StaffMember, people[1]))

    assert isinstance(one_after_the_other(database, open_one, open_one), SessionAlreadyOpen)


def test_two_persons_at_once_decide_a_count_once(database, people, opened):
    with database.writing() as session:
        waiting = count(opened, people, 10_000, "یافته")(session).id

    def decide(staff_id):
        return lambda session: decide_on_count(
            session, EVERYWHERE, waiting, Decision.APPROVED, decided_by_id=staff_id, now=NOON
        )

    came = one_after_the_other(database, decide(people[1]), decide(people[2]))

    assert isinstance(came, CountDecided)
    assert balances(database) == (0, 10_000)


def test_two_persons_at_once_close_a_round_once(database, people):
    with database.writing() as session:
        clerk = session.get_one(StaffMember, people[0])
        walked = a_round(session, clerk, a_box(session, clerk))
        found(session, walked, clerk)
        waiting = counted_round(session, walked, clerk, 70_000).id

    def decide(staff_id):
        return lambda session: decide_on_round(
            session, EVERYWHERE, waiting, Decision.APPROVED, decided_by_id=staff_id, now=NOON
        )

    came = one_after_the_other(database, decide(people[1]), decide(people[2]))

    assert came is not None
    with database.reading() as session:
        assert balance_rial(session, "desk:07") == 70_000


@pytest.mark.parametrize("is_cancelled_first", [True, False])
def test_a_round_is_cancelled_or_counted_and_never_both(database, people, is_cancelled_first):
    with database.writing() as session:
        clerk = session.get_one(StaffMember, people[0])
        walked = a_round(session, clerk, a_box(session, clerk))
        found(session, walked, clerk)

    def count_it(session):
        clerk = session.get_one(StaffMember, people[0])
        counted_round(session, session.get_one(CollectionRound, walked.id), clerk, 70_000)

    def cancel_it(session):
        cancel_round(session, EVERYWHERE, walked.id, "باران", cancelled_by_id=people[1], now=NOON)

    acts = (cancel_it, count_it) if is_cancelled_first else (count_it, cancel_it)
    came = one_after_the_other(database, *acts)

    assert isinstance(came, RoundClosed if is_cancelled_first else RoundCounted)
    with database.reading() as session:
        assert check_ledger(session).ok
