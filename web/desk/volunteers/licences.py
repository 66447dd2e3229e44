"""Licences at the desk: those that end soon, and recording one that was shown."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.clock import tehran_date
from core.refusals import Refusal
from core.words import _
from donations.volunteers.finding import active_volunteer, open_skills
from donations.volunteers.licences import WARNED_DAYS, ending_licences, standing_licences
from flows.volunteers import renew_licence
from web.desk.here import named
from web.desk.volunteers.forms import LicenceForm, beside
from web.filters import day, digits
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person
from web.volunteer_forms import skill_name


def licences() -> ResponseReturnValue:
    """Licences that end within thirty days, or ended as long ago and were not renewed."""
    today = tehran_date(current.now())
    with current.database.reading() as session:
        return render_template(
            "desk/volunteers/licences.html",
            rows=ending_licences(session, the_person().scope, today),
            today=today,
            days=WARNED_DAYS,
            skill_name=skill_name,
            named=named,
        )


def new_licence(volunteer_id: int) -> ResponseReturnValue:
    """Record a licence of a volunteer, or the correction of one."""
    who, form = the_person(), LicenceForm(request.form)
    with current.database.reading() as session:
        facts = active_volunteer(session, who.scope, volunteer_id)
        held = standing_licences(session, volunteer_id)
        form.skill.choices = [
            (skill.code, skill_name(skill)) for skill in open_skills(session) if skill.needs_licence
        ]
        form.replaces.choices = [("", _("nothing: it is a new licence"))] + [
            (str(row.id), f"{skill_name(row.skill)} – {digits(row.number)} – {day(row.valid_to)}")
            for row in held
        ]
    if request.method == "POST" and form.validate():
        try:
            _recorded(form, volunteer_id)
        except Refusal as refusal:
            field = beside(form, refusal, "number")
            field.errors = (*field.errors, explain(refusal))
        else:
            flash(_("The licence is recorded."), "success")
            return redirect(url_for("desk.volunteer", volunteer_id=volunteer_id), 303)
    page = render_template("desk/volunteers/licence.html", form=form, facts=facts)
    return page, 422 if form.errors else 200


def _recorded(form: LicenceForm, volunteer_id: int) -> None:
    who, facts = the_person(), form.facts()
    assert facts is not None  # noqa: S101  the form is valid
    with current.database.writing() as session:
        renew_licence(
            session,
            who.scope,
            volunteer_id,
            facts,
            replaces_id=int(form.replaces.data) if form.replaces.data else None,
            reason=_("The licence does not hold on this day any more."),
            staff_id=who.staff_member_id,
            now=current.now(),
        )
