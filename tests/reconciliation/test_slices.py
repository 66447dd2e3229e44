"""Slices of a run: how large they are, what they leave behind, and what the database refuses."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from core.database import Database
from donations.pledging import CashItem
from flows.reconciling import run
from flows.undoing import undo_run
from reconciliation.expected import LineClaim
from reconciliation.matches import Match, ReconciliationRun, RunSlice, RunState
from reconciliation.pacing import SLICE_LINES, Pace, Rest
from reconciliation.reviewing import standing_in_run
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import Booking, fee


@pytest.fixture
def three_fees(imported):
    imported([fee(1_000), fee(2_000), fee(3_000)])


# How large


def test_a_slice_grows_while_it_is_quick_and_at_most_to_twice_the_last_one():
    pace = Pace()
    pace.lasted(0.01)

    assert pace.lines == 2 * SLICE_LINES


def test_a_slice_that_took_too_long_is_followed_by_a_smaller_one():
    pace = Pace()
    pace.lasted(0.5)

    assert pace.lines == SLICE_LINES * 4 // 5


def test_no_slice_is_so_small_that_its_pages_are_written_for_nothing():
    pace = Pace()
    for _ in range(10):
        pace.lasted(9)

    assert pace.lines == 5_000


def test_a_number_of_lines_that_was_asked_for_stays():
    pace = Pace(7)
    pace.lasted(9)

    assert pace.lines == 7


def test_a_run_rests_longer_where_somebody_else_writes(database):
    """On SQLite; PostgreSQL lets others write meanwhile."""
    rest = Rest()
    for _ in range(2):
        with database.writing() as session:
            rest.look(session)
    alone = rest.seconds
    elsewhere = Database(database.engine.url.render_as_string(hide_password=False))
    with elsewhere.writing() as other:
        other.add(ReconciliationRun(**_a_run()))
    elsewhere.engine.dispose()
    with database.writing() as session:
        rest.look(session)

    assert (alone < rest.seconds) is database.is_sqlite


# What they leave behind


@pytest.mark.usefixtures("three_fees")
def test_the_matches_of_a_run_are_known_by_its_slices(database, now):
    done = run(database, now=now, slice_lines=2)

    with database.reading() as session:
        ranges = session.execute(
            select(RunSlice.first_match_id, RunSlice.last_match_id).order_by(RunSlice.id)
        ).all()
        ids = session.scalars(select(Match.id).order_by(Match.id)).all()
        assert [tuple(each) for each in ranges] == [(ids[0], ids[1]), (ids[2], ids[2])]
        assert standing_in_run(session, done.run) == 3


@pytest.mark.usefixtures("three_fees")
def test_a_match_of_another_run_among_the_ids_of_a_slice_is_left_alone(database, now):
    """On PostgreSQL somebody may write by hand while a slice is being written."""
    run(database, now=now)
    with database.writing() as session:
        other = ReconciliationRun(**_a_run())
        session.add(other)
        session.flush()
        first, last = session.execute(select(RunSlice.first_match_id, RunSlice.last_match_id)).one()
        session.add(RunSlice(run_id=other.id, first_match_id=first, last_match_id=last))
        other_id = other.id

    assert undo_run(database, other_id, reason="آزمایش", now=now) == 0


# What the database refuses


def test_a_claim_of_no_line_is_refused(database):
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(LineClaim(line_id=404))


@pytest.mark.usefixtures("three_fees")
def test_a_slice_of_no_run_is_refused(database, now):
    run(database, now=now)
    with pytest.raises(IntegrityError), database.writing() as session:
        match_id = session.scalars(select(Match.id)).first()
        session.add(RunSlice(run_id=404, first_match_id=match_id, last_match_id=match_id))


@pytest.mark.usefixtures("three_fees")
@pytest.mark.parametrize("column", ["rule", "target"])
def test_a_match_by_no_rule_or_with_no_target_is_refused(database, now, column):
    run(database, now=now)
    columns = ["line_id", "rule", "target", "amount_rial", "made_at"]
    values = ", ".join("'nonsense'" if each == column else each for each in columns)
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(
            text(f'INSERT INTO "match" ({", ".join(columns)}) SELECT {values} FROM "match"')  # noqa: S608  names of columns
        )


def test_the_first_of_equal_deposits_in_order_of_the_days_is_met(database, imported, now):
    """Whatever the order in which a slice is written."""
    with database.writing() as session:
        code = a_pledge(session, CashItem(5_000)).deposit_id
    imported([Booking(9), Booking(5_000, deposit_id=code), Booking(5_000, deposit_id=code)])
    run(database, now=now)

    with database.reading() as session:
        lines = session.scalars(select(Match.line_id)).all()
        twins = (
            session.execute(
                text("SELECT id FROM statement_line WHERE amount_rial = 5000 ORDER BY id")
            )
            .scalars()
            .all()
        )
    assert lines == [twins[0]]


def _a_run():
    return {"state": RunState.FINISHED, "started_at": NOON, "touched_at": NOON}
