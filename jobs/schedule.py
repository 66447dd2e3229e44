"""Periodic jobs: a row for each due moment, whatever the number of processes that write it.

A run that was missed is not made up for: only the latest due moment counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from core.database import Database, insert_if_new
from jobs.queue import Job, JobState

KEPT_DONE = timedelta(days=1)
KEPT_DONE_PERIODIC = timedelta(hours=1)
_START = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that comes again: which kind of job, and how often."""

    kind: str
    every: timedelta

    def due(self, now: datetime) -> str:
        """The latest due moment, as the subject of its job; the same in every process."""
        return (_START + (now - _START) // self.every * self.every).isoformat()


def plan(database: Database, periodic: Sequence[Periodic], *, now: datetime) -> int:
    """Enqueue what has come due and is neither planned nor still running; returns how much.

    Looking costs no lock, so every process may look every second.
    """
    with database.reading() as session:
        missing = [each for each in periodic if not _is_planned(session, each, now)]
    if not missing:
        return 0
    with database.writing() as session:
        return sum(_planned(session, each, now) for each in missing)


def prune(session: Session, periodic: Sequence[Periodic], *, now: datetime) -> None:
    """Clear away jobs that were done long ago. What was given up stays until a person looks."""
    of_the_schedule = Job.kind.in_([each.kind for each in periodic])
    session.execute(
        delete(Job)
        .where(
            Job.state == JobState.DONE,
            or_(
                Job.finished_at < now - KEPT_DONE,
                of_the_schedule & (Job.finished_at < now - KEPT_DONE_PERIODIC),
            ),
        )
        .execution_options(synchronize_session=False)
    )


def _is_planned(session: Session, each: Periodic, now: datetime) -> bool:
    """Whether this due moment has its row, or an earlier one is still being worked on."""
    return (
        session.execute(
            select(Job.id)
            .where(
                Job.kind == each.kind,
                or_(Job.subject == each.due(now), Job.state == JobState.RUNNING),
            )
            .limit(1)
        ).first()
        is not None
    )


def _planned(session: Session, each: Periodic, now: datetime) -> int:
    # What waits for an earlier moment is overtaken; why it failed stays readable on its successor.
    overtaken = session.scalars(
        delete(Job)
        .where(Job.kind == each.kind, Job.state == JobState.READY, Job.subject != each.due(now))
        .returning(Job.trouble)
        .execution_options(synchronize_session=False)
    ).all()
    planned = session.execute(
        insert_if_new(
            session,
            Job,
            kind=each.kind,
            subject=each.due(now),
            state=JobState.READY,
            run_after=now,
            attempts=0,
            created_at=now,
            trouble=next((trouble for trouble in overtaken if trouble), None),
        ).returning(Job.id)
    ).first()
    return 0 if planned is None else 1
