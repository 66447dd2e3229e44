"""Runs: one at a time for all accounts, resumable, taken over when the one at work has died."""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from reconciliation.found import rows_of
from reconciliation.matches import ReconciliationRun, RunState

# A slice takes half a second; a run that was silent for so long is dead.
SILENCE = timedelta(minutes=2)


class RunInProgress(Refusal):
    """Another run is at work; two at once would look at the same lines."""

    code = "reconciliation.in_progress"


class RunTakenOver(Exception):
    """The run was silent for too long and another process goes on with it."""


def begin_run(session: Session, *, started_by_id: int | None, now: datetime) -> int:
    """Start a run, or go on with one that has died. Raises RunInProgress."""
    running = session.scalars(
        select(ReconciliationRun).where(ReconciliationRun.state == RunState.RUNNING)
    ).one_or_none()
    if running is not None:
        return _taken_over(session, running, now=now)
    run = ReconciliationRun(
        state=RunState.RUNNING, started_by_id=started_by_id, started_at=now, touched_at=now
    )
    try:
        with session.begin_nested():
            session.add(run)
    except IntegrityError as error:  # another process was a moment earlier
        raise RunInProgress from error
    return run.id


def touch(session: Session, run_id: int, *, last: datetime, now: datetime) -> None:
    """Show that the run is alive, in the transaction of each slice. Raises RunTakenOver."""
    _change(session, run_id, last=last, touched_at=now)


def finish_run(session: Session, run_id: int, *, last: datetime, now: datetime) -> None:
    """Say that the run looked at everything. Raises RunTakenOver."""
    _change(session, run_id, last=last, state=RunState.FINISHED, touched_at=now, finished_at=now)


def undoable_run(session: Session, run_id: int, *, now: datetime) -> ReconciliationRun:
    """A run that is over, or dead, and so can be undone. Raises NotFound, RunInProgress."""
    run = session.get(ReconciliationRun, run_id)
    if run is None:
        raise NotFound(subject="run")
    if run.state is RunState.RUNNING and now - run.touched_at < SILENCE:
        raise RunInProgress(run=run.id)
    return run


def _taken_over(session: Session, run: ReconciliationRun, *, now: datetime) -> int:
    if now - run.touched_at < SILENCE:
        raise RunInProgress(run=run.id)
    try:
        touch(session, run.id, last=run.touched_at, now=now)
    except RunTakenOver as error:
        raise RunInProgress(run=run.id) from error
    return run.id


def _change(session: Session, run_id: int, *, last: datetime, **values: object) -> None:
    # Compared with what we last wrote: whoever took over has written since.
    touched = rows_of(
        session,
        update(ReconciliationRun)
        .where(
            ReconciliationRun.id == run_id,
            ReconciliationRun.state == RunState.RUNNING,
            ReconciliationRun.touched_at == last,
        )
        .values(**values),
    )
    if touched != 1:
        raise RunTakenOver(f"run {run_id}")
