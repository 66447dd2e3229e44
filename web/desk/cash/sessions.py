"""One cashier's session: its report, its count, and a second person's decision on a difference."""

import secrets
from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import HiddenField, StringField

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from core.words import Later, _
from donations.custody.counting import (
    count_with,
    counts_of_session,
    open_count,
)
from donations.custody.denominations import denominations_on
from donations.custody.in_scope import session_in
from donations.models.cash_count import CashCount, Denomination
from donations.models.cashier import CashierSession
from donations.models.desk import Decision
from donations.voiding import REASON_MAX
from flows import custody
from flows.custody import decide_on_count, entries_of_session
from flows.emptyings import way_of_session
from ledger.postings import balance_rial
from offices.granting import Permission, scope_of
from offices.staff import StaffMember
from web.desk.cash.fields import note_fields, quantities, with_notes
from web.desk.here import named
from web.desk.voids import DecisionForm
from web.fields import SpokenForm, at_most
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code, is_decided

_KEY_MAX = 40


class CountForm(SpokenForm):
    """A count, note by note, and the reason of a difference."""

    reason = StringField(Later("Reason of the difference"), [at_most(REASON_MAX)])
    request_key = HiddenField(validators=[at_most(_KEY_MAX)])


def cashier_session(session_id: int) -> ResponseReturnValue:
    """The report of a session: what it began with, took, counted, and where its cash went."""
    who = the_person()
    with current.database.reading() as session:
        found = session_in(session, who.scope, session_id)
        counts = counts_of_session(session, session_id)
        return render_template(
            "desk/cash/session.html",
            session=found,
            office=named(found.office),
            expected_rial=balance_rial(session, found.account),
            counts=[(count, _people(session, count)) for count in counts],
            waiting=open_count(counts) if found.closing is None else None,
            entries=entries_of_session(session, who.scope, found),
            way_on=way_of_session(session, session_id),
            may_count=_may_count(session, who, found),
            may_decide=_may_decide(who, found, counts),
        )


def count_session(session_id: int) -> ResponseReturnValue:
    """Count a drawer; what differs needs a reason, and beyond the limit a second person."""
    who, now = the_person(), current.now()
    with current.database.reading() as session:
        found = session_in(session, who.scope, session_id)
        notes = denominations_on(session, tehran_date(now))
        may_count = _may_count(session, who, found)
    form = with_notes(CountForm, notes)(request.form)
    form["request_key"].data = form["request_key"].data or secrets.token_urlsafe(16)
    if request.method == "POST" and form.validate():
        try:
            count = _counted(form, notes, session_id)
        except NotFound:
            raise
        except Refusal as refusal:
            put_beside(form, "reason", refusal)
        else:
            flash(_told(count), "success")
            return redirect(url_for("desk.cashier_session", session_id=session_id), 303)
    page = render_template(
        "desk/cash/count.html",
        form=form,
        fields=note_fields(form, notes),
        notes=notes,
        session=found,
        may_count=may_count,
    )
    return page, 422 if form.errors else 200


def count_decision(count_id: int) -> ResponseReturnValue:
    """A count that differs: agree, which closes its session, or have it counted again."""
    who = the_person()
    form = DecisionForm(request.form)
    if is_decided(form, lambda: _decide(who, form, count_id)):
        return redirect(url_for("desk.cash"), 303)
    with current.database.reading() as session:
        count = count_with(session, count_id)
        found = session_in(session, who.scope, count.session_id or 0)
        counts = counts_of_session(session, found.id)
        page = render_template(
            "desk/cash/decision.html",
            session=found,
            office=named(found.office),
            count=next(each for each in counts if each.id == count_id),
            people=_people(session, count),
            may_decide=_may_decide(who, found, counts) and counts[0].id == count_id,
            needs_code=not who.is_stepped_up,
            form=form,
        )
        return page, 422 if form.errors else 200


def _counted(form: SpokenForm, notes: Sequence[Denomination], session_id: int) -> CashCount:
    who = the_person()
    with current.database.writing() as session:
        found = session_in(session, who.scope, session_id)
        return custody.count_session(
            session,
            who.scope,
            session_id,
            quantities(form, notes),
            reason=form["reason"].data or "",
            counted_by_id=who.staff_member_id,
            may_count_any=_decides_there(session, who, found),
            request_key=form["request_key"].data,
            now=current.now(),
        )


def _told(count: CashCount) -> str:
    with current.database.reading() as session:
        is_closed = session.get_one(CashierSession, count.session_id).closing is not None
    if is_closed:
        return _("The session is closed; its cash lies at the desk.")
    return _("The count is written down. A second person has to agree to the difference.")


def _decide(who: SignedIn, form: DecisionForm, count_id: int) -> None:
    decision = Decision(form.decision.data or "")
    if decision is Decision.APPROVED:
        demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        decide_on_count(
            session,
            who.scope,
            count_id,
            decision,
            decided_by_id=who.staff_member_id,
            now=current.now(),
        )
    if decision is Decision.APPROVED:
        flash(_("The session is closed; its cash lies at the desk."), "success")
    else:
        flash(_("The count was declined; the drawer has to be counted again."), "success")


def _may_count(session: Session, who: SignedIn, found: CashierSession) -> bool:
    is_theirs = found.cashier_id == who.staff_member_id
    return found.closing is None and (is_theirs or _decides_there(session, who, found))


def _decides_there(session: Session, who: SignedIn, found: CashierSession) -> bool:
    """Whether somebody decides on cash at the very office of a drawer, and not only elsewhere."""
    decides_at = scope_of(session, who.staff_member_id, Permission.APPROVE_CASH)
    return decides_at.covers(found.office_id)


def _may_decide(who: SignedIn, found: CashierSession, counts: Sequence[CashCount]) -> bool:
    count = open_count(counts)
    if count is None or found.closing is not None:
        return False
    concerned = {count.counted_by_id, found.cashier_id}
    return Permission.APPROVE_CASH in who.permissions and who.staff_member_id not in concerned


def _people(session: Session, count: CashCount) -> tuple[str, str]:
    """Who counted, and who decided."""
    decided_by_id = count.decision.decided_by_id if count.decision else None
    return (
        session.get_one(StaffMember, count.counted_by_id).name,
        session.get_one(StaffMember, decided_by_id).name if decided_by_id else "",
    )
