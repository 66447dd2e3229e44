"""Values that wait for a second person, and the decision with a fresh one-time code."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.words import _
from donations.goods.valuing import open_valuations, valuation_in
from donations.models.desk import Decision
from donations.models.inspection import Valuation
from flows.goods import decide_on_goods
from offices.staff import StaffMember
from web.desk.found_form import BASES, CONDITIONS
from web.desk.voids import DecisionForm
from web.services import current
from web.sign_in.guard import SignedIn, the_person
from web.sign_in.stepping_up import demand_fresh_code, is_decided


def goods_values() -> ResponseReturnValue:
    """What waits for a second person in the offices of this one, oldest first."""
    who = the_person()
    with current.database.reading() as session:
        rows = [(row, _name(session, row)) for row in open_valuations(session, who.scope)]
        return render_template("desk/goods/values.html", rows=rows, me=who.staff_member_id)


def goods_value(valuation_id: int) -> ResponseReturnValue:
    """One value: what the goods are, who says so and why; approve or decline it."""
    who = the_person()
    form = DecisionForm(request.form)
    if is_decided(form, lambda: _decide(who, form, valuation_id)):
        return redirect(url_for("desk.goods_values"), 303)
    with current.database.reading() as session:
        row = valuation_in(session, who.scope, valuation_id)
        page = render_template(
            "desk/goods/value.html",
            row=row,
            asked_by=_name(session, row),
            condition=str(CONDITIONS[row.inspection.condition]),
            basis=str(BASES[row.basis]),
            is_mine=row.asked_by_id == who.staff_member_id,
            needs_code=not who.is_stepped_up,
            form=form,
        )
        return page, 422 if form.errors else 200


def _decide(who: SignedIn, form: DecisionForm, valuation_id: int) -> None:
    decision = Decision(form.decision.data or "")
    if decision is Decision.APPROVED:
        demand_fresh_code(who, form.code.data or "")
    with current.database.writing() as session:
        receipt = decide_on_goods(
            session,
            who.scope,
            valuation_id,
            decision,
            decided_by_id=who.staff_member_id,
            now=current.now(),
        )
    if receipt is None:
        flash(_("The value was declined; the goods wait to be looked at again."), "success")
        return
    flash(_("The goods are received and have their receipt."), "success")


def _name(session: Session, row: Valuation) -> str:
    return session.get_one(StaffMember, row.asked_by_id).name
