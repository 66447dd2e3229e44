"""Statements: reading a file of each format beside bare libraries, and importing one end to end.

* reading: N bookings in each format, by our reader and by what is installed to read it bare; rows
  and sums are compared. Rates are of processor time; memory is what a process of its own needed
  above what it held before. Slow libraries are given fewer rows.
* importing: N lines as delimited text into an empty database, from the file to lines, postings and
  work tables, beside a shop's import of bank transfers; then the same lines in another file, of
  which none may be new.
"""

import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select

from benchmarks.gifts.stores import PostgresStore, SqliteStore, Store
from benchmarks.missing import demand_postgres
from benchmarks.planted import TERMINAL
from benchmarks.statement_files import ACCOUNT, WRITERS, bookings
from benchmarks.statement_readers import LIBRARIES, measured
from core.database import Database
from flows.catalogue import enter_terminal, load_catalogue
from flows.importing import import_statement
from ledger.accounts import BankAccount
from migrations.tables import METADATA
from reconciliation.importing import ImportReport

ENGINES = ("sqlite", "postgresql")
NOW = datetime(2027, 11, 22, 8, 30, tzinfo=UTC)
# pretix's import of bank transfers, into SQLite (DESIGN 13); measured once, not here.
PRETIX_LINES_PER_SECOND = 34
_PARTS = {"openpyxl": 10, "mt-940": 5}  # a slow library reads one row in so many


def run(
    lines: int = 100_000,
    imported: int = 100_000,
    engines: Sequence[str] = ENGINES,
    *,
    formats: Sequence[str] = tuple(WRITERS),
    rounds: int = 2,
) -> dict[str, object]:
    """Measure every format and every engine; lines a second, mebibytes, and ratios."""
    if "postgresql" in engines:
        demand_postgres()
    with tempfile.TemporaryDirectory() as folder:
        return {
            "reading": {name: _read(name, lines, rounds, Path(folder)) for name in formats},
            "importing": {engine: _imported(engine, imported, Path(folder)) for engine in engines},
        }


def _read(name: str, lines: int, rounds: int, folder: Path) -> dict[str, dict[str, float]]:
    """Every contender of one format, ours first. Raises AssertionError where one read otherwise."""
    figures: dict[str, dict[str, float]] = {}
    for contender in ("ours", *LIBRARIES[name]):
        planted = bookings(lines // _PARTS.get(contender, 1))
        path = folder / f"{name}-{len(planted)}.{name.rpartition('-')[2]}"
        if not path.exists():
            path.write_bytes(WRITERS[name](planted))
        found = measured(contender, path, rounds)
        should_be = (len(planted), sum(line.rial for line in planted))
        if (found.rows, found.total_rial) != should_be:
            raise AssertionError(f"{contender} read {found} of {name}, not {should_be}")
        rate = found.rows / found.processor_seconds
        figures[contender] = {
            "lines": found.rows,
            "seconds": round(found.seconds, 2),
            "processor_seconds": round(found.processor_seconds, 2),
            "lines_per_second": round(rate),
            "of_ours": round(rate / figures["ours"]["lines_per_second"], 2) if figures else 1.0,
            "memory_mib": round(found.memory_mib),
        }
    return figures


def _imported(engine: str, lines: int, folder: Path) -> dict[str, float]:
    store: Store = (
        SqliteStore(folder, "statements") if engine == "sqlite" else PostgresStore("statements")
    )
    path = folder / f"csv-{lines}.csv"
    if not path.exists():
        path.write_bytes(WRITERS["csv"](bookings(lines)))
    again = folder / "again"
    again.write_bytes(path.read_bytes() + b"\r\n")  # another file, of the same lines
    database = Database(store.template_url)
    try:
        _prepare(database)
        first, seconds, processor_seconds = _import(database, path)
        second, seconds_again, _ = _import(database, again)
    finally:
        database.engine.dispose()
        store.drop()
    if (first.new, second.new, second.known) != (lines, 0, lines):
        raise AssertionError(f"{first.new} of {lines} were new, and then {second.new}")
    return {
        "lines": lines,
        "seconds": round(seconds, 2),
        "our_processor_seconds": round(processor_seconds, 2),
        "lines_per_second": round(lines / seconds),
        "of_pretix": round(lines / seconds / PRETIX_LINES_PER_SECOND),
        "again_seconds": round(seconds_again, 2),
        "again_new": second.new,
    }


def _prepare(database: Database) -> None:
    METADATA.create_all(database.engine)
    with database.writing() as session:
        load_catalogue(session)
        account = session.scalars(select(BankAccount).where(BankAccount.number == ACCOUNT)).one()
        enter_terminal(session, "mellat-main", TERMINAL, bank_account_id=account.id)


def _import(database: Database, path: Path) -> tuple[ImportReport, float, float]:
    """What it came to, seconds by the clock, and those of this process and the one that parses."""
    started, processor = time.perf_counter(), _processor_seconds()
    report = import_statement(database, path, path.name, account=ACCOUNT, now=NOW)
    return report, time.perf_counter() - started, _processor_seconds() - processor


def _processor_seconds() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)
