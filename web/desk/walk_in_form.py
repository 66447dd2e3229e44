"""The walk-in form: money, goods and hours of one visitor, on one page."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, HiddenField, RadioField, SelectField, StringField

from core.digits import normalise
from core.words import Later, _
from donations.accepting import Found
from donations.models.fund import MOST_NEEDED
from donations.models.pledge import HiddenFrom
from donations.pledging import (
    NAME_MAX,
    TEXT_MAX,
    CashItem,
    DonorFacts,
    GoodsItem,
    Item,
    ServiceItem,
)
from flows.desk import WalkIn
from web.desk.found_form import (
    GoodsFoundFields,
    HoursFoundFields,
    goods_found,
    goods_found_in,
    hours_found,
    hours_found_in,
)
from web.desk.tender_form import TenderForm, is_filled, refuse
from web.fields import (
    EmailField,
    HoursField,
    MobileField,
    NationalIdField,
    QuantityField,
    RialField,
    at_most,
    printed,
)

GOODS_ROWS = 3
SERVICE_ROWS = 2
ROWS_MAX = 20

HIDDEN_FROM: Mapping[str, Later] = {
    HiddenFrom.NOBODY: Later("The name may be shown"),
    HiddenFrom.PUBLIC: Later("Not in published lists"),
    HiddenFrom.EVERYONE: Later("Only on the donor's own papers"),
}
LANGUAGES: Mapping[str, Later] = {"fa": Later("Persian"), "en": Later("English")}


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """The four fields of one kind of goods, and how it was found."""

    description: StringField
    quantity: QuantityField
    unit: StringField
    declared_value: RialField
    found: GoodsFoundFields


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """The fields of somebody's hours: served, with when and where, or promised for later."""

    skill: StringField
    hours: HoursField
    is_promised: BooleanField
    found: HoursFoundFields


class WalkInForm(TenderForm):
    """What a visitor brings. Only the kind and its amount or item are compulsory.

    The fields of goods and hours are made by ``walk_in_form``, a set for each row.
    """

    donor_id = HiddenField()  # of somebody chosen from a list
    goods_rows = HiddenField()
    service_rows = HiddenField()
    amount = RialField(Later("Amount"))
    fund = SelectField(Later("Purpose"), default=MOST_NEEDED)
    mobile = MobileField(Later("Mobile"))
    name = StringField(Later("Name"), [at_most(NAME_MAX), printed])
    email = EmailField(Later("E-mail"))
    national_id = NationalIdField(Later("National id"))
    hidden_from = RadioField(
        Later("Who may see the name"), choices=dict(HIDDEN_FROM), default=HiddenFrom.NOBODY
    )
    language = RadioField(Later("Language of the receipt"), choices=dict(LANGUAGES), default="fa")

    goods: Sequence[GoodsRow]
    services: Sequence[ServiceRow]

    @property
    def has_money(self) -> bool:
        """Whether an amount was typed."""
        return self.amount.value is not None

    def validate(self, extra_validators: object = None) -> bool:
        """Check every field, then what the fields must be together."""
        is_fine = super().validate()
        for row in self.goods:
            is_fine &= _whole(row.description, row.quantity, row.unit, spare=row.declared_value)
            is_fine &= row.found.is_whole(row.description)
        for service in self.services:
            is_fine &= _whole(service.skill, service.hours)
            is_fine &= service.found.is_whole(service.skill)
            is_fine &= _is_either(service)
        is_fine &= self.money_is_whole()
        if is_fine and not self.items():
            self.form_errors = [_("Enter an amount, goods or hours.")]
            is_fine = False
        elif is_fine and len(self.promised()) == len(self.items()):
            text = _(
                "Hours alone that are served later have no receipt yet: record them under"
                " “Volunteers”."
            )
            self.form_errors = [text]
            is_fine = False
        return is_fine

    def items(self) -> list[Item]:
        """Everything that was brought, for the fund that was chosen."""
        fund = self.fund.data or None
        items: list[Item] = []
        if self.amount.value is not None:
            items.append(CashItem(self.amount.value, fund))
        items += [
            GoodsItem(
                row.description.data or "",
                row.quantity.value,
                row.unit.data or "",
                row.declared_value.value,
                fund,
            )
            for row in self.goods
            if row.quantity.value is not None
        ]
        items += [
            ServiceItem(row.skill.data or "", row.hours.value, fund)
            for row in self.services
            if row.hours.value is not None
        ]
        return items

    def found(self) -> dict[int, Found]:
        """How goods and hours were found, by the place of their item in ``items``."""
        found: list[Found | None] = [None] if self.amount.value is not None else []
        found += [row.found.read() for row in self.goods if row.quantity.value is not None]
        found += [row.found.read() for row in self.services if row.hours.value is not None]
        return {place: told for place, told in enumerate(found) if told is not None}

    def promised(self) -> frozenset[int]:
        """The places in ``items`` of hours that are served later."""
        services = [row for row in self.services if row.hours.value is not None]
        first = len(self.items()) - len(services)
        return frozenset(
            place for place, row in enumerate(services, start=first) if row.is_promised.data
        )

    def walk_in(self) -> WalkIn:
        """The visit as the desk records it."""
        return WalkIn(
            items=self.items(),
            donor=DonorFacts(
                name=normalise(self.name.data or "") or None,
                mobile=self.mobile.value,
                email=self.email.value,
                national_id=self.national_id.value,
                hidden_from=HiddenFrom(self.hidden_from.data),
            ),
            tender=self.tender_chosen,
            terminal=self.terminal_chosen,
            trace_number=self.trace_number_read,
            cheque_number=self.cheque_number_read,
            language=self.language.data or "fa",
            found=self.found(),
            promised=self.promised(),
            is_another=bool(self.is_another.data),
        )


