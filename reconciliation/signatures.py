"""Which days of an account are signed, under which sheet, and which comes next."""

from datetime import date

from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import Session

from core.database import upsert
from core.refusals import NotFound
from donations.models.desk import Decision
from reconciliation.day_sheets import (
    DayChange,
    DayChangeDecision,
    DayChangeRequest,
    DaySheet,
    DaySignature,
)
from reconciliation.lines import StatementLine
from reconciliation.locks import AccountLock, closed_through
from reconciliation.splicing import live_lines


def signature_stands() -> ColumnElement[bool]:
    """Whether the day of a signed sheet has not been reopened."""
    return ~(
        exists()
        .where(
            DayChangeRequest.day_sheet_id == DaySignature.day_sheet_id,
            DayChangeRequest.change == DayChange.REOPEN,
            DayChangeDecision.request_id == DayChangeRequest.id,
            DayChangeDecision.decision == Decision.APPROVED,
        )
        .correlate(DaySignature)
    )


def signed_sheets(bank_account_id: int) -> Select[DaySheet]:
    """The sheets of an account whose signatures stand."""
    return (
        select(DaySheet)
        .join(DaySignature, DaySignature.day_sheet_id == DaySheet.id)
        .where(DaySheet.bank_account_id == bank_account_id, signature_stands())
    )


def sheet_answering_for(session: Session, line: StatementLine) -> DaySheet | None:
    """The signed sheet under which the day of a line is locked, if it is."""
    return session.scalars(
        signed_sheets(line.bank_account_id)
        .where(DaySheet.day >= line.booked_on)
        .order_by(DaySheet.day)
        .limit(1)
    ).one_or_none()


def next_day(session: Session, bank_account_id: int) -> date | None:
    """The first day with rows that is not signed; days without any are closed with a later one."""
    after = closed_through(session, bank_account_id)
    conditions = [] if after is None else [StatementLine.booked_on > after]
    return session.scalars(
        select(func.min(StatementLine.booked_on)).where(*live_lines(bank_account_id), *conditions)
    ).one()


def sheet_with(session: Session, sheet_id: int) -> DaySheet:
    """A sheet, signed or not. Raises NotFound."""
    sheet = session.get(DaySheet, sheet_id)
    if sheet is None:
        raise NotFound(subject="day_sheet")
    return sheet


def has_rows(session: Session, bank_account_id: int, days: ColumnElement[bool]) -> bool:
    """Whether a standing line of an account is of these days."""
    rows = exists().where(*live_lines(bank_account_id), days)
    return bool(session.scalar(select(rows)))


def lock_through(session: Session, bank_account_id: int, day: date) -> None:
    """Let a day be the latest locked one of an account."""
    session.execute(
        upsert(session, AccountLock)
        .values(bank_account_id=bank_account_id, closed_through=day)
        .on_conflict_do_update(index_elements=["bank_account_id"], set_={"closed_through": day})
    )
