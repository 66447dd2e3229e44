"""Terminals that owe us money, and the terms under which their money reaches the bank account."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from core.database import Base
from ledger.accounts import BankAccount


class Terminal(Base):
    """An online gateway account or a card terminal at a desk, by our name and the bank's.

    The ledger account is ``gateway:<name>``.
    """

    __tablename__ = "terminal"
    __table_args__ = (UniqueConstraint("bank_account_id", "bank_terminal_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    bank_terminal_id: Mapped[str] = mapped_column(String(40))  # as the statement writes it
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))  # a card terminal's desk

    bank_account: Mapped[BankAccount] = relationship()


def is_entered(session: Session, name: str) -> bool:
    """Whether a terminal is in the register; money of one that is not could not be recorded."""
    return session.scalar(select(Terminal.id).where(Terminal.name == name)) is not None


def names_entered(session: Session) -> frozenset[str]:
    """The names of all terminals in the register."""
    return frozenset(session.scalars(select(Terminal.name)))


class Netting(StrEnum):
    """Whether the bank's fee is taken from the settlement credit or booked as a row of its own."""

    NETTED = "netted"
    APART = "apart"
    EXEMPT = "exempt"


class TerminalTerms(Base):
    """What the contract of a terminal says from a day on; the latest that has begun holds.

    The default figures are the acquirer's table since Tir 1402: 2 in 10,000, at least 1,200 and
    at most 40,000 rials a payment (``reference/reconciliation.md`` C.3).
    """

    __tablename__ = "terminal_terms"
    __table_args__ = (
        UniqueConstraint("terminal_id", "valid_from"),
        CheckConstraint("fee_floor_rial <= fee_cap_rial", name="floor_under_cap"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminal.id"))
    valid_from: Mapped[date]
    netting: Mapped[Netting] = mapped_column(default=Netting.NETTED)
    fee_floor_rial: Mapped[int] = mapped_column(default=1_200)
    fee_per_ten_thousand: Mapped[int] = mapped_column(default=2)
    fee_cap_rial: Mapped[int] = mapped_column(default=40_000)
    settles_within_days: Mapped[int] = mapped_column(default=5)  # holidays are shifts within it

    terminal: Mapped[Terminal] = relationship()
