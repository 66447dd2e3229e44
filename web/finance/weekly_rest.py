"""The weekly rest: on which weekdays banks rest, since when, and a form for a new one."""

from collections.abc import Iterable
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput

from core.words import Later, _
from offices.audit import note
from reconciliation.calendar import WeeklyRestUnusable, enter_weekly_rest, weekly_rests
from web.fields import DayField, SpokenForm
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

# As a week is written in Iran; Monday is 0.
WEEKDAYS = {
    5: Later("Saturday"),
    6: Later("Sunday"),
    0: Later("Monday"),
    1: Later("Tuesday"),
    2: Later("Wednesday"),
    3: Later("Thursday"),
    4: Later("Friday"),
}


class WeekdaysField(SelectMultipleField):
    """Boxes to tick, one for each weekday."""

    option_widget = CheckboxInput()


class WeeklyRestForm(SpokenForm):
    """The weekdays on which banks rest from a day on."""

    valid_from = DayField(
        Later("Holds from"), [InputRequired(Later("Write the day, for example 1405/07/21."))]
    )
    weekdays = WeekdaysField(
        Later("Banks rest on"), choices={str(at): name for at, name in WEEKDAYS.items()}, coerce=int
    )


def weekly_rest() -> ResponseReturnValue:
    """What held and holds, and the form; entering one is of those who work in finance."""
    if request.method == "GET":
        return _page(WeeklyRestForm())
    form = WeeklyRestForm(request.form)
    if form.validate() and form.valid_from.value is not None:
        try:
            with current.database.writing() as session:
                _enter(session, form.valid_from.value, form.weekdays.data or ())
        except WeeklyRestUnusable as refusal:
            put_beside(form, "weekdays", refusal)
        else:
            flash(_("The weekly rest is entered; the next run counts by it."), "success")
            return redirect(url_for("finance.weekly_rest"), 303)
    return _page(form), 422


def _enter(session: Session, valid_from: date, weekdays: Iterable[int]) -> None:
    chosen = sorted(weekdays)
    enter_weekly_rest(session, valid_from, chosen)
    note(
        session, "calendar.weekly_rest", subject="weekly_rest", subject_id=None, now=current.now(),
        actor_id=the_person().staff_member_id,
        valid_from=valid_from.isoformat(), weekdays=chosen,
    )  # fmt: skip


def _page(form: WeeklyRestForm) -> str:
    with current.database.reading() as session:
        rests = weekly_rests(session)
    return render_template(
        "finance/weekly_rest.html",
        form=form,
        rests=[(day, [WEEKDAYS[at] for at in WEEKDAYS if at in days]) for day, days in rests[::-1]],
    )
