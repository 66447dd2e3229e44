"""Reconciliation: a planted statement against planted promises, beside the bare join of its keys.

Measured in the same database of each engine, with competitors for every rule (``planting``):

* the bare join of N keys and amounts with N others, nothing written: line by line with an index of
  the other side (SQLite) or hashed by one process (PostgreSQL), and with both sides in key order;
* matching alone: the rules, the matches and the work tables, committed in slices;
* everything a match causes as well: contributions, postings, receipt numbers, jobs, final check;
* the usual shapes on a small part: a query and some objects for each line, with one commit at the
  end or one for each line, for matching alone and for everything;
* gifts on a quiet machine and while a run goes on;
* a day's file into that history, from its bytes to the report of its run;
* the suggestions of one open line there;
* importing a statement, from its bytes to lines, postings and work tables.
"""

import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from sqlalchemy import Select, func, select, text
from sqlalchemy.orm import Session

from benchmarks.gifts.stores import PostgresStore, SqliteStore, Store
from benchmarks.missing import demand_postgres
from benchmarks.planted import TERMINAL, Line, Planted, plant, written
from benchmarks.planting import ACCOUNT, plant_lines
from benchmarks.usual_shapes import line_by_line
from core.database import Database
from donations.models.contribution import Tender
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.catalogue import enter_terminal, load_catalogue
from flows.importing import import_statement
from flows.pledging import promise
from flows.receiving import receive_at_desk
from flows.reconciling import Run
from flows.reconciling import run as run_everything
from ledger.accounts import BankAccount
from migrations.tables import METADATA
from offices.places import ONLINE_OFFICE_CODE, Office
from offices.staff import StaffMember
from reconciliation.expected import ExpectedDeposit, Expects, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.running import begin_run
from reconciliation.suggesting import suggestions

ENGINES = ("sqlite", "postgresql")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
_JOIN_ROUNDS = 3
_UNUSABLE = "unusable"
_DAY_LINES = 20_000  # of a day's file, at most a fiftieth of its history
_IMPORTED_MAX = 100_000
_SUGGESTED_LINES = 200

# The keys of both sides, each in the order of the key and in that of the file.
_BARE = (
    "CREATE TABLE bare_line (id BIGINT PRIMARY KEY, reference VARCHAR(40), rial BIGINT)",
    "INSERT INTO bare_line SELECT id, coalesce(deposit_id, reference), amount_rial"
    " FROM statement_line ORDER BY id",
    "CREATE TABLE bare_expected (id BIGINT PRIMARY KEY, reference VARCHAR(40), rial BIGINT)",
    "INSERT INTO bare_expected SELECT row_number() OVER (ORDER BY reference), reference, rial"
    " FROM (SELECT deposit_id AS reference, amount_rial AS rial FROM expected_deposit UNION ALL"
    " SELECT reference, amount_rial FROM expected_terminal_money) AS expected",
    "CREATE INDEX bare_expected_key ON bare_expected (reference, rial)",
)
_BOTH_ORDERED = "CREATE INDEX bare_line_key ON bare_line (reference, rial)"
_JOIN = (
    "SELECT count(*), sum(bare_line.rial) FROM bare_line JOIN bare_expected"
    " ON bare_expected.reference = bare_line.reference AND bare_expected.rial = bare_line.rial"
)
_JUDGED = """
    SELECT count(*) AS found, sum(CASE WHEN truth.truth IS NULL THEN 1
        WHEN truth.truth = 'pledge' AND found.target_id = truth.truth_id THEN 0
        WHEN truth.truth = 'fee' AND found.target = 'bank_fee' THEN 0
        WHEN truth.truth = 'payment' AND truth.truth_id = (SELECT min(source_id)
            FROM settlement_item WHERE settlement_id = found.target_id) THEN 0
        ELSE 1 END) AS wrong
    FROM "match" AS found LEFT JOIN planted_truth AS truth ON truth.line_id = found.line_id
    WHERE found.target <> 'bank_fee' OR found.rule = 'bank_fee'
"""


