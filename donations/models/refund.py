"""Sending money back (عودت وجه): what one person asks, another decides, and how it ended.

Request, decision and end are facts, each a row of its own that is never changed. Only the work row
of what is under way changes, and it is gone when the request has ended.
"""

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
from donations.models.desk import Decision
from donations.models.payment import Payment, PaymentState

# Order numbers have eighteen digits, ours for refunds fewer: at a terminal no two are the same.
REFUND_NUMBER_MIN, REFUND_NUMBER_MAX = 10**16, 10**17 - 1


class Way(StrEnum):
    """How the money of a payment goes back."""

    REVERSE = "reverse"  # the bank undoes the payment whole, before it pays us out
    REFUND = "refund"  # the bank sends back what it paid out, or will
    OUTSIDE = "outside"  # people did it with the bank by hand; here it is only written down


class Ending(StrEnum):
    """How an approved request ended."""

    DONE = "done"
    REFUSED = "refused"  # the bank will not; the payment stands as before
    OVERTAKEN = "overtaken"  # the bank took the money back by itself, without our asking


@insert_only
class RefundRequest(Base):
    """One person asks that the money of a payment goes back, whole."""

    __tablename__ = "refund_request"
    __table_args__ = (
        UniqueConstraint("gateway", "number"),
        # What the decision and the end refer to, so that they cannot say it otherwise.
        UniqueConstraint("id", "asked_by_id"),
        UniqueConstraint("id", "payment_id"),
        CheckConstraint("amount_rial > 0", name="amount_positive"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint(
            f"number BETWEEN {REFUND_NUMBER_MIN} AND {REFUND_NUMBER_MAX}", name="no_order_number"
        ),
        CheckConstraint(
            "(way = 'outside') = (outside_reference IS NOT NULL)", name="outside_has_a_reference"
        ),
        CheckConstraint("(way = 'outside') = (outside_on IS NOT NULL)", name="outside_has_a_day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    gateway: Mapped[str] = mapped_column(String(60))
    number: Mapped[int]  # what the bank calls our order to refund; never reused
    way: Mapped[Way]
    amount_rial: Mapped[int]  # what the bank took, all of it
    reason: Mapped[str]
    outside_reference: Mapped[str | None] = mapped_column(String(40))  # the bank's, typed
    outside_on: Mapped[date | None]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    asked_at: Mapped[datetime]

    payment: Mapped[Payment] = relationship()
    decision: Mapped["RefundDecision | None"] = relationship(
        primaryjoin="RefundDecision.request_id == RefundRequest.id",
        foreign_keys="RefundDecision.request_id",
        uselist=False,
        viewonly=True,
    )
    end: Mapped["RefundEnd | None"] = relationship(
        primaryjoin="RefundEnd.request_id == RefundRequest.id",
        foreign_keys="RefundEnd.request_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class RefundDecision(Base):
    """What a second person decided; that it is another one the database knows by itself."""

    __tablename__ = "refund_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "asked_by_id"], ["refund_request.id", "refund_request.asked_by_id"]
        ),
        CheckConstraint("asked_by_id <> decided_by_id", name="two_persons"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(unique=True)
    asked_by_id: Mapped[int]
    decision: Mapped[Decision]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]


@insert_only
class RefundEnd(Base):
    """How a request ended; money goes back for one payment once at most."""

    __tablename__ = "refund_end"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "payment_id"], ["refund_request.id", "refund_request.payment_id"]
        ),
        Index(
            "ix_refund_end_done",
            "payment_id",
            unique=True,
            sqlite_where=text("ending = 'done'"),
            postgresql_where=text("ending = 'done'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    request_id: Mapped[int] = mapped_column(unique=True)
    payment_id: Mapped[int]
    ending: Mapped[Ending]
    bank_reference: Mapped[str | None] = mapped_column(String(80))  # the bank's, for the refund
    ended_at: Mapped[datetime]


class OpenRefund(Base):
    """A request that has not ended: one a payment at most, by the primary key.

    Without ``state_before`` nobody has approved it yet. ``may_send`` is taken back in the
    transaction before the bank is asked, and given again only when the bank knows of no such order.
    """

    __tablename__ = "open_refund"

    payment_id: Mapped[int] = mapped_column(
        ForeignKey("payment.id"), primary_key=True, autoincrement=False
    )
    request_id: Mapped[int] = mapped_column(ForeignKey("refund_request.id"), unique=True)
    state_before: Mapped[PaymentState | None]  # where the payment goes back to when refused
    may_send: Mapped[bool] = mapped_column(default=True)
    sends: Mapped[int] = mapped_column(default=0)
    was_refused: Mapped[bool] = mapped_column(default=False)  # an order that was sent again
    bank_reference: Mapped[str | None] = mapped_column(String(80))  # named before it was done
    check_after: Mapped[datetime]  # the sweeper leaves it alone until then
    checks: Mapped[int] = mapped_column(default=0)

    request: Mapped[RefundRequest] = relationship()
    payment: Mapped[Payment] = relationship()
