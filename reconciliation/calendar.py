"""Working days (روز کاری): weekly rest and holidays are rows with dates, entered by people.

A pay-out window counts working days. Lunar holidays are announced year by year, and some days
within hours, so nothing here is computed but the holidays that the law fixes in the solar year.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from persiantools.jdatetime import JalaliDate
from sqlalchemy import (
    CheckConstraint,
    Date,
    ForeignKey,
    MetaData,
    Table,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy import Column as Col
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import Base, Id, engine_of, insert_only
from core.digits import normalise
from core.refusals import Refusal
from reconciliation.found import analysed, emptied

_DAY = timedelta(days=1)
HOLIDAY_NAME_MAX = 100
_WEEK_DAYS = 7
# Month and day of the holidays that the law fixes in the solar year, with their names.
FIXED_HOLIDAYS: Mapping[tuple[int, int], tuple[str, str]] = {
    (1, 1): ("نوروز", "Nowruz"),
    (1, 2): ("نوروز", "Nowruz"),
    (1, 3): ("نوروز", "Nowruz"),
    (1, 4): ("نوروز", "Nowruz"),
    (1, 12): ("روز جمهوری اسلامی", "Islamic Republic Day"),
    (1, 13): ("روز طبیعت", "Nature Day"),
    (3, 14): ("رحلت امام خمینی", "Demise of Imam Khomeini"),
    (3, 15): ("قیام پانزده خرداد", "Uprising of 15 Khordad"),
    (11, 22): ("پیروزی انقلاب اسلامی", "Victory of the Islamic Revolution"),
    (12, 29): ("ملی شدن صنعت نفت", "Nationalisation of the oil industry"),
}

# The days in reach of what is open, each with how many working days there were up to it.
CALENDAR = Table(
    "found_calendar",
    MetaData(),
    Col("day", Date, primary_key=True),
    Col("working_days", Id, nullable=False),
    prefixes=["TEMPORARY"],
)


class HolidayUnchanged(Refusal):
    """The day is said to be what it is said to become, or somebody said so a moment ago."""

    code = "holiday.unchanged"
    http_status = 409
    field = "day"


class HolidayNameMissing(Refusal):
    """A holiday without a name, or with one that is too long."""

    code = "holiday.name_missing"
    http_status = 422
    field = "name"


class WeeklyRestUnusable(Refusal):
    """No weekday at all, all seven, or a day from which another weekly rest holds."""

    code = "weekly_rest.unusable"
    http_status = 422
    field = "weekdays"


@insert_only
class WeeklyRest(Base):
    """A weekday on which banks rest; the rows of the latest day that has begun hold together."""

    __tablename__ = "weekly_rest"
    __table_args__ = (
        UniqueConstraint("valid_from", "weekday"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="a_weekday"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    valid_from: Mapped[date]
    weekday: Mapped[int]  # Monday is 0


@insert_only
class Holiday(Base):
    """That a day is a holiday, or that it is none after all; the latest word on a day holds.

    It overrules the weekly rest too: a Thursday may be said to be no holiday.
    """

    __tablename__ = "holiday"
    __table_args__ = (
        UniqueConstraint("day", "revision"),
        CheckConstraint("name_fa <> ''", name="has_a_name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    revision: Mapped[int]  # counted from 1 on each day
    is_holiday: Mapped[bool]
    name_fa: Mapped[str]
    name_en: Mapped[str]
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    entered_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are working days, by everything that has been entered."""

    said: Mapping[date, bool]  # day -> is a holiday
    rests: Sequence[tuple[date, frozenset[int]]]  # valid from, weekdays; oldest first
    # Counted once for each day: a run asks for thousands of batches of the same days.
    _last_days: dict[tuple[date, int], date] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def is_working_day(self, day: date) -> bool:
        if (is_holiday := self.said.get(day)) is not None:
            return not is_holiday
        place = bisect_right(self.rests, day, key=lambda rest: rest[0])
        return place == 0 or day.weekday() not in self.rests[place - 1][1]

    def last_day(self, day: date, within_days: int) -> date:
        """The last day that is so many working days after a day at most."""
        asked = (day, within_days)
        if asked not in self._last_days:
            left = within_days
            while left > 0 or not self.is_working_day(day + _DAY):
                day += _DAY
                left -= self.is_working_day(day)
            self._last_days[asked] = day
        return self._last_days[asked]


def calendar_of(session: Session) -> Calendar:
    """Everything that is known about working days."""
    said = session.execute(
        select(Holiday.day, Holiday.is_holiday).order_by(Holiday.day, Holiday.revision)
    )
    return Calendar(said=dict(said.all()), rests=weekly_rests(session))


