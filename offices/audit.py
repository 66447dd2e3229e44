"""The trail of who did what: one row an act, written in the transaction of the act."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, add_row, insert_only
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
    add_row(
        session,
        AuditEntry,
        at=now,
        actor_id=actor_id,
        action=action,
        subject=subject,
        subject_id=subject_id,
        facts=canonical(facts).decode(),
    )
