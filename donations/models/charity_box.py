"""Charity boxes (صندوق خیریه): where each stands, with whom, for what, and under which seal."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.fund import Fund
from offices.places import Office

BOX_NUMBER_LENGTH = 8  # place of the office (3) + serial within it (5)


@insert_only
class CharityBox(Base):
    """One box. ``number`` is eight digits, on its label also as a QR code of digits alone."""

    __tablename__ = "charity_box"
    __table_args__ = (CheckConstraint("length(number) = 8", name="number_of_eight_digits"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(BOX_NUMBER_LENGTH), unique=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
    registered_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    registered_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    office: Mapped[Office] = relationship()
    fund: Mapped[Fund] = relationship()


class BoxState(StrEnum):
    PLACED = "placed"
    RETURNED = "returned"


@insert_only
class BoxStanding(Base):
    """Where a box is from now on and who answers for it there; the latest row holds."""

    __tablename__ = "box_standing"
    __table_args__ = (
        CheckConstraint("place <> '' AND holder_name <> ''", name="somewhere_with_somebody"),
        Index("ix_box_standing_box", "box_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("charity_box.id"))
    state: Mapped[BoxState]
    place: Mapped[str]
    holder_name: Mapped[str]
    holder_mobile: Mapped[str | None] = mapped_column(String(11))
    told_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    told_at: Mapped[datetime]


@insert_only
class BoxSeal(Base):
    """The seal that closes a box from now on; none serves the same box twice."""

    __tablename__ = "box_seal"
    __table_args__ = (
        UniqueConstraint("box_id", "seal_number"),
        CheckConstraint("seal_number <> ''", name="has_a_number"),
        Index("ix_box_seal_box", "box_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("charity_box.id"))
    seal_number: Mapped[str] = mapped_column(String(20))
    round_id: Mapped[int | None] = mapped_column(ForeignKey("collection_round.id"))  # that set it
    reason: Mapped[str]  # of a change outside of rounds; empty for the first seal and a round's
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]
