"""Cashiers' sessions: opened with cash of the desk, counted, closed; by two where they differ."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.clock import tehran_date
from core.refusals import Refusal
from donations.custody.counting import (
    CountDecided,
    count_of_request,
    count_with,
    counts_of_session,
    open_count,
    write_count,
    write_decision,
)
from donations.custody.drawers import (
    hold_open_drawer,
    session_of_request,
    shut_drawer,
    write_session,
)
from donations.custody.in_scope import session_in, sessions_in
from donations.desk_limits import limit_on
from donations.models.cash_count import CashCount
from donations.models.cashier import CashierSession, SessionClosing
from donations.models.desk import Decision
from donations.models.desk_limit import DeskLimit
from flows.desk import drawer
from flows.entries import Entry, entries_among
from ledger.accounts import AccountKind, LedgerAccount, account_code
from ledger.postings import Cause, Leg, Posting, balance_rial, post
from ledger.postings import Entry as BookEntry
from offices.audit import note
from offices.holding import hold_office
from offices.scope import Scope
from offices.staff import StaffMember


class NotYourSession(Refusal):
    """Somebody else's session: its cashier counts it, or whoever decides on cash."""

    code = "session.not_yours"
    http_status = 403


class SessionMovedOn(Refusal):
    """Cash came or went since the count; it says nothing about the drawer of now."""

    code = "session.moved_on"


def open_session(
    session: Session,
    office_id: int,
    float_rial: int,
    *,
    cashier_id: int,
    request_key: str | None,
    now: datetime,
) -> CashierSession:
    """Open somebody's drawer with cash of the desk; from now on their cash goes there.

    The same form sent twice is one session. Raises SessionAlreadyOpen, FloatNotInHand.
    """
    key = f"session:{cashier_id}:{request_key}" if request_key else None
    # The person first, as whoever enters a gift does; a drawer at two desks at once waits here.
    session.get_one(StaffMember, cashier_id, with_for_update={"key_share": True})
    office = hold_office(session, office_id)
    if key is not None and (known := session_of_request(session, key)) is not None:
        return known
    opened = write_session(
        session,
        office,
        cashier_id=cashier_id,
        float_rial=float_rial,
        free_rial=drawer(session, office).free_rial,
        request_key=key,
        now=now,
    )
    desk = account_code(AccountKind.DESK, office.code)
    legs = [Leg(opened.account, float_rial), Leg(desk, -float_rial)]
    _post(session, Cause.SESSION_OPENED, opened, legs, now=now)
    _note(session, "session.open", opened, cashier_id, now=now, float_rial=float_rial)
    return opened


def count_session(
    session: Session,
    scope: Scope,
    session_id: int,
    quantities: Mapping[int, int],
    *,
    reason: str,
    counted_by_id: int,
    may_count_any: bool = False,
    request_key: str | None,
    now: datetime,
) -> CashCount:
    """Count a drawer note by note; within the limit that closes its session at once.

    Beyond it the count waits for a second person. A count before it waits no more. The same form
    sent twice is one count. Raises NotFound, NotYourSession, SessionClosed, UnreadableCount,
    DifferenceReasonMissing.
    """
    counted = session_in(session, scope, session_id)
    if counted.cashier_id != counted_by_id and not may_count_any:
        raise NotYourSession
    key = f"count:{counted_by_id}:{request_key}" if request_key else None
    hold_office(session, counted.office_id)
    if key is not None and (known := count_of_request(session, key)) is not None:
        return known
    hold_open_drawer(session, session_id)
    count = write_count(
        session,
        quantities,
        session_id=session_id,
        expected_rial=balance_rial(session, counted.account),
        reason=reason,
        counted_by_id=counted_by_id,
        request_key=key,
        now=now,
    )
    _note(
        session,
        "session.count",
        counted,
        counted_by_id,
        now=now,
        counted_rial=count.counted_rial,
        difference_rial=count.difference_rial,
    )
    limit_rial = limit_on(session, DeskLimit.CASH_DIFFERENCE_RIAL, tehran_date(now))
    if abs(count.difference_rial) <= limit_rial:
        _close(session, counted, count, limit_rial=limit_rial, approved_by_id=None, now=now)
    return count


