"""The trail of who did what: one row an act, written in the transaction of the act."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, add_row, add_rows, insert_only
from core.hashchain import canonical

SYSTEM = None  # the actor of what no person did


@insert_only
class AuditEntry(Base):
    """One act. ``facts`` is canonical JSON with ids and amounts, no names and no secrets."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_subject", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"), index=True)
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int | None]
    facts: Mapped[str]


def note(
    session: Session,
    action: str,
    *,
    subject: str,
    subject_id: int | None,
    now: datetime,
    actor_id: int | None = SYSTEM,
    **facts: object,
) -> None:
    """Write down one act, in the transaction that does it."""
    row = _row(action, subject, subject_id, facts, now=now, actor_id=actor_id)
    add_row(session, AuditEntry, **row)


def note_each(
    session: Session,
    action: str,
    facts: Mapping[int, Mapping[str, object]],
    *,
    subject: str,
    now: datetime,
    actor_id: int | None = SYSTEM,
) -> None:
    """Write down the same act on many subjects at once; ``facts`` are those of each, by its id."""
    rows = [
        _row(action, subject, subject_id, told, now=now, actor_id=actor_id)
        for subject_id, told in facts.items()
    ]
    add_rows(session, AuditEntry, rows)


def _row(
    action: str,
    subject: str,
    subject_id: int | None,
    facts: Mapping[str, object],
    *,
    now: datetime,
    actor_id: int | None,
) -> dict[str, object]:
    return {
        "at": now,
        "actor_id": actor_id,
        "action": action,
        "subject": subject,
        "subject_id": subject_id,
        "facts": canonical(facts).decode(),
    }
