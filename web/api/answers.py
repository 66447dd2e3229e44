"""What partners are told, field by field. A field that is not known yet is left out."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, Field

from donations.models.need import NeedKind
from donations.models.payment import PaymentState
from donations.models.pledge import ItemKind, ItemState, PledgeItem
from donations.tracking import PledgeState, Stage, StageKind
from offices.places import OfficeKind
from receipts.documents.facts import ReceiptKind
from receipts.life.series import ReceiptState


class Item(BaseModel):
    """One thing promised. Rials, goods and hours stand in their own units."""

    kind: ItemKind
    state: ItemState
    stage: StageKind | None = Field(
        default=None, description="Where this item stands, which may be further than the others."
    )
    fund: str
    amount_rial: int | None = None
    description: str | None = None
    quantity: int | str | None = Field(default=None, description="Whole, or a decimal as text.")
    unit: str | None = None
    declared_value_rial: int | None = None
    skill: str | None = None
    hours: int | None = None


class Links(BaseModel):
    """Where to go on: the donor's page, and where the partner opens a payment."""

    follow: str
    pay: str | None = None


class PledgeMade(BaseModel):
    """A pledge with its two names: the tracking code, and the deposit id for ATM and counter."""

    tracking_code: str
    deposit_id: str
    state: PledgeState
    items: list[Item]
    links: Links


class Redirect(BaseModel):
    """Where the donor's browser goes, how, and with which form fields."""

    method: Literal["GET", "POST"]
    url: str
    fields: dict[str, str]


class PaymentBegun(BaseModel):
    """An attempt to pay that the bank knows of."""

    id: int
    state: PaymentState
    redirect: Redirect
    expires_at: datetime | None = None


class PaymentStanding(BaseModel):
    """One attempt to pay, and how it stands."""

    id: int
    gateway: str
    state: PaymentState
    amount_rial: int
    trace_number: str | None = None


class ReceiptNamed(BaseModel):
    """A receipt of a pledge."""

    number: str
    kind: ReceiptKind
    amount_rial: int | None = None
    pdf_url: str
    verify_url: str
    state: ReceiptState
    is_void: bool
    replaced_by: str | None = None
    replaces: str | None = None


class StageReached(BaseModel):
    """One stage of a pledge, and when it was reached."""

    kind: StageKind
    at: datetime
    amount_rial: int | None = None
    gateway: str | None = None
    trace_number: str | None = None
    item: int | None = Field(
        default=None, description="The place of the item it happened to, among the items, from 1."
    )
    text_fa: str | None = Field(default=None, description="More about it, for the donor.")
    text_en: str | None = None


class PledgeStanding(BaseModel):
    """How a pledge stands: each item goes its own way."""

    tracking_code: str
    deposit_id: str
    state: PledgeState
    external_reference: str | None = None
    items: list[Item]
    payments: list[PaymentStanding]
    receipts: list[ReceiptNamed]
    timeline: list[StageReached]
    links: Links


class ReceiptLine(BaseModel):
    """One line of a receipt."""

    kind: ItemKind
    fund: str
    amount_rial: int | None = None
    quantity: int | str | None = None
    hours: int | None = None


class ReceiptStanding(ReceiptNamed):
    """A receipt: what it says, and whether it stands."""

    tracking_code: str
    office: str
    issued_on: date
    issued_on_jalali: str
    lines: list[ReceiptLine]


class FundOffered(BaseModel):
    """A purpose that a gift may name. A parent stands above it in the state's service tree."""

    code: str
    kind: str
    name_fa: str
    name_en: str
    parent: str | None = None


class Funds(BaseModel):
    """Every fund that takes gifts now."""

    funds: list[FundOffered]


class OfficeOpen(BaseModel):
    """An office that takes gifts."""

    code: str
    kind: OfficeKind
    name_fa: str
    name_en: str
    province: str | None = Field(default=None, description="Code of its province.")


class Offices(BaseModel):
    """Every open office."""

    offices: list[OfficeOpen]


class NeedOpen(BaseModel):
    """Something an office asks the public for, and how much of it is still open."""

    id: int
    kind: NeedKind
    title: str
    details: str | None = None
    category: str | None = Field(default=None, description="Code of a category of goods.")
    skill: str | None = None
    licence: str | None = Field(default=None, description="Code of the service that licenses it.")
    unit: str | None = None
    open: int | str = Field(description="In the unit, or in hours; a decimal as text.")
    fund: str
    office: str
    province: str | None = Field(default=None, description="Code of its province.")
    offer_url: str


class Needs(BaseModel):
    """Needs with something open, newest first."""

    needs: list[NeedOpen]


class GatewayOffered(BaseModel):
    """A gateway that takes payments now, between these amounts in rials."""

    name: str
    adapter: str
    title_fa: str
    title_en: str
    amount_rial_min: int
    amount_rial_max: int


class Gateways(BaseModel):
    """Every gateway that takes payments now."""

    gateways: list[GatewayOffered]


def quantity_said(thousandths: int) -> int | str:
    """A quantity the way partners write it: a whole number, or a decimal as text."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else whole


def stage_said(stage: Stage, places: Mapping[int, int]) -> StageReached:
    """A stage as partners see it; ``places`` are those of the items by their ids."""
    return StageReached(
        kind=stage.kind,
        at=stage.at,
        amount_rial=stage.amount_rial,
        gateway=stage.gateway,
        trace_number=stage.trace_number,
        item=None if stage.item_id is None else places.get(stage.item_id),
        text_fa=stage.told.fa if stage.told else None,
        text_en=stage.told.en if stage.told else None,
    )


def item_said(item: PledgeItem, stage: StageKind | None = None) -> Item:
    """An item of a pledge as partners see it."""
    thousandths = item.quantity_thousandths
    return Item(
        kind=item.kind,
        state=item.state,
        stage=stage,
        fund=item.fund.code,
        amount_rial=item.amount_rial,
        description=item.description,
        quantity=None if thousandths is None else quantity_said(thousandths),
        unit=item.unit,
        declared_value_rial=item.declared_value_rial,
        skill=item.skill,
        hours=item.hours,
    )
