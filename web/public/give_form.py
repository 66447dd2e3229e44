"""The form of a gift: money, goods or hours, each field read once and explained where it fails."""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import (
    EmailField,
    Field,
    Form,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TelField,
    ValidationError,
)
from wtforms.validators import Length, Optional

from core.digits import digits_only, normalise
from core.identifiers import parse_mobile, parse_national_id
from core.refusals import Refusal
from core.rial import parse_rial
from core.words import Later, _
from donations.models.fund import MOST_NEEDED
from donations.models.pledge import HiddenFrom, ItemKind
from donations.pledging import (
    HOURS_MAX,
    NAME_MAX,
    TEXT_MAX,
    CashItem,
    DonorFacts,
    GoodsItem,
    Item,
    ServiceItem,
    UnusableQuantity,
    read_quantity,
)
from web.filters import rial
from web.public.choices import Choices
from web.refusals import explain

PRESETS_RIAL = (500_000, 1_000_000, 2_500_000, 5_000_000)
SHARES_MAX = 5  # purposes that one payment may be split over on this page
BY_DEPOSIT = "deposit"  # pays later, at an ATM, a bank counter or by transfer
_DONOR = ("name", "mobile", "email", "national_id", "hidden_from")


def _readable(read: Callable[[str], object]) -> Callable[[Form, Field], None]:
    """Let a field be empty, or such that ``read`` accepts it; else its refusal is the error."""

    def check(_form: Form, field: Field) -> None:
        if (field.data or "").strip():
            try:
                read(field.data)
            except Refusal as refusal:
                raise ValidationError(explain(refusal)) from refusal

    return check


def read_hours(text: str) -> int:
    """Read a whole number of hours. Raises UnusableQuantity."""
    digits = digits_only(text)
    if digits is None or len(digits) > 6 or not 0 < int(digits) <= HOURS_MAX:
        raise UnusableQuantity(text=normalise(text)[:40])
    return int(digits)


def _amount() -> StringField:
    return StringField(Later("Amount"), [Length(max=40), _readable(parse_rial)])


def _fund() -> SelectField:
    return SelectField(Later("What for"), default=MOST_NEEDED)


class GiftForm(Form):
    """Money, goods and hours of one pledge; whatever is left empty is not promised."""

    kind = HiddenField()  # which part stands open: a value of ItemKind
    shares = HiddenField()  # how many rows of amount and purpose the page shows
    request_key = HiddenField()
    website = StringField()  # a trap: people do not see it, programs fill it in

    preset = RadioField(Later("How much?"), validate_choice=False)
    amount = StringField(Later("Another amount"), [Length(max=40), _readable(parse_rial)])
    fund = _fund()
    amount_2, fund_2 = _amount(), _fund()
    amount_3, fund_3 = _amount(), _fund()
    amount_4, fund_4 = _amount(), _fund()
    amount_5, fund_5 = _amount(), _fund()

    description = StringField(Later("What would you like to give?"), [Length(max=TEXT_MAX)])
    quantity = StringField(Later("How many?"), [Length(max=40), _readable(read_quantity)])
    unit = StringField(Later("Unit"), [Length(max=60)])

    skill = StringField(Later("What can you do?"), [Length(max=TEXT_MAX)])
    hours = StringField(Later("How many hours?"), [Length(max=20), _readable(read_hours)])

    office = SelectField(Later("Nearest service desk"))

    name = StringField(Later("Name"), [Length(max=NAME_MAX)])
    mobile = TelField(Later("Mobile number"), [Length(max=40), _readable(parse_mobile)])
    email = EmailField(Later("E-mail"), [Length(max=254)])
    national_id = StringField(
        Later("National id"), [Optional(), Length(max=40), _readable(parse_national_id)]
    )
    hidden_from = RadioField(
        Later("Who may see my name?"),
        choices=[
            (HiddenFrom.NOBODY, Later("Everyone: my name may be mentioned with thanks")),
            (HiddenFrom.PUBLIC, Later("Only the organisation's staff; it is published nowhere")),
            (HiddenFrom.EVERYONE, Later("Nobody: it stands on my own receipt only")),
        ],
        default=HiddenFrom.PUBLIC,
    )
    gateway = RadioField(Later("Pay through"))

    def __init__(self, sent: MultiDict[str, str] | None, choices: Choices, **given: Any) -> None:
        super().__init__(sent, **given)
        self.preset.choices = [(str(amount), rial(amount)) for amount in PRESETS_RIAL]
        self.gateway.choices = [
            *choices.gateways,
            (BY_DEPOSIT, _("I pay later, at an ATM, a bank counter or by transfer")),
        ]
        if sent is None or not self.gateway.data:
            self.gateway.data = self.gateway.choices[0][0]
        self.office.choices = [("", _("It does not matter")), *choices.offices]
        for place in range(1, SHARES_MAX + 1):
            self.fund_at(place).choices = choices.funds
        self.request_key.data = self.request_key.data or secrets.token_urlsafe(16)
        if self.kind.data not in set(ItemKind):
            self.kind.data = ItemKind.CASH.value
        count = digits_only(self.shares.data or "") or "1"
        self.shares.data = str(max(1, min(SHARES_MAX, int(count[:3]))))

    def amount_at(self, place: int) -> Field:
        """The amount of a row, counted from one."""
        return self["amount" if place == 1 else f"amount_{place}"]

    def fund_at(self, place: int) -> SelectField:
        """The purpose of a row, counted from one."""
        field = self["fund" if place == 1 else f"fund_{place}"]
        assert isinstance(field, SelectField)
        return field

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
        if is_valid and not self.items():
            first, text = {
                ItemKind.GOODS: ("description", _("Please say what you would like to give.")),
                ItemKind.SERVICE: ("skill", _("Please say what you can do.")),
            }.get(ItemKind(self.kind.data), ("amount", _("Please choose or type an amount.")))
            return self._has(first, text)
        return is_valid

    def items(self) -> list[Item]:
        """What is promised. Only for a form whose fields were checked."""
        fund = self.fund.data
        items: list[Item] = [
            CashItem(parse_rial(amount), fund=self.fund_at(place).data)
            for place in self.rows
            if (amount := self._amount_text(place))
        ]
        if self._is_begun("description"):
            items.append(
                GoodsItem(
                    self.description.data or "",
                    read_quantity(self.quantity.data or ""),
                    (self.unit.data or "").strip() or _("piece"),
                    fund=fund,
                )
            )
        if self._is_begun("skill"):
            items.append(
                ServiceItem(self.skill.data or "", read_hours(self.hours.data or ""), fund=fund)
            )
        return items

    def donor(self) -> DonorFacts:
        """What the donor chose to tell."""
        return DonorFacts(
            name=self.name.data or None,
            mobile=self.mobile.data or None,
            email=(self.email.data or "").strip() or None,
            national_id=self.national_id.data or None,
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
        name = {"amount_rial": "amount"}.get(refusal.field or "", refusal.field or "")
        if name not in self:
            return False
        field = self[name]
        field.errors = [*field.errors, explain(refusal)]
        return True

    def _amount_text(self, place: int) -> str:
        typed = (self.amount_at(place).data or "").strip()
        return typed or (self.preset.data or "" if place == 1 else "")

    def _is_begun(self, *names: str) -> bool:
        return any((self[name].data or "").strip() for name in names)

    def _has(self, name: str, otherwise: str) -> bool:
        if (self[name].data or "").strip():
            return True
        field = self[name]
        field.errors = [*field.errors, otherwise]
        return False
