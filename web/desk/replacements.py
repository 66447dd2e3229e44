"""Replacing a receipt that says something wrong: asked at a desk, decided by a second person."""

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.models.desk import Decision
from donations.pledging import NAME_MAX, TEXT_MAX
from donations.voiding import REASON_MAX
from flows.entries import Entry, entries_of, pledge_in
from flows.replacing import replace_receipt
from offices.staff import StaffMember
from receipts.life.freezing import facts_of
from receipts.life.replacements import Corrections, ReplacementRequest
from receipts.life.replacing import (
    ask_for_replacement,
    decline_replacement,
    item_words,
    replacement_in,
)
from web.desk.voids import DecisionForm
from web.fields import SpokenForm, at_most, printed
from web.filters import digits
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code, is_decided

_ITEM = "item-"


class ReplacementForm(SpokenForm):
    """What the new receipt should say; the words of the items are fields of their own."""

    donor_name = StringField(Later("Name on the receipt"), [at_most(NAME_MAX), printed])
    reason = TextAreaField(
        Later("What is wrong with it?"),
        [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)],
    )


def replace(tracking_code: str, receipt_id: int) -> ResponseReturnValue:
    """Ask that a receipt be replaced; another person decides."""
    form, who = ReplacementForm(request.form), the_person()
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                ask_for_replacement(
                    session,
                    who.scope,
                    receipt_id,
                    Corrections(form.donor_name.data or "", _items_typed()),
                    reason=form.reason.data or "",
                    asked_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, refusal.field or "reason", refusal)
        else:
            return redirect(url_for("desk.entry", tracking_code=tracking_code), 303)
    with current.database.reading() as session:
        pledge = pledge_in(session, who.scope, tracking_code)
        found = _entry(entries_of(session, who.scope, pledge.id), receipt_id)
        if request.method == "GET":
            form.donor_name.data = facts_of(found.receipt).donor_name
        page = render_template(
            "desk/replace.html",
            entry=found,
            form=form,
            items=[(item, item_words(item)) for item in found.items if item_words(item)],
            typed=_items_typed(),
            item_prefix=_ITEM,
            longest=TEXT_MAX,
        )
        return page, 422 if form.errors else 200


def replacement(request_id: int) -> ResponseReturnValue:
    """One request: what the receipt says and what it should say; approve or decline it."""
    who = the_person()
    form = DecisionForm(request.form)
    if is_decided(form, lambda: _decide(who, form, request_id)):
        return redirect(url_for("desk.voids"), 303)
    with current.database.reading() as session:
        row = replacement_in(session, who.scope, request_id)
        page = render_template(
            "desk/replacement.html",
            row=row,
            facts=facts_of(row.receipt),
            corrections=_told(row),
            asked_by=session.get_one(StaffMember, row.asked_by_id).name,
            is_mine=row.asked_by_id == who.staff_member_id,
            is_open=row.decision is None and row.expires_at > current.now(),
            needs_code=not who.is_stepped_up,
            form=form,
        )
        return page, 422 if form.errors else 200


def _decide(who: SignedIn, form: DecisionForm, request_id: int) -> None:
    now, by = current.now(), who.staff_member_id
    if Decision(form.decision.data or "") is Decision.DECLINED:
        with current.database.writing() as session:
            decline_replacement(session, who.scope, request_id, decided_by_id=by, now=now)
        flash(_("The request was declined; the receipt stands."), "success")
        return
    demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        successor = replace_receipt(session, who.scope, request_id, decided_by_id=by, now=now)
        number = successor.number
    flash(
        _("The receipt is void; number %(number)s replaces it.") % {"number": digits(number)},
        "success",
    )


def _items_typed() -> dict[int, str]:
    return {
        int(name.removeprefix(_ITEM)): words[:TEXT_MAX]
        for name, words in request.form.items()
        if name.startswith(_ITEM) and name.removeprefix(_ITEM).isdecimal()
    }


def _entry(entries: Sequence[Entry], receipt_id: int) -> Entry:
    for found in entries:
        if found.receipt.id == receipt_id:
            return found
    raise NotFound(subject="receipt")


def _told(row: ReplacementRequest) -> list[str]:
    corrections = Corrections.from_json(row.corrections)
    return [text for text in (corrections.donor_name, *corrections.items.values()) if text]
