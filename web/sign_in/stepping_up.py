"""A fresh one-time code before a dangerous act."""

from collections.abc import Callable

from flask import request
from wtforms import Form

from core.refusals import NotFound, Refusal
from offices.signing_in import step_up
from offices.staff import StaffSession
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn


def demand_fresh_code(who: SignedIn, typed: str) -> None:
    """Take the typed code unless the last one is fresh. Raises WrongCode, TooManyTries."""
    if who.is_stepped_up:
        return
    with current.database.reading() as session:
        opened = session.get_one(StaffSession, who.session_id)
    step_up(current.database, opened, typed, address=request.remote_addr or "", now=current.now())


def is_decided(form: Form, decide: Callable[[], None]) -> bool:
    """Whether a decision was sent and taken; what refuses it stands beside its code.

    Raises NotFound where there is nothing to decide on.
    """
    if request.method != "POST" or not form.validate():
        return False
    try:
        decide()
    except NotFound:
        raise
    except Refusal as refusal:
        put_beside(form, "code", refusal)
        return False
    return True