class MatchingOnly(Run):
    """The rules and their matches, and nothing that follows from them."""

    def prepare(self, session: Session) -> None:
        """Leave nothing out."""

    def book(self, session: Session) -> None:
        """Book nothing."""


def run(
    sizes: int | Sequence[int] = (100_000, 1_000_000),
    engines: Sequence[str] = ENGINES,
    *,
    gift_seconds: float = 5,
) -> dict[str, object]:
    """Measure every size on every engine; seconds, lines a second, and ratios."""
    if "postgresql" in engines:
        demand_postgres()
    all_sizes = (sizes,) if isinstance(sizes, int) else sizes
    figures: dict[str, object] = {}
    for engine in engines:
        matching: list[float] = []
        for size in all_sizes:
            with _store(engine) as store:
                measured = _measured(store, size, gift_seconds=gift_seconds)
            figures[f"{engine}_{size}"] = measured
            matching.append(float(str(measured["matching_seconds"])))
        if len(matching) > 1:
            growth = {"lines": all_sizes[-1] / all_sizes[0], "seconds": matching[-1] / matching[0]}
            figures[f"{engine}_growth"] = {name: round(of, 1) for name, of in growth.items()}
    return figures


def _measured(store: Store, size: int, *, gift_seconds: float) -> dict[str, object]:
    database = Database(store.template_url)
    METADATA.create_all(database.engine)
    planted, _ = _seconds(lambda: plant_lines(database, size))
    _gather_statistics(database)
    indexed, ordered = _bare_joins(database)
    database.engine.dispose()
    with _copy(store) as copy:
        loops = {
            (is_whole, each): line_by_line(copy, is_whole=is_whole, commits_each=each)
            for is_whole in (False, True)
            for each in (False, True)
        }
    with _copy(store) as copy:
        before = _memory_mib()
        matching, processor = _seconds(lambda: _match_only(copy))
        memory_mib = _memory_mib() - before
    with _copy(store) as copy:
        whole, whole_processor = _seconds(lambda: run_everything(copy, now=NOW))
        judged = _judged(copy)
        days_file = _days_file_seconds(copy, min(_DAY_LINES, size // 50))
        suggesting_ms = _suggesting_ms(copy)
    figures: dict[str, object] = {
        "lines": size,
        **judged,
        "planting_seconds": round(planted, 1),
        "bare_indexed_join_seconds": round(indexed, 3),
        "bare_ordered_join_seconds": round(ordered, 3),
        "matching_seconds": round(matching, 3),
        "matching_processor_seconds": round(processor, 3),
        "matching_memory_mib": round(memory_mib),
        "matching_to_indexed_join": round(matching / indexed, 1),
        "matching_lines_per_second": round(size / matching),
        "everything_seconds": round(whole, 3),
        "everything_processor_seconds": round(whole_processor, 3),
        "everything_to_indexed_join": round(whole / indexed, 1),
        "everything_lines_per_second": round(size / whole),
        "days_file_lines": min(_DAY_LINES, size // 50),
        "days_file_seconds": round(days_file, 3),
        "suggestions_of_a_line_p50_ms": _percentile(suggesting_ms, 50),
        "suggestions_of_a_line_p95_ms": _percentile(suggesting_ms, 95),
        "import_lines_per_second": _import_rate(min(size, _IMPORTED_MAX), store),
    }
    for (is_whole, each), rate in loops.items():
        name = "everything" if is_whole else "matching"
        shape = "commit_each" if each else "orm_loop"
        figures[f"{name}_{shape}_lines_per_second"] = round(rate)
    if gift_seconds:
        with _copy(store) as copy:
            figures |= _gifts_meanwhile(copy, gift_seconds)
    return figures


@contextmanager
def _store(engine: str) -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder:
        store: Store = (
            SqliteStore(Path(folder), "reconciliation")
            if engine == "sqlite"
            else PostgresStore("reconciliation")
        )
        try:
            yield store
        finally:
            store.drop()


@contextmanager
def _copy(store: Store) -> Iterator[Database]:
    database = Database(store.fresh())
    yield database
    database.engine.dispose()


def _gather_statistics(database: Database) -> None:
    """What autovacuum does on a server within minutes; SQLite plans without."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            on_its_own = connection.execution_options(isolation_level="AUTOCOMMIT")
            on_its_own.exec_driver_sql("VACUUM ANALYZE")


def _bare_joins(database: Database) -> tuple[float, float]:
    """The best of some rounds, in file order and in key order; nothing is written."""
    with database.writing() as session:
        for statement in _BARE:
            session.execute(text(statement))
    _gather_statistics(database)
    indexed = _joined(database)
    with database.writing() as session:
        session.execute(text(_BOTH_ORDERED))
    _gather_statistics(database)
    ordered = _joined(database)
    with database.writing() as session:
        for table in ("bare_line", "bare_expected"):
            session.execute(text(f"DROP TABLE {table}"))
    return indexed, ordered


def _joined(database: Database) -> float:
    with database.reading() as session:
        if database.is_sqlite:
            session.execute(text("PRAGMA cache_size = -1000000"))
        else:
            for setting in ("max_parallel_workers_per_gather = 0", "work_mem = '512MB'"):
                session.execute(text(f"SET LOCAL {setting}"))
        join = text(_JOIN)
        best = min(_seconds(lambda: session.execute(join).one())[0] for _ in range(_JOIN_ROUNDS))
    database.engine.dispose()
    return best


def _match_only(database: Database) -> None:
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=None, now=NOW)
    at_work = MatchingOnly(database, run_id, begun_at=NOW)
    at_work.through_all_rules()
    at_work.finish()


def _judged(database: Database) -> dict[str, int]:
    """Every match beside the truth that was planted."""
    with database.reading() as session:
        found, wrong = session.execute(text(_JUDGED)).one()
        truths = session.execute(text("SELECT count(*) FROM planted_truth")).scalar_one()
        still_open = session.scalars(select(func.count()).select_from(OpenLine)).one()
    wrong = int(wrong or 0)
    return {
        "right_pairs": found - wrong,
        "wrong_pairs": wrong,
        "missed_pairs": truths - (found - wrong),
        "open_lines": still_open,
    }


def _days_file_seconds(database: Database, lines: int) -> float:
    """A file that keeps promises of the history: import it, run the rules, see the report."""
    statement = _days_file(database, lines)
    started = time.perf_counter()
    import_statement(database, statement, "day.csv", account=ACCOUNT, now=NOW)
    report = run_everything(database, now=NOW)
    seconds = time.perf_counter() - started
    if report.matched != lines:
        raise AssertionError(f"{report.matched} of {lines} lines of a day's file were explained")
    return seconds


def _suggesting_ms(database: Database) -> list[float]:
    """Milliseconds of looking up what a line may be, for some of those that stayed open."""
    latencies_ms = []
    with database.reading() as session:
        open_ids = session.scalars(select(OpenLine.line_id).order_by(OpenLine.line_id)).all()
        for line_id in open_ids[:: max(1, len(open_ids) // _SUGGESTED_LINES)]:
            line = session.get_one(StatementLine, line_id)
            seconds, _ = _seconds(partial(suggestions, session, line))
            latencies_ms.append(seconds * 1000)
    return latencies_ms


def _days_file(database: Database, lines: int) -> bytes:
    with database.reading() as session:
        due = session.execute(
            select(ExpectedDeposit.deposit_id, ExpectedDeposit.amount_rial)
            .where(ExpectedDeposit.expects == Expects.PLEDGE)
            .where(ExpectedDeposit.deposit_id.not_in(_deposit_ids_seen()))
            .order_by(ExpectedDeposit.deposit_id)
            .limit(lines)
        ).all()
        opening_rial, last_day = session.execute(
            select(StatementLine.balance_rial, StatementLine.booked_on)
            .order_by(StatementLine.position.desc())
            .limit(1)
        ).one()
    day: date = last_day + timedelta(days=1)
    return written(
        [Line(rial, day, deposit_id=deposit_id) for deposit_id, rial in due],
        opening_rial=opening_rial or 0,
    )


def _deposit_ids_seen() -> Select[str | None]:
    """Ids that a row carries already would be met by that row."""
    return select(StatementLine.deposit_id).where(StatementLine.deposit_id.is_not(None))


def _import_rate(lines: int, store: Store) -> int:
    """Lines a second of importing a file of their own into an empty database."""
    engine = "sqlite" if isinstance(store, SqliteStore) else "postgresql"
    planted: Planted = plant(lines)
    with _store(engine) as empty:
        database = Database(empty.template_url)
        METADATA.create_all(database.engine)
        with database.writing() as session:
            load_catalogue(session)
            account = session.scalars(select(BankAccount)).one()
            enter_terminal(session, "mellat-main", TERMINAL, bank_account_id=account.id)
        seconds, _ = _seconds(
            lambda: import_statement(
                database, planted.statement, "planted.csv", account=ACCOUNT, now=NOW
            )
        )
        database.engine.dispose()
    return round(planted.line_count / seconds)


def _gifts_meanwhile(database: Database, seconds: float) -> dict[str, object]:
    """Milliseconds of gifts by another process, on a quiet machine and while a run goes on."""
    url = database.engine.url.render_as_string(hide_password=False)
    with database.writing() as session:
        office_id = session.scalars(
            select(Office.id).where(Office.code == ONLINE_OFFICE_CODE)
        ).one()
        clerk = StaffMember(
            username="clerk", name="کارمند", office_id=office_id, password_hash=_UNUSABLE,
            totp_secret=_UNUSABLE, totp_step=0, is_active=True, created_at=NOW,
        )  # fmt: skip
        session.add(clerk)
        session.flush()
        staff_id = clerk.id
    with _giving(url, staff_id) as quiet:
        time.sleep(seconds)
    with _giving(url, staff_id) as meanwhile:
        run_everything(database, now=NOW)
    return {
        "gifts_quiet_p50_ms": _percentile(quiet, 50),
        "gifts_quiet_p99_ms": _percentile(quiet, 99),
        "gifts_meanwhile": len(meanwhile),
        "gifts_meanwhile_p50_ms": _percentile(meanwhile, 50),
        "gifts_meanwhile_p99_ms": _percentile(meanwhile, 99),
        "gifts_meanwhile_longest_ms": round(max(meanwhile), 1),
    }


@contextmanager
def _giving(url: str, staff_id: int) -> Iterator[list[float]]:
    """Let another process give as long as this goes on; then its latencies are there."""
    ours, theirs = multiprocessing.Pipe()
    giver = multiprocessing.get_context("spawn").Process(
        target=_give_until_told, args=(url, staff_id, theirs)
    )
    giver.start()
    ours.recv()  # it is ready
    latencies_ms: list[float] = []
    try:
        yield latencies_ms
    finally:
        ours.send(None)
        latencies_ms += ours.recv()
        giver.join()


def _give_until_told(url: str, staff_id: int, pipe: Connection) -> None:
    database = Database(url)
    latencies_ms = []
    _give(database, staff_id)
    pipe.send(None)
    while not pipe.poll():
        started = time.perf_counter()
        _give(database, staff_id)
        latencies_ms.append((time.perf_counter() - started) * 1000)
        time.sleep(0.01)
    pipe.send(latencies_ms)
    database.engine.dispose()


def _give(database: Database, staff_id: int) -> None:
    """A whole gift: pledge, contribution, posting, receipt number and jobs, in one commit."""
    with database.writing() as session:
        pledge = promise(
            session, (CashItem(2_500_000),), donor=DonorFacts(), office_id=None,
            channel=Channel.DESK, now=NOW,
        )  # fmt: skip
        receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=staff_id, now=NOW)


def _percentile(values: Sequence[float], of_hundred: int) -> float:
    if len(values) < 2:
        return round(values[0], 1) if values else 0.0
    return round(statistics.quantiles(values, n=100, method="inclusive")[of_hundred - 1], 1)


def _memory_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process: with SQLite that is all there is to do."""
    started, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - processor
