"""Offers that a person has put aside: never made again until somebody withdraws that."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, insert_only


@insert_only
class DismissedSuggestion(Base):
    """That a pledge is not the money of a line, or that it may be after all; the newest holds."""

    __tablename__ = "dismissed_suggestion"
    __table_args__ = (Index("ix_dismissed_suggestion_line", "line_id", "pledge_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("statement_line.id"))
    pledge_id: Mapped[int] = mapped_column(ForeignKey("pledge.id"))
    is_withdrawn: Mapped[bool]
    decided_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    decided_at: Mapped[datetime]


def dismissed_pledges(session: Session, line_id: int) -> frozenset[int]:
    """The pledges that are not to be offered for a line."""
    latest = dict(
        session.execute(
            select(DismissedSuggestion.pledge_id, DismissedSuggestion.is_withdrawn)
            .where(DismissedSuggestion.line_id == line_id)
            .order_by(DismissedSuggestion.id)
        ).all()
    )
    return frozenset(pledge_id for pledge_id, is_withdrawn in latest.items() if not is_withdrawn)
