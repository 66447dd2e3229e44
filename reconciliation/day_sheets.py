"""Day sheets (برگهٔ روز): an account's day as it was proved, who signed it, and what changed later.

A sheet freezes facts; preparing it anew writes the next version beside it. What is signed, asked
for and decided are rows of their own, so that nothing here is ever changed.
"""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.desk import Decision


class DifferenceKind(StrEnum):
    """Why bank, gateways and books are not the same at the end of a day. The list is closed."""

    CHAIN_GAP = "chain_gap"  # a row whose balance does not follow from the one before
    END_UNKNOWN = "end_unknown"  # no later row shows that the day is complete
    QUARANTINED_ROW = "quarantined_row"
    LEDGER_DIFFERS = "ledger_differs"  # bank or suspense in our books
    GATEWAY_DIFFERS = "gateway_differs"  # the books say other than what a terminal still owes
    BATCH_DIFFERS = "batch_differs"  # a pay-out that is not the sum of what we await
    DEPOSITED_NOT_PAID = "deposited_not_paid"  # a pay-out for which we await nothing
    PAID_NOT_DEPOSITED = "paid_not_deposited"  # final payments whose window has passed
    UNMATCHED_CREDIT = "unmatched_credit"
    UNMATCHED_DEBIT = "unmatched_debit"
    DESK_CASH = "desk_cash"  # cash that a desk took before this day and has not handed in
    CASHIER_DIFFERENCE = "cashier_difference"  # a session that was not closed as the books had it


# With one of these a day proves nothing and cannot be signed; the others are known and owned.
FORBIDDING = frozenset(
    {
        DifferenceKind.CHAIN_GAP,
        DifferenceKind.END_UNKNOWN,
        DifferenceKind.QUARANTINED_ROW,
        DifferenceKind.LEDGER_DIFFERS,
        DifferenceKind.GATEWAY_DIFFERS,
    }
)

ONE_OWNER = "(owner_id IS NULL) <> (owner_office_id IS NULL)"


