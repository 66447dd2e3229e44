"""Reconciling: the sure rules run in slices, each committed with its bookings; and by hand."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.database import Base, Database
from donations.models.pledge import PledgeItem
from flows.booking import book_found, drop_unpromised
from offices.audit import note
from reconciliation.apart_fees import find_apart_fees
from reconciliation.batches import SLICE_ITEMS, Batch, in_slices, sure_batches
from reconciliation.checking import refuse_broken_run
from reconciliation.expected import ExpectedDeposit, ExpectedTerminalMoney, OpenLine
from reconciliation.found import LostRace, gather_statistics
from reconciliation.leftovers import sure_reversals
from reconciliation.lines import StatementLine
from reconciliation.locks import drop_locked
from reconciliation.matches import Match, MatchUndo, Rule, RunSlice, RunState, Target, is_of_run
from reconciliation.matching import (
    Finder,
    Key,
    close_deposits,
    close_fees,
    find_deposits,
    find_fees,
    found_lines,
    write_matches,
)
from reconciliation.midnight import Moved, shifted_batches
from reconciliation.pacing import SLICE_LINES, Pace
from reconciliation.refunds import close_refunds, find_refunds
from reconciliation.reported import (
    close_reports,
    find_reports,
    in_report_slices,
    sure_reports,
)
from reconciliation.rounding import rounded_batches
from reconciliation.rules import RuleMode, modes_on
from reconciliation.rules_card import sure_cards
from reconciliation.rules_found import (
    Part,
    Whole,
    close_parts,
    drop_torn_lines,
    find_parts,
    wholes_in_slices,
)
from reconciliation.rules_shadow import hold_back
from reconciliation.running import Turn, begin_run, note_progress
from reconciliation.settling import (
    close_batches,
    close_references,
    find_batches,
    find_references,
)
from reconciliation.splitting import sure_splits
from reconciliation.suggesting import suggested_count
from reconciliation.worktables import WORK_TABLES

log = logging.getLogger(__name__)

_TRIES = 3
# What a run walks over or looks up; an import or a day of gifts may have changed their size.
READ_BY_RUNS: tuple[type[Base], ...] = (
    *WORK_TABLES,
    ExpectedDeposit,
    ExpectedTerminalMoney,
    StatementLine,
    PledgeItem,
)

Find: TypeAlias = Callable[[Session], object]
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
    slice_lines: int | None = None,
) -> RunReport:
    """Let every sure rule look at everything that is open. Raises RunInProgress.

    A run that died is gone on with: what it had matched stands, and counts. ``on_progress`` is
    told how many lines are explained so far. Slices are paced by time, unless told their lines.
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
    at_work = Run(database, run_id, begun_at=now, on_progress=on_progress, slice_lines=slice_lines)
    at_work.through_all_rules()
    with database.reading() as session:
        refuse_broken_run(session, run_id)
    at_work.finish()
    with database.reading() as session:
        return _report(session, run_id)


