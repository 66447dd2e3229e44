"""The work tables: open lines and the money we expect, each kept in the order of its key.

They are derived and can be rebuilt from the facts at any time. Closing an item deletes its narrow
row, so the cost of a run depends on what is open and never on the history.
"""

from datetime import date
from enum import StrEnum

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, add_if_new

_ORDERED = {"sqlite_with_rowid": False}


class OpenLine(Base):
    """A line that nothing explains yet."""

    __tablename__ = "open_line"
    __table_args__ = (Index("ix_open_line_account", "bank_account_id", "booked_on"),)

    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bank_account_id: Mapped[int]
    booked_on: Mapped[date]
    amount_rial: Mapped[int]


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
    __table_args__ = (Index("ix_expected_deposit_target", "expects", "target_id"), _ORDERED)

    deposit_id: Mapped[str] = mapped_column(String(30), primary_key=True)
    amount_rial: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    expects: Mapped[Expects]
    target_id: Mapped[int]


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


def expect_terminal_money(
    session: Session,
    terminal_id: int,
    business_day: date,
    source: MoneySource,
    source_id: int,
    *,
    amount_rial: int,
    reference: str | None,
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
    )
