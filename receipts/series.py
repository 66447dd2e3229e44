"""Receipts and their number series: one series for each Jalali year and desk, without gaps."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only, one_of, words_of
from receipts.facts import ReceiptKind


class ReceiptSeries(Base):
    """The counter of one year and desk; bumped in the transaction that takes the number."""

    __tablename__ = "receipt_series"
    __table_args__ = (
        UniqueConstraint("year", "office_id"),
        CheckConstraint("last_serial >= 0", name="counts_up"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]  # Jalali
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    unit: Mapped[str] = mapped_column(String(8), default="IRR")
    last_serial: Mapped[int] = mapped_column(default=0)


@insert_only
class Letterhead(Base):
    """What many receipts print alike, frozen once and named by each of them.

    Organisation, desk, way of payment and bank account, in one language. Whoever changes one of
    these names changes no receipt: the next ones get a letterhead of their own.
    """

    __tablename__ = "receipt_letterhead"

    id: Mapped[int] = mapped_column(primary_key=True)
    facts: Mapped[str]  # JSON, see receipts.freezing
    facts_hash: Mapped[str] = mapped_column(String(64), unique=True)


@insert_only
class Receipt(Base):
    """The numbered document for one contribution, with everything it prints frozen.

    ``facts`` is what is this receipt's own, beside its columns and its letterhead; a receipt
    without a letterhead carries everything itself.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("series_id", "serial"),
        CheckConstraint(one_of("kind", ReceiptKind), name="receiptkind"),
        CheckConstraint("serial > 0", name="serial_from_one"),
        CheckConstraint("amount_rial > 0", name="amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("receipt_series.id"))
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(20), unique=True)  # 1404/07/000123
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), unique=True)
    kind: Mapped[ReceiptKind] = mapped_column(words_of(ReceiptKind))
    amount_rial: Mapped[int | None]  # the cash on it, if any
    issued_on: Mapped[date]  # the day in Tehran
    issued_at: Mapped[datetime]
    letterhead_id: Mapped[int | None] = mapped_column(ForeignKey("receipt_letterhead.id"))
    facts: Mapped[str]  # JSON of fields of receipts.facts.ReceiptFacts
    facts_hash: Mapped[str] = mapped_column(String(64))
    verify_key: Mapped[str] = mapped_column(String(16))  # 64 bits, in the QR only

    series: Mapped[ReceiptSeries] = relationship()
    letterhead: Mapped[Letterhead | None] = relationship()
    void: Mapped["ReceiptVoid | None"] = relationship()


@insert_only
class ReceiptVoid(Base):
    """That a receipt no longer stands. Its number is never used again."""

    __tablename__ = "receipt_void"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"), unique=True)
    reason: Mapped[str]
    voided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))  # or the system
    voided_at: Mapped[datetime]


@insert_only
class ReceiptFile(Base):
    """The hash of the PDF first drawn from a receipt's facts; every later drawing must equal it."""

    __tablename__ = "receipt_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"), unique=True)
    pdf_hash: Mapped[str] = mapped_column(String(64))
    size_bytes: Mapped[int]
    drawn_at: Mapped[datetime]
