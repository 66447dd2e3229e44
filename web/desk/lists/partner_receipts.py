"""Receipts of partner centres: recording a leaf of a centre's own book, and reversing one."""

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.jalali import jalali_plain
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.models.pledge import ItemKind
from donations.partner_receipts import (
    NUMBER_MAX,
    REASON_MAX,
    PartnerGift,
    latest_partner_receipts,
    partner_offices,
    partner_receipt_in,
    record_partner_receipt,
    reverse_partner_receipt,
)
from donations.pledging import TEXT_MAX
from flows.lists.columns import ListKind
from offices.granting import Permission
from offices.staff import StaffMember
from web.desk.here import fund_choices, named
from web.desk.lists.uploading import handed_in_list, list_template
from web.fields import DayField, HoursField, QuantityField, RialField, SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_PAGE = 50
KINDS: Mapping[ItemKind, Later] = {
    ItemKind.CASH: Later("Cash"),
    ItemKind.GOODS: Later("Goods"),
    ItemKind.SERVICE: Later("Hours of service"),
}


class PartnerReceiptForm(SpokenForm):
    """One leaf of a centre's book."""

    office = SelectField(Later("Partner centre"), validate_choice=False)
    number = StringField(
        Later("Number in the centre's book"),
        [InputRequired(Later("Write the number of the receipt.")), at_most(NUMBER_MAX)],
    )
    received_on = DayField(Later("Day"))
    kind = RadioField(Later("Kind"), default=ItemKind.CASH)
    amount_rial = RialField(Later("Amount"))
    description = StringField(Later("What it is"), [at_most(TEXT_MAX)])
    quantity = QuantityField(Later("Quantity"))
    unit = StringField(Later("Unit"), [at_most(TEXT_MAX)])
    hours = HoursField(Later("Hours"))
    fund = SelectField(Later("Purpose"), validate_choice=False)

    def gift(self) -> PartnerGift:
        """What was typed; today, where no day was."""
        return PartnerGift(
            office=self.office.data or "",
            number=self.number.data or "",
            received_on=self.received_on.value or tehran_date(current.now()),
            kind=ItemKind(self.kind.data or ""),
            fund=self.fund.data or None,
            amount_rial=self.amount_rial.value,
            description=self.description.data or None,
            quantity_thousandths=self.quantity.value,
            unit=self.unit.data or None,
            hours=self.hours.value,
        )


class ReversalForm(SpokenForm):
    """Why a leaf does not stand."""

    reason = TextAreaField(Later("Reason"), [at_most(REASON_MAX)])


def partner_receipts() -> ResponseReturnValue:
    """The leaves that were recorded, and a form for one more."""
    who = the_person()
    form = PartnerReceiptForm(request.form)
    with current.database.reading() as session:
        _offer(session, form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                _row, is_new = record_partner_receipt(
                    session,
                    who.scope,
                    form.gift(),
                    recorded_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            name = str(refusal.details.get("field") or refusal.field or "number")
            put_beside(form, name if name in form else "number", refusal)
        else:
            said = _("The receipt is recorded.") if is_new else _("It was recorded before.")
            flash(said, "success")
            return redirect(url_for("desk.partner_receipts"), 303)
    form.received_on.data = form.received_on.data or jalali_plain(tehran_date(current.now()))
    with current.database.reading() as session:
        before_id = request.args.get("before", type=int)
        rows = latest_partner_receipts(session, who.scope, before_id=before_id, limit=_PAGE + 1)
        older = url_for("desk.partner_receipts", before=rows[_PAGE - 1].id) if rows[_PAGE:] else ""
        page = render_template(
            "desk/lists/partner_receipts.html",
            form=form,
            rows=rows[:_PAGE],
            older_url=older,
            named=named,
            kinds=KINDS,
            may_record=Permission.WORK_AT_DESK in who.permissions and bool(form.office.choices),
        )
        return page, 422 if form.errors else 200


def partner_receipt(partner_receipt_id: int) -> ResponseReturnValue:
    """One leaf; reverse it."""
    who = the_person()
    form = ReversalForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                reverse_partner_receipt(
                    session,
                    who.scope,
                    partner_receipt_id,
                    reason=form.reason.data or "",
                    by_id=who.staff_member_id,
                    now=current.now(),
                )
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_("The receipt does not stand any more."), "success")
            return redirect(url_for("desk.partner_receipts"), 303)
    with current.database.reading() as session:
        row = partner_receipt_in(session, who.scope, partner_receipt_id)
        page = render_template(
            "desk/lists/partner_receipt.html",
            row=row,
            form=form,
            named=named,
            kinds=KINDS,
            recorded_by=session.get_one(StaffMember, row.recorded_by_id).name,
            may_reverse=Permission.WORK_AT_DESK in who.permissions,
        )
        return page, 422 if form.errors else 200


def partner_receipts_upload() -> ResponseReturnValue:
    """Hand in many leaves as a table."""
    return handed_in_list(
        ListKind.PARTNER_RECEIPTS,
        done_url=url_for("desk.partner_receipts"),
        template_url=url_for("desk.partner_receipts_template"),
    )


def partner_receipts_template() -> ResponseReturnValue:
    """The empty table."""
    return list_template(ListKind.PARTNER_RECEIPTS)


def _offer(session: Session, form: PartnerReceiptForm) -> None:
    scope = the_person().scope
    form.office.choices = [(row.code, named(row)) for row in partner_offices(session, scope)]
    form.kind.choices = [(kind, str(words)) for kind, words in KINDS.items()]
    form.fund.choices = {
        group: list(funds.items()) for group, funds in fund_choices(session).items()
    }
