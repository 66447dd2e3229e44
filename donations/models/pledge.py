"""Pledges (تعهد مشارکت) and their items: what somebody promised, before anything moved."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base
from donations.models.donor import Donor
from donations.models.fund import Fund


class HiddenFrom(StrEnum):
    """From whom the donor's name is kept: three levels, chosen for each gift."""

    NOBODY = "nobody"
    PUBLIC = "public"  # staff see it, published lists do not
    EVERYONE = "everyone"  # only the donor's own papers carry it


class Channel(StrEnum):
    """How a promise reached us: the vocabulary of the state's service form, requirements C8."""

    WEBSITE = "website"
    DESK = "desk"
    API = "api"
    ATM = "atm"
    MOBILE_PAYMENT = "mobile_payment"
    PHONE = "phone"
    SMS = "sms"
    POST = "post"
    COUNTER_OFFICE = "counter_office"
    OTHER = "other"


class ItemKind(StrEnum):
    CASH = "cash"
    GOODS = "goods"
    SERVICE = "service"


class ItemState(StrEnum):
    PROMISED = "promised"
    RECEIVED = "received"
    WITHDRAWN = "withdrawn"  # the donor or the desk took the promise back


class Pledge(Base):
    """What a donor promises under one tracking code, in one to many items."""

    __tablename__ = "pledge"
    __table_args__ = (
        Index("ix_pledge_office", "office_id", "id"),
        Index("ix_pledge_made_at", "made_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    tracking_code: Mapped[str] = mapped_column(String(13), unique=True)
    deposit_id: Mapped[str] = mapped_column(String(13), unique=True)
    donor_id: Mapped[int | None] = mapped_column(ForeignKey("donor.id"), index=True)
    hidden_from: Mapped[HiddenFrom]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    channel: Mapped[Channel]
    language: Mapped[str] = mapped_column(String(2), default="fa")
    external_reference: Mapped[str | None]
    # Made by the form or the partner: the same form sent twice is one pledge.
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    # Opens the donor's own view without a mobile number; the bank's way back and slips carry it.
    view_key: Mapped[str] = mapped_column(String(32), unique=True)
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"), index=True)
    made_at: Mapped[datetime]

    donor: Mapped[Donor | None] = relationship()
    items: Mapped[list["PledgeItem"]] = relationship(
        back_populates="pledge", order_by="PledgeItem.position"
    )

    @property
    def cash_rial(self) -> int:
        """What the cash items that still stand promise together, in rials."""
        return sum(
            item.amount_rial or 0
            for item in self.items
            if item.kind is ItemKind.CASH and item.state is not ItemState.WITHDRAWN
        )


class PledgeItem(Base):
    """One thing promised, for one fund. Quantities are exact: thousandths of the unit."""

    __tablename__ = "pledge_item"
    __table_args__ = (
        UniqueConstraint("pledge_id", "position"),
        CheckConstraint("kind <> 'cash' OR amount_rial > 0", name="cash_has_an_amount"),
        CheckConstraint("kind = 'cash' OR amount_rial IS NULL", name="only_cash_has_an_amount"),
        CheckConstraint(
            "kind <> 'goods' OR (description <> '' AND quantity_thousandths > 0 AND unit <> '')",
            name="goods_are_described",
        ),
        CheckConstraint(
            "kind <> 'service' OR (skill <> '' AND hours > 0)", name="service_has_hours"
        ),
        CheckConstraint("amount_rial <= 1000000000000000", name="amount_within_reach"),
        CheckConstraint(
            "declared_value_rial > 0 AND declared_value_rial <= 1000000000000000",
            name="declared_value_within_reach",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))
    position: Mapped[int]
    kind: Mapped[ItemKind]
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    state: Mapped[ItemState] = mapped_column(default=ItemState.PROMISED)
    amount_rial: Mapped[int | None]
    description: Mapped[str | None]
    quantity_thousandths: Mapped[int | None]
    unit: Mapped[str | None]
    declared_value_rial: Mapped[int | None]
    skill: Mapped[str | None]
    hours: Mapped[int | None]

    pledge: Mapped[Pledge] = relationship(back_populates="items")
    fund: Mapped[Fund] = relationship()


class DepositIdSeries(Base):
    """The last serial given out for one Jalali year and place."""

    __tablename__ = "deposit_id_series"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last_serial: Mapped[int]
