"""The cash of a desk: what lies where, whose drawers are open, what waits for a second person."""

import secrets

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import HiddenField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.custody.drawers import open_session_of
from flows.custody import counts_waiting, latest_sessions, open_session
from flows.desk import drawer
from offices.granting import Permission
from offices.places import Office
from web.desk.cash.fields import RialOrNothingField
from web.desk.here import named, own_office
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_PAGE = 50
_KEY_MAX = 40


class FloatForm(SpokenForm):
    """With how much cash of the desk a session begins."""

    float = RialOrNothingField(
        Later("Opening float"), [InputRequired(Later("Write the amount in rials, or zero."))]
    )
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])


def cash() -> ResponseReturnValue:
    """What the own desk holds, the sessions one may see, and what waits for a second person."""
    who = the_person()
    before_id = request.args.get("before", type=int)
    is_at_desk = Permission.WORK_AT_DESK in who.permissions
    with current.database.reading() as session:
        rows = latest_sessions(session, who.scope, before_id=before_id, limit=_PAGE + 1)
        older = url_for("desk.cash", before=rows[_PAGE - 1].id) if len(rows) > _PAGE else ""
        return render_template(
            "desk/cash/cash.html",
            drawer=drawer(session, session.get_one(Office, who.office_id)) if is_at_desk else None,
            mine=open_session_of(session, who.staff_member_id) if is_at_desk else None,
            is_at_desk=is_at_desk,
            may_decide=Permission.APPROVE_CASH in who.permissions,
            waiting=counts_waiting(session, who.scope),
            rows=rows[:_PAGE],
            named=named,
            older_url=older,
        )


def new_session() -> ResponseReturnValue:
    """Open one's own drawer with cash of the desk."""
    form, who = FloatForm(request.form), the_person()
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    if request.method == "POST" and form.validate():
        try:
            session_id = _opened(form)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "float", refusal)
        else:
            flash(_("Your session is open: cash that you take goes into your drawer."), "success")
            return redirect(url_for("desk.cashier_session", session_id=session_id), 303)
    with current.database.reading() as session:
        page = render_template(
            "desk/cash/new_session.html",
            form=form,
            drawer=drawer(session, own_office(session, who)),
            mine=open_session_of(session, who.staff_member_id),
        )
        return page, 422 if form.errors else 200


def _opened(form: FloatForm) -> int:
    who = the_person()
    with current.database.writing() as session:
        opened = open_session(
            session,
            own_office(session, who).id,
            form.float.value or 0,
            cashier_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )
        return opened.id
