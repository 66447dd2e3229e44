"""The two ways back from a signed day: asked for by one person, decided on by another."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from core.bulk import single
from core.refusals import NotFound, Refusal
from donations.models.desk import Decision
from reconciliation.day_sheets import (
    DayChange,
    DayChangeDecision,
    DayChangeRequest,
    DaySheet,
)
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import (
    AccountLock,
    accounts_explained_with,
    closed_through,
    hold_for_signing,
)
from reconciliation.matches import Match, MatchUndo
from reconciliation.signatures import (
    lock_through,
    sheet_answering_for,
    sheet_with,
    signed_sheets,
)
from reconciliation.undoing import UndoneMeanwhile
from reconciliation.worktables import give_to_rules


class ChangeAlreadyAsked(Refusal):
    """Somebody asked for the same, and nobody has decided yet."""

    code = "day.change_already_asked"


class ChangeAlreadyDecided(Refusal):
    """Somebody else has decided on the request."""

    code = "day.change_already_decided"


class AskerDecides(Refusal):
    """Whoever asked for a change of a signed day cannot decide on it."""

    code = "day.asker_decides"


class NotTheLatestSigned(Refusal):
    """Only the latest signed day can be reopened; the later ones rest on it."""

    code = "day.not_the_latest_signed"


class NothingToUndo(Refusal):
    """The line is not explained, or its day is not signed and needs no second person."""

    code = "day.nothing_to_undo"


def ask_to_reopen(
    session: Session, sheet_id: int, *, reason: str, asked_by_id: int, now: datetime
) -> DayChangeRequest:
    """Ask that the latest signed day is opened again.

    Raises NotFound, NotTheLatestSigned, ChangeAlreadyAsked.
    """
    sheet = sheet_with(session, sheet_id)
    _refuse_other_than_latest(session, sheet)
    return _ask(session, DayChange.REOPEN, sheet, None, reason, asked_by_id, now=now)


def ask_to_undo(
    session: Session, line_id: int, *, reason: str, asked_by_id: int, now: datetime
) -> DayChangeRequest:
    """Ask that what explains a line of a signed day is taken back.

    Raises NotFound, NothingToUndo, ChangeAlreadyAsked.
    """
    line = session.get(StatementLine, line_id)
    if line is None:
        raise NotFound(subject="statement_line")
    sheet = sheet_answering_for(session, line)
    if sheet is None or not _is_explained(session, line_id):
        raise NothingToUndo
    return _ask(session, DayChange.UNDO_LINE, sheet, line_id, reason, asked_by_id, now=now)


def decide_on_change(
    session: Session,
    request_id: int,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> DayChangeRequest:
    """Write a decision down; an approved reopening is done, an undo is left to the caller.

    Raises NotFound, AskerDecides, ChangeAlreadyDecided, NotTheLatestSigned; UndoneMeanwhile where
    nothing explains the line any more, as after an undo of the other side of its transfer.
    """
    request = session.get(DayChangeRequest, request_id)
    if request is None:
        raise NotFound(subject="day_change_request")
    if request.asked_by_id == decided_by_id:
        raise AskerDecides
    sheet = sheet_with(session, request.day_sheet_id)
    is_undo = request.change is DayChange.UNDO_LINE and decision is Decision.APPROVED
    beside = accounts_explained_with(session, single(request.line_id or 0)) if is_undo else ()
    hold_for_signing(session, sheet.bank_account_id, *beside)
    if session.get(DayChangeDecision, request_id, populate_existing=True) is not None:
        raise ChangeAlreadyDecided
    if is_undo and not _is_explained(session, request.line_id or 0):
        raise UndoneMeanwhile
    is_reopening = request.change is DayChange.REOPEN and decision is Decision.APPROVED
    if is_reopening:
        _refuse_other_than_latest(session, sheet)
    session.add(
        DayChangeDecision(
            request_id=request_id,
            asked_by_id=request.asked_by_id,
            decision=decision,
            decided_by_id=decided_by_id,
            decided_at=now,
        )
    )
    session.flush()
    if is_reopening:
        _reopen(session, sheet)
    return request


def requests_of(session: Session, sheet_id: int) -> Sequence[DayChangeRequest]:
    """What was asked about a signed day, oldest first."""
    return session.scalars(
        select(DayChangeRequest)
        .where(DayChangeRequest.day_sheet_id == sheet_id)
        .order_by(DayChangeRequest.id)
    ).all()


def _refuse_other_than_latest(session: Session, sheet: DaySheet) -> None:
    stands = session.scalars(
        signed_sheets(sheet.bank_account_id).where(DaySheet.id == sheet.id)
    ).one_or_none()
    if stands is None or closed_through(session, sheet.bank_account_id) != sheet.day:
        raise NotTheLatestSigned


def _is_explained(session: Session, line_id: int) -> bool:
    undone = exists().where(MatchUndo.match_id == Match.id)
    return bool(session.scalar(select(exists().where(Match.line_id == line_id, ~undone))))


def _reopen(session: Session, sheet: DaySheet) -> None:
    """Let the latest signed day before it be the last locked one, and rules look at its lines."""
    before = session.scalars(
        select(func.max(DaySheet.day)).where(
            DaySheet.id.in_(signed_sheets(sheet.bank_account_id).with_only_columns(DaySheet.id))
        )
    ).one()
    if before is None:
        session.execute(
            delete(AccountLock).where(AccountLock.bank_account_id == sheet.bank_account_id)
        )
    else:
        lock_through(session, sheet.bank_account_id, before)
    give_to_rules(
        session,
        StatementLine.id.in_(
            select(OpenLine.line_id).where(
                OpenLine.bank_account_id == sheet.bank_account_id,
                OpenLine.booked_on <= sheet.day,
            )
        ),
    )


def _ask(
    session: Session,
    change: DayChange,
    sheet: DaySheet,
    line_id: int | None,
    reason: str,
    asked_by_id: int,
    *,
    now: datetime,
) -> DayChangeRequest:
    undecided = ~exists().where(DayChangeDecision.request_id == DayChangeRequest.id)
    same = (
        DayChangeRequest.line_id == line_id
        if line_id is not None
        else DayChangeRequest.day_sheet_id == sheet.id
    )
    if session.scalars(
        select(DayChangeRequest.id).where(DayChangeRequest.change == change, same, undecided)
    ).first():
        raise ChangeAlreadyAsked
    request = DayChangeRequest(
        change=change,
        day_sheet_id=sheet.id,
        line_id=line_id,
        reason=reason,
        asked_by_id=asked_by_id,
        asked_at=now,
    )
    session.add(request)
    session.flush()
    return request
