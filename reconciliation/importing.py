"""Storing a statement file: the new rows become lines, every line a posting, every line open.

The file is read and proved before the account is locked; then one transaction adds it whole or not
at all. A day's file of 20,000 rows holds the lock for about half a second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain as chain_of
from itertools import count, repeat

from sqlalchemy import and_, case, func, insert, literal, select, union_all
from sqlalchemy.orm import Session

from core.database import sum_rial
from core.refusals import Refusal
from ledger.accounts import AccountKind, BankAccount, account_code
from ledger.postings import Cause, Entry, move, post
from ledger.setwise import account_id, post_each
from reconciliation.chain import ChainRow, ChainRows
from reconciliation.days import place_days
from reconciliation.held import Chain
from reconciliation.lines import StatementFile, StatementImportUndo, StatementLine
from reconciliation.loading import load
from reconciliation.locks import closed_through, refuse_locked_day
from reconciliation.quarantine import QuarantinedLine, QuarantinedRow, unsolved_lines
from reconciliation.splicing import GapInStatement, Splice, live_lines, splice
from reconciliation.splitting import note_named_ids
from reconciliation.statements.contract import Balances
from reconciliation.worktables import open_lines


class UnknownAccount(Refusal):
    """No account of the register has this number."""

    code = "statement.unknown_account"
    http_status = 404
    field = "account"


class AccountEnded(Refusal):
    """A row of the file is of a day on which the account was not used any more."""

    code = "statement.account_ended"
    http_status = 422
    field = "account"


class OtherAccount(Refusal):
    """The heading of the file names another account than the one it was handed in for."""

    code = "statement.other_account"
    http_status = 422
    field = "account"


@dataclass(frozen=True, slots=True)
class StatementSource:
    """A file as it was handed in: its name, what it turned out to be, and its hash."""

    name: str
    format: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file. Rows are new or known; a file with any other is refused whole."""

    file: str
    format: str
    account: str
    rows: int
    new: int
    known: int
    rejected: int
    opening_rial: int
    closing_rial: int
    file_id: int | None = None  # empty for a dry run
    known_since: datetime | None = None  # when the same file, to the byte, was imported
    set_aside: int = 0  # of the new rows
    first_day: date | None = None
    last_day: date | None = None
    credit_rial: int = 0  # of the whole file
    debit_rial: int = 0

    def as_json(self) -> dict[str, object]:
        """The fields other programs build on (DESIGN 9)."""
        return {
            "file": self.file,
            "format": self.format,
            "account": self.account,
            "rows": self.rows,
            "new": self.new,
            "known": self.known,
            "rejected": self.rejected,
            "opening_rial": self.opening_rial,
            "closing_rial": self.closing_rial,
        }


@dataclass(frozen=True, slots=True)
class AddedLines:
    """What an import added to its account."""

    lines: int
    set_aside: int  # among them: their rows could not be read
    credit_rial: int
    debit_rial: int
    first_day: date | None
    last_day: date | None


_REMEMBERED = 100_000  # fingerprints
_LATEST_LINES = 5_000  # banks book a little out of order
_COLUMNS = (
    "statement_file_id", "bank_account_id", "generation", "position", "occurrence",
    *(name for name in ChainRow._fields),
)  # fmt: skip


def account_with_number(session: Session, number: str) -> BankAccount:
    """The account of the register. Raises UnknownAccount."""
    account = session.scalars(select(BankAccount).where(BankAccount.number == number)).one_or_none()
    if account is None:
        raise UnknownAccount(account=number[:40])
    return account


def refuse_other_account(account: BankAccount, account_digits: str | None) -> None:
    """Raise OtherAccount where a file's heading names an account that is not this one."""
    if account_digits is None:
        return
    number = "".join(filter(str.isdigit, account.number))
    if not (account_digits.endswith(number) or number.endswith(account_digits.lstrip("0"))):
        raise OtherAccount(account=account.number, found=account_digits[:40])


