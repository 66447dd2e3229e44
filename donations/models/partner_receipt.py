"""What partner centres received by themselves: counted, and kept out of account and ledger."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only, one_of, words_of
from core.rial import AMOUNT_RIAL_MAX
from donations.models.fund import Fund
from donations.models.pledge import ItemKind
from offices.places import Centre


@insert_only
class PartnerReceipt(Base):
    """One leaf of a partner centre's own receipt book. The money never reached our account."""

    __tablename__ = "partner_receipt"
    __table_args__ = (
        UniqueConstraint("office_id", "number", "version"),
        Index("ix_partner_receipt_day", "office_id", "received_on"),
        CheckConstraint("number <> ''", name="has_a_number"),
        CheckConstraint("version > 0", name="version_counts"),
        CheckConstraint(one_of("kind", ItemKind), name="itemkind"),
        CheckConstraint("(kind = 'cash') = (amount_rial IS NOT NULL)", name="cash_is_in_rials"),
        CheckConstraint(
            f"amount_rial > 0 AND amount_rial <= {AMOUNT_RIAL_MAX}", name="amount_within_reach"
        ),
        CheckConstraint(
            "(kind = 'goods') = (quantity_thousandths IS NOT NULL)", name="goods_are_counted"
        ),
        CheckConstraint(
            "kind <> 'goods' OR (description IS NOT NULL AND description <> ''"
            " AND quantity_thousandths > 0 AND unit IS NOT NULL AND unit <> '')",
            name="goods_are_described",
        ),
        CheckConstraint("(kind = 'service') = (hours IS NOT NULL)", name="service_is_in_hours"),
        CheckConstraint("kind <> 'service' OR hours > 0", name="hours_positive"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("centre.office_id"))
    number: Mapped[str] = mapped_column(String(40))  # of the centre's own book
    version: Mapped[int]  # from 1: a leaf that was reversed may be recorded anew
    received_on: Mapped[date]
    kind: Mapped[ItemKind] = mapped_column(words_of(ItemKind))
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"), index=True)
    amount_rial: Mapped[int | None]
    description: Mapped[str | None]
    quantity_thousandths: Mapped[int | None]
    unit: Mapped[str | None]
    hours: Mapped[int | None]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    recorded_at: Mapped[datetime]

    centre: Mapped[Centre] = relationship()
    fund: Mapped[Fund] = relationship()
    reversal: Mapped["PartnerReceiptReversal | None"] = relationship()


@insert_only
class PartnerReceiptReversal(Base):
    """That a partner centre's receipt does not stand: once, with a reason."""

    __tablename__ = "partner_receipt_reversal"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_a_reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    partner_receipt_id: Mapped[int] = mapped_column(ForeignKey("partner_receipt.id"), unique=True)
    reason: Mapped[str]
    reversed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    reversed_at: Mapped[datetime]