def walk_in_form(
    typed: MultiDict[str, str],
    *,
    funds: Mapping[str, Mapping[str, str]],
    terminals: Sequence[str],
    more_goods: int = 0,
    more_services: int = 0,
) -> WalkInForm:
    """The form with what was typed, and as many rows as were there, and more where asked for."""
    goods_rows = _rows(typed.get("goods_rows"), GOODS_ROWS, more_goods)
    service_rows = _rows(typed.get("service_rows"), SERVICE_ROWS, more_services)
    form = _class_of(goods_rows, service_rows)(typed)
    form.goods = [_goods_row(form, n) for n in range(1, goods_rows + 1)]
    form.services = [_service_row(form, n) for n in range(1, service_rows + 1)]
    form.goods_rows.data, form.service_rows.data = str(goods_rows), str(service_rows)
    form.fund.choices = {heading: dict(below) for heading, below in funds.items()}
    form.offer(terminals)
    return form


def _goods_row(form: WalkInForm, n: int) -> GoodsRow:
    names = ("description", "quantity", "unit", "declared_value")
    row = cast("dict[str, Any]", {name: form[f"goods{n}_{name}"] for name in names})
    return GoodsRow(**row, found=goods_found_in(form, f"goods{n}"))


def _service_row(form: WalkInForm, n: int) -> ServiceRow:
    names = ("skill", "hours", "is_promised")
    row = cast("dict[str, Any]", {name: form[f"service{n}_{name}"] for name in names})
    return ServiceRow(**row, found=hours_found_in(form, f"service{n}"))


def _class_of(goods_rows: int, service_rows: int) -> type[WalkInForm]:
    fields: dict[str, object] = {}
    for n in range(1, goods_rows + 1):
        fields[f"goods{n}_description"] = StringField(Later("What"), [at_most(TEXT_MAX), printed])
        fields[f"goods{n}_quantity"] = QuantityField(Later("Quantity"))
        fields[f"goods{n}_unit"] = StringField(Later("Unit"), [at_most(TEXT_MAX), printed])
        fields[f"goods{n}_declared_value"] = RialField(Later("Declared value (rial)"))
        fields |= goods_found(f"goods{n}")
    for n in range(1, service_rows + 1):
        fields[f"service{n}_skill"] = StringField(Later("Skill"), [at_most(TEXT_MAX), printed])
        fields[f"service{n}_hours"] = HoursField(Later("Hours"))
        fields[f"service{n}_is_promised"] = BooleanField(Later("To be served later"))
        fields |= hours_found(f"service{n}")
    return type("WalkInFormWithRows", (WalkInForm,), fields)


def _is_either(row: ServiceRow) -> bool:
    """Hours of later days have not been found anywhere yet."""
    if not (row.is_promised.data and row.found.is_open):
        return True
    return refuse(row.skill, _("Hours that are served later have no days yet; leave these empty."))


def _rows(typed: str | None, usual: int, more: int) -> int:
    is_count = typed is not None and re.fullmatch(r"[0-9]{1,3}", typed)
    asked = int(typed or usual) if is_count else usual
    return min(max(asked, usual) + more, ROWS_MAX)


def _whole(*fields: StringField, spare: StringField | None = None) -> bool:
    """Whether a row is filled in whole or not at all."""
    everything = (*fields, spare) if spare else fields
    if not any(is_filled(field) for field in everything):
        return True
    missing = [field for field in fields if not is_filled(field)]
    for field in missing:
        text = _("“%(name)s” is missing in a row that is begun.")
        refuse(field, text % {"name": field.label.text})
    return not missing