def refuse_ended_account(account: BankAccount, chain: Chain) -> None:
    """Raise AccountEnded where the latest row is later than the account's last day."""
    latest_day = date.fromisoformat(chain.ending.last_day)
    if account.valid_to is not None and latest_day > account.valid_to:
        raise AccountEnded(ended_on=account.valid_to, booked_on=latest_day)


def same_file(session: Session, account: BankAccount, sha256: str) -> StatementFile | None:
    """The standing import of a file equal to the byte, if there is one."""
    return session.scalars(
        select(StatementFile)
        .outerjoin(StatementImportUndo)
        .where(
            StatementFile.bank_account_id == account.id,
            StatementFile.sha256 == sha256,
            StatementImportUndo.id.is_(None),
        )
    ).first()


def report_of_known(known: StatementFile, account: BankAccount) -> ImportReport:
    """What importing a file once more comes to: nothing, and when it was imported."""
    return ImportReport(
        file=known.name,
        format=known.format,
        account=account.number,
        rows=known.row_count,
        new=0,
        known=known.row_count,
        rejected=0,
        opening_rial=known.opening_rial,
        closing_rial=known.closing_rial,
        file_id=known.id,
        known_since=known.imported_at,
    )


def added_lines(session: Session, file: StatementFile) -> AddedLines:
    """Count and add up the lines of an import."""
    line = StatementLine
    credit, debit = (
        sum_rial(case((is_side, line.amount_rial), else_=0))
        for is_side in (line.amount_rial > 0, line.amount_rial < 0)
    )
    lines, came, went, first_day, last_day = session.execute(
        select(
            func.count(), credit, debit, func.min(line.booked_on), func.max(line.booked_on)
        ).where(line.statement_file_id == file.id)
    ).one()
    set_aside = session.scalars(
        select(func.count())
        .select_from(QuarantinedLine)
        .join(QuarantinedLine.line)
        .where(line.statement_file_id == file.id)
    ).one()
    return AddedLines(lines, set_aside, came, went, first_day, last_day)


def foresee(
    session: Session,
    account: BankAccount,
    chain: Chain,
    source: StatementSource,
    *,
    opening_rial: int | None = None,
) -> ImportReport:
    """What importing would come to. Raises what ``store`` raises."""
    place = find_place(session, account.id, chain, opening_rial=opening_rial)
    if closed_through(session, account.id) is not None:
        for rows in chain_of(place.before(), place.after()):
            _refuse_locked(session, account.id, rows)
    return _report(account, chain, source, place, file_id=None)


def find_place(
    session: Session, bank_account_id: int, chain: Chain, *, opening_rial: int | None
) -> Splice:
    """Where a file joins its account: on the balance chain where it has one, else by whole days.

    ``opening_rial`` is a person's word for the balance before the file. Raises GapInStatement,
    DiffersFromKnown, LeftOut, BalancesDisagree.
    """
    if chain.ending.balances is not Balances.RUNNING:
        return place_days(session, bank_account_id, chain, given_rial=opening_rial)
    if opening_rial is not None and opening_rial != chain.earliest.opening_rial:
        raise GapInStatement(
            row=chain.earliest.row_number,
            expected_rial=opening_rial,
            found_rial=chain.earliest.opening_rial,
        )
    return splice(session, bank_account_id, chain)


