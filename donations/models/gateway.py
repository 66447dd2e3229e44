"""Gateways at work: the journal of calls, how each one answers, and what does not agree."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only

REQUEST_MAX = 4_000  # characters kept of what was sent and of what came


class GatewayState(StrEnum):
    """Whether donors are sent through a gateway."""

    ANSWERING = "answering"
    RESTING = "resting"  # it was silent too often; it is asked again when its time comes
    PAUSED = "paused"  # by a person, or by an answer that only a person can mend


class FindingKind(StrEnum):
    """What a gateway and we do not agree about."""

    STATES_DIFFER = "states_differ"
    AMOUNTS_DIFFER = "amounts_differ"
    NO_PROMISE = "no_promise"  # money that the gateway holds for nobody we know


_BAD = text("kind IN ('unknown', 'config_error')")


@insert_only
class GatewayCall(Base):
    """One call to a bank with its answer or its silence, masked and cut to a fixed length.

    Where one step needs several calls, the last carries what the step came to.
    """

    __tablename__ = "gateway_call"
    __table_args__ = (
        Index("ix_gateway_call_gateway_at", "gateway", "at"),
        Index("ix_gateway_call_bad", "gateway", "at", sqlite_where=_BAD, postgresql_where=_BAD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str] = mapped_column(String(60))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    step: Mapped[str] = mapped_column(String(20))  # ours: start, confirm, settle, check, …
    operation: Mapped[str] = mapped_column(String(60))  # the bank's; empty where nobody was called
    at: Mapped[datetime]  # when the answer was recorded
    waited_ms: Mapped[int]
    status: Mapped[int | None]  # of HTTP; empty for silence
    silence: Mapped[str | None] = mapped_column(String(20))
    request: Mapped[str]
    answer: Mapped[str]
    kind: Mapped[str | None] = mapped_column(String(30))  # what the step came to
    code: Mapped[str | None] = mapped_column(String(40))


class GatewayHealth(Base):
    """How a gateway answers, shared by all workers. One that never failed has no row."""

    __tablename__ = "gateway_health"
    __table_args__ = (
        CheckConstraint("failures >= 0", name="failures_counted"),
        CheckConstraint("(state = 'resting') = (rest_until IS NOT NULL)", name="rest_has_an_end"),
    )

    gateway: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[GatewayState]
    since: Mapped[datetime]
    failures: Mapped[int]  # silent or unreadable answers, one after the other
    rests: Mapped[int]  # rests since the last good answer; each is twice as long
    rest_until: Mapped[datetime | None]


@insert_only
class GatewayTurn(Base):
    """One change of how a gateway stands: what led to it, or who decided it."""

    __tablename__ = "gateway_turn"
    __table_args__ = (Index("ix_gateway_turn_gateway", "gateway", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    gateway: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime]
    state: Mapped[GatewayState]  # where it led
    step: Mapped[str | None] = mapped_column(String(20))  # the call that led to it
    code: Mapped[str | None] = mapped_column(String(40))
    reason_fa: Mapped[str]
    reason_en: Mapped[str]  # what a person wrote stands in both
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))


@insert_only
class GatewayFinding(Base):
    """Something a gateway says otherwise than our rows; the same is found once."""

    __tablename__ = "gateway_finding"
    __table_args__ = (UniqueConstraint("gateway", "token", "ours", "theirs"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[FindingKind]
    gateway: Mapped[str] = mapped_column(String(60))
    payment_id: Mapped[int | None] = mapped_column(ForeignKey("payment.id"), index=True)
    token: Mapped[str] = mapped_column(String(255))
    ours: Mapped[str] = mapped_column(String(40))  # a state or an amount; empty: we know nothing
    theirs: Mapped[str] = mapped_column(String(40))
    amount_rial: Mapped[int | None]
    found_at: Mapped[datetime]

    solution: Mapped["GatewaySolution | None"] = relationship(back_populates="finding")


@insert_only
class GatewaySolution(Base):
    """How a finding was solved, and by whom."""

    __tablename__ = "gateway_solution"

    id: Mapped[int] = mapped_column(primary_key=True)
    finding_id: Mapped[int] = mapped_column(ForeignKey("gateway_finding.id"), unique=True)
    note: Mapped[str]
    solved_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    solved_at: Mapped[datetime]

    finding: Mapped[GatewayFinding] = relationship(back_populates="solution")
