"""The form of a gift: money, goods or hours, each field read once and explained where it fails."""

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any, cast

from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField, RadioField, SelectField, StringField

from core.digits import digits_only
from core.refusals import Refusal
from core.rial import parse_rial
from core.words import Later, _
from donations.models.fund import MOST_NEEDED
from donations.models.pledge import HiddenFrom, ItemKind
from donations.pledging import (
    NAME_MAX,
    TEXT_MAX,
    CashItem,
    DonorFacts,
    GoodsItem,
    Item,
    ServiceItem,
)
from web.fields import (
    EmailField,
    HoursField,
    MobileField,
    NationalIdField,
    QuantityField,
    RialField,
    SpokenForm,
    at_most,
    printed,
)
from web.filters import rial
from web.public.choices import Choices
from web.refusals import explain

PRESETS_RIAL = (500_000, 1_000_000, 2_500_000, 5_000_000)
SHARES_MAX = 5  # purposes that one payment may be split over on this page
BY_DEPOSIT = "deposit"  # pays later, at an ATM, a bank counter or by transfer
_NUMBER_MAX = 40
_FIELD_OF = {"amount_rial": "amount"}
_NEEDED_FOR: Mapping[str, tuple[str, ...]] = {
    ItemKind.CASH: ("preset",),
    ItemKind.GOODS: ("description", "quantity"),
    ItemKind.SERVICE: ("skill", "hours"),
}


def _amount(label: str) -> RialField:
    return RialField(Later(label), [at_most(_NUMBER_MAX)])


def _fund() -> SelectField:
    return SelectField(Later("What for"), default=MOST_NEEDED)


