"""Days that were closed and signed: how far an account's days are locked."""

from datetime import date

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base
from core.refusals import Refusal


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
