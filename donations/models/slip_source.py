"""Whose money a deposit slip carries: closed sessions and rounds, each on one that stands."""

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, insert_only

_FIRST = text("after_slip_id IS NULL")


@insert_only
class SlipSource(Base):
    """The count of one closed session or round, whose money lies in a slip.

    Its money lies in one slip at a time: in another only after the one before, ``after_slip_id``,
    which carried the same money, was voided.
    """

    __tablename__ = "slip_source"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "count_id"], ["session_closing.session_id", "session_closing.count_id"]
        ),
        ForeignKeyConstraint(
            ["round_id", "count_id"], ["round_closing.round_id", "round_closing.count_id"]
        ),
        ForeignKeyConstraint(
            ["after_slip_id", "count_id"],
            ["slip_source.slip_id", "slip_source.count_id"],
            name="fk_slip_source_before",
        ),
        UniqueConstraint("slip_id", "count_id"),
        UniqueConstraint("count_id", "after_slip_id"),
        Index(
            "ix_slip_source_first",
            "count_id",
            unique=True,
            sqlite_where=_FIRST,
            postgresql_where=_FIRST,
        ),
        CheckConstraint("(session_id IS NULL) <> (round_id IS NULL)", name="of_one_thing"),
        CheckConstraint("after_slip_id < slip_id", name="after_an_earlier_one"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slip_id: Mapped[int] = mapped_column(ForeignKey("deposit_slip.id"))
    session_id: Mapped[int | None] = mapped_column(index=True)
    round_id: Mapped[int | None] = mapped_column(index=True)
    count_id: Mapped[int]
    after_slip_id: Mapped[int | None] = mapped_column(ForeignKey("slip_void.slip_id"))
