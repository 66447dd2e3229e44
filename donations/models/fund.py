"""Funds (محل مصرف): what a gift is meant for, after the state's service tree."""

from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base

MOST_NEEDED = "most-needed"  # the fund of a donor who names none


class FundKind(StrEnum):
    GENERAL = "general"
    SERVICE = "service"
    SUB_SERVICE = "sub_service"


class Fund(Base):
    """A purpose that a donor can name. ``code`` is the state's service id where there is one.

    The parent is data: it cannot be derived from the digits of the code.
    """

    __tablename__ = "fund"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[FundKind]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("fund.id"), index=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    is_open: Mapped[bool] = mapped_column(default=True)

    parent: Mapped["Fund | None"] = relationship(remote_side="Fund.id")
