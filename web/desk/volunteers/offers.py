"""Offers of hours at the desk: what waits, taking one on, its need, its shifts, its end."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.identifiers import masked_mobile
from core.refusals import NotFound, Refusal
from core.words import _
from donations.models.pledge import ItemKind
from donations.models.volunteer import Volunteer, VolunteerFacts
from donations.volunteers.finding import (
    active_volunteer,
    open_skills,
    volunteer_in,
    volunteers_in,
)
from donations.volunteers.offers import (
    PAGE,
    Offered,
    fitting_needs,
    list_offers,
    offer_in,
    reserve_hours,
    skill_named,
    take_on,
)
from donations.volunteers.schedule import plan_shift, shifts_of_item
from flows.desk import promised_to
from flows.volunteers import close_offer, promise_hours, served_of
from offices.scope import Scope
from web.desk.here import fund_choices, named, own_office
from web.desk.volunteers.forms import (
    OUTCOMES,
    HoursForm,
    ReasonForm,
    ShiftForm,
    TakeOnForm,
    beside,
    clock,
)
from web.desk.volunteers.registering import offices_of
from web.fields import SpokenForm
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person
from web.volunteer_forms import skill_name, times_told

_CODE_MAX = 40


def service_offers() -> ResponseReturnValue:
    """Hours that are promised and neither received nor withdrawn; one is found by its code."""
    typed = request.args.get("code", "").strip()[:_CODE_MAX]
    if typed:
        return _by_code(typed)
    with current.database.reading() as session:
        rows = list_offers(
            session, the_person().scope, before_id=request.args.get("before", type=int)
        )
        return render_template(
            "desk/volunteers/offers.html",
            rows=[(row, served_of(session, row.item.id)) for row in rows],
            named=named,
            masked=masked_mobile,
            older=rows[-1].item.id if len(rows) == PAGE else None,
        )


def _by_code(typed: str) -> ResponseReturnValue:
    """To the hours of the code that a visitor shows; who is not registered is registered first."""
    scope = the_person().scope
    with current.database.reading() as session:
        pledge = promised_to(session, scope, typed)
        hours = [item for item in pledge.items if item.kind is ItemKind.SERVICE]
        if not hours:
            raise NotFound(subject="offer")
        try:
            offered = offer_in(session, scope, hours[0].id)
        except NotFound:
            return redirect(url_for("desk.new_volunteer", code=pledge.tracking_code), 303)
    return redirect(url_for("desk.service_offer", hours_id=offered.item.id), 303)


def new_service_offer(volunteer_id: int) -> ResponseReturnValue:
    """Promise hours of a volunteer."""
    who, form = the_person(), HoursForm(request.form)
    with current.database.reading() as session:
        facts = active_volunteer(session, who.scope, volunteer_id)
        form.skill.choices = [(row.skill.code, skill_name(row.skill)) for row in facts.skills]
        form.fund.choices = fund_choices(session)
    if request.method == "POST" and form.validate():
        try:
            item_id = _offered(form, volunteer_id)
        except Refusal as refusal:
            _blame(form, refusal, "hours")
        else:
            return redirect(url_for("desk.service_offer", hours_id=item_id), 303)
    page = render_template("desk/volunteers/new_offer.html", form=form, facts=facts)
    return page, 422 if form.errors else 200


def service_offer(hours_id: int) -> ResponseReturnValue:
    """One promise of hours: take it on, keep it a place, plan its shifts, close it."""
    wants = request.form.get("do", "") if request.method == "POST" else ""
    with current.database.reading() as session:
        offered = offer_in(session, the_person().scope, hours_id)
        take, shift, close = _forms(session, offered, wants)
    acts = {"take": (take, "skill"), "shift": (shift, "day"), "close": (close, "reason")}
    if wants == "reserve":
        return _reserve(hours_id)
    if wants in acts and acts[wants][0].validate():
        form, otherwise = acts[wants]
        try:
            said = _done(wants, offered, take, shift, close)
        except NotFound:
            raise
        except Refusal as refusal:
            _blame(form, refusal, otherwise)
        else:
            flash(said, "success")
            return redirect(url_for("desk.service_offer", hours_id=hours_id), 303)
    with current.database.reading() as session:
        page = _page(session, hours_id, take, shift, close)
    has_errors = any(form.errors for form, _otherwise in acts.values())
    return page, 422 if has_errors or request.method == "POST" else 200


def _forms(
    session: Session, offered: Offered, wants: str
) -> tuple[TakeOnForm, ShiftForm, ReasonForm]:
    sent = request.form
    take = TakeOnForm(sent if wants == "take" else None)
    shift = ShiftForm(sent if wants == "shift" else None)
    close = ReasonForm(sent if wants == "close" else None)
    skills = open_skills(session)
    take.skill.choices = [(skill.code, skill_name(skill)) for skill in skills]
    likely = skill_named(skills, offered.item.skill or "")
    if wants != "take" and likely is not None:
        take.skill.data = likely.code
    shift.office.choices = list(offices_of(session, the_person().scope).items())
    if wants != "shift":
        shift.office.data = the_person().office_id
    return take, shift, close


def _done(
    wants: str, offered: Offered, take: TakeOnForm, shift: ShiftForm, close: ReasonForm
) -> str:
    """Do what one of the forms of the page asks for, and say what was done."""
    who, item_id = the_person(), offered.item.id
    scope, staff_id, now = who.scope, who.staff_member_id, current.now()
    with current.database.writing() as session:
        if wants == "take":
            known = _volunteer_of(session, scope, offered)
            if known is None:
                raise NotFound(subject="volunteer")
            take_on(
                session,
                scope,
                item_id,
                known.volunteer_id,
                skill=take.skill.data,
                taken_by_id=staff_id,
                now=now,
            )
            return _("The offer is taken on; shifts can be planned.")
        if wants == "close":
            receipt = close_offer(
                session, scope, item_id, reason=close.reason.data or "", staff_id=staff_id, now=now
            )
            if receipt is None:
                return _("The promise is withdrawn; nothing was served.")
            return _("The promise is closed; the hours that were served have their receipt.")
        plan = shift.plan()
        assert plan is not None  # noqa: S101  the form is valid
        plan_shift(
            session,
            scope,
            item_id,
            plan,
            planned_by_id=staff_id,
            request_key=shift.request_key.data,
            now=now,
        )
        return _("The shift is planned.")


def _reserve(item_id: int) -> ResponseReturnValue:
    who = the_person()
    try:
        with current.database.writing() as session:
            reserve_hours(
                session,
                who.scope,
                item_id,
                request.form.get("need", 0, type=int),
                reserved_by_id=who.staff_member_id,
                now=current.now(),
            )
    except NotFound:
        raise
    except Refusal as refusal:
        flash(explain(refusal), "error")
    else:
        flash(_("The hours have their place in the need."), "success")
    return redirect(url_for("desk.service_offer", hours_id=item_id), 303)


def _page(
    session: Session, item_id: int, take: TakeOnForm, shift: ShiftForm, close: ReasonForm
) -> str:
    scope = the_person().scope
    offered = offer_in(session, scope, item_id)
    facts = _facts_of(session, scope, offered)
    return render_template(
        "desk/volunteers/offer.html",
        row=offered,
        facts=facts,
        known=_volunteer_of(session, scope, offered),
        needs=fitting_needs(session, offered, facts) if facts else [],
        shifts=shifts_of_item(session, item_id),
        served=served_of(session, item_id),
        take=take,
        shift=shift,
        close=close,
        named=named,
        skill_name=skill_name,
        times=times_told,
        clock=clock,
        outcomes=OUTCOMES,
    )


def _volunteer_of(session: Session, scope: Scope, offered: Offered) -> VolunteerFacts | None:
    """The volunteer of one's offices under whose mobile the hours were promised."""
    donor = offered.item.pledge.donor
    if donor is None or not donor.mobile:
        return None
    return session.scalars(
        volunteers_in(scope).where(Volunteer.mobile == donor.mobile)
    ).one_or_none()


def _facts_of(session: Session, scope: Scope, offered: Offered) -> VolunteerFacts | None:
    """The volunteer who serves; nobody where another office has them now: it closes its own."""
    if offered.offer is None:
        return None
    try:
        return volunteer_in(session, scope, offered.offer.volunteer_id)
    except NotFound:
        return None


def _offered(form: HoursForm, volunteer_id: int) -> int:
    who = the_person()
    with current.database.writing() as session:
        return promise_hours(
            session,
            who.scope,
            volunteer_id,
            skill=form.skill.data,
            hours=form.hours.value or 0,
            fund=form.fund.data or None,
            office_id=own_office(session, who).id,
            staff_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        ).pledge_item_id


def _blame(form: SpokenForm, refusal: Refusal, otherwise: str) -> None:
    field = beside(form, refusal, otherwise)
    field.errors = (*field.errors, explain(refusal))
