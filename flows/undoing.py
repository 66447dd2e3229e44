"""Taking back what explains a line, or everything that a run explained."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import literal, select
from sqlalchemy.orm import Session

from core.database import Database, Id
from core.refusals import NotFound
from flows.reconciling import Progress
from flows.unbooking import undo_chosen
from offices.audit import note
from reconciliation.locks import refuse_locked_lines
from reconciliation.matches import RunState
from reconciliation.pacing import SLICE_LINES
from reconciliation.reviewing import standing_in_run
from reconciliation.running import Turn, begin_undo
from reconciliation.undoing import (
    UndoneMeanwhile,
    checked_reason,
    choose_to_undo,
    standing_lines_of_run,
)

_TRIES = 3


def undo_run(
    database: Database,
    run_id: int,
    *,
    reason: str,
    undone_by_id: int | None = None,
    now: datetime,
    on_progress: Progress | None = None,
    slice_lines: int = SLICE_LINES,
) -> int:
    """Undo every match of a run that still stands; returns how many lines are open again.

    Goes by slices, each whole, and keeps runs and other undos out meanwhile; after an interruption,
    calling it again goes on. Raises NotFound, RunInProgress, ReasonMissing, DayLocked.
    """
    reason = checked_reason(reason)
    with database.writing() as session:
        refuse_locked_lines(session, standing_lines_of_run(run_id))
        begin_undo(session, run_id, now=now)
    turn = Turn(database, run_id, begun_at=now)
    undone = 0
    try:
        while count := _undo_slice(turn, slice_lines, reason=reason, undone_by_id=undone_by_id):
            undone += count
            if on_progress is not None:
                on_progress(undone)
    finally:
        with database.writing() as session:
            _end(session, turn, reason=reason, undone_by_id=undone_by_id)
    return undone


def undo_line(
    session: Session,
    line_id: int,
    *,
    reason: str,
    undone_by_id: int | None,
    now: datetime,
    of_signed_days: bool = False,
) -> None:
    """Undo everything that explains a line; of a signed day only what two persons decided.

    Raises NotFound where nothing does, UndoneMeanwhile, ReasonMissing, DayLocked.
    """
    reason = checked_reason(reason)
    line = select(literal(line_id, Id).label("line_id"))
    if choose_to_undo(session, line) == 0:
        raise NotFound(subject="match")
    undo_chosen(
        session,
        reason=reason,
        undone_by_id=undone_by_id,
        now=now,
        of_signed_days=of_signed_days,
    )
    note(
        session,
        "reconciliation.undo_line",
        subject="statement_line",
        subject_id=line_id,
        now=now,
        actor_id=undone_by_id,
        reason=reason,
    )


def _undo_slice(turn: Turn, limit: int, *, reason: str, undone_by_id: int | None) -> int:
    """Undo the next lines; returns how many, and none when the run explains nothing any more."""
    for _try in range(_TRIES):
        # A line of the slice undone by hand at the same moment: it is not there at the next look.
        with suppress(UndoneMeanwhile), turn.slice() as session:
            count = choose_to_undo(session, standing_lines_of_run(turn.run_id, limit))
            if count:
                undo_chosen(session, reason=reason, undone_by_id=undone_by_id, now=turn.now)
            return count
    raise UndoneMeanwhile


def _end(session: Session, turn: Turn, *, reason: str, undone_by_id: int | None) -> None:
    """Leave the slot; a run of which something stands, after an interruption, is as before."""
    is_undone = standing_in_run(session, turn.run_id) == 0
    turn.end(session, RunState.UNDONE if is_undone else RunState.FINISHED)
    note(
        session,
        "reconciliation.undo_run",
        subject="reconciliation_run",
        subject_id=turn.run_id,
        now=turn.now,
        actor_id=undone_by_id,
        reason=reason,
    )
