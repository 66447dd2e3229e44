"""The walk-in page: one form for what a visitor brings, saved as one entry with its receipt."""

from collections.abc import Sequence
from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.refusals import Refusal
from core.words import Later, _, spoken
from donations.goods.valuing import BeingValued, ValueNeedsSecond
from donations.models.contribution import Contribution
from donations.models.pledge import Pledge
from flows.desk import SeenBefore, WalkIn, is_recorded, record_walk_in, terminals_at
from flows.donors import FoundDonor
from flows.entries import Entry, entry_in, known_donor, similar_entry
from flows.goods import let_values_wait
from ledger.accounts import central_account
from receipts.life.freezing import facts_of
from web.desk.found_form import blame_goods
from web.desk.here import fund_choices, own_office
from web.desk.slips import qr_of
from web.desk.walk_in_donor import CHOOSE, choose, chosen, likely, with_what_is_known
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
            return _found_donors(session, form)
        if wants.startswith(CHOOSE):
            choose(session, form, wants)
            return _page(form, focus="amount" if not form.amount.data else "save")
        if wants != "save":
            return _page(form, focus=_first_of_last_row(form, wants))
        if not form.validate():
            return _page(form, status=422)
        similar = None if form.is_another.data else _similar(session, form)
        if similar is not None:
            return _page(form, similar=similar, status=409)
    try:
        tracking_code = _recorded(form)
    except (ValueNeedsSecond, BeingValued):
        return _wait_for_value(form)
    except Refusal as refusal:
        return _page_with(form, refusal)
    return redirect(url_for("desk.saved", tracking_code=tracking_code), 303)


def saved(tracking_code: str) -> ResponseReturnValue:
    """Tell the clerk that the entry is safe: its numbers, its paper and the way to the next."""
    with current.database.reading() as session:
        entry = entry_in(session, the_person().scope, tracking_code)
        return render_template(
            "desk/saved.html",
            entry=entry,
            facts=facts_of(entry.receipt),
            account=central_account(session),
            is_english=spoken() == "en",
            qr=qr_of(entry.pledge.deposit_id) if entry.pledge.deposit_id else None,
        )


def _recorded(form: WalkInForm) -> str:
    """The tracking code of the entry."""
    who = the_person()
    with current.database.writing() as session:
        receipt = record_walk_in(
            session,
            _brought(session, form),
            office_id=own_office(session, who).id,
            staff_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )
        contribution = session.get_one(Contribution, receipt.contribution_id)
        return session.get_one(Pledge, contribution.pledge_id).tracking_code


def _brought(session: Session, form: WalkInForm) -> WalkIn:
    """The visit, with what is known of a donor who was chosen from a list."""
    visit = form.walk_in()
    return replace(visit, donor=with_what_is_known(session, form, visit.donor))


def _wait_for_value(form: WalkInForm) -> ResponseReturnValue:
    """Record it without the goods that are worth more than one person may say; those wait."""
    who = the_person()
    try:
        with current.database.writing() as session:
            pledge = let_values_wait(
                session,
                _brought(session, form),
                office_id=own_office(session, who).id,
                staff_id=who.staff_member_id,
                request_key=form.request_key.data,
                now=current.now(),
            )
    except Refusal as refusal:
        return _page_with(form, refusal)
    flash(_("The assessed value is beyond the limit: a second person has to decide on it."), "info")
    return redirect(url_for("desk.goods_of", tracking_code=pledge.tracking_code), 303)


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


def _found_donors(session: Session, form: WalkInForm) -> ResponseReturnValue:
    """The page with the donor of this mobile filled in, or with those whom the name may mean."""
    if (form.mobile.data or "").strip():
        return _page(form, focus=_fill_in_donor(session, form))
    found = likely(session, form.name.data or "")
    if len(found) == 1:
        choose(session, form, f"{CHOOSE}{found[0].id}")
    return _page(form, focus="amount" if found else "name", found=found[1:] and found)


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
    if "position" in refusal.details and blame_goods(form, _row_of(form, refusal), refusal):
        return _page(form, status=refusal.http_status)
    if name in form:
        field = form[name]
        field.errors = (*field.errors, explain(refusal))
    else:
        form.form_errors = [explain(refusal)]
    return _page(form, is_seen=isinstance(refusal, SeenBefore), status=refusal.http_status)


def _row_of(form: WalkInForm, refusal: Refusal) -> str:
    """The row of goods that a refusal is about, by the place of its item in the pledge."""
    rows = [n for n, row in enumerate(form.goods, 1) if row.quantity.value is not None]
    place = int(str(refusal.details["position"])) - 1 - int(form.amount.value is not None)
    return f"goods{rows[place]}"


def _page(
    form: WalkInForm,
    *,
    focus: str = "",
    similar: Entry | None = None,
    is_seen: bool = False,
    found: Sequence[FoundDonor] = (),
    status: int = 200,
) -> ResponseReturnValue:
    with current.database.reading() as session:
        donor = chosen(session, form)
    page = render_template(
        "desk/walk_in.html",
        form=form,
        chosen=donor,
        likely=found,
        focus=focus,
        similar=similar,
        is_seen=is_seen,
        units=[str(unit) for unit in UNITS],
    )
    return page, status
