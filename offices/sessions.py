"""Sign-ins that are open: rows on the server, so that each can be ended at once, copies too."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from offices.staff import StaffMember, StaffSession

IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=10)
STEP_UP = timedelta(minutes=5)
AT_ONCE = 3
_SEEN_EVERY = timedelta(minutes=1)  # reading a page writes no more often than this
_BROWSER_LENGTH = 200


def open_session(
    session: Session, staff_member_id: int, *, address: str, browser: str, now: datetime
) -> str:
    """Open a sign-in and return its key, which is shown to the browser and kept nowhere.

    Of more than three open ones the oldest end. The code just typed counts as a step-up.
    """
    _end_oldest(session, staff_member_id, keep=AT_ONCE - 1, now=now)
    key = secrets.token_urlsafe(32)
    session.add(
        StaffSession(
            key_hash=_hash(key),
            staff_member_id=staff_member_id,
            created_at=now,
            seen_at=now,
            stepped_up_at=now,
            address=address,
            browser=browser[:_BROWSER_LENGTH],
        )
    )
    session.flush()
    return key


def session_with(session: Session, key: str, *, now: datetime) -> StaffSession | None:
    """The open sign-in of this key, of a person who may still sign in; else nothing."""
    return session.scalars(
        select(StaffSession)
        .join(StaffMember, StaffMember.id == StaffSession.staff_member_id)
        .where(StaffSession.key_hash == _hash(key), StaffMember.is_active, *_is_open(now))
    ).one_or_none()


def wants_a_look(opened: StaffSession, *, now: datetime) -> bool:
    """Whether it is time to write down that this sign-in is still in use."""
    return now - opened.seen_at >= _SEEN_EVERY


def look_at(session: Session, session_id: int, *, now: datetime) -> None:
    """Write down that a sign-in is in use, which puts its idle end off."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.seen_at < now)
        .values(seen_at=now)
    )


def step_up(session: Session, session_id: int, *, now: datetime) -> None:
    """Write down that the person has just typed a fresh one-time code."""
    session.execute(
        update(StaffSession).where(StaffSession.id == session_id).values(stepped_up_at=now)
    )


def is_stepped_up(stepped_up_at: datetime | None, *, now: datetime) -> bool:
    """Whether the last one-time code is fresh enough for a dangerous act."""
    return stepped_up_at is not None and now - stepped_up_at <= STEP_UP


def revoke(session: Session, session_id: int, *, now: datetime) -> None:
    """End one sign-in, for good."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.id == session_id, StaffSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def revoke_all(session: Session, staff_member_id: int, *, now: datetime) -> None:
    """End every sign-in of a person: after a change of password, device or roles."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_member_id == staff_member_id, StaffSession.revoked_at.is_(None))
        .values(revoked_at=now)
    )


def _is_open(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffSession.revoked_at.is_(None),
        StaffSession.seen_at > now - IDLE,
        StaffSession.created_at > now - LONGEST,
    )


def _end_oldest(session: Session, staff_member_id: int, *, keep: int, now: datetime) -> None:
    # Whoever signs in twice at the same moment waits here, so the count cannot be overrun.
    session.get_one(StaffMember, staff_member_id, with_for_update={"key_share": True})
    surplus = session.scalars(
        select(StaffSession.id)
        .where(StaffSession.staff_member_id == staff_member_id, *_is_open(now))
        .order_by(StaffSession.created_at.desc(), StaffSession.id.desc())
        .offset(keep)
    ).all()
    for session_id in surplus:
        revoke(session, session_id, now=now)


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
