"""The forms about volunteers: who they are, their licences, their hours and their shifts."""

import re
from collections.abc import Mapping

from wtforms import (
    BooleanField,
    Field,
    RadioField,
    SelectField,
    StringField,
)
from wtforms.validators import InputRequired

from core.digits import normalise
from core.refusals import Refusal
from core.words import Later
from donations.models.shift import Outcome
from donations.pledging import TEXT_MAX
from donations.volunteers.licences import NUMBER_MAX, LicenceFacts
from donations.volunteers.register import REASON_MAX
from donations.volunteers.schedule import Plan
from offices.granting import USERNAME_MAX
from web.fields import DayField, HoursField, ReadField, SpokenForm, at_most, printed
from web.volunteer_forms import MISSING, FactsForm, KeyedForm, VolunteerForm

_CLOCK = re.compile(r"([0-9]{1,2})(?:[:.]([0-9]{2}))?")
OUTCOMES: Mapping[str, Later] = {
    Outcome.PRESENT: Later("Came"),
    Outcome.LATE: Later("Came late"),
    Outcome.ABSENT: Later("Did not come"),
}


class UnreadableTime(Refusal):
    """A time of the day that is none."""

    code = "time.unreadable"
    http_status = 422


class ClockField(ReadField):
    """A time of the day, such as 8 or 8:30, in minutes from midnight; 24 ends a day."""

    value: int | None

    def read(self, text: str) -> int:
        written = _CLOCK.fullmatch(normalise(text))
        hour, minute = (int(part or 0) for part in written.groups()) if written else (99, 0)
        if hour * 60 + minute > 24 * 60 or minute > 59:
            raise UnreadableTime
        return hour * 60 + minute


class DeskFactsForm(FactsForm):
    """The same as a desk tells it."""

    staff = StringField(Later("User name, if they work here"), [at_most(USERNAME_MAX)])


class DeskVolunteerForm(DeskFactsForm, VolunteerForm):
    """A volunteer whom a desk registers."""


class ReasonForm(SpokenForm):
    """An act that needs nothing but its reason."""

    reason = StringField(Later("Reason"), [InputRequired(MISSING), at_most(REASON_MAX)])


class LicenceForm(SpokenForm):
    """What stands on a licence."""

    skill = SelectField(Later("Field"))
    number = StringField(
        Later("Number of the licence"), [InputRequired(MISSING), at_most(NUMBER_MAX)]
    )
    issuer = StringField(Later("Issued by"), [InputRequired(MISSING), at_most(TEXT_MAX)])
    valid_from = DayField(Later("Valid from"), [InputRequired(MISSING)])
    valid_to = DayField(Later("Valid to"), [InputRequired(MISSING)])
    replaces = SelectField(Later("Corrects"), default="")

    def facts(self) -> LicenceFacts | None:
        """What was written, once it is valid."""
        if self.valid_from.value is None or self.valid_to.value is None:
            return None
        return LicenceFacts(
            self.skill.data,
            self.number.data or "",
            self.issuer.data or "",
            self.valid_from.value,
            self.valid_to.value,
        )


class HoursForm(KeyedForm):
    """An offer of hours."""

    skill = SelectField(Later("Field"))
    hours = HoursField(Later("Hours promised"), [InputRequired(MISSING)])
    fund = SelectField(Later("Purpose"))


class TakeOnForm(SpokenForm):
    """In which field somebody serves the hours they promised."""

    skill = SelectField(Later("Field"))


class ShiftForm(KeyedForm):
    """One day's work."""

    day = DayField(Later("Day"), [InputRequired(MISSING)])
    start = ClockField(Later("From"), [InputRequired(MISSING)])
    end = ClockField(Later("To"), [InputRequired(MISSING)])
    office = SelectField(Later("Place"), coerce=int)
    duty = StringField(Later("Duty"), [InputRequired(MISSING), at_most(TEXT_MAX), printed])
    supervisor = StringField(
        Later("Supervisor"), [InputRequired(MISSING), at_most(TEXT_MAX), printed]
    )
    supervisor_title = StringField(Later("Title of the supervisor"), [at_most(TEXT_MAX), printed])
    is_agreed = BooleanField(Later("Agreed, also where it is not a time they named"))

    def plan(self) -> Plan | None:
        """What was written, once it is valid."""
        if self.day.value is None or self.start.value is None or self.end.value is None:
            return None
        return Plan(
            day=self.day.value,
            start_minute=self.start.value,
            end_minute=self.end.value,
            office_id=self.office.data,
            duty=self.duty.data or "",
            supervisor=self.supervisor.data or "",
            supervisor_title=self.supervisor_title.data or "",
            is_agreed=bool(self.is_agreed.data),
        )


class OutcomeForm(SpokenForm):
    """Who came, and for how long."""

    outcome = RadioField(Later("Attendance"), choices=dict(OUTCOMES), default=Outcome.PRESENT)
    hours = HoursField(Later("Hours really served"))
    remark = StringField(Later("Remark"), [at_most(REASON_MAX)])


class CorrectionForm(OutcomeForm):
    """What was wrong about it, and why."""

    remark = None  # type: ignore[assignment]
    reason = StringField(Later("Reason"), [InputRequired(MISSING), at_most(REASON_MAX)])


def clock(minute: int) -> str:
    """A time of the day: 08:30."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def beside(form: SpokenForm, refusal: Refusal, otherwise: str) -> Field:
    """The field that a refusal belongs to."""
    name = str(refusal.details.get("field") or refusal.field or otherwise)
    return form[name if name in form else otherwise]
