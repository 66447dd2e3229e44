"""Hours that were offered, the shifts in which they are served, and what became of each."""

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
from donations.models.goods_offer import ShareStep
from donations.models.need import Need
from donations.models.pledge import PledgeItem
from donations.models.volunteer import Skill, Volunteer
from offices.places import Office

QUARTER = 15  # minutes; shifts begin and end on one


class Outcome(StrEnum):
    """What became of a shift."""

    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    CANCELLED = "cancelled"


@insert_only
class ServiceOffer(Base):
    """A promise of hours that a desk took on for a registered volunteer, in a field."""

    __tablename__ = "service_offer"
    __table_args__ = (UniqueConstraint("pledge_item_id", "volunteer_id", "skill_id"),)

    pledge_item_id: Mapped[int] = mapped_column(
        ForeignKey("pledge_item.id"), primary_key=True, autoincrement=False
    )
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), index=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"))
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    taken_at: Mapped[datetime]

    item: Mapped[PledgeItem] = relationship()
    volunteer: Mapped[Volunteer] = relationship()
    skill: Mapped[Skill] = relationship()


@insert_only
class HoursReservation(Base):
    """One step of an offer within a need: so many hours were kept a place, came or gave it up.

    The latest holds, as with the share of goods.
    """

    __tablename__ = "hours_reservation"
    __table_args__ = (
        UniqueConstraint("pledge_item_id", "number"),
        CheckConstraint("hours > 0", name="hours_positive"),
        CheckConstraint("number > 0", name="number_from_one"),
        CheckConstraint("step IN ('reserved', 'received', 'given_up')", name="hours_do_not_wait"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("service_offer.pledge_item_id"))
    number: Mapped[int]  # counts within the offer, so that no step is taken twice
    need_id: Mapped[int] = mapped_column(ForeignKey("need.id"), index=True)
    step: Mapped[ShareStep]
    hours: Mapped[int]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    set_at: Mapped[datetime]

    need: Mapped[Need] = relationship()


@insert_only
class Shift(Base):
    """One day's work of an offer, from minute to minute of the Tehran day.

    The days of the licence are copied from it and held together with it by the key, so that the
    database itself refuses a day on which the licence does not hold.
    """

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute AND end_minute <= 1440",
            name="within_its_day",
        ),
        CheckConstraint(
            f"start_minute % {QUARTER} = 0 AND end_minute % {QUARTER} = 0", name="on_the_quarter"
        ),
        CheckConstraint("duty <> ''", name="has_a_duty"),
        CheckConstraint("supervisor <> ''", name="has_a_supervisor"),
        CheckConstraint("needs_licence = (licence_id IS NOT NULL)", name="licensed"),
        CheckConstraint(
            "(licence_id IS NULL) = (licence_from IS NULL)"
            " AND (licence_id IS NULL) = (licence_to IS NULL)",
            name="licence_is_whole",
        ),
        CheckConstraint("day BETWEEN licence_from AND licence_to", name="licence_holds"),
        ForeignKeyConstraint(
            ["pledge_item_id", "volunteer_id", "skill_id"],
            [
                "service_offer.pledge_item_id",
                "service_offer.volunteer_id",
                "service_offer.skill_id",
            ],
            name="fk_shift_offer",
        ),
        ForeignKeyConstraint(
            ["skill_id", "needs_licence"],
            ["skill.id", "skill.needs_licence"],
            name="fk_shift_skill",
        ),
        ForeignKeyConstraint(
            ["licence_id", "volunteer_id", "skill_id", "licence_from", "licence_to"],
            [
                "licence.id",
                "licence.volunteer_id",
                "licence.skill_id",
                "licence.valid_from",
                "licence.valid_to",
            ],
            name="fk_shift_licence",
        ),
        Index("ix_shift_office_day", "office_id", "day"),
        Index("ix_shift_volunteer_day", "volunteer_id", "day"),
        Index("ix_shift_item", "pledge_item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_item_id: Mapped[int]
    volunteer_id: Mapped[int]
    skill_id: Mapped[int]
    needs_licence: Mapped[bool]
    licence_id: Mapped[int | None]
    licence_from: Mapped[date | None]
    licence_to: Mapped[date | None]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"))  # where it is served
    day: Mapped[date]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    duty: Mapped[str]
    supervisor: Mapped[str]
    supervisor_title: Mapped[str | None]
    planned_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    planned_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    # Read only: what is written are the columns of the keys they share.
    offer: Mapped[ServiceOffer] = relationship(
        primaryjoin="Shift.pledge_item_id == foreign(ServiceOffer.pledge_item_id)",
        uselist=False,
        viewonly=True,
    )
    volunteer: Mapped[Volunteer] = relationship(
        primaryjoin="foreign(Shift.volunteer_id) == Volunteer.id", viewonly=True
    )
    skill: Mapped[Skill] = relationship(
        primaryjoin="foreign(Shift.skill_id) == Skill.id", viewonly=True
    )
    office: Mapped[Office] = relationship()
    outcomes: Mapped[list["ShiftOutcome"]] = relationship(order_by="ShiftOutcome.number")

    @property
    def outcome(self) -> "ShiftOutcome | None":
        """What became of it, as it holds; nothing where nobody has told of it yet."""
        return self.outcomes[-1] if self.outcomes else None

    @property
    def hours(self) -> int:
        """The hours that were confirmed."""
        return self.outcome.hours if self.outcome else 0


class TakenQuarter(Base):
    """A quarter of an hour in which a volunteer is taken: two shifts never hold the same one.

    Work of the schedule, not a fact: it goes when its shift is cancelled or missed.
    """

    __tablename__ = "taken_quarter"
    __table_args__ = (CheckConstraint("quarter BETWEEN 0 AND 95", name="of_a_day"),)

    volunteer_id: Mapped[int] = mapped_column(
        ForeignKey("volunteer.id"), primary_key=True, autoincrement=False
    )
    day: Mapped[date] = mapped_column(primary_key=True)
    quarter: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shift.id"), index=True)


@insert_only
class ShiftOutcome(Base):
    """What became of a shift: served for whole hours, missed, or cancelled with a reason.

    A later row with its reason corrects the one before.
    """

    __tablename__ = "shift_outcome"
    __table_args__ = (
        UniqueConstraint("shift_id", "number"),
        CheckConstraint("number > 0", name="number_from_one"),
        CheckConstraint("number = 1 OR reason <> ''", name="corrected_for_a_reason"),
        CheckConstraint("hours BETWEEN 0 AND 24", name="hours_of_a_day"),
        CheckConstraint("(outcome IN ('present', 'late')) = (hours > 0)", name="served_or_not"),
        CheckConstraint("outcome <> 'cancelled' OR reason <> ''", name="cancelled_for_a_reason"),
        CheckConstraint(
            "outcome = 'cancelled' OR volunteer_staff_id <> told_by_id",
            name="two_persons",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shift.id"))
    number: Mapped[int]
    outcome: Mapped[Outcome]
    hours: Mapped[int]
    reason: Mapped[str]
    volunteer_staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    told_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    told_at: Mapped[datetime]


@insert_only
class ServiceClosing(Base):
    """That a desk expects no more hours of a promise: so many were promised, so many served."""

    __tablename__ = "service_closing"
    __table_args__ = (
        CheckConstraint("reason <> ''", name="has_a_reason"),
        CheckConstraint("served_hours >= 0", name="served_hours_are_counted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    pledge_item_id: Mapped[int] = mapped_column(ForeignKey("pledge_item.id"), index=True)
    promised_hours: Mapped[int]
    served_hours: Mapped[int]
    reason: Mapped[str]
    closed_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    closed_at: Mapped[datetime]
