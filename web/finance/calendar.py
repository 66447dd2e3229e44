"""The calendar of working days: the holidays of a Jalali year, entered and taken back by people."""

from datetime import date, timedelta

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from persiantools.jdatetime import JalaliDate
from sqlalchemy.orm import Session
from wtforms import StringField
from wtforms.validators import InputRequired

from core.clock import tehran_date
from core.jalali import jalali_year
from core.refusals import Refusal
from core.words import Later, _
from offices.audit import note
from reconciliation.calendar import (
    HOLIDAY_NAME_MAX,
    Holiday,
    calendar_of,
    holidays_between,
    say_fixed_holidays,
    say_holiday,
)
from web.fields import DayField, SpokenForm, at_most
from web.filters import number
from web.services import current
from web.sign_in.forms import put_beside
from web.sign_in.guard import the_person

_YEARS = range(1400, 1500)


class HolidayForm(SpokenForm):
    """A day, and what is to be said of it."""

    day = DayField(Later("Day"), [InputRequired(Later("Write the day, for example 1405/07/21."))])
    name = StringField(
        Later("Name or reason"),
        [InputRequired(Later("Write what the day is.")), at_most(HOLIDAY_NAME_MAX)],
    )
    name_en = StringField(Later("Name in English"), [at_most(HOLIDAY_NAME_MAX)])


def calendar() -> ResponseReturnValue:
    """The holidays of a year, and a form for one more."""
    return _page(HolidayForm())


def add_holiday() -> ResponseReturnValue:
    """Say that a day is a holiday, or that it is none after all."""
    form = HolidayForm(request.form)
    if form.validate() and form.day.value is not None:
        try:
            with current.database.writing() as session:
                _say(session, form, form.day.value)
        except Refusal as refusal:
            put_beside(form, "name" if refusal.field == "name" else "day", refusal)
        else:
            flash(_("The calendar is changed; the next run counts by it."), "success")
            return redirect(_address(jalali_year(form.day.value)), 303)
    return _page(form), 422


def add_fixed_holidays() -> ResponseReturnValue:
    """Enter the holidays that the law fixes in the solar year."""
    year = _year()
    with current.database.writing() as session:
        entered = say_fixed_holidays(
            session, [year], entered_by_id=the_person().staff_member_id, now=current.now()
        )
    flash(_("%(count)s holidays were entered.") % {"count": number(entered)}, "success")
    return redirect(_address(year), 303)


def _say(session: Session, form: HolidayForm, day: date) -> None:
    who, now = the_person().staff_member_id, current.now()
    holiday = say_holiday(
        session,
        day,
        form.name.data or "",
        form.name_en.data or "",
        is_holiday=request.form.get("said") != "working",
        entered_by_id=who,
        now=now,
    )
    note(
        session, "calendar.say", subject="holiday", subject_id=holiday.id, now=now, actor_id=who,
        day=day.isoformat(), is_holiday=holiday.is_holiday,
    )  # fmt: skip


def _page(form: HolidayForm) -> str:
    year = _year()
    first = _first_day(year)
    last = _first_day(year + 1) - timedelta(days=1)
    with current.database.reading() as session:
        holidays: list[Holiday] = holidays_between(session, first, last)
        known = calendar_of(session)
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    return render_template(
        "finance/calendar.html",
        form=form,
        year=year,
        holidays=holidays,
        working_days=sum(known.is_working_day(day) for day in days),
        day_count=len(days),
    )


def _year() -> int:
    this_year = jalali_year(tehran_date(current.now()))
    year = request.values.get("year", this_year, type=int)
    return year if year in _YEARS else this_year


def _first_day(year: int) -> date:
    day = JalaliDate(year, 1, 1).to_gregorian()
    return date(day.year, day.month, day.day)


def _address(year: int) -> str:
    return url_for("finance.calendar", year=year)
