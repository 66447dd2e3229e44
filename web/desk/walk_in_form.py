"""The walk-in form: money, goods and hours of one visitor, on one page."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
)

from core.digits import digits_only, normalise
from core.words import Later, _
from donations.models.contribution import Tender
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
from web.fields import (
    EmailField,
    HoursField,
    MobileField,
    NationalIdField,
    QuantityField,
    RialField,
    SpokenForm,
    at_most,
)

GOODS_ROWS = 3
SERVICE_ROWS = 2
ROWS_MAX = 20
_REFERENCE_MAX = 40
_KEY_MAX = 40

TENDERS: Mapping[str, Later] = {
    Tender.CASH: Later("Cash"),
    Tender.CARD_TERMINAL: Later("Card terminal"),
    Tender.CHEQUE: Later("Cheque"),
}
HIDDEN_FROM: Mapping[str, Later] = {
    HiddenFrom.NOBODY: Later("The name may be shown"),
    HiddenFrom.PUBLIC: Later("Not in published lists"),
    HiddenFrom.EVERYONE: Later("Only on the donor's own papers"),
}
LANGUAGES: Mapping[str, Later] = {"fa": Later("Persian"), "en": Later("English")}


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """The four fields of one kind of goods."""

    description: StringField
    quantity: QuantityField
    unit: StringField
    declared_value: RialField


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """The two fields of somebody's hours."""

    skill: StringField
    hours: HoursField


class WalkInForm(SpokenForm):
    """What a visitor brings. Only the kind and its amount or item are compulsory.

    The fields of goods and hours are made by ``walk_in_form``, a set for each row.
    """

    request_key = HiddenField(validators=[at_most(_KEY_MAX)])
    goods_rows = HiddenField()
    service_rows = HiddenField()
    amount = RialField(Later("Amount"))
    tender = RadioField(Later("Form of payment"), default=Tender.CASH)
    terminal = SelectField(Later("Card terminal"), validate_choice=False)
    trace_number = StringField(Later("Trace number on the card slip"), [at_most(_REFERENCE_MAX)])
    cheque_number = StringField(Later("Cheque number"), [at_most(_REFERENCE_MAX)])
    fund = SelectField(Later("Purpose"), default=MOST_NEEDED)
    mobile = MobileField(Later("Mobile"))
    name = StringField(Later("Name"), [at_most(NAME_MAX)])
    email = EmailField(Later("E-mail"))
    national_id = NationalIdField(Later("National id"))
    hidden_from = RadioField(
        Later("Who may see the name"), choices=dict(HIDDEN_FROM), default=HiddenFrom.NOBODY
    )
    language = RadioField(Later("Language of the receipt"), choices=dict(LANGUAGES), default="fa")
    is_another = BooleanField(Later("It is another gift"))

    goods: Sequence[GoodsRow]
    services: Sequence[ServiceRow]
    terminal_names: Sequence[str]

    def validate(self, extra_validators: object = None) -> bool:
        """Check every field, then what the fields must be together."""
        is_fine = super().validate()
        for row in self.goods:
            is_fine &= _whole(row.description, row.quantity, row.unit, spare=row.declared_value)
        for service in self.services:
            is_fine &= _whole(service.skill, service.hours)
        is_fine &= self._money_is_whole()
        if is_fine and not self.items():
            self.form_errors = [_("Enter an amount, goods or hours.")]
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

    def walk_in(self) -> WalkIn:
        """The visit as the desk records it."""
        tender = Tender(self.tender.data) if self.amount.value is not None else None
        return WalkIn(
            items=self.items(),
            donor=DonorFacts(
                name=normalise(self.name.data or "") or None,
                mobile=self.mobile.value,
                email=self.email.value,
                national_id=self.national_id.value,
                hidden_from=HiddenFrom(self.hidden_from.data),
            ),
            tender=tender,
            terminal=self.terminal.data if tender is Tender.CARD_TERMINAL else None,
            trace_number=_reference(self.trace_number) if tender is Tender.CARD_TERMINAL else None,
            cheque_number=_reference(self.cheque_number) if tender is Tender.CHEQUE else None,
            language=self.language.data or "fa",
            is_another=bool(self.is_another.data),
        )

    def _money_is_whole(self) -> bool:
        if self.amount.value is None:
            return True
        if self.tender.data == Tender.CHEQUE:
            return _demand(self.cheque_number, _("Write the number of the cheque."))
        if self.tender.data == Tender.CARD_TERMINAL:
            return _demand(
                self.trace_number, _("Write the trace number that stands on the card slip.")
            ) and (
                self.terminal.data in self.terminal_names
                or _refuse(self.terminal, _("Choose a terminal."))
            )
        return True


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
    form.request_key.data = form.request_key.data or secrets.token_urlsafe(16)
    form.fund.choices = {heading: dict(below) for heading, below in funds.items()}
    form.tender.choices = {
        tender: label
        for tender, label in TENDERS.items()
        if terminals or tender != Tender.CARD_TERMINAL
    }
    form.terminal.choices = {name: name for name in terminals}
    form.terminal_names = terminals
    return form


def _goods_row(form: WalkInForm, n: int) -> GoodsRow:
    row = {name: form[f"goods{n}_{name}"] for name in GoodsRow.__annotations__}
    return GoodsRow(**cast("dict[str, Any]", row))


def _service_row(form: WalkInForm, n: int) -> ServiceRow:
    row = {name: form[f"service{n}_{name}"] for name in ServiceRow.__annotations__}
    return ServiceRow(**cast("dict[str, Any]", row))


def _class_of(goods_rows: int, service_rows: int) -> type[WalkInForm]:
    fields: dict[str, object] = {}
    for n in range(1, goods_rows + 1):
        fields[f"goods{n}_description"] = StringField(Later("What"), [at_most(TEXT_MAX)])
        fields[f"goods{n}_quantity"] = QuantityField(Later("Quantity"))
        fields[f"goods{n}_unit"] = StringField(Later("Unit"), [at_most(TEXT_MAX)])
        fields[f"goods{n}_declared_value"] = RialField(Later("Declared value (rial)"))
    for n in range(1, service_rows + 1):
        fields[f"service{n}_skill"] = StringField(Later("Skill"), [at_most(TEXT_MAX)])
        fields[f"service{n}_hours"] = HoursField(Later("Hours"))
    return type("WalkInFormWithRows", (WalkInForm,), fields)


def _rows(typed: str | None, usual: int, more: int) -> int:
    asked = int(typed) if typed and typed.isascii() and typed.isdigit() else usual
    return min(max(asked, usual) + more, ROWS_MAX)


def _whole(*fields: StringField, spare: StringField | None = None) -> bool:
    """Whether a row is filled in whole or not at all."""
    everything = (*fields, spare) if spare else fields
    if not any(_is_filled(field) for field in everything):
        return True
    missing = [field for field in fields if not _is_filled(field)]
    for field in missing:
        text = _("“%(name)s” is missing in a row that is begun.")
        _refuse(field, text % {"name": field.label.text})
    return not missing


def _is_filled(field: StringField) -> bool:
    return bool(normalise(field.data or ""))


def _reference(field: StringField) -> str:
    return digits_only(field.data or "") or normalise(field.data or "")


def _demand(field: StringField, text: str) -> bool:
    return _is_filled(field) or _refuse(field, text)


def _refuse(field: StringField | SelectField, text: str) -> bool:
    field.errors = (*field.errors, text)
    return False
