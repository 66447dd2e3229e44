"""The work tables: open lines and the money we expect, each kept in the order of its key.

They are derived and can be rebuilt from the facts at any time. Closing an item deletes its narrow
row, so the cost of a run depends on what is open and never on the history.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, Select, String, bindparam, delete, func, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.bulk import listed
from core.database import Base, add_if_new, upsert
from donations.models.desk import DepositSlip
from donations.models.pledge import Channel, ItemKind, ItemState, Pledge, PledgeItem
from donations.models.refund import Ending, RefundEnd, RefundRequest, Way
from donations.slips import slip_stands
from ledger.terminals import Terminal

_ORDERED = {"sqlite_with_rowid": False}
DAY_END = 1_440  # minutes


class OpenLine(Base):
    """A line that nothing explains yet."""

    __tablename__ = "open_line"

    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_account_id: Mapped[int]
    booked_on: Mapped[date]
    amount_rial: Mapped[int]


class LineClaim(Base):
    """A line that something explains: a second match that stands is refused by this key.

    It refers to the line for the match, too: claims are written in the order of the lines, which
    makes the proof cheap.
    """

    __tablename__ = "line_claim"

    line_id: Mapped[int] = mapped_column(
        ForeignKey("statement_line.id"), primary_key=True, autoincrement=False
    )


class OpenDepositLine(Base):
    """An open credit line that carries a deposit id."""

    __tablename__ = "open_deposit_line"
    __table_args__ = (_ORDERED,)

    deposit_id: Mapped[str] = mapped_column(String(30), primary_key=True)
    amount_rial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    booked_on: Mapped[date] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class OpenReferenceLine(Base):
    """An open credit line that carries a bank's reference."""

    __tablename__ = "open_reference_line"
    __table_args__ = (_ORDERED,)

    reference: Mapped[str] = mapped_column(String(40), primary_key=True)
    amount_rial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    booked_on: Mapped[date] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class OpenSettlementLine(Base):
    """An open credit line that pays out a terminal."""

    __tablename__ = "open_settlement_line"
    __table_args__ = (_ORDERED,)

    terminal_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount_rial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    booked_on: Mapped[date] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class OpenFeeLine(Base):
    """An open debit line that the bank calls a fee."""

    __tablename__ = "open_fee_line"

    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_account_id: Mapped[int]
    amount_rial: Mapped[int]


class Expects(StrEnum):
    """What an expected deposit would pay."""

    PLEDGE = "pledge"
    DEPOSIT_SLIP = "deposit_slip"


class ExpectedDeposit(Base):
    """Money that may arrive under a deposit id of ours."""

    __tablename__ = "expected_deposit"
    __table_args__ = (_ORDERED,)

    deposit_id: Mapped[str] = mapped_column(String(30), primary_key=True)
    amount_rial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    expects: Mapped[Expects]
    target_id: Mapped[int]


# Built once: every gift asks this. By the deposit id, which is the key, not by the pledge.
_FORGET_PLEDGE = delete(ExpectedDeposit.__table__).where(  # type: ignore[arg-type]
    ExpectedDeposit.deposit_id
    == select(Pledge.deposit_id).where(Pledge.id == bindparam("pledge")).scalar_subquery(),
    ExpectedDeposit.expects == Expects.PLEDGE,
)


class MoneySource(StrEnum):
    """What a terminal took money for."""

    PAYMENT = "payment"  # an online payment, surplus or not
    CONTRIBUTION = "contribution"  # a card at a desk


class ExpectedTerminalMoney(Base):
    """Final money that a terminal still owes to the bank account."""

    __tablename__ = "expected_terminal_money"
    __table_args__ = (
        Index("ix_expected_terminal_reference", "reference", "amount_rial"),
        _ORDERED,
    )

    terminal_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    business_day: Mapped[date] = mapped_column(primary_key=True)  # Tehran
    source: Mapped[MoneySource] = mapped_column(primary_key=True)
    source_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount_rial: Mapped[int]
    reference: Mapped[str | None] = mapped_column(String(80))
    # Of the Tehran day; where it is not known, the last one.
    taken_minute: Mapped[int] = mapped_column(default=DAY_END - 1, server_default=str(DAY_END - 1))


def expect_deposit(
    session: Session, deposit_id: str, amount_rial: int, expects: Expects, target_id: int
) -> None:
    """Look out for a deposit under this id. Asking twice is asking once."""
    add_if_new(
        session,
        ExpectedDeposit,
        deposit_id=deposit_id,
        amount_rial=amount_rial,
        expects=expects,
        target_id=target_id,
    )


def forget_pledge(session: Session, pledge_id: int) -> None:
    """Look out for no deposit of this pledge any more."""
    session.execute(_FORGET_PLEDGE, {"pledge": pledge_id})


