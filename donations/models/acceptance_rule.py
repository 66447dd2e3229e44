"""Acceptance rules: what goods of a category must be like to be taken, each from a day on."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.goods_category import GoodsCategory


class RuleKind(StrEnum):
    """What a rule asks of goods; ``value`` says how much, and 0 that it asks nothing."""

    NOT_TAKEN = "not_taken"  # 1: nothing of this category is taken
    DAYS_UNTIL_EXPIRY = "days_until_expiry"  # at least so many days
    UNOPENED = "unopened"  # 1: the package must be unopened
    CONDITION_AT_LEAST = "condition_at_least"  # 1 damaged, 2 worn, 3 good, 4 new
    WORKS = "works"  # 1: it was tried and works


@insert_only
class AcceptanceRule(Base):
    """One rule on one category; of several that are valid on a day the latest holds."""

    __tablename__ = "acceptance_rule"
    __table_args__ = (
        UniqueConstraint("category_id", "kind", "valid_from", "set_at"),
        CheckConstraint("value >= 0", name="value_not_negative"),
        CheckConstraint(
            "kind NOT IN ('not_taken', 'unopened', 'works') OR value <= 1", name="yes_or_no"
        ),
        CheckConstraint("kind <> 'condition_at_least' OR value <= 4", name="condition_known"),
        CheckConstraint("kind <> 'days_until_expiry' OR value <= 3650", name="days_within_reach"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("goods_category.id"))
    kind: Mapped[RuleKind]
    value: Mapped[int]
    valid_from: Mapped[date]
    reason: Mapped[str]
    set_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]

    category: Mapped[GoodsCategory] = relationship()
