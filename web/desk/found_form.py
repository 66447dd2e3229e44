"""The part of a desk's form that says how goods and hours were found.

The category of goods is chosen by a person: a form that chose one would choose its rules as well.
The rest is optional.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import g
from sqlalchemy.orm import Session
from wtforms import Field, Form, SelectField, StringField

from core.refusals import Refusal
from core.words import Later, _, spoken
from donations.accepting import NUMBER_MAX, GoodsFound, HoursFound
from donations.goods.offering import needed_category
from donations.goods.rules import categories
from donations.goods.stocking import SHELF_MAX
from donations.models.acceptance import Condition, ValueBasis
from donations.models.goods_category import OTHER
from donations.pledging import TEXT_MAX
from web.desk.tender_form import is_filled, refuse
from web.fields import DayField, RialField, at_most, printed
from web.refusals import explain
from web.services import current

_NOT_SAID = ""
_YES_OR_NO: Mapping[str, bool | None] = {_NOT_SAID: None, "yes": True, "no": False}
_ANSWERS: Mapping[str, Later] = {
    _NOT_SAID: Later("not looked at"),
    "yes": Later("yes"),
    "no": Later("no"),
}
CONDITIONS: Mapping[str, Later] = {
    Condition.NEW: Later("new"),
    Condition.GOOD: Later("used, in good order"),
    Condition.WORN: Later("worn"),
    Condition.DAMAGED: Later("damaged"),
}
BASES: Mapping[str, Later] = {
    ValueBasis.NOT_VALUED: Later("not valued"),
    ValueBasis.INVOICE: Later("by invoice"),
    ValueBasis.APPRAISER: Later("by an appraiser"),
    ValueBasis.DONOR: Later("as the donor states"),
}


@dataclass(frozen=True, slots=True)
class GoodsFoundFields:
    """What a desk may write beside one kind of goods."""

    category: SelectField
    condition: SelectField
    expires_on: DayField
    is_opened: SelectField
    works: SelectField
    shelf: StringField
    basis: SelectField
    assessed_value: RialField
    appraiser: StringField
    warehouse_number: StringField

    @property
    def is_open(self) -> bool:
        """Whether more than "other goods" was said, or has to be mended."""
        return any(
            (field.data and field.data not in (ValueBasis.NOT_VALUED, OTHER)) or field.errors
            for field in _fields(self)
        )

    def is_whole(self, item: StringField | None = None) -> bool:
        """Check what the fields must be together; ``item`` names the goods, where it is a field."""
        is_empty = item is not None and not is_filled(item)
        if not is_empty and not self.category.data:
            return refuse(self.category, _("Choose the category."))
        if not self.is_open:
            return True
        if item is not None and is_empty:
            return refuse(item, _("Write what the goods are."))
        if not self.condition.data:
            return refuse(self.condition, _("Choose the condition."))
        is_valued = self.basis.data != ValueBasis.NOT_VALUED
        if is_valued and not is_filled(self.assessed_value):
            return refuse(self.assessed_value, _("Write the assessed value."))
        if not is_valued and is_filled(self.assessed_value):
            return refuse(self.basis, _("Say what the value rests on."))
        is_appraised = self.basis.data == ValueBasis.APPRAISER
        if is_appraised and not is_filled(self.appraiser):
            return refuse(self.appraiser, _("Write the name of the appraiser."))
        if not is_appraised and is_filled(self.appraiser):
            return refuse(self.basis, _("An appraiser's name needs an appraiser's value."))
        return True

    def read(self) -> GoodsFound | None:
        """What was said; nothing where nothing was."""
        if not self.condition.data:
            return None
        return GoodsFound(
            Condition(self.condition.data),
            ValueBasis(self.basis.data),
            self.assessed_value.value,
            self.appraiser.data or None,
            self.warehouse_number.data or None,
            category=self.category.data,
            expires_on=self.expires_on.value,
            is_opened=_YES_OR_NO[self.is_opened.data or _NOT_SAID],
            works=_YES_OR_NO[self.works.data or _NOT_SAID],
            shelf=self.shelf.data or None,
        )


@dataclass(frozen=True, slots=True)
class HoursFoundFields:
    """What a desk may write beside somebody's hours: what their certificate says."""

    started_on: DayField
    ended_on: DayField
    place: StringField
    supervisor: StringField
    supervisor_title: StringField
    duty: StringField

    @property
    def is_open(self) -> bool:
        """Whether anything was said, or has to be mended."""
        return any(field.data or field.errors for field in _fields(self))

    def is_whole(self, item: StringField | None = None) -> bool:
        """Check what the fields must be together; ``item`` names the skill, where it is a field."""
        if not self.is_open:
            return True
        if item is not None and not is_filled(item):
            return refuse(item, _("Write what the skill is."))
        for field in (self.started_on, self.ended_on, self.place, self.supervisor):
            if not is_filled(field):
                text = _("“%(name)s” is missing in a row that is begun.")
                return refuse(field, text % {"name": field.label.text})
        started_on, ended_on = self.started_on.value, self.ended_on.value
        if started_on and ended_on and ended_on < started_on:
            return refuse(self.ended_on, _("The last day is before the first one."))
        return True

    def read(self) -> HoursFound | None:
        """What was said; nothing where nothing was."""
        if self.started_on.value is None or self.ended_on.value is None:
            return None
        return HoursFound(
            self.started_on.value,
            self.ended_on.value,
            self.place.data or "",
            self.supervisor.data or "",
            self.supervisor_title.data or None,
            self.duty.data or None,
        )


