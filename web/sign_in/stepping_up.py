"""A fresh one-time code before a dangerous act."""

from flask import request

from offices.signing_in import step_up
from offices.staff import StaffSession
from web.services import current
from web.sign_in.guard import SignedIn


def demand_fresh_code(who: SignedIn, typed: str) -> None:
    """Take the typed code unless the last one is fresh. Raises WrongCode, TooManyTries."""
    if who.is_stepped_up:
        return
    with current.database.reading() as session:
        opened = session.get_one(StaffSession, who.session_id)
    step_up(current.database, opened, typed, address=request.remote_addr or "", now=current.now())
