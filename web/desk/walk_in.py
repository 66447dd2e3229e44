"""The walk-in page: one form for what a visitor brings, saved as one entry with its receipt."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.refusals import Refusal
from core.words import Later
from donations.models.contribution import Contribution
from donations.models.pledge import Pledge
from flows.desk import SeenBefore, is_recorded, record_walk_in, terminals_at
from flows.entries import Entry, entry_in, known_donor, similar_entry
from web.desk.here import fund_choices, own_office
from web.desk.walk_in_form import WalkInForm, walk_in_form
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

UNITS = (
    Later("piece"),
    Later("sheet"),
    Later("set"),
    Later("box"),
    Later("carton"),
    Later("volume"),
    Later("kilogram"),
    Later("litre"),
    Later("metre"),
)


def walk_in() -> ResponseReturnValue:
    """Show the form; add rows, look the donor up, or save."""
    who = the_person()
    wants = request.form.get("do", "save")
    with current.database.reading() as session:
        office = own_office(session, who)
        form = walk_in_form(
            request.form,
            funds=fund_choices(session),
            terminals=[row.name for row in terminals_at(session, office.id)],
            more_goods=int(wants == "goods_row"),
            more_services=int(wants == "service_row"),
        )
        if request.method == "GET":
            return _page(form, focus="amount")
        if wants == "find_donor":
            return _page(form, focus=_fill_in_donor(session, form))
        if wants != "save":
            return _page(form, focus=_first_of_last_row(form, wants))
        if not form.validate():
            return _page(form, status=422)
        similar = None if form.is_another.data else _similar(session, form)
        if similar is not None:
            return _page(form, similar=similar, status=409)
    try:
        tracking_code = _recorded(form)
    except Refusal as refusal:
        return _page_with(form, refusal)
    return redirect(url_for("desk.saved", tracking_code=tracking_code), 303)


def saved(tracking_code: str) -> ResponseReturnValue:
    """Tell the clerk that the entry is safe: its numbers, its paper and the way to the next."""
    with current.database.reading() as session:
        entry = entry_in(session, the_person().scope, tracking_code)
        return render_template("desk/saved.html", entry=entry)


def _recorded(form: WalkInForm) -> str:
    """The tracking code of the entry."""
    who = the_person()
    with current.database.writing() as session:
        receipt = record_walk_in(
            session,
            form.walk_in(),
            office_id=own_office(session, who).id,
            staff_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )
        contribution = session.get_one(Contribution, receipt.contribution_id)
        return session.get_one(Pledge, contribution.pledge_id).tracking_code


def _similar(session: Session, form: WalkInForm) -> Entry | None:
    mobile, amount_rial = form.mobile.value, form.amount.value
    if mobile is None or amount_rial is None:
        return None
    who = the_person()
    if is_recorded(session, staff_id=who.staff_member_id, request_key=form.request_key.data or ""):
        return None
    return similar_entry(
        session, who.scope, mobile=mobile, amount_rial=amount_rial, now=current.now()
    )


def _fill_in_donor(session: Session, form: WalkInForm) -> str:
    """Fill in what is known of the donor of this mobile; the name of the field to go on with."""
    if not form.mobile.validate(form) or form.mobile.value is None:
        return "mobile"
    donor = known_donor(session, the_person().scope, form.mobile.value)
    if donor is None:
        return "name"
    form.name.data = donor.name or ""
    form.email.data = donor.email or ""
    form.national_id.data = donor.national_id or ""
    return "amount" if not form.amount.data else "save"


def _first_of_last_row(form: WalkInForm, wants: str) -> str:
    return str(
        form.goods[-1].description.id if wants == "goods_row" else form.services[-1].skill.id
    )


def _page_with(form: WalkInForm, refusal: Refusal) -> ResponseReturnValue:
    name = str(refusal.details.get("field") or refusal.field or "")
    if name in form:
        field = form[name]
        field.errors = (*field.errors, explain(refusal))
    else:
        form.form_errors = [explain(refusal)]
    return _page(form, is_seen=isinstance(refusal, SeenBefore), status=refusal.http_status)


def _page(
    form: WalkInForm,
    *,
    focus: str = "",
    similar: Entry | None = None,
    is_seen: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    page = render_template(
        "desk/walk_in.html",
        form=form,
        focus=focus,
        similar=similar,
        is_seen=is_seen,
        units=[str(unit) for unit in UNITS],
    )
    return page, status
