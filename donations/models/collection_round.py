"""Collection rounds (دور جمع‌آوری): who emptied which boxes, how each was found, what it held."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.charity_box import CharityBox
from donations.models.desk import Decision
from offices.places import Office

COLLECTORS = (1, 2)


@insert_only
class CollectionRound(Base):
    """A list of boxes that two named persons set out to empty."""

    __tablename__ = "collection_round"
    __table_args__ = (UniqueConstraint("office_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))
    number: Mapped[int]  # counts within the office
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    opened_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    office: Mapped[Office] = relationship()
    collectors: Mapped[list["RoundCollector"]] = relationship(order_by="RoundCollector.place")
    boxes: Mapped[list["RoundBox"]] = relationship(order_by="RoundBox.id")
    closing: Mapped["RoundClosing | None"] = relationship(
        primaryjoin="RoundClosing.round_id == CollectionRound.id",
        foreign_keys="RoundClosing.round_id",
        uselist=False,
        viewonly=True,
    )


@insert_only
class RoundCollector(Base):
    """One of the two who empty the boxes: of the staff, or a named person."""

    __tablename__ = "round_collector"
    __table_args__ = (
        UniqueConstraint("round_id", "place"),
        CheckConstraint("place IN (1, 2)", name="one_of_two"),
        CheckConstraint("name <> ''", name="has_a_name"),
        UniqueConstraint("round_id", "name"),
        UniqueConstraint("round_id", "staff_member_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("collection_round.id"))
    place: Mapped[int]
    name: Mapped[str]
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))


@insert_only
class RoundBox(Base):
    """A box on the list of a round, with the seal it bore by our books."""

    __tablename__ = "round_box"
    __table_args__ = (UniqueConstraint("round_id", "box_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("collection_round.id"))
    box_id: Mapped[int] = mapped_column(ForeignKey("charity_box.id"), index=True)
    seal_number: Mapped[str] = mapped_column(String(20))

    box: Mapped[CharityBox] = relationship()


class Condition(StrEnum):
    """How a box was found."""

    INTACT = "intact"
    BROKEN = "broken"  # its seal
    MISSING = "missing"  # the box itself
    LEFT = "left"  # not collected this time; the finding says why


@insert_only
class BoxFinding(Base):
    """How a box of a round was found; a later row corrects an earlier one.

    ``is_sound`` is written from both: intact, or left as it was, under the seal of our books.
    """

    __tablename__ = "box_finding"
    __table_args__ = (
        CheckConstraint("condition <> 'intact' OR seal_number <> ''", name="intact_has_a_seal"),
        CheckConstraint("(condition = 'left') = (reason <> '')", name="left_for_a_reason"),
        CheckConstraint("NOT is_sound OR condition IN ('intact', 'left')", name="sound_is_closed"),
        Index("ix_box_finding_box", "round_box_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_box_id: Mapped[int] = mapped_column(ForeignKey("round_box.id"))
    condition: Mapped[Condition]
    seal_number: Mapped[str] = mapped_column(String(20))  # as read on the box; may be empty
    reason: Mapped[str]  # why the box was not collected; empty for any other
    is_sound: Mapped[bool]
    told_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    told_at: Mapped[datetime]


@insert_only
class RoundRemark(Base):
    """What one of the two collectors says of a round, once."""

    __tablename__ = "round_remark"
    __table_args__ = (
        UniqueConstraint("round_id", "place"),
        ForeignKeyConstraint(
            ["round_id", "place"], ["round_collector.round_id", "round_collector.place"]
        ),
        CheckConstraint("remark <> ''", name="says_something"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int]
    place: Mapped[int]
    remark: Mapped[str]
    written_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    written_at: Mapped[datetime]


@insert_only
class BoxAmount(Base):
    """What one box held by a count of its round, and the seal that closes it again."""

    __tablename__ = "box_amount"
    __table_args__ = (
        UniqueConstraint("count_id", "round_box_id"),
        CheckConstraint("amount_rial >= 0", name="not_below_zero"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    count_id: Mapped[int] = mapped_column(ForeignKey("cash_count.id"))
    round_box_id: Mapped[int] = mapped_column(ForeignKey("round_box.id"), index=True)
    amount_rial: Mapped[int]
    new_seal: Mapped[str] = mapped_column(String(20))  # empty for a box that was not emptied


@insert_only
class RoundClosing(Base):
    """The end of a round: counted by one person and agreed to by another, or cancelled by one.

    A round is cancelled for a reason, and then nothing of it was counted. With a box that was not
    sound, both collectors' remarks stand behind a count.
    """

    __tablename__ = "round_closing"
    __table_args__ = (
        # What the gifts of a round and its slip refer to: nothing comes of one that was cancelled.
        UniqueConstraint("round_id", "count_id"),
        ForeignKeyConstraint(
            ["count_id", "round_id", "counted_by_id"],
            ["cash_count.id", "cash_count.round_id", "cash_count.counted_by_id"],
        ),
        ForeignKeyConstraint(
            ["round_id", "first_remark"],
            ["round_remark.round_id", "round_remark.place"],
            name="fk_round_closing_first_remark",
        ),
        ForeignKeyConstraint(
            ["round_id", "second_remark"],
            ["round_remark.round_id", "round_remark.place"],
            name="fk_round_closing_second_remark",
        ),
        ForeignKeyConstraint(
            ["count_id", "closed_by_id", "decision"],
            ["count_decision.count_id", "count_decision.decided_by_id", "count_decision.decision"],
            name="fk_round_closing_approval",
        ),
        CheckConstraint(
            "(count_id IS NULL) = (counted_by_id IS NULL)"
            " AND (count_id IS NULL) = (decision IS NULL)",
            name="counted_or_not",
        ),
        CheckConstraint("(count_id IS NULL) = (reason <> '')", name="cancelled_for_a_reason"),
        CheckConstraint("decision = 'approved'", name="approved"),
        CheckConstraint("closed_by_id <> counted_by_id", name="two_persons"),
        CheckConstraint(
            "unsound_count = 0 OR (first_remark IS NOT NULL AND first_remark = 1"
            " AND second_remark IS NOT NULL AND second_remark = 2)",
            name="unsound_has_both_remarks",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("collection_round.id"), unique=True)
    count_id: Mapped[int | None] = mapped_column(unique=True)  # empty where it was cancelled
    counted_by_id: Mapped[int | None]
    decision: Mapped[Decision | None]
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    reason: Mapped[str]  # why it was cancelled; empty where it was counted
    unsound_count: Mapped[int]
    first_remark: Mapped[int | None]
    second_remark: Mapped[int | None]
    closed_on: Mapped[date]  # the day in Tehran
    closed_at: Mapped[datetime]

    @property
    def is_cancelled(self) -> bool:
        """Whether the round ended without a count."""
        return self.count_id is None


@insert_only
class RoundContribution(Base):
    """The contribution that the count of a round became, one for each fund of its boxes."""

    __tablename__ = "round_contribution"
    __table_args__ = (
        ForeignKeyConstraint(
            ["round_id", "count_id"], ["round_closing.round_id", "round_closing.count_id"]
        ),
        UniqueConstraint("round_id", "fund_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    contribution_id: Mapped[int] = mapped_column(ForeignKey("contribution.id"), unique=True)
    round_id: Mapped[int]
    count_id: Mapped[int]
    fund_id: Mapped[int] = mapped_column(ForeignKey("fund.id"))
