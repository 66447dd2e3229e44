"""The guard before every staff page: who has signed in, and whether this page is for them."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import cast

from flask import Response, abort, g, redirect, request, url_for
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from core.words import spoken
from offices.granting import Permission, permissions_of, scope_of
from offices.places import Office
from offices.scope import NOWHERE, Scope
from offices.sessions import is_stepped_up, look_at, session_with, wants_a_look
from offices.staff import StaffMember, StaffSession
from web.audiences import NEEDS, WITHOUT_SIGN_IN, Allow
from web.services import current

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotSignedIn(Refusal):
    """A form was sent by somebody who is not, or no longer, signed in."""

    code = "not_signed_in"
    http_status = 401


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever makes this request, as the database has it at this moment."""

    session_id: int
    staff_member_id: int
    username: str
    name: str
    office_id: int
    office_code: str
    office: str  # its name, in the language of the page
    permissions: frozenset[Permission]
    stepped_up_at: datetime | None
    scope: Scope = NOWHERE  # the offices where the permission of this page holds

    @property
    def is_stepped_up(self) -> bool:
        """Whether a one-time code was typed within the last minutes."""
        return is_stepped_up(self.stepped_up_at, now=current.now())


def cookie_name() -> str:
    """The name of the cookie; over https it is bound to this host and path."""
    return "__Host-sid" if current.settings.is_public else "sid"


def keep_key(response: Response, key: str) -> Response:
    """Let the browser hold the key of its sign-in, out of reach of scripts and other sites."""
    response.set_cookie(
        cookie_name(),
        key,
        path="/",
        secure=current.settings.is_public,
        httponly=True,
        samesite="Lax",
    )
    return response


def drop_key(response: Response) -> Response:
    """Let the browser forget the key; the row on the server is what counts."""
    response.delete_cookie(
        cookie_name(),
        path="/",
        secure=current.settings.is_public,
        httponly=True,
        samesite="Lax",
    )
    return response


def signed_in(fresh_key: str | None = None) -> SignedIn | None:
    """Who has signed in, or nobody. Asked of the database once in a request.

    ``fresh_key`` is that of a sign-in opened by this very request.
    """
    if "signed_in" not in g or fresh_key is not None:
        g.signed_in = _asked_of_the_database(fresh_key or request.cookies.get(cookie_name()))
    return cast("SignedIn | None", g.signed_in)


def demand(allow: Allow) -> SignedIn:
    """Let only those go on for whom a page is.

    Whoever is not signed in is led to the sign-in and back; a form they sent is refused with
    NotSignedIn. For anybody else the page does not exist: raises NotFound.
    """
    who = signed_in()
    if who is None:
        if request.method in SAFE_METHODS:
            abort(redirect(url_for("sign_in.enter", next=_this_page()), 303))
        raise NotSignedIn
    needs = NEEDS[allow]
    needed = needs.read if request.method in SAFE_METHODS else needs.act
    if needed is not None and needed not in who.permissions:
        raise NotFound(subject="page")
    g.signed_in = who = _within(who, needed)
    return who


def may_read(allow: Allow) -> bool:
    """Whether a page for this audience opens for whoever makes this request."""
    if allow in WITHOUT_SIGN_IN:
        return True
    who = signed_in()
    needed = NEEDS[allow].read
    return who is not None and (needed is None or needed in who.permissions)


def the_person() -> SignedIn:
    """Who makes this request, on a page behind the guard."""
    who = signed_in()
    if who is None:
        raise NotSignedIn
    return who


def _asked_of_the_database(key: str | None) -> SignedIn | None:
    if not key:
        return None
    now = current.now()
    with current.database.reading() as session:
        opened = session_with(session, key, now=now)
        if opened is None:
            return None
        who = _described(session, opened)
        is_due = wants_a_look(opened, now=now)
    if is_due:
        with current.database.writing() as session:
            look_at(session, who.session_id, now=now)
    return who


def _described(session: Session, opened: StaffSession) -> SignedIn:
    member = session.get_one(StaffMember, opened.staff_member_id)
    office = session.get_one(Office, member.office_id)
    return SignedIn(
        session_id=opened.id,
        staff_member_id=member.id,
        username=member.username,
        name=member.name,
        office_id=office.id,
        office_code=office.code,
        office=office.name_en if spoken() == "en" else office.name_fa,
        permissions=permissions_of(session, member.id),
        stepped_up_at=opened.stepped_up_at,
    )


def _within(who: SignedIn, needed: Permission | None) -> SignedIn:
    with current.database.reading() as session:
        scope = scope_of(session, who.staff_member_id, needed)
    return replace(who, scope=scope)


def _this_page() -> str:
    return request.full_path.rstrip("?")
