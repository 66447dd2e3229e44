"""Receipt numbers: 1404/07/000123 is the 123rd of desk 07 in the Jalali year 1404."""

import re
from functools import cache
from typing import Any, NamedTuple
from typing import cast as typed

from sqlalchemy import BigInteger, ColumnElement, String, Table, bindparam, cast, func
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.database import engine_of, upsert_of
from core.digits import normalise
from core.refusals import Refusal
from receipts.life.series import ReceiptSeries

_NUMBER = re.compile(r"(1[34][0-9]{2})\s?[/\-]\s?([0-9A-Z]{2,3})\s?[/\-]\s?([0-9]{6,9})")


class UnreadableNumber(Refusal):
    """Text that cannot be the number of a receipt."""

    code = "receipt.number_unreadable"
    http_status = 422
    field = "number"


class TakenNumbers(NamedTuple):
    """A run of serials that is ours: ``first_serial`` and as many after it as were asked for."""

    series_id: int
    first_serial: int


class GivenNumber(NamedTuple):
    """A number that somebody holds already: one of a block, whose numbers begin with ``prefix``."""

    series_id: int
    serial: int
    prefix: str  # 1405/A01/


def take_numbers(session: Session, office_id: int, year: int, count: int) -> TakenNumbers:
    """Take the next serials of a Jalali year and desk, in the transaction of the caller.

    One statement reads and bumps the counter, so two writers never get the same serial; a
    transaction that is rolled back gives its serials back, so none is ever missing.
    """
    asked = {"year": year, "office_id": office_id, "count": count}
    series_id, last_serial = session.execute(_take(engine_of(session)), asked).one()
    return TakenNumbers(series_id, last_serial - count + 1)


@cache
def _take(engine: str) -> Any:
    count = bindparam("count", type_=BigInteger)
    series = typed(Table, ReceiptSeries.__table__)
    fresh = upsert_of(engine, series).values(
        year=bindparam("year"), office_id=bindparam("office_id"), unit="IRR", last_serial=count
    )
    return fresh.on_conflict_do_update(
        index_elements=[series.c.year, series.c.office_id],
        index_where=series.c.desk_code.is_(None),
        set_={"last_serial": series.c.last_serial + count},
    ).returning(series.c.id, series.c.last_serial)


def number_text(year: int, office_code: str, serial: int) -> str:
    """The number as it is printed and stored: 1404/07/000123."""
    return f"{year}/{office_code}/{serial:06d}"


def number_written(
    prefix: ColumnElement[str], serial: ColumnElement[int] | InstrumentedAttribute[int]
) -> ColumnElement[str]:
    """The same in SQL: ``prefix`` is 1404/07/."""
    digits = cast(serial, String)
    return prefix + func.substr("000000", func.length(digits) + 1) + digits


def number_in_address(number: str) -> str:
    """The number as addresses and the command line write it: 1404-07-000123."""
    return number.replace("/", "-")


def parse_number(text: str) -> str:
    """Read a number with slashes or hyphens, in any digits. Raises UnreadableNumber."""
    written = _NUMBER.fullmatch(normalise(text).upper())
    if written is None:
        raise UnreadableNumber(text=text[:40])
    return "/".join(written.groups())


def number_within(text: str) -> str:
    """The first number that a longer text names, such as a title. Raises UnreadableNumber."""
    named = re.search(rf"(?<![0-9])(?:{_NUMBER.pattern})(?![0-9])", normalise(text).upper())
    if named is None:
        raise UnreadableNumber(text=text[:40])
    return "/".join(named.groups())
