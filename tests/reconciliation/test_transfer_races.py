"""The two sides of a transfer, taken back at the same moment: of signed days, of imports."""

import threading
from contextlib import suppress

import pytest
from sqlalchemy import func, select

from donations.models.desk import Decision
from flows import closing, importing
from flows.by_hand import mark_transfer
from flows.importing import import_statement, undo_import
from reconciliation.day_sheets import DayChangeDecision
from reconciliation.lines import StatementFile, StatementImportUndo
from reconciliation.matches import MatchUndo
from reconciliation.undoing import UndoneMeanwhile
from tests.factories import NOON
from tests.reconciliation.bank import DAY, Booking, as_csv, cells
from tests.reconciliation.closings import LATER, YESTERDAY, Closer
from tests.reconciliation.test_importing import an_account
from tests.reconciliation.test_races import WAIT, Beside

RIAL = 3_000_000


@pytest.fixture
def closer(database):
    return Closer(database)


@pytest.fixture
def sides(database):
    """Two accounts, and the line of each that may be a side of a transfer."""
    sides = {"90190": RIAL, an_account(database): -RIAL}
    for account, rial in sides.items():
        rows = [Booking(rial, day=YESTERDAY), Booking(5, day=DAY)]
        import_statement(database, as_csv(cells(rows)), "s.csv", account=account, now=NOON)
    return sides


def mark(session, closer, sides):
    """Say that the two lines are a transfer."""
    mark_transfer(session, *map(closer.line, sides.values()), made_by_id=closer.first, now=NOON)


@pytest.fixture
def asked(database, closer, sides):
    """Both sides of a transfer in signed days of their accounts; the requests to undo each."""
    with database.writing() as session:
        mark(session, closer, sides)
    for account in sides:
        with database.writing() as session:
            sheet = closing.prepare_day(
                session, account, YESTERDAY, prepared_by_id=closer.first, now=NOON
            ).id
        closer.sign(sheet)
    return [closer.ask_to_undo(closer.line(rial)) for rial in sides.values()]


def count(database, model):
    with database.reading() as session:
        return session.scalar(select(func.count()).select_from(model))


def test_both_sides_undone_at_once_are_undone_once(database, closer, asked, monkeypatch):
    both_decided, undo_line = threading.Barrier(2), closing.undo_line

    def after_the_other_decided(*args, **options):
        with suppress(threading.BrokenBarrierError):
            both_decided.wait(2 * WAIT)
        undo_line(*args, **options)

    monkeypatch.setattr(closing, "undo_line", after_the_other_decided)
    deciding = [Beside(lambda id_=id_: closer.decide(id_)) for id_ in asked]
    came = [each.ended() for each in deciding]

    assert {type(each) for each in came} == {type(None), UndoneMeanwhile}
    assert count(database, MatchUndo) == 2
    assert count(database, DayChangeDecision) == 1


def test_a_request_whose_line_was_undone_with_the_other_side_can_still_be_declined(
    database, closer, asked
):
    closer.decide(asked[0])
    with pytest.raises(UndoneMeanwhile):
        closer.decide(asked[1])

    closer.decide(asked[1], Decision.DECLINED, now=LATER)
    assert count(database, DayChangeDecision) == 2


def take_back(database, file_id):
    return Beside(lambda: undo_import(database, file_id, reason="آزمایش", now=LATER))


def file_ids(database):
    with database.reading() as session:
        return session.scalars(select(StatementFile.id).order_by(StatementFile.id)).all()


def test_the_imports_of_both_sides_are_taken_back_at_once(database, closer, sides, monkeypatch):
    with database.writing() as session:
        mark(session, closer, sides)
    both_hold, look = threading.Barrier(2), importing.refuse_locked_lines

    def with_the_other_beside(*args):
        with suppress(threading.BrokenBarrierError):
            both_hold.wait(2 * WAIT)
        look(*args)

    monkeypatch.setattr(importing, "refuse_locked_lines", with_the_other_beside)
    undoing = [take_back(database, id_) for id_ in file_ids(database)]

    assert [each.ended() for each in undoing] == [None, None]
    assert (count(database, StatementImportUndo), count(database, MatchUndo)) == (2, 2)


def test_a_transfer_marked_while_its_import_is_taken_back_goes_with_it(database, closer, sides):
    lines = [closer.line(rial) for rial in sides.values()]
    with database.writing() as session:
        mark_transfer(session, *lines, made_by_id=closer.first, now=NOON)
        undoing = take_back(database, file_ids(database)[-1])
        undoing.join(WAIT)
        assert undoing.is_alive()

    assert undoing.ended() is None
    assert (count(database, StatementImportUndo), count(database, MatchUndo)) == (1, 2)
