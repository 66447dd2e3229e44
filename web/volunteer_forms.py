"""What every form about a volunteer asks: what somebody can do, when and where."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import (
    Field,
    Form,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from core.words import Later, _, spoken
from donations.models.volunteer import PartOfDay, Skill, VolunteerFacts
from donations.pledging import NAME_MAX, TEXT_MAX
from donations.volunteers.register import Told
from web.fields import MobileField, SpokenForm, at_most, printed

_KEY_MAX = 40
MISSING = Later("Please fill this in.")
# Saturday begins the week here; Monday is 0.
WEEKDAYS: Mapping[int, Later] = {
    5: Later("Saturday"),
    6: Later("Sunday"),
    0: Later("Monday"),
    1: Later("Tuesday"),
    2: Later("Wednesday"),
    3: Later("Thursday"),
    4: Later("Friday"),
}
PARTS: Mapping[PartOfDay, Later] = {
    PartOfDay.MORNING: Later("Morning"),
    PartOfDay.AFTERNOON: Later("Afternoon"),
    PartOfDay.EVENING: Later("Evening"),
}


def _chosen(_form: Form, field: Field) -> None:
    """A validator: something of the list, and not the line that asks to choose."""
    if not field.data:
        raise ValidationError(MISSING)


class ManyField(SelectMultipleField):
    """Several of a list, each with a box of its own."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        """Refuse what is not on the list, in our words."""
        known = {value for value, *_label in self.iter_choices()}
        if not known.issuperset(self.data or ()):
            raise ValidationError(Later("Not a valid choice."))


class KeyedForm(SpokenForm):
    """A form that counts once however often it is sent."""

    request_key = HiddenField(validators=[at_most(_KEY_MAX)])

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self.request_key.data = self.request_key.data or secrets.token_urlsafe(16)


class FactsForm(KeyedForm):
    """What somebody can do, when and where."""

    skills = ManyField(
        Later("What can you help with?"),
        [InputRequired(Later("Please choose at least one field."))],
    )
    times = ManyField(Later("When can you come?"))
    office = SelectField(Later("Where"), [InputRequired(MISSING), _chosen], coerce=int)
    note = TextAreaField(Later("Remark"), [at_most(TEXT_MAX), printed])

    def offer(self, skills: Sequence[Skill], offices: Mapping[int, str]) -> None:
        """Offer the catalogue of skills, every part of a week, and these offices."""
        self.skills.choices = [(skill.code, skill_name(skill)) for skill in skills]
        comma = ", " if spoken() == "en" else "، "
        self.times.choices = [
            (f"{day}-{part.value}", f"{name}{comma}{PARTS[part]}")
            for day, name in WEEKDAYS.items()
            for part in PARTS
        ]
        self.office.choices = list(offices.items())

    def told(self, *, staff: str = "") -> Told:
        """What was told."""
        return Told(
            skills=self.skills.data or (),
            times=[_time(text) for text in self.times.data or ()],
            office_id=self.office.data,
            note=self.note.data or "",
            staff=staff,
        )


class VolunteerForm(FactsForm):
    """A new volunteer, or one found again by mobile."""

    name = StringField(Later("Name"), [InputRequired(MISSING), at_most(NAME_MAX), printed])
    mobile = MobileField(Later("Mobile"), [InputRequired(MISSING)])


def skill_name(skill: Skill) -> str:
    """The name of a skill, in the language being spoken."""
    return skill.name_en if spoken() == "en" else skill.name_fa


def times_told(facts: VolunteerFacts) -> str:
    """When somebody comes, in words; every time where they named none."""
    if not facts.times:
        return _("at any time")
    comma = ", " if spoken() == "en" else "، "
    by_day: dict[int, list[str]] = {}
    for row in facts.times:
        by_day.setdefault(row.weekday, []).append(row.part)
    return comma.join(
        f"{name} ({comma.join(str(PARTS[part]) for part in PARTS if part in by_day[day])})"
        for day, name in WEEKDAYS.items()
        if day in by_day
    )


def _time(text: str) -> tuple[int, PartOfDay]:
    day, _dash, part = text.partition("-")
    return int(day), PartOfDay(part)
