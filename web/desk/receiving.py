"""Receiving what was promised before: a visitor shows a code, the clerk ticks what came."""

from collections.abc import Callable, Mapping, Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, Field

from core.digits import digits_only
from core.identifiers import is_tracking_code
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.goods.valuing import ValueNeedsSecond
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from donations.paying import left_to_bank
from donations.tracking import PledgeState, payments_of, pledge_state
from flows.desk import Arrival, SeenBefore, promised_to, receive_promised, terminals_at
from flows.goods import receive_what_one_may_value
from web.desk.found_form import (
    GoodsFoundFields,
    HoursFoundFields,
    blame_goods,
    choose_needed,
    goods_found,
    goods_found_in,
    hours_found,
    hours_found_in,
)
from web.desk.here import own_office
from web.desk.tender_form import TenderForm
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person

_TYPED_MAX = 40
_MONEY_MAY_COME = (PledgeState.AT_THE_BANK, PledgeState.UNDER_REVIEW)


class ReceiveForm(TenderForm):
    """What of a promise lies on the counter: the money, and a tick for everything else."""

    with_cash = BooleanField(Later("The money is here"))

    ticks: Mapping[int, Field]
    found: Mapping[int, GoodsFoundFields | HoursFoundFields]

    @property
    def has_money(self) -> bool:
        """Whether the promised money was counted here."""
        return bool(self.with_cash.data)

    def item_ids(self, items: Sequence[PledgeItem]) -> list[int]:
        """Which of the items came."""
        return [
            item.id
            for item in items
            if (self.has_money if item.kind is ItemKind.CASH else self.ticks[item.id].data)
        ]


def receive_form() -> ResponseReturnValue:
    """Ask for the code; typed in any digits and with any separators."""
    typed = request.args.get("code", "").strip()[:_TYPED_MAX]
    code = digits_only(typed) or ""
    if not typed:
        return render_template("desk/receive_form.html", typed="", error="")
    if not is_tracking_code(code):
        error = _("A tracking code has thirteen digits and nothing else.")
        return render_template("desk/receive_form.html", typed=typed, error=error), 422
    return redirect(url_for("desk.receive", tracking_code=code), 303)


def receive(tracking_code: str) -> ResponseReturnValue:
    """What the code promises and is still open; receive what of it came, under one receipt."""
    with current.database.reading() as session:
        pledge = promised_to(session, the_person().scope, tracking_code)
        form = _form(session, pledge)
        if request.method == "GET":
            return _page(session, pledge, form)
        if not _is_whole(form, pledge):
            return _page(session, pledge, form), 422
    try:
        _received(form, pledge, receive_promised)
    except ValueNeedsSecond:
        return _wait_for_value(form, pledge)
    except NotFound:
        raise
    except Refusal as refusal:
        with current.database.reading() as session:
            is_seen = _blamed(form, refusal)
            return _page(session, pledge, form, is_seen=is_seen), refusal.http_status
    return redirect(url_for("desk.saved", tracking_code=pledge.tracking_code), 303)


def _form(session: Session, pledge: Pledge) -> ReceiveForm:
    # A tick for everything, also for what came meanwhile: the form may be sent a second time.
    others = [item for item in pledge.items if item.kind is not ItemKind.CASH]
    fields: dict[str, Field] = {}
    for item in others:
        fields[f"item{item.id}"] = BooleanField()
        makes = goods_found if item.kind is ItemKind.GOODS else hours_found
        fields |= makes(f"item{item.id}")
    form: ReceiveForm = type("ReceiveFormWithItems", (ReceiveForm,), fields)(request.form)
    form.ticks = {item.id: form[f"item{item.id}"] for item in others}
    form.found = {
        item.id: (goods_found_in if item.kind is ItemKind.GOODS else hours_found_in)(
            form, f"item{item.id}"
        )
        for item in others
    }
    for id_, row in form.found.items():
        if isinstance(row, GoodsFoundFields):
            choose_needed(session, row, id_)
    office = own_office(session, the_person())
    form.offer([row.name for row in terminals_at(session, office.id)])
    return form


def _is_whole(form: ReceiveForm, pledge: Pledge) -> bool:
    is_fine = form.validate() and form.money_is_whole()
    for id_, tick in form.ticks.items():
        is_fine &= not tick.data or form.found[id_].is_whole()
    if is_fine and not form.item_ids(pledge.items):
        form.form_errors = [_("Tick what was brought.")]
        return False
    return is_fine


def _wait_for_value(form: ReceiveForm, pledge: Pledge) -> ResponseReturnValue:
    """Receive what came without the goods that are worth more than one person may say."""
    try:
        _received(form, pledge, receive_what_one_may_value)
    except Refusal as refusal:
        with current.database.reading() as session:
            _blamed(form, refusal)
            return _page(session, pledge, form), refusal.http_status
    flash(_("The assessed value is beyond the limit: a second person has to decide on it."), "info")
    return redirect(url_for("desk.goods_of", tracking_code=pledge.tracking_code), 303)


def _received(form: ReceiveForm, pledge: Pledge, receive: Callable[..., object]) -> None:
    who = the_person()
    arrival = Arrival(
        pledge.tracking_code,
        form.item_ids(pledge.items),
        tender=form.tender_chosen,
        terminal=form.terminal_chosen,
        trace_number=form.trace_number_read,
        cheque_number=form.cheque_number_read,
        found={
            id_: told
            for id_, tick in form.ticks.items()
            if tick.data and (told := form.found[id_].read()) is not None
        },
        is_another=bool(form.is_another.data),
    )
    with current.database.writing() as session:
        receive(
            session,
            who.scope,
            arrival,
            office_id=own_office(session, who).id,
            staff_id=who.staff_member_id,
            request_key=form.request_key.data,
            now=current.now(),
        )


def _blamed(form: ReceiveForm, refusal: Refusal) -> bool:
    """Show the refusal where it belongs; whether a person may say that it is another gift."""
    name = str(refusal.details.get("field") or refusal.field or "")
    if "item" in refusal.details and blame_goods(form, f"item{refusal.details['item']}", refusal):
        return False
    if name in form:
        form[name].errors = (*form[name].errors, explain(refusal))
    else:
        form.form_errors = [explain(refusal)]
    return isinstance(refusal, SeenBefore)


def _page(session: Session, pledge: Pledge, form: ReceiveForm, *, is_seen: bool = False) -> str:
    promised = [item for item in pledge.items if item.state is ItemState.PROMISED]
    cash = [item for item in promised if item.kind is ItemKind.CASH]
    payments = payments_of(session, pledge.id)
    state = pledge_state(pledge, payments, left_to_bank=left_to_bank(session, payments))
    return render_template(
        "desk/receive.html",
        form=form,
        pledge=pledge,
        cash_rial=sum(item.amount_rial or 0 for item in cash),
        others=[
            (item, form.ticks[item.id], form.found[item.id])
            for item in promised
            if item.id in form.ticks
        ],
        money_may_come=state in _MONEY_MAY_COME,
        is_seen=is_seen,
    )
