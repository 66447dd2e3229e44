"""Goods that were offered: their place in a need, and when they come or are fetched."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.need import Need
from donations.models.pledge import Pledge, PledgeItem


class ShareStep(StrEnum):
    """What became of one item within a need; the latest holds."""

    RESERVED = "reserved"
    WAITING = "waiting"  # beyond what is needed; moves up in the order of the rows
    RECEIVED = "received"
    GIVEN_UP = "given_up"  # withdrawn or refused: its place is free again
    NEED_CLOSED = "need_closed"  # it waited, and no more is asked for


@insert_only
class NeedShare(Base):
    """One step of an item that was offered for a need, with its whole quantity."""

    __tablename__ = "need_share"
    __table_args__ = (
        UniqueConstraint("pledge_item_id", "number"),
        CheckConstraint("quantity_thousandths > 0", name="quantity_positive"),
        CheckConstraint("number > 0", name="number_from_one"),
        Index("ix_need_share_need", "need_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"))
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("pledge_item.id"))
    number: Mapped[int]  # counts within the item, so that no step is taken twice
    step: Mapped[ShareStep]
    quantity_thousandths: Mapped[int]
    at: Mapped[datetime]

    need: Mapped[Need] = relationship()
    item: Mapped[PledgeItem] = relationship()


class Way(StrEnum):
    """How goods reach us."""

    DROP_OFF = "drop_off"
    PICK_UP = "pick_up"


class PartOfDay(StrEnum):
    MORNING = "morning"
    NOON = "noon"
    AFTERNOON = "afternoon"


class AppointmentStep(StrEnum):
    PROPOSED = "proposed"  # by the donor; an office has not answered
    AGREED = "agreed"
    CANCELLED = "cancelled"


@insert_only
class GoodsAppointment(Base):
    """When the goods of a pledge come or are fetched; a change is the next row, which holds.

    The address is the donor's and is shown to the office alone.
    """

    __tablename__ = "goods_appointment"
    __table_args__ = (
        UniqueConstraint("pledge_id", "number"),
        CheckConstraint("(way = 'pick_up') = (address IS NOT NULL)", name="address_to_pick_up"),
        CheckConstraint("address <> ''", name="address_not_empty"),
        CheckConstraint("set_by_id IS NOT NULL OR step <> 'agreed'", name="an_office_agrees"),
        Index("ix_goods_appointment_day", "office_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))
    number: Mapped[int]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    step: Mapped[AppointmentStep]
    way: Mapped[Way]
    day: Mapped[date]  # in Tehran
    part_of_day: Mapped[PartOfDay]
    address: Mapped[str | None]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))  # or the donor
    set_at: Mapped[datetime]

    pledge: Mapped[Pledge] = relationship()
