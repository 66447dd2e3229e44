"""Number blocks: receipt numbers allotted to a desk beforehand, for the time without a line.

A block is a receipt series under a desk code of its own (1405/A01/000001 …), so that its numbers
never meet those the server gives out. One browser uses it; each of its numbers is spent once, for
an entry or with a reason, and once it is closed none is left.
"""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.desk import DeskEntry
from offices.places import Office
from receipts.life.series import ReceiptSeries

SIZE_MAX = 500


@insert_only
class NumberBlock(Base):
    """The numbers 1 to ``size`` of a series of its own, given to one desk."""

    __tablename__ = "number_block"
    __table_args__ = (
        UniqueConstraint("id", "size"),
        CheckConstraint(f"size BETWEEN 1 AND {SIZE_MAX}", name="holds_numbers"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("receipt_series.id"), unique=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    size: Mapped[int]
    allotted_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    allotted_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    series: Mapped[ReceiptSeries] = relationship()
    office: Mapped[Office] = relationship()
    holder: Mapped["BlockHolder | None"] = relationship(viewonly=True)
    closing: Mapped["BlockClosing | None"] = relationship(viewonly=True)

    @property
    def prefix(self) -> str:
        """What its numbers begin with: 1405/A01/."""
        return f"{self.series.year}/{self.series.desk_code}/"


@insert_only
class BlockHolder(Base):
    """The one browser that uses a block: the first that asked for it, for good."""

    __tablename__ = "block_holder"

    block_id: Mapped[int] = mapped_column(
        ForeignKey("number_block.id"), primary_key=True, autoincrement=False
    )
    device_hash: Mapped[str] = mapped_column(String(64), index=True)  # of what the browser keeps
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    taken_at: Mapped[datetime]


@insert_only
class BlockNumber(Base):
    """What became of one number of a block: the contribution it documents, or why there is none."""

    __tablename__ = "block_number"
    __table_args__ = (
        ForeignKeyConstraint(["block_id", "size"], ["number_block.id", "number_block.size"]),
        UniqueConstraint("block_id", "serial"),
        CheckConstraint("serial BETWEEN 1 AND size", name="of_its_block"),
        CheckConstraint("(contribution_id IS NULL) = (reason <> '')", name="used_or_explained"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    block_id: Mapped[int]
    size: Mapped[int]
    serial: Mapped[int]
    contribution_id: Mapped[int | None] = mapped_column(ForeignKey("contribution.id"), unique=True)
    reason: Mapped[str] = mapped_column(default="")
    told_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))  # or the system
    told_at: Mapped[datetime]


@insert_only
class BlockClosing(Base):
    """That a block is used no more: from then on every number of it is spent."""

    __tablename__ = "block_closing"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_a_reason"),)

    block_id: Mapped[int] = mapped_column(
        ForeignKey("number_block.id"), primary_key=True, autoincrement=False
    )
    reason: Mapped[str]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))  # or the system
    closed_at: Mapped[datetime]


@insert_only
class OfflineEntry(Base):
    """What a browser said of an entry that it had kept: when it was made, and exactly what it was.

    ``made_at`` is the clock of the browser, a claim; the server's own moment is the entry's.
    ``provisional_number`` is what the donor was given on paper, if anything; the receipt may bear
    another number.
    """

    __tablename__ = "offline_entry"

    desk_entry_id: Mapped[int] = mapped_column(
        ForeignKey("desk_entry.id"), primary_key=True, autoincrement=False
    )
    made_at: Mapped[datetime]
    content_hash: Mapped[str] = mapped_column(String(64))
    provisional_number: Mapped[str | None] = mapped_column(String(20), index=True)

    entry: Mapped[DeskEntry] = relationship()
