"""Limits of the desks (حدود میزهای خدمت): numbers with a day from which each holds."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, insert_only


class DeskLimit(StrEnum):
    """What can be limited, and in which unit."""

    CASH_DIFFERENCE_RIAL = "cash_difference_rial"  # beyond it a second person closes a session
    ASSESSED_VALUE_RIAL = "assessed_value_rial"  # beyond it two persons value goods


@insert_only
class DeskLimitValue(Base):
    """One limit from one day on, why, and who set it. A later row for the same day replaces it."""

    __tablename__ = "desk_limit"
    __table_args__ = (
        CheckConstraint("value BETWEEN 0 AND 1000000000000000", name="within_reason"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        Index("ix_desk_limit_day", "name", "valid_from"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[DeskLimit]
    value: Mapped[int]
    valid_from: Mapped[date]
    reason: Mapped[str]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]
