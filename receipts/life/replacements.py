"""What is asked and decided about replacing a receipt, and what the new one should say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.desk import Decision
from receipts.life.series import Receipt


@dataclass(frozen=True, slots=True)
class Corrections:
    """What the new receipt should say: the donor's name, and by item what was brought."""

    donor_name: str | None = None
    items: Mapping[int, str] = field(default_factory=dict)  # id of the pledge's item -> its words

    def to_json(self) -> str:
        """The text that is stored: equal corrections give equal text."""
        said = {"donor_name": self.donor_name, "items": {str(k): v for k, v in self.items.items()}}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "Corrections":
        """Read back what ``to_json`` wrote."""
        said = json.loads(text)
        return cls(said["donor_name"], {int(id_): words for id_, words in said["items"].items()})


@insert_only
class ReplacementRequest(Base):
    """One person asks that a receipt be replaced by one that says it right."""

    __tablename__ = "replacement_request"
    __table_args__ = (
        UniqueConstraint("id", "asked_by_id", "expires_at"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("asked_at < expires_at", name="in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(ForeignKey("receipt.id"), index=True)
    corrections: Mapped[str]  # JSON of Corrections
    reason: Mapped[str]
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]  # after that nobody can decide on it any more

    receipt: Mapped[Receipt] = relationship()
    decision: Mapped["ReplacementDecision | None"] = relationship(
        primaryjoin="ReplacementDecision.request_id == ReplacementRequest.id",
        foreign_keys="ReplacementDecision.request_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class ReplacementDecision(Base):
    """What a second person decided in time; both the database knows by itself."""

    __tablename__ = "replacement_decision"
    __table_args__ = (
        ForeignKeyConstraint(
            ["request_id", "asked_by_id", "expires_at"],
            [
                "replacement_request.id",
                "replacement_request.asked_by_id",
                "replacement_request.expires_at",
            ],
        ),
        CheckConstraint("asked_by_id <> decided_by_id", name="two_persons"),
        CheckConstraint("decided_at < expires_at", name="in_time"),
    )

    request_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    asked_by_id: Mapped[int]
    expires_at: Mapped[datetime]
    decision: Mapped[Decision]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]
