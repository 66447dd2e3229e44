"""A donor's statement of a year: asked for in a gift's own view, opened by a link of its own."""

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound
from core.words import _
from donations.models.pledge import Pledge
from donations.tracking import pledge_with_code
from flows.delivering import send_statement
from offices.limits import TooManyTries
from receipts.documents.annual import annual_document
from receipts.pdf.writing import write_pdf
from receipts.public.annual_facts import annual_facts
from receipts.public.delivery import has_address, statement_link
from receipts.public.yearly import years_of
from receipts.seals.seal import read_seal
from web.public.limiting import count_verification
from web.public.looking_up import looked_up
from web.public.unlocking import is_opened
from web.refusals import explain
from web.services import current


def offered_years(session: Session, pledge: Pledge) -> list[int]:
    """The Jalali years a donor may have the statement of, for whoever opened the gift."""
    return years_of(session, pledge.donor_id) if has_address(pledge.donor) else []


def ask_statement(tracking_code: str) -> ResponseReturnValue:
    """Have the link sent to the telephone or mailbox the donor left; here it is not shown."""
    looked_up(tracking_code, lambda _session, pledge: _require_opened(pledge))
    try:
        with current.database.writing() as session:
            pledge = pledge_with_code(session, tracking_code)
            year = request.form.get("year", type=int)
            if year not in offered_years(session, pledge):
                raise NotFound(subject="statement")
            send_statement(session, pledge, year=year, now=current.now())
    except TooManyTries as refusal:
        flash(explain(refusal), "error")
    else:
        flash(_("The link to the statement is on its way to the number or address you left."))
    key = request.form.get("key") or None
    return redirect(url_for("public.follow", tracking_code=tracking_code, key=key), 303)


def statement(key: str) -> ResponseReturnValue:
    """The statement as a sealed PDF of today; a receipt voided meanwhile is not on it."""
    count_verification()
    now = current.now()
    with current.database.reading() as session:
        link = statement_link(session, key, now=now)
        facts = annual_facts(
            session,
            link.pledge.donor_id or 0,
            link.year,
            language=link.pledge.language,
            made_on=tehran_date(now),
        )
    pdf = write_pdf(*annual_document(facts), seal=read_seal(current.settings))
    name = f"statement-{facts.year}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(pdf, mimetype="application/pdf", headers=headers)


def _require_opened(pledge: Pledge) -> None:
    if not is_opened(pledge):
        raise NotFound(subject="statement")
