"""A donor proposes when goods come or are fetched; only in the donor's own view."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from core.refusals import NotFound, Refusal
from core.words import _
from donations.tracking import pledge_with_code
from flows.appointments import propose_day
from web.appointment_form import AppointmentForm
from web.public.limiting import count_gift_within
from web.public.unlocking import is_opened
from web.refusals import explain
from web.services import current


def propose_appointment(tracking_code: str) -> ResponseReturnValue:
    """Write the proposal down and show the gift again. Raises NotFound in anybody else's view."""
    form = AppointmentForm(request.form)
    is_fine = form.validate()
    with current.database.reading() as session:
        pledge = pledge_with_code(session, tracking_code)
        if not is_opened(pledge):
            raise NotFound(subject="pledge")
    if is_fine:
        try:
            with current.database.writing() as session:
                count_gift_within(session)
                own = pledge_with_code(session, tracking_code)
                propose_day(session, own, form.meeting(), now=current.now())
            flash(_("Thank you. The office answers your proposal."), "success")
        except Refusal as refusal:
            flash(explain(refusal), "error")
    else:
        flash(" ".join(text for texts in form.errors.values() for text in texts), "error")
    key = request.args.get("key", "")
    return redirect(url_for("public.follow", tracking_code=tracking_code, key=key or None), 303)
