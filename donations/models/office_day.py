"""Sums of offices: what each received day by day and how it stands, kept behind the writers."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, one_of, words_of


class Measure(StrEnum):
    """What is counted: money by the form it came in, goods by their entries, hours."""

    ONLINE = "online"
    TRANSFER = "transfer"
    CASH = "cash"
    CARD_TERMINAL = "card_terminal"
    CHEQUE = "cheque"
    GOODS = "goods"
    SERVICE = "service"


class OfficeDay(Base):
    """What stood of one office, day and measure up to the marks; what came since is added live."""

    __tablename__ = "office_day"
    __table_args__ = (CheckConstraint(one_of("measure", Measure), name="measure"),)

    office_id: Mapped[int] = mapped_column(
        ForeignKey("office.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    measure: Mapped[Measure] = mapped_column(words_of(Measure), primary_key=True)
    count: Mapped[int]  # contributions of money, items of goods and hours
    amount_rial: Mapped[int]
    hours: Mapped[int]


class OfficeDayMark(Base):
    """Up to which rows of contribution lines and reversals the sums reach. One row."""

    __tablename__ = "office_day_mark"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    line_id: Mapped[int]
    reversal_id: Mapped[int]


class OfficeStanding(Base):
    """How an office stood when it was last looked at: its open promises and its money at hand."""

    __tablename__ = "office_standing"

    office_id: Mapped[int] = mapped_column(
        ForeignKey("office.id"), primary_key=True, autoincrement=False
    )
    open_promises: Mapped[int]
    open_rial: Mapped[int]
    cash_rial: Mapped[int]
    cheques_rial: Mapped[int]
    looked_at: Mapped[datetime]
