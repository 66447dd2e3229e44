"""Statement files and their lines: what the bank says happened on an account. Never changed."""

from collections.abc import Sequence
from datetime import date, datetime, time

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Time,
    UniqueConstraint,
    exists,
    select,
    text,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from core.database import Base, insert_only
from core.portable import unindexed
from reconciliation.line_classes import LineClass

__all__ = [
    "LineClass",
    "StatementFile",
    "StatementImportUndo",
    "StatementLine",
    "opposite_lines",
    "stands_on",
]


@insert_only
class StatementFile(Base):
    """One imported file: what it held, and how its lines joined the account's chain."""

    __tablename__ = "statement_file"
    __table_args__ = (
        Index("ix_statement_file_account", "bank_account_id", "id"),
        CheckConstraint("row_count = new_count + known_count", name="every_row_counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str]
    format: Mapped[str] = mapped_column(String(30))
    row_count: Mapped[int]
    new_count: Mapped[int]
    known_count: Mapped[int]
    opening_rial: Mapped[int]  # before the file's earliest row
    closing_rial: Mapped[int]  # after its latest
    generation: Mapped[int]  # how many imports of this account had been undone before
    imported_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    imported_at: Mapped[datetime]

    undo: Mapped["StatementImportUndo | None"] = relationship()


@insert_only
class StatementImportUndo(Base):
    """That an import does not stand; only the latest one of an account can be undone."""

    __tablename__ = "statement_import_undo"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_a_reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_file_id: Mapped[int] = mapped_column(ForeignKey("statement_file.id"), unique=True)
    reason: Mapped[str]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    undone_at: Mapped[datetime]


@insert_only
class StatementLine(Base):
    """One booking on an account: a credit positive, a debit negative, in rials.

    ``position`` counts the account's lines from the first ever imported. Text fields hold the
    bank's words after ``core.digits.normalise``; ``raw`` keeps the row as it was written.
    """

    __tablename__ = "statement_line"
    __table_args__ = (
        UniqueConstraint("bank_account_id", "position", "generation"),
        UniqueConstraint("bank_account_id", "fingerprint", "occurrence", "generation"),
        CheckConstraint("amount_rial <> 0", name="moves_money"),
        Index("ix_statement_line_file", "statement_file_id"),
        Index("ix_statement_line_day", "bank_account_id", "booked_on", "amount_rial"),
        Index(
            "ix_statement_line_card",
            "card_key",
            sqlite_where=text("length(card_key) >= 10"),
            postgresql_where=text("length(card_key) >= 10"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    statement_file_id: Mapped[int] = mapped_column(ForeignKey("statement_file.id"))
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    generation: Mapped[int]
    position: Mapped[int]
    row_number: Mapped[int]  # in the file, for finding it again
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(16))  # of everything but the balance
    occurrence: Mapped[int]  # among equal fingerprints of the account: genuine twins stay two
    booked_on: Mapped[date]  # the bank's day, Tehran
    booked_time: Mapped[time | None] = mapped_column(Time)
    amount_rial: Mapped[int]
    balance_rial: Mapped[int | None]  # after the line, where the format has it
    line_class: Mapped[LineClass]
    deposit_id: Mapped[str | None] = mapped_column(String(30))  # digits, normalised
    reference: Mapped[str | None] = mapped_column(String(40))  # the bank's serial
    terminal: Mapped[str | None] = mapped_column(String(40))  # of a settlement, the bank's id
    branch: Mapped[str | None]
    payer: Mapped[str | None]
    # Of the payer's card what the bank shows: its issuer's six digits and the last four, or less.
    card_key: Mapped[str | None] = mapped_column(String(20))
    description: Mapped[str | None]
    raw: Mapped[str]  # canonical JSON of the row as written

    file: Mapped[StatementFile] = relationship()


def stands_on(bank_account_id: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a line, found by its id, is of this account and its import stands.

    For questions that begin with a few lines: SQLite is not to go through the account for them.
    """
    undone = select(StatementImportUndo.statement_file_id)
    return (
        unindexed(StatementLine.bank_account_id) == bank_account_id,
        StatementLine.statement_file_id.not_in(undone),
    )


def opposite_lines(session: Session, line: StatementLine) -> Sequence[StatementLine]:
    """The standing lines of the same account and day with the opposite amount, in their order."""
    undone = exists().where(
        StatementImportUndo.statement_file_id == StatementLine.statement_file_id
    )
    return session.scalars(
        select(StatementLine)
        .where(
            StatementLine.bank_account_id == line.bank_account_id,
            StatementLine.booked_on == line.booked_on,
            StatementLine.amount_rial == -line.amount_rial,
            ~undone,
        )
        .order_by(unindexed(StatementLine.position))
    ).all()