def store(
    session: Session,
    account: BankAccount,
    chain: Chain,
    source: StatementSource,
    *,
    imported_by_id: int | None,
    now: datetime,
    opening_rial: int | None = None,
) -> ImportReport:
    """Add a file to its account. The caller holds the account's row locked.

    Raises GapInStatement, DiffersFromKnown, LeftOut, BalancesDisagree, DayLocked; the caller's
    transaction must end without a commit then.
    """
    place = find_place(session, account.id, chain, opening_rial=opening_rial)
    file = StatementFile(
        bank_account_id=account.id,
        sha256=source.sha256,
        name=source.name,
        format=source.format,
        row_count=chain.row_count,
        new_count=place.new_count,
        known_count=place.known_count,
        opening_rial=place.opening_rial,
        closing_rial=place.closing_rial,
        generation=_generation(session, account.id),
        imported_by_id=imported_by_id,
        imported_at=now,
    )
    session.add(file)
    session.flush()
    if place.new_count:
        _add_lines(session, file, place)
        _keep_set_aside(session, file, chain)
        _book_opening(session, account, file, place, now=now)
        _book_lines(session, account, file, now=now)
        of_file = StatementLine.statement_file_id == file.id
        if chain.ending.filled:
            of_file = and_(of_file, StatementLine.id.not_in(unsolved_lines()))
        open_lines(session, of_file)
        note_named_ids(session, file.id)
    return _report(account, chain, source, place, file_id=file.id)


def locked_account(session: Session, account_id_: int) -> BankAccount:
    """An account whose imports wait for each other until this transaction ends."""
    return session.scalars(
        select(BankAccount).where(BankAccount.id == account_id_).with_for_update()
    ).one()


def _report(
    account: BankAccount,
    chain: Chain,
    source: StatementSource,
    place: Splice,
    *,
    file_id: int | None,
) -> ImportReport:
    ending = chain.ending
    set_aside = {row.row_number for row in ending.filled.values()}
    return ImportReport(
        file=source.name,
        format=source.format,
        account=account.number,
        rows=chain.row_count,
        new=place.new_count,
        known=place.known_count,
        rejected=0,
        opening_rial=place.opening_rial,
        closing_rial=place.closing_rial,
        file_id=file_id,
        set_aside=len(set_aside) and _new_among(place, set_aside),
        first_day=date.fromisoformat(ending.first_day),
        last_day=date.fromisoformat(ending.last_day),
        credit_rial=ending.credit_rial,
        debit_rial=place.closing_rial - place.opening_rial - ending.credit_rial,
    )


def _new_among(place: Splice, row_numbers: set[int]) -> int:
    """How many of these rows are new."""
    return sum(
        len(row_numbers.intersection(rows.row_number))
        for rows in chain_of(place.before(), place.after())
    )


def _generation(session: Session, bank_account_id: int) -> int:
    return session.scalars(
        select(func.count(StatementImportUndo.id))
        .join(StatementFile)
        .where(StatementFile.bank_account_id == bank_account_id)
    ).one()


def _add_lines(session: Session, file: StatementFile, place: Splice) -> None:
    ordinals = _Ordinals(session, file.bank_account_id)
    for slices, first in (
        (place.before(), place.before_position),
        (place.after(), place.after_position),
    ):
        position = first
        for rows in slices:
            _refuse_locked(session, file.bank_account_id, rows)
            load(session, StatementLine, _COLUMNS, _stored(rows, file, position, ordinals.of(rows)))
            position += len(rows.row_number)


def _refuse_locked(session: Session, bank_account_id: int, rows: ChainRows) -> None:
    """Raise DayLocked where a row is of a day that is signed."""
    refuse_locked_day(session, bank_account_id, date.fromisoformat(min(rows.booked_on)))


def _keep_set_aside(session: Session, file: StatementFile, chain: Chain) -> None:
    """Say which new lines came from rows that a person set aside."""
    numbers = [row.row_number for row in chain.ending.filled.values()]
    if not numbers:
        return
    session.execute(
        insert(QuarantinedLine).from_select(
            ["line_id", "quarantined_row_id"],
            select(StatementLine.id, QuarantinedRow.id)
            .join(
                QuarantinedRow,
                and_(
                    QuarantinedRow.bank_account_id == file.bank_account_id,
                    QuarantinedRow.sha256 == file.sha256,
                    QuarantinedRow.row_number == StatementLine.row_number,
                ),
            )
            .where(
                StatementLine.statement_file_id == file.id, StatementLine.row_number.in_(numbers)
            ),
        )
    )


