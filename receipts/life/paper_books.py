"""Paper receipt books (دسته‌قبض) of the desks, and what became of every leaf in them.

A desk without power or network writes a gift on paper. Each leaf has a printed number, and each
number gets its word: used for which contribution, spoiled, lost, or handed back unused. A later
word on a leaf is a new row that corrects the one before.
"""

from datetime import datetime
from enum import StrEnum

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
from donations.models.contribution import Contribution
from offices.places import Office

LEAVES_MAX = 1_000
SERIES_MAX = 20
_IS_FIRST, _IS_CORRECTION = text("corrects_id IS NULL"), text("corrects_id IS NOT NULL")


class Fate(StrEnum):
    """What became of a leaf."""

    USED = "used"  # given to a donor, for a contribution that is recorded
    SPOILED = "spoiled"  # torn, miswritten; the leaf is kept
    LOST = "lost"
    UNUSED = "unused"  # handed back blank


@insert_only
class PaperBook(Base):
    """One book of numbered leaves that a desk was given."""

    __tablename__ = "paper_book"
    __table_args__ = (
        UniqueConstraint("id", "series"),
        CheckConstraint("series <> ''", name="has_a_series"),
        CheckConstraint("first_number > 0", name="numbers_from_one"),
        CheckConstraint(
            f"last_number BETWEEN first_number AND first_number + {LEAVES_MAX - 1}",
            name="holds_leaves",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    series: Mapped[str] = mapped_column(String(SERIES_MAX))  # as printed on the leaves: الف, ب۲
    first_number: Mapped[int]
    last_number: Mapped[int]
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    registered_at: Mapped[datetime]

    office: Mapped[Office] = relationship()
    closing: Mapped["PaperBookClosing | None"] = relationship(viewonly=True)

    @property
    def leaf_count(self) -> int:
        """How many leaves it has."""
        return self.last_number - self.first_number + 1


@insert_only
class PaperLeaf(Base):
    """One leaf; no two of a series bear the same number, in whatever book."""

    __tablename__ = "paper_leaf"
    __table_args__ = (
        ForeignKeyConstraint(["book_id", "series"], ["paper_book.id", "paper_book.series"]),
        UniqueConstraint("series", "number"),
        Index("ix_paper_leaf_book", "book_id", "number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    book_id: Mapped[int]
    series: Mapped[str] = mapped_column(String(SERIES_MAX))
    number: Mapped[int]

    book: Mapped[PaperBook] = relationship()


@insert_only
class LeafFate(Base):
    """What somebody said became of a leaf; the one that nothing corrects holds."""

    __tablename__ = "leaf_fate"
    __table_args__ = (
        UniqueConstraint("leaf_id", "id"),
        ForeignKeyConstraint(
            ["leaf_id", "corrects_id"],
            ["leaf_fate.leaf_id", "leaf_fate.id"],
            name="fk_leaf_fate_same_leaf",
        ),
        Index(
            "ix_leaf_fate_first",
            "leaf_id",
            unique=True,
            sqlite_where=_IS_FIRST,
            postgresql_where=_IS_FIRST,
        ),
        Index(
            "ix_leaf_fate_correction",
            "corrects_id",
            unique=True,
            sqlite_where=_IS_CORRECTION,
            postgresql_where=_IS_CORRECTION,
        ),
        CheckConstraint(
            "(fate = 'used') = (contribution_id IS NOT NULL)", name="used_for_something"
        ),
        CheckConstraint("fate = 'used' OR reason <> ''", name="else_with_a_reason"),
        CheckConstraint("corrects_id IS NULL OR reason <> ''", name="corrected_with_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    leaf_id: Mapped[int] = mapped_column(ForeignKey("paper_leaf.id"))
    fate: Mapped[Fate]
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), index=True)
    reason: Mapped[str] = mapped_column(default="")
    told_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    told_at: Mapped[datetime]
    corrects_id: Mapped[int | None]

    leaf: Mapped[PaperLeaf] = relationship()
    contribution: Mapped[Contribution | None] = relationship()


@insert_only
class PaperBookClosing(Base):
    """That a book was handed back: from then on every leaf of it has its word."""

    __tablename__ = "paper_book_closing"

    book_id: Mapped[int] = mapped_column(
        ForeignKey("paper_book.id"), primary_key=True, autoincrement=False
    )
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    closed_at: Mapped[datetime]
