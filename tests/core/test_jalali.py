import random
from datetime import UTC, date, datetime, time, timedelta

import jdatetime
import pytest

from core.clock import tehran_date, tehran_moment
from core.jalali import (
    UnreadableDate,
    jalali_long,
    jalali_plain,
    jalali_text,
    jalali_year,
    parse_jalali,
    tehran_text,
)


def test_every_day_agrees_with_another_library():
    chance = random.Random(7)
    for _ in range(3_000):
        day = date(2001, 1, 1) + timedelta(days=chance.randrange(365 * 80))
        other = jdatetime.date.fromgregorian(date=day)

        assert jalali_plain(day) == other.strftime("%Y/%m/%d")
        assert parse_jalali(jalali_text(day)) == day


def test_leap_years_end_on_the_thirtieth():
    assert parse_jalali("1403/12/30") == date(2025, 3, 20)
    with pytest.raises(UnreadableDate):
        parse_jalali("1404/12/30")


def test_a_day_is_written_for_people():
    assert jalali_text(date(2025, 10, 13)) == "۱۴۰۴/۰۷/۲۱"
    assert jalali_long(date(2025, 10, 13)) == "۲۱ مهر ۱۴۰۴"
    assert jalali_year(date(2026, 3, 20)) == 1404
    assert jalali_year(date(2026, 3, 21)) == 1405


@pytest.mark.parametrize("typed", ["", "1404", "1404/13/01", "1404/07/32", "21/7/1404", "x"])
def test_what_is_no_day_is_refused(typed):
    with pytest.raises(UnreadableDate):
        parse_jalali(typed)


def test_the_day_changes_at_midnight_in_tehran():
    assert tehran_date(datetime(2026, 11, 22, 20, 29, tzinfo=UTC)) == date(2026, 11, 22)
    assert tehran_date(datetime(2026, 11, 22, 20, 30, tzinfo=UTC)) == date(2026, 11, 23)
    assert tehran_text(datetime(2026, 11, 22, 20, 35, tzinfo=UTC)) == "۱۴۰۵/۰۹/۰۲ ۰۰:۰۵"
    assert tehran_moment(date(2026, 11, 23), time(0, 5)) == datetime(
        2026, 11, 22, 20, 35, tzinfo=UTC
    )
