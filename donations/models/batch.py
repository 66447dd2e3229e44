"""Batches of entries: a list of envelopes that is typed line by line and recorded in one go.

Until a batch is closed nothing of it is a contribution. A line that was typed wrongly is struck and
typed anew; both stay.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only

LINES_MAX = 200
TITLE_MAX = 100


@insert_only
class EntryBatch(Base):
    """What a desk expects of a pile of envelopes: how many there are, and what they make."""

    __tablename__ = "entry_batch"
    __table_args__ = (
        UniqueConstraint("id", "expected_count", "expected_rial"),
        CheckConstraint(f"expected_count BETWEEN 1 AND {LINES_MAX}", name="expects_lines"),
        CheckConstraint("expected_rial > 0", name="expects_money"),
        CheckConstraint("title <> ''", name="has_a_title"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    title: Mapped[str]
    expected_count: Mapped[int]
    expected_rial: Mapped[int]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    opened_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    closing: Mapped["BatchClosing | None"] = relationship(viewonly=True)


@insert_only
class BatchLine(Base):
    """One envelope as it was typed: cash for a purpose, and whom it is from where that is known."""

    __tablename__ = "batch_line"
    __table_args__ = (CheckConstraint("amount_rial > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("entry_batch.id"), index=True)
    amount_rial: Mapped[int]
    fund_code: Mapped[str | None]
    name: Mapped[str | None]
    mobile: Mapped[str | None] = mapped_column(String(11))
    typed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    typed_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)


@insert_only
class BatchLineStrike(Base):
    """That a line was typed wrongly and does not count."""

    __tablename__ = "batch_line_strike"

    line_id: Mapped[int] = mapped_column(
        ForeignKey("batch_line.id"), primary_key=True, autoincrement=False
    )
    struck_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    struck_at: Mapped[datetime]


@insert_only
class BatchClosing(Base):
    """How a batch ended: recorded exactly as expected, or given up with a reason and no line."""

    __tablename__ = "batch_closing"
    __table_args__ = (
        ForeignKeyConstraint(
            ["batch_id", "expected_count", "expected_rial"],
            ["entry_batch.id", "entry_batch.expected_count", "entry_batch.expected_rial"],
        ),
        CheckConstraint(
            "(line_count = expected_count AND lines_rial = expected_rial AND reason = '')"
            " OR (line_count = 0 AND lines_rial = 0 AND reason <> '')",
            name="as_expected_or_given_up",
        ),
    )

    batch_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    expected_count: Mapped[int]
    expected_rial: Mapped[int]
    line_count: Mapped[int]
    lines_rial: Mapped[int]
    reason: Mapped[str] = mapped_column(default="")
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    closed_at: Mapped[datetime]
