"""Having the link of a receipt sent to its donor once more."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from core.refusals import NotFound
from core.words import _
from flows.delivering import send_receipt_again
from flows.entries import entries_of, pledge_in
from offices.limits import TooManyTries
from receipts.public.delivery import NoAddress
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person


def send_link(tracking_code: str, receipt_id: int) -> ResponseReturnValue:
    """Send it by SMS and e-mail to the address the donor left; where to is not changed here."""
    who = the_person()
    try:
        with current.database.writing() as session:
            pledge = pledge_in(session, who.scope, tracking_code)
            found = entries_of(session, who.scope, pledge.id)
            receipt = next((row.receipt for row in found if row.receipt.id == receipt_id), None)
            if receipt is None:
                raise NotFound(subject="receipt")
            send_receipt_again(
                session, pledge, receipt, asked_by_id=who.staff_member_id, now=current.now()
            )
    except (NoAddress, TooManyTries) as refusal:
        flash(explain(refusal), "error")
    else:
        flash(_("The link of the receipt is on its way to the donor."), "success")
    return redirect(url_for("desk.entry", tracking_code=tracking_code), 303)
