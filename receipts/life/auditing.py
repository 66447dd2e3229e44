"""The auditor's questions about receipts: is every number 1..N there, as issued, and explained.

Each proof is one or two scans and yields what is wrong, in words; nothing means all is well.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import Session

from core.portable import sha256_hex
from core.words import _
from donations.models.contribution import Contribution, ContributionReversal
from offices.places import Office
from receipts.life.numbering import number_text, number_written
from receipts.life.series import Letterhead, Receipt, ReceiptSeries, ReceiptVoid, VoidCause


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which series are asked about: all, or those of a Jalali year, of a desk, or of both."""

    year: int | None = None
    office_code: str | None = None

    def narrow(self) -> ColumnElement[bool]:
        """The condition on ReceiptSeries and Office."""
        asked = []
        if self.year is not None:
            asked.append(ReceiptSeries.year == self.year)
        if self.office_code is not None:
            asked.append(Office.code == self.office_code)
        return and_(true(), *asked)


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class SeriesStanding:
    """What became of the numbers of one series; ``missing`` of them are not there at all."""

    year: int
    office_code: str
    office_fa: str
    office_en: str
    last: int
    standing: int
    void: int
    replaced: int

    @property
    def missing(self) -> int:
        """How many numbers nobody can explain."""
        return self.last - self.standing - self.void - self.replaced


def series_standing(session: Session, wanted: Wanted = EVERYTHING) -> list[SeriesStanding]:
    """Every series that gave out a number, latest year first."""
    is_void = ReceiptVoid.id.is_not(None)
    is_replaced = ~Receipt.is_latest()
    found: Any = session.execute(
        _of(wanted)
        .with_only_columns(
            ReceiptSeries.year,
            Office.code,
            Office.name_fa,
            Office.name_en,
            ReceiptSeries.last_serial,
            _count(and_(Receipt.id.is_not(None), ~is_void)),
            _count(and_(is_void, ~is_replaced)),
            _count(and_(is_void, is_replaced)),
        )
        .outerjoin(Receipt, Receipt.series_id == ReceiptSeries.id)
        .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
        .where(ReceiptSeries.last_serial > 0)
        .group_by(ReceiptSeries.id, Office.id)
        .order_by(ReceiptSeries.year.desc(), Office.code)
    )
    return [SeriesStanding(*row) for row in found]


def number_gaps(session: Session, wanted: Wanted = EVERYTHING) -> Iterator[str]:
    """Numbers that are missing, beyond the counter, or not written as their series says."""
    yield from _holes(session, wanted)
    yield from _beyond(session, wanted)
    prefix = cast(ReceiptSeries.year, String) + "/" + Office.code + "/"
    miswritten = (
        _of(wanted)
        .with_only_columns(Receipt.number)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .where(Receipt.number != number_written(prefix, Receipt.serial))
        .order_by(Receipt.number)
    )
    for number in session.scalars(miswritten):
        yield _("{number}: not the number that its series gave out").format(number=number)


def changed_snapshots(session: Session, wanted: Wanted = EVERYTHING) -> Iterator[str]:
    """Receipts whose frozen facts, or those of their letterhead, are not the ones hashed."""
    is_changed = or_(
        sha256_hex(Receipt.facts) != Receipt.facts_hash,
        Receipt.letterhead_id.in_(
            select(Letterhead.id).where(sha256_hex(Letterhead.facts) != Letterhead.facts_hash)
        ),
    )
    for number in session.scalars(
        _of(wanted)
        .with_only_columns(Receipt.number)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .where(is_changed)
        .order_by(Receipt.number)
    ):
        yield _("{number}: the facts are not those it was issued with").format(number=number)


def wrong_states(session: Session, wanted: Wanted = EVERYTHING) -> Iterator[str]:
    """Receipts that stand for nothing, are void for no reason, or were replaced by nobody."""
    is_void = exists().where(ReceiptVoid.receipt_id == Receipt.id)
    is_reversed = exists().where(ContributionReversal.contribution_id == Contribution.id)
    was_to_be_replaced = exists().where(
        ReceiptVoid.receipt_id == Receipt.id, ReceiptVoid.cause == VoidCause.REPLACEMENT
    )
    wrong = case(
        (and_(Receipt.is_latest(), was_to_be_replaced), "unreplaced"),
        (and_(~is_void, is_reversed), "stands"),
        (and_(Receipt.is_latest(), is_void, ~is_reversed), "void"),
    )
    told = {
        "unreplaced": _("{number}: was to be replaced, and nothing replaces it"),
        "stands": _("{number}: stands, but its contribution does not"),
        "void": _("{number}: is void, but its contribution stands"),
    }
    for number, trouble in session.execute(
        _of(wanted)
        .with_only_columns(Receipt.number, wrong)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .where(wrong.is_not(None))
        .order_by(Receipt.number)
    ):
        yield told[trouble].format(number=number)


def _holes(session: Session, wanted: Wanted) -> Iterator[str]:
    before = func.coalesce(
        func.lag(Receipt.serial).over(partition_by=Receipt.series_id, order_by=Receipt.serial), 0
    )
    numbered = select(
        Receipt.series_id, Receipt.serial.label("serial"), before.label("before")
    ).subquery()
    inner = (
        _of(wanted)
        .with_only_columns(
            ReceiptSeries.year, Office.code, numbered.c.before + 1, numbered.c.serial - 1
        )
        .join(numbered, numbered.c.series_id == ReceiptSeries.id)
        .where(numbered.c.serial - numbered.c.before > 1)
    )
    last = func.coalesce(func.max(Receipt.serial), 0)
    tail = (
        _of(wanted)
        .with_only_columns(ReceiptSeries.year, Office.code, last + 1, ReceiptSeries.last_serial)
        .outerjoin(Receipt, Receipt.series_id == ReceiptSeries.id)
        .group_by(ReceiptSeries.id, Office.id)
        .having(last < ReceiptSeries.last_serial)
    )
    for year, code, first, last_missing in session.execute(inner.union_all(tail)):
        low, high = (number_text(year, code, serial) for serial in (first, last_missing))
        if low == high:
            yield _("{number}: is missing").format(number=low)
        else:
            yield _("{first} to {last}: are missing").format(first=low, last=high)


def _beyond(session: Session, wanted: Wanted) -> Iterator[str]:
    for number in session.scalars(
        _of(wanted)
        .with_only_columns(Receipt.number)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .where(Receipt.serial > ReceiptSeries.last_serial)
        .order_by(Receipt.number)
    ):
        yield _("{number}: was never given out").format(number=number)


def _of(wanted: Wanted) -> Select[Any]:
    return (
        select(literal(1))
        .select_from(ReceiptSeries)
        .join(Office, Office.id == ReceiptSeries.office_id)
        .where(wanted.narrow())
    )


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))
