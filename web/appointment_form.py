"""When goods come and how, asked of a desk and of a donor alike."""

from collections.abc import Mapping

from wtforms import RadioField, StringField
from wtforms.validators import InputRequired

from core.refusals import Refusal
from core.words import Later
from donations.goods.appointments import Meeting
from donations.models.goods_offer import PartOfDay, Way
from donations.pledging import TEXT_MAX
from web.fields import DayField, SpokenForm, at_most
from web.refusals import explain

WAYS: Mapping[str, Later] = {
    Way.DROP_OFF: Later("The donor brings it"),
    Way.PICK_UP: Later("We fetch it"),
}
PARTS: Mapping[str, Later] = {
    PartOfDay.MORNING: Later("in the morning"),
    PartOfDay.NOON: Later("at noon"),
    PartOfDay.AFTERNOON: Later("in the afternoon"),
}


class AppointmentForm(SpokenForm):
    """When and how goods come."""

    way = RadioField(Later("How"), choices=dict(WAYS), default=Way.DROP_OFF)
    day = DayField(Later("Day"), [InputRequired(Later("Write the day."))])
    part_of_day = RadioField(
        Later("Part of the day"), choices=dict(PARTS), default=PartOfDay.MORNING
    )
    address = StringField(Later("Address to fetch it from"), [at_most(TEXT_MAX)])

    def meeting(self) -> Meeting:
        """What was typed, once it is valid."""
        if self.day.value is None:
            raise LookupError("the form was not validated")
        return Meeting(
            Way(self.way.data), self.day.value, PartOfDay(self.part_of_day.data), self.address.data
        )

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal beside the field it is about."""
        field = self.address if refusal.field == "address" else self.day
        field.errors = (*field.errors, explain(refusal))
