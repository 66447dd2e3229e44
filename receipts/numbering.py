"""Receipt numbers: 1404/07/000123 is the 123rd of desk 07 in the Jalali year 1404."""

import re
from typing import NamedTuple

from sqlalchemy.orm import Session

from core.database import upsert
from core.digits import normalise
from core.refusals import Refusal
from receipts.series import ReceiptSeries

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


def take_numbers(session: Session, office_id: int, year: int, count: int) -> TakenNumbers:
    """Take the next serials of a Jalali year and desk, in the transaction of the caller.

    One statement reads and bumps the counter, so two writers never get the same serial; a
    transaction that is rolled back gives its serials back, so none is ever missing.
    """
    fresh = upsert(session, ReceiptSeries).values(
        year=year, office_id=office_id, unit="IRR", last_serial=count
    )
    series_id, last_serial = session.execute(
        fresh.on_conflict_do_update(
            index_elements=[ReceiptSeries.year, ReceiptSeries.office_id],
            set_={"last_serial": ReceiptSeries.last_serial + count},
        ).returning(ReceiptSeries.id, ReceiptSeries.last_serial)
    ).one()
    return TakenNumbers(series_id, last_serial - count + 1)


def number_text(year: int, office_code: str, serial: int) -> str:
    """The number as it is printed and stored: 1404/07/000123."""
    return f"{year}/{office_code}/{serial:06d}"


def number_in_address(number: str) -> str:
    """The number as addresses and the command line write it: 1404-07-000123."""
    return number.replace("/", "-")


def parse_number(text: str) -> str:
    """Read a number with slashes or hyphens, in any digits. Raises UnreadableNumber."""
    written = _NUMBER.fullmatch(normalise(text).upper())
    if written is None:
        raise UnreadableNumber(text=text[:40])
    return "/".join(written.groups())
