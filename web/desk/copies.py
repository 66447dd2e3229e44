"""Copies of a receipt printed at a desk: counted, each with its reason."""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import InputRequired

from core.refusals import NotFound, Refusal
from core.words import Later
from donations.in_scope import contribution_in
from offices.granting import Permission
from offices.scope import Scope
from offices.staff import StaffMember
from receipts.life.copies import REASON_MAX, ReceiptCopy, copy_pdf, make_copy
from receipts.life.numbering import number_in_address
from receipts.life.series import Receipt
from web.fields import SpokenForm, at_most
from web.public.papers import as_pdf
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person


class CopyForm(SpokenForm):
    """Why the receipt is printed once more."""

    reason = StringField(
        Later("Why is a copy needed?"),
        [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)],
    )


def copies(receipt_id: int) -> ResponseReturnValue:
    """The copies made of a receipt so far; make one more."""
    form, who = CopyForm(request.form), the_person()
    may_make = Permission.WORK_AT_DESK in who.permissions
    if request.method == "POST" and may_make and form.validate():
        try:
            with current.database.writing() as session:
                made = make_copy(
                    session,
                    _receipt(session, who.scope, receipt_id),
                    reason=form.reason.data or "",
                    made_by_id=who.staff_member_id,
                    now=current.now(),
                )
                return redirect(url_for("desk.copy_paper", copy_id=made.id), 303)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
    with current.database.reading() as session:
        receipt = _receipt(session, who.scope, receipt_id)
        page = render_template(
            "desk/copies.html",
            receipt=receipt,
            rows=session.execute(
                select(ReceiptCopy, StaffMember.name)
                .join(StaffMember, StaffMember.id == ReceiptCopy.made_by_id)
                .where(ReceiptCopy.receipt_id == receipt.id)
                .order_by(ReceiptCopy.number)
            ).all(),
            may_make=may_make,
            form=form,
        )
        return page, 422 if form.errors else 200


def copy_paper(copy_id: int) -> ResponseReturnValue:
    """A copy as a PDF, marked with its number."""
    with current.database.reading() as session:
        copy = session.get(ReceiptCopy, copy_id)
        if copy is None:
            raise NotFound(subject="receipt_copy")
        receipt = _receipt(session, the_person().scope, copy.receipt_id)
        name = f"{number_in_address(receipt.number)}-copy-{copy.number}"
        return as_pdf(copy_pdf(session, copy), name)


def _receipt(session: Session, scope: Scope, receipt_id: int) -> Receipt:
    """A receipt of the offices one may see. Raises NotFound."""
    receipt = session.get(Receipt, receipt_id)
    if receipt is None:
        raise NotFound(subject="receipt")
    contribution_in(session, scope, receipt.contribution_id)
    return receipt
