"""Days that were closed and signed: how far an account's days are locked, and who waits for whom.

Whoever imports into an account or signs a day of it holds the account alone; whoever explains or
takes back one of its lines by hand holds it together with others. So a day is signed either before
or after such an act, never beside it. Runs are held by their table, see ``hold_for_signing``.
"""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Select, and_, delete, exists, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, engine_of
from core.refusals import Refusal
from ledger.accounts import BankAccount
from reconciliation.found import FOUND
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Target, has_target


class DayLocked(Refusal):
    """The day was closed and signed: what is found later is booked by a reversal dated today."""

    code = "reconciliation.day_locked"


class AccountLock(Base):
    """The latest signed day of an account; days are signed in order, so all before it are too.

    A head row beside the signatures themselves, written in the transaction that signs or reopens.
    """

    __tablename__ = "account_lock"

    bank_account_id: Mapped[int] = mapped_column(
        ForeignKey("bank_account.id"), primary_key=True, autoincrement=False
    )
    closed_through: Mapped[date]


def closed_through(session: Session, bank_account_id: int) -> date | None:
    """The latest locked day of an account; nothing where no day was ever signed."""
    return session.scalars(
        select(AccountLock.closed_through).where(AccountLock.bank_account_id == bank_account_id)
    ).one_or_none()


def refuse_locked_day(session: Session, bank_account_id: int, day: date) -> None:
    """Raise DayLocked where a day is signed."""
    locked = closed_through(session, bank_account_id)
    if locked is not None and day <= locked:
        raise DayLocked(day=day, closed_through=locked)


def refuse_locked_lines(session: Session, line_ids: Select[*tuple[Any, ...]]) -> None:
    """Raise DayLocked where one of these lines is of a signed day."""
    found = session.execute(
        select(StatementLine.booked_on, AccountLock.closed_through)
        .join(AccountLock, AccountLock.bank_account_id == StatementLine.bank_account_id)
        .where(
            StatementLine.id.in_(line_ids), StatementLine.booked_on <= AccountLock.closed_through
        )
        .order_by(StatementLine.booked_on)
        .limit(1)
    ).one_or_none()
    if found is not None:
        raise DayLocked(day=found.booked_on, closed_through=found.closed_through)


def is_locked() -> ColumnElement[bool]:
    """Whether a statement line is of a signed day: no rule looks at it any more."""
    return (
        exists()
        .where(
            AccountLock.bank_account_id == StatementLine.bank_account_id,
            AccountLock.closed_through >= StatementLine.booked_on,
        )
        .correlate(StatementLine)
    )


def drop_locked(session: Session) -> None:
    """Leave lines of signed days out of what a rule found: they are for people alone."""
    if session.scalars(select(AccountLock.closed_through).limit(1)).first() is None:
        return
    locked = select(StatementLine.id).where(is_locked())
    of_pair = FOUND.c.target.in_([Target.TRANSFER.value, Target.REVERSAL.value])
    found = FOUND.c.line_id.in_(locked.where(StatementLine.id.in_(select(FOUND.c.line_id))))
    beside = FOUND.c.target_id.in_(
        locked.where(StatementLine.id.in_(select(FOUND.c.target_id).where(of_pair)))
    )
    session.execute(delete(FOUND).where(or_(found, and_(of_pair, beside))))


def accounts_explained_with(
    session: Session, line_ids: Select[*tuple[Any, ...]]
) -> Collection[int]:
    """The accounts of the other sides that transfers explain some lines with."""
    return session.scalars(
        select(StatementLine.bank_account_id)
        .join(Match, has_target(Target.TRANSFER, StatementLine.id))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(Match.line_id.in_(line_ids), MatchUndo.id.is_(None))
        .distinct()
    ).all()


def hold_accounts(session: Session, line_ids: Select[*tuple[Any, ...]]) -> None:
    """Hold the accounts of some lines together with others until we commit.

    Nothing is imported into them and no day of them is signed meanwhile. On SQLite whoever writes
    is alone anyway.
    """
    if engine_of(session) == "sqlite":
        return
    accounts = select(StatementLine.bank_account_id).where(StatementLine.id.in_(line_ids))
    session.execute(
        select(BankAccount.id)
        .where(BankAccount.id.in_(accounts))
        .order_by(BankAccount.id)
        .with_for_update(read=True)
    )


def hold_for_explaining(session: Session, line_ids: Collection[int]) -> None:
    """Hold what an act by hand shares with others: the table of runs, then the lines' accounts.

    Every such act begins with it. The order is that of a signature, which locks the table alone:
    who took an account first and wrote a run afterwards would wait for who waits for that account.
    """
    if engine_of(session) != "sqlite":
        session.connection().exec_driver_sql("LOCK TABLE reconciliation_run IN ROW EXCLUSIVE MODE")
    hold_accounts(session, select(StatementLine.id).where(StatementLine.id.in_(line_ids)))


def hold_for_signing(session: Session, *bank_account_ids: int) -> None:
    """Wait for everybody who is changing what explains the lines of accounts, and be alone.

    The slice of a run that is being written is waited for, and the next one waits for us: the
    table of runs is locked, because a run that begins only now has no row yet to be held. The
    order is that of an undo: runs, then the accounts by their ids. Whoever will touch several says
    so at once, because two who took one each would wait for one another.
    """
    if engine_of(session) != "sqlite":
        session.connection().exec_driver_sql("LOCK TABLE reconciliation_run IN SHARE MODE")
    _hold_alone(session, bank_account_ids)


def hold_for_taking_back(
    session: Session, bank_account_id: int, line_ids: Select[*tuple[Any, ...]]
) -> None:
    """Hold alone an account whose lines are taken back, and those of the other sides with it.

    All of them at once and by their ids, as everywhere. A transfer may be marked while we wait; if
    it leads to one more account, all are let go and asked for again.
    """
    while True:
        wanted = {bank_account_id, *accounts_explained_with(session, line_ids)}
        asked = session.begin_nested()
        _hold_alone(session, wanted)
        if wanted.issuperset(accounts_explained_with(session, line_ids)):
            asked.commit()
            return
        asked.rollback()


def _hold_alone(session: Session, bank_account_ids: Collection[int]) -> None:
    session.execute(
        select(BankAccount.id)
        .where(BankAccount.id.in_(bank_account_ids))
        .order_by(BankAccount.id)
        .with_for_update()
    )
