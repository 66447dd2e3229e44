"""Payments (پرداخت): attempts to move the cash of a pledge, and the arrows between their states."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.pledge import Pledge

TOKEN_MAX = 255
REFERENCE_MAX = 80
TRACE_NUMBER_MAX = 40


class PaymentState(StrEnum):
    """Where an attempt stands; ``reference/gateways/_comparison.md`` section 5."""

    CREATED = "created"  # row and order number committed before any network call
    START_UNKNOWN = "start_unknown"  # no token came; nobody has paid, the number is never reused
    STARTED = "started"  # token stored
    REDIRECTED = "redirected"  # the donor was sent to the bank
    RETURNED = "returned"  # a browser came back; its hint is stored, not believed
    CANCELLED_CLAIMED = "cancelled_claimed"  # the browser says cancelled: a forgeable claim
    CONFIRMING = "confirming"  # our confirm is on its way
    CONFIRM_UNKNOWN = "confirm_unknown"  # no usable answer came
    CONFIRMED = "confirmed"  # the bank says paid and every check of ours passed
    SETTLING = "settling"
    SETTLE_UNKNOWN = "settle_unknown"
    SETTLED = "settled"  # accepted for pay-out
    MISMATCH = "mismatch"  # paid, but something differs: people look
    REVERSING = "reversing"
    REVERSE_UNKNOWN = "reverse_unknown"
    REVERSED = "reversed"  # the bank gave the money back
    REFUND_REQUESTED = "refund_requested"
    REFUND_UNKNOWN = "refund_unknown"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    FAILED = "failed"
    EXPIRED = "expired"


S = PaymentState
_LATE = {S.CONFIRMED, S.MISMATCH}  # late proof always counts
_ANSWERED = {S.CONFIRMED, S.MISMATCH, S.REVERSED}
_GONE = {S.CANCELLED, S.FAILED, S.EXPIRED}

NEXT_STATES: Mapping[PaymentState, frozenset[PaymentState]] = {
    state: frozenset(following)
    for state, following in {
        # The token is stored and the form served in one commit; STARTED is for partners who fetch
        # the form later.
        S.CREATED: {S.REDIRECTED, S.STARTED, S.START_UNKNOWN, S.FAILED, S.EXPIRED},
        S.START_UNKNOWN: {S.EXPIRED},
        S.STARTED: {S.REDIRECTED, S.RETURNED, S.CANCELLED_CLAIMED, S.CONFIRMING, *_GONE},
        S.REDIRECTED: {S.RETURNED, S.CANCELLED_CLAIMED, S.CONFIRMING, *_GONE},
        S.RETURNED: {S.CONFIRMING, S.CANCELLED_CLAIMED, *_GONE},
        S.CANCELLED_CLAIMED: {S.RETURNED, S.CONFIRMING, *_GONE},
        # Back to REDIRECTED when the bank knows no such money yet: the donor may still pay.
        S.CONFIRMING: {*_ANSWERED, S.CONFIRM_UNKNOWN, S.REDIRECTED, *_GONE},
        S.CONFIRM_UNKNOWN: {*_ANSWERED, S.CONFIRMING, S.REDIRECTED, *_GONE},
        S.CONFIRMED: {S.SETTLING, S.REVERSING, S.REVERSED, S.REFUND_REQUESTED},
        S.SETTLING: {S.SETTLED, S.SETTLE_UNKNOWN, S.REVERSED, S.REVERSING},
        S.SETTLE_UNKNOWN: {S.SETTLING, S.SETTLED, S.REVERSED, S.REVERSING},
        S.SETTLED: {S.REVERSED, S.REFUND_REQUESTED},
        S.MISMATCH: {S.REVERSING, S.REVERSED, S.REFUND_REQUESTED, S.CONFIRMED},
        S.REVERSING: {S.REVERSED, S.REVERSE_UNKNOWN, S.CONFIRMED, S.MISMATCH},
        S.REVERSE_UNKNOWN: {S.REVERSING, S.REVERSED, S.CONFIRMED, S.MISMATCH},
        S.REVERSED: set(),
        S.REFUND_REQUESTED: {S.REFUNDED, S.REFUND_UNKNOWN, S.SETTLED, S.CONFIRMED, S.MISMATCH},
        S.REFUND_UNKNOWN: {
            S.REFUND_REQUESTED,
            S.REFUNDED,
            S.SETTLED,
            S.CONFIRMED,
            S.MISMATCH,
        },
        S.REFUNDED: set(),
        S.CANCELLED: {S.CONFIRMING, *_LATE},
        S.FAILED: {S.CONFIRMING, *_LATE},
        S.EXPIRED: {S.CONFIRMING, *_LATE},
    }.items()
}

# What the sweeper still has to bring to an end.
OPEN_STATES = frozenset(
    {
        S.CREATED,
        S.START_UNKNOWN,
        S.STARTED,
        S.REDIRECTED,
        S.RETURNED,
        S.CANCELLED_CLAIMED,
        S.CONFIRMING,
        S.CONFIRM_UNKNOWN,
        S.CONFIRMED,
        S.SETTLING,
        S.SETTLE_UNKNOWN,
    }
)
_OPEN_SQL = text(
    "final_at IS NULL AND state IN ({})".format(
        ", ".join(f"'{state}'" for state in sorted(OPEN_STATES))
    )
)


_APART_SQL = text("is_surplus OR state = 'mismatch'")


class ImpossibleStep(Exception):
    """A payment was asked to take an arrow that ``NEXT_STATES`` does not have: a defect."""


class Payment(Base):
    """One attempt to move the cash of a pledge, all its cash items together, by one gateway."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("gateway", "order_number"),
        UniqueConstraint("gateway", "token"),
        UniqueConstraint("gateway", "bank_reference"),
        CheckConstraint("amount_rial > 0", name="amount_positive"),
        Index(
            "ix_payment_open",
            "check_after",
            "id",
            sqlite_where=_OPEN_SQL,
            postgresql_where=_OPEN_SQL,
        ),
        # By which a provider's list names a payment.
        Index(
            "ix_payment_trace",
            "gateway",
            "trace_number",
            sqlite_where=text("trace_number IS NOT NULL"),
            postgresql_where=text("trace_number IS NOT NULL"),
        ),
        # What finance decides on: few among all, and looked for among all.
        Index("ix_payment_apart", "id", sqlite_where=_APART_SQL, postgresql_where=_APART_SQL),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"), index=True)
    gateway: Mapped[str] = mapped_column(String(60))  # our name for the terminal
    order_number: Mapped[int]  # what the bank calls our order; never reused
    amount_rial: Mapped[int]
    state: Mapped[PaymentState]
    is_surplus: Mapped[bool] = mapped_column(default=False)
    return_key: Mapped[str] = mapped_column(String(32), unique=True)  # 128 bits, in the way back
    token: Mapped[str | None] = mapped_column(String(TOKEN_MAX))
    bank_reference: Mapped[str | None] = mapped_column(String(REFERENCE_MAX))
    trace_number: Mapped[str | None] = mapped_column(String(TRACE_NUMBER_MAX))
    card_masked: Mapped[str | None] = mapped_column(String(20))
    # What the browser says the card was charged: never believed, but more than ours is looked at.
    claimed_rial: Mapped[int | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    final_at: Mapped[datetime | None]  # when the money became ours
    check_after: Mapped[datetime]  # the sweeper leaves it alone until then
    checks: Mapped[int] = mapped_column(default=0)

    pledge: Mapped[Pledge] = relationship()

    @property
    def is_final(self) -> bool:
        """Whether the money is ours, by everything the bank was asked."""
        return self.final_at is not None


@insert_only
class PaymentStep(Base):
    """One thing that happened to a payment, with the bank's masked answer as evidence."""

    __tablename__ = "payment_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    payment_id: Mapped[int] = mapped_column(ForeignKey("payment.id"), index=True)
    at: Mapped[datetime]
    step: Mapped[str] = mapped_column(String(30))  # create, start, return, confirm, settle, …
    state: Mapped[PaymentState]  # where it led
    outcome: Mapped[str | None] = mapped_column(String(30))
    bank_code: Mapped[str | None]
    evidence: Mapped[str | None]  # canonical JSON, secrets and card numbers masked
