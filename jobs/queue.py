"""The table of jobs: written in the transaction that causes them, so none is ever lost."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, add_if_new, upsert


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
    state: Mapped[JobState] = mapped_column(default=JobState.READY)
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


def enqueue_many(session: Session, kind: str, subjects: Sequence[str], *, now: datetime) -> None:
    """Ask for one job for each subject, in one statement."""
    if not subjects:
        return
    session.execute(
        upsert(session, Job).on_conflict_do_nothing(),
        [
            {
                "kind": kind,
                "subject": subject,
                "state": JobState.READY,
                "run_after": now,
                "attempts": 0,
                "created_at": now,
            }
            for subject in subjects
        ],
    )
