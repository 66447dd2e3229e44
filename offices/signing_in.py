"""Signing in: a password, then a one-time code, both counted and written down.

Checking a password takes a tenth of a second on purpose, so no transaction stands open meanwhile;
a wrong try must stay on record, so each step commits before it refuses.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import Database
from core.digits import folded
from core.refusals import NotFound, Refusal
from offices import audit, sessions
from offices.limits import allow
from offices.one_time_codes import accept_code, code_at
from offices.passwords import agrees
from offices.staff import StaffMember, StaffSession

HOUR = timedelta(hours=1)
TRIES_OF_AN_ACCOUNT = 10  # an hour, from places where its owner has not signed in before
TRIES_OF_AN_ADDRESS = 60  # an hour; an office of ten behind one address must get in
CODES_OF_A_PERSON = 5
CODES_WITHIN = timedelta(minutes=5)
_KNOWN_FOR = timedelta(days=30)

_USERNAME_LENGTH = 60

Done = TypeVar("Done")


class WrongSignIn(Refusal):
    """No such name with such a password; which of the two is wrong is not said."""

    code = "sign_in.wrong"
    http_status = 422
    field = "password"


class WrongCode(Refusal):
    """A one-time code that is not the person's, has passed, or was used before."""

    code = "one_time_code.wrong"
    http_status = 422
    field = "code"


def check_password(
    database: Database, username: str, password: str, *, address: str, now: datetime
) -> int:
    """The id of the person whose name and password these are. Raises WrongSignIn, TooManyTries.

    An unknown name, one that may no longer sign in and a wrong password cost the same and are
    told alike.
    """
    name = folded(username)[:_USERNAME_LENGTH]
    with database.writing() as session:
        _count_try(session, name, address, now=now)
        member = session.scalars(select(StaffMember).where(StaffMember.username == name)).first()
    if agrees(member.password_hash if member else None, password) and member and member.is_active:
        return member.id
    with database.writing() as session:
        _note(session, "staff.sign_in_failed", member.id if member else None, now, address)
    raise WrongSignIn


def sign_in(
    database: Database,
    staff_member_id: int,
    code: str,
    *,
    address: str,
    browser: str,
    now: datetime,
) -> str:
    """Open a sign-in for somebody whose password was right; returns its key, for the cookie.

    Raises WrongCode, TooManyTries.
    """

    def opened(session: Session) -> str:
        key = sessions.open_session(
            session, staff_member_id, address=address, browser=browser, now=now
        )
        _note(session, "staff.sign_in", staff_member_id, now, address)
        return key

    return _with_code(database, staff_member_id, code, opened, address=address, now=now)


def step_up(
    database: Database, signed_in: StaffSession, code: str, *, address: str, now: datetime
) -> None:
    """Take a fresh one-time code before a dangerous act. Raises WrongCode, TooManyTries."""

    def stepped_up(session: Session) -> None:
        sessions.step_up(session, signed_in.id, now=now)
        _note(session, "staff.step_up", signed_in.staff_member_id, now, address)

    _with_code(database, signed_in.staff_member_id, code, stepped_up, address=address, now=now)


def confirm_code(database: Database, staff_member_id: int, code: str, *, now: datetime) -> None:
    """Take a fresh one-time code where there is no sign-in, on the command line.

    Raises WrongCode, TooManyTries.
    """

    def confirmed(session: Session) -> None:
        _note(session, "staff.step_up", staff_member_id, now, "command line")

    _with_code(database, staff_member_id, code, confirmed, address="command line", now=now)


def sign_out(session: Session, signed_in: StaffSession, *, now: datetime) -> None:
    """End a sign-in at once; a copy of its cookie is worth nothing from here on."""
    sessions.revoke(session, signed_in.id, now=now)
    _note(session, "staff.sign_out", signed_in.staff_member_id, now, signed_in.address)


def current_code(session: Session, username: str, now: datetime) -> str:
    """The one-time code of a demo person, who has no device. Raises NotFound."""
    secret = session.scalars(
        select(StaffMember.totp_secret).where(StaffMember.username == folded(username))
    ).first()
    if secret is None:
        raise NotFound(username=username)
    return code_at(secret, now)


def _with_code(
    database: Database,
    staff_member_id: int,
    code: str,
    act: Callable[[Session], Done],
    *,
    address: str,
    now: datetime,
) -> Done:
    """Do something that needs a fresh code, in the transaction that uses the code up."""
    with database.writing() as session:
        allow(
            session,
            f"one-time-code:{staff_member_id}",
            tries=CODES_OF_A_PERSON,
            per=CODES_WITHIN,
            now=now,
        )
    with database.writing() as session:
        member = session.get_one(StaffMember, staff_member_id)
        if member.is_active and accept_code(session, member, code, now=now):
            return act(session)
        _note(session, "staff.code_failed", staff_member_id, now, address)
    raise WrongCode


def _count_try(session: Session, username: str, address: str, *, now: datetime) -> None:
    """Count a try against the address and the account.

    Where the account's owner has signed in lately the tries are counted apart, so that a stranger
    elsewhere who guesses cannot lock the owner out.
    """
    allow(session, f"sign-in:{address}"[:120], tries=TRIES_OF_AN_ADDRESS, per=HOUR, now=now)
    is_known = session.scalars(
        select(StaffSession.id)
        .join(StaffMember, StaffMember.id == StaffSession.staff_member_id)
        .where(
            StaffMember.username == username,
            StaffSession.address == address,
            StaffSession.created_at > now - _KNOWN_FOR,
        )
        .limit(1)
    ).first()
    place = f"at:{address}" if is_known else "elsewhere"
    bucket = f"account:{username}:{place}"[:120]
    allow(session, bucket, tries=TRIES_OF_AN_ACCOUNT, per=HOUR, now=now)


def _note(
    session: Session, action: str, staff_member_id: int | None, now: datetime, address: str
) -> None:
    audit.note(
        session,
        action,
        subject="staff_member",
        subject_id=staff_member_id,
        actor_id=staff_member_id,
        now=now,
        address=address,
    )