def weekly_rests(session: Session) -> list[tuple[date, frozenset[int]]]:
    """Every weekly rest there was, the oldest first: from which day on, which weekdays."""
    rests: dict[date, set[int]] = {}
    for rest in session.scalars(select(WeeklyRest).order_by(WeeklyRest.valid_from)):
        rests.setdefault(rest.valid_from, set()).add(rest.weekday)
    return [(valid_from, frozenset(days)) for valid_from, days in rests.items()]


def enter_weekly_rest(session: Session, valid_from: date, weekdays: Iterable[int]) -> None:
    """Enter on which weekdays banks rest from a day on; windows are counted by it at once.

    Monday is 0. Raises WeeklyRestUnusable.
    """
    if engine_of(session) != "sqlite":  # two sets of one day would hold together
        session.connection().exec_driver_sql("LOCK TABLE weekly_rest IN SHARE ROW EXCLUSIVE MODE")
    chosen = set(weekdays)
    known = select(WeeklyRest.id).where(WeeklyRest.valid_from == valid_from).limit(1)
    is_usable = 0 < len(chosen) < _WEEK_DAYS  # with none of seven left no window would ever end
    if not is_usable or session.scalars(known).first() is not None:
        raise WeeklyRestUnusable
    session.add_all(WeeklyRest(valid_from=valid_from, weekday=each) for each in sorted(chosen))
    session.flush()


def fill_calendar(session: Session, first: date | None, last: date | None) -> None:
    """Put the days of a range into ``CALENDAR``, for joins of this connection."""
    emptied(session, CALENDAR)
    if first is None or last is None:
        return
    calendar = calendar_of(session)
    rows = []
    working_days = 0
    for at in range((last - first).days + 1):
        day = first + at * _DAY
        working_days += calendar.is_working_day(day)
        rows.append({"day": day, "working_days": working_days})
    session.execute(insert(CALENDAR), rows)
    analysed(session, CALENDAR)


def holidays_between(session: Session, first: date, last: date) -> list[Holiday]:
    """The latest word on each day of a range on which there is one."""
    latest = (
        select(Holiday.day, func.max(Holiday.revision).label("revision"))
        .where(Holiday.day.between(first, last))
        .group_by(Holiday.day)
        .subquery()
    )
    return list(
        session.scalars(
            select(Holiday)
            .join(latest, (latest.c.day == Holiday.day) & (latest.c.revision == Holiday.revision))
            .order_by(Holiday.day)
        )
    )


def say_holiday(
    session: Session,
    day: date,
    name_fa: str,
    name_en: str = "",
    *,
    is_holiday: bool = True,
    entered_by_id: int | None,
    now: datetime,
) -> Holiday:
    """Say that a day is a holiday, or that it is none. Raises HolidayUnchanged."""
    name = normalise(name_fa)
    if not 0 < len(name) <= HOLIDAY_NAME_MAX:
        raise HolidayNameMissing(longest=HOLIDAY_NAME_MAX)
    before = session.scalars(
        select(Holiday).where(Holiday.day == day).order_by(Holiday.revision.desc()).limit(1)
    ).first()
    if (before is None and not is_holiday and calendar_of(session).is_working_day(day)) or (
        before is not None and before.is_holiday == is_holiday
    ):
        raise HolidayUnchanged(day=day)
    holiday = Holiday(
        day=day,
        revision=1 if before is None else before.revision + 1,
        is_holiday=is_holiday,
        name_fa=name,
        name_en=normalise(name_en) or name,
        entered_by_id=entered_by_id,
        entered_at=now,
    )
    try:
        with session.begin_nested():
            session.add(holiday)
    except IntegrityError as error:  # somebody else spoke a moment earlier
        raise HolidayUnchanged(day=day) from error
    return holiday


def say_fixed_holidays(
    session: Session, years: Iterable[int], *, entered_by_id: int | None = None, now: datetime
) -> int:
    """Enter what the law fixes in the solar year, where nothing is said yet; returns how many."""
    entered = 0
    for year in years:
        for (month, day), (name_fa, name_en) in FIXED_HOLIDAYS.items():
            at = JalaliDate(year, month, day).to_gregorian()
            known = session.scalars(select(Holiday.id).where(Holiday.day == at).limit(1)).first()
            if known is None:
                say_holiday(
                    session, date(at.year, at.month, at.day), name_fa, name_en,
                    entered_by_id=entered_by_id, now=now,
                )  # fmt: skip
                entered += 1
    return entered
