"""Where the organisation is: provinces and the offices in them."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base

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
    __table_args__ = (CheckConstraint("place BETWEEN 0 AND 799", name="place_of_an_office"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(3), unique=True)
    place: Mapped[int] = mapped_column(unique=True)
    kind: Mapped[OfficeKind]
    province_id: Mapped[int | None] = mapped_column(ForeignKey("province.id"), index=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    is_open: Mapped[bool] = mapped_column(default=True)

    province: Mapped[Province | None] = relationship(back_populates="offices")
