"""What only a desk has: its entries, deposit slips for its cash, requests to void an entry."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.contribution import Contribution

_IS_OPEN = text("decision IS NULL AND expired_at IS NULL")


@insert_only
class DepositSlip(Base):
    """Cash of one desk on its way to the bank, under a deposit id of its own."""

    __tablename__ = "deposit_slip"
    __table_args__ = (
        CheckConstraint("amount_rial > 0", name="amount_positive"),
        UniqueConstraint("office_id", "number"),
        Index("ix_deposit_slip_maker", "id", "made_by_id", unique=True),  # what a void refers to
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    number: Mapped[int]  # counts within the office
    bank_account_id: Mapped[int] = mapped_column(ForeignKey("bank_account.id"))
    deposit_id: Mapped[str] = mapped_column(String(13), unique=True)
    amount_rial: Mapped[int]
    handed_on: Mapped[date]
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    void: Mapped["SlipVoid | None"] = relationship(
        primaryjoin="SlipVoid.slip_id == DepositSlip.id",
        foreign_keys="SlipVoid.slip_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class SlipVoid(Base):
    """That the cash of a slip did not go to the bank: why, and who said so; never its maker."""

    __tablename__ = "slip_void"
    __table_args__ = (
        ForeignKeyConstraint(
            ["slip_id", "made_by_id"], ["deposit_slip.id", "deposit_slip.made_by_id"]
        ),
        CheckConstraint("voided_by_id <> made_by_id", name="two_persons"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slip_id: Mapped[int] = mapped_column(unique=True)
    made_by_id: Mapped[int]
    reason: Mapped[str]
    voided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    voided_at: Mapped[datetime]


@insert_only
class DeskEntry(Base):
    """One act of receiving at a counter, of a promise made there or before; sent once."""

    __tablename__ = "desk_entry"

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"), index=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    made_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)


@insert_only
class EntryRemark(Base):
    """What a clerk remarked about an entry, for colleagues; it stands on no paper."""

    __tablename__ = "entry_remark"
    __table_args__ = (CheckConstraint("remark <> ''", name="says_something"),)

    desk_entry_id: Mapped[int] = mapped_column(
        ForeignKey("desk_entry.id"), primary_key=True, autoincrement=False
    )
    remark: Mapped[str]


class Decision(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"


class VoidRequest(Base):
    """One person asks that a contribution be voided; another decides, until it expires.

    ``expired_at`` is written when somebody asks again: then the old request waits no more.
    """

    __tablename__ = "void_request"
    __table_args__ = (
        CheckConstraint("decided_by_id <> asked_by_id", name="two_persons"),
        CheckConstraint("(decision IS NULL) = (decided_by_id IS NULL)", name="decided_by_somebody"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("decided_at < expires_at", name="in_time"),
        CheckConstraint("expired_at IS NULL OR decision IS NULL", name="expired_or_decided"),
        CheckConstraint("expired_at >= expires_at", name="not_expired_early"),
        Index(
            "ix_void_request_open",
            "contribution_id",
            unique=True,
            sqlite_where=_IS_OPEN,
            postgresql_where=_IS_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), index=True)
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    asked_at: Mapped[datetime]
    decision: Mapped[Decision | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]  # after that nobody can decide on it any more
    expired_at: Mapped[datetime | None]

    contribution: Mapped[Contribution] = relationship()
