"""Closing a day: prepared by one person, signed by another, then locked.

Whoever prepares or signs first waits for everybody who is changing what explains the account's
lines (``locks.hold_for_signing``). So the facts under a signature are those that were prepared, and
everything that comes a moment later meets a locked day. ``day_changes`` holds the two ways back.
"""

from dataclasses import asdict
from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import and_, func, insert, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.hashchain import canonical
from core.refusals import Refusal
from ledger.accounts import BankAccount
from ledger.postings import Posting
from reconciliation.day_sheets import (
    DaySheet,
    DaySheetDifference,
    DaySheetTerminal,
    DaySignature,
)
from reconciliation.difference_owners import owner_columns, owners
from reconciliation.differences_of_day import DayFacts, day_facts
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import closed_through, hold_for_signing, refuse_locked_day
from reconciliation.signatures import has_rows, lock_through, next_day, sheet_with
from reconciliation.worktables import take_from_rules


class DayNotOver(Refusal):
    """The day is not over in Tehran: the bank may still book on it."""

    code = "day.not_over"
    http_status = 422
    field = "day"


class NoStatement(Refusal):
    """Nothing of the account was imported for this day or an earlier one."""

    code = "day.no_statement"
    http_status = 422
    field = "day"


class NotTheNextDay(Refusal):
    """Days are signed in order, and one with rows before this one is not."""

    code = "day.not_the_next"


class DayNotWhole(Refusal):
    """The sheet shows something that forbids to sign it."""

    code = "day.not_whole"


class SheetChanged(Refusal):
    """Lines or what explains them are not as they were when the sheet was prepared."""

    code = "day.sheet_changed"


class SignerPrepared(Refusal):
    """Whoever prepared the sheet cannot sign it."""

    code = "day.signer_prepared"


def prepare_day(
    session: Session, account: BankAccount, day: date, *, prepared_by_id: int, now: datetime
) -> DaySheet:
    """Freeze what a day comes to, as the next version of its sheet.

    Raises DayNotOver, DayLocked, NoStatement.
    """
    _refuse_unfinished(day, now=now)
    hold_for_signing(session, account.id)
    refuse_locked_day(session, account.id, day)
    if not has_rows(session, account.id, StatementLine.booked_on <= day):
        raise NoStatement(day=day)
    facts = _facts(session, account, day)
    sheet = DaySheet(
        bank_account_id=account.id,
        day=day,
        version=_last_version(session, account.id, day) + 1,
        **asdict(facts.bank),
        open_count=facts.open_count,
        open_rial=facts.open_rial,
        books_bank_rial=facts.books_bank_rial,
        books_open_rial=facts.books_open_rial,
        is_whole=facts.is_whole,
        digest=digest_of(account.number, day, facts),
        prepared_by_id=prepared_by_id,
        prepared_at=now,
    )
    session.add(sheet)
    session.flush()
    _add_rows(session, sheet, facts)
    return sheet


def sign_day(session: Session, sheet_id: int, *, signed_by_id: int, now: datetime) -> DaySheet:
    """Sign the latest sheet of a day and lock the day.

    Raises NotFound, SignerPrepared, DayLocked, NotTheNextDay, DayNotWhole, SheetChanged.
    """
    sheet = sheet_with(session, sheet_id)
    _refuse_unfinished(sheet.day, now=now)
    if sheet.prepared_by_id == signed_by_id:
        raise SignerPrepared
    hold_for_signing(session, sheet.bank_account_id)
    refuse_locked_day(session, sheet.bank_account_id, sheet.day)
    _refuse_out_of_order(session, sheet)
    account = session.get_one(BankAccount, sheet.bank_account_id)
    facts = _facts(session, account, sheet.day)
    is_latest = sheet.version == _last_version(session, account.id, sheet.day)
    if not is_latest or digest_of(account.number, sheet.day, facts) != sheet.digest:
        raise SheetChanged
    if not sheet.is_whole:
        raise DayNotWhole
    session.add(
        DaySignature(
            day_sheet_id=sheet.id,
            prepared_by_id=sheet.prepared_by_id,
            is_whole=sheet.is_whole,
            signed_by_id=signed_by_id,
            signed_at=now,
            last_posting_id=session.scalars(select(func.max(Posting.id))).one() or 0,
        )
    )
    session.flush()
    lock_through(session, account.id, sheet.day)
    take_from_rules(
        session,
        select(OpenLine.line_id).where(
            OpenLine.bank_account_id == account.id, OpenLine.booked_on <= sheet.day
        ),
    )
    session.refresh(sheet)
    return sheet


def digest_of(account_number: str, day: date, facts: DayFacts) -> str:
    """The hash that is printed on a sheet: over every fact of it, in one fixed writing."""
    return sha256(
        canonical(
            {
                "account": account_number,
                "day": day.isoformat(),
                **asdict(facts.bank),
                "open_count": facts.open_count,
                "open_rial": facts.open_rial,
                "books_bank_rial": facts.books_bank_rial,
                "books_open_rial": facts.books_open_rial,
                "terminals": [asdict(each) for each in facts.terminals],
                "differences": sorted(
                    (found.kind.value, found.subject_id, found.since_on.isoformat(),
                     found.amount_rial, found.item_count)
                    for found in facts.differences
                ),
            }
        )
    ).hexdigest()  # fmt: skip


def _facts(session: Session, account: BankAccount, day: date) -> DayFacts:
    return day_facts(session, account, day, signed_through=closed_through(session, account.id))


def _refuse_unfinished(day: date, *, now: datetime) -> None:
    if day >= tehran_date(now):
        raise DayNotOver(day=day)


def _refuse_out_of_order(session: Session, sheet: DaySheet) -> None:
    """The first day ever signed may be any: it takes over everything before it."""
    after = closed_through(session, sheet.bank_account_id)
    if after is None:
        return
    between = and_(StatementLine.booked_on > after, StatementLine.booked_on < sheet.day)
    if has_rows(session, sheet.bank_account_id, between):
        raise NotTheNextDay(next_day=next_day(session, sheet.bank_account_id))


def _last_version(session: Session, bank_account_id: int, day: date) -> int:
    return (
        session.scalars(
            select(func.max(DaySheet.version)).where(
                DaySheet.bank_account_id == bank_account_id, DaySheet.day == day
            )
        ).one()
        or 0
    )


def _add_rows(session: Session, sheet: DaySheet, facts: DayFacts) -> None:
    known = owners(session, sheet.bank_account_id)
    if facts.terminals:
        session.execute(
            insert(DaySheetTerminal),
            [{"day_sheet_id": sheet.id, **asdict(each)} for each in facts.terminals],
        )
    if facts.differences:
        session.execute(
            insert(DaySheetDifference),
            [
                {
                    "day_sheet_id": sheet.id,
                    **asdict(found),
                    **owner_columns(session, found, sheet, known),
                }
                for found in facts.differences
            ],
        )
