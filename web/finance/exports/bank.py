"""What the bank wrote, as lists: its lines, their files, the runs over them, the offers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from core.words import Later, _
from donations.models.pledge import Pledge
from reconciliation.inbox import wanted_lines
from reconciliation.lines import StatementFile, StatementLine
from reconciliation.matches import ReconciliationRun
from reconciliation.reporting import report_lines
from reconciliation.reviewing import imports_page, runs_page
from reconciliation.suggesting import groups
from reconciliation.why_not import kind_of_sign, word_of
from web.exporting import Cell, Column
from web.finance.exports.lists import CAME_IN, PAGE, WENT_OUT, Export, account_numbers
from web.finance.inbox import ACCEPTED_MAX, CLASSES, wanted_form


def _open_lines(session: Session, today: date) -> Iterator[Sequence[Cell]]:
    wanted = wanted_form(session).wanted
    accounts = account_numbers(session)
    after_id = 0
    while lines := wanted_lines(session, wanted, today=today, after_id=after_id, limit=PAGE):
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
    while rows := runs_page(session, before_id=before_id, limit=PAGE):
        before_id = rows[-1].run.id
        yield from ((*_of_run(row.run), row.standing_lines) for row in rows)


def _of_run(run: ReconciliationRun) -> tuple[Cell, ...]:
    return (run.id, run.started_at, run.finished_at, run.state.value, run.lines_explained)


def _imports(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    accounts = account_numbers(session)
    before_id = None
    while files := imports_page(session, before_id=before_id, limit=PAGE):
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


def _offers(session: Session, _today: date) -> Iterator[Sequence[Cell]]:
    accounts = account_numbers(session)
    for group in groups(session, lines_max=ACCEPTED_MAX):
        signs = " · ".join(kind_of_sign(name) for name in group.sign_names)
        for line_id, pledge_id in group.pairs:
            line = session.get_one(StatementLine, line_id)
            yield (
                line.id,
                accounts[line.bank_account_id],
                line.booked_on,
                line.amount_rial,
                line.payer,
                line.description,
                session.get_one(Pledge, pledge_id).tracking_code,
                word_of(group.word),
                signs,
            )


BANK: Mapping[str, Export] = {
    "inbox": Export(
        Later("Open lines"),
        (
            Column(Later("Line")),
            Column(Later("Account")),
            Column(Later("Day"), is_day=True),
            Column(Later("Time")),
            CAME_IN,
            WENT_OUT,
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
            CAME_IN,
            WENT_OUT,
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
    "offers": Export(
        Later("Equal offers"),
        (
            Column(Later("Line")),
            Column(Later("Account")),
            Column(Later("Day"), is_day=True),
            CAME_IN,
            Column(Later("Payer or payee")),
            Column(Later("Description")),
            Column(Later("Tracking code")),
            Column(Later("How sure")),
            Column(Later("Reason")),
        ),
        _offers,
    ),
}
