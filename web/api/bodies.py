"""What partners may send, field by field. A field that is not written here is refused."""

import re
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from core.digits import normalise
from core.identifiers import is_card_number
from core.refusals import Refusal
from core.rial import AMOUNT_RIAL_MAX
from donations.models.pledge import HiddenFrom
from donations.pledging import HOURS_MAX, ITEMS_MAX, NAME_MAX, TEXT_MAX, read_quantity

_QUANTITY_MAX = 10**9
_QUANTITY = "^[0-9۰-۹٠-٩]{1,9}([.٫][0-9۰-۹٠-٩]{1,3})?$"
_SIXTEEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{4}([ -]?)[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?![0-9])")


def _readable(text: str) -> str:
    """The text in our form. A text with nothing visible in it, or with a card number, is none."""
    clean = normalise(text)
    if not clean:
        raise PydanticCustomError("string_too_short", "nothing is written here", {"min_length": 1})
    for found in _SIXTEEN_DIGITS.finditer(clean):
        if is_card_number(re.sub("[ -]", "", found[0])):
            raise PydanticCustomError("card_number", "a bank card's number must not be sent")
    return clean


def _quantity_thousandths(value: object) -> int:
    """A whole number, or a decimal as text, as thousandths of the unit; never by way of a float."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _QUANTITY_MAX:
        return value * 1000
    if isinstance(value, str) and re.fullmatch(_QUANTITY, value):
        try:
            return read_quantity(value)
        except Refusal as refusal:
            raise PydanticCustomError(refusal.code, "not a usable quantity") from refusal
    raise PydanticCustomError("quantity.unusable", "not a usable quantity")


AmountRial = Annotated[int, Field(strict=True, ge=1, le=AMOUNT_RIAL_MAX)]
Text = Annotated[
    str, StringConstraints(min_length=1, max_length=TEXT_MAX), AfterValidator(_readable)
]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(normalise)]
Quantity = Annotated[
    int,
    PlainValidator(_quantity_thousandths),
    WithJsonSchema(
        {
            "description": "A whole number, or a decimal with up to three places as text.",
            "oneOf": [
                {"type": "integer", "minimum": 1, "maximum": _QUANTITY_MAX},
                {"type": "string", "pattern": _QUANTITY},
            ],
        }
    ),
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class NewDonor(_Body):
    """As much as the donor chose to tell, which may be nothing."""

    name: Annotated[str, StringConstraints(max_length=NAME_MAX)] | None = None
    mobile: Annotated[str, StringConstraints(max_length=20)] | None = Field(
        default=None, description="An Iranian mobile number, 09xxxxxxxxx."
    )
    email: Annotated[str, StringConstraints(max_length=254)] | None = None
    national_id: Annotated[str, StringConstraints(max_length=20)] | None = Field(
        default=None, description="National id (10 digits) or legal id (11 digits)."
    )
    hidden_from: Annotated[HiddenFrom, WithJsonSchema({"enum": [*HiddenFrom]})] = Field(
        default=HiddenFrom.NOBODY, description="From whom the donor's name is kept."
    )


class NewCash(_Body):
    """Money, in whole rials."""

    kind: Literal["cash"]
    amount_rial: AmountRial
    fund: Code | None = Field(
        default=None, description="Code of a fund; where most needed if empty."
    )


class NewGoods(_Body):
    """Goods; the declared value is never added to money."""

    kind: Literal["goods"]
    description: Text
    quantity: Quantity
    unit: Text
    declared_value_rial: AmountRial | None = None
    fund: Code | None = None


class NewService(_Body):
    """Whole hours of somebody's skill."""

    kind: Literal["service"]
    skill: Text
    hours: Annotated[int, Field(strict=True, ge=1, le=HOURS_MAX)]
    fund: Code | None = None


NewItem = Annotated[NewCash | NewGoods | NewService, Field(discriminator="kind")]


class NewPledge(_Body):
    """What somebody promises: one to fifty items under one tracking code."""

    donor: NewDonor = NewDonor()
    items: Annotated[list[NewItem], Field(min_length=1, max_length=ITEMS_MAX)]
    office: Code | None = Field(
        default=None, description="Code of an office; that of the key if empty."
    )
    # A partner cannot claim to be our own website or a clerk at a desk.
    channel: Literal[
        "api", "atm", "mobile_payment", "phone", "sms", "post", "counter_office", "other"
    ] = "api"
    language: Literal["fa", "en"] = Field(
        default="fa", description="Of the receipt and the messages."
    )
    external_reference: (
        Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(_readable)]
        | None
    ) = Field(
        default=None, description="The partner's own name for this gift; it is kept, not checked."
    )


class NewPayment(_Body):
    """Through which gateway the cash of a pledge is to be paid."""

    gateway: Annotated[str, StringConstraints(min_length=1, max_length=60)] = Field(
        description="The name of a gateway, as GET /gateways lists it."
    )
