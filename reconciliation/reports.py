"""A provider's own lists of what it paid out: a report a pay-out, an item a payment.

A report proves a pay-out where it is final and every item of it is a payment of ours; where
something differs, it names the payments that differ.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from ledger.terminals import Terminal
from reconciliation.report_rows import ItemSort


@insert_only
class SettlementReport(Base):
    """One pay-out as the provider lists it; a file of several pay-outs is several reports.

    ``net_rial`` is what reaches the account: gross (refunds taken off) less fees.
    """

    __tablename__ = "settlement_report"
    __table_args__ = (
        UniqueConstraint("terminal_id", "sha256", "part"),
        CheckConstraint("net_rial = gross_rial - fee_rial", name="net_of_fee"),
        CheckConstraint("item_count > 0", name="has_items"),
        Index("ix_settlement_report_net", "terminal_id", "net_rial"),
        Index("ix_settlement_report_paid_on", "terminal_id", "paid_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal_id: Mapped[int] = mapped_column(ForeignKey("terminal.id"))
    sha256: Mapped[str] = mapped_column(String(64))  # of the file
    part: Mapped[int]  # counted from 1 within the file
    name: Mapped[str]
    is_final: Mapped[bool]  # the provider lists nothing more in this pay-out
    payout_reference: Mapped[str | None] = mapped_column(String(80))  # as the bank's row carries it
    paid_on: Mapped[date | None]
    first_on: Mapped[date]  # the days of its payments
    last_on: Mapped[date]
    item_count: Mapped[int]
    gross_rial: Mapped[int]
    fee_rial: Mapped[int]
    net_rial: Mapped[int]
    handed_in_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    handed_in_at: Mapped[datetime]

    terminal: Mapped[Terminal] = relationship()


@insert_only
class SettlementReportItem(Base):
    """One row of a report. What goes back to a donor is negative, its fee too if given back."""

    __tablename__ = "settlement_report_item"
    __table_args__ = (
        UniqueConstraint("report_id", "row_number"),
        CheckConstraint("amount_rial <> 0", name="moves_money"),
        CheckConstraint("(sort = 'sale') = (amount_rial > 0)", name="sign_of_sort"),
        Index("ix_settlement_report_item_reference", "reference"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("settlement_report.id"))
    row_number: Mapped[int]  # in the file, for finding it again
    sort: Mapped[ItemSort]
    taken_on: Mapped[date]
    amount_rial: Mapped[int]
    fee_rial: Mapped[int]
    reference: Mapped[str | None] = mapped_column(String(80))  # the bank's name for the payment
    order_number: Mapped[int | None]  # ours, where the provider lists it
    card: Mapped[str | None] = mapped_column(String(20))  # masked


@insert_only
class ReportedSettlement(Base):
    """That a settlement was written from a report and not from our own batch."""

    __tablename__ = "reported_settlement"

    settlement_id: Mapped[int] = mapped_column(
        ForeignKey("settlement.id"), primary_key=True, autoincrement=False
    )
    report_id: Mapped[int] = mapped_column(ForeignKey("settlement_report.id"), index=True)
