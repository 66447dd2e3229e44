"""Taking a job, ending it, putting it back: each a conditional UPDATE, so two never do the same."""

import random
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, case, literal_column, select, update
from sqlalchemy.orm import Session

from core.database import Database
from jobs.liveness import Liveness
from jobs.queue import Job, JobState

ATTEMPTS_MAX = 8
FIRST_DELAY = timedelta(seconds=5)
LONGEST_DELAY = timedelta(hours=6)
_TROUBLE_LENGTH_MAX = 500
_CHANCE = random.SystemRandom()

# Spelt out, not bound: only then do both engines see that the partial indexes fit.
_READY = Job.state == literal_column("'ready'")
_RUNNING = Job.state == literal_column("'running'")


class ClaimLost(Exception):
    """Somebody else has the job by now: whatever was done for it must not be committed."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A job in our hands. Owner and attempt together are the fencing token."""

    job_id: int
    kind: str
    subject: str
    owner: str
    attempts: int


def claim(database: Database, kinds: Collection[str], *, owner: str, now: datetime) -> Claim | None:
    """Take the job that has waited longest among these kinds, or none if nothing is due.

    Looking costs no lock. PostgreSQL skips what others are taking at this moment; on SQLite the
    one writer at a time is whoever holds BEGIN IMMEDIATE.
    """
    due = _due(kinds, now)
    with database.reading() as session:
        if session.execute(due).first() is None:
            return None
    with database.writing() as session:
        taken = session.execute(
            update(Job)
            .where(Job.id == due.with_for_update(skip_locked=True).scalar_subquery(), _READY)
            .values(state=JobState.RUNNING, owner=owner, attempts=Job.attempts + 1)
            .returning(Job.id, Job.kind, Job.subject, Job.attempts)
            .execution_options(synchronize_session=False)
        ).first()
    if taken is None:
        return None
    return Claim(taken.id, taken.kind, taken.subject, owner, taken.attempts)


def finish(session: Session, held: Claim, *, now: datetime) -> None:
    """End a job that is still ours. Raises ClaimLost, which must roll back what was done for it."""
    _change(session, held, state=JobState.DONE, owner=None, finished_at=now, trouble=None)


def put_back(session: Session, held: Claim, trouble: str, *, now: datetime) -> bool:
    """Note why an attempt failed and plan the next; whether there is one. Raises ClaimLost."""
    is_last = held.attempts >= ATTEMPTS_MAX
    _change(
        session,
        held,
        state=JobState.DEAD if is_last else JobState.READY,
        owner=None,
        run_after=now + delay_after(held.attempts),
        finished_at=now if is_last else None,
        trouble=trouble[:_TROUBLE_LENGTH_MAX],
    )
    return not is_last


def delay_after(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: 5 s, then four times longer, at most 6 h.

    Up to a quarter is taken off by chance, so that what failed together does not return together.
    """
    seconds = min(
        FIRST_DELAY.total_seconds() * 4.0 ** (attempts - 1), LONGEST_DELAY.total_seconds()
    )
    return timedelta(seconds=seconds * _CHANCE.uniform(0.75, 1))


def reap(database: Database, liveness: Liveness, *, now: datetime) -> int:
    """Make the jobs of workers that died ready again; returns how many there were."""
    with database.reading() as session:
        owners = session.scalars(select(Job.owner).where(_RUNNING).distinct()).all()
    dead = [owner for owner in owners if owner is not None and liveness.is_dead(owner)]
    if not dead:
        return 0
    with database.writing() as session:
        freed = session.execute(
            update(Job)
            .where(_RUNNING, Job.owner.in_(dead))
            .values(
                state=case(
                    (Job.attempts >= ATTEMPTS_MAX, JobState.DEAD.value), else_=JobState.READY.value
                ),
                owner=None,
                run_after=now,
                trouble="the worker that had it died",
            )
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        ).all()
    for owner in dead:
        liveness.forget(owner)
    return len(freed)


def _due(kinds: Collection[str], now: datetime) -> Select[int]:
    return (
        select(Job.id)
        .where(_READY, Job.run_after <= now, Job.kind.in_(kinds))
        .order_by(Job.run_after, Job.id)
        .limit(1)
    )


def _change(session: Session, held: Claim, **values: object) -> None:
    changed = session.execute(
        update(Job)
        .where(
            Job.id == held.job_id,
            Job.owner == held.owner,
            Job.attempts == held.attempts,
            _RUNNING,
        )
        .values(**values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    if changed.first() is None:
        raise ClaimLost(f"job {held.job_id}, attempt {held.attempts} of {held.owner}")