@insert_only
class DaySheet(Base):
    """One account's day, frozen: the bank's leg, the books' leg, and a digest over all of it."""

    __tablename__ = "day_sheet"
    __table_args__ = (
        UniqueConstraint("bank_account_id", "day", "version"),
        # What a signature refers to, so that it cannot say it otherwise.
        UniqueConstraint("id", "prepared_by_id", "is_whole"),
        CheckConstraint("version > 0", name="versions_from_one"),
        CheckConstraint("credits_rial >= 0 AND debits_rial >= 0", name="sums_without_sign"),
        CheckConstraint(
            "NOT is_whole OR opening_rial + credits_rial - debits_rial = closing_rial",
            name="whole_adds_up",
        ),
        CheckConstraint(
            "NOT is_whole OR (books_bank_rial = closing_rial AND books_open_rial = open_rial)",
            name="whole_as_the_books",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    day: Mapped[date]
    version: Mapped[int]
    opening_rial: Mapped[int]  # by the bank, before the first row of the day
    credit_count: Mapped[int]
    credits_rial: Mapped[int]
    debit_count: Mapped[int]
    debits_rial: Mapped[int]
    closing_rial: Mapped[int]  # by the bank, after the last row of the day
    open_count: Mapped[int]  # lines that nothing explained by the end of the day, of earlier too
    open_rial: Mapped[int]
    books_bank_rial: Mapped[int]
    books_open_rial: Mapped[int]  # what stands in suspense, a credit positive
    is_whole: Mapped[bool]  # nothing forbids to sign it
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 over all facts of the sheet
    prepared_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    prepared_at: Mapped[datetime]

    terminals: Mapped[list["DaySheetTerminal"]] = relationship(
        order_by="DaySheetTerminal.terminal_id"
    )
    differences: Mapped[list["DaySheetDifference"]] = relationship(order_by="DaySheetDifference.id")
    signature: Mapped["DaySignature | None"] = relationship(
        primaryjoin="DaySignature.day_sheet_id == DaySheet.id",
        foreign_keys="DaySignature.day_sheet_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class DaySheetTerminal(Base):
    """What one terminal paid out on the day, and what it owes at the end of it."""

    __tablename__ = "day_sheet_terminal"

    day_sheet_id: Mapped[int] = mapped_column(
        ForeignKey("day_sheet.id"), primary_key=True, autoincrement=False
    )
    terminal_id: Mapped[int] = mapped_column(
        ForeignKey("terminal.id"), primary_key=True, autoincrement=False
    )
    lump_count: Mapped[int]  # its credits on the statement
    lumps_rial: Mapped[int]
    gross_rial: Mapped[int]  # of the payments inside the lumps that are explained
    fee_rial: Mapped[int]  # netted
    net_rial: Mapped[int]  # what of the lumps is explained
    owed_rial: Mapped[int]  # of its final payments, still to be paid out
    books_rial: Mapped[int]  # the same by our books


@insert_only
class DaySheetDifference(Base):
    """One difference as it stood when the sheet was prepared, with whoever owned it then.

    ``subject_id`` is a line, terminal, office, cashier's session or account of our books, by the
    kind; 0 for the day.
    """

    __tablename__ = "day_sheet_difference"
    __table_args__ = (
        UniqueConstraint("day_sheet_id", "kind", "subject_id", "since_on"),
        CheckConstraint(ONE_OWNER, name="one_owner"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    day_sheet_id: Mapped[int] = mapped_column(ForeignKey("day_sheet.id"))
    kind: Mapped[DifferenceKind]
    subject_id: Mapped[int]
    since_on: Mapped[date]
    item_count: Mapped[int]
    amount_rial: Mapped[int]  # signed as the line; what is missing, else
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    owner_office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))


@insert_only
class DifferenceOwner(Base):
    """That somebody looks after a difference from now on; the last word holds."""

    __tablename__ = "difference_owner"
    __table_args__ = (
        CheckConstraint(ONE_OWNER, name="one_owner"),
        Index("ix_difference_owner_of", "bank_account_id", "kind", "subject_id", "since_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    kind: Mapped[DifferenceKind]
    subject_id: Mapped[int]
    since_on: Mapped[date]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    owner_office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]


@insert_only
class DaySignature(Base):
    """That a second person signed a sheet on which nothing was left unproved: the day is locked."""

    __tablename__ = "day_signature"
    __table_args__ = (
        ForeignKeyConstraint(
            ["day_sheet_id", "prepared_by_id", "is_whole"],
            ["day_sheet.id", "day_sheet.prepared_by_id", "day_sheet.is_whole"],
        ),
        CheckConstraint("prepared_by_id <> signed_by_id", name="two_persons"),
        CheckConstraint("is_whole", name="only_whole"),
    )

    day_sheet_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prepared_by_id: Mapped[int]
    is_whole: Mapped[bool]
    signed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    signed_at: Mapped[datetime]
    last_posting_id: Mapped[int]  # the books as the signer saw them end here


class DayChange(StrEnum):
    """What may be changed about a signed day, by two persons."""

    UNDO_LINE = "undo_line"  # what explains a line of it; by a reversal dated today
    REOPEN = "reopen"  # the signature itself, of the latest signed day


@insert_only
class DayChangeRequest(Base):
    """One person asks that something about a signed day changes."""

    __tablename__ = "day_change_request"
    __table_args__ = (
        UniqueConstraint("id", "asked_by_id"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("(change = 'undo_line') = (line_id IS NOT NULL)", name="names_its_line"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    change: Mapped[DayChange]
    day_sheet_id: Mapped[int] = mapped_column(ForeignKey("day_signature.day_sheet_id"), index=True)
    line_id: Mapped[int | None] = mapped_column(ForeignKey("statement_line.id"), index=True)
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    asked_at: Mapped[datetime]

    sheet: Mapped[DaySheet] = relationship(
        primaryjoin="DaySheet.id == DayChangeRequest.day_sheet_id",
        foreign_keys="DayChangeRequest.day_sheet_id",
        viewonly=True,
    )
    decision: Mapped["DayChangeDecision | None"] = relationship(
        primaryjoin="DayChangeDecision.request_id == DayChangeRequest.id",
        foreign_keys="DayChangeDecision.request_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class DayChangeDecision(Base):
    """What a second person decided; an approved change is made in the same transaction."""

    __tablename__ = "day_change_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "asked_by_id"],
            ["day_change_request.id", "day_change_request.asked_by_id"],
        ),
        CheckConstraint("asked_by_id <> decided_by_id", name="two_persons"),
    )

    request_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_by_id: Mapped[int]
    decision: Mapped[Decision]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]
