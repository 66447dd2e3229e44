"""Files that were refused, rows of them that a second person set aside, and what became of those.

A refused file is remembered, never kept: handing it in again brings its rows. A row that was set
aside becomes a line whose missing value follows from the balances around it; no rule touches the
line, and its day cannot be closed, until a person has solved it.
"""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Select,
    String,
    UniqueConstraint,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from core.database import Base, insert_only
from reconciliation.lines import StatementLine, stands_on


@insert_only
class RefusedImport(Base):
    """A file that was handed in and refused: why, where, and who handed it in."""

    __tablename__ = "refused_import"
    __table_args__ = (
        UniqueConstraint(
            "id",
            "bank_account_id",
            "sha256",
            "row_number",
            "handed_in_by_id",
            name="uq_refused_import_set_aside",
        ),
        CheckConstraint(
            "(inferred_amount_rial IS NULL) = (inferred_on IS NULL)", name="inferred_whole"
        ),
        Index("ix_refused_import_file", "bank_account_id", "sha256"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    name: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64))
    code: Mapped[str] = mapped_column(String(60))  # of the refusal
    details: Mapped[str]  # what fills its sentence, JSON
    row_number: Mapped[int | None]
    column: Mapped[str | None] = mapped_column("column_name")
    text: Mapped[str | None]  # as it was written
    inferred_amount_rial: Mapped[int | None]  # what the balances around the row say it moved
    inferred_on: Mapped[date | None]
    handed_in_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    refused_at: Mapped[datetime]

    quarantined: Mapped["QuarantinedRow | None"] = relationship(
        viewonly=True, foreign_keys="QuarantinedRow.refused_import_id"
    )

    @property
    def can_be_set_aside(self) -> bool:
        """Whether the row's missing value is certain and the person who handed it in is known."""
        return self.inferred_on is not None and self.handed_in_by_id is not None


@insert_only
class QuarantinedRow(Base):
    """A row that a second person set aside: the next import of the very file takes it in."""

    __tablename__ = "quarantined_row"
    __table_args__ = (
        ForeignKeyConstraint(
            ["refused_import_id", "bank_account_id", "sha256", "row_number", "handed_in_by_id"],
            [
                "refused_import.id",
                "refused_import.bank_account_id",
                "refused_import.sha256",
                "refused_import.row_number",
                "refused_import.handed_in_by_id",
            ],
            name="fk_quarantined_row_refusal",
        ),
        UniqueConstraint("bank_account_id", "sha256", "row_number"),
        CheckConstraint("handed_in_by_id <> set_aside_by_id", name="two_persons"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    refused_import_id: Mapped[int] = mapped_column(unique=True)
    bank_account_id: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    row_number: Mapped[int]
    handed_in_by_id: Mapped[int]
    reason: Mapped[str]
    set_aside_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_aside_at: Mapped[datetime]


@insert_only
class QuarantinedLine(Base):
    """A line that came from a row set aside."""

    __tablename__ = "quarantined_line"

    line_id: Mapped[int] = mapped_column(
        ForeignKey("statement_line.id"), primary_key=True, autoincrement=False
    )
    quarantined_row_id: Mapped[int] = mapped_column(ForeignKey("quarantined_row.id"), index=True)

    line: Mapped[StatementLine] = relationship()
    row: Mapped[QuarantinedRow] = relationship()


@insert_only
class QuarantineSolution(Base):
    """That a person read the row at the bank or confirms it: from now on a line like any."""

    __tablename__ = "quarantine_solution"
    __table_args__ = (
        CheckConstraint("(read_rial IS NULL) = (read_on IS NULL)", name="reading_whole"),
        CheckConstraint("read_rial IS NOT NULL OR reason <> ''", name="reading_or_reason"),
    )

    line_id: Mapped[int] = mapped_column(
        ForeignKey("quarantined_line.line_id"), primary_key=True, autoincrement=False
    )
    read_rial: Mapped[int | None]  # a credit positive, a debit negative
    read_on: Mapped[date | None]
    reason: Mapped[str]
    solved_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    solved_at: Mapped[datetime]


def unsolved_lines() -> Select[int]:
    """The ids of quarantined lines that nobody has solved, their imports undone or not."""
    return select(QuarantinedLine.line_id).where(
        QuarantinedLine.line_id.not_in(select(QuarantineSolution.line_id))
    )


def open_quarantine(
    session: Session, bank_account_id: int, day: date | None = None
) -> Sequence[QuarantinedLine]:
    """The standing unsolved lines of an account, of one day or of all, in the bank's order.

    A day that has one cannot be closed. There are few: they are gone through, not the account.
    """
    conditions = list(stands_on(bank_account_id))
    if day is not None:
        conditions.append(StatementLine.booked_on == day)
    return session.scalars(
        select(QuarantinedLine)
        .join(QuarantinedLine.line)
        .where(*conditions, QuarantinedLine.line_id.in_(unsolved_lines()))
        .order_by(StatementLine.position)
    ).all()
