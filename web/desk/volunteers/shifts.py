"""The schedule at the desk: the shifts of a week or month, and what became of each."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.jalali import UnreadableDate, parse_jalali
from core.refusals import NotFound, Refusal
from core.words import _
from donations.models.shift import Outcome, Shift
from donations.volunteers.schedule import shift_in, shifts_between
from flows.volunteers import cancel_planned, confirm_hours, correct_hours, served_of
from web.desk.here import named
from web.desk.volunteers.forms import (
    OUTCOMES,
    CorrectionForm,
    OutcomeForm,
    ReasonForm,
    beside,
    clock,
)
from web.fields import SpokenForm
from web.filters import digits
from web.refusals import explain
from web.services import current
from web.sign_in.guard import the_person
from web.volunteer_forms import WEEKDAYS, skill_name

_SPANS = (7, 31)  # days of the week's and the month's list


def shifts() -> ResponseReturnValue:
    """The shifts of a week or a month at one's offices, day by day."""
    span = request.args.get("days", _SPANS[0], type=int)
    span = span if span in _SPANS else _SPANS[0]
    first = _asked_day(tehran_date(current.now()))
    with current.database.reading() as session:
        rows = shifts_between(session, the_person().scope, first, first + timedelta(days=span - 1))
        by_day: dict[date, list[Shift]] = {}
        for row in rows:
            by_day.setdefault(row.day, []).append(row)
        return render_template(
            "desk/volunteers/shifts.html",
            days=by_day,
            first=first,
            span=span,
            before=first - timedelta(days=span),
            after=first + timedelta(days=span),
            weekdays=WEEKDAYS,
            outcomes=OUTCOMES,
            clock=clock,
            named=named,
            skill_name=skill_name,
        )


def shift(shift_id: int) -> ResponseReturnValue:
    """One shift: confirm it for the centre, cancel it, or correct what was told of it."""
    who = the_person()
    wants = request.form.get("do", "") if request.method == "POST" else ""
    with current.database.reading() as session:
        shift_in(session, who.scope, shift_id)
    confirm = OutcomeForm(request.form if wants == "confirm" else None)
    cancel = ReasonForm(request.form if wants == "cancel" else None)
    correct = CorrectionForm(request.form if wants == "correct" else None)
    acts: Mapping[str, tuple[SpokenForm, str, Callable[[], str]]] = {
        "confirm": (confirm, "hours", lambda: _confirmed(shift_id, confirm)),
        "cancel": (cancel, "reason", lambda: _cancelled(shift_id, cancel)),
        "correct": (correct, "reason", lambda: _corrected(shift_id, correct)),
    }
    if wants in acts and acts[wants][0].validate():
        form, otherwise, act = acts[wants]
        try:
            said = act()
        except NotFound:
            raise
        except Refusal as refusal:
            field = beside(form, refusal, otherwise)
            field.errors = (*field.errors, explain(refusal))
        else:
            flash(said, "success")
            return redirect(url_for("desk.shift", shift_id=shift_id), 303)
    with current.database.reading() as session:
        page = _page(session, shift_id, confirm, cancel, correct)
    return page, 422 if request.method == "POST" else 200


def _page(
    session: Session,
    shift_id: int,
    confirm: OutcomeForm,
    cancel: ReasonForm,
    correct: CorrectionForm,
) -> str:
    row = shift_in(session, the_person().scope, shift_id)
    if not confirm.errors:
        confirm.hours.data = digits((row.end_minute - row.start_minute) // 60)
    if row.outcome is not None and not correct.errors:
        correct.hours.data = digits(row.hours)
        correct.outcome.data = row.outcome.outcome if row.hours else Outcome.ABSENT
    return render_template(
        "desk/volunteers/shift.html",
        row=row,
        served=served_of(session, row.pledge_item_id),
        confirm=confirm,
        cancel=cancel,
        correct=correct,
        is_ahead=row.day > tehran_date(current.now()),
        outcomes=OUTCOMES,
        weekdays=WEEKDAYS,
        clock=clock,
        named=named,
        skill_name=skill_name,
    )


def _confirmed(shift_id: int, form: OutcomeForm) -> str:
    who, outcome = the_person(), Outcome(form.outcome.data)
    with current.database.writing() as session:
        receipt = confirm_hours(
            session,
            who.scope,
            shift_id,
            outcome,
            hours=_hours_of(form),
            remark=form.remark.data or "",
            staff_id=who.staff_member_id,
            now=current.now(),
        )
    if receipt is None:
        return _("It is confirmed.")
    return _("It is confirmed. All that was promised is served; the receipt is issued.")


def _corrected(shift_id: int, form: CorrectionForm) -> str:
    who = the_person()
    with current.database.writing() as session:
        receipt = correct_hours(
            session,
            who.scope,
            shift_id,
            Outcome(form.outcome.data),
            hours=_hours_of(form),
            reason=form.reason.data or "",
            staff_id=who.staff_member_id,
            now=current.now(),
        )
    if receipt is None:
        return _("It is corrected.")
    return _("It is corrected. All that was promised is served; the receipt is issued.")


def _hours_of(form: OutcomeForm) -> int:
    return 0 if form.outcome.data == Outcome.ABSENT else form.hours.value or 0


def _cancelled(shift_id: int, form: ReasonForm) -> str:
    who = the_person()
    with current.database.writing() as session:
        receipt = cancel_planned(
            session,
            who.scope,
            shift_id,
            reason=form.reason.data or "",
            staff_id=who.staff_member_id,
            now=current.now(),
        )
    if receipt is None:
        return _("The shift is cancelled; its time is free again.")
    return _("The shift is cancelled. All that was promised is served; the receipt is issued.")


def _asked_day(today: date) -> date:
    try:
        return parse_jalali(request.args.get("from", ""))
    except UnreadableDate:
        return today
