"""Matches (انطباق): the claim that a line and something of ours are the same money; and undos."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from reconciliation.lines import StatementLine


class Rule(StrEnum):
    """Why a line is explained; in the order in which the sure ones are tried."""

    DEPOSIT_ID = "deposit_id"
    SPLIT = "split"  # several of our ids named in one line, their sum to the rial
    BANK_REFERENCE = "bank_reference"
    SETTLEMENT_REPORT = "settlement_report"  # the sum of a provider's own report
    SETTLEMENT_BATCH = "settlement_batch"
    DEPOSIT_SLIP = "deposit_slip"
    CARD = "card"  # amount and wide card key; sure only where an administrator says so
    REVERSAL_PAIR = "reversal_pair"  # a debit that takes an earlier credit back
    REFUND = "refund"
    BANK_FEE = "bank_fee"
    BY_HAND = "by_hand"


class Target(StrEnum):
    """What a line was matched with."""

    PLEDGE = "pledge"
    SETTLEMENT = "settlement"  # also of a single payment that came under its own reference
    DEPOSIT_SLIP = "deposit_slip"
    REFUND = "refund"  # money sent back for a payment
    TRANSFER = "transfer"  # between accounts of the register; target_id: the other line, if seen
    REVERSAL = "reversal"  # target_id: the line that it takes back, or that takes it back
    BANK_FEE = "bank_fee"


class RunState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    UNDOING = "undoing"  # its matches are being taken back
    UNDONE = "undone"


class ReconciliationRun(Base):
    """One pass of the rules over what was open.

    One at a time for all accounts, and no undo beside it: ``slot`` is 1 while the run or its undo
    is at work and empty otherwise, so that the database keeps a second one out.
    """

    __tablename__ = "reconciliation_run"
    __table_args__ = (
        CheckConstraint("slot = 1", name="one_slot"),
        CheckConstraint(
            "(slot IS NOT NULL) = (state IN ('running', 'undoing'))", name="slot_while_at_work"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[RunState]
    slot: Mapped[int | None] = mapped_column(unique=True)
    started_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    started_at: Mapped[datetime]
    touched_at: Mapped[datetime]  # whoever stopped touching the row has died and is taken over
    finished_at: Mapped[datetime | None]


@insert_only
class Settlement(Base):
    """What one line paid out: a terminal's final money of a business day, or one payment of it."""

    __tablename__ = "settlement"
    __table_args__ = (CheckConstraint("net_rial = gross_rial - fee_rial", name="net_of_fee"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminal.id"))
    business_day: Mapped[date]
    item_count: Mapped[int]
    moved_count: Mapped[int] = mapped_column(default=0)  # items of a neighbour's business day
    gross_rial: Mapped[int]
    fee_rial: Mapped[int]  # what was netted from the credit; zero where it is booked apart
    net_rial: Mapped[int]


@insert_only
class SettlementItem(Base):
    """One payment or card contribution inside a settlement."""

    __tablename__ = "settlement_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    settlement_id: Mapped[int] = mapped_column(ForeignKey("settlement.id"), index=True)
    source: Mapped[str] = mapped_column(String(20))  # payment or contribution
    source_id: Mapped[int]
    amount_rial: Mapped[int]
    fee_rial: Mapped[int]
    business_day: Mapped[date]  # as it was expected, and so is again after an undo
    reference: Mapped[str | None] = mapped_column(String(80))


@insert_only
class Match(Base):
    """One explained part of a line. The parts of an explained line sum to the line."""

    __tablename__ = "match"
    __table_args__ = (
        CheckConstraint("amount_rial <> 0", name="moves_money"),
        Index("ix_match_target", "target", "target_id"),
        CheckConstraint("(rule = 'by_hand') = (made_by_id IS NOT NULL)", name="a_person_by_hand"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None] = mapped_column(ForeignKey("reconciliation_run.id"), index=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("statement_line.id"), index=True)
    rule: Mapped[Rule]
    target: Mapped[Target]
    target_id: Mapped[int | None]
    amount_rial: Mapped[int]  # signed as the line
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]

    line: Mapped[StatementLine] = relationship()
    undo: Mapped["MatchUndo | None"] = relationship()


@insert_only
class MatchUndo(Base):
    """That a match does not stand."""

    __tablename__ = "match_undo"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_a_reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    match_id: Mapped[int] = mapped_column(ForeignKey("match.id"), unique=True)
    reason: Mapped[str]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    undone_at: Mapped[datetime]
