"""Volunteers (داوطلب): who offers hours, what they can do and when, and the licences they hold."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from core.database import Base, insert_only
from donations.models.donor import Donor
from offices.places import Office


class PartOfDay(StrEnum):
    """When on a day somebody can come; minutes are agreed for each shift."""

    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"


class Skill(Base):
    """A field of work from the catalogue. One that needs a licence names the state's service id."""

    __tablename__ = "skill"
    __table_args__ = (
        # Shifts copy whether a licence is needed, so that the database can demand it.
        UniqueConstraint("id", "needs_licence"),
        CheckConstraint(
            "needs_licence = (licence_service_id IS NOT NULL)", name="licence_has_a_service"
        ),
        CheckConstraint("licence_service_id <> ''", name="licence_service_is_named"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name_fa: Mapped[str]
    name_en: Mapped[str]
    needs_licence: Mapped[bool]
    licence_service_id: Mapped[str | None] = mapped_column(String(20))
    is_open: Mapped[bool] = mapped_column(default=True)


@insert_only
class Volunteer(Base):
    """Somebody who offers hours, known by one mobile number. What is told of them are facts."""

    __tablename__ = "volunteer"

    id: Mapped[int] = mapped_column(primary_key=True)
    donor_id: Mapped[int] = mapped_column(ForeignKey("donor.id"), unique=True)
    mobile: Mapped[str] = mapped_column(String(11), unique=True)  # 09xxxxxxxxx
    registered_at: Mapped[datetime]

    donor: Mapped[Donor] = relationship()


@insert_only
class VolunteerFacts(Base):
    """What was told of a volunteer at one moment; the latest word of a desk holds.

    What somebody tells on the website later (``told_by_id`` is empty) waits for a desk to take it
    over: a mobile number alone proves nobody.
    """

    __tablename__ = "volunteer_facts"
    __table_args__ = (
        UniqueConstraint("volunteer_id", "position"),
        CheckConstraint("position > 0", name="counted_from_one"),
        CheckConstraint("left_reason <> ''", name="left_for_a_reason"),
        CheckConstraint(
            "left_reason IS NULL OR told_by_id IS NOT NULL", name="a_desk_lets_somebody_leave"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"))
    position: Mapped[int]
    office_id: Mapped[int] = mapped_column(ForeignKey("office.id"), index=True)
    note: Mapped[str]
    staff_member_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    left_reason: Mapped[str | None]  # told where somebody is a volunteer no more
    told_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    told_at: Mapped[datetime]
    request_key: Mapped[str | None] = mapped_column(String(80), unique=True)

    volunteer: Mapped[Volunteer] = relationship()
    office: Mapped[Office] = relationship()
    skills: Mapped[list["VolunteerSkill"]] = relationship(order_by="VolunteerSkill.skill_id")
    times: Mapped[list["VolunteerTime"]] = relationship(order_by="VolunteerTime.weekday")


@insert_only
class VolunteerSkill(Base):
    """One field in which somebody can help, by one telling."""

    __tablename__ = "volunteer_skill"

    facts_id: Mapped[int] = mapped_column(
        ForeignKey("volunteer_facts.id"), primary_key=True, autoincrement=False
    )
    skill_id: Mapped[int] = mapped_column(
        ForeignKey("skill.id"), primary_key=True, autoincrement=False
    )

    skill: Mapped[Skill] = relationship()


@insert_only
class VolunteerTime(Base):
    """One part of a weekday on which somebody can come, by one telling. Monday is 0."""

    __tablename__ = "volunteer_time"
    __table_args__ = (CheckConstraint("weekday BETWEEN 0 AND 6", name="day_of_the_week"),)

    facts_id: Mapped[int] = mapped_column(
        ForeignKey("volunteer_facts.id"), primary_key=True, autoincrement=False
    )
    weekday: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    part: Mapped[PartOfDay] = mapped_column(primary_key=True)


@insert_only
class Licence(Base):
    """A licence for one field, from its first to its last day. A correction replaces it.

    A licence that is withdrawn is replaced by one that ends earlier. Days are Tehran's.
    """

    __tablename__ = "licence"
    __table_args__ = (
        CheckConstraint("valid_from <= valid_to", name="ends_after_it_starts"),
        CheckConstraint("number <> ''", name="has_a_number"),
        CheckConstraint("issuer <> ''", name="has_an_issuer"),
        CheckConstraint("replaces_id < id", name="replaces_an_earlier_one"),
        # What a shift copies, so that the database compares its day with these.
        UniqueConstraint("id", "volunteer_id", "skill_id", "valid_from", "valid_to"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteer.id"), index=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skill.id"))
    number: Mapped[str] = mapped_column(String(60))
    issuer: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("licence.id"), unique=True)
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    recorded_at: Mapped[datetime]

    skill: Mapped[Skill] = relationship()