def expect_pledges_again(session: Session, pledge_ids: Sequence[int]) -> None:
    """Look out for what these pledges promise in cash now, and for nothing else of theirs.

    To be called after anything that changed the states of their items. A promise made at a desk is
    paid at its counter, so that no deposit is looked out for.
    """
    session.flush()
    expect_chosen_pledges(session, listed(session.connection(), pledge_ids))


def expect_chosen_pledges(session: Session, pledge_ids: Select[*tuple[Any, ...]]) -> None:
    """The same for pledges chosen by a query."""
    session.execute(
        delete(ExpectedDeposit).where(
            ExpectedDeposit.deposit_id.in_(
                select(Pledge.deposit_id).where(Pledge.id.in_(pledge_ids))
            ),
            ExpectedDeposit.expects == Expects.PLEDGE,
        ),
        execution_options={"synchronize_session": False},
    )
    expect_deposits(
        session,
        select(
            Pledge.deposit_id,
            func.sum(PledgeItem.amount_rial),
            literal(Expects.PLEDGE, ExpectedDeposit.expects.type),
            Pledge.id,
        )
        .join(PledgeItem, PledgeItem.pledge_id == Pledge.id)
        .where(
            Pledge.id.in_(pledge_ids),
            Pledge.channel != Channel.DESK,
            PledgeItem.kind == ItemKind.CASH,
            PledgeItem.state == ItemState.PROMISED,
        )
        .group_by(Pledge.deposit_id, Pledge.id),
    )


def expect_chosen_slips(session: Session, slip_ids: Select[*tuple[Any, ...]]) -> None:
    """Look out for the cash of slips chosen by a query; of those that were voided there is none."""
    expect_deposits(
        session,
        select(
            DepositSlip.deposit_id,
            DepositSlip.amount_rial,
            literal(Expects.DEPOSIT_SLIP, ExpectedDeposit.expects.type),
            DepositSlip.id,
        ).where(DepositSlip.id.in_(slip_ids), slip_stands()),
    )


def forget_slip(session: Session, slip: DepositSlip) -> bool:
    """Look out for the cash of a slip no more; false where it was not awaited any more.

    A run that matches it at this moment is waited for.
    """
    gone = session.execute(
        delete(ExpectedDeposit)
        .where(
            ExpectedDeposit.deposit_id == slip.deposit_id,
            ExpectedDeposit.expects == Expects.DEPOSIT_SLIP,
            ExpectedDeposit.target_id == slip.id,
        )
        .returning(ExpectedDeposit.deposit_id)
    )
    return gone.first() is not None


def expect_deposits(session: Session, deposits: Select[*tuple[Any, ...]]) -> None:
    """Look out for every row of a query: deposit_id, amount_rial, expects, target_id."""
    session.execute(
        upsert(session, ExpectedDeposit)
        .from_select(["deposit_id", "amount_rial", "expects", "target_id"], deposits)
        .on_conflict_do_nothing()  # what is expected already is expected once
    )


def expect_terminal_money(
    session: Session,
    terminal_id: int,
    business_day: date,
    source: MoneySource,
    source_id: int,
    *,
    amount_rial: int,
    reference: str | None,
    taken_minute: int = DAY_END - 1,
) -> None:
    """Look out for the settlement of money a terminal took. Asking twice is asking once."""
    add_if_new(
        session,
        ExpectedTerminalMoney,
        terminal_id=terminal_id,
        business_day=business_day,
        source=source,
        source_id=source_id,
        amount_rial=amount_rial,
        reference=reference,
        taken_minute=taken_minute,
    )


class ExpectedRefund(Base):
    """Money that a bank sends back for us, whose debit is to be seen on the account."""

    __tablename__ = "expected_refund"

    request_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    terminal_id: Mapped[int]
    bank_account_id: Mapped[int]
    amount_rial: Mapped[int]
    reference: Mapped[str | None] = mapped_column(String(80))  # the bank's, for the refund


def expect_refunds(session: Session, request_ids: Select[*tuple[Any, ...]]) -> None:
    """Look out for the debits of refunds chosen by a query. Asking twice is asking once."""
    session.execute(
        upsert(session, ExpectedRefund)
        .from_select(
            ["request_id", "terminal_id", "bank_account_id", "amount_rial", "reference"],
            select(
                RefundRequest.id,
                Terminal.id,
                Terminal.bank_account_id,
                RefundRequest.amount_rial,
                RefundEnd.bank_reference,
            )
            .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
            .join(Terminal, Terminal.name == RefundRequest.gateway)
            .where(
                RefundRequest.id.in_(request_ids),
                RefundRequest.way != Way.REVERSE,  # undone before it reached the account
                RefundEnd.ending == Ending.DONE,
            ),
        )
        .on_conflict_do_nothing()
    )
