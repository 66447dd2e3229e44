"""Needs (نیاز): what an office asks the public for, and how much of it is still open."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, column_property, mapped_column, relationship

from core.database import Base
from donations.models.fund import Fund
from donations.models.goods_category import GoodsCategory
from offices.places import Office

_IS_PUBLISHED = text("closed_at IS NULL")


class NeedKind(StrEnum):
    GOODS = "goods"
    HOURS = "hours"  # somebody's skill, by the whole hour


class Need(Base):
    """One thing that an office asks for on behalf of a fund, in thousandths of its unit.

    Hours stand in thousandths too, and are whole. What donors were promised a place for is
    ``reserved``, what came is ``received``; the database lets neither pass what was asked. The row
    is locked before any of the three changes (``donations.goods.needs.hold_need``).
    """

    __tablename__ = "need"
    __table_args__ = (
        CheckConstraint("asked_thousandths > 0", name="asked_positive"),
        CheckConstraint("reserved_thousandths >= 0", name="reserved_not_negative"),
        CheckConstraint("received_thousandths >= 0", name="received_not_negative"),
        CheckConstraint(
            "reserved_thousandths + received_thousandths <= asked_thousandths",
            name="never_more_than_asked",
        ),
        CheckConstraint(
            "kind <> 'goods' OR (category_id IS NOT NULL AND unit IS NOT NULL AND unit <> ''"
            " AND skill IS NULL AND licence_kind IS NULL)",
            name="goods_have_a_category",
        ),
        CheckConstraint(
            "kind <> 'hours' OR (skill IS NOT NULL AND skill <> '' AND category_id IS NULL"
            " AND unit IS NULL AND asked_thousandths % 1000 = 0)",
            name="hours_are_whole",
        ),
        CheckConstraint("title <> ''", name="has_a_title"),
        CheckConstraint(
            "(closed_at IS NULL) = (closing_reason IS NULL)"
            " AND (closed_at IS NULL) = (closed_by_id IS NULL) AND closing_reason <> ''",
            name="closed_with_a_reason",
        ),
        Index("ix_need_office", "office_id", "id"),
        Index(
            "ix_need_published",
            "kind",
            "id",
            sqlite_where=_IS_PUBLISHED,
            postgresql_where=_IS_PUBLISHED,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[NeedKind]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    title: Mapped[str]  # what the public reads: wheelchair, physiotherapy on Thursdays
    details: Mapped[str | None]
    category_id: Mapped[int | None] = mapped_column(ForeignKey("goods_category.id"), index=True)
    unit: Mapped[str | None]
    skill: Mapped[str | None]
    licence_kind: Mapped[str | None] = mapped_column(String(40))  # needed to serve these hours
    asked_thousandths: Mapped[int] = mapped_column()
    reserved_thousandths: Mapped[int] = mapped_column(default=0)
    received_thousandths: Mapped[int] = mapped_column(default=0)
    published_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    published_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    closed_at: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    closing_reason: Mapped[str | None]

    # Computed by the database whenever a need is read, and never written.
    open_thousandths: Mapped[int] = column_property(
        asked_thousandths - reserved_thousandths - received_thousandths
    )

    office: Mapped[Office] = relationship()
    fund: Mapped[Fund] = relationship()
    category: Mapped[GoodsCategory | None] = relationship()

    @property
    def is_closed(self) -> bool:
        return self.closed_at is not None

    @property
    def open_hours(self) -> int:
        """What of an hours' need is still open, in whole hours."""
        return self.open_thousandths // 1000