class GiftForm(SpokenForm):
    """Money, goods and hours of one pledge; whatever is left empty is not promised."""

    kind = HiddenField()  # which part stands open: a value of ItemKind
    shares = HiddenField()  # how many rows of amount and purpose the page shows
    request_key = HiddenField()
    website = StringField()  # a trap: people do not see it, programs fill it in

    preset = RadioField(Later("How much?"), validate_choice=False)
    amount = RialField(Later("Another amount"), [at_most(_NUMBER_MAX)])
    fund = _fund()
    amount_2, fund_2 = _amount("Amount"), _fund()
    amount_3, fund_3 = _amount("Amount"), _fund()
    amount_4, fund_4 = _amount("Amount"), _fund()
    amount_5, fund_5 = _amount("Amount"), _fund()

    description = StringField(Later("What would you like to give?"), [at_most(TEXT_MAX), printed])
    quantity = QuantityField(Later("How many?"), [at_most(_NUMBER_MAX)])
    unit = StringField(Later("Unit"), [at_most(60), printed])

    skill = StringField(Later("What can you do?"), [at_most(TEXT_MAX), printed])
    hours = HoursField(Later("How many hours?"), [at_most(_NUMBER_MAX)])

    office = SelectField(Later("Nearest service desk"), default="")

    name = StringField(Later("Name"), [at_most(NAME_MAX), printed])
    mobile = MobileField(Later("Mobile number"), [at_most(_NUMBER_MAX)])
    email = EmailField(Later("E-mail"), [at_most(254)])
    national_id = NationalIdField(Later("National id"), [at_most(_NUMBER_MAX)])
    hidden_from = RadioField(
        Later("Who may see my name?"),
        choices={
            HiddenFrom.NOBODY.value: Later("Everybody: I may be thanked by name"),
            HiddenFrom.PUBLIC.value: Later("The organisation's staff; it is not published"),
            HiddenFrom.EVERYONE.value: Later("Nobody: it stands on my own receipt only"),
        },
        default=HiddenFrom.PUBLIC.value,
    )
    # A bank that rests since the page was opened is refused with the others beside it.
    gateway = RadioField(Later("Pay through"), validate_choice=False)

    def __init__(self, sent: MultiDict[str, str] | None, choices: Choices, **given: Any) -> None:
        super().__init__(sent, **given)
        self.preset.choices = {str(amount): rial(amount) for amount in PRESETS_RIAL}
        later = _("I pay later, at an ATM, a bank counter or by transfer")
        self.gateway.choices = {**choices.gateways, BY_DEPOSIT: later}
        self.has_no_bank = not choices.gateways  # then the gift can only be paid later
        self.gateway.data = self.gateway.data or next(iter(self.gateway.choices))
        self.office.choices = {"": _("It does not matter"), **choices.offices}
        for place in range(1, SHARES_MAX + 1):
            self.fund_at(place).choices = choices.funds
        self.request_key.data = self.request_key.data or secrets.token_urlsafe(16)
        if self.kind.data not in set(ItemKind):
            self.kind.data = ItemKind.CASH.value
        # What has a choice made already, or must be said, is not called optional.
        for name in ("fund", "office", "hidden_from", "gateway", *_NEEDED_FOR[self.kind.data]):
            self[name].flags.required = True
        count = int((digits_only(self.shares.data or "") or "1")[:3])
        self.shares.data = str(max(1, min(SHARES_MAX, count)))

    def amount_at(self, place: int) -> Field:
        """The amount of a row, counted from one."""
        return self["amount" if place == 1 else f"amount_{place}"]

    def fund_at(self, place: int) -> SelectField:
        """The purpose of a row, counted from one."""
        return cast(SelectField, self["fund" if place == 1 else f"fund_{place}"])

    @property
    def rows(self) -> range:
        """The rows of amount and purpose that the page shows."""
        return range(1, int(self.shares.data or "1") + 1)

    def show_another_row(self) -> None:
        """Let the page show one more row of amount and purpose."""
        self.shares.data = str(min(SHARES_MAX, len(self.rows) + 1))

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """Check every field, and that something is promised at all."""
        is_valid = super().validate(extra_validators)
        if self._is_begun("description", "quantity"):
            is_valid &= self._has("description", _("Please say what you would like to give."))
            is_valid &= self._has("quantity", _("Please say how many."))
        if self._is_begun("skill", "hours"):
            is_valid &= self._has("skill", _("Please say what you can do."))
            is_valid &= self._has("hours", _("Please say how many hours."))
        return is_valid and (bool(self.items()) or self._blame_nothing())

    def items(self) -> list[Item]:
        """What is promised. Only for a form whose fields were checked."""
        fund = self.fund.data
        items: list[Item] = [
            CashItem(amount_rial, fund=self.fund_at(place).data)
            for place in self.rows
            if (amount_rial := self._amount_rial(place))
        ]
        if self._is_begun("description"):
            unit = (self.unit.data or "").strip() or _("piece")
            quantity = self.quantity.value or 0
            items.append(GoodsItem(self.description.data or "", quantity, unit, fund=fund))
        if self._is_begun("skill"):
            items.append(ServiceItem(self.skill.data or "", self.hours.value or 0, fund=fund))
        return items

    def donor(self) -> DonorFacts:
        """What the donor chose to tell."""
        return DonorFacts(
            name=(self.name.data or "").strip() or None,
            mobile=self.mobile.value,
            email=self.email.value,
            national_id=self.national_id.value,
            hidden_from=HiddenFrom(self.hidden_from.data),
        )

    def pledge_key(self) -> str:
        """The key of this promise: the same form sent twice is one, a changed one is another.

        Somebody who comes back from the bank's page and corrects the amount gets the new amount.
        """
        promised = repr((self.items(), self.office.data, self.donor()))
        digest = hashlib.sha256(f"{self.request_key.data}\n{promised}".encode()).hexdigest()
        return f"give:{digest[:48]}"

    def blame(self, refusal: Refusal) -> bool:
        """Put a refusal beside the field it is about; false when the form has no such field."""
        name = _FIELD_OF.get(refusal.field or "", refusal.field or "")
        return name in self and not self._wrong(name, explain(refusal))

    def _blame_nothing(self) -> bool:
        if self.kind.data == ItemKind.GOODS:
            return self._wrong("description", _("Please say what you would like to give."))
        if self.kind.data == ItemKind.SERVICE:
            return self._wrong("skill", _("Please say what you can do."))
        return self._wrong("amount", _("Please choose or type an amount."))

    def _amount_rial(self, place: int) -> int | None:
        """The amount of a row; what was typed wins over what was chosen."""
        if place == 1 and self.amount.value is None and self.preset.data:
            return parse_rial(self.preset.data)
        typed: int | None = self.amount_at(place).value  # type: ignore[attr-defined]
        return typed

    def _is_begun(self, *names: str) -> bool:
        return any((self[name].data or "").strip() for name in names)

    def _has(self, name: str, otherwise: str) -> bool:
        return self._is_begun(name) or self._wrong(name, otherwise)

    def _wrong(self, name: str, text: str) -> bool:
        field = self[name]
        field.errors = [*field.errors, text]
        return False
