"""Matches (انطباق): the claim that a line and something of ours are the same money; and undos."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    and_,
    false,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from core.database import Base, insert_only, one_of, words_of
from reconciliation.expected import DAY_END
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
    # Offers that a person accepted together are a run of their own, so that one undo takes it back.
    is_by_hand: Mapped[bool] = mapped_column(default=False, server_default=false())
    lines_before: Mapped[int] = mapped_column(default=0, server_default="0")  # open when it began
    lines_explained: Mapped[int] = mapped_column(default=0, server_default="0")  # so far


@insert_only
class Settlement(Base):
    """What one line paid out: a terminal's final money of a business day, or one payment of it."""

    __tablename__ = "settlement"
    __table_args__ = (
        CheckConstraint("net_rial = gross_rial - fee_rial", name="net_of_fee"),
        Index(
            "ix_settlement_apart",
            "apart_fee_rial",
            sqlite_where=text("apart_fee_rial > 0"),
            postgresql_where=text("apart_fee_rial > 0"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminal.id"))
    business_day: Mapped[date]
    item_count: Mapped[int]
    moved_count: Mapped[int] = mapped_column(default=0)  # items of a neighbour's business day
    gross_rial: Mapped[int]
    fee_rial: Mapped[int]  # what was netted from the credit; zero where it is booked apart
    net_rial: Mapped[int]
    cut_off_minute: Mapped[int] = mapped_column(default=DAY_END, server_default=str(DAY_END))
    # What the terms say that the bank books as a row of its own.
    apart_fee_rial: Mapped[int] = mapped_column(default=0, server_default="0")


class DifferenceKind(StrEnum):
    """Why a pay-out is not its payments less their fees; nothing else is accepted."""

    ROUNDING = "rounding"  # at most one rial for each payment
    FEE = "fee"  # the bank kept another fee than the terms say
    REFUND = "refund"  # it kept back what it had sent to a donor for us
    OTHER = "other"  # named by a person


@insert_only
class SettlementDifference(Base):
    """A part of a settlement that is neither a payment nor its fee, and where it was posted.

    Positive is what the bank kept, negative what it paid beyond. A refund's is posted to refunds,
    every other to fees.
    """

    __tablename__ = "settlement_difference"
    __table_args__ = (
        CheckConstraint("amount_rial <> 0", name="moves_money"),
        CheckConstraint("(kind = 'refund') = (refund_request_id IS NOT NULL)", name="a_refund"),
        CheckConstraint("kind <> 'other' OR note <> ''", name="other_is_named"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    settlement_id: Mapped[int] = mapped_column(ForeignKey("settlement.id"), index=True)
    kind: Mapped[DifferenceKind]
    amount_rial: Mapped[int]
    note: Mapped[str] = mapped_column(String(300), default="")
    refund_request_id: Mapped[int | None] = mapped_column(ForeignKey("refund_request.id"))


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
    taken_minute: Mapped[int] = mapped_column(default=DAY_END - 1, server_default=str(DAY_END - 1))


@insert_only
class Match(Base):
    """One explained part of a line. The parts of an explained line sum to the line."""

    __tablename__ = "match"
    __table_args__ = (
        CheckConstraint("amount_rial <> 0", name="moves_money"),
        # Not of pledges, which have the most: their contributions name the match as their cause.
        Index(
            "ix_match_target",
            "target",
            "target_id",
            sqlite_where=text("target <> 'pledge'"),
            postgresql_where=text("target <> 'pledge'"),
        ),
        CheckConstraint("(rule = 'by_hand') = (made_by_id IS NOT NULL)", name="a_person_by_hand"),
        CheckConstraint(one_of("rule", Rule), name="rule"),
        CheckConstraint(one_of("target", Target), name="target"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int | None]  # of which ``RunSlice`` holds the ids, and the foreign key
    line_id: Mapped[int] = mapped_column(index=True)  # claimed by ``LineClaim``, which refers to it
    rule: Mapped[Rule] = mapped_column(words_of(Rule))
    target: Mapped[Target] = mapped_column(words_of(Target))
    target_id: Mapped[int | None]
    amount_rial: Mapped[int]  # signed as the line
    made_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]

    line: Mapped[StatementLine] = relationship(
        primaryjoin=lambda: foreign(Match.line_id) == StatementLine.id
    )
    undo: Mapped["MatchUndo | None"] = relationship()


@insert_only
class RunSlice(Base):
    """The matches that one slice of a run wrote: those of its ids that name the run."""

    __tablename__ = "run_slice"
    __table_args__ = (
        CheckConstraint("first_match_id <= last_match_id", name="in_order"),
        Index("ix_run_slice_run", "run_id", "first_match_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("reconciliation_run.id"))
    first_match_id: Mapped[int]  # of a range, which holds no more than its run wrote
    last_match_id: Mapped[int]


def has_target(target: Target, target_id: Any) -> ColumnElement[bool]:
    """The condition that a match is with this; not for pledges, of which there is no index."""
    is_indexed = Match.target != literal_column(f"'{Target.PLEDGE.value}'")
    return and_(Match.target == target, is_indexed, Match.target_id == target_id)


def is_of_run(run_id: int) -> ColumnElement[bool]:
    """The condition that a match is of a run; whoever asks joins ``RunSlice`` with it.

    By its slices, and not by an index of the matches: a run writes a million of them.
    """
    return and_(
        RunSlice.run_id == run_id,
        Match.id.between(RunSlice.first_match_id, RunSlice.last_match_id),
        Match.run_id == run_id,  # somebody may have written by hand at the same time
    )


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
