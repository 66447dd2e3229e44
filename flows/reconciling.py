"""Reconciling: the sure rules run in slices, each committed with its bookings; and their undo."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeAlias

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from core.database import Base, Database, Id
from core.refusals import NotFound
from donations.models.pledge import PledgeItem
from flows.booking import book_found, drop_unpromised
from flows.unbooking import undo_chosen
from offices.audit import note
from reconciliation.assigning import find_by_hand, find_fee_by_hand
from reconciliation.batches import Batch, in_slices, sure_batches
from reconciliation.checking import refuse_broken_run
from reconciliation.expected import ExpectedDeposit, ExpectedTerminalMoney, OpenLine
from reconciliation.found import LostRace, gather_statistics, prefer_indexes
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Rule, RunState
from reconciliation.matching import (
    SLICE_LINES,
    Finder,
    Key,
    close_deposits,
    close_fees,
    find_deposits,
    find_fees,
    write_matches,
)
from reconciliation.running import begin_run, finish_run, touch, undoable_run
from reconciliation.settling import (
    close_batches,
    close_references,
    find_batches,
    find_references,
)
from reconciliation.suggesting import suggested_count
from reconciliation.undoing import choose_to_undo, standing_lines_of_run
from reconciliation.worktables import WORK_TABLES

_TRIES = 3
# What a run walks over or looks up; an import or a day of gifts may have changed their size.
READ_BY_RUNS: tuple[type[Base], ...] = (
    *WORK_TABLES,
    ExpectedDeposit,
    ExpectedTerminalMoney,
    StatementLine,
    PledgeItem,
)

Close: TypeAlias = Callable[[Session], None]
Progress: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run came to, in lines."""

    run: int
    matched: int
    open: int
    suggested: int
    by_rule: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The fields other programs build on (DESIGN 9)."""
        return {
            "run": self.run,
            "matched": self.matched,
            "open": self.open,
            "suggested": self.suggested,
            "by_rule": dict(self.by_rule),
        }


def run(
    database: Database,
    *,
    started_by_id: int | None = None,
    now: datetime,
    on_progress: Progress | None = None,
) -> RunReport:
    """Let every sure rule look at everything that is open. Raises RunInProgress.

    A run that died is gone on with: what it had matched stands, and counts. ``on_progress`` is
    told how many lines are explained so far.
    """
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=started_by_id, now=now)
        note(
            session,
            "reconciliation.run",
            subject="reconciliation_run",
            subject_id=run_id,
            now=now,
            actor_id=started_by_id,
        )
    with database.writing() as session:
        gather_statistics(session, READ_BY_RUNS)
    at_work = Run(database, run_id, begun_at=now, on_progress=on_progress)
    at_work.through_all_rules()
    with database.reading() as session:
        refuse_broken_run(session, run_id)
    at_work.finish()
    with database.reading() as session:
        return _report(session, run_id)


def undo_run(
    database: Database,
    run_id: int,
    *,
    reason: str,
    undone_by_id: int | None = None,
    now: datetime,
    on_progress: Progress | None = None,
) -> int:
    """Undo every match of a run that still stands; returns how many lines are open again.

    Goes by slices, each whole; after an interruption, calling it again goes on. Raises NotFound,
    RunInProgress.
    """
    with database.reading() as session:
        undoable_run(session, run_id, now=now)
    undone = 0
    while True:
        with database.writing() as session:
            prefer_indexes(session)
            count = choose_to_undo(session, standing_lines_of_run(run_id, SLICE_LINES))
            if count == 0:
                undoable_run(session, run_id, now=now).state = RunState.UNDONE
                note(
                    session,
                    "reconciliation.undo_run",
                    subject="reconciliation_run",
                    subject_id=run_id,
                    now=now,
                    actor_id=undone_by_id,
                    reason=reason,
                )
                return undone
            undo_chosen(session, reason=reason, undone_by_id=undone_by_id, now=now)
        undone += count
        if on_progress is not None:
            on_progress(undone)


def undo_line(
    session: Session, line_id: int, *, reason: str, undone_by_id: int | None, now: datetime
) -> None:
    """Undo everything that explains a line. Raises NotFound where nothing does."""
    line = select(literal(line_id, Id).label("line_id"))
    if choose_to_undo(session, line) == 0:
        raise NotFound(subject="match")
    undo_chosen(session, reason=reason, undone_by_id=undone_by_id, now=now)
    note(
        session,
        "reconciliation.undo_line",
        subject="statement_line",
        subject_id=line_id,
        now=now,
        actor_id=undone_by_id,
        reason=reason,
    )


class Run:
    """A run at work: its slices one after the other, each in a transaction of its own."""

    def __init__(
        self,
        database: Database,
        run_id: int,
        *,
        begun_at: datetime,
        on_progress: Progress | None = None,
    ) -> None:
        self.matched: Counter[Rule] = Counter()
        self._database = database
        self._run_id = run_id
        self._begun_at = begun_at
        self._begun = monotonic()
        self._touched_at = begun_at
        self._on_progress = on_progress

    def through_all_rules(self) -> None:
        """The rules in their order; each sees what the ones before it left open."""
        self._walk(find_deposits, close_deposits)
        self._walk(find_references, close_references)
        with self._database.reading() as session:
            batches = sure_batches(session)
        for slice_ in in_slices(batches):
            self._settle(slice_)
        self._walk(find_fees, close_fees)

    def finish(self) -> None:
        """Say that everything has been looked at."""
        with self._database.writing() as session:
            finish_run(session, self._run_id, last=self._touched_at, now=self._now)

    def prepare(self, session: Session) -> None:
        """Leave out of a slice what must not be booked, before it is written."""
        drop_unpromised(session)

    def book(self, session: Session) -> None:
        """Do what the matches of a slice cause, in their transaction."""
        book_found(session, now=self._now)

    @property
    def _now(self) -> datetime:
        return self._begun_at + timedelta(seconds=monotonic() - self._begun)

    def _walk(self, find: Finder, close: Close) -> None:
        after: Key | None = None

        def look(session: Session) -> Key | None:
            return find(session, after, SLICE_LINES)

        while (after := self._slice(look, close)) is not None:
            pass

    def _settle(self, batches: Sequence[Batch]) -> None:
        # Money of these batches may move while the run looks: then they wait for the next run.
        with suppress(LostRace):
            self._slice(lambda session: find_batches(session, batches), close_batches)

    def _slice(self, find: Callable[[Session], Key | None], close: Close) -> Key | None:
        for _try in range(_TRIES - 1):
            with suppress(LostRace):
                return self._one_slice(find, close)
        return self._one_slice(find, close)

    def _one_slice(self, find: Callable[[Session], Key | None], close: Close) -> Key | None:
        now = self._now
        with self._database.writing() as session:
            prefer_indexes(session)
            until = find(session)
            self.prepare(session)
            counts = write_matches(session, run_id=self._run_id, made_by_id=None, now=now)
            if counts:
                close(session)
                self.book(session)
            touch(session, self._run_id, last=self._touched_at, now=now)
        self._touched_at = now
        self.matched.update(counts)
        if self._on_progress is not None:
            self._on_progress(self.matched.total())
        return until


def _report(session: Session, run_id: int) -> RunReport:
    by_rule = session.execute(
        select(Match.rule, func.count(Match.line_id.distinct()))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(Match.run_id == run_id, MatchUndo.id.is_(None))
        .group_by(Match.rule)
        .order_by(Match.rule)
    ).all()
    return RunReport(
        run=run_id,
        matched=sum(count for _rule, count in by_rule),
        open=session.scalars(select(func.count()).select_from(OpenLine)).one(),
        suggested=suggested_count(session),
        by_rule={rule.value: count for rule, count in by_rule},
    )


def assign(
    session: Session,
    line_id: int,
    pledge_id: int,
    *,
    as_given: bool = False,
    made_by_id: int,
    now: datetime,
) -> None:
    """Say that an open line is the money of a pledge, and book it as the rules would.

    Raises what ``reconciliation.assigning.find_by_hand`` raises.
    """
    find_by_hand(session, line_id, pledge_id, as_given=as_given)
    _write_by_hand(session, line_id, "reconciliation.assign", made_by_id=made_by_id, now=now)


def mark_fee(session: Session, line_id: int, *, made_by_id: int, now: datetime) -> None:
    """Say that an open debit is a fee of the bank.

    Raises what ``reconciliation.assigning.find_fee_by_hand`` raises.
    """
    find_fee_by_hand(session, line_id)
    _write_by_hand(session, line_id, "reconciliation.mark_fee", made_by_id=made_by_id, now=now)


def _write_by_hand(
    session: Session, line_id: int, action: str, *, made_by_id: int, now: datetime
) -> None:
    write_matches(session, run_id=None, made_by_id=made_by_id, now=now)
    book_found(session, recorded_by_id=made_by_id, now=now)
    note(
        session,
        action,
        subject="statement_line",
        subject_id=line_id,
        now=now,
        actor_id=made_by_id,
    )
