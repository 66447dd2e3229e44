"""Settling by hand: choosing what a line pays out, with the arithmetic beside it."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField

from core.refusals import NotFound, Refusal
from core.words import Later, _
from flows.settling_by_hand import settle_by_hand
from reconciliation.differences import compare, reports_of_line
from reconciliation.expected import ExpectedRefund
from reconciliation.found import LostRace
from reconciliation.lines import StatementLine
from reconciliation.matches import DifferenceKind
from reconciliation.reviewing import is_open, standing_line
from reconciliation.settling_by_hand import (
    NOTE_MAX,
    Named,
    NothingChosen,
    Owed,
    arithmetic,
    batches_for_line,
    owed_in_batch,
)
from web.fields import RialField, SpokenForm, at_most
from web.filters import digits, number
from web.finance.reports import WHY
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_BATCHES_SHOWN = 20
_PAYMENTS_SHOWN = 2_000
KEPT, BEYOND = "kept", "beyond"
_SIDES = {KEPT: Later("kept more"), BEYOND: Later("kept less")}
KINDS = {
    DifferenceKind.ROUNDING: Later("rounding"),
    DifferenceKind.FEE: Later("another fee"),
    DifferenceKind.REFUND: Later("a refund"),
    DifferenceKind.OTHER: Later("other"),
}


class Place(NamedTuple):
    """A batch in an address."""

    terminal_id: int
    day: date
    cut_off: int


class SettleForm(SpokenForm):
    """The differences of a settlement by hand; the payments are ticked beside it."""

    fee = RialField(Later("The fee differs from the terms by"))
    fee_side = SelectField(
        Later("The bank"),
        choices=dict(_SIDES),
        default=KEPT,
    )
    refund = SelectField(Later("A refund was kept back"), choices={"": ""}, default="")
    other = RialField(Later("Another difference"))
    other_side = SelectField(
        Later("The bank"),
        choices=dict(_SIDES),
        default=KEPT,
    )
    note = StringField(Later("What the other difference is"), [at_most(NOTE_MAX)])


def settle_line(line_id: int) -> ResponseReturnValue:
    """What an open line may pay out: batches to choose from, and what the reports say."""
    with current.database.reading() as session:
        line = _open_line(session, line_id)
        return render_template(
            "finance/settle.html",
            line=line,
            batches=batches_for_line(session, line, limit=_BATCHES_SHOWN),
            comparisons=[
                compare(session, report, line_rial=line.amount_rial)
                for report in reports_of_line(session, line)
            ],
            why=WHY,
        )


def settle_batch(line_id: int, terminal_id: int, day: str, cut_off: int) -> ResponseReturnValue:
    """Settle a line with the payments of one batch; sending shows the arithmetic or settles."""
    place = _place(terminal_id, day, cut_off)
    form = SettleForm(request.form)
    with current.database.reading() as session:
        line = _open_line(session, line_id)
        owed = owed_in_batch(session, *place)
        form.refund.choices = _refunds(session, line)
    chosen = owed
    if request.method == "POST":
        ticked = set(request.form.getlist("payment"))
        chosen = [each for each in owed if each.key in ticked]
        if form.validate() and "settle" in request.form:
            try:
                _settle(line_id, place, chosen, _named(form))
            except LostRace:
                put_beside(form, "fee", NothingChosen())
            except Refusal as refusal:
                put_beside(form, "note" if refusal.field == "note" else "fee", refusal)
            else:
                flash(_("The line is explained and booked."), "success")
                return redirect(url_for("finance.line", line_id=line_id), 303)
    page = render_template(
        "finance/settle_batch.html",
        line=line,
        place=place,
        owed=owed[:_PAYMENTS_SHOWN],
        chosen={each.key for each in chosen},
        sums=arithmetic(chosen, [] if form.errors else _named(form), line_rial=line.amount_rial),
        form=form,
    )
    return page, 422 if form.errors else 200


def _settle(line_id: int, place: Place, chosen: Sequence[Owed], named: Sequence[Named]) -> None:
    with current.database.writing() as session:
        standing_line(session, line_id)
        settle_by_hand(
            session,
            line_id,
            place.terminal_id,
            chosen,
            named,
            made_by_id=the_person().staff_member_id,
            now=current.now(),
        )


def _named(form: SettleForm) -> list[Named]:
    """The differences of a form, each by its kind and with its sign."""
    named = []
    for kind, amount, side, note in (
        (DifferenceKind.FEE, form.fee, form.fee_side, ""),
        (DifferenceKind.OTHER, form.other, form.other_side, form.note.data or ""),
    ):
        if amount.value:
            sign = 1 if side.data != BEYOND else -1
            named.append(Named(kind, sign * amount.value, note))
    if form.refund.data:
        request_id, _slash, amount_rial = form.refund.data.partition("/")
        named.append(Named(DifferenceKind.REFUND, int(amount_rial), "", int(request_id)))
    return named


def _refunds(session: Session, line: StatementLine) -> dict[str, str]:
    awaited = session.scalars(
        select(ExpectedRefund)
        .where(ExpectedRefund.bank_account_id == line.bank_account_id)
        .order_by(ExpectedRefund.request_id)
        .limit(_BATCHES_SHOWN)
    )
    return {
        "": _("none"),
        **{
            f"{each.request_id}/{each.amount_rial}": _("%(number)s of %(amount)s rial")
            % {"number": digits(each.request_id), "amount": number(each.amount_rial)}
            for each in awaited
        },
    }


def _open_line(session: Session, line_id: int) -> StatementLine:
    line = standing_line(session, line_id)
    if line.amount_rial < 0 or not is_open(session, line_id):
        raise NotFound(subject="statement_line")
    return line


def _place(terminal_id: int, day: str, cut_off: int) -> Place:
    try:
        return Place(terminal_id, date.fromisoformat(day), cut_off)
    except ValueError as error:
        raise NotFound(subject="batch") from error
