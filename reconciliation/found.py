"""The matches of one slice while they are being written: a temporary table of the connection.

Rules fill it, the kernel turns its rows into matches, flows book from it; the next slice empties
it. It never holds more than one slice.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    literal,
    select,
)
from sqlalchemy import Column as Col
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.functions import FunctionElement

from core.database import Base, Id

_temporary = MetaData()

# One row for each part of an explained line: the principal, and the fee that was netted from it.
FOUND = Table(
    "found_match",
    _temporary,
    Col("match_id", Id, primary_key=True, autoincrement=False),
    Col("line_id", Id, nullable=False),
    Col("rule", String(30), nullable=False),
    Col("target", String(30), nullable=False),
    Col("target_id", Id),
    Col("amount_rial", Id, nullable=False),  # signed as the line
    Col("is_principal", Boolean, nullable=False),
    Col("deposit_id", String(30)),
    Col("booked_on", Date, nullable=False),
    prefixes=["TEMPORARY"],
)

# One row for each settlement of the slice; ``source`` only where a single payment came alone.
PAYOUT = Table(
    "found_payout",
    _temporary,
    Col("settlement_id", Id, primary_key=True, autoincrement=False),
    Col("terminal_id", Id, nullable=False),
    Col("business_day", Date, nullable=False),
    Col("item_count", Id, nullable=False),
    Col("moved_count", Id, nullable=False),
    Col("gross_rial", Id, nullable=False),
    Col("fee_rial", Id, nullable=False),  # netted from the credit
    Col("line_id", Id, nullable=False),
    Col("booked_on", Date, nullable=False),
    Col("source", String(20)),
    Col("source_id", Id),
    Col("reference", String(80)),
    prefixes=["TEMPORARY"],
)

# Payments near midnight that count to another day than they were expected in.
MOVED = Table(
    "found_moved",
    _temporary,
    Col("terminal_id", Id, primary_key=True, autoincrement=False),
    Col("source", String(20), primary_key=True),
    Col("source_id", Id, primary_key=True, autoincrement=False),
    Col("business_day", Date, nullable=False),
    Col("to_day", Date, nullable=False),
    prefixes=["TEMPORARY"],
)

# One row for each line of the slice that is being booked, with the ids its booking gets. Joining
# by these needs no statistics of tables that grow while the run goes on.
BOOKED = Table(
    "booked_match",
    _temporary,
    Col("match_id", Id, primary_key=True, autoincrement=False),
    Col("posting_id", Id, nullable=False),
    Col("contribution_id", Id, nullable=False),  # used where the target is a pledge
    Col("target", String(30), nullable=False),
    Col("target_id", Id),
    Col("amount_rial", Id, nullable=False),
    Col("booked_on", Date, nullable=False),
    Col("reference", String(40)),
    Col("suspense_id", Id, nullable=False),  # the ledger account of the line's bank account
    prefixes=["TEMPORARY"],
)
BOOKED_ITEM = Table(
    "booked_item",
    _temporary,
    Col("pledge_item_id", Id, primary_key=True, autoincrement=False),
    Col("contribution_id", Id, nullable=False),
    Col("posting_id", Id, nullable=False),
    Col("fund_id", Id, nullable=False),
    Col("amount_rial", Id, nullable=False),
    prefixes=["TEMPORARY"],
)

# The matches of a slice of lines that are being undone.
UNDOING = Table(
    "undoing_match",
    _temporary,
    Col("match_id", Id, primary_key=True, autoincrement=False),
    Col("line_id", Id, nullable=False),
    Col("target", String(30), nullable=False),
    Col("target_id", Id),
    prefixes=["TEMPORARY"],
)


class LostRace(Exception):
    """Somebody closed the same item meanwhile: the slice is rolled back and looked at again."""


def emptied(session: Session, table: Table) -> None:
    """Make a temporary table of this connection ready for the next slice."""
    session.execute(CreateTable(table, if_not_exists=True))
    session.execute(delete(table))


def analysed(session: Session, table: Table) -> None:
    """Let PostgreSQL know how small the table is; SQLite needs no telling."""
    if session.connection().dialect.name == "postgresql":
        session.connection().exec_driver_sql(f"ANALYZE {table.name}")


def prefer_indexes(session: Session) -> None:
    """Keep PostgreSQL from reading whole tables in this transaction.

    Its statistics of tables that have just grown are old, and a slice always has few rows. Without
    them its costs are no guide either to when compiling a statement pays.
    """
    if session.connection().dialect.name == "postgresql":
        for setting in ("enable_seqscan", "jit"):
            session.connection().exec_driver_sql(f"SET LOCAL {setting} = off")


def gather_statistics(session: Session, models: Iterable[type[Base]]) -> None:
    """Let PostgreSQL look at tables that an import has just filled; SQLite plans without."""
    if session.connection().dialect.name == "postgresql":
        names = ", ".join(f'"{model.__table__.name}"' for model in models)  # type: ignore[attr-defined]
        session.connection().exec_driver_sql(f"ANALYZE {names}")


def next_id(
    session: Session, model: type[Base], *, beside: ColumnElement[int] | None = None
) -> ColumnElement[int]:
    """An expression that numbers the rows of a selection with the next ids of a table.

    ``beside`` is a column that may hold ids already given out, but not yet written.
    """
    table = model.__table__
    if session.connection().dialect.name == "postgresql":
        name = f'"{table.name}"'  # type: ignore[attr-defined]
        # The table is locked for writing before an id is drawn, as an INSERT does: the sealer sees
        # by the locks who may still write low ids.
        session.connection().exec_driver_sql(f"LOCK TABLE {name} IN ROW EXCLUSIVE MODE")
        return func.nextval(func.pg_get_serial_sequence(name, "id"), type_=Id)
    # One writer at a time: nobody can take these numbers before this transaction ends.
    ids = (table.c.id,) if beside is None else (table.c.id, beside)
    last = max(session.execute(select(func.max(id_))).scalar_one() or 0 for id_ in ids)
    return literal(last, Id) + func.row_number(type_=Id).over()


def rows_of(session: Session, statement: Any) -> int:
    """Run a statement and return how many rows it touched."""
    # Through the connection: the ORM's own way does not count the rows of INSERT ... SELECT.
    result = session.connection().execute(statement, execution_options={"preserve_rowcount": True})
    return int(result.rowcount)


def expect_rows(touched: int, expected: int) -> None:
    """Raise LostRace where a statement touched other rows than those of the slice."""
    if touched != expected:
        raise LostRace(f"{touched} rows instead of {expected}")


class days_between(FunctionElement[int]):  # noqa: N801  it is used like a function of SQL
    """The whole days from the first day to the second."""

    type = Integer()
    inherit_cache = True


@compiles(days_between)
def _days_by_subtraction(element: days_between, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(part, **options) for part in element.clauses)
    return f"({second} - {first})"


@compiles(days_between, "sqlite")
def _days_by_julian_day(element: days_between, compiler: Any, **options: Any) -> str:
    first, second = (compiler.process(part, **options) for part in element.clauses)
    return f"CAST(julianday({second}) - julianday({first}) AS INTEGER)"
