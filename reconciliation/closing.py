"""Closing a day: prepared by one person, signed by another, then locked; and the two ways back.

Whoever prepares or signs first waits for everybody who is changing what explains the account's
lines (``locks.hold_for_signing``). So the facts under a signature are those that were prepared, and
everything that comes a moment later meets a locked day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from hashlib import sha256

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.database import upsert
from core.hashchain import canonical
from core.refusals import NotFound, Refusal
from donations.models.desk import Decision
from ledger.accounts import BankAccount
from ledger.postings import Posting
from offices.places import Office
from offices.staff import StaffMember
from reconciliation.day_sheets import (
    DayChange,
    DayChangeDecision,
    DayChangeRequest,
    DaySheet,
    DaySheetDifference,
    DaySheetTerminal,
    DaySignature,
    DifferenceKind,
    DifferenceOwner,
)
from reconciliation.differences_of_day import DayFacts, Difference, day_facts
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import (
    AccountLock,
    accounts_explained_with,
    closed_through,
    hold_for_signing,
    refuse_locked_day,
)
from reconciliation.matches import Match, MatchUndo
from reconciliation.splicing import live_lines
from reconciliation.undoing import UndoneMeanwhile
from reconciliation.worktables import give_to_rules, take_from_rules


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


def prepare_day(
    session: Session, account: BankAccount, day: date, *, prepared_by_id: int, now: datetime
) -> DaySheet:
    """Freeze what a day comes to, as the next version of its sheet.

    Raises DayNotOver, DayLocked, NoStatement.
    """
    _refuse_unfinished(day, now=now)
    hold_for_signing(session, account.id)
    refuse_locked_day(session, account.id, day)
    if not _has_rows(session, account.id, StatementLine.booked_on <= day):
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
    sheet = _sheet(session, sheet_id)
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
    _lock(session, account.id, sheet.day)
    take_from_rules(
        session,
        select(OpenLine.line_id).where(
            OpenLine.bank_account_id == account.id, OpenLine.booked_on <= sheet.day
        ),
    )
    session.refresh(sheet)
    return sheet


def ask_to_reopen(
    session: Session, sheet_id: int, *, reason: str, asked_by_id: int, now: datetime
) -> DayChangeRequest:
    """Ask that the latest signed day is opened again.

    Raises NotFound, NotTheLatestSigned, ChangeAlreadyAsked.
    """
    sheet = _sheet(session, sheet_id)
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
    sheet = _sheet(session, request.day_sheet_id)
    is_undo = request.change is DayChange.UNDO_LINE and decision is Decision.APPROVED
    beside = accounts_explained_with(session, request.line_id or 0) if is_undo else ()
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


def assign_owner(
    session: Session,
    difference_id: int,
    *,
    owner_id: int | None = None,
    owner_office_id: int | None = None,
    set_by_id: int,
    now: datetime,
) -> DaySheetDifference:
    """Say who looks after a difference from now on: a person or an office. Raises NotFound."""
    found = session.get(DaySheetDifference, difference_id)
    owner = (
        session.get(StaffMember, owner_id)
        if owner_id is not None
        else session.get(Office, owner_office_id)
    )
    if found is None or owner is None:
        raise NotFound(subject="difference")
    session.add(
        DifferenceOwner(
            bank_account_id=_sheet(session, found.day_sheet_id).bank_account_id,
            kind=found.kind,
            subject_id=found.subject_id,
            since_on=found.since_on,
            owner_id=owner_id,
            owner_office_id=None if owner_id is not None else owner_office_id,
            set_by_id=set_by_id,
            set_at=now,
        )
    )
    session.flush()
    return found


Key = tuple[DifferenceKind, int, date]
Owner = tuple[int | None, int | None]  # a person or an office


def owners(session: Session, bank_account_id: int) -> Mapping[Key, Owner]:
    """Who was last said to look after which difference of an account."""
    of = DifferenceOwner
    latest = (
        select(func.max(of.id))
        .where(of.bank_account_id == bank_account_id)
        .group_by(of.kind, of.subject_id, of.since_on)
    )
    return {
        (row.kind, row.subject_id, row.since_on): (row.owner_id, row.owner_office_id)
        for row in session.scalars(select(of).where(of.id.in_(latest)))
    }


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


def _sheet(session: Session, sheet_id: int) -> DaySheet:
    sheet = session.get(DaySheet, sheet_id)
    if sheet is None:
        raise NotFound(subject="day_sheet")
    return sheet


def _refuse_unfinished(day: date, *, now: datetime) -> None:
    if day >= tehran_date(now):
        raise DayNotOver(day=day)


def _refuse_out_of_order(session: Session, sheet: DaySheet) -> None:
    """The first day ever signed may be any: it takes over everything before it."""
    after = closed_through(session, sheet.bank_account_id)
    if after is None:
        return
    between = and_(StatementLine.booked_on > after, StatementLine.booked_on < sheet.day)
    if _has_rows(session, sheet.bank_account_id, between):
        raise NotTheNextDay(next_day=next_day(session, sheet.bank_account_id))


def _refuse_other_than_latest(session: Session, sheet: DaySheet) -> None:
    stands = session.scalars(
        signed_sheets(sheet.bank_account_id).where(DaySheet.id == sheet.id)
    ).one_or_none()
    if stands is None or closed_through(session, sheet.bank_account_id) != sheet.day:
        raise NotTheLatestSigned


def _has_rows(session: Session, bank_account_id: int, days: ColumnElement[bool]) -> bool:
    rows = exists().where(*live_lines(bank_account_id), days)
    return bool(session.scalar(select(rows)))


def _is_explained(session: Session, line_id: int) -> bool:
    undone = exists().where(MatchUndo.match_id == Match.id)
    return bool(session.scalar(select(exists().where(Match.line_id == line_id, ~undone))))


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
                {"day_sheet_id": sheet.id, **asdict(found), **_owner(found, known, sheet)}
                for found in facts.differences
            ],
        )


def _owner(
    found: Difference, known: Mapping[Key, Owner], sheet: DaySheet
) -> Mapping[str, int | None]:
    """Who looks after a difference: whoever was named, a desk for its cash, or the preparer."""
    of_desk = found.kind is DifferenceKind.DESK_CASH
    first: Owner = (None, found.subject_id) if of_desk else (sheet.prepared_by_id, None)
    owner_id, office_id = known.get((found.kind, found.subject_id, found.since_on), first)
    return {"owner_id": owner_id, "owner_office_id": office_id}


def _lock(session: Session, bank_account_id: int, day: date) -> None:
    session.execute(
        upsert(session, AccountLock)
        .values(bank_account_id=bank_account_id, closed_through=day)
        .on_conflict_do_update(index_elements=["bank_account_id"], set_={"closed_through": day})
    )


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
        _lock(session, sheet.bank_account_id, before)
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


def requests_of(session: Session, sheet_id: int) -> Sequence[DayChangeRequest]:
    """What was asked about a signed day, oldest first."""
    return session.scalars(
        select(DayChangeRequest)
        .where(DayChangeRequest.day_sheet_id == sheet_id)
        .order_by(DayChangeRequest.id)
    ).all()
