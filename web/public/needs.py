"""What is needed, for everybody: the list with its filters, and three fields to offer help."""

import hashlib
import secrets

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from donations.goods.needs import open_needs, published_need
from donations.models.need import Need, NeedKind
from donations.models.pledge import Channel, Pledge
from donations.pledging import NAME_MAX, DonorFacts
from flows.offers import offer_goods, offer_hours
from offices.places import Province
from web.fields import HoursField, MobileField, QuantityField, SpokenForm, at_most, printed
from web.public.choices import name_of
from web.public.limiting import count_gift_within
from web.refusals import explain
from web.services import current

_PAGE = 30
_NUMBER_MAX = 40
_HOW_MUCH = Later("Write how much you can give.")
KINDS = {NeedKind.GOODS: Later("Goods"), NeedKind.HOURS: Later("Hours of work")}


class OfferForm(SpokenForm):
    """How much somebody can give, and how to reach them: no document, no account."""

    request_key = HiddenField()
    website = StringField()  # a trap: people do not see it, programs fill it in
    name = StringField(Later("Name"), [at_most(NAME_MAX), printed])
    mobile = MobileField(Later("Mobile number"), [at_most(_NUMBER_MAX)])

    quantity: QuantityField | HoursField


class GoodsOfferForm(OfferForm):
    """Goods, in the unit of the need."""

    quantity = QuantityField(
        Later("How many can you give?"), [InputRequired(_HOW_MUCH), at_most(_NUMBER_MAX)]
    )


class HoursOfferForm(OfferForm):
    """Whole hours."""

    quantity = HoursField(
        Later("How many hours can you give?"), [InputRequired(_HOW_MUCH), at_most(_NUMBER_MAX)]
    )


def needs() -> ResponseReturnValue:
    """What is asked for now, newest first; only one kind or one province where asked for."""
    kind, province = request.args.get("kind", ""), request.args.get("province", "")
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        provinces = session.scalars(select(Province).order_by(Province.code)).all()
        codes = {row.code: row.id for row in provinces}
        rows = open_needs(
            session,
            kind=NeedKind(kind) if kind in set(NeedKind) else None,
            province_id=codes.get(province),
            before_id=before_id,
            limit=_PAGE + 1,
        )
        older = ""
        if len(rows) > _PAGE:
            older = url_for("public.needs", kind=kind, province=province, before=rows[_PAGE - 1].id)
        is_english = spoken() == "en"
        return render_template(
            "public/needs.html",
            rows=[_shown(row) for row in rows[:_PAGE]],
            kinds={str(value): str(label) for value, label in KINDS.items()},
            provinces={row.code: row.name_en if is_english else row.name_fa for row in provinces},
            kind=kind,
            province=province,
            older_url=older,
        )


def offer_help(need_id: int) -> ResponseReturnValue:
    """Offer something for one need; the answer comes at once, with the tracking code."""
    with current.database.reading() as session:
        need = published_need(session, need_id)
        form = (GoodsOfferForm if need.kind is NeedKind.GOODS else HoursOfferForm)(request.form)
        form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
        if request.method == "GET" or not form.validate():
            return _offer_page(need, form, status=422 if form.errors else 200)
    if form.website.data:
        return redirect(url_for("public.needs"), 303)
    try:
        with current.database.writing() as session:
            count_gift_within(session)
            pledge = _offered(session, need, form)
    except NotFound:
        raise
    except Refusal as refusal:
        field = form.mobile if refusal.field == "mobile" else form.quantity
        field.errors = (*field.errors, explain(refusal))
        return _offer_page(need, form, status=refusal.http_status)
    address = url_for("public.follow", tracking_code=pledge.tracking_code, key=pledge.view_key)
    return redirect(address, 303)


def _offered(session: Session, need: Need, form: OfferForm) -> Pledge:
    donor = DonorFacts(name=form.name.data or None, mobile=form.mobile.value)
    if need.kind is NeedKind.HOURS:
        return offer_hours(
            session,
            need.id,
            form.quantity.value or 0,
            donor=donor,
            channel=Channel.WEBSITE,
            language=spoken(),
            request_key=_key(need, form),
            now=current.now(),
        )
    answer = offer_goods(
        session,
        need.id,
        form.quantity.value or 0,
        donor=donor,
        channel=Channel.WEBSITE,
        language=spoken(),
        request_key=_key(need, form),
        now=current.now(),
    )
    return answer.pledge


def _key(need: Need, form: OfferForm) -> str:
    """The same form with the same answers is one offer; a guessed key alone opens nobody's."""
    said = (form.request_key.data, need.id, form.quantity.data, form.name.data, form.mobile.data)
    return f"need:{hashlib.sha256(repr(said).encode()).hexdigest()[:60]}"


def _shown(need: Need) -> dict[str, object]:
    """A need as the page shows it."""
    province = need.office.province
    return {
        "id": need.id,
        "title": need.title,
        "details": need.details or "",
        "fund": name_of(need.fund),
        "office": name_of(need.office),
        "province": name_of(province) if province else "",
        "open_thousandths": need.open_thousandths,
        "unit": need.unit or _("hours"),
        "kind": str(KINDS[need.kind]),
        "needs_licence": need.licence_kind is not None,
    }


def _offer_page(need: Need, form: OfferForm, *, status: int) -> ResponseReturnValue:
    page = render_template("public/offer.html", need=_shown(need), form=form)
    return page, status
