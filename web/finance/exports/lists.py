"""What a list of finance is, as a file."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.words import Later
from ledger.accounts import BankAccount
from web.exporting import Cell, Column

PAGE = 1_000  # rows read at a time
CAME_IN = Column(Later("Came in"), is_money=True)
WENT_OUT = Column(Later("Went out"), is_money=True)

Rows = Callable[[Session, date], Iterable[Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Export:
    """A list that can be saved: its title, its columns and where its rows come from."""

    title: Later
    columns: Sequence[Column]
    rows: Rows


def account_numbers(session: Session) -> Mapping[int, str]:
    """The number of each account, by its id."""
    accounts = session.scalars(select(BankAccount))
    return {account.id: account.number for account in accounts}
