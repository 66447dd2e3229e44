"""The outbox: every message we owe somebody, bound to what it tells about."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class Channel(StrEnum):
    SMS = "sms"
    EMAIL = "email"


class Message(Base):
    """One message to one person. ``subject`` and ``wording`` make a second one impossible."""

    __tablename__ = "message"
    __table_args__ = (UniqueConstraint("channel", "wording", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[Channel]
    recipient: Mapped[str]
    wording: Mapped[str] = mapped_column(String(60))  # which text it is
    subject: Mapped[str] = mapped_column(String(40))  # what it tells about: pledge, payment, …
    subject_id: Mapped[int]
    text: Mapped[str]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