class Run:
    """A run at work: its slices one after the other, each in a transaction of its own."""

    def __init__(
        self,
        database: Database,
        run_id: int,
        *,
        begun_at: datetime,
        on_progress: Progress | None = None,
        slice_lines: int | None = None,
    ) -> None:
        self.matched: Counter[Rule] = Counter()
        self._database = database
        self._turn = Turn(database, run_id, begun_at=begun_at)
        self._on_progress = on_progress
        self._pace = Pace(slice_lines)
        self._item_pace = Pace(slice_lines)  # of the payments in pay-outs
        with database.reading() as session:
            self._modes = modes_on(session, tehran_date(begun_at))

    def through_all_rules(self) -> None:
        """The rules in their order; each sees what the ones before it left open."""
        self._walk(find_deposits, close_deposits)
        self._weigh(Rule.SPLIT, Target.PLEDGE, sure_splits)
        self._walk(find_references, close_references)
        self._settle_reports()
        self._settle_batches(sure_batches)
        with self._database.reading() as session:
            shifts = shifted_batches(session)
        for shift in shifts:
            self._settle(shift.batches, shift.moved)
        self._settle_batches(rounded_batches)
        self._weigh(Rule.CARD, Target.PLEDGE, sure_cards)
        self._weigh(Rule.REVERSAL_PAIR, Target.REVERSAL, sure_reversals)
        self._slice(find_refunds, close_refunds)
        self._slice(find_apart_fees, close_fees)
        self._walk(find_fees, close_fees)

    def finish(self) -> None:
        """Say that everything has been looked at."""
        with self._database.writing() as session:
            self._turn.end(session, RunState.FINISHED)

    def prepare(self, session: Session) -> None:
        """Leave out of a slice what must not be booked, before it is written."""
        drop_locked(session)
        drop_unpromised(session)
        hold_back(session, self._modes, run_id=self._turn.run_id, now=self._turn.now)

    def book(self, session: Session) -> None:
        """Do what the matches of a slice cause, in their transaction."""
        book_found(session, now=self._turn.now)

    def _walk(self, find: Finder, close: Close) -> None:
        look = Look(find)
        while not look.is_over:
            look.lines = self._pace.lines
            self._slice(look, close)
            self._pace.lasted(self._turn.held_seconds)
            look.go_on()

    def _settle_reports(self) -> None:
        with self._database.reading() as session:
            reports = sure_reports(session)
        for slice_ in in_report_slices(reports, SLICE_ITEMS):
            self._slice(partial(find_reports, reported=slice_), close_reports)

    def _settle_batches(self, sure: Callable[[Session], Sequence[Batch]]) -> None:
        with self._database.reading() as session:
            batches = sure(session)
        for slice_ in in_slices(batches, lambda: self._item_pace.lines):
            self._settle(slice_)
            self._item_pace.lasted(self._turn.held_seconds)

    def _settle(self, batches: Sequence[Batch], moved: Sequence[Moved] = ()) -> None:
        self._slice(lambda session: find_batches(session, batches, moved), close_batches)

    def _weigh(
        self, rule: Rule, target: Target, look: Callable[[Session], Sequence[Whole]]
    ) -> None:
        """Let a rule look at everything at once, and explain what it found slice by slice."""
        if self._modes.anywhere(rule) == {RuleMode.OFF}:
            return
        with self._database.reading() as session:
            wholes = look(session)
        for parts in wholes_in_slices(wholes, lambda: self._pace.lines):
            self._slice(partial(_find_whole, rule, target, parts), close_parts)

    def _slice(self, find: Find, close: Close) -> None:
        """Explain and book one slice. One that loses every race is left to the next run."""
        for _try in range(_TRIES):
            with suppress(LostRace):
                return self._one_slice(find, close)
        log.warning("a slice was left to the next run", extra={"run_id": self._turn.run_id})
        return None

    def _one_slice(self, find: Find, close: Close) -> None:
        with self._turn.slice() as session:
            find(session)
            self.prepare(session)
            counts = found_lines(session)
            if counts:
                close(session)
                write_matches(
                    session, run_id=self._turn.run_id, made_by_id=None, now=self._turn.now
                )
                self.book(session)
                note_progress(session, self._turn.run_id, sum(counts.values()))
        self.matched.update(counts)
        if self._on_progress is not None:
            self._on_progress(self.matched.total())


def _find_whole(rule: Rule, target: Target, parts: Sequence[Part], session: Session) -> None:
    find_parts(session, rule, target, parts)
    drop_unpromised(session)
    drop_torn_lines(session)


class Look:
    """Where a walk over a work table stands: the key it came to, and the key of this slice."""

    def __init__(self, find: Finder) -> None:
        self.is_over = False
        self.lines = SLICE_LINES
        self._find = find
        self._after: Key | None = None
        self._until: Key | None = None

    def __call__(self, session: Session) -> None:
        self._until = self._find(session, self._after, self.lines)

    def go_on(self) -> None:
        """Leave this slice behind, whether it was explained or lost its races."""
        self._after = self._until
        self.is_over = self._until is None


def _report(session: Session, run_id: int) -> RunReport:
    by_rule = session.execute(
        select(Match.rule, func.count(Match.line_id.distinct()))
        .join_from(RunSlice, Match, is_of_run(run_id))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(MatchUndo.id.is_(None))
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
