"""Days and hours as the bank writes them: Tehran's time, the Jalali calendar."""

from datetime import UTC, date, datetime, timedelta, timezone

ZONE = timezone(timedelta(hours=3, minutes=30))

_NEW_YEAR_1400 = date(2021, 3, 21)


def local(epoch: int) -> datetime:
    """Turn seconds since 1970 (UTC) into Tehran's wall clock."""
    return datetime.fromtimestamp(epoch, ZONE)


def epoch_of(day: date, hour: int, minute: int) -> int:
    """Turn a Tehran day and time into seconds since 1970 (UTC)."""
    moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZONE)
    return int(moment.astimezone(UTC).timestamp())


def jalali(day: date) -> str:
    """Write a day as ``1405/09/01``."""
    rest = (day - _NEW_YEAR_1400).days
    year = 1400
    while rest < 0:
        year -= 1
        rest += _days_of(year)
    while rest >= _days_of(year):
        rest -= _days_of(year)
        year += 1
    month, day_of_month = divmod(rest, 31) if rest < 186 else divmod(rest - 186, 30)
    return f"{year:04}/{month + (1 if rest < 186 else 7):02}/{day_of_month + 1:02}"


def read_day(text: str) -> date:
    """Read ``2026-11-22`` or, the same day, ``1405-09-01``. Raises ValueError."""
    year, month, day = (int(part) for part in text.replace("/", "-").split("-"))
    if year > 1700:
        return date(year, month, day)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(text)
    days = sum(_days_of(each) for each in range(1400, year))
    days -= sum(_days_of(each) for each in range(year, 1400))
    days += (month - 1) * 31 if month <= 7 else 186 + (month - 7) * 30
    found = _NEW_YEAR_1400 + timedelta(days=days + day - 1)
    if jalali(found) != f"{year:04}/{month:02}/{day:02}":
        raise ValueError(text)
    return found


def _days_of(year: int) -> int:
    """The calendar's cycle of 33 years, eight of them leap."""
    return 366 if (25 * year + 11) % 33 < 8 else 365
