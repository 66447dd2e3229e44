"""Deposit ids: digits that survive telephones, ATMs and bank counters (DESIGN section 8)."""

import secrets
from datetime import date
from functools import cache
from typing import Any, cast

from sqlalchemy import BigInteger, Table, bindparam
from sqlalchemy.orm import Session

from core.database import engine_of, upsert_of
from core.identifiers import DepositId
from core.jalali import jalali_year
from core.refusals import Refusal
from donations.models.pledge import DepositIdSeries

ONLINE_PLACES = range(800, 900)
SERIAL_MAX = 999_999


class SeriesIsFull(Refusal):
    """A place has given out a million deposit ids this year; another place must be used."""

    code = "deposit_id.series_full"
    http_status = 503


def next_deposit_id(session: Session, place: int, day: date) -> str:
    """The next deposit id of a place; the counter moves in the caller's transaction."""
    return next_deposit_ids(session, place, day, 1)[0]


def next_deposit_ids(session: Session, place: int, day: date, count: int) -> list[str]:
    """The next deposit ids of a place, in order. Raises SeriesIsFull."""
    year = jalali_year(day)
    asked = {"year": year, "place": place, "count": count}
    last = session.execute(_take(engine_of(session)), asked).scalar_one()
    if last > SERIAL_MAX:
        raise SeriesIsFull(place=place)
    return [str(DepositId(year, place, serial)) for serial in range(last - count + 1, last + 1)]


@cache
def _take(engine: str) -> Any:
    series = cast(Table, DepositIdSeries.__table__)
    count = bindparam("count", type_=BigInteger)
    fresh = upsert_of(engine, series).values(
        year=bindparam("year"), place=bindparam("place"), last_serial=count
    )
    return fresh.on_conflict_do_update(
        index_elements=[series.c.year, series.c.place],
        set_={"last_serial": series.c.last_serial + count},
    ).returning(series.c.last_serial)


def online_place() -> int:
    """One of the hundred places of the online channels, so that no counter becomes a queue."""
    return secrets.choice(ONLINE_PLACES)
