"""What finance looks at: accounts, open lines by age, imports, runs, settlements, balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, joinedload

from core.database import sum_rial
from core.refusals import NotFound
from ledger.accounts import AccountKind, BankAccount, LedgerAccount, account_code
from ledger.postings import Entry, balance_rial
from ledger.terminals import Terminal
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.matches import (
    Match,
    MatchUndo,
    ReconciliationRun,
    RunSlice,
    Settlement,
    SettlementItem,
    Target,
    has_target,
    is_of_run,
)
from reconciliation.reporting import Totals, totals
from reconciliation.reports import SettlementReport
from reconciliation.unimporting import latest_import

# An open line is fresh for a day, due within a week, late within a month, and then overdue.
AGES_DAYS = (1, 7, 30)


@dataclass(frozen=True, slots=True)
class AccountState:
    """One bank account: what the bank says, what is not explained, and the sums of its lines."""

    account: BankAccount
    balance_rial: int
    suspense_rial: int  # a credit balance is negative
    totals: Totals
    last_import: StatementFile | None


def account_states(session: Session) -> list[AccountState]:
    """Every bank account of the register."""
    return [
        AccountState(
            account=account,
            balance_rial=balance_rial(session, account_code(AccountKind.BANK, account.number)),
            suspense_rial=balance_rial(session, account_code(AccountKind.SUSPENSE, account.number)),
            totals=totals(session, account.id),
            last_import=latest_import(session, account.id),
        )
        for account in session.scalars(select(BankAccount).order_by(BankAccount.number))
    ]


@dataclass(frozen=True, slots=True)
class Aged:
    """Open lines of one age: from so many days to so many, with no end for the oldest."""

    from_days: int
    to_days: int | None
    lines: int
    rial: int


def open_by_age(session: Session, *, today: date, credits_only: bool | None = None) -> list[Aged]:
    """Open lines by the days since the bank booked them; credits and debits as absolute sums.

    ``credits_only`` asks for credits alone, or with ``False`` for debits alone.
    """
    ages: list[Aged] = []
    from_days = 0
    for to_days in (*AGES_DAYS, None):
        query = select(func.count(), sum_rial(func.abs(OpenLine.amount_rial)))
        if credits_only is not None:
            is_asked = OpenLine.amount_rial > 0 if credits_only else OpenLine.amount_rial < 0
            query = query.where(is_asked)
        if from_days:
            query = query.where(OpenLine.booked_on <= today - timedelta(days=from_days))
        if to_days is not None:
            query = query.where(OpenLine.booked_on > today - timedelta(days=to_days + 1))
        lines, rial = session.execute(query).one()
        ages.append(Aged(from_days, to_days, lines, rial))
        from_days = (to_days or 0) + 1
    return ages


def open_lines_page(session: Session, *, after_id: int = 0, limit: int) -> Sequence[StatementLine]:
    """One page of open lines in order of their import; ask again with the last id to go on."""
    return session.scalars(
        select(StatementLine)
        .join(OpenLine, OpenLine.line_id == StatementLine.id)
        .where(OpenLine.line_id > after_id)
        .order_by(OpenLine.line_id)
        .limit(limit)
    ).all()


def standing_line(session: Session, line_id: int) -> StatementLine:
    """A line whose import stands. Raises NotFound."""
    line = session.scalars(
        select(StatementLine)
        .outerjoin(
            StatementImportUndo,
            StatementImportUndo.statement_file_id == StatementLine.statement_file_id,
        )
        .where(StatementLine.id == line_id, StatementImportUndo.id.is_(None))
    ).one_or_none()
    if line is None:
        raise NotFound(subject="statement_line")
    return line


def is_open(session: Session, line_id: int) -> bool:
    """Whether nothing explains a line yet."""
    return session.get(OpenLine, line_id) is not None


def is_open_under(session: Session, deposit_id: str) -> bool:
    """Whether an open credit bears a deposit id, also of a signed day, where no rule looks."""
    of_line = OpenLine.line_id == StatementLine.id
    bears_it = exists().where(
        of_line, OpenLine.amount_rial > 0, StatementLine.deposit_id == deposit_id
    )
    return bool(session.scalar(select(bears_it)))


def match_history(session: Session, line_id: int) -> Sequence[Match]:
    """Every match a line ever had, the undone ones too, oldest first."""
    return session.scalars(select(Match).where(Match.line_id == line_id).order_by(Match.id)).all()


def imports_page(
    session: Session, *, before_id: int | None = None, limit: int
) -> Sequence[StatementFile]:
    """One page of imports, newest first."""
    query = select(StatementFile).order_by(StatementFile.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(StatementFile.id < before_id)
    return session.scalars(query).all()


@dataclass(frozen=True, slots=True)
class RunStanding:
    """A run with what of it stands, in lines."""

    run: ReconciliationRun
    standing_lines: int


def runs_page(session: Session, *, before_id: int | None = None, limit: int) -> list[RunStanding]:
    """One page of runs, newest first."""
    query = select(ReconciliationRun).order_by(ReconciliationRun.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(ReconciliationRun.id < before_id)
    return [RunStanding(run, standing_in_run(session, run.id)) for run in session.scalars(query)]


def is_at_work(session: Session) -> bool:
    """Whether a run or an undo is at work at this moment."""
    holder = select(ReconciliationRun.id).where(ReconciliationRun.slot.is_not(None))
    return session.scalars(holder).first() is not None


def standing_in_run(session: Session, run_id: int) -> int:
    """How many lines a run explained and still does."""
    return session.scalars(
        select(func.count(Match.line_id.distinct()))
        .join_from(RunSlice, Match, is_of_run(run_id))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(MatchUndo.id.is_(None))
    ).one()


@dataclass(frozen=True, slots=True)
class SettlementState:
    """A settlement with its terminal and line, and whether it stands."""

    settlement: Settlement
    terminal: Terminal
    line_id: int
    booked_on: date
    stands: bool


def settlements_page(
    session: Session, *, before_id: int | None = None, limit: int
) -> list[SettlementState]:
    """One page of settlements, newest first."""
    query = _settlements().order_by(Settlement.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Settlement.id < before_id)
    return [SettlementState(*row) for row in session.execute(query)]


def reports_page(
    session: Session, *, before_id: int | None = None, limit: int
) -> Sequence[SettlementReport]:
    """One page of the providers' reports with their terminals, newest first."""
    query = (
        select(SettlementReport)
        .options(joinedload(SettlementReport.terminal))
        .order_by(SettlementReport.id.desc())
        .limit(limit)
    )
    if before_id is not None:
        query = query.where(SettlementReport.id < before_id)
    return session.scalars(query).all()


