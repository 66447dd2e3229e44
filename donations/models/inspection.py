"""Inspections of goods, and values that a second person decides on."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    DDL,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    UniqueConstraint,
    event,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.acceptance import Condition, ValueBasis
from donations.models.acceptance_rule import AcceptanceRule
from donations.models.desk import Decision
from donations.models.goods_category import GoodsCategory
from donations.models.pledge import PledgeItem
from offices.places import Office


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


@insert_only
class Inspection(Base):
    """What somebody saw of an item, and what the rules of that day said about it."""

    __tablename__ = "inspection"
    __table_args__ = (
        CheckConstraint("(verdict = 'refused') = (rule_id IS NOT NULL)", name="a_rule_refuses"),
        CheckConstraint(
            "(verdict = 'refused') = (better_office_id IS NOT NULL)", name="somewhere_else"
        ),
        CheckConstraint("quantity_thousandths > 0", name="quantity_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("pledge_item.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("goods_category.id"))
    quantity_thousandths: Mapped[int]
    condition: Mapped[Condition]
    expires_on: Mapped[date | None]
    is_opened: Mapped[bool | None]
    works: Mapped[bool | None]
    verdict: Mapped[Verdict]
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("acceptance_rule.id"))
    better_office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    inspected_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    inspected_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    item: Mapped[PledgeItem] = relationship()
    category: Mapped[GoodsCategory] = relationship()
    rule: Mapped[AcceptanceRule | None] = relationship()
    better_office: Mapped[Office | None] = relationship(foreign_keys=[better_office_id])


@insert_only
class Valuation(Base):
    """Goods that are worth more than one person may say; they wait without a receipt."""

    __tablename__ = "valuation"
    __table_args__ = (
        UniqueConstraint("id", "asked_by_id"),
        CheckConstraint(
            "assessed_value_rial > 0 AND assessed_value_rial <= 1000000000000000",
            name="value_within_reach",
        ),
        CheckConstraint("basis <> 'not_valued'", name="valued"),
        CheckConstraint(
            "(basis = 'appraiser') = (appraiser IS NOT NULL) AND appraiser <> ''",
            name="an_appraiser_has_a_name",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    inspection_id: Mapped[int] = mapped_column(ForeignKey("inspection.id"), unique=True)
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("pledge_item.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    basis: Mapped[ValueBasis]
    assessed_value_rial: Mapped[int]
    appraiser: Mapped[str | None]
    warehouse_number: Mapped[str | None] = mapped_column(String(40))
    shelf: Mapped[str | None]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    asked_at: Mapped[datetime]

    inspection: Mapped[Inspection] = relationship()
    item: Mapped[PledgeItem] = relationship()
    decision: Mapped["ValuationDecision | None"] = relationship(
        primaryjoin="Valuation.id == foreign(ValuationDecision.valuation_id)",
        viewonly=True,
    )


@insert_only
class ValuationDecision(Base):
    """What another person decided about an assessed value."""

    __tablename__ = "valuation_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["valuation_id", "asked_by_id"],
            ["valuation.id", "valuation.asked_by_id"],
            name="fk_valuation_decision_valuation",
        ),
        CheckConstraint("decided_by_id <> asked_by_id", name="two_persons"),
    )

    valuation_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_by_id: Mapped[int]
    decision: Mapped[Decision]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]


_WAITS = (
    "EXISTS (SELECT 1 FROM valuation LEFT JOIN valuation_decision"
    " ON valuation_decision.valuation_id = valuation.id"
    " WHERE valuation.pledge_item_id = OLD.id AND valuation_decision.valuation_id IS NULL)"
)


def whole_while_valued_ddl(dialect: str) -> list[str]:
    """The statements that keep an item whole while its value waits.

    A value is that of the quantity which was looked at: no part of it may leave meanwhile.
    """
    trigger = "CREATE TRIGGER pledge_item_whole_while_valued"
    when = "BEFORE UPDATE OF quantity_thousandths ON pledge_item FOR EACH ROW"
    said = "the value of this item waits for a second person"
    if dialect == "sqlite":
        return [f"{trigger} {when} WHEN {_WAITS} BEGIN SELECT RAISE(ABORT, '{said}'); END"]
    return [
        "CREATE OR REPLACE FUNCTION refuse_dividing_valued() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN IF {_WAITS} THEN RAISE EXCEPTION '{said}'; END IF; RETURN NEW; END $$",
        f"{trigger} {when} EXECUTE FUNCTION refuse_dividing_valued()",
    ]


for _dialect in ("sqlite", "postgresql"):
    for _statement in whole_while_valued_ddl(_dialect):
        event.listen(
            ValuationDecision.__table__,
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),
        )
