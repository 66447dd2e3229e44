"""Drawers: whose cash goes where while a cashier's session is open."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, exists, func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import Refusal
from donations.models.cashier import CashierSession, OpenDrawer, SessionClosing
from ledger.accounts import AccountKind, LedgerAccount, account_code
from ledger.postings import Entry
from offices.places import Office


class SessionAlreadyOpen(Refusal):
    """Somebody has a session open already: one drawer a person."""

    code = "session.already_open"


class FloatNotInHand(Refusal):
    """A float beyond the cash that lies free at the desk."""

    code = "session.float_not_in_hand"
    http_status = 422
    field = "float"


class SessionClosed(Refusal):
    """The session is closed; its drawer is empty."""

    code = "session.closed"


def write_session(
    session: Session,
    office: Office,
    *,
    cashier_id: int,
    float_rial: int,
    free_rial: int,
    request_key: str | None,
    now: datetime,
) -> CashierSession:
    """Write down a session and open its drawer. Raises SessionAlreadyOpen, FloatNotInHand.

    The office must be held (``hold_office``) from before ``free_rial`` was read.
    """
    if session.scalar(select(exists().where(OpenDrawer.cashier_id == cashier_id))):
        raise SessionAlreadyOpen
    if not 0 <= float_rial <= max(free_rial, 0):
        raise FloatNotInHand(free_rial=max(free_rial, 0))
    last = session.scalars(
        select(func.max(CashierSession.number)).where(CashierSession.office_id == office.id)
    ).one()
    number = (last or 0) + 1
    opened = CashierSession(
        office_id=office.id,
        number=number,
        account=account_code(AccountKind.DRAWER, f"{office.code}-{number}"),
        cashier_id=cashier_id,
        float_rial=float_rial,
        opened_at=now,
        request_key=request_key,
    )
    session.add(opened)
    session.flush()
    session.add(OpenDrawer(session_id=opened.id, cashier_id=cashier_id))
    session.flush()
    return opened


def session_of_request(session: Session, request_key: str) -> CashierSession | None:
    """The session that an earlier sending of the same form already opened."""
    return session.scalars(
        select(CashierSession).where(CashierSession.request_key == request_key)
    ).one_or_none()


def open_session_of(session: Session, cashier_id: int) -> CashierSession | None:
    """The session that somebody has open, if any."""
    return session.scalars(
        select(CashierSession)
        .join(OpenDrawer, OpenDrawer.session_id == CashierSession.id)
        .where(OpenDrawer.cashier_id == cashier_id)
    ).one_or_none()


def drawer_for(session: Session, cashier_id: int | None, office_id: int) -> str | None:
    """The account of the drawer into which cash at this desk goes now, if its taker has one.

    The drawer stays open until the transaction ends: whoever closes it waits.
    """
    return session.scalars(
        select(CashierSession.account)
        .join(OpenDrawer, OpenDrawer.session_id == CashierSession.id)
        .where(OpenDrawer.cashier_id == cashier_id, CashierSession.office_id == office_id)
        .with_for_update(read=True, key_share=True, of=OpenDrawer)
    ).one_or_none()


def counted_days(
    session: Session, cashier_id: int, office_id: int, *, since: date
) -> Sequence[tuple[date, date]]:
    """First and last day of somebody's drawers that were closed on a day or later, in Tehran.

    None while they have one open: cash of those days goes into that.
    """
    is_open = exists().where(OpenDrawer.cashier_id == cashier_id)
    closed = session.execute(
        select(CashierSession.opened_at, SessionClosing.closed_on)
        .join(SessionClosing, SessionClosing.session_id == CashierSession.id)
        .where(
            CashierSession.cashier_id == cashier_id,
            CashierSession.office_id == office_id,
            SessionClosing.closed_on >= since,
            ~is_open,
        )
    )
    return [(tehran_date(opened_at), closed_on) for opened_at, closed_on in closed]


def drawer_of_posting(session: Session, posting_id: int) -> tuple[CashierSession, bool] | None:
    """The session into whose drawer a posting went, and whether it is open still.

    An open one stays open until the transaction ends.
    """
    found = session.scalars(
        select(CashierSession)
        .join(LedgerAccount, LedgerAccount.code == CashierSession.account)
        .join(Entry, Entry.account_id == LedgerAccount.id)
        .where(Entry.posting_id == posting_id)
    ).one_or_none()
    if found is None:
        return None
    is_open = session.scalars(
        select(OpenDrawer.session_id)
        .where(OpenDrawer.session_id == found.id)
        .with_for_update(read=True, key_share=True)
    ).one_or_none()
    return found, is_open is not None


def hold_open_drawer(session: Session, session_id: int) -> None:
    """Let nobody put cash into a drawer or take it out until the transaction ends.

    Raises SessionClosed.
    """
    held = session.scalars(
        select(OpenDrawer.session_id).where(OpenDrawer.session_id == session_id).with_for_update()
    ).one_or_none()
    if held is None:
        raise SessionClosed


def shut_drawer(session: Session, session_id: int) -> None:
    """Let no more cash go into a drawer."""
    session.execute(delete(OpenDrawer).where(OpenDrawer.session_id == session_id))
