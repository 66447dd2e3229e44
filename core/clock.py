"""The only place that reads the clock. Everything else is told what time it is."""

from datetime import UTC, date, datetime, time, timedelta, timezone

# Iran keeps +03:30 all the year since the summer of 1401 (2022); older moments are not ours.
TEHRAN = timezone(timedelta(hours=3, minutes=30), "Asia/Tehran")


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def tehran_date(moment: datetime) -> date:
    """The day it is in Tehran at this moment; the day that books and receipts carry."""
    return moment.astimezone(TEHRAN).date()


def minute_of_day(moment: datetime) -> int:
    """The minute of the Tehran day, from 0 to 1439."""
    local = moment.astimezone(TEHRAN)
    return local.hour * 60 + local.minute


def tehran_moment(day: date, clock_time: time) -> datetime:
    """The UTC moment of a wall-clock time in Tehran."""
    return datetime.combine(day, clock_time, TEHRAN).astimezone(UTC)
