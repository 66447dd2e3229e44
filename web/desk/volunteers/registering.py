"""The register at the desk: finding volunteers, entering them, telling anew, letting them go."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.identifiers import masked_mobile
from core.refusals import NotFound, Refusal
from core.words import _
from donations.models.pledge import HiddenFrom
from donations.models.volunteer import VolunteerFacts
from donations.volunteers.finding import (
    PAGE,
    active_volunteer,
    list_volunteers,
    open_skills,
    told_on_the_website,
    volunteer_in,
)
from donations.volunteers.licences import ending_licences, standing_licences
from donations.volunteers.offers import list_offers
from donations.volunteers.register import leave, register, tell
from flows.desk import promised_to
from flows.volunteers import served_of
from offices.places import Office
from offices.scope import Scope
from offices.staff import StaffMember
from web.desk.here import named, own_office
from web.desk.volunteers.forms import (
    DeskFactsForm,
    DeskVolunteerForm,
    ReasonForm,
    beside,
)
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person
from web.volunteer_forms import skill_name, times_told

_SEARCH_MAX = 60


def volunteers() -> ResponseReturnValue:
    """The volunteers of one's offices, found by name, mobile or skill."""
    scope, today = the_person().scope, tehran_date(current.now())
    search = request.args.get("search", "")[:_SEARCH_MAX]
    skill = request.args.get("skill", "")[:_SEARCH_MAX]
    with current.database.reading() as session:
        rows = list_volunteers(
            session,
            scope,
            search=search,
            skill=skill,
            before_id=request.args.get("before", type=int),
        )
        return render_template(
            "desk/volunteers/volunteers.html",
            rows=rows,
            search=search,
            skill=skill,
            skills=open_skills(session),
            skill_name=skill_name,
            named=named,
            masked=masked_mobile,
            ending=len(ending_licences(session, scope, today)),
            older=rows[-1].volunteer_id if len(rows) == PAGE else None,
        )


def new_volunteer() -> ResponseReturnValue:
    """Enter a volunteer; one known by this mobile is told anew."""
    who = the_person()
    with current.database.reading() as session:
        form = DeskVolunteerForm(request.form, **_as_promised(session, who.scope))
        form.offer(open_skills(session), offices_of(session, who.scope))
        form.office.data = form.office.data or own_office(session, who).id
    if request.method == "POST" and form.validate():
        try:
            volunteer_id = _registered(form)
        except Refusal as refusal:
            _blame(form, refusal)
        else:
            flash(_("The volunteer is registered."), "success")
            return redirect(url_for("desk.volunteer", volunteer_id=volunteer_id), 303)
    page = render_template("desk/volunteers/register.html", form=form, facts=None)
    return page, 422 if form.errors else 200


def volunteer(volunteer_id: int) -> ResponseReturnValue:
    """One volunteer: what holds, licences, offers of hours."""
    with current.database.reading() as session:
        facts = volunteer_in(session, the_person().scope, volunteer_id)
        offers = list_offers(session, the_person().scope, volunteer=facts)
        return render_template(
            "desk/volunteers/volunteer.html",
            facts=facts,
            told_later=told_on_the_website(session, facts),
            licences=standing_licences(session, volunteer_id),
            offers=[(row, served_of(session, row.item.id)) for row in offers],
            today=tehran_date(current.now()),
            named=named,
            skill_name=skill_name,
            times=times_told,
        )


def volunteer_facts(volunteer_id: int) -> ResponseReturnValue:
    """Tell anew what holds of a volunteer; what was told before stays on record."""
    who = the_person()
    with current.database.reading() as session:
        facts = volunteer_in(session, who.scope, volunteer_id)
        form = DeskFactsForm(request.form, **_as_fields(session, facts))
        form.offer(open_skills(session), offices_of(session, who.scope))
    if request.method == "POST" and form.validate():
        try:
            _told(form, facts)
        except Refusal as refusal:
            _blame(form, refusal)
        else:
            flash(_("What you told holds from now on."), "success")
            return redirect(url_for("desk.volunteer", volunteer_id=volunteer_id), 303)
    page = render_template("desk/volunteers/register.html", form=form, facts=facts)
    return page, 422 if form.errors else 200


def volunteer_leave(volunteer_id: int) -> ResponseReturnValue:
    """Take somebody off the register, with a reason."""
    who, form = the_person(), ReasonForm(request.form)
    with current.database.reading() as session:
        facts = active_volunteer(session, who.scope, volunteer_id)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                leave(
                    session,
                    who.scope,
                    volunteer_id,
                    reason=form.reason.data or "",
                    told_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except Refusal as refusal:
            _blame(form, refusal, "reason")
        else:
            flash(_("They are no volunteer any more; what they served stays."), "success")
            return redirect(url_for("desk.volunteer", volunteer_id=volunteer_id), 303)
    page = render_template("desk/volunteers/leave.html", form=form, facts=facts)
    return page, 422 if form.errors else 200


def offices_of(session: Session, scope: Scope) -> Mapping[int, str]:
    """The open offices of a scope, by their ids."""
    rows = session.scalars(
        select(Office).where(scope.narrow(Office.id), Office.is_open).order_by(Office.code)
    )
    return {office.id: named(office) for office in rows}


def _registered(form: DeskVolunteerForm) -> int:
    who = the_person()
    with current.database.writing() as session:
        _refuse_outside(form)
        return register(
            session,
            who.scope,
            name=form.name.data or "",
            mobile=form.mobile.value or "",
            told=form.told(staff=form.staff.data or ""),
            told_by_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        ).id


def _told(form: DeskFactsForm, facts: VolunteerFacts) -> None:
    with current.database.writing() as session:
        _refuse_outside(form)
        tell(
            session,
            facts.volunteer,
            form.told(staff=form.staff.data or ""),
            told_by_id=the_person().staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )


def _refuse_outside(form: DeskFactsForm) -> None:
    if not the_person().scope.covers(form.office.data):
        raise NotFound(subject="office")


def _as_promised(session: Session, scope: Scope) -> dict[str, str]:
    """Name and mobile from the gift of the code in the address, where the donor let them show."""
    code = request.args.get("code", "")[:_SEARCH_MAX]
    try:
        pledge = promised_to(session, scope, code) if code else None
    except NotFound:
        pledge = None
    if pledge is None or pledge.donor is None or pledge.hidden_from is HiddenFrom.EVERYONE:
        return {}
    return {"name": pledge.donor.name or "", "mobile": pledge.donor.mobile or ""}


def _as_fields(session: Session, facts: VolunteerFacts) -> dict[str, object]:
    """What holds, as the fields of the form."""
    staff_id = facts.staff_member_id
    return {
        "skills": [row.skill.code for row in facts.skills],
        "times": [f"{row.weekday}-{row.part.value}" for row in facts.times],
        "office": facts.office_id,
        "note": facts.note,
        "staff": session.get_one(StaffMember, staff_id).username if staff_id else "",
    }


def _blame(form: DeskFactsForm | ReasonForm, refusal: Refusal, otherwise: str = "office") -> None:
    field = beside(form, refusal, otherwise)
    field.errors = (*field.errors, explain(refusal))
