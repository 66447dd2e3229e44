"""The pages on which staff sign in and out. Between the two steps only the password is known."""

from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from core.refusals import Refusal
from offices.granting import Permission
from offices.sessions import session_with
from offices.signing_in import WrongCode, WrongSignIn, check_password, sign_in, sign_out
from web.services import current
from web.sign_in.forms import CodeForm, PasswordForm, put_beside
from web.sign_in.guard import cookie_name, drop_key, keep_key, signed_in

_HALF_WAY = "half_way"  # the entry in the form cookie, which is signed
_HALF_WAY_SECONDS = 300
# Where each finds their work, by the first permission they hold.
_FIRST_PAGES = (
    (Permission.WORK_AT_DESK, "/desk"),
    (Permission.SEE_FINANCE, "/finance"),
    (Permission.SEE_HEADQUARTERS, "/headquarters"),
)


def enter() -> ResponseReturnValue:
    """Ask for the user name and password."""
    form = PasswordForm(request.form)
    if request.method == "GET":
        if signed_in() is not None:
            return redirect(_onward(), 303)
        return _ask_password(form)
    if not form.validate():
        return _ask_password(form, 422)
    now = current.now()
    try:
        staff_member_id = check_password(
            current.database,
            form.username.data or "",
            form.password.data or "",
            address=_address(),
            now=now,
        )
    except Refusal as refusal:
        put_beside(form, WrongSignIn.field or "password", refusal)
        return _ask_password(form, refusal.http_status)
    session[_HALF_WAY] = [staff_member_id, int(now.timestamp())]
    return redirect(url_for("sign_in.enter_code", next=request.args.get("next")), 303)


def enter_code() -> ResponseReturnValue:
    """Ask for the one-time code, and open the sign-in."""
    staff_member_id = _half_way()
    if staff_member_id is None:
        return redirect(url_for("sign_in.enter", next=request.args.get("next")), 303)
    form = CodeForm(request.form)
    if request.method == "GET":
        return _ask_code(form)
    if not form.validate():
        return _ask_code(form, 422)
    try:
        key = sign_in(
            current.database,
            staff_member_id,
            form.code.data or "",
            address=_address(),
            browser=request.user_agent.string,
            now=current.now(),
        )
    except Refusal as refusal:
        put_beside(form, WrongCode.field or "code", refusal)
        return _ask_code(form, refusal.http_status)
    # The token of the forms stays, so that a form left open by an ended sign-in can still be sent.
    session.pop(_HALF_WAY)
    return keep_key(_to(_onward(key)), key)


def leave() -> ResponseReturnValue:
    """End the sign-in, on the server first."""
    who = signed_in()
    if who is not None:
        now = current.now()
        with current.database.writing() as opened:
            row = session_with(opened, request.cookies[cookie_name()], now=now)
            if row is not None:
                sign_out(opened, row, now=now)
    session.clear()
    return drop_key(_to(url_for("sign_in.enter")))


def local_path(text: str | None) -> str | None:
    """A place to go on to, if it is a path of this site and nothing else."""
    if not text or not text.startswith("/") or text.startswith("//"):
        return None
    if "\\" in text or any(ord(c) < 0x21 or ord(c) == 0x7F for c in text):
        return None
    parts = urlsplit(text)
    return text if not (parts.scheme or parts.netloc) else None


def _half_way() -> int | None:
    kept = session.get(_HALF_WAY)
    if not kept:
        return None
    staff_member_id, at = kept
    is_fresh = 0 <= current.now().timestamp() - at <= _HALF_WAY_SECONDS
    return int(staff_member_id) if is_fresh else None


def _onward(key: str | None = None) -> str:
    asked = local_path(request.args.get("next"))
    if asked is not None:
        return asked
    who = signed_in(key)
    permissions = who.permissions if who else frozenset()
    return next((path for needed, path in _FIRST_PAGES if needed in permissions), "/")


def _to(address: str) -> Response:
    return make_response(redirect(address, 303))


def _address() -> str:
    return request.remote_addr or ""


def _ask_password(form: PasswordForm, status: int = 200) -> ResponseReturnValue:
    return render_template("sign_in/password.html", form=form), status


def _ask_code(form: CodeForm, status: int = 200) -> ResponseReturnValue:
    return render_template("sign_in/code.html", form=form), status
