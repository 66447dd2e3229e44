"""Receipts and their number series: one series for each Jalali year and desk, without gaps.

A block of numbers that a desk was allotted beforehand is a series too, under a code of its own.

A receipt stands, is void, or is void and replaced by another one of the same contribution. The
database itself sees to it that of one contribution only one receipt can stand: the first replaces
none, each other one replaces exactly one, which must be void and may have one successor only.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    exists,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only, one_of, words_of
from offices.places import Office
from receipts.documents.facts import ReceiptKind

_IS_OWN = text("desk_code IS NULL")
_IS_FIRST, _IS_SUCCESSOR = text("replaces_id IS NULL"), text("replaces_id IS NOT NULL")


class ReceiptState(StrEnum):
    """Whether a receipt stands. Nothing leads back."""

    ISSUED = "issued"
    VOID = "void"
    REPLACED = "replaced"  # void, and another number stands in its place


class VoidCause(StrEnum):
    """Why a receipt was voided, which decides who has to stand behind it."""

    ENTRY = "entry"  # the entry of a desk does not stand: two persons
    REPLACEMENT = "replacement"  # another receipt takes its place: two persons
    REFUND = "refund"  # the money goes back: two persons
    BANK = "bank"  # the bank took the money back: at once, by the bank's own words
    MATCH_UNDONE = "match_undone"  # the deposit was another's


TWO_PERSONS = (VoidCause.ENTRY, VoidCause.REPLACEMENT, VoidCause.REFUND)


class ReceiptSeries(Base):
    """The counter of one year and desk; bumped in the transaction that takes the number.

    ``desk_code`` is that of a number block; a desk's own series has none and bears the desk's own
    code, which begins with a digit. Of a block every number up to ``last_serial`` is spent.
    """

    __tablename__ = "receipt_series"
    __table_args__ = (
        UniqueConstraint("year", "desk_code"),
        CheckConstraint("last_serial >= 0", name="counts_up"),
        CheckConstraint(
            "substr(desk_code, 1, 1) NOT IN ('0', '1', '2', '3', '4', '5', '6', '7', '8', '9')",
            name="code_of_a_block",
        ),
        Index(
            "ix_receipt_series_own",
            "year",
            "office_id",
            unique=True,
            sqlite_where=_IS_OWN,
            postgresql_where=_IS_OWN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]  # Jalali
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    unit: Mapped[str] = mapped_column(String(8), default="IRR")
    last_serial: Mapped[int] = mapped_column(default=0)
    desk_code: Mapped[str | None] = mapped_column(String(3))

    @classmethod
    def code(cls) -> ColumnElement[str]:
        """What stands in its numbers between year and serial; needs Office beside it."""
        return func.coalesce(cls.desk_code, Office.code)


@insert_only
class Letterhead(Base):
    """What many receipts print alike, frozen once and named by each of them.

    Organisation, desk, way of payment and bank account, in one language. Whoever changes one of
    these names changes no receipt: the next ones get a letterhead of their own.
    """

    __tablename__ = "receipt_letterhead"

    id: Mapped[int] = mapped_column(primary_key=True)
    facts: Mapped[str]  # JSON, see receipts.life.freezing
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
        UniqueConstraint("contribution_id", "id"),
        Index(
            "ix_receipt_first",
            "contribution_id",
            unique=True,
            sqlite_where=_IS_FIRST,
            postgresql_where=_IS_FIRST,
        ),
        Index(
            "ix_receipt_successor",
            "replaces_id",
            unique=True,
            sqlite_where=_IS_SUCCESSOR,
            postgresql_where=_IS_SUCCESSOR,
        ),
        ForeignKeyConstraint(
            ["contribution_id", "replaces_id"],
            ["receipt.contribution_id", "receipt.id"],
            name="fk_receipt_same_contribution",
        ),
        CheckConstraint(one_of("kind", ReceiptKind), name="receiptkind"),
        CheckConstraint("serial > 0", name="serial_from_one"),
        CheckConstraint("amount_rial > 0", name="amount_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("receipt_series.id"))
    serial: Mapped[int]
    number: Mapped[str] = mapped_column(String(20), unique=True)  # 1404/07/000123
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"))
    kind: Mapped[ReceiptKind] = mapped_column(words_of(ReceiptKind))
    amount_rial: Mapped[int | None]  # the cash on it, if any
    issued_on: Mapped[date]  # the day in Tehran
    issued_at: Mapped[datetime]
    letterhead_id: Mapped[int | None] = mapped_column(ForeignKey("receipt_letterhead.id"))
    facts: Mapped[str]  # JSON of fields of receipts.documents.facts.ReceiptFacts
    facts_hash: Mapped[str] = mapped_column(String(64))
    verify_key: Mapped[str] = mapped_column(String(16))  # 64 bits, in the QR only
    # The receipt it stands in for, which has to be void by then.
    replaces_id: Mapped[int | None] = mapped_column(
        ForeignKey("receipt_void.receipt_id", name="fk_receipt_replaces_id", use_alter=True)
    )

    series: Mapped[ReceiptSeries] = relationship()
    letterhead: Mapped[Letterhead | None] = relationship()
    void: Mapped["ReceiptVoid | None"] = relationship(
        foreign_keys="ReceiptVoid.receipt_id", uselist=False, viewonly=True
    )
    replaces: Mapped["Receipt | None"] = relationship(
        primaryjoin="foreign(Receipt.replaces_id) == remote(Receipt.id)", viewonly=True
    )
    replaced_by: Mapped["Receipt | None"] = relationship(
        primaryjoin="Receipt.id == foreign(remote(Receipt.replaces_id))",
        uselist=False,
        viewonly=True,
    )

    @classmethod
    def is_latest(cls) -> ColumnElement[bool]:
        """Whether no other receipt replaced it: of a contribution, that is the one to show."""
        return ~exists().where(_successor.c.replaces_id == cls.id)

    @property
    def state(self) -> ReceiptState:
        """Whether it stands, and if not, whether another one does in its place."""
        if self.void is None:
            return ReceiptState.ISSUED
        return ReceiptState.REPLACED if self.replaced_by is not None else ReceiptState.VOID


_successor = cast(Table, Receipt.__table__).alias("successor")


@insert_only
class ReceiptVoid(Base):
    """That a receipt no longer stands, why, and by whom. Its number is never used again.

    ``cause`` is empty only where the void was written before causes were.
    """

    __tablename__ = "receipt_void"
    __table_args__ = (
        CheckConstraint(one_of("cause", VoidCause), name="voidcause"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("asked_by_id <> voided_by_id", name="two_persons"),
        CheckConstraint(
            "cause NOT IN ('entry', 'replacement', 'refund')"
            " OR (asked_by_id IS NOT NULL AND voided_by_id IS NOT NULL)",
            name="asked_and_decided",
        ),
        CheckConstraint(
            "cause <> 'bank' OR (evidence_id IS NOT NULL AND voided_by_id IS NULL)",
            name="bank_has_evidence",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"), unique=True)
    reason: Mapped[str]
    voided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))  # or the system
    voided_at: Mapped[datetime]
    cause: Mapped[VoidCause | None] = mapped_column(words_of(VoidCause))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    evidence_id: Mapped[int | None] = mapped_column(ForeignKey("payment_step.id"))  # of the bank


@insert_only
class ReceiptFile(Base):
    """The hash of the PDF first drawn from a receipt's facts; every later one must equal it."""

    __tablename__ = "receipt_file"

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"), unique=True)
    pdf_hash: Mapped[str] = mapped_column(String(64), index=True)
    size_bytes: Mapped[int]
    drawn_at: Mapped[datetime]
