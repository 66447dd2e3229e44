"""Reconciling: the sure rules run in slices, each committed with its bookings; and by hand."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.database import Base, Database
from donations.models.pledge import PledgeItem
from flows.booking import book_found, drop_unpromised
from offices.audit import note
from reconciliation.assigning import find_by_hand, find_fee_by_hand, find_refund_by_hand
from reconciliation.batches import Batch, in_slices, sure_batches
from reconciliation.checking import refuse_broken_run
from reconciliation.expected import ExpectedDeposit, ExpectedTerminalMoney, OpenLine
from reconciliation.found import LostRace, gather_statistics
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
    found_lines,
    write_matches,
)
from reconciliation.midnight import Moved, shifted_batches
from reconciliation.refunds import close_refunds, find_refunds
from reconciliation.running import Turn, begin_run
from reconciliation.settling import (
    close_batches,
    close_references,
    find_batches,
    find_references,
)
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
    slice_lines: int = SLICE_LINES,
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
        slice_lines: int = SLICE_LINES,
    ) -> None:
        self.matched: Counter[Rule] = Counter()
        self._database = database
        self._turn = Turn(database, run_id, begun_at=begun_at)
        self._on_progress = on_progress
        self._slice_lines = slice_lines

    def through_all_rules(self) -> None:
        """The rules in their order; each sees what the ones before it left open."""
        self._walk(find_deposits, close_deposits)
        self._walk(find_references, close_references)
        with self._database.reading() as session:
            batches = sure_batches(session)
        for slice_ in in_slices(batches):
            self._settle(slice_)
        with self._database.reading() as session:
            shifts = shifted_batches(session)
        for shift in shifts:
            self._settle(shift.batches, shift.moved)
        self._slice(find_refunds, close_refunds)
        self._walk(find_fees, close_fees)

    def finish(self) -> None:
        """Say that everything has been looked at."""
        with self._database.writing() as session:
            self._turn.end(session, RunState.FINISHED)

    def prepare(self, session: Session) -> None:
        """Leave out of a slice what must not be booked, before it is written."""
        drop_unpromised(session)

    def book(self, session: Session) -> None:
        """Do what the matches of a slice cause, in their transaction."""
        book_found(session, now=self._turn.now)

    def _walk(self, find: Finder, close: Close) -> None:
        look = Look(find, self._slice_lines)
        while not look.is_over:
            self._slice(look, close)
            look.go_on()

    def _settle(self, batches: Sequence[Batch], moved: Sequence[Moved] = ()) -> None:
        self._slice(lambda session: find_batches(session, batches, moved), close_batches)

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
        self.matched.update(counts)
        if self._on_progress is not None:
            self._on_progress(self.matched.total())


class Look:
    """Where a walk over a work table stands: the key it came to, and the key of this slice."""

    def __init__(self, find: Finder, limit: int) -> None:
        self.is_over = False
        self._find = find
        self._limit = limit
        self._after: Key | None = None
        self._until: Key | None = None

    def __call__(self, session: Session) -> None:
        self._until = self._find(session, self._after, self._limit)

    def go_on(self) -> None:
        """Leave this slice behind, whether it was explained or lost its races."""
        self._after = self._until
        self.is_over = self._until is None


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


def mark_refund(
    session: Session, line_id: int, request_id: int, *, made_by_id: int, now: datetime
) -> None:
    """Say that an open debit is the money of a refund.

    Raises what ``reconciliation.assigning.find_refund_by_hand`` raises.
    """
    find_refund_by_hand(session, line_id, request_id)
    _write_by_hand(session, line_id, "reconciliation.mark_refund", made_by_id=made_by_id, now=now)


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
