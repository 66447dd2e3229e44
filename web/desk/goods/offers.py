"""Offers of goods at a desk: whom it expects today, and one promise with its goods and its day."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import digits_only
from core.identifiers import is_tracking_code
from core.refusals import NotFound, Refusal
from core.words import _
from donations.goods.appointments import appointment_of, appointments_on, proposals
from donations.goods.valuing import open_valuations
from donations.models.goods_offer import AppointmentStep, GoodsAppointment
from donations.models.pledge import ItemKind, ItemState, Pledge
from donations.timelines import stage_of_items, whole_timeline
from donations.tracking import contributions_of, payments_of
from flows.appointments import agree_on_day, cancel_day
from flows.desk import promised_to
from flows.offers import withdraw_goods
from offices.scope import Scope
from web.appointment_form import PARTS, WAYS, AppointmentForm
from web.desk.here import own_office
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person
from web.stages import STAGES, stages_shown

_TYPED_MAX = 40


def goods() -> ResponseReturnValue:
    """Whom the office expects today, what donors propose, and what waits for a second person.

    With a code, typed in any digits, it leads to the goods of that code.
    """
    who = the_person()
    typed = request.args.get("code", "").strip()[:_TYPED_MAX]
    code = digits_only(typed) or ""
    if is_tracking_code(code):
        return redirect(url_for("desk.goods_of", tracking_code=code), 303)
    today = tehran_date(current.now())
    with current.database.reading() as session:
        here = Scope(frozenset({own_office(session, who).id}))
        return render_template(
            "desk/goods/goods.html",
            today=today,
            expected=[_row(row) for row in appointments_on(session, here, today)],
            proposed=[_row(row) for row in proposals(session, who.scope, today=today)],
            values=len(open_valuations(session, who.scope)),
            typed=typed,
            error=_("A tracking code has thirteen digits and nothing else.") if typed else "",
        )


def goods_of(tracking_code: str) -> ResponseReturnValue:
    """The goods of one promise: what became of each, and a form for the day on which they come."""
    who = the_person()
    form = AppointmentForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                agree_on_day(
                    session,
                    who.scope,
                    tracking_code,
                    form.meeting(),
                    office_id=own_office(session, who).id,
                    set_by_id=who.staff_member_id,
                    now=current.now(),
                )
            flash(_("The appointment is agreed."), "success")
            return redirect(url_for("desk.goods_of", tracking_code=tracking_code), 303)
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
    with current.database.reading() as session:
        pledge = promised_to(session, who.scope, tracking_code)
        return _page(session, pledge, form), 422 if form.errors else 200


def cancel_appointment(tracking_code: str) -> ResponseReturnValue:
    """Say that the goods do not come then."""
    who = the_person()
    try:
        with current.database.writing() as session:
            cancel_day(
                session,
                who.scope,
                tracking_code,
                set_by_id=who.staff_member_id,
                now=current.now(),
            )
        flash(_("The appointment is cancelled."), "success")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(explain(refusal), "error")
    return redirect(url_for("desk.goods_of", tracking_code=tracking_code), 303)


def withdraw_goods_item(tracking_code: str, goods_id: int) -> ResponseReturnValue:
    """Take the promise of goods back for the donor; whoever waits for their place moves up."""
    who = the_person()
    try:
        with current.database.writing() as session:
            pledge = promised_to(session, who.scope, tracking_code)
            withdraw_goods(session, pledge, goods_id, by_id=who.staff_member_id, now=current.now())
        flash(_("These goods are not expected any more."), "success")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(explain(refusal), "error")
    return redirect(url_for("desk.goods_of", tracking_code=tracking_code), 303)


def _page(session: Session, pledge: Pledge, form: AppointmentForm) -> str:
    stages = whole_timeline(
        session, pledge, payments_of(session, pledge.id), contributions_of(session, pledge.id)
    )
    places = stage_of_items(pledge, stages)
    appointment = appointment_of(session, pledge.id)
    items = [item for item in pledge.items if item.kind is ItemKind.GOODS]
    standing = appointment and appointment.step is not AppointmentStep.CANCELLED
    return render_template(
        "desk/goods/offer.html",
        pledge=pledge,
        items=[
            (item, *STAGES[places[item.id]], item.state is ItemState.PROMISED) for item in items
        ],
        is_expected=any(item.state is ItemState.PROMISED for item in items),
        stages=stages_shown(stages),
        appointment=_row(appointment) if standing and appointment else None,
        form=form,
    )


def _row(row: GoodsAppointment) -> dict[str, object]:
    """An appointment as the pages show it; its address is for the office alone."""
    pledge = row.pledge
    is_hidden = pledge.hidden_from == "everyone"
    return {
        "row": row,
        "code": pledge.tracking_code,
        "items": [
            item
            for item in pledge.items
            if item.kind is ItemKind.GOODS and item.state is ItemState.PROMISED
        ],
        "donor": (pledge.donor.name or "") if pledge.donor and not is_hidden else "",
        "mobile": (pledge.donor.mobile or "") if pledge.donor and not is_hidden else "",
        "way": str(WAYS[row.way]),
        "part": str(PARTS[row.part_of_day]),
        "is_proposed": row.step is AppointmentStep.PROPOSED,
    }
