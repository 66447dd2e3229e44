"""Terminals that owe us money, and the terms under which their money reaches the bank account."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from core.database import Base
from core.refusals import Refusal
from ledger.accounts import BankAccount

WITHIN_DAYS_MAX = 60


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
    settles_within_days: Mapped[int] = mapped_column(default=5)  # working days

    terminal: Mapped[Terminal] = relationship()

    def fee_rial(self, amount_rial: int) -> int:
        """What the acquirer keeps of one payment, in whole rials, whether netted or apart.

        The kernel computes the same in SQL: ``reconciliation.batches.netted_fee_rial``.
        """
        if self.netting is Netting.EXEMPT:
            return 0
        share = amount_rial * self.fee_per_ten_thousand // 10_000
        return min(max(share, self.fee_floor_rial), self.fee_cap_rial)


class TermsUnusable(Refusal):
    """A figure that no contract can have, or terms that begin on the same day as others."""

    code = "terms.unusable"
    http_status = 422
    field = "valid_from"


def terms_of(session: Session, terminal_id: int) -> Sequence[TerminalTerms]:
    """Every set of terms of a terminal, the latest first."""
    return session.scalars(
        select(TerminalTerms)
        .where(TerminalTerms.terminal_id == terminal_id)
        .order_by(TerminalTerms.valid_from.desc())
    ).all()


def enter_terms(session: Session, terms: TerminalTerms) -> None:
    """Enter what holds for a terminal from a day on; sets that were entered stay as they are.

    Raises TermsUnusable.
    """
    figures = (terms.fee_floor_rial, terms.fee_per_ten_thousand, terms.settles_within_days)
    is_known = any(
        known.valid_from == terms.valid_from for known in terms_of(session, terms.terminal_id)
    )
    is_possible = (
        min(figures) >= 0
        and terms.fee_floor_rial <= terms.fee_cap_rial
        and terms.fee_per_ten_thousand <= 10_000
        and terms.settles_within_days <= WITHIN_DAYS_MAX
    )
    if is_known or not is_possible:
        raise TermsUnusable
    session.add(terms)
    session.flush()
