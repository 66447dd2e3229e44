"""Sealing insert-only tables into chains of hashes, behind the writers, and checking the chains.

A block covers a range of ids without a gap to the block before it, so a row that appears in a
sealed range later is as visible as one that changed or went. Its hash covers the block before, the
range, the moment and every row; a column that is empty is left out, so that a column added by a
later migration does not break the blocks before it.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from datetime import time as clock_time
from enum import StrEnum
from itertools import chain

from sqlalchemy import Row, Select, Table, func, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import Database
from core.hashchain import GENESIS, block_hash
from core.words import Later
from ledger.seals import Seal

BLOCK_ROWS_MAX = 10_000
_FETCHED_AT_ONCE = 2_000
_WAIT_SECONDS = 1.0  # for transactions that were writing when the bound was taken
_LOOK_EVERY_SECONDS = 0.02
_ALIKE = (int, str)  # told alike by every engine
_FAULTS_SHOWN_MAX = 20


class Trouble(StrEnum):
    """What can be wrong with a block."""

    UNLINKED = "unlinked"
    MISSING = "missing"
    EXTRA = "extra"
    CHANGED = "changed"


_SAID: Mapping[Trouble, Later] = {
    Trouble.UNLINKED: Later("{stream} {first}-{last}: does not follow the block before it"),
    Trouble.MISSING: Later("{stream} {first}-{last}: {rows} rows are missing"),
    Trouble.EXTRA: Later("{stream} {first}-{last}: {rows} rows too many"),
    Trouble.CHANGED: Later("{stream} {first}-{last}: something was changed"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a chain: which table, which block of ids, and what."""

    stream: str
    first_id: int
    last_id: int
    trouble: Trouble
    rows: int = 0  # how many are missing or too many

    def __str__(self) -> str:
        return str(_SAID[self.trouble]).format(
            stream=self.stream, first=self.first_id, last=self.last_id, rows=self.rows
        )


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What the check of one chain found; the unsealed tail is no fault, only young."""

    stream: str
    blocks: int
    sealed_rows: int
    unsealed_rows: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class _Link:
    """Where a chain ends: the id up to which it is sealed, and the last hash."""

    last_id: int
    hash: str


def seal(
    database: Database,
    tables: Sequence[Table],
    *,
    now: datetime,
    block_rows: int = BLOCK_ROWS_MAX,
) -> int:
    """Seal every row that is sure to be complete up to its id; returns how many rows.

    Nobody waits for the sealer and it holds no lock while it reads. Of two sealers at once one
    writes the block, the other begins again after it.
    """
    return sum(
        seal_up_to(database, table, bound, now=now, block_rows=block_rows)
        for table, bound in settled_bounds(database, tables).items()
    )


def settled_bounds(database: Database, tables: Sequence[Table]) -> Mapping[Table, int]:
    """For each table the highest id below which no row can appear any more.

    SQLite has one writer at a time, so ids commit in order. On PostgreSQL a row with a lower id
    may commit after a higher one, so the highest id counts once everybody who was writing when it
    was read has ended: whoever held the table's lock for writing (taken before the id is drawn,
    ``CREATE INDEX CONCURRENTLY`` waits in the same way) or had a transaction number. A table whose
    writers do not end in time is left for the next round.
    """
    with database.reading() as session:
        bounds = {table: _highest_id(session, table) for table in tables}
        if database.is_sqlite:
            return {table: bound for table, bound in bounds.items() if bound}
        writers = {table: _writers(session, table) for table in tables}
    waited_until = time.monotonic() + _WAIT_SECONDS
    while any(writers.values()) and time.monotonic() < waited_until:
        time.sleep(_LOOK_EVERY_SECONDS)
        with database.reading() as session:
            for table in [table for table, left in writers.items() if left]:
                writers[table] &= _writers(session, table)
    return {table: bound for table, bound in bounds.items() if bound and not writers[table]}


def verify_chain(session: Session, table: Table) -> ChainReport:
    """Compute a chain again from its rows and name every block that differs from its seal."""
    rows = iter(session.execute(_after(table, 0).execution_options(yield_per=_FETCHED_AT_ONCE)))
    faults: list[Fault] = []
    link, blocks, sealed_rows = _Link(0, GENESIS), 0, 0
    row = next(rows, None)
    for each in _seals(session, table):
        block: list[Row[*tuple[object, ...]]] = []
        while row is not None and row.id <= each.last_id:
            block.append(row)
            row = next(rows, None)
        blocks += 1
        sealed_rows += len(block)
        faults += [
            Fault(
                table.name, each.first_id, each.last_id, trouble, abs(len(block) - each.row_count)
            )
            for trouble in _troubles_of(table, each, block, link)
        ]
        link = _Link(each.last_id, each.hash)
    unsealed = sum(1 for _row in chain([] if row is None else [row], rows))
    return ChainReport(table.name, blocks, sealed_rows, unsealed, tuple(faults[:_FAULTS_SHOWN_MAX]))


def unsealed_rows(session: Session, table: Table) -> int:
    """How many rows are younger than the chain of their table: no fault, only not sealed yet."""
    tail = table.c.id > _last_link(session, table).last_id
    return session.scalar(select(func.count()).select_from(table).where(tail)) or 0


def seal_up_to(
    database: Database,
    table: Table,
    bound: int,
    *,
    now: datetime,
    block_rows: int = BLOCK_ROWS_MAX,
) -> int:
    """Write blocks until the bound is covered; the last one ends exactly there.

    The caller knows that no row can appear up to the bound any more.
    """
    sealed = 0
    while True:
        with database.reading() as session:
            link = _last_link(session, table)
            if link.last_id >= bound:
                return sealed
            query = _after(table, link.last_id).where(table.c.id <= bound).limit(block_rows)
            rows = session.execute(query).all()
        last_id = rows[-1].id if len(rows) == block_rows else bound
        facts: dict[str, object] = {
            "stream": table.name,
            "first_id": link.last_id + 1,
            "last_id": last_id,
            "row_count": len(rows),
            "sealed_at": now,
        }
        digest = _hash_of(link.hash, table, facts, rows)
        try:
            with database.writing() as session:
                session.execute(insert(Seal).values(**facts, previous_hash=link.hash, hash=digest))
        except IntegrityError:
            continue  # another sealer was first: go on behind its block
        sealed += len(rows)


def _troubles_of(
    table: Table,
    seal: Row[*tuple[object, ...]],
    rows: Sequence[Row[*tuple[object, ...]]],
    before: _Link,
) -> Iterator[Trouble]:
    if seal.previous_hash != before.hash or seal.first_id != before.last_id + 1:
        yield Trouble.UNLINKED
    if len(rows) < seal.row_count:
        yield Trouble.MISSING
    elif len(rows) > seal.row_count:
        yield Trouble.EXTRA
    else:
        facts: dict[str, object] = {
            "stream": seal.stream,
            "first_id": seal.first_id,
            "last_id": seal.last_id,
            "row_count": seal.row_count,
            "sealed_at": seal.sealed_at,
        }
        if _hash_of(seal.previous_hash, table, facts, rows) != seal.hash:
            yield Trouble.CHANGED


def _hash_of(
    previous: str,
    table: Table,
    facts: Mapping[str, object],
    rows: Sequence[Row[*tuple[object, ...]]],
) -> str:
    names = table.columns.keys()
    plain = (_plain(zip(names, row, strict=True)) for row in rows)
    return block_hash(previous, chain([_plain(facts.items())], plain))


def _plain(values: Iterable[tuple[str, object]]) -> dict[str, object]:
    """A row in types that are the same on every engine; what is empty is left out."""
    return {
        name: value if type(value) in _ALIKE else _told(value)
        for name, value in values
        if value is not None
    }


def _told(value: object) -> object:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | clock_time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return value


def _after(table: Table, last_id: int) -> Select[*tuple[object, ...]]:
    """The rows behind a sealed block in order; all rows, whatever their ids, before the first."""
    query = select(table).order_by(table.c.id)
    return query.where(table.c.id > last_id) if last_id else query


def _seals(session: Session, table: Table) -> Iterator[Row[*tuple[object, ...]]]:
    query = (
        select(Seal.__table__)
        .where(Seal.stream == table.name)
        .order_by(Seal.first_id)
        .execution_options(yield_per=_FETCHED_AT_ONCE)
    )
    return iter(session.execute(query))


def _last_link(session: Session, table: Table) -> _Link:
    found = session.execute(
        select(Seal.last_id, Seal.hash)
        .where(Seal.stream == table.name)
        .order_by(Seal.first_id.desc())
        .limit(1)
    ).first()
    return _Link(0, GENESIS) if found is None else _Link(found.last_id, found.hash)


def _highest_id(session: Session, table: Table) -> int:
    return session.execute(select(func.max(table.c.id))).scalar_one() or 0


# Who holds the table's lock for writing; and who has a transaction number in this database, since a
# set-wise flow may draw ids before it touches the table that they are for.
_WRITERS = text(
    "SELECT virtualtransaction FROM pg_locks WHERE granted AND ("
    "  (locktype = 'relation' AND mode = 'RowExclusiveLock'"
    "    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    "    AND relation = CAST(:name AS regclass))"
    "  OR (locktype = 'transactionid' AND mode = 'ExclusiveLock'"
    "    AND pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())))"
)


def _writers(session: Session, table: Table) -> set[str]:
    """The transactions that may still write a row with an id already given out (PostgreSQL)."""
    return set(session.scalars(_WRITERS, {"name": f'"{table.name}"'}))
