"""The donor of a walk-in gift, found again by mobile or name, and named on the form by a choice.

Of somebody chosen from a list the form shows the name and the masked mobile alone; what else is
known goes with the entry without passing through the browser.
"""

from dataclasses import replace

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from donations.models.donor import Donor
from donations.pledging import DonorFacts
from flows.donors import FoundDonor, described, find_donors
from web.desk.walk_in_form import WalkInForm
from web.services import current
from web.sign_in.guard import the_person

_LISTED = 5
_TYPED_MAX = 100
_SHORTEST = 3  # fewer letters name half a province
CHOOSE = "donor_"  # a button of the form: donor_12


def donors_like() -> ResponseReturnValue:
    """Whom the typed mobile or name may mean, as a list of buttons for the form."""
    typed = request.args.get("mobile") or request.args.get("name") or ""
    with current.database.reading() as session:
        return render_template("desk/_donors_like.html", likely=likely(session, typed))


def likely(session: Session, typed: str) -> list[FoundDonor]:
    """The donors of one's offices that are called like this, the one who gave last first."""
    typed = typed.strip()[:_TYPED_MAX]
    if len(typed) < _SHORTEST:
        return []
    return find_donors(session, the_person().scope, typed, _LISTED)


def choose(session: Session, form: WalkInForm, button: str) -> None:
    """Name on the form whom the clerk chose; nobody who may not be seen here."""
    chosen = _visible(session, button.removeprefix(CHOOSE))
    if chosen is not None:
        form.donor_id.data, form.name.data = str(chosen.id), chosen.name
        form.mobile.data = ""


def chosen(session: Session, form: WalkInForm) -> FoundDonor | None:
    """Whom the clerk chose before, to be shown beside the form."""
    return _visible(session, form.donor_id.data or "")


def with_what_is_known(session: Session, form: WalkInForm, typed: DonorFacts) -> DonorFacts:
    """What was typed, and beside it what is known of the donor who was chosen."""
    found = chosen(session, form)
    if found is None:
        return typed
    known = session.get_one(Donor, found.id)
    return replace(
        typed,
        name=typed.name or known.name,
        mobile=typed.mobile or known.mobile,
        email=typed.email or known.email,
        national_id=typed.national_id or known.national_id,
    )


def _visible(session: Session, id_: str) -> FoundDonor | None:
    if not (id_.isascii() and id_.isdigit() and len(id_) <= 15):
        return None
    return next(iter(described(session, the_person().scope, [int(id_)])), None)
