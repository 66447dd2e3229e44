"""Every list of finance as a file: which lists there are, and what stands in their columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound
from core.words import Later, _
from ledger.accounts import BankAccount
from reconciliation.inbox import wanted_lines
from reconciliation.lines import StatementFile, StatementLine
from reconciliation.matches import ReconciliationRun
from reconciliation.reporting import report_lines
from reconciliation.reviewing import balances, imports_page, runs_page, settlements_page
from web.exporting import ENDINGS, Cell, Column, Sheet, send
from web.filters import moment
from web.finance.ageing import age_rows
from web.finance.inbox import CLASSES, wanted_form
from web.services import current
from web.sign_in.guard import the_person

_PAGE = 1_000

Rows = Callable[[Session, date], Iterable[Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Export:
    """A list that can be saved: its title, its columns and where its rows come from."""

    title: Later
    columns: Sequence[Column]
    rows: Rows


def export(name: str, ending: str) -> ResponseReturnValue:
    """A list of finance as Excel or CSV, narrowed as its page is."""
    if name not in EXPORTS or ending not in ENDINGS:
        raise NotFound(subject="export")
    chosen = EXPORTS[name]
    now = current.now()
    today = tehran_date(now)
    with current.database.reading() as session:
        return send(
            Sheet(
                name=f"{name}-{today.isoformat()}",
                title=str(chosen.title),
                about=_("%(title)s, saved on %(moment)s by %(name)s")
                % {"title": chosen.title, "moment": moment(now), "name": the_person().name},
                columns=[_spoken(column) for column in chosen.columns],
                rows=chosen.rows(session, today),
            ),
            ending,
        )


def _spoken(column: Column) -> Column:
    return Column(str(column.heading), is_money=column.is_money, is_day=column.is_day)


def _open_lines(session: Session, today: date) -> Iterator[Sequence[Cell]]:
    wanted = wanted_form(session).wanted
    accounts = _accounts(session)
    after_id = 0
    while lines := wanted_lines(session, wanted, today=today, after_id=after_id, limit=_PAGE):
        after_id = lines[-1].id
        yield from (_of_line(line, accounts, today) for line in lines)
        session.expunge_all()


def _of_line(line: StatementLine, accounts: Mapping[int, str], today: date) -> Sequence[Cell]:
    return (
        line.id,
        accounts[line.bank_account_id],
        line.booked_on,
        line.booked_time.isoformat("minutes") if line.booked_time else "",
        max(line.amount_rial, 0),
        max(-line.amount_rial, 0),
        str(CLASSES[line.line_class]),
        line.payer,
        line.description,
        line.deposit_id,
        line.reference,
        (today - line.booked_on).days,
    )


def _all_lines(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    for line in report_lines(session):
        amount_rial = int(str(line["amount_rial"]))
        yield (
            int(str(line["line"])),
            date.fromisoformat(str(line["booked_on"])),
            max(amount_rial, 0),
            max(-amount_rial, 0),
            _("explained") if line["state"] == "matched" else _("open"),
            str(line.get("rule", "")),
            str(line.get("reason", "")),
            str(line.get("tracking_code", "")),
        )


def _runs(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    before_id = None
    while rows := runs_page(session, before_id=before_id, limit=_PAGE):
        before_id = rows[-1].run.id
        yield from ((*_of_run(row.run), row.standing_lines) for row in rows)


def _of_run(run: ReconciliationRun) -> tuple[Cell, ...]:
    return (run.id, run.started_at, run.finished_at, run.state.value, run.lines_explained)


def _settlements(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    before_id = None
    while rows := settlements_page(session, before_id=before_id, limit=_PAGE):
        before_id = rows[-1].settlement.id
        for row in rows:
            found = row.settlement
            yield (
                row.terminal.name,
                found.business_day,
                row.booked_on,
                found.item_count,
                found.gross_rial,
                found.fee_rial,
                found.net_rial,
                _("stands") if row.stands else _("undone"),
            )


def _imports(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    accounts = _accounts(session)
    before_id = None
    while files := imports_page(session, before_id=before_id, limit=_PAGE):
        before_id = files[-1].id
        yield from (_of_import(file, accounts) for file in files)


def _of_import(file: StatementFile, accounts: Mapping[int, str]) -> Sequence[Cell]:
    return (
        accounts[file.bank_account_id],
        file.name,
        file.imported_at,
        file.row_count,
        file.new_count,
        file.known_count,
        file.opening_rial,
        file.closing_rial,
        _("undone") if file.undo else _("stands"),
    )


def _ledger(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    for row in balances(session):
        yield row.code, max(row.rial, 0), max(-row.rial, 0)


def _ages(session: Session, today: date) -> Iterator[Sequence[Cell]]:
    for row in age_rows(session, today):
        yield row.what, row.label, row.count, row.value


def _accounts(session: Session) -> dict[int, str]:
    accounts = session.scalars(select(BankAccount))
    return {account.id: account.number for account in accounts}


_IN = Column(Later("Came in"), is_money=True)
_OUT = Column(Later("Went out"), is_money=True)
EXPORTS: Mapping[str, Export] = {
    "inbox": Export(
        Later("Open lines"),
        (
            Column(Later("Line")),
            Column(Later("Account")),
            Column(Later("Day"), is_day=True),
            Column(Later("Time")),
            _IN,
            _OUT,
            Column(Later("Kind of booking")),
            Column(Later("Payer or payee")),
            Column(Later("Description")),
            Column(Later("Deposit id")),
            Column(Later("Serial of the bank")),
            Column(Later("Age in days")),
        ),
        _open_lines,
    ),
    "lines": Export(
        Later("All lines and why"),
        (
            Column(Later("Line")),
            Column(Later("Day"), is_day=True),
            _IN,
            _OUT,
            Column(Later("State")),
            Column(Later("Rule")),
            Column(Later("Reason")),
            Column(Later("Tracking code")),
        ),
        _all_lines,
    ),
    "runs": Export(
        Later("Runs"),
        (
            Column(Later("Run")),
            Column(Later("Begun")),
            Column(Later("Ended")),
            Column(Later("State")),
            Column(Later("Lines explained")),
            Column(Later("Lines that stand explained")),
        ),
        _runs,
    ),
    "settlements": Export(
        Later("Settlements"),
        (
            Column(Later("Terminal")),
            Column(Later("Business day"), is_day=True),
            Column(Later("Day of the bank"), is_day=True),
            Column(Later("Payments")),
            Column(Later("Gross"), is_money=True),
            Column(Later("Fee"), is_money=True),
            Column(Later("Net"), is_money=True),
            Column(Later("State")),
        ),
        _settlements,
    ),
    "statements": Export(
        Later("Statements"),
        (
            Column(Later("Account")),
            Column(Later("File")),
            Column(Later("Imported")),
            Column(Later("Rows")),
            Column(Later("New")),
            Column(Later("Known")),
            Column(Later("Opening balance"), is_money=False),
            Column(Later("Closing balance"), is_money=False),
            Column(Later("State")),
        ),
        _imports,
    ),
    "ledger": Export(
        Later("Ledger"),
        (
            Column(Later("Account")),
            Column(Later("Debit"), is_money=True),
            Column(Later("Credit"), is_money=True),
        ),
        _ledger,
    ),
    "ageing": Export(
        Later("Ageing"),
        (
            Column(Later("What")),
            Column(Later("Days")),
            Column(Later("Count")),
            Column(Later("Amount"), is_money=True),
        ),
        _ages,
    ),
}
