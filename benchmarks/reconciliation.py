"""Reconciliation: a planted statement against planted promises, beside the bare indexed join.

Measured in the same database of each engine, with competitors for every rule (``planted``):

* importing the statement, from its bytes to lines, postings and work tables;
* the bare join of N 13-digit keys and amounts with N others, both sides indexed, nothing written;
* matching alone: the rules, the matches and the work tables, committed in slices;
* everything a match causes as well: contributions, postings, receipt numbers, jobs, final check;
* the usual shape: one line after the other through the ORM, a commit each, on a small part.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Column, MetaData, String, Table, func, select
from sqlalchemy.orm import Session

from benchmarks.gifts.stores import PostgresStore, SqliteStore, Store
from benchmarks.missing import demand_postgres
from benchmarks.planted import TERMINAL, Planted, plant
from core.database import Database, Id
from core.events import Event, Happening
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.pledge import ItemState, Pledge
from flows.catalogue import enter_terminal, load_catalogue
from flows.events import emit
from flows.importing import import_statement
from flows.reconciling import Run
from flows.reconciling import run as run_everything
from ledger.accounts import BankAccount
from ledger.postings import Cause, Leg, post
from migrations.tables import METADATA
from receipts.issuing import issue_receipt
from reconciliation.expected import ExpectedDeposit, OpenDepositLine, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Rule, SettlementItem, Target
from reconciliation.running import begin_run

ENGINES = ("sqlite", "postgresql")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
_JOIN_ROUNDS = 3
_LOOP_LINES = 300
_KEYS = MetaData()
_OURS, _THEIRS = (
    Table(
        name,
        _KEYS,
        Column("reference", String(13), primary_key=True),
        Column("amount_rial", Id, primary_key=True, autoincrement=False),
        Column("id", Id),
    )
    for name in ("bare_ours", "bare_theirs")
)


class MatchingOnly(Run):
    """The rules and their matches, and nothing that follows from them."""

    def prepare(self, session: Session) -> None:
        """Leave nothing out."""

    def book(self, session: Session) -> None:
        """Book nothing."""


def run(
    sizes: int | Sequence[int] = 100_000, engines: Sequence[str] = ENGINES
) -> dict[str, object]:
    """Measure every size on every engine; seconds, lines a second, and ratios."""
    if "postgresql" in engines:
        demand_postgres()
    figures: dict[str, object] = {}
    for size in (sizes,) if isinstance(sizes, int) else sizes:
        planted = plant(size)
        for engine in engines:
            with _store(engine) as store:
                figures[f"{engine}_{size}"] = _measured(store, planted)
    return figures


def _measured(store: Store, planted: Planted) -> dict[str, object]:
    database = Database(store.template_url)
    _build(database)
    planted.promise(database)
    import_seconds, _processor = _seconds(lambda: _import(database, planted))
    _gather_statistics(database)
    join_seconds = _bare_join(database, planted)
    database.engine.dispose()
    with _copy(store) as copy:
        loop_seconds = _orm_loop(copy)
    with _copy(store) as copy:
        matching_seconds, matching_processor = _seconds(lambda: _match_only(copy))
    with _copy(store) as copy:
        everything_seconds, everything_processor = _seconds(lambda: run_everything(copy, now=NOW))
        judged = _judged(copy, planted)
    lines = planted.line_count
    return {
        "lines": lines,
        **judged,
        "import_lines_per_second": round(lines / import_seconds),
        "bare_join_seconds": round(join_seconds, 3),
        "matching_seconds": round(matching_seconds, 3),
        "matching_processor_seconds": round(matching_processor, 3),
        "matching_to_bare_join": round(matching_seconds / join_seconds, 1),
        "matching_lines_per_second": round(lines / matching_seconds),
        "everything_seconds": round(everything_seconds, 3),
        "everything_processor_seconds": round(everything_processor, 3),
        "everything_lines_per_second": round(lines / everything_seconds),
        "orm_loop_lines_per_second": round(_LOOP_LINES / loop_seconds),
        "everything_to_orm_loop": round(
            lines / everything_seconds / (_LOOP_LINES / loop_seconds), 1
        ),
    }


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


def _build(database: Database) -> None:
    METADATA.create_all(database.engine)
    _KEYS.create_all(database.engine)
    with database.writing() as session:
        load_catalogue(session)
        account = session.scalars(select(BankAccount)).one()
        enter_terminal(session, "mellat-main", TERMINAL, bank_account_id=account.id)


def _import(database: Database, planted: Planted) -> None:
    import_statement(database, planted.statement, "planted.csv", account="90190", now=NOW)


def _gather_statistics(database: Database) -> None:
    """What autovacuum does on a server within minutes; SQLite plans without."""
    if not database.is_sqlite:
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("ANALYZE")


def _bare_join(database: Database, planted: Planted) -> float:
    """The best of some rounds of joining N keys and amounts with N others; nothing is written."""
    with database.writing() as session:
        for table in (_OURS, _THEIRS):
            rows = [
                {"reference": f"{10**12 + at}", "amount_rial": 10**6 + at % 97, "id": at}
                for at in range(planted.line_count)
            ]
            session.execute(table.insert(), rows)
    _gather_statistics(database)
    joined = select(func.count(), func.sum(_OURS.c.id + _THEIRS.c.id)).join_from(
        _OURS,
        _THEIRS,
        (_OURS.c.reference == _THEIRS.c.reference) & (_OURS.c.amount_rial == _THEIRS.c.amount_rial),
    )
    with database.reading() as session:
        return min(_seconds(lambda: session.execute(joined).one())[0] for _ in range(_JOIN_ROUNDS))


def _match_only(database: Database) -> None:
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=None, now=NOW)
    at_work = MatchingOnly(database, run_id, begun_at=NOW)
    at_work.through_all_rules()
    at_work.finish()


def _orm_loop(database: Database) -> float:
    """The usual shape for one rule: a query, some objects and a commit for each line."""
    with database.reading() as session:
        line_ids = session.scalars(
            select(OpenDepositLine.line_id)
            .join(ExpectedDeposit, ExpectedDeposit.deposit_id == OpenDepositLine.deposit_id)
            .where(ExpectedDeposit.amount_rial == OpenDepositLine.amount_rial)
            .limit(_LOOP_LINES)
        ).all()
    started = time.perf_counter()
    for line_id in line_ids:
        with database.writing() as session:
            _explain_one(session, session.get_one(StatementLine, line_id))
    return time.perf_counter() - started


def _explain_one(session: Session, line: StatementLine) -> None:
    expected = session.scalars(
        select(ExpectedDeposit).where(
            ExpectedDeposit.deposit_id == line.deposit_id,
            ExpectedDeposit.amount_rial == line.amount_rial,
        )
    ).first()
    if expected is None:
        return
    pledge = session.get_one(Pledge, expected.target_id)
    match = Match(
        line_id=line.id, rule=Rule.DEPOSIT_ID, target=Target.PLEDGE, target_id=pledge.id,
        amount_rial=line.amount_rial, made_at=NOW,
    )  # fmt: skip
    session.add(match)
    session.flush()
    contribution = Contribution(
        pledge_id=pledge.id, office_id=pledge.office_id, origin=Origin.DEPOSIT, cause_id=match.id,
        tender=Tender.TRANSFER, received_on=line.booked_on, recorded_at=NOW,
    )  # fmt: skip
    for item in pledge.items:
        contribution.lines.append(
            ContributionLine(
                pledge_item_id=item.id,
                kind=item.kind,
                fund_id=item.fund_id,
                amount_rial=item.amount_rial,
            )
        )
        item.state = ItemState.RECEIVED
    session.add(contribution)
    session.delete(expected)
    session.delete(session.get_one(OpenLine, line.id))
    session.flush()
    legs = [Leg("suspense:90190", line.amount_rial)]
    legs += [Leg(f"fund:{item.fund.code}", -(item.amount_rial or 0)) for item in pledge.items]
    post(session, Cause.CONTRIBUTION, contribution.id, legs, booked_on=line.booked_on, now=NOW)
    issue_receipt(session, contribution.id, now=NOW)
    emit(session, Event(Happening.CONTRIBUTION_RECEIVED, contribution.id), now=NOW)


def _judged(database: Database, planted: Planted) -> dict[str, int]:
    """Every match beside the truth that was planted."""
    first_item = (
        select(func.min(SettlementItem.source_id))
        .where(SettlementItem.settlement_id == Match.target_id)
        .scalar_subquery()
    )
    right = wrong = 0
    with database.reading() as session:
        matches = session.execute(
            select(StatementLine.row_number, Match.target, Match.target_id, first_item, Match.rule)
            .join(StatementLine, StatementLine.id == Match.line_id)
            .where((Match.target != Target.BANK_FEE) | (Match.rule == Rule.BANK_FEE))
        )
        for row_number, target, target_id, source_id, _rule in matches:
            found = {
                Target.PLEDGE: ("pledge", target_id),
                Target.SETTLEMENT: ("payment", source_id),
                Target.BANK_FEE: ("fee", 0),
            }[target]
            is_right = planted.truths.get(row_number) == found
            right, wrong = right + is_right, wrong + (not is_right)
        still_open = session.scalars(select(func.count()).select_from(OpenLine)).one()
    return {
        "right_pairs": right,
        "wrong_pairs": wrong,
        "missed_pairs": len(planted.truths) - right,
        "open_lines": still_open,
    }


def _seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of this process: with SQLite that is all there is to do."""
    started, processor = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - started, time.process_time() - processor