def settlement_with_items(
    session: Session, settlement_id: int
) -> tuple[SettlementState, Sequence[SettlementItem]]:
    """A settlement and every payment in it. Raises NotFound."""
    row = session.execute(_settlements().where(Settlement.id == settlement_id)).one_or_none()
    if row is None:
        raise NotFound(subject="settlement")
    items = session.scalars(
        select(SettlementItem)
        .where(SettlementItem.settlement_id == settlement_id)
        .order_by(SettlementItem.id)
    ).all()
    return SettlementState(*row), items


def balances(session: Session) -> Sequence[Any]:
    """Every account of the books with its balance, debits less credits, in rials."""
    return session.execute(
        select(LedgerAccount.code, LedgerAccount.kind, sum_rial(Entry.amount_rial).label("rial"))
        .outerjoin(Entry, Entry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.id, LedgerAccount.code, LedgerAccount.kind)
        .order_by(LedgerAccount.kind, LedgerAccount.code)
    ).all()


def _settlements() -> Any:
    return (
        select(
            Settlement,
            Terminal,
            Match.line_id,
            StatementLine.booked_on,
            MatchUndo.id.is_(None).label("stands"),
        )
        .join(Terminal, Terminal.id == Settlement.terminal_id)
        .join(Match, has_target(Target.SETTLEMENT, Settlement.id))
        .join(StatementLine, StatementLine.id == Match.line_id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
    )
