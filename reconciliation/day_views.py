"""Months and years of days: each with its state and sums; and the first day that differs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session, aliased

from core.clock import tehran_date
from core.database import sum_rial
from ledger.accounts import BankAccount, LedgerAccount
from ledger.postings import Cause, Entry, Posting
from reconciliation.day_facts import bank_codes, bank_day
from reconciliation.day_sheets import DaySheet, DifferenceKind
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import closed_through
from reconciliation.matches import Match, MatchUndo
from reconciliation.quarantine import open_quarantine
from reconciliation.signatures import signed_sheets
from reconciliation.splicing import live_lines

_DAY = timedelta(days=1)


class DayState(StrEnum):
    """Where a day of an account stands."""

    NO_STATEMENT = "no_statement"
    OPEN = "open"
    DIFFERS = "differs"
    PREPARED = "prepared"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day in a list of days."""

    day: date
    state: DayState
    lines: int
    credits_rial: int
    debits_rial: int
    closing_rial: int
    open_lines: int  # lines of this day that nothing explains now


@dataclass(frozen=True, slots=True)
class FirstDifference:
    """The first unsigned day that differs, and what differs on it: kind and size of each."""

    day: date
    differences: Sequence[tuple[DifferenceKind, int, int]]  # kind, how many, rials


@dataclass(frozen=True, slots=True)
class LaterChange:
    """Something about the lines of a signed day that changed after the signature."""

    line_id: int
    booked_on: date
    amount_rial: int
    at: datetime
    is_undo: bool
    reason: str


def day_rows(session: Session, account: BankAccount, first: date, last: date) -> list[DayRow]:
    """Every day from one to another."""
    moved = _movements(session, account.id, first, last)
    open_lines = _open_lines(session, account.id, first, last)
    suspects = _days_unlike_the_books(session, account, first, last) | {
        row.line.booked_on for row in open_quarantine(session, account.id)
    }
    sheets = _latest_sheets(session, account.id, first, last)
    signed_through = closed_through(session, account.id)
    reach = _reach(session, account.id)
    closing_rial = bank_day(session, account.id, first).opening_rial
    rows = []
    day = first
    while day <= last:
        lines, credits_rial, debits_rial = moved.get(day, (0, 0, 0))
        closing_rial += credits_rial - debits_rial
        if signed_through is not None and day <= signed_through:
            state = DayState.SIGNED
        elif reach is None or not reach[0] <= day <= reach[1]:
            state = DayState.NO_STATEMENT
        elif day in sheets:
            state = DayState.PREPARED
        elif open_lines.get(day) or day in suspects:
            state = DayState.DIFFERS
        else:
            state = DayState.OPEN
        rows.append(
            DayRow(
                day, state, lines, credits_rial, debits_rial, closing_rial, open_lines.get(day, 0)
            )
        )
        day += _DAY
    return rows


def first_difference(
    session: Session, account: BankAccount, *, now: datetime
) -> FirstDifference | None:
    """The first day after the signed ones on which bank, books and payments are not the same."""
    after = closed_through(session, account.id) or date.min
    last = tehran_date(now)
    found: list[tuple[date, DifferenceKind, int, int]] = [
        (row.line.booked_on, DifferenceKind.QUARANTINED_ROW, 1, row.line.amount_rial)
        for row in open_quarantine(session, account.id)
        if row.line.booked_on > after
    ]
    of_books = _days_unlike_the_books(session, account, after, last) - {after}
    if of_books:
        found.append((min(of_books), DifferenceKind.LEDGER_DIFFERS, 1, 0))
    opened = session.execute(
        select(OpenLine.booked_on, func.count(), sum_rial(OpenLine.amount_rial))
        .where(OpenLine.bank_account_id == account.id, OpenLine.booked_on > after)
        .group_by(OpenLine.booked_on, OpenLine.amount_rial > 0)
        .order_by(OpenLine.booked_on)
        .limit(2)
    )
    for day, count, rial in opened:
        is_credit = rial > 0
        kind = DifferenceKind.UNMATCHED_CREDIT if is_credit else DifferenceKind.UNMATCHED_DEBIT
        found.append((day, kind, count, rial))
    if not found:
        return None
    first = min(row[0] for row in found)
    return FirstDifference(first, [row[1:] for row in sorted(found) if row[0] == first])


def latest_sheet(session: Session, bank_account_id: int, day: date) -> DaySheet | None:
    """The last version of a day's sheet, signed or not."""
    return session.scalars(
        select(DaySheet)
        .where(DaySheet.bank_account_id == bank_account_id, DaySheet.day == day)
        .order_by(DaySheet.version.desc())
        .limit(1)
    ).one_or_none()


def versions(session: Session, bank_account_id: int, day: date) -> Sequence[DaySheet]:
    """Every sheet of a day, the latest first."""
    return session.scalars(
        select(DaySheet)
        .where(DaySheet.bank_account_id == bank_account_id, DaySheet.day == day)
        .order_by(DaySheet.version.desc())
    ).all()


def is_standing(session: Session, sheet: DaySheet) -> bool:
    """Whether a sheet is signed and its day was not reopened since."""
    of_sheet = signed_sheets(sheet.bank_account_id).where(DaySheet.id == sheet.id)
    return session.scalars(of_sheet).one_or_none() is not None