def decide_on_count(
    session: Session,
    scope: Scope,
    count_id: int,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> CashCount:
    """Agree to a difference, which closes the session, or decline: then it is counted again.

    Raises NotFound, CountSecondPersonNeeded, CountDecided, SessionClosed, SessionMovedOn.
    """
    count = count_with(session, count_id)
    counted = session_in(session, scope, count.session_id or 0)
    hold_office(session, counted.office_id)
    if session.scalar(select(exists().where(SessionClosing.session_id == counted.id))):
        raise CountDecided
    hold_open_drawer(session, counted.id)
    write_decision(
        session,
        count,
        decision,
        decided_by_id=decided_by_id,
        not_by=frozenset({counted.cashier_id}),
        now=now,
    )
    _note(session, f"session.count_{decision}", counted, decided_by_id, now=now, count=count_id)
    if decision is Decision.DECLINED:
        return count
    if balance_rial(session, counted.account) != count.expected_rial:
        raise SessionMovedOn
    limit_rial = limit_on(session, DeskLimit.CASH_DIFFERENCE_RIAL, tehran_date(now))
    _close(session, counted, count, limit_rial=limit_rial, approved_by_id=decided_by_id, now=now)
    return count


def latest_sessions(
    session: Session, scope: Scope, *, before_id: int | None = None, limit: int = 50
) -> Sequence[CashierSession]:
    """One page of sessions, newest first; ask again with the last id to go on."""
    statement = (
        sessions_in(scope)
        .order_by(CashierSession.id.desc())
        .limit(limit)
        .options(
            joinedload(CashierSession.office),
            joinedload(CashierSession.cashier),
            selectinload(CashierSession.closing),
        )
    )
    if before_id is not None:
        statement = statement.where(CashierSession.id < before_id)
    return session.scalars(statement).all()


def counts_waiting(session: Session, scope: Scope) -> Sequence[tuple[CashierSession, CashCount]]:
    """The counts of open sessions that wait for a second person, oldest first."""
    is_open = ~exists().where(SessionClosing.session_id == CashierSession.id)
    found = []
    for each in session.scalars(sessions_in(scope).where(is_open).order_by(CashierSession.id)):
        count = open_count(counts_of_session(session, each.id))
        if count is not None:
            found.append((each, count))
    return found


def entries_of_session(session: Session, scope: Scope, of: CashierSession) -> Sequence[Entry]:
    """What was received into the drawer of a session, newest first; what was voided too."""
    into_drawer = (
        select(Posting.cause_id)
        .join(BookEntry, BookEntry.posting_id == Posting.id)
        .join(LedgerAccount, LedgerAccount.id == BookEntry.account_id)
        .where(Posting.cause == Cause.CONTRIBUTION, LedgerAccount.code == of.account)
    )
    return entries_among(session, scope, into_drawer)


def _close(
    session: Session,
    closed: CashierSession,
    count: CashCount,
    *,
    limit_rial: int,
    approved_by_id: int | None,
    now: datetime,
) -> None:
    """What was counted goes to the desk, the difference to the organisation's own money."""
    session.add(
        SessionClosing(
            session_id=closed.id,
            count_id=count.id,
            cashier_id=closed.cashier_id,
            counted_by_id=count.counted_by_id,
            difference_rial=count.difference_rial,
            limit_rial=limit_rial,
            approved_by_id=approved_by_id,
            decision=None if approved_by_id is None else Decision.APPROVED,
            closed_on=tehran_date(now),
            closed_at=now,
        )
    )
    shut_drawer(session, closed.id)
    session.flush()
    legs = [
        Leg(account_code(AccountKind.DESK, closed.office.code), count.counted_rial),
        Leg(account_code(AccountKind.OWN), -count.difference_rial),
        Leg(closed.account, -count.expected_rial),
    ]
    _post(session, Cause.SESSION_CLOSED, closed, legs, now=now)
    _note(
        session,
        "session.close",
        closed,
        approved_by_id or count.counted_by_id,
        now=now,
        counted_rial=count.counted_rial,
        difference_rial=count.difference_rial,
    )


def _post(
    session: Session, cause: Cause, of: CashierSession, legs: list[Leg], *, now: datetime
) -> None:
    """Nothing is booked where nothing moves: a float of zero, an empty drawer."""
    if any(leg.amount_rial for leg in legs):
        post(session, cause, of.id, legs, booked_on=tehran_date(now), now=now)


def _note(
    session: Session,
    action: str,
    of: CashierSession,
    actor_id: int,
    *,
    now: datetime,
    **facts: object,
) -> None:
    note(
        session,
        action,
        subject="cashier_session",
        subject_id=of.id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
