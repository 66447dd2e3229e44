"""Signing a day beside an import, a run, an act by hand, an undo: one comes first, never both."""

import threading

import pytest
from sqlalchemy import select

from core.refusals import Refusal
from donations.pledging import CashItem
from flows import closing
from flows.by_hand import assign
from flows.checking import check_ledger
from flows.importing import import_statement
from flows.reconciling import run
from flows.undoing import undo_line
from reconciliation.day_sheets import DaySheet
from reconciliation.lines import StatementLine
from reconciliation.locks import AccountLock, DayLocked
from reconciliation.running import begin_run
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import as_csv, cells
from tests.reconciliation.closings import LATER, YESTERDAY, Closer, import_rows, two_days
from tests.reconciliation.test_races import WAIT, Beside, SlowRun


@pytest.fixture
def closer(database):
    return Closer(database)


@pytest.fixture
def bookings(database):
    """Two days of rows, imported; no rule has looked at them."""
    rows = two_days(database)
    import_rows(database, rows)
    return rows


def holds(database):
    """Whether everything signed is proved by the books, and nothing is broken."""
    with database.reading() as session:
        return [check.detail for check in check_ledger(session).checks if not check.ok]


def is_locked(database):
    with database.reading() as session:
        return session.scalars(select(AccountLock.closed_through)).first() == YESTERDAY


class Paused:
    """An act whose transaction stands open until somebody lets it commit."""

    def __init__(self, database, act):
        self.is_done, self.may_commit = threading.Event(), threading.Event()

        def held():
            with database.writing() as session:
                act(session)
                self.is_done.set()
                assert self.may_commit.wait(30)

        self.thread = Beside(held)
        assert self.is_done.wait(30)

    def ended(self):
        self.may_commit.set()
        return self.thread.ended()


def signing(database, closer, sheet_id):
    return Paused(
        database,
        lambda session: closing.sign_day(session, sheet_id, signed_by_id=closer.second, now=NOON),
    )


def by_hand(closer, line_id, pledge_id):
    return lambda session: assign(session, line_id, pledge_id, made_by_id=closer.first, now=LATER)


@pytest.fixture
def stranger(database, closer, bookings):
    """An open line that a person will explain, and the pledge it is for."""
    assert bookings[3].rial == 123_456
    with database.writing() as session:
        return closer.line(123_456), a_pledge(session, CashItem(123_456)).id


def in_a_transaction(database, act):
    def done():
        with database.writing() as session:
            act(session)

    return done


def test_an_assignment_by_hand_that_comes_first_refuses_the_signature(database, closer, stranger):
    sheet_id = closer.prepare()
    hand = Paused(database, by_hand(closer, *stranger))
    signature = Beside(lambda: closer.sign(sheet_id))
    signature.join(WAIT)
    assert signature.is_alive()

    assert hand.ended() is None
    assert isinstance(signature.ended(), Refusal)
    assert not is_locked(database)
    assert holds(database) == []


def test_an_assignment_by_hand_that_comes_later_is_booked_today(database, closer, stranger):
    signature = signing(database, closer, closer.prepare())
    hand = Beside(in_a_transaction(database, by_hand(closer, *stranger)))
    hand.join(WAIT)
    assert hand.is_alive()

    assert (signature.ended(), hand.ended()) == (None, None)
    assert is_locked(database)
    assert holds(database) == []


@pytest.mark.usefixtures("bookings")
def test_a_slice_that_comes_first_refuses_the_signature(database, closer):
    sheet_id = closer.prepare()
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=None, now=NOON)
    slow = SlowRun(database, run_id, begun_at=NOON)
    running = Beside(slow.through_all_rules)
    assert slow.is_booked.wait(30)
    signature = Beside(lambda: closer.sign(sheet_id))
    signature.join(WAIT)
    assert signature.is_alive()
    slow.may_commit.set()

    assert isinstance(signature.ended(), Refusal)
    assert running.ended() is None
    assert holds(database) == []


@pytest.mark.usefixtures("bookings")
def test_a_run_that_begins_while_a_day_is_signed_finds_nothing_of_it(database, closer):
    signature = signing(database, closer, closer.prepare())
    running = Beside(lambda: run(database, now=LATER).matched)
    running.join(WAIT)
    assert running.is_alive()

    assert signature.ended() is None
    assert running.ended() == 0
    assert is_locked(database)
    assert holds(database) == []


def test_an_import_that_waited_for_a_signature_is_refused(database, closer, bookings):
    signature = signing(database, closer, closer.prepare())
    earlier = as_csv(cells([bookings[3]], opening_rial=10_000_000 - 123_456))

    def bring():
        import_statement(database, earlier, "earlier.csv", account="90190", now=LATER)

    importing = Beside(bring)
    assert signature.ended() is None
    assert isinstance(importing.ended(), DayLocked)
    assert holds(database) == []


@pytest.mark.usefixtures("bookings")
def test_an_undo_that_waited_for_a_signature_is_refused(database, closer):
    run(database, now=NOON)
    line_id = closer.line(2_500_000)
    signature = signing(database, closer, closer.prepare())
    undoing = Beside(
        in_a_transaction(
            database,
            lambda session: undo_line(
                session, line_id, reason="x", undone_by_id=closer.first, now=LATER
            ),
        )
    )
    undoing.join(WAIT)
    assert undoing.is_alive()

    assert signature.ended() is None
    assert isinstance(undoing.ended(), DayLocked)
    assert holds(database) == []


@pytest.mark.usefixtures("bookings")
def test_two_who_sign_at_once_sign_once(database, closer):
    sheet_id = closer.prepare()
    signature = signing(database, closer, sheet_id)
    second = Beside(lambda: closer.sign(sheet_id))

    assert signature.ended() is None
    assert isinstance(second.ended(), DayLocked)
    with database.reading() as session:
        assert session.scalars(select(DaySheet.version)).all() == [1]
        assert session.scalars(select(StatementLine.id)).first() is not None
