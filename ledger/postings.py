"""Postings: balanced entries that only grow. A debit is positive, a credit negative, in rials."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import cast

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Table,
    UniqueConstraint,
    case,
    insert,
    literal,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only, one_of, sum_rial, words_of
from ledger.accounts import LedgerAccount, account_ids


class Cause(StrEnum):
    """What a posting follows from; with ``cause_id`` it is unique, so nothing is booked twice."""

    CONTRIBUTION = "contribution"
    SURPLUS = "surplus"  # a payment of a promise that was already paid
    STATEMENT_OPENING = "statement_opening"  # the bank account, once
    STATEMENT_LINE = "statement_line"
    MATCH = "match"
    WITHDRAWAL = "withdrawal"
    REFUND = "refund"
    SESSION_OPENED = "session_opened"  # a cashier's, with its float
    SESSION_CLOSED = "session_closed"  # what was counted goes to the desk
    REVERSAL = "reversal"  # of the posting that ``cause_id`` names


class UnbalancedPosting(Exception):
    """The entries of a posting do not sum to zero: a defect, never a person's mistake."""


@insert_only
class Posting(Base):
    """One balanced entry in the books."""

    __tablename__ = "posting"
    __table_args__ = (
        UniqueConstraint("cause", "cause_id"),
        CheckConstraint(one_of("cause", Cause), name="cause"),
        CheckConstraint("(cause = 'reversal') = (reverses_id IS NOT NULL)", name="reversal_names"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    cause: Mapped[Cause] = mapped_column(words_of(Cause))
    cause_id: Mapped[int]
    booked_on: Mapped[date]  # the day in Tehran
    recorded_at: Mapped[datetime]
    reverses_id: Mapped[int | None] = mapped_column(ForeignKey("posting.id"), unique=True)


@insert_only
class Entry(Base):
    """One line of a posting: a debit (positive) or credit (negative) to one account, in rials."""

    __tablename__ = "entry"
    __table_args__ = (CheckConstraint("amount_rial <> 0", name="moves_money"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    posting_id: Mapped[int] = mapped_column(ForeignKey("posting.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("ledger_account.id"), index=True)
    amount_rial: Mapped[int]


# Built once, and into the tables: every gift is posted.
_INSERT_POSTING = insert(cast(Table, Posting.__table__)).returning(Posting.id)
_INSERT_ENTRIES = insert(cast(Table, Entry.__table__))


@dataclass(frozen=True, slots=True)
class Leg:
    """An account by its code and what is debited (positive) or credited (negative), in rials."""

    account: str
    amount_rial: int


def move(debit: str, credit: str, amount_rial: int) -> tuple[Leg, Leg]:
    """The two legs of a simple posting: so many rials from one account to another."""
    return Leg(debit, amount_rial), Leg(credit, -amount_rial)


def post(
    session: Session,
    cause: Cause,
    cause_id: int,
    legs: Sequence[Leg],
    *,
    booked_on: date,
    now: datetime,
) -> int:
    """Write one posting and return its id. Raises IntegrityError where the cause is booked."""
    legs = [leg for leg in legs if leg.amount_rial != 0]
    if not legs or sum(leg.amount_rial for leg in legs) != 0:
        raise UnbalancedPosting(f"{cause}:{cause_id}: {legs}")
    ids = account_ids(session, {leg.account for leg in legs})
    row = {"cause": cause, "cause_id": cause_id, "booked_on": booked_on, "recorded_at": now}
    posting_id: int = session.execute(_INSERT_POSTING, row).scalar_one()
    session.execute(
        _INSERT_ENTRIES,
        [
            {
                "posting_id": posting_id,
                "account_id": ids[leg.account],
                "amount_rial": leg.amount_rial,
            }
            for leg in legs
        ],
    )
    return posting_id


def reverse(
    session: Session,
    posting_id: int,
    *,
    booked_on: date,
    now: datetime,
    instead: Mapping[str, str] | None = None,
) -> int:
    """Write the posting that undoes another, dated today; a posting is reversed once at most.

    ``instead`` names, by its account, where money lies now that has moved on since.
    """
    moved = instead or {}
    ids = account_ids(session, {*moved, *moved.values()}) if moved else {}
    account_id = (
        case(
            {ids[old]: ids[new] for old, new in moved.items()},
            value=Entry.account_id,
            else_=Entry.account_id,
        )
        if moved
        else Entry.account_id
    )
    reversal_id = session.execute(
        insert(Posting)
        .values(
            cause=Cause.REVERSAL,
            cause_id=posting_id,
            reverses_id=posting_id,
            booked_on=booked_on,
            recorded_at=now,
        )
        .returning(Posting.id)
    ).scalar_one()
    session.execute(
        insert(Entry).from_select(
            ["posting_id", "account_id", "amount_rial"],
            select(literal(reversal_id), account_id, -Entry.amount_rial).where(
                Entry.posting_id == posting_id
            ),
        )
    )
    return reversal_id


def posting_of(session: Session, cause: Cause, cause_id: int) -> int:
    """The id of the posting that a cause led to. Raises NoResultFound."""
    return session.scalars(
        select(Posting.id).where(Posting.cause == cause, Posting.cause_id == cause_id)
    ).one()


def balance_rial(session: Session, account: str) -> int:
    """What stands in an account, debits less credits, in rials; zero for one never used."""
    return session.scalars(
        select(sum_rial(Entry.amount_rial))
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .where(LedgerAccount.code == account)
    ).one()
