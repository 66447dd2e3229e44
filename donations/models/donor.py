"""Donors (مشارکت‌کننده): as much as somebody chose to tell, which may be nothing."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base


class Donor(Base):
    """A person or organisation that gives. Every field is optional; no document is demanded."""

    __tablename__ = "donor"
    __table_args__ = (Index("ix_donor_mobile", "mobile"), Index("ix_donor_folded", "name_folded"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    name_folded: Mapped[str | None]  # core.digits.folded, for looking up
    mobile: Mapped[str | None] = mapped_column(String(11))  # 09xxxxxxxxx
    email: Mapped[str | None]
    national_id: Mapped[str | None] = mapped_column(String(11))
    created_at: Mapped[datetime]
