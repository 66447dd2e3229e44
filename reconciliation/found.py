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
    Select,
    SQLColumnExpression,
    String,
    Table,
    any_,
    delete,
    func,
    insert,
    literal,
    literal_column,
    null,
    select,
    text,
)
from sqlalchemy import Column as Col
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.schema import CreateTable
from sqlalchemy.sql.functions import FunctionElement

from core.database import Base, Id, engine_of
from reconciliation.expected import DAY_END

_temporary = MetaData()
_ROOM_KB = 64 * 1024

# Where SQLite keeps the last ids of temporary tables that number their rows.
_SEQUENCE = Table("sqlite_sequence", _temporary, Col("name", String), Col("seq", Id), schema="temp")

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
    sqlite_autoincrement=True,
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
    Col("apart_fee_rial", Id, nullable=False, default=0),  # booked as a row of its own
    Col("cut_off_minute", Id, nullable=False, default=DAY_END),
    Col("rounding_rial", Id, nullable=False, default=0),  # kept beyond the fee; may be negative
    Col("line_id", Id, nullable=False),
    Col("booked_on", Date, nullable=False),
    Col("source", String(20)),
    Col("source_id", Id),
    Col("reference", String(80)),
    Col("taken_minute", Id),
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

# Money that a report or a person names, and the settlement it goes into.
CHOSEN = Table(
    "found_chosen",
    _temporary,
    Col("terminal_id", Id, primary_key=True, autoincrement=False),
    Col("business_day", Date, primary_key=True),
    Col("source", String(20), primary_key=True),
    Col("source_id", Id, primary_key=True, autoincrement=False),
    Col("settlement_id", Id, nullable=False),
    Col("fee_rial", Id, nullable=False),
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
    Col("posted_on", Date, nullable=False),  # its day in our books: today, where the day is signed
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
    if session.connection().dialect.name == "postgresql":
        # Nobody vacuums a temporary table: what is only deleted would be read again by every slice.
        session.execute(text(f'TRUNCATE "{table.name}"'))
    else:
        session.execute(delete(table))


def analysed(session: Session, table: Table) -> None:
    """Let PostgreSQL know how small the table is; SQLite needs no telling."""
    if session.connection().dialect.name == "postgresql":
        session.connection().exec_driver_sql(f"ANALYZE {table.name}")


def prefer_indexes(session: Session) -> None:
    """Keep PostgreSQL from reading whole tables in this transaction.

    Its statistics of tables that have just grown are old, and a slice always has few rows, whose
    pages are in memory: looking one up costs no more than reading it in passing. Without statistics
    its costs are no guide either to when compiling a statement pays. SQLite needs room to keep the
    pages that a slice touches.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        for setting in (
            "enable_seqscan = off",
            "seq_page_cost = 0.1",
            "random_page_cost = 0.1",
            "jit = off",
            f"work_mem = '{_ROOM_KB}kB'",
        ):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
        return
    for schema in ("main", "temp"):
        connection.exec_driver_sql(f"PRAGMA {schema}.cache_size = -{_ROOM_KB}")


def is_among(
    session: Session, column: InstrumentedAttribute[int], ids: Select[*tuple[Any, ...]]
) -> ColumnElement[bool]:
    """The condition that a column is one of some ids, of which each is looked up in its index.

    PostgreSQL would rather walk over the whole index; it looks up the members of a list.
    """
    if engine_of(session) == "sqlite":
        return column.in_(ids)
    return column == any_(func.array(ids.scalar_subquery()))


def within(column: SQLColumnExpression[Any], found: ColumnElement[Any]) -> ColumnElement[bool]:
    """The condition that a column lies between the first and the last value of a slice.

    Said beside what chooses single rows: PostgreSQL otherwise may begin at the first row of all.
    """
    first, last = (select(end(found)).scalar_subquery() for end in (func.min, func.max))
    return column.between(first, last)


def in_order_locked(
    column: InstrumentedAttribute[int], ids: Select[*tuple[Any, ...]]
) -> Select[int]:
    """Rows of a table, locked on PostgreSQL in the order of their ids.

    The ids are made a list first: beside a lock, PostgreSQL looks for a selection of them by
    walking over the whole table.
    """
    chosen = column == any_(func.array(ids.scalar_subquery()))
    return select(column).where(chosen).order_by(column).with_for_update()


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
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        name = f'"{table.name}"'  # type: ignore[attr-defined]
        # The table is locked for writing before an id is drawn, as an INSERT does: the sealer sees
        # by the locks who may still write low ids.
        connection.exec_driver_sql(f"LOCK TABLE {name} IN ROW EXCLUSIVE MODE")
        # Asked for once: PostgreSQL would look the name up for every row.
        sequence = connection.execute(select(func.pg_get_serial_sequence(name, "id"))).scalar_one()
        return func.nextval(literal_column(f"'{sequence}'::regclass"), type_=Id)
    # One writer at a time: nobody can take these numbers before this transaction ends.
    ids = (table.c.id,) if beside is None else (table.c.id, beside)
    last = max(session.execute(select(func.max(id_))).scalar_one() or 0 for id_ in ids)
    return literal(last, Id) + func.row_number(type_=Id).over()


def next_match_id(session: Session, model: type[Base]) -> ColumnElement[Any]:
    """The same for rows that come into the emptied table of the found, in any order.

    SQLite numbers those itself, from where the ids of the table end: a window over the rows costs
    as much again as finding them.
    """
    if session.connection().dialect.name == "postgresql":
        return next_id(session, model)
    last = session.execute(select(func.max(model.__table__.c.id))).scalar_one() or 0
    session.execute(delete(_SEQUENCE).where(_SEQUENCE.c.name == FOUND.name))
    session.execute(insert(_SEQUENCE).values(name=FOUND.name, seq=last))
    return null()


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
