"""Contributions (مشارکت): what was really received. Recorded once, corrected by a reversal."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only, one_of, words_of
from donations.models.fund import Fund
from donations.models.pledge import ItemKind, Pledge


class Origin(StrEnum):
    """How it came into our hands; with ``cause_id`` it is unique, so nothing is received twice."""

    GATEWAY = "gateway"  # cause_id: the payment
    DEPOSIT = "deposit"  # cause_id: the match of a statement line
    DESK = "desk"  # cause_id: the entry of a clerk at the counter


class Tender(StrEnum):
    """In what form the money of a contribution came; empty where no money did."""

    ONLINE = "online"
    TRANSFER = "transfer"  # an identified deposit on the account
    CASH = "cash"
    CARD_TERMINAL = "card_terminal"
    CHEQUE = "cheque"


@insert_only
class Contribution(Base):
    """One act of receiving, with a line for each item and fund."""

    __tablename__ = "contribution"
    __table_args__ = (
        UniqueConstraint("origin", "cause_id"),
        Index("ix_contribution_office", "office_id", "id"),
        Index("ix_contribution_day", "office_id", "received_on"),
        # A cheque or a card slip that comes a second time is found by its number.
        Index(
            "ix_contribution_cheque",
            "cheque_number",
            sqlite_where=text("cheque_number IS NOT NULL"),
            postgresql_where=text("cheque_number IS NOT NULL"),
        ),
        Index(
            "ix_contribution_card_slip",
            "terminal",
            "trace_number",
            sqlite_where=text("terminal IS NOT NULL"),
            postgresql_where=text("terminal IS NOT NULL"),
        ),
        CheckConstraint(one_of("origin", Origin), name="origin"),
        CheckConstraint(one_of("tender", Tender), name="tender"),
        CheckConstraint(
            "(tender = 'card_terminal') = (terminal IS NOT NULL AND origin = 'desk')",
            name="terminal_of_a_card",
        ),
        CheckConstraint("tender <> 'cheque' OR cheque_number <> ''", name="cheque_has_a_number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"), index=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    origin: Mapped[Origin] = mapped_column(words_of(Origin))
    cause_id: Mapped[int]
    tender: Mapped[Tender | None] = mapped_column(words_of(Tender))
    terminal: Mapped[str | None] = mapped_column(String(60))  # the card terminal at the desk
    trace_number: Mapped[str | None] = mapped_column(String(40))
    cheque_number: Mapped[str | None] = mapped_column(String(40))
    received_on: Mapped[date]  # the day in Tehran
    recorded_at: Mapped[datetime]
    recorded_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))

    pledge: Mapped[Pledge] = relationship()
    lines: Mapped[list["ContributionLine"]] = relationship(order_by="ContributionLine.id")
    reversal: Mapped["ContributionReversal | None"] = relationship()


@insert_only
class ContributionLine(Base):
    """One item of a contribution. Rials, goods and hours stand in their own units."""

    __tablename__ = "contribution_line"
    __table_args__ = (
        CheckConstraint(one_of("kind", ItemKind), name="itemkind"),
        CheckConstraint("(kind = 'cash') = (amount_rial IS NOT NULL)", name="cash_is_in_rials"),
        CheckConstraint("amount_rial > 0", name="amount_positive"),
        CheckConstraint(
            "(kind = 'goods') = (quantity_thousandths IS NOT NULL)", name="goods_are_counted"
        ),
        CheckConstraint("(kind = 'service') = (hours IS NOT NULL)", name="service_is_in_hours"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), index=True)
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("pledge_item.id"))
    kind: Mapped[ItemKind] = mapped_column(words_of(ItemKind))
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    amount_rial: Mapped[int | None]
    quantity_thousandths: Mapped[int | None]
    hours: Mapped[int | None]

    fund: Mapped[Fund] = relationship()


@insert_only
class ContributionReversal(Base):
    """That a contribution does not stand: once, with a reason, by whom and approved by whom."""

    __tablename__ = "contribution_reversal"
    __table_args__ = (
        CheckConstraint("approved_by_id <> asked_by_id", name="two_persons"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), unique=True)
    reason: Mapped[str]
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    reversed_at: Mapped[datetime]
