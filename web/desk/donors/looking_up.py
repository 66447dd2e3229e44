"""Looking a donor up, and the page of one: what is known, who may be the same, what was merged."""

from flask import render_template, request
from flask.typing import ResponseReturnValue
from wtforms import StringField

from core.digits import normalise
from core.identifiers import masked_mobile
from core.words import Later
from donations.merging import (
    donors_of_person,
    merges_of,
    perhaps_the_same,
    twins_of_latest,
    visible_donor,
)
from flows.donors import described, find_donors
from offices.granting import Permission
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.guard import the_person

_SHOWN = 50
_SEARCH_MAX = 200


class DonorSearch(SpokenForm):
    """What somebody is looked up by."""

    q = StringField(Later("Mobile, name or tracking code"), [at_most(_SEARCH_MAX)])


def donors() -> ResponseReturnValue:
    """Who was meant; without a search the pairs who may be one person."""
    who = the_person()
    search = DonorSearch(request.args)
    text = normalise(search.q.data or "") if search.validate() else ""
    may_merge = Permission.MERGE_DONORS in who.permissions
    with current.database.reading() as session:
        return render_template(
            "desk/donors/donors.html",
            search=search,
            text=text,
            rows=find_donors(session, who.scope, text, limit=_SHOWN) if text else [],
            twins=twins_of_latest(session, who.scope) if may_merge and not text else [],
            may_merge=may_merge,
            masked=masked_mobile,
        )


def donor(donor_id: int) -> ResponseReturnValue:
    """One donor, as far as the offices of this person know them."""
    who = the_person()
    with current.database.reading() as session:
        row = visible_donor(session, who.scope, donor_id)
        person = donors_of_person(session, row.id)
        known = described(session, who.scope, [row.id])
        return render_template(
            "desk/donors/donor.html",
            donor=row,
            known=known[0],
            merges=merges_of(session, who.scope, person),
            alike=perhaps_the_same(session, who.scope, row),
            may_merge=Permission.MERGE_DONORS in who.permissions,
            may_read=Permission.SEE_ENTRIES in who.permissions,
            masked=masked_mobile,
        )
