"""Closing days: each act with its place in the trail, and what an approved change of one causes."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from donations.models.desk import Decision
from flows.undoing import undo_line
from offices.audit import note
from reconciliation import closing, day_changes, difference_owners
from reconciliation.day_sheets import DayChange, DayChangeRequest, DaySheet
from reconciliation.importing import account_with_number
from reconciliation.undoing import checked_reason


def prepare_day(
    session: Session, account: str, day: date, *, prepared_by_id: int, now: datetime
) -> DaySheet:
    """Freeze what a day of an account comes to.

    Raises UnknownAccount and what ``reconciliation.closing.prepare_day`` raises.
    """
    register = account_with_number(session, account)
    sheet = closing.prepare_day(session, register, day, prepared_by_id=prepared_by_id, now=now)
    _note(session, "day.prepare", sheet, prepared_by_id, now=now)
    return sheet


def sign_day(session: Session, sheet_id: int, *, signed_by_id: int, now: datetime) -> DaySheet:
    """Sign a prepared day and lock it. Raises what ``reconciliation.closing.sign_day`` raises."""
    sheet = closing.sign_day(session, sheet_id, signed_by_id=signed_by_id, now=now)
    _note(session, "day.sign", sheet, signed_by_id, now=now)
    return sheet


def ask_to_reopen(
    session: Session, sheet_id: int, *, reason: str, asked_by_id: int, now: datetime
) -> DayChangeRequest:
    """Ask that the latest signed day is opened again; another person decides.

    Raises ReasonMissing and what ``reconciliation.day_changes.ask_to_reopen`` raises.
    """
    request = day_changes.ask_to_reopen(
        session, sheet_id, reason=checked_reason(reason), asked_by_id=asked_by_id, now=now
    )
    _note_request(session, "day.ask_to_reopen", request, asked_by_id, now=now)
    return request


def ask_to_undo(
    session: Session, line_id: int, *, reason: str, asked_by_id: int, now: datetime
) -> DayChangeRequest:
    """Ask that what explains a line of a signed day is taken back; another person decides.

    Raises ReasonMissing and what ``reconciliation.day_changes.ask_to_undo`` raises.
    """
    request = day_changes.ask_to_undo(
        session, line_id, reason=checked_reason(reason), asked_by_id=asked_by_id, now=now
    )
    _note_request(session, "day.ask_to_undo", request, asked_by_id, now=now)
    return request


def decide_on_change(
    session: Session, request_id: int, decision: Decision, *, decided_by_id: int, now: datetime
) -> DayChangeRequest:
    """Decide on a change of a signed day; an approved one is done at once.

    What an undo reverses is dated today, so that the signed day stays as it was signed. Raises
    NotFound, UndoneMeanwhile and what ``reconciliation.day_changes.decide_on_change`` raises.
    """
    request = day_changes.decide_on_change(
        session, request_id, decision, decided_by_id=decided_by_id, now=now
    )
    if request.change is DayChange.UNDO_LINE and decision is Decision.APPROVED:
        undo_line(
            session,
            request.line_id or 0,  # a request of this kind names its line
            reason=request.reason,
            undone_by_id=decided_by_id,
            now=now,
            of_signed_days=True,
        )
    _note_request(session, f"day.change_{decision}", request, decided_by_id, now=now)
    return request


def assign_owner(
    session: Session,
    difference_id: int,
    *,
    owner_id: int | None = None,
    owner_office_id: int | None = None,
    set_by_id: int,
    now: datetime,
) -> None:
    """Say who looks after a difference from now on. Raises NotFound."""
    found = difference_owners.assign_owner(
        session,
        difference_id,
        owner_id=owner_id,
        owner_office_id=owner_office_id,
        set_by_id=set_by_id,
        now=now,
    )
    note(
        session,
        "day.assign_owner",
        subject="day_sheet_difference",
        subject_id=found.id,
        now=now,
        actor_id=set_by_id,
        owner=owner_id,
        office=owner_office_id,
    )


def _note(session: Session, action: str, sheet: DaySheet, actor_id: int, *, now: datetime) -> None:
    note(
        session,
        action,
        subject="day_sheet",
        subject_id=sheet.id,
        now=now,
        actor_id=actor_id,
        day=sheet.day.isoformat(),
        version=sheet.version,
        digest=sheet.digest,
    )


def _note_request(
    session: Session, action: str, request: DayChangeRequest, actor_id: int, *, now: datetime
) -> None:
    note(
        session,
        action,
        subject="day_change_request",
        subject_id=request.id,
        now=now,
        actor_id=actor_id,
        change=request.change.value,
        line=request.line_id,
        reason=request.reason,
    )
