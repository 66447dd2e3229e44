"""Where the organisation is: provinces, the desks in them, and the centres below the desks."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only, one_of, words_of

ONLINE_OFFICE_CODE = "00"  # the headquarters' own desk: gifts that came through no province


class OfficeKind(StrEnum):
    HEADQUARTERS = "headquarters"
    DESK = "desk"
    CENTRE = "centre"


class Province(Base):
    """One of the 31 provinces."""

    __tablename__ = "province"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(2), unique=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]

    offices: Mapped[list["Office"]] = relationship(back_populates="province")


class Office(Base):
    """A service desk, a centre or the headquarters.

    ``code`` stands in receipt numbers (1404/07/000123), ``place`` in deposit ids (000-799).
    """

    __tablename__ = "office"
    __table_args__ = (
        CheckConstraint("place BETWEEN 0 AND 799", name="place_of_an_office"),
        Index("ix_office_in_province", "id", "province_id", unique=True),  # for a centre's keys
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(3), unique=True)
    place: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[OfficeKind]
    province_id: Mapped[int | None] = mapped_column(ForeignKey("province.id"), index=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    is_open: Mapped[bool] = mapped_column(default=True)

    province: Mapped[Province | None] = relationship(back_populates="offices")
    centre: Mapped["Centre | None"] = relationship(
        back_populates="office",
        primaryjoin="Office.id == Centre.office_id",
        foreign_keys="Centre.office_id",
    )


class Centre(Base):
    """Where a centre belongs: the desk above it, which lies in the same province.

    A partner centre (مرکز همکار) receives gifts by itself and only tells us of them.
    """

    __tablename__ = "centre"
    __table_args__ = (
        CheckConstraint("parent_id <> office_id", name="below_another"),
        ForeignKeyConstraint(["office_id", "province_id"], ["office.id", "office.province_id"]),
        ForeignKeyConstraint(["parent_id", "province_id"], ["office.id", "office.province_id"]),
    )

    office_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    province_id: Mapped[int]
    parent_id: Mapped[int] = mapped_column(index=True)
    is_partner: Mapped[bool]

    office: Mapped[Office] = relationship(
        back_populates="centre",
        primaryjoin="Office.id == Centre.office_id",
        foreign_keys=[office_id],
    )
    parent: Mapped[Office] = relationship(
        foreign_keys=[parent_id], primaryjoin="Office.id == Centre.parent_id", viewonly=True
    )


class OfficeChange(StrEnum):
    """What can happen to an office."""

    OPENED = "opened"
    RENAMED = "renamed"
    MOVED = "moved"  # below another desk
    CLOSED = "closed"


@insert_only
class OfficeFact(Base):
    """What an office was called and where it belonged from a day on, and who said so."""

    __tablename__ = "office_fact"
    __table_args__ = (
        CheckConstraint(one_of("change", OfficeChange), name="officechange"),
        CheckConstraint("change = 'opened' OR reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    change: Mapped[OfficeChange] = mapped_column(words_of(OfficeChange))
    valid_from: Mapped[date]
    name_fa: Mapped[str]
    name_en: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    reason: Mapped[str]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    changed_at: Mapped[datetime]