def _stored(
    rows: ChainRows, file: StatementFile, position: int, occurrences: Sequence[int]
) -> Iterator[tuple[object, ...]]:
    """The rows as they go into the table: before each its file's facts, its place and ordinal."""
    head = map(repeat, (file.id, file.bank_account_id, file.generation))
    return zip(*head, count(position), occurrences, *rows, strict=False)


def _latest_day(session: Session, bank_account_id: int) -> str:
    """The latest day among the account's last lines; banks book a little out of order."""
    last = (
        select(StatementLine.booked_on)
        .where(*live_lines(bank_account_id))
        .order_by(StatementLine.position.desc())
        .limit(_LATEST_LINES)
        .subquery()
    )
    day = session.scalars(select(func.max(last.c.booked_on))).one()
    return day.isoformat() if day else ""


class _Ordinals:
    """Which of several equal bookings of the account a row is: the first, but for genuine twins.

    Twins share their day, so the database is asked for days that it has; of what this file adds
    to other days the equals are remembered, as far as memory shall go.
    """

    def __init__(self, session: Session, bank_account_id: int) -> None:
        self._session = session
        self._bank_account_id = bank_account_id
        self._asked_through = self._latest_day = _latest_day(session, bank_account_id)
        self._seen: dict[bytes, int] = {}

    def of(self, rows: ChainRows) -> Sequence[int]:
        """The ordinals of rows that are about to be added, after all before them were."""
        if len(self._seen) > _REMEMBERED:
            self._seen, self._asked_through = {}, self._latest_day
        unknown = {
            fingerprint
            for fingerprint, day in zip(rows.fingerprint, rows.booked_on, strict=True)
            if day <= self._asked_through and fingerprint not in self._seen
        }
        if unknown:
            self._seen |= _seen(self._session, self._bank_account_id, unknown)
        self._latest_day = max(self._latest_day, *rows.booked_on)
        return [self._next(fingerprint) for fingerprint in rows.fingerprint]

    def _next(self, fingerprint: bytes) -> int:
        ordinal = self._seen[fingerprint] = self._seen.get(fingerprint, 0) + 1
        return ordinal


def _seen(session: Session, bank_account_id: int, fingerprints: set[bytes]) -> dict[bytes, int]:
    """How often each fingerprint stands on the account already."""
    found = session.execute(
        select(StatementLine.fingerprint, func.max(StatementLine.occurrence))
        .where(
            *live_lines(bank_account_id),
            StatementLine.fingerprint.in_(fingerprints),
        )
        .group_by(StatementLine.fingerprint)
    )
    return {row[0]: row[1] for row in found}


def _book_opening(
    session: Session, account: BankAccount, file: StatementFile, place: Splice, *, now: datetime
) -> None:
    """Book what stood on the account before its earliest line.

    Where older lines come later than newer ones, what they moved leaves the opening balance again.
    """
    rial = place.opening_change_rial
    if rial == 0:
        return
    bank = account_code(AccountKind.BANK, account.number)
    opening = account_code(AccountKind.OPENING)
    post(
        session,
        Cause.STATEMENT_OPENING,
        file.id,
        move(bank, opening, rial) if rial > 0 else move(opening, bank, -rial),
        booked_on=date.fromisoformat(place.opens_on),
        now=now,
    )


def _book_lines(
    session: Session, account: BankAccount, file: StatementFile, *, now: datetime
) -> None:
    """Book every new line between the bank account and suspense."""
    bank = account_id(session, AccountKind.BANK, account.number)
    suspense = account_id(session, AccountKind.SUSPENSE, account.number)
    line = StatementLine
    chosen = line.statement_file_id == file.id

    post_each(
        session,
        Cause.STATEMENT_LINE,
        select(line.id.label("cause_id"), line.booked_on).where(chosen),
        union_all(
            *(
                select(
                    line.id.label("cause_id"),
                    literal(account_id_, Entry.account_id.type).label("account_id"),
                    (line.amount_rial * sign).label("amount_rial"),
                ).where(chosen)
                for account_id_, sign in ((bank, 1), (suspense, -1))
            )
        ),
        now=now,
    )
