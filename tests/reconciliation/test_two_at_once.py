"""Two persons who do the same at the same moment: one does it, the other is told, none meets a 500.

Each has a connection of its own; on PostgreSQL both are in the middle of their act together.
"""

import pytest
from sqlalchemy import func, select

from flows.settlement_reports import import_report
from offices.audit import AuditEntry
from reconciliation.quarantine import QuarantinedRow, QuarantineSolution
from reconciliation.reported import locked_terminal
from reconciliation.reports import SettlementReport, SettlementReportItem
from reconciliation.setting_aside import AlreadySetAside, AlreadySolved, Reading, set_aside, solve
from tests.factories import NOON, a_staff_member
from tests.reconciliation.bank import DAY
from tests.reconciliation.test_quarantine import DEBIT, in_quarantine, refused, unreadable
from tests.reconciliation.test_races import WAIT, Beside
from tests.reconciliation.test_settlements import listed, owed, terminal_id


@pytest.fixture
def people(database):
    with database.writing() as session:
        return [a_staff_member(session, name).id for name in ("one", "two", "three")]


def second_while_first_is_open(database, act, *, by):
    """Let two persons act, the second before the first has committed; what came of the second."""

    def second():
        with database.writing() as session:
            act(session, by[1])

    with database.writing() as session:
        act(session, by[0])
        beside = Beside(second)
        beside.join(WAIT)
        assert beside.is_alive()
    return beside.ended()


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def test_two_who_set_the_same_row_aside_do_it_once(database, people):
    row = refused(database, unreadable(DEBIT), people[0])[1]

    came = second_while_first_is_open(
        database,
        lambda session, by: set_aside(session, row.id, reason="x", set_aside_by_id=by, now=NOON),
        by=people[1:],
    )
    assert isinstance(came, AlreadySetAside)
    assert count(database, QuarantinedRow) == 1


def test_two_refusals_of_one_file_set_its_row_aside_once(database, people):
    data = unreadable(DEBIT)
    refusals = {by: refused(database, data, people[0])[1].id for by in people[1:]}

    came = second_while_first_is_open(
        database,
        lambda session, by: set_aside(
            session, refusals[by], reason="x", set_aside_by_id=by, now=NOON
        ),
        by=people[1:],
    )
    assert isinstance(came, AlreadySetAside)
    assert count(database, QuarantinedRow) == 1


def test_two_who_solve_the_same_line_solve_it_once(database, people):
    line_id = in_quarantine(database, people)

    came = second_while_first_is_open(
        database,
        lambda session, by: solve(
            session, line_id, reading=Reading(-20, DAY), reason="", solved_by_id=by, now=NOON
        ),
        by=people[:2],
    )
    assert isinstance(came, AlreadySolved)
    assert count(database, QuarantineSolution) == 1


def test_two_who_hand_the_same_list_in_add_it_once(database):
    data = listed((1, 1_000_000), (2, 2_000_000))

    def hand_in():
        return import_report(database, data, "list.csv", terminal="mellat-main", now=NOON)

    with database.writing() as session:
        locked_terminal(session, terminal_id(session))
        both = [Beside(hand_in), Beside(hand_in)]
        for each in both:  # both have read the file, and neither knew it
            each.join(4 * WAIT)
            assert each.is_alive()
    taken = [each.ended() for each in both]

    assert sorted(each.new for each in taken) == [False, True]
    assert (count(database, SettlementReport), count(database, SettlementReportItem)) == (1, 2)
    with database.reading() as session:
        noted = AuditEntry.action == "settlement_report.import"
        assert len(session.scalars(select(AuditEntry.id).where(noted)).all()) == 1


def test_a_gift_does_not_wait_for_a_list_that_is_handed_in(database):
    """What a terminal owes refers to it; only another list of it waits."""
    if database.is_sqlite:
        return  # one writes at a time there, and no longer than a moment

    def gift():
        owed(database, 5_000)

    with database.writing() as session:
        locked_terminal(session, terminal_id(session))
        assert Beside(gift).ended() is None
