"""Runs of the rules: the list, one more run, and the undo of one; settlements they found."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.refusals import NotFound, Refusal
from core.words import _
from flows.asked_runs import RUN_RULES, run_or_ask
from flows.undoing import undo_run
from jobs.queue import is_asked_for
from offices.staff import StaffMember
from reconciliation.matches import ReconciliationRun
from reconciliation.reviewing import (
    is_at_work,
    runs_page,
    settlement_with_items,
    settlements_page,
    standing_in_run,
)
from reconciliation.settling_by_hand import differences_of
from web.filters import number
from web.finance.settlements import KINDS
from web.finance.statements import PAGE, ReasonForm
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person
from web.sign_in.stepping_up import demand_fresh_code


def runs() -> ResponseReturnValue:
    """Every run so far, and a button for one more."""
    if request.method == "POST":
        try:
            _run()
        except Refusal as refusal:
            flash(explain(refusal), "error")
        return redirect(url_for("finance.runs"), 303)
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        rows = runs_page(session, before_id=before_id, limit=PAGE + 1)
        names = {
            row.run.id: _name(session.get(StaffMember, row.run.started_by_id or 0)) for row in rows
        }
        older = url_for("finance.runs", before=rows[PAGE - 1].run.id) if len(rows) > PAGE else ""
        return render_template(
            "finance/runs.html",
            rows=rows[:PAGE],
            names=names,
            older_url=older,
            at_work=is_at_work(session) or is_asked_for(session, RUN_RULES),
        )


def undo_whole_run(run_id: int) -> ResponseReturnValue:
    """Undo everything of a run that still stands, with a reason."""
    who, form = the_person(), ReasonForm(request.form)
    if request.method == "POST" and form.validate():
        try:
            demand_fresh_code(who, form.code.data or "")
            undone = undo_run(
                current.database,
                run_id,
                reason=form.reason.data or "",
                undone_by_id=who.staff_member_id,
                now=current.now(),
            )
        except NotFound:
            raise
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            flash(_("%(count)s lines are open again.") % {"count": number(undone)}, "success")
            return redirect(url_for("finance.runs"), 303)
    with current.database.reading() as session:
        undoing = session.get(ReconciliationRun, run_id)
        if undoing is None:
            raise NotFound(subject="run")
        page = render_template(
            "finance/undo_run.html",
            form=form,
            run=undoing,
            standing_lines=standing_in_run(session, run_id),
            needs_code=not who.is_stepped_up,
        )
        return page, 422 if form.errors else 200


def settlements() -> ResponseReturnValue:
    """What terminals paid out, newest first."""
    before_id = request.args.get("before", type=int)
    with current.database.reading() as session:
        rows = settlements_page(session, before_id=before_id, limit=PAGE + 1)
        older = (
            url_for("finance.settlements", before=rows[PAGE - 1].settlement.id)
            if len(rows) > PAGE
            else ""
        )
        return render_template("finance/settlements.html", rows=rows[:PAGE], older_url=older)


def settlement(settlement_id: int) -> ResponseReturnValue:
    """One settlement: its payments, the fee of each, and the arithmetic."""
    with current.database.reading() as session:
        row, items = settlement_with_items(session, settlement_id)
        return render_template(
            "finance/settlement.html",
            row=row,
            items=items,
            differences=differences_of(session, settlement_id),
            kinds=KINDS,
        )


def _run() -> None:
    report = run_or_ask(
        current.database, started_by_id=the_person().staff_member_id, now=current.now()
    )
    if report is None:
        flash(_("Much is open: the worker runs the rules. This page shows how far it is."), "info")
        return
    flash(
        _("The run explained %(matched)s lines; %(open)s are open, %(suggested)s with suggestions.")
        % {
            "matched": number(report.matched),
            "open": number(report.open),
            "suggested": number(report.suggested),
        },
        "success",
    )


def _name(member: StaffMember | None) -> str:
    return member.name if member else ""
