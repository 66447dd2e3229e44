"""What a desk saw when it accepted goods or hours, beside the line of the contribution."""

from datetime import date
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, insert_only


class Condition(StrEnum):
    """In what condition goods came."""

    NEW = "new"
    GOOD = "good"  # used, in good order
    WORN = "worn"
    DAMAGED = "damaged"


class ValueBasis(StrEnum):
    """What the assessed value of goods rests on."""

    INVOICE = "invoice"
    APPRAISER = "appraiser"
    DONOR = "donor"  # the donor's own statement
    NOT_VALUED = "not_valued"


@insert_only
class GoodsAcceptance(Base):
    """How goods were found at the counter; a line without one was taken as it was promised."""

    __tablename__ = "goods_acceptance"
    __table_args__ = (
        CheckConstraint("(basis = 'not_valued') = (assessed_value_rial IS NULL)", name="valued"),
        CheckConstraint(
            "assessed_value_rial > 0 AND assessed_value_rial <= 1000000000000000",
            name="value_within_reach",
        ),
        CheckConstraint(
            "(basis = 'appraiser') = (appraiser IS NOT NULL) AND appraiser <> ''",
            name="an_appraiser_has_a_name",
        ),
        CheckConstraint("warehouse_number <> ''", name="warehouse_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_line_id: Mapped[int] = mapped_column(
        ForeignKey("contribution_line.id"), unique=True
    )
    condition: Mapped[Condition]
    basis: Mapped[ValueBasis]
    assessed_value_rial: Mapped[int | None]
    appraiser: Mapped[str | None]
    warehouse_number: Mapped[str | None] = mapped_column(String(40))


@insert_only
class ServiceAcceptance(Base):
    """When, where and under whom hours were served: what their certificate says."""

    __tablename__ = "service_acceptance"
    __table_args__ = (
        CheckConstraint("started_on <= ended_on", name="ends_after_it_starts"),
        CheckConstraint("supervisor <> ''", name="has_a_supervisor"),
        CheckConstraint("place <> ''", name="has_a_place"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_line_id: Mapped[int] = mapped_column(
        ForeignKey("contribution_line.id"), unique=True
    )
    started_on: Mapped[date]  # days in Tehran
    ended_on: Mapped[date]
    place: Mapped[str]
    supervisor: Mapped[str]
    supervisor_title: Mapped[str | None]
    duty: Mapped[str | None]  # what was done, where the skill does not say it
