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
from receipts.life.number_blocks import BlockClosing, BlockNumber, NumberBlock
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
            # A desk's own numbers and those of its blocks; or one block by its code.
            asked.append(
                or_(Office.code == self.office_code, ReceiptSeries.desk_code == self.office_code)
            )
        return and_(true(), *asked)


EVERYTHING = Wanted()


@dataclass(frozen=True, slots=True)
class SeriesStanding:
    """What became of the numbers of one series; ``missing`` of them are not there at all.

    Of a number block, ``unused`` were given up with a reason and ``allotted`` wait at the desk.
    """

    year: int
    office_code: str  # as it stands in the numbers: that of the desk, or of a block
    office_fa: str
    office_en: str
    last: int
    standing: int
    void: int
    replaced: int
    unused: int = 0
    allotted: int = 0

    @property
    def missing(self) -> int:
        """How many numbers nobody can explain."""
        told = self.standing + self.void + self.replaced + self.unused
        return self.last - told - self.allotted


def series_standing(session: Session, wanted: Wanted = EVERYTHING) -> list[SeriesStanding]:
    """Every series that gave out a number, latest year first."""
    is_void = ReceiptVoid.id.is_not(None)
    is_replaced = ~Receipt.is_latest()
    found: Any = session.execute(
        _of(wanted)
        .with_only_columns(
            ReceiptSeries.year,
            ReceiptSeries.code(),
            Office.name_fa,
            Office.name_en,
            func.coalesce(NumberBlock.size, ReceiptSeries.last_serial),
            _count(and_(Receipt.id.is_not(None), ~is_void)),
            _count(and_(is_void, ~is_replaced)),
            _count(and_(is_void, is_replaced)),
            _spent(BlockNumber.contribution_id.is_(None)),
            case((_is_open(), NumberBlock.size - _spent(true())), else_=0),
        )
        .outerjoin(Receipt, Receipt.series_id == ReceiptSeries.id)
        .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
        .outerjoin(NumberBlock, NumberBlock.series_id == ReceiptSeries.id)
        .where(or_(ReceiptSeries.last_serial > 0, NumberBlock.id.is_not(None)))
        .group_by(ReceiptSeries.id, Office.id, NumberBlock.id)
        .order_by(ReceiptSeries.year.desc(), ReceiptSeries.code())
    )
    return [SeriesStanding(*row) for row in found]


def number_gaps(session: Session, wanted: Wanted = EVERYTHING) -> Iterator[str]:
    """Numbers that are missing, beyond the counter, or not written as their series says."""
    yield from _holes(session, wanted)
    yield from _beyond(session, wanted)
    yield from _untold(session, wanted)
    prefix = cast(ReceiptSeries.year, String) + "/" + ReceiptSeries.code() + "/"
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
    own = select(Receipt.series_id, Receipt.serial)
    yield from _holes_among(session, wanted, own, ReceiptSeries.desk_code.is_(None))
    # Of a block the numbers that were given up have their reason instead of a receipt.
    given_up = (
        select(NumberBlock.series_id, BlockNumber.serial)
        .join(NumberBlock, NumberBlock.id == BlockNumber.block_id)
        .where(BlockNumber.contribution_id.is_(None))
    )
    of_blocks = own.join(NumberBlock, NumberBlock.series_id == Receipt.series_id)
    explained = of_blocks.union(given_up)
    yield from _holes_among(session, wanted, explained, ReceiptSeries.desk_code.is_not(None))


def _holes_among(
    session: Session, wanted: Wanted, explained: Any, which: ColumnElement[bool]
) -> Iterator[str]:
    """The numbers of some series that are not explained, up to the last that has to be."""
    told = explained.subquery()
    before = func.coalesce(
        func.lag(told.c.serial).over(partition_by=told.c.series_id, order_by=told.c.serial), 0
    )
    numbered = select(told.c.series_id, told.c.serial, before.label("before")).subquery()
    until = _last_to_explain()
    inner = (
        _of(wanted)
        .with_only_columns(
            ReceiptSeries.year,
            ReceiptSeries.code(),
            numbered.c.before + 1,
            _least(numbered.c.serial - 1, until),
        )
        .join(numbered, numbered.c.series_id == ReceiptSeries.id)
        .where(which, numbered.c.serial - numbered.c.before > 1, numbered.c.before < until)
    )
    last = func.coalesce(func.max(told.c.serial), 0)
    tail = (
        _of(wanted)
        .with_only_columns(ReceiptSeries.year, ReceiptSeries.code(), last + 1, until)
        .outerjoin(told, told.c.series_id == ReceiptSeries.id)
        .where(which)
        .group_by(ReceiptSeries.id, Office.id)
        .having(last < until)
    )
    for year, code, first, last_missing in session.execute(inner.union_all(tail)):
        low, high = (number_text(year, code, serial) for serial in (first, last_missing))
        if low == high:
            yield _("{number}: is missing").format(number=low)
        else:
            yield _("{first} to {last}: are missing").format(first=low, last=high)


def _untold(session: Session, wanted: Wanted) -> Iterator[str]:
    """Receipts of a block for which the block does not say that they took their number."""
    says = exists().where(
        BlockNumber.block_id == NumberBlock.id,
        BlockNumber.serial == Receipt.serial,
        BlockNumber.contribution_id == Receipt.contribution_id,
    )
    for number in session.scalars(
        _of(wanted)
        .with_only_columns(Receipt.number)
        .join(NumberBlock, NumberBlock.series_id == ReceiptSeries.id)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .where(~says)
        .order_by(Receipt.number)
    ):
        yield _("{number}: its block does not know of it").format(number=number)


def _beyond(session: Session, wanted: Wanted) -> Iterator[str]:
    for number in session.scalars(
        _of(wanted)
        .with_only_columns(Receipt.number)
        .join(Receipt, Receipt.series_id == ReceiptSeries.id)
        .outerjoin(NumberBlock, NumberBlock.series_id == ReceiptSeries.id)
        .where(Receipt.serial > func.coalesce(NumberBlock.size, ReceiptSeries.last_serial))
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


def _spent(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many numbers of the block beside it are spent in this way; none where there is none."""
    return (
        select(func.count())
        .select_from(BlockNumber)
        .where(BlockNumber.block_id == NumberBlock.id, condition)
        .correlate(NumberBlock)
        .scalar_subquery()
    )


def _is_open() -> ColumnElement[bool]:
    return and_(
        NumberBlock.id.is_not(None), ~exists().where(BlockClosing.block_id == NumberBlock.id)
    )


def _last_to_explain() -> ColumnElement[int]:
    """The last number that must be explained: of a closed block all, else up to the counter."""
    closed = (
        select(NumberBlock.size)
        .join(BlockClosing, BlockClosing.block_id == NumberBlock.id)
        .where(NumberBlock.series_id == ReceiptSeries.id)
        .correlate(ReceiptSeries)
        .scalar_subquery()
    )
    return func.coalesce(closed, ReceiptSeries.last_serial)


def _least(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one < other, one), else_=other)
