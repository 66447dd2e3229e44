"""The first page of a desk: today's gifts, the drawer, and what was entered last."""

from flask import render_template
from flask.typing import ResponseReturnValue

from core.clock import tehran_date
from core.identifiers import masked_mobile
from donations.voiding import open_void_requests
from flows.desk import drawer, slips_with_state
from flows.entries import latest_entries, totals_of_day
from offices.scope import Scope
from receipts.life.replacing import open_replacements
from web.desk.here import named, own_office
from web.desk.tender_form import TENDERS
from web.services import current
from web.sign_in.guard import the_person

_LATEST = 10


def dashboard() -> ResponseReturnValue:
    """Show how the day stands at this desk."""
    who = the_person()
    now = current.now()
    today = tehran_date(now)
    with current.database.reading() as session:
        office = own_office(session, who)
        here = Scope(frozenset({office.id}))
        slips = slips_with_state(session, here, limit=_LATEST)
        return render_template(
            "desk/dashboard.html",
            office=named(office),
            today=today,
            totals=totals_of_day(session, here, today),
            tender_names=TENDERS,
            drawer=drawer(session, office),
            open_slips=[row for row, is_confirmed in slips if not is_confirmed],
            voids=len(open_void_requests(session, who.scope, now=now))
            + len(open_replacements(session, who.scope, now=now)),
            rows=latest_entries(session, who.scope, limit=_LATEST),
            masked=masked_mobile,
        )
