"""Hand-over slips: goods that left the stock for a centre, a sub-service or a person in charge."""

from datetime import date, datetime

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.fund import Fund
from donations.models.stock import StockLot
from offices.places import Office


@insert_only
class HandOver(Base):
    """One slip, numbered within its office."""

    __tablename__ = "hand_over"
    __table_args__ = (
        UniqueConstraint("office_id", "number"),
        CheckConstraint("number > 0", name="number_from_one"),
        CheckConstraint(
            "to_office_id IS NOT NULL OR to_fund_id IS NOT NULL OR to_person IS NOT NULL",
            name="to_somebody",
        ),
        CheckConstraint("to_person <> ''", name="person_has_a_name"),
        CheckConstraint("to_office_id <> office_id", name="to_another_office"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    number: Mapped[int]
    to_office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"), index=True)
    to_fund_id: Mapped[int | None] = mapped_column(ForeignKey("fund.id"))
    to_person: Mapped[str | None]
    handed_on: Mapped[date]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    office: Mapped[Office] = relationship(foreign_keys=[office_id])
    to_office: Mapped[Office | None] = relationship(foreign_keys=[to_office_id])
    to_fund: Mapped[Fund | None] = relationship()
    lines: Mapped[list["HandOverLine"]] = relationship(
        back_populates="slip", order_by="HandOverLine.id"
    )
    acknowledgement: Mapped["HandOverAcknowledgement | None"] = relationship()


@insert_only
class HandOverLine(Base):
    """What of one lot a slip takes along."""

    __tablename__ = "hand_over_line"
    __table_args__ = (
        UniqueConstraint("hand_over_id", "lot_id"),
        UniqueConstraint("id", "quantity_thousandths"),
        CheckConstraint("quantity_thousandths > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    hand_over_id: Mapped[int] = mapped_column(ForeignKey("hand_over.id"))
    lot_id: Mapped[int] = mapped_column(ForeignKey("stock_lot.id"), index=True)
    quantity_thousandths: Mapped[int]

    slip: Mapped[HandOver] = relationship(back_populates="lines")
    lot: Mapped[StockLot] = relationship()
    received: Mapped["HandOverReceived | None"] = relationship(
        primaryjoin="HandOverLine.id == foreign(HandOverReceived.line_id)", viewonly=True
    )
    reversal: Mapped["HandOverReversal | None"] = relationship(
        primaryjoin="HandOverLine.id == foreign(HandOverReversal.line_id)", viewonly=True
    )


@insert_only
class HandOverAcknowledgement(Base):
    """That the goods of a slip arrived, by whoever took them."""

    __tablename__ = "hand_over_acknowledgement"

    hand_over_id: Mapped[int] = mapped_column(
        ForeignKey("hand_over.id"), primary_key=True, autoincrement=False
    )
    received_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    received_at: Mapped[datetime]


@insert_only
class HandOverReceived(Base):
    """What really arrived of one line; less than was handed over needs a reason."""

    __tablename__ = "hand_over_received"
    __table_args__ = (
        ForeignKeyConstraint(
            ["line_id", "handed_thousandths"],
            ["hand_over_line.id", "hand_over_line.quantity_thousandths"],
            name="fk_hand_over_received_line",
        ),
        CheckConstraint("received_thousandths >= 0", name="received_not_negative"),
        CheckConstraint("received_thousandths <= handed_thousandths", name="not_more_than_handed"),
        CheckConstraint(
            "received_thousandths = handed_thousandths OR (reason IS NOT NULL AND reason <> '')",
            name="difference_has_a_reason",
        ),
    )

    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    handed_thousandths: Mapped[int]
    received_thousandths: Mapped[int]
    reason: Mapped[str | None]


@insert_only
class HandOverReversal(Base):
    """That goods of one line came back to the shelf they left, once, and why."""

    __tablename__ = "hand_over_reversal"
    __table_args__ = (
        ForeignKeyConstraint(
            ["line_id", "handed_thousandths"],
            ["hand_over_line.id", "hand_over_line.quantity_thousandths"],
            name="fk_hand_over_reversal_line",
        ),
        CheckConstraint("came_back_thousandths > 0", name="came_back_positive"),
        CheckConstraint("came_back_thousandths <= handed_thousandths", name="not_more_than_handed"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    line_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    handed_thousandths: Mapped[int]
    came_back_thousandths: Mapped[int]
    reason: Mapped[str]
    reversed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    reversed_at: Mapped[datetime]
