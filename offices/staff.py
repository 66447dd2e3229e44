"""The people who sign in, what each may do where, and their sessions."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base
from offices.places import Office


class Role(StrEnum):
    """What someone does here. ``reliability.md`` section 3 is the source of the separation."""

    CLERK = "clerk"  # own office: record, print, ask for a void
    OFFICE_MANAGER = "office_manager"  # own office: approve what its clerks ask for
    PROVINCE_MANAGER = "province_manager"  # the offices of one province
    NATIONAL_MANAGER = "national_manager"  # the same, of every province
    FINANCE = "finance"  # national: statements, matching, voids
    ADMINISTRATOR = "administrator"  # national: people and offices, never money
    AUDITOR = "auditor"  # national: sees everything, changes nothing


class StaffMember(Base):
    """Someone who signs in to work here."""

    __tablename__ = "staff_member"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    password_hash: Mapped[str]
    totp_secret: Mapped[str]
    # The last time step accepted: a one-time code works once (ASVS 6.5.1).
    totp_step: Mapped[int] = mapped_column(default=0)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    # Where an alarm reaches this person; both may be empty.
    mobile: Mapped[str | None] = mapped_column(String(11))
    email: Mapped[str | None] = mapped_column(String(254))

    office: Mapped[Office] = relationship()
    grants: Mapped[list["RoleGrant"]] = relationship(back_populates="staff_member")


class RoleGrant(Base):
    """One role of one person, at one office or everywhere; ended, never deleted."""

    __tablename__ = "role_grant"
    __table_args__ = (
        CheckConstraint(
            "(role IN ('national_manager', 'finance', 'administrator', 'auditor'))"
            " = (office_id IS NULL)",
            name="national_or_of_an_office",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"), index=True)
    role: Mapped[Role]
    # Empty: the nation. A province manager is of the province of this office.
    office_id: Mapped[int | None] = mapped_column(ForeignKey("office.id"))
    granted_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    staff_member: Mapped[StaffMember] = relationship(back_populates="grants")


class StaffSession(Base):
    """One sign-in. The cookie holds a random key, this row its hash; revoked at once, for good."""

    __tablename__ = "staff_session"
    __table_args__ = (
        Index("ix_staff_session_open", "staff_member_id", "revoked_at"),
        CheckConstraint("length(key_hash) = 64", name="key_is_hashed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff_member_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    stepped_up_at: Mapped[datetime | None]  # the last fresh one-time code, for dangerous acts
    address: Mapped[str] = mapped_column(default="")
    browser: Mapped[str] = mapped_column(default="")
    revoked_at: Mapped[datetime | None]
