"""Runs, undos and imports at the same moment: whole slices wait for each other, or one refuses."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound, Refusal
from donations.models.contribution import Contribution, ContributionReversal
from donations.models.pledge import PledgeItem
from donations.pledging import CashItem
from flows.checking import check_ledger
from flows.importing import undo_import
from flows.reconciling import Run, run
from flows.undoing import undo_line, undo_run
from receipts.life.series import Receipt, ReceiptVoid
from reconciliation.expected import LineClaim, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, ReconciliationRun, RunState
from reconciliation.running import RunInProgress, begin_run
from tests.factories import a_pledge
from tests.reconciliation.bank import Booking, fee

WAIT = 0.3  # long enough to see that somebody waits, seconds


class SlowRun(Run):
    """A run whose first slice is booked and not committed until somebody lets it go."""

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.is_booked = threading.Event()
        self.may_commit = threading.Event()

    def book(self, session):
        super().book(session)
        self.is_booked.set()
        assert self.may_commit.wait(30)


class Beside(threading.Thread):
    """Something that is done in another session meanwhile; keeps what came of it."""

    def __init__(self, act):
        super().__init__()
        self.act = act
        self.came = None
        self.start()

    def run(self):
        try:
            self.came = self.act()
        except Exception as trouble:
            self.came = trouble

    def ended(self):
        self.join(30)
        assert not self.is_alive()
        return self.came


@pytest.fixture
def pledges(database, imported):
    """Three pledges and the lines that pay them."""
    with database.writing() as session:
        made = [a_pledge(session, CashItem(1_000 + at)) for at in range(3)]
    imported([Booking(1_000 + at, deposit_id=made[at].deposit_id) for at in range(3)])
    return made


def first(database, column):
    with database.reading() as session:
        return session.scalars(select(column).order_by(column)).first()


def standing(database):
    with database.reading() as session:
        return session.scalars(
            select(Match.id)
            .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
            .where(MatchUndo.id.is_(None))
        ).all()


def faults(database):
    with database.reading() as session:
        return [check.detail for check in check_ledger(session).checks if not check.ok]


@pytest.mark.usefixtures("pledges")
def test_an_import_is_taken_back_after_the_slice_that_is_explaining_it(database, now, books_agree):
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=None, now=now)
    slow = SlowRun(database, run_id, begun_at=now)
    running = Beside(slow.through_all_rules)
    assert slow.is_booked.wait(30)
    file_id = first(database, StatementLine.statement_file_id)
    undoing = Beside(lambda: undo_import(database, file_id, reason="پرونده دیگری", now=now))
    undoing.join(WAIT)
    assert undoing.is_alive()
    slow.may_commit.set()

    assert (running.ended(), undoing.ended()) == (None, None)
    assert standing(database) == []
    with database.reading() as session:
        assert len(session.scalars(select(Receipt.id)).all()) == 3
        assert len(session.scalars(select(ReceiptVoid.id)).all()) == 3
    books_agree()
    assert faults(database) == []


@pytest.mark.usefixtures("pledges")
def test_two_who_undo_the_same_line_undo_it_once(database, now):
    run(database, now=now)
    chosen = first(database, StatementLine.id)

    def undo(session):
        undo_line(session, chosen, reason="نادرست", undone_by_id=None, now=now)

    def second():
        with database.writing() as session:
            undo(session)

    with database.writing() as session:
        undo(session)
        beside = Beside(second)
        beside.join(WAIT)
        assert beside.is_alive()
    assert isinstance(beside.ended(), Refusal)
    with database.reading() as session:
        assert len(session.scalars(select(ContributionReversal.id)).all()) == 1
    assert faults(database) == []


@pytest.mark.usefixtures("pledges")
def test_a_line_undone_by_hand_meanwhile_does_not_stop_the_undo_of_its_run(database, now):
    done = run(database, now=now)
    chosen = first(database, StatementLine.id)
    with database.writing() as session:
        undo_line(session, chosen, reason="نادرست", undone_by_id=None, now=now)
        beside = Beside(lambda: undo_run(database, done.run, reason="آزمایش", now=now))
        beside.join(WAIT)
        assert beside.is_alive()

    assert beside.ended() == 2
    assert standing(database) == []
    assert faults(database) == []


# The slot


def state_of(database, run_id):
    with database.reading() as session:
        return session.get_one(ReconciliationRun, run_id).state


@pytest.mark.usefixtures("pledges")
def test_no_run_begins_between_the_slices_of_an_undo(database, now):
    done = run(database, now=now)
    came = []

    def between(_undone):
        for act in (
            lambda: run(database, now=now),
            lambda: undo_run(database, done.run, reason="آزمایش", now=now),
        ):
            with pytest.raises(RunInProgress) as refused:
                act()
            came.append(refused.type)

    undone = undo_run(
        database, done.run, reason="آزمایش", now=now, on_progress=between, slice_lines=1
    )
    assert undone == 3
    assert len(came) == 6
    assert state_of(database, done.run) is RunState.UNDONE
    assert run(database, now=now).matched == 3


@pytest.mark.usefixtures("pledges")
@pytest.mark.parametrize("goes_on", ["run", "undo"])
def test_an_undo_that_died_keeps_nobody_out_for_long(database, now, goes_on, books_agree):
    done = run(database, now=now)
    with database.writing() as session:
        session.execute(update(ReconciliationRun).values(state="undoing", slot=1, touched_at=now))
    later = now + timedelta(minutes=3)
    with pytest.raises(RunInProgress):
        run(database, now=now + timedelta(minutes=1))
    if goes_on == "run":
        assert run(database, now=later).run != done.run
        assert state_of(database, done.run) is RunState.FINISHED
    else:
        assert undo_run(database, done.run, reason="آزمایش", now=later) == 3
        assert state_of(database, done.run) is RunState.UNDONE
    books_agree()


@pytest.mark.usefixtures("pledges")
def test_an_undo_that_is_cut_off_leaves_the_slot_to_others(database, now):
    done = run(database, now=now)

    def cut_off(_undone):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        undo_run(database, done.run, reason="x", now=now, on_progress=cut_off, slice_lines=1)
    assert state_of(database, done.run) is RunState.FINISHED
    assert run(database, now=now).matched == 1


def test_the_database_has_one_slot(database, now):
    """The guard behind the refusal: two at work at once cannot be written down."""
    rows = [{"state": "running", "slot": 1, "started_at": now, "touched_at": now}] * 2
    with database.writing() as session, pytest.raises(IntegrityError):
        session.execute(insert(ReconciliationRun), rows)
    with database.writing() as session, pytest.raises(IntegrityError):
        session.execute(insert(ReconciliationRun), [{**rows[0], "slot": None}])


# Slices that lose


class Unprepared(Run):
    """A run that leaves nothing out."""

    def prepare(self, session):
        """Nothing is looked at once more."""


@pytest.mark.parametrize("kind", [Run, Unprepared])
def test_pledges_that_swapped_their_amounts_are_not_booked_though_the_sum_agrees(
    database, imported, now, kind
):
    """Without looking at each match, 300 would be booked for 500 and 500 for 300."""
    with database.writing() as session:
        made = [a_pledge(session, CashItem(100), CashItem(rial)) for rial in (200, 400)]
        for pledge, rial in zip(made, (400, 200), strict=True):
            session.execute(
                update(PledgeItem)
                .where(PledgeItem.pledge_id == pledge.id, PledgeItem.amount_rial > 100)
                .values(amount_rial=rial)
            )
    imported(
        [
            *(
                Booking(rial, deposit_id=pledge.deposit_id)
                for pledge, rial in zip(made, (300, 500), strict=True)
            ),
            fee(7),
        ]
    )
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=None, now=now)
    at_work = kind(database, run_id, begun_at=now)
    at_work.through_all_rules()
    at_work.finish()

    assert dict(at_work.matched) == {"bank_fee": 1}
    assert first(database, Contribution.id) is None


@pytest.mark.usefixtures("pledges")
def test_a_slice_that_loses_every_race_is_left_to_the_next_run(database, now):
    """Only the slice: the ones after it are explained and the run comes to its end."""
    with database.writing() as session:
        lost = session.scalars(select(OpenLine.line_id).order_by(OpenLine.line_id)).first()
        session.execute(OpenLine.__table__.delete().where(OpenLine.line_id == lost))
    done = run(database, now=now, slice_lines=1)

    assert done.matched == 2
    assert state_of(database, done.run) is RunState.FINISHED
    with database.writing() as session:
        line = session.get_one(StatementLine, lost)
        session.add(
            OpenLine(
                line_id=lost,
                bank_account_id=line.bank_account_id,
                booked_on=line.booked_on,
                amount_rial=line.amount_rial,
            )
        )
    assert run(database, now=now).matched == 1


# One explanation for each line


@pytest.fixture
def reopened_fee(database, imported, now):
    """A fee that is explained, and by a defect stands among the open lines once more."""
    imported([fee(50)])
    run(database, now=now)
    with database.writing() as session:
        line = session.scalars(select(StatementLine)).one()
        facts = {"line_id": line.id, "bank_account_id": line.bank_account_id, "amount_rial": -50}
        for table, more in (("open_line", {"booked_on": line.booked_on}), ("open_fee_line", {})):
            session.execute(insert(OpenLine.metadata.tables[table]), {**facts, **more})


@pytest.mark.usefixtures("reopened_fee")
def test_the_database_refuses_a_second_explanation_of_a_line(database, now):
    with pytest.raises(IntegrityError):
        run(database, now=now)
    assert len(standing(database)) == 1


@pytest.mark.usefixtures("reopened_fee")
def test_without_its_claim_a_line_would_be_explained_twice(database, now):
    """The twin of the guard: with the claims gone, the fee is booked once more."""
    with database.writing() as session:
        session.execute(LineClaim.__table__.delete())
    with pytest.raises(Exception, match="do not sum"):
        run(database, now=now)
    assert len(standing(database)) == 2


@pytest.mark.usefixtures("pledges")
def test_what_was_undone_is_nobody_s_again(database, now):
    done = run(database, now=now)
    assert first(database, LineClaim.line_id) is not None
    undo_run(database, done.run, reason="آزمایش", now=now)
    assert first(database, LineClaim.line_id) is None
    with database.writing() as session, pytest.raises(NotFound):
        undo_line(session, 1, reason="x", undone_by_id=None, now=now)
