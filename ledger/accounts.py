"""The register of bank accounts, and the accounts of our own books."""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_if_new


class AccountKind(StrEnum):
    """The kinds of account; each but the bare ones is followed by what it is of."""

    BANK = "bank"  # bank:<account number>
    SUSPENSE = "suspense"  # suspense:<account number>: on the statement, not yet explained
    GATEWAY = "gateway"  # gateway:<terminal>: what a provider owes us
    DESK = "desk"  # desk:<office code>: cash in hand
    DRAWER = "drawer"  # drawer:<office code>-<number>: cash of a cashier's open session
    CHEQUES = "cheques"  # cheques:<office code>
    FUND = "fund"  # fund:<fund code>: what donors entrusted for it
    SURPLUS = "surplus"
    WITHDRAWN = "withdrawn"
    REFUNDS = "refunds"
    FEES = "fees"
    OWN = "own"
    OPENING = "opening"


class BankAccount(Base):
    """An account of the organisation at a bank.

    Its Sheba is entered and verified, never derived. ``unit`` names the rial its amounts are in:
    a redenomination is a new account, not a migration.
    """

    __tablename__ = "bank_account"
    __table_args__ = (
        Index(
            "ix_bank_account_central",
            "is_central",
            unique=True,
            sqlite_where=text("is_central"),
            postgresql_where=text("is_central"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(30), unique=True)
    bank_fa: Mapped[str]
    bank_en: Mapped[str]
    branch_fa: Mapped[str]
    branch_en: Mapped[str]
    holder_fa: Mapped[str]
    holder_en: Mapped[str]
    sheba: Mapped[str | None] = mapped_column(String(26))
    unit: Mapped[str] = mapped_column(String(8), default="IRR")
    deposit_id_layout: Mapped[str] = mapped_column(String(30), default="year2-place3-serial6")
    deposit_id_check: Mapped[str] = mapped_column(String(20), default="iso7064-97-10")
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    # The one into which deposit ids lead and to which desks hand their cash.
    is_central: Mapped[bool] = mapped_column(default=False)


class LedgerAccount(Base):
    """One account of our books, named ``kind`` or ``kind:detail``."""

    __tablename__ = "ledger_account"
    __table_args__ = (
        CheckConstraint("code = kind OR code LIKE kind || ':%'", name="code_of_kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(80), unique=True)
    kind: Mapped[AccountKind]
    bank_account_id: Mapped[int | None] = mapped_column(ForeignKey("bank_account.id"))


_KNOWN = select(LedgerAccount.code, LedgerAccount.id).where(
    LedgerAccount.code.in_(bindparam("codes", expanding=True))
)


def central_account(session: Session) -> BankAccount:
    """The account into which deposit ids lead. Raises NoResultFound without a catalogue."""
    return session.scalars(select(BankAccount).where(BankAccount.is_central)).one()


def account_code(kind: AccountKind, detail: str = "") -> str:
    """The name of an account: ``fund:19041062101``, ``surplus``."""
    return f"{kind}:{detail}" if detail else str(kind)


def account_ids(session: Session, codes: set[str]) -> Mapping[str, int]:
    """The ids of accounts by code; an account that is named for the first time is opened."""
    found = dict(session.execute(_KNOWN, {"codes": sorted(codes)}).all())
    for code in sorted(codes - found.keys()):
        found[code] = _opened(session, code)
    return found


def _opened(session: Session, code: str) -> int:
    kind, _, detail = code.partition(":")
    of_bank = kind in (AccountKind.BANK, AccountKind.SUSPENSE)
    session.execute(
        insert_if_new(
            session,
            LedgerAccount,
            code=code,
            kind=AccountKind(kind),
            bank_account_id=session.scalars(
                select(BankAccount.id).where(BankAccount.number == detail)
            ).one()
            if of_bank
            else None,
        )
    )
    return session.scalars(select(LedgerAccount.id).where(LedgerAccount.code == code)).one()
