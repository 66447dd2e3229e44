"""Looking at goods on the counter: what the clerk sees goes in, what the rules say comes out."""

import secrets
from typing import cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField

from core.refusals import NotFound, Refusal
from core.words import Later, _, spoken
from donations.accepting import GoodsFound
from donations.goods.words import inspection_told
from donations.models.pledge import ItemKind, PledgeItem
from flows.desk import promised_to
from flows.goods import Looked, look_at_goods
from web.desk.found_form import (
    GoodsFoundFields,
    blame_goods,
    choose_needed,
    goods_found,
    goods_found_in,
)
from web.desk.here import own_office
from web.fields import QuantityField, SpokenForm, at_most
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

_KEY_MAX = 40
_ITEM = "item"


class LookForm(SpokenForm):
    """How much came and how it was found."""

    request_key = HiddenField(validators=[at_most(_KEY_MAX)])
    quantity = QuantityField(Later("Quantity that came"))

    found: GoodsFoundFields

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal beside the field it is about."""
        if blame_goods(self, _ITEM, refusal):
            return
        self.quantity.errors = (*self.quantity.errors, explain(refusal))


def look(tracking_code: str, goods_id: int) -> ResponseReturnValue:
    """The form for one kind of goods; the rules decide when it is sent."""
    with current.database.reading() as session:
        item = _item(session, tracking_code, goods_id)
        form = _form()
        choose_needed(session, form.found, item.id)
        if request.method == "GET":
            return _page(form, item, tracking_code)
        if not (form.validate() and _is_whole(form)):
            return _page(form, item, tracking_code, status=422)
    try:
        looked = _looked(form, tracking_code, goods_id)
    except NotFound:
        raise
    except Refusal as refusal:
        form.refuse(refusal)
        return _page(form, item, tracking_code, status=refusal.http_status)
    return redirect(_next_page(looked, tracking_code), 303)


def _form() -> LookForm:
    made = type("LookFormOfGoods", (LookForm,), goods_found(_ITEM))
    form = cast("LookForm", made(request.form))
    form.found = goods_found_in(form, _ITEM)
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    return form


def _is_whole(form: LookForm) -> bool:
    if not form.found.condition.data:
        form.found.condition.errors = (
            *form.found.condition.errors,
            _("Choose the condition."),
        )
        return False
    return form.found.is_whole()


def _looked(form: LookForm, tracking_code: str, item_id: int) -> Looked:
    """What the rules said, put into the words of the page while the rows are at hand."""
    who = the_person()
    with current.database.writing() as session:
        looked = look_at_goods(
            session,
            who.scope,
            tracking_code,
            item_id,
            cast("GoodsFound", form.found.read()),
            thousandths=form.quantity.value,
            office_id=own_office(session, who).id,
            staff_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )
        if looked.refusal is not None:
            flash(inspection_told(looked.refusal).told(spoken()), "error")
        elif looked.valuation is not None:
            flash(
                _("The assessed value is beyond the limit: a second person has to decide on it."),
                "info",
            )
        return looked


def _next_page(looked: Looked, tracking_code: str) -> str:
    if looked.receipt is not None:
        return url_for("desk.saved", tracking_code=tracking_code)
    return url_for("desk.goods_of", tracking_code=tracking_code)


def _item(session: Session, tracking_code: str, item_id: int) -> PledgeItem:
    pledge = promised_to(session, the_person().scope, tracking_code)
    for item in pledge.items:
        if item.id == item_id and item.kind is ItemKind.GOODS:
            return item
    raise NotFound(subject="pledge_item")


def _page(
    form: LookForm, item: PledgeItem, tracking_code: str, *, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "desk/goods/look.html", form=form, item=item, tracking_code=tracking_code
    )
    return page, status
