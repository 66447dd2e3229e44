"""Stock: goods that were received, where they lie, and every thousandth that came or went."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.goods_category import GoodsCategory
from donations.models.pledge import PledgeItem


@insert_only
class StockLot(Base):
    """The goods of one contribution line: one donor's, of one kind."""

    __tablename__ = "stock_lot"
    __table_args__ = (Index("ix_stock_lot_kind", "office_id", "category_id", "kind_folded", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    contribution_line_id: Mapped[int] = mapped_column(
        ForeignKey("contribution_line.id"), unique=True
    )
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("pledge_item.id"), index=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("goods_category.id"))
    description: Mapped[str]
    unit: Mapped[str]
    kind_folded: Mapped[str]  # description and unit as compared: lots of one kind go out in order
    expires_on: Mapped[date | None]
    received_at: Mapped[datetime]

    item: Mapped[PledgeItem] = relationship()
    category: Mapped[GoodsCategory] = relationship()


class StockCause(StrEnum):
    """Why goods moved."""

    RECEIVED = "received"
    HANDED_OVER = "handed_over"
    CAME_BACK = "came_back"  # a hand-over was reversed
    VOIDED = "voided"  # the contribution does not stand
    MOVED = "moved"  # to another shelf; the quantity stays


@insert_only
class StockMovement(Base):
    """One change of a lot, resting on the one before it.

    The database itself carries the sum: ``before`` must be the ``after`` of the row it follows, a
    row is followed once, and no ``after`` is below zero.
    """

    __tablename__ = "stock_movement"
    __table_args__ = (
        UniqueConstraint("lot_id", "number"),
        UniqueConstraint("lot_id", "number", "after_thousandths"),
        ForeignKeyConstraint(
            ["lot_id", "previous_number", "before_thousandths"],
            [
                "stock_movement.lot_id",
                "stock_movement.number",
                "stock_movement.after_thousandths",
            ],
            name="fk_stock_movement_previous",
        ),
        CheckConstraint(
            "after_thousandths = before_thousandths + change_thousandths", name="adds_up"
        ),
        CheckConstraint("after_thousandths >= 0", name="never_negative"),
        CheckConstraint(
            "(number = 1 AND previous_number IS NULL AND before_thousandths = 0"
            " AND cause = 'received') OR (number > 1 AND previous_number IS NOT NULL"
            " AND previous_number = number - 1 AND cause <> 'received')",
            name="follows_the_one_before",
        ),
        CheckConstraint(
            "(cause IN ('received', 'came_back') AND change_thousandths > 0)"
            " OR (cause IN ('handed_over', 'voided') AND change_thousandths < 0)"
            " OR (cause = 'moved' AND change_thousandths = 0)",
            name="cause_has_its_direction",
        ),
        CheckConstraint(
            "(cause IN ('handed_over', 'came_back')) = (hand_over_line_id IS NOT NULL)",
            name="a_slip_says_so",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lot.id"))
    number: Mapped[int]
    previous_number: Mapped[int | None]
    before_thousandths: Mapped[int]
    change_thousandths: Mapped[int]
    after_thousandths: Mapped[int]
    cause: Mapped[StockCause]
    shelf: Mapped[str | None]  # where what is left lies
    hand_over_line_id: Mapped[int | None] = mapped_column(
        ForeignKey("hand_over_line.id"), index=True
    )
    moved_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    moved_at: Mapped[datetime]

    lot: Mapped[StockLot] = relationship()
