"""Shared steps of the reconciliation tests: import bookings, run, look at what is left."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import select

from core.database import Base
from flows.importing import import_statement
from flows.reconciling import run
from ledger.postings import Entry
from reconciliation.expected import (
    ExpectedDeposit,
    ExpectedRefund,
    ExpectedTerminalMoney,
    LineClaim,
)
from reconciliation.worktables import WORK_TABLES, rebuild
from tests.reconciliation.bank import Booking, as_csv, cells

WORK = (*WORK_TABLES, LineClaim, ExpectedDeposit, ExpectedTerminalMoney, ExpectedRefund)


@pytest.fixture
def imported(database, now) -> Callable[..., object]:
    """Import bookings as one statement of account 90190."""

    def import_bookings(bookings: Sequence[Booking], **options: object) -> object:
        return import_statement(
            database, as_csv(cells(bookings, **options)), "statement.csv", account="90190", now=now
        )

    return import_bookings


@pytest.fixture
def reconciled(database, now) -> Callable[[], dict[str, int]]:
    """Let the rules run; how many lines each explained."""
    return lambda: run(database, now=now).by_rule


@pytest.fixture
def work_tables(database) -> Callable[[], dict[str, set[tuple[object, ...]]]]:
    """Everything that stands in the work tables."""

    def everything() -> dict[str, set[tuple[object, ...]]]:
        with database.reading() as session:
            return {
                model.__tablename__: {tuple(row) for row in session.execute(_columns(model))}
                for model in WORK
            }

    return everything


@pytest.fixture
def books_agree(database, work_tables) -> Callable[[], None]:
    """The ledger balances, and the work tables are what the facts say."""

    def check() -> None:
        with database.reading() as session:
            assert sum(session.scalars(select(Entry.amount_rial))) == 0
        before = work_tables()
        with database.writing() as session:
            rebuild(session)
        assert work_tables() == before

    return check


def _columns(model: type[Base]) -> object:
    return select(*model.__table__.columns)
