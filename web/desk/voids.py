"""Void requests: a second person looks at each and decides, with a fresh one-time code."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField
from wtforms.validators import AnyOf

from core.refusals import NotFound
from core.words import Later, _
from donations.in_scope import void_requests_in
from donations.models.desk import Decision, VoidRequest
from donations.voiding import decide_on_void, open_void_requests
from flows.desk import approve_void
from flows.entries import entry_of
from flows.slip_voids import round_of_gift
from offices.staff import StaffMember
from receipts.life.replacing import open_replacements
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code, is_decided

_CODE_MAX = 20


class DecisionForm(SpokenForm):
    """The decision on a void; the code is asked for where the last one is not fresh."""

    decision = HiddenField(validators=[AnyOf(list(Decision), Later("Not a valid choice."))])
    code = StringField(Later("One-time code"), [at_most(_CODE_MAX)])


def voids() -> ResponseReturnValue:
    """What waits for a decision in the offices of this person."""
    who = the_person()
    with current.database.reading() as session:
        rows = [
            (
                row,
                entry_of(session, who.scope, row.contribution_id),
                _name(session, row.asked_by_id),
            )
            for row in open_void_requests(session, who.scope, now=current.now())
        ]
        replacements = [
            (row, _name(session, row.asked_by_id))
            for row in open_replacements(session, who.scope, now=current.now())
        ]
        return render_template(
            "desk/voids.html", rows=rows, replacements=replacements, me=who.staff_member_id
        )


def void_request(request_id: int) -> ResponseReturnValue:
    """One request: what would be voided and why; approve or decline it."""
    who = the_person()
    form = DecisionForm(request.form)
    if is_decided(form, lambda: _decide(who, form, request_id)):
        return redirect(url_for("desk.voids"), 303)
    with current.database.reading() as session:
        row = _open_request(session, who, request_id)
        page = render_template(
            "desk/void_request.html",
            row=row,
            entry=entry_of(session, who.scope, row.contribution_id),
            asked_by=_name(session, row.asked_by_id),
            round=round_of_gift(session, row.contribution_id),
            is_mine=row.asked_by_id == who.staff_member_id,
            needs_code=not who.is_stepped_up,
            form=form,
        )
        return page, 422 if form.errors else 200


def _decide(who: SignedIn, form: DecisionForm, request_id: int) -> None:
    decision = Decision(form.decision.data or "")
    now = current.now()
    if decision is Decision.DECLINED:
        with current.database.writing() as session:
            decide_on_void(
                session, who.scope, request_id, decision, decided_by_id=who.staff_member_id, now=now
            )
        flash(_("The request was declined; the entry stands."), "success")
        return
    demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        approve_void(session, who.scope, request_id, decided_by_id=who.staff_member_id, now=now)
    flash(_("The entry is void and its receipt with it."), "success")


def _open_request(session: Session, who: SignedIn, request_id: int) -> VoidRequest:
    row = session.scalars(
        void_requests_in(who.scope).where(
            VoidRequest.id == request_id,
            VoidRequest.decision.is_(None),
            VoidRequest.expired_at.is_(None),
        )
    ).one_or_none()
    if row is None:
        raise NotFound(subject="void_request")
    return row


def _name(session: Session, staff_member_id: int) -> str:
    return session.get_one(StaffMember, staff_member_id).name
