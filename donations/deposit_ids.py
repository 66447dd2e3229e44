"""Deposit ids: digits that survive telephones, ATMs and bank counters (DESIGN section 8)."""

import secrets
from datetime import date

from sqlalchemy.orm import Session

from core.database import upsert
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
    year = jalali_year(day)
    serial = session.execute(
        upsert(session, DepositIdSeries)
        .values(year=year, place=place, last_serial=1)
        .on_conflict_do_update(
            index_elements=[DepositIdSeries.year, DepositIdSeries.place],
            set_={"last_serial": DepositIdSeries.last_serial + 1},
        )
        .returning(DepositIdSeries.last_serial)
    ).scalar_one()
    if serial > SERIAL_MAX:
        raise SeriesIsFull(place=place)
    return str(DepositId(year, place, serial))


def online_place() -> int:
    """One of the hundred places of the online channels, so that no counter becomes a queue."""
    return secrets.choice(ONLINE_PLACES)