def category_choices() -> list[tuple[str, str]]:
    """The categories of goods, looked up once for all the rows of a page."""
    if "goods_categories" not in g:
        with current.database.reading() as session:
            is_english = spoken() == "en"
            g.goods_categories = [
                (row.code, row.name_en if is_english else row.name_fa)
                for row in categories(session)
            ]
    return list(g.goods_categories)


def categories_to_choose() -> list[tuple[str, str]]:
    """The same behind an invitation to choose one."""
    return [(_NOT_SAID, _("Please choose")), *category_choices()]


def choose_needed(session: Session, row: GoodsFoundFields, item_id: int) -> None:
    """Choose the category of the need in which an item has its place, where nobody chose yet."""
    row.category.data = row.category.data or needed_category(session, item_id) or _NOT_SAID


def blame_goods(form: Form, prefix: str, refusal: Refusal) -> bool:
    """Show a refusal beside the field of these goods that it is about; whether there is one."""
    name = f"{prefix}_{refusal.field}"
    if name not in form:
        return False
    form[name].errors = (*form[name].errors, explain(refusal))
    return True


def goods_found(prefix: str) -> dict[str, Field]:
    """The fields beside one kind of goods, by their names in the form."""
    return {
        f"{prefix}_category": SelectField(
            Later("Category"), choices=categories_to_choose, default=_NOT_SAID
        ),
        f"{prefix}_expires_on": DayField(Later("Expires on")),
        f"{prefix}_is_opened": SelectField(
            Later("Is it opened?"), choices=dict(_ANSWERS), default=_NOT_SAID
        ),
        f"{prefix}_works": SelectField(
            Later("Was it tried and works?"), choices=dict(_ANSWERS), default=_NOT_SAID
        ),
        f"{prefix}_shelf": StringField(Later("Shelf"), [at_most(SHELF_MAX), printed]),
        f"{prefix}_condition": SelectField(
            Later("Condition"),
            choices={_NOT_SAID: Later("not recorded"), **CONDITIONS},
            default=_NOT_SAID,
        ),
        f"{prefix}_basis": SelectField(
            Later("What the value rests on"), choices=dict(BASES), default=ValueBasis.NOT_VALUED
        ),
        f"{prefix}_assessed_value": RialField(Later("Assessed value (rial)")),
        f"{prefix}_appraiser": StringField(Later("Appraiser"), [at_most(TEXT_MAX), printed]),
        f"{prefix}_warehouse_number": StringField(
            Later("Warehouse receipt"), [at_most(NUMBER_MAX), printed]
        ),
    }


def hours_found(prefix: str) -> dict[str, Field]:
    """The fields beside somebody's hours, by their names in the form."""
    return {
        f"{prefix}_started_on": DayField(Later("First day")),
        f"{prefix}_ended_on": DayField(Later("Last day")),
        f"{prefix}_place": StringField(Later("Place"), [at_most(TEXT_MAX), printed]),
        f"{prefix}_supervisor": StringField(Later("Supervisor"), [at_most(TEXT_MAX), printed]),
        f"{prefix}_supervisor_title": StringField(
            Later("Title of the supervisor"), [at_most(TEXT_MAX), printed]
        ),
        f"{prefix}_duty": StringField(Later("Duty"), [at_most(TEXT_MAX), printed]),
    }


def goods_found_in(form: Form, prefix: str) -> GoodsFoundFields:
    """Those fields of a form."""
    return GoodsFoundFields(**_in(form, prefix, GoodsFoundFields))


def hours_found_in(form: Form, prefix: str) -> HoursFoundFields:
    """Those fields of a form."""
    return HoursFoundFields(**_in(form, prefix, HoursFoundFields))


def _in(form: Form, prefix: str, kind: type) -> dict[str, Any]:
    return {name: form[f"{prefix}_{name}"] for name in kind.__annotations__}


def _fields(row: GoodsFoundFields | HoursFoundFields) -> list[Any]:
    return [getattr(row, name) for name in type(row).__annotations__]
