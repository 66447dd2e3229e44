"""Partner software that speaks to the API: its keys, and the requests it may safely repeat."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class ApiKey(Base):
    """A partner's key: shown once, kept as a hash."""

    __tablename__ = "api_key"
    __table_args__ = (CheckConstraint("length(key_hash) = 64", name="key_is_hashed"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class IdempotentRequest(Base):
    """A POST a partner made under a key of its own choosing, and the answer it got.

    Where one transaction does all of the work, the row is committed together with it. Where a
    bank must be asked in between, it is held first, and ``payment_id`` (no foreign key: this
    package knows no payments) is set in the transaction that opens the payment, so that whoever
    takes the request over opens no second one. ``answer`` is the exact body.
    """

    __tablename__ = "idempotent_request"
    __table_args__ = (
        UniqueConstraint("api_key_id", "idempotency_key"),
        CheckConstraint("(status IS NULL) = (answer IS NULL)", name="answered_whole"),
        CheckConstraint("status < 500", name="no_failure_is_kept"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"))
    idempotency_key: Mapped[str] = mapped_column(String(255))
    request_hash: Mapped[str] = mapped_column(String(64))  # of method, path and body
    payment_id: Mapped[int | None]
    held_since: Mapped[datetime | None]  # by the process that works on it now; empty: by none
    status: Mapped[int | None]  # empty until there is an answer
    answer: Mapped[str | None]
    created_at: Mapped[datetime]
