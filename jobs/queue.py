"""The table of jobs: written in the transaction that causes them, so none is ever lost."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Index,
    Select,
    String,
    UniqueConstraint,
    cast,
    literal,
    select,
    text,
    true,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, add_if_new, one_of, upsert, words_of


class JobState(StrEnum):
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"  # given up after too many attempts; a person looks


class Job(Base):
    """One piece of work for later: what kind, and about which subject."""

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "subject"),
        CheckConstraint(one_of("state", JobState), name="jobstate"),
        Index(
            "ix_job_waiting",
            "run_after",
            "id",
            sqlite_where=text("state = 'ready'"),
            postgresql_where=text("state = 'ready'"),
        ),
        Index(
            "ix_job_running",
            "owner",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(120))
    state: Mapped[JobState] = mapped_column(words_of(JobState), default=JobState.READY)
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(60))  # the fencing token of who runs it
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    trouble: Mapped[str | None]  # why the last attempt failed


def enqueue(
    session: Session,
    kind: str,
    subject: object,
    *,
    now: datetime,
    run_after: datetime | None = None,
) -> None:
    """Ask for a job, in the transaction that causes it. Asking twice for the same is one job."""
    add_if_new(
        session,
        Job,
        kind=kind,
        subject=str(subject),
        state=JobState.READY,
        run_after=run_after or now,
        attempts=0,
        created_at=now,
    )


def enqueue_many(session: Session, kind: str, subjects: Select[int], *, now: datetime) -> None:
    """Ask for one job for each selected id, in the order of the ids and in one statement."""
    ids = subjects.subquery().c[0]
    moment = literal(now, Job.run_after.type)
    session.execute(
        upsert(session, Job)
        .from_select(
            ["kind", "subject", "state", "run_after", "attempts", "created_at"],
            select(
                literal(kind, Job.kind.type),
                cast(ids, Job.subject.type),
                literal(JobState.READY, Job.state.type),
                moment,
                literal(0, Job.attempts.type),
                moment,
            )
            .where(true())  # SQLite would take ON CONFLICT for part of a join
            .order_by(ids),
        )
        .on_conflict_do_nothing()
    )


def is_asked_for(session: Session, kind: str) -> bool:
    """Whether a job of this kind waits or is at work."""
    waiting = select(Job.id).where(
        Job.kind == kind, Job.state.in_([JobState.READY, JobState.RUNNING])
    )
    return session.scalars(waiting.limit(1)).first() is not None
