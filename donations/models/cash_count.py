"""Counts of cash (شمارش نقد): note by note, by whom, and what a second person said of it.

A count is of a cashier's session or of a round of charity boxes. One that was declined or done
again stays: the latest is the one that holds.
"""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.desk import Decision

_BROUGHT = text("set_by_id IS NULL")


@insert_only
class Denomination(Base):
    """A note or coin; on which days it is counted stands in its changes."""

    __tablename__ = "denomination"
    __table_args__ = (
        UniqueConstraint("value_rial", "is_coin"),
        CheckConstraint("value_rial > 0", name="value_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    value_rial: Mapped[int]
    is_coin: Mapped[bool]


@insert_only
class DenominationChange(Base):
    """Whether a note or coin is counted, from one day on; a later row for the same day replaces it.

    What the catalogue brings nobody set.
    """

    __tablename__ = "denomination_change"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_a_reason"),
        Index("ix_denomination_change_day", "denomination_id", "valid_from"),
        # What the catalogue brings, it brings once.
        Index(
            "ix_denomination_change_brought",
            "denomination_id",
            unique=True,
            sqlite_where=_BROUGHT,
            postgresql_where=_BROUGHT,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    denomination_id: Mapped[int] = mapped_column(ForeignKey("denomination.id"))
    is_counted: Mapped[bool]
    valid_from: Mapped[date]
    reason: Mapped[str]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]

    denomination: Mapped[Denomination] = relationship()


@insert_only
class CashCount(Base):
    """What was counted, beside what had to be there.

    For a session that is its drawer by the books; for a round the sum of its boxes, from which a
    count cannot differ.
    """

    __tablename__ = "cash_count"
    __table_args__ = (
        # What decisions and closings refer to, so that they cannot say it otherwise.
        UniqueConstraint("id", "counted_by_id"),
        UniqueConstraint("id", "session_id", "counted_by_id", "difference_rial"),
        UniqueConstraint("id", "round_id", "counted_by_id"),
        CheckConstraint("(session_id IS NULL) <> (round_id IS NULL)", name="of_one_thing"),
        CheckConstraint("counted_rial >= 0 AND expected_rial >= 0", name="not_below_zero"),
        CheckConstraint("difference_rial = counted_rial - expected_rial", name="difference_is_one"),
        CheckConstraint("difference_rial = 0 OR reason <> ''", name="difference_has_a_reason"),
        CheckConstraint("round_id IS NULL OR difference_rial = 0", name="boxes_make_the_count"),
        Index("ix_cash_count_session", "session_id", "id"),
        Index("ix_cash_count_round", "round_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int | None] = mapped_column(ForeignKey("cashier_session.id"))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("collection_round.id"))
    expected_rial: Mapped[int]
    counted_rial: Mapped[int]
    difference_rial: Mapped[int]
    reason: Mapped[str]  # of the difference; empty where there is none
    counted_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    counted_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    notes: Mapped[list["CountedNote"]] = relationship(order_by="CountedNote.denomination_id")
    decision: Mapped["CountDecision | None"] = relationship(
        primaryjoin="CountDecision.count_id == CashCount.id",
        foreign_keys="CountDecision.count_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class CountedNote(Base):
    """How many of one note or coin a count found."""

    __tablename__ = "counted_note"
    __table_args__ = (
        UniqueConstraint("count_id", "denomination_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    count_id: Mapped[int] = mapped_column(ForeignKey("cash_count.id"))
    denomination_id: Mapped[int] = mapped_column(ForeignKey("denomination.id"))
    quantity: Mapped[int]

    denomination: Mapped[Denomination] = relationship()


@insert_only
class CountDecision(Base):
    """What a second person said of a count: never the one who counted."""

    __tablename__ = "count_decision"
    __table_args__ = (
        # What closings refer to, so that only an approval closes.
        UniqueConstraint("count_id", "decided_by_id", "decision"),
        ForeignKeyConstraint(
            ["count_id", "counted_by_id"], ["cash_count.id", "cash_count.counted_by_id"]
        ),
        CheckConstraint("decided_by_id <> counted_by_id", name="two_persons"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    count_id: Mapped[int] = mapped_column(unique=True)
    counted_by_id: Mapped[int]
    decision: Mapped[Decision]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]
