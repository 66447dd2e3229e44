"""Voiding a deposit slip: another person than its maker says why, with a fresh code."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.voiding import REASON_MAX
from flows.emptyings import lines_of_slips
from flows.slip_voids import slip_in, void_slip
from offices.limits import TooManyTries
from offices.places import Office
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from web.desk.here import named
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_CODE_MAX = 20


class SlipVoidForm(SpokenForm):
    """Why the cash of a slip does not go to the bank, and a fresh code."""

    reason = TextAreaField(
        Later("Reason"), [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)]
    )
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


def slip_void(slip_id: int) -> ResponseReturnValue:
    """One slip and what a void of it means; void it."""
    form, who = SlipVoidForm(request.form), the_person()
    if request.method == "POST" and form.validate():
        try:
            _void(form, slip_id)
        except NotFound:
            raise
        except (WrongCode, TooManyTries) as refusal:
            put_beside(form, "code", refusal)
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("The slip is void; its cash lies where it lay."), "success")
            return redirect(url_for("desk.slip", slip_id=slip_id), 303)
    with current.database.reading() as session:
        row = slip_in(session, who.scope, slip_id)
        page = render_template(
            "desk/cash/slip_void.html",
            form=form,
            slip=row,
            office=named(session.get_one(Office, row.office_id)),
            made_by=session.get_one(StaffMember, row.made_by_id).name,
            is_mine=row.made_by_id == who.staff_member_id,
            line=lines_of_slips(session, [slip_id]).get(slip_id),
            needs_code=not who.is_stepped_up,
        )
        return page, 422 if form.errors else 200


def _void(form: SlipVoidForm, slip_id: int) -> None:
    who = the_person()
    demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        void_slip(
            session,
            who.scope,
            slip_id,
            form.reason.data or "",
            voided_by_id=who.staff_member_id,
            now=current.now(),
        )
