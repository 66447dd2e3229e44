"""The entries of the offices somebody may see: the list, each one, its paper, asking for a void."""

from collections.abc import Sequence

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired

from core.identifiers import masked_mobile
from core.refusals import Refusal
from core.words import Later
from donations.models.desk import VoidRequest
from donations.models.pledge import Pledge
from donations.voiding import REASON_MAX, ask_for_void
from flows.entries import (
    PAGE,
    Entry,
    entries_of,
    entry_in,
    latest_entries,
    paper_numbers_of,
    pledge_in,
    remarks_of,
    void_requests_of,
)
from flows.slip_voids import round_of_gift
from offices.granting import Permission
from offices.staff import StaffMember
from receipts.life.drawing import shown_facts
from receipts.life.freezing import facts_of
from web.fields import SpokenForm, at_most
from web.public.documents import further_names, open_rial
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_SEARCH_MAX = 100


class SearchForm(SpokenForm):
    """What a list is searched for."""

    q = StringField(Later("Tracking code, receipt number, mobile or name"), [at_most(_SEARCH_MAX)])


class VoidForm(SpokenForm):
    """Why an entry should not stand."""

    reason = TextAreaField(
        Later("Reason"), [InputRequired(Later("Write the reason.")), at_most(REASON_MAX)]
    )


def entries() -> ResponseReturnValue:
    """One page of entries, newest first, narrowed by a search."""
    form = SearchForm(request.args)
    search = (form.q.data or "")[:_SEARCH_MAX]
    with current.database.reading() as session:
        rows = latest_entries(
            session,
            the_person().scope,
            search=search,
            before_id=request.args.get("before", type=int),
            limit=PAGE + 1,
        )
        older = (
            url_for("desk.entries", q=search or None, before=rows[PAGE - 1].contribution.id)
            if len(rows) > PAGE
            else ""
        )
        return render_template(
            "desk/entries.html",
            search=form,
            rows=rows[:PAGE],
            older_url=older,
            masked=masked_mobile,
        )


def entry(tracking_code: str) -> ResponseReturnValue:
    """Everything about one pledge that its office may see."""
    who, now = the_person(), current.now()
    with current.database.reading() as session:
        pledge = pledge_in(session, who.scope, tracking_code)
        received = entries_of(session, who.scope, pledge.id)
        requests = void_requests_of(session, pledge.id)
        return render_template(
            "desk/entry.html",
            pledge=pledge,
            received=received,
            requests=requests,
            is_asked=any(row.decision is None and row.expires_at > now for row in requests),
            now=now,
            names=_names(session, pledge, received, requests),
            remarks=remarks_of(session, received),
            paper_numbers=paper_numbers_of(session, received),
            further={
                row.receipt.id: further_names(shown_facts(session, row.receipt)) for row in received
            },
            open_rial=open_rial(pledge),
            may_ask=Permission.WORK_AT_DESK in who.permissions,
            masked=masked_mobile,
        )


def paper(tracking_code: str) -> ResponseReturnValue:
    """The receipt as a page to print, drawn from the same frozen facts as the PDF."""
    with current.database.reading() as session:
        found = entry_in(session, the_person().scope, tracking_code)
        facts = facts_of(found.receipt)
        return render_template("desk/paper.html", entry=found, facts=facts)


def void(tracking_code: str) -> ResponseReturnValue:
    """Ask that the latest entry of a code be voided; another person decides."""
    form = VoidForm(request.form)
    who = the_person()
    if request.method == "POST" and form.validate():
        try:
            with current.database.writing() as session:
                found = entry_in(session, who.scope, tracking_code)
                ask_for_void(
                    session,
                    who.scope,
                    found.contribution.id,
                    reason=form.reason.data or "",
                    asked_by_id=who.staff_member_id,
                    now=current.now(),
                )
        except Refusal as refusal:
            if refusal.http_status == 404:
                raise
            put_beside(form, "reason", refusal)
        else:
            return redirect(url_for("desk.entry", tracking_code=tracking_code), 303)
    with current.database.reading() as session:
        found = entry_in(session, who.scope, tracking_code)
        page = render_template(
            "desk/void.html",
            entry=found,
            form=form,
            round=round_of_gift(session, found.contribution.id),
        )
        return page, 422 if form.errors else 200


def _names(
    session: Session, pledge: Pledge, received: Sequence[Entry], requests: Sequence[VoidRequest]
) -> dict[int, str]:
    """The names of the staff on an entry, by id."""
    ids = {pledge.taken_by_id, *(row.contribution.recorded_by_id for row in received)}
    ids |= {person for row in requests for person in (row.asked_by_id, row.decided_by_id)}
    members = (session.get_one(StaffMember, id_) for id_ in sorted(i for i in ids if i is not None))
    return {member.id: member.name for member in members}
