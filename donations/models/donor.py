"""Donors (مشارکت‌کننده): as much as somebody chose to tell, which may be nothing."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only

WORD_MAX = 60
# Compared byte by byte, so that what begins alike is one range of the index on both engines.
ByBytes = String(WORD_MAX).with_variant(String(WORD_MAX, collation="C"), "postgresql")


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


class DonorWord(Base):
    """Under what a donor is looked up at an office: the name from each of its words on, folded.

    Only from gifts whose donor does not hide from everyone, and only at the offices that promised
    or received one; so the index knows no more than its readers may.
    """

    __tablename__ = "donor_word"
    __table_args__ = (Index("ix_donor_word_everywhere", "word", "donor_id"),)

    office_id: Mapped[int] = mapped_column(
        ForeignKey("office.id"), primary_key=True, autoincrement=False
    )
    word: Mapped[str] = mapped_column(ByBytes, primary_key=True)
    donor_id: Mapped[int] = mapped_column(
        ForeignKey("donor.id"), primary_key=True, autoincrement=False
    )


@insert_only
class DonorMerge(Base):
    """That two donors are one person: ``merged`` is read as ``kept`` from then on."""

    __tablename__ = "donor_merge"
    __table_args__ = (
        CheckConstraint("kept_id <> merged_id", name="two_donors"),
        CheckConstraint("reason <> ''", name="has_a_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
    reason: Mapped[str]
    merged_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    merged_at: Mapped[datetime]

    kept: Mapped[Donor] = relationship(foreign_keys=[kept_id])
    merged: Mapped[Donor] = relationship(foreign_keys=[merged_id])
    undo: Mapped["DonorMergeUndo | None"] = relationship(back_populates="merge")


@insert_only
class DonorMergeUndo(Base):
    """That a merge was a mistake: once, with a reason."""

    __tablename__ = "donor_merge_undo"
    __table_args__ = (CheckConstraint("reason <> ''", name="has_a_reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    merge_id: Mapped[int] = mapped_column(ForeignKey("donor_merge.id"), unique=True)
    reason: Mapped[str]
    undone_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    undone_at: Mapped[datetime]

    merge: Mapped[DonorMerge] = relationship(back_populates="undo")


class DonorIdentity(Base):
    """As whom a merged donor is read: what the merges that stand come to. Others have no row."""

    __tablename__ = "donor_identity"
    __table_args__ = (CheckConstraint("donor_id <> stands_for_id", name="stands_for_another"),)

    donor_id: Mapped[int] = mapped_column(
        ForeignKey("donor.id"), primary_key=True, autoincrement=False
    )
    stands_for_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), index=True)
