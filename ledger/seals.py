"""Seals: blocks of insert-only rows chained by hash, so that a later change is visible."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, insert_only


@insert_only
class Seal(Base):
    """One sealed block of one table: its rows ``first_id`` to ``last_id``, in order of id."""

    __tablename__ = "seal"
    __table_args__ = (
        UniqueConstraint("stream", "first_id"),
        UniqueConstraint("stream", "previous_hash"),  # a chain does not fork
        CheckConstraint("first_id <= last_id", name="in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(String(40))  # the name of the sealed table
    first_id: Mapped[int]
    last_id: Mapped[int]
    row_count: Mapped[int]
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]
