"""Notes and coins: which are counted today, everything that was set, and setting one anew."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.refusals import Refusal
from core.words import Later, _
from donations.custody.denominations import (
    denominations_on,
    denominations_set,
    set_denomination,
)
from donations.voiding import REASON_MAX
from offices.granting import Permission
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from web.desk.cash.fields import called
from web.fields import DayField, RialField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_CODE_MAX = 20


class DenominationForm(SpokenForm):
    """One note or coin, whether it is counted and from when on, why, and a fresh code."""

    kind = SelectField(
        Later("Note or coin"),
        choices=[SelectChoice("note", Later("note")), SelectChoice("coin", Later("coin"))],
    )
    value = RialField(
        Later("Its value in rials"), [InputRequired(Later("Write the amount in rials."))]
    )
    state = SelectField(
        Later("From then on"),
        choices=[
            SelectChoice("counted", Later("it is counted")),
            SelectChoice("withdrawn", Later("it is not counted any more")),
        ],
    )
    valid_from = DayField(Later("From this day on"))
    reason = StringField(Later("Reason"), [at_most(REASON_MAX)])
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


def denominations() -> ResponseReturnValue:
    """What is counted today and what was set; whoever may sets one, with a fresh code."""
    form, who = DenominationForm(request.form), the_person()
    if request.method == "POST" and form.validate():
        try:
            _set(form)
        except (WrongCode, TooManyTries) as refusal:
            put_beside(form, "code", refusal)
        except Refusal as refusal:
            put_beside(form, refusal.field or "value", refusal)
        else:
            flash(_("It is set. Counts that were written down stay as they are."), "success")
            return redirect(url_for("desk.denominations"), 303)
    with current.database.reading() as session:
        page = render_template(
            "desk/cash/denominations.html",
            form=form,
            holding=denominations_on(session, tehran_date(current.now())),
            rows=[
                (
                    row,
                    session.get_one(StaffMember, row.set_by_id).name if row.set_by_id else "",
                )
                for row in denominations_set(session)
            ],
            called=called,
            may_set=Permission.SET_DESK_RULES in who.permissions,
            needs_code=not who.is_stepped_up,
        )
        return page, 422 if form.errors else 200


def _set(form: DenominationForm) -> None:
    who, now = the_person(), current.now()
    demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        set_denomination(
            session,
            form.value.value or 0,
            is_coin=form.kind.data == "coin",
            is_counted=form.state.data == "counted",
            valid_from=form.valid_from.value or tehran_date(now),
            reason=form.reason.data or "",
            set_by_id=who.staff_member_id,
            now=now,
        )
