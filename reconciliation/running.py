"""Runs and their undos: one at a time, resumable, taken over when the one at work has died."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic, sleep

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import Database
from core.refusals import NotFound, Refusal
from reconciliation.expected import OpenLine
from reconciliation.found import prefer_indexes, rows_of
from reconciliation.matches import ReconciliationRun, RunState
from reconciliation.pacing import Rest

# A slice takes half a second; whoever was silent for so long is dead.
SILENCE = timedelta(minutes=2)
_SLOT = 1


class RunInProgress(Refusal):
    """A run or an undo is at work; two at once would look at the same lines."""

    code = "reconciliation.in_progress"


class RunTakenOver(Exception):
    """The run was silent for too long and another process goes on with it."""


class Turn:
    """The one slot for runs and undos, held slice by slice; time goes on from when it began."""

    def __init__(self, database: Database, run_id: int, *, begun_at: datetime) -> None:
        self.run_id = run_id
        self._database = database
        self._begun_at = begun_at
        self._begun = monotonic()
        self._touched_at = begun_at
        self._rest = Rest()
        self.held_seconds = 0.0  # for how long the last slice kept others from writing

    @property
    def now(self) -> datetime:
        return self._begun_at + timedelta(seconds=monotonic() - self._begun)

    @contextmanager
    def slice(self) -> Iterator[Session]:
        """A transaction that begins by showing that the holder is alive. Raises RunTakenOver.

        The run's row stays locked until the slice ends: who locks it waits for whole slices.
        """
        sleep(self._rest.seconds)
        now = self.now
        with self._database.writing() as session:
            began = monotonic()
            self._rest.look(session)
            prefer_indexes(session)
            _change(session, self.run_id, last=self._touched_at, touched_at=now)
            yield session
        self.held_seconds = monotonic() - began
        self._touched_at = now

    def end(self, session: Session, state: RunState) -> None:
        """Leave the slot. Raises RunTakenOver."""
        _leave(session, self.run_id, state, last=self._touched_at, now=self.now)


def begin_run(session: Session, *, started_by_id: int | None, now: datetime) -> int:
    """Start a run, or go on with one that has died. Raises RunInProgress."""
    holder = _dead_holder(session, now=now)
    if holder is not None and holder.state is RunState.RUNNING:
        _take(session, holder, RunState.RUNNING, now=now)
        return holder.id
    if holder is not None:
        _leave_for_dead(session, holder, now=now)
    run = ReconciliationRun(
        state=RunState.RUNNING,
        slot=_SLOT,
        started_by_id=started_by_id,
        started_at=now,
        touched_at=now,
        lines_before=session.scalars(select(func.count()).select_from(OpenLine)).one(),
    )
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError as error:  # another process was a moment earlier
        raise RunInProgress from error
    return run.id


def begin_by_hand(session: Session, lines: int, *, started_by_id: int, now: datetime) -> int:
    """A run that is over as soon as it began: what a person accepted together."""
    run = ReconciliationRun(
        state=RunState.FINISHED,
        started_by_id=started_by_id,
        started_at=now,
        touched_at=now,
        finished_at=now,
        is_by_hand=True,
        lines_before=lines,
        lines_explained=lines,
    )
    session.add(run)
    session.flush()
    return run.id


def note_progress(session: Session, run_id: int, explained: int) -> None:
    """Write down, with a slice, how many more lines the run has explained."""
    session.execute(
        update(ReconciliationRun)
        .where(ReconciliationRun.id == run_id)
        .values(lines_explained=ReconciliationRun.lines_explained + explained)
    )


def begin_undo(session: Session, run_id: int, *, now: datetime) -> None:
    """Take the slot for undoing a run, or for going on with it. Raises NotFound, RunInProgress."""
    run = session.get(ReconciliationRun, run_id)
    if run is None:
        raise NotFound(subject="run")
    holder = _dead_holder(session, now=now)
    if holder is not None and holder.id != run_id:
        _leave_for_dead(session, holder, now=now)
    try:
        with session.begin_nested():
            _take(session, run, RunState.UNDOING, now=now)
    except IntegrityError as error:  # another process was a moment earlier
        raise RunInProgress from error


def hold_runs(session: Session) -> None:
    """Wait for the slice that is being written, and keep the next one waiting until we commit.

    On SQLite whoever writes is alone anyway.
    """
    session.execute(
        select(ReconciliationRun.id).where(ReconciliationRun.slot == _SLOT).with_for_update()
    )


def _dead_holder(session: Session, *, now: datetime) -> ReconciliationRun | None:
    """Whoever has the slot and died with it, if anybody. Raises RunInProgress for the living."""
    holder = session.scalars(
        select(ReconciliationRun).where(ReconciliationRun.slot == _SLOT)
    ).one_or_none()
    if holder is not None and now - holder.touched_at < SILENCE:
        raise RunInProgress(run=holder.id)
    return holder


def _take(session: Session, run: ReconciliationRun, state: RunState, *, now: datetime) -> None:
    try:
        _change(session, run.id, last=run.touched_at, state=state, slot=_SLOT, touched_at=now)
    except RunTakenOver as error:
        raise RunInProgress(run=run.id) from error


def _leave_for_dead(session: Session, holder: ReconciliationRun, *, now: datetime) -> None:
    """Take the slot from a dead one: what it did stands, and the next run looks at the rest."""
    try:
        _leave(session, holder.id, RunState.FINISHED, last=holder.touched_at, now=now)
    except RunTakenOver as error:
        raise RunInProgress(run=holder.id) from error


def _leave(
    session: Session, run_id: int, state: RunState, *, last: datetime, now: datetime
) -> None:
    _change(session, run_id, last=last, state=state, slot=None, touched_at=now, finished_at=now)


def _change(session: Session, run_id: int, *, last: datetime, **values: object) -> None:
    # Compared with what we last wrote: whoever took over has written since.
    touched = rows_of(
        session,
        update(ReconciliationRun)
        .where(ReconciliationRun.id == run_id, ReconciliationRun.touched_at == last)
        .values(**values),
    )
    if touched != 1:
        raise RunTakenOver(f"run {run_id}")
