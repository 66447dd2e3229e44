"""Receipts and their number series: one series for each Jalali year and desk, without gaps."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
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
class Receipt(Base):
    """The numbered document for one contribution, with everything it prints frozen."""

    __tablename__ = "receipt"
    __table_args__ = (
        UniqueConstraint("series_id", "serial"),
        CheckConstraint("serial > 0", name="serial_from_one"),
        CheckConstraint("amount_rial > 0", name="amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("receipt_series.id"))
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(20), unique=True)  # 1404/07/000123
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), unique=True)
    kind: Mapped[ReceiptKind]
    amount_rial: Mapped[int | None]  # the cash on it, if any
    issued_on: Mapped[date]  # the day in Tehran
    issued_at: Mapped[datetime]
    facts: Mapped[str]  # canonical JSON of receipts.facts.ReceiptFacts
    facts_hash: Mapped[str] = mapped_column(String(64))
    verify_key: Mapped[str] = mapped_column(String(16))  # 64 bits, in the QR only

    series: Mapped[ReceiptSeries] = relationship()
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
