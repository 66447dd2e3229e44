"""The limits of the desks: what holds today, everything that was set, and setting one anew."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.refusals import Refusal
from core.words import Later, _
from donations.desk_limits import limit_on, limits_set, set_limit
from donations.models.desk_limit import DeskLimit
from donations.voiding import REASON_MAX
from offices.granting import Permission
from offices.limits import TooManyTries
from offices.signing_in import WrongCode
from offices.staff import StaffMember
from web.desk.cash.fields import RialOrNothingField
from web.fields import DayField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code

_CODE_MAX = 20
LIMITS: Mapping[DeskLimit, Later] = {
    DeskLimit.CASH_DIFFERENCE_RIAL: Later(
        "Difference of a cashier's session beyond which a second person closes it"
    ),
    DeskLimit.ASSESSED_VALUE_RIAL: Later(
        "Assessed value of goods beyond which two persons assess it"
    ),
}


class LimitForm(SpokenForm):
    """One limit, from when on, why, and a fresh code."""

    limit = SelectField(
        Later("Limit"), choices=[SelectChoice(limit, name) for limit, name in LIMITS.items()]
    )
    value = RialOrNothingField(
        Later("Amount in rials"), [InputRequired(Later("Write the amount in rials."))]
    )
    valid_from = DayField(Later("From this day on"))
    reason = StringField(Later("Reason"), [at_most(REASON_MAX)])
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


def limits() -> ResponseReturnValue:
    """What holds today and what was set; whoever may sets a limit, with a fresh code."""
    form, who = LimitForm(request.form), the_person()
    if request.method == "POST" and form.validate():
        try:
            _set(form)
        except (WrongCode, TooManyTries) as refusal:
            put_beside(form, "code", refusal)
        except Refusal as refusal:
            put_beside(form, refusal.field or "limit", refusal)
        else:
            flash(_("The limit is set. What was decided before stays decided."), "success")
            return redirect(url_for("desk.limits"), 303)
    today = tehran_date(current.now())
    with current.database.reading() as session:
        page = render_template(
            "desk/cash/limits.html",
            form=form,
            names=LIMITS,
            holding={limit: limit_on(session, limit, today) for limit in DeskLimit},
            rows=[
                (row, session.get_one(StaffMember, row.set_by_id).name)
                for row in limits_set(session)
            ],
            may_set=Permission.SET_DESK_RULES in who.permissions,
            needs_code=not who.is_stepped_up,
        )
        return page, 422 if form.errors else 200


def _set(form: LimitForm) -> None:
    who, now = the_person(), current.now()
    demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        set_limit(
            session,
            DeskLimit(form.limit.data),
            form.value.value or 0,
            valid_from=form.valid_from.value or tehran_date(now),
            reason=form.reason.data or "",
            set_by_id=who.staff_member_id,
            now=now,
        )