def changes_later(
    session: Session, sheet: DaySheet, *, since: datetime, limit: int
) -> list[LaterChange]:
    """What was explained or taken back of a signed day's lines after it was signed."""
    line = StatementLine
    of_day = and_(*live_lines(sheet.bank_account_id), line.booked_on <= sheet.day)
    explained = session.execute(
        select(line.id, line.booked_on, line.amount_rial, func.max(Match.made_at))
        .join(Match, Match.line_id == line.id)
        .where(Match.made_at > since, of_day)
        .group_by(line.id, line.booked_on, line.amount_rial)
        .order_by(line.id)
        .limit(limit)
    ).all()
    undone = session.execute(
        select(
            line.id,
            line.booked_on,
            line.amount_rial,
            func.max(MatchUndo.undone_at),
            func.max(MatchUndo.reason),
        )
        .join(Match, Match.line_id == line.id)
        .join(MatchUndo, MatchUndo.match_id == Match.id)
        .where(MatchUndo.undone_at > since, of_day)
        .group_by(line.id, line.booked_on, line.amount_rial)
        .order_by(line.id)
        .limit(limit)
    ).all()
    changes = [
        *(LaterChange(*row, is_undo=False, reason="") for row in explained),
        *(LaterChange(*row[:4], is_undo=True, reason=row[4]) for row in undone),
    ]
    return sorted(changes, key=lambda change: (change.at, change.line_id))[:limit]


def still_open(session: Session, bank_account_id: int, through: date) -> tuple[int, int]:
    """How many lines of signed days nothing explains yet, and what they come to."""
    count, rial = session.execute(
        select(func.count(), sum_rial(OpenLine.amount_rial)).where(
            OpenLine.bank_account_id == bank_account_id, OpenLine.booked_on <= through
        )
    ).one()
    return count, rial


def _movements(
    session: Session, bank_account_id: int, first: date, last: date
) -> Mapping[date, tuple[int, int, int]]:
    """Rows, credits and debits of each day."""
    found: dict[date, tuple[int, int, int]] = {}
    line = StatementLine
    for is_credit in (True, False):
        for day, count, rial in session.execute(
            select(line.booked_on, func.count(), sum_rial(line.amount_rial))
            .where(
                *live_lines(bank_account_id),
                line.booked_on.between(first, last),
                line.amount_rial > 0 if is_credit else line.amount_rial < 0,
            )
            .group_by(line.booked_on)
        ):
            lines, credits_rial, debits_rial = found.get(day, (0, 0, 0))
            found[day] = (
                lines + count,
                credits_rial + (rial if is_credit else 0),
                debits_rial - (0 if is_credit else rial),
            )
    return found


def _open_lines(
    session: Session, bank_account_id: int, first: date, last: date
) -> Mapping[date, int]:
    return dict(
        session.execute(
            select(OpenLine.booked_on, func.count())
            .where(
                OpenLine.bank_account_id == bank_account_id,
                OpenLine.booked_on.between(first, last),
            )
            .group_by(OpenLine.booked_on)
        ).all()
    )


def _days_unlike_the_books(
    session: Session, account: BankAccount, first: date, last: date
) -> set[date]:
    """Days whose rows do not sum to what our books moved on the bank account that day."""
    reversal = aliased(Posting)
    code, _suspense = bank_codes(account)
    line = StatementLine
    by_bank = session.execute(
        select(line.booked_on, sum_rial(line.amount_rial))
        .where(*live_lines(account.id), line.booked_on.between(first, last))
        .group_by(line.booked_on)
    ).all()
    by_books = session.execute(
        select(Posting.booked_on, sum_rial(Entry.amount_rial))
        .join(Entry, Entry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .where(
            LedgerAccount.code == code,
            Posting.cause != Cause.STATEMENT_OPENING,
            Posting.booked_on.between(first, last),
            Posting.reverses_id.is_(None),
            ~exists().where(reversal.reverses_id == Posting.id),
        )
        .group_by(Posting.booked_on)
    ).all()
    theirs, ours = dict(_pairs(by_bank)), dict(_pairs(by_books))
    return {day for day in theirs.keys() | ours.keys() if theirs.get(day, 0) != ours.get(day, 0)}


def _pairs(rows: Iterable[Any]) -> Iterable[tuple[date, int]]:
    return ((row[0], row[1]) for row in rows)


def _latest_sheets(session: Session, bank_account_id: int, first: date, last: date) -> set[date]:
    """Days with a sheet that waits for its signature: prepared, never signed in that version."""
    newer = aliased(DaySheet)
    is_latest = ~exists().where(
        newer.bank_account_id == DaySheet.bank_account_id,
        newer.day == DaySheet.day,
        newer.version > DaySheet.version,
    )
    return set(
        session.scalars(
            select(DaySheet.day).where(
                DaySheet.bank_account_id == bank_account_id,
                DaySheet.day.between(first, last),
                is_latest,
                _is_unsigned(),
            )
        )
    )


def _is_unsigned() -> ColumnElement[bool]:
    return ~DaySheet.signature.has()


def _reach(session: Session, bank_account_id: int) -> tuple[date, date] | None:
    """The first and the last day on which the account has rows."""
    first, last = session.execute(
        select(func.min(StatementLine.booked_on), func.max(StatementLine.booked_on)).where(
            *live_lines(bank_account_id)
        )
    ).one()
    return None if first is None else (first, last)
