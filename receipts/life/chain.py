"""The chain of each series: blocks of receipts in the order of their numbers, each hashed.

A table's seal shows that no row was changed; the chain of a series shows it in the receipts' own
terms, number by number, so that a head published at the end of a day binds every receipt up to it.
Serials of a series commit in their order (the counter's row is held until the end), so what is not
chained yet is always the tail. A block of the chain holds receipts of one day.

The numbers of a number block come in any order: its chain goes as far as its counter, before which
every number is spent, and binds also the numbers that were given up. What comes late stands on the
day it is chained behind, so that no head of a day that is over changes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import accumulate, groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Select,
    String,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from core.clock import tehran_date
from core.database import Base, Database, insert_only
from core.hashchain import GENESIS, block_hash
from core.portable import sha256_of
from core.words import _
from offices.places import Office
from receipts.life.auditing import EVERYTHING, Wanted
from receipts.life.number_blocks import BlockNumber, NumberBlock
from receipts.life.numbering import number_text
from receipts.life.series import Letterhead, Receipt, ReceiptSeries

BLOCK_RECEIPTS_MAX = 10_000
_FETCHED_AT_ONCE = 2_000


@insert_only
class SeriesChain(Base):
    """One block of a series: its receipts ``first_serial`` to ``last_serial``, all of one day."""

    __tablename__ = "series_chain"
    __table_args__ = (
        UniqueConstraint("series_id", "first_serial"),
        UniqueConstraint("series_id", "previous_hash"),  # a chain does not fork
        CheckConstraint("first_serial <= last_serial", name="in_order"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("receipt_series.id"))
    first_serial: Mapped[int]
    last_serial: Mapped[int]
    issued_on: Mapped[date]  # the day in Tehran
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class DayHead:
    """Where the chain of a series stood at the end of a day, and what that day added to it."""

    series: str  # year and desk: 1404/07
    first: int
    last: int
    head_hash: str


@dataclass(frozen=True, slots=True)
class _Series:
    id: int
    name: str
    last_serial: int
    is_block: bool


class _GivenUp(NamedTuple):
    """A number of a block that no receipt bears, in the shape of a receipt."""

    serial: int
    number: str
    kind: str
    amount_rial: None
    issued_on: date
    issued_at: datetime
    facts_hash: str
    letterhead: None
    replaces: None

    @classmethod
    def of(cls, series: _Series, serial: int, reason: str, told_at: datetime) -> "_GivenUp":
        year, _slash, code = series.name.partition("/")
        number, day = number_text(int(year), code, serial), tehran_date(told_at)
        return cls(serial, number, "given_up", None, day, told_at, sha256_of(reason), None, None)


_Rows = Sequence[Any]  # rows of receipts, in whole or with numbers given up among them


def chain_series(
    database: Database, *, now: datetime, block_receipts: int = BLOCK_RECEIPTS_MAX
) -> int:
    """Chain every receipt that is not chained yet; returns how many.

    Nobody waits for it: rows are read without a lock. Of two chainers at once one writes the
    block, the other goes on behind it.
    """
    with database.reading() as session:
        behind = [
            each for each in _all_series(session) if each.last_serial > _end(session, each)[0]
        ]
    return sum(_chain(database, each, now=now, block_receipts=block_receipts) for each in behind)


def day_heads(session: Session, day: date) -> list[DayHead]:
    """The head of each series that issued receipts on a day in Tehran, ordered by series.

    Blocks of the day only: what is not chained yet is not in it, so ask once the day is over and
    ``unchained`` tells nothing.
    """
    of_day = (
        select(
            SeriesChain.series_id,
            func.min(SeriesChain.first_serial).label("first"),
            func.max(SeriesChain.last_serial).label("last"),
        )
        .where(SeriesChain.issued_on == day)
        .group_by(SeriesChain.series_id)
        .subquery()
    )
    found = session.execute(
        select(
            ReceiptSeries.year,
            ReceiptSeries.code(),
            of_day.c.first,
            of_day.c.last,
            SeriesChain.hash,
        )
        .join(of_day, of_day.c.series_id == ReceiptSeries.id)
        .join(Office, Office.id == ReceiptSeries.office_id)
        .join(
            SeriesChain,
            (SeriesChain.series_id == of_day.c.series_id)
            & (SeriesChain.last_serial == of_day.c.last),
        )
        .order_by(ReceiptSeries.year, ReceiptSeries.code())
    )
    return [
        DayHead(f"{year}/{code}", first, last, head_hash)
        for year, code, first, last, head_hash in found
    ]


def unchained(session: Session) -> int:
    """How many receipts are younger than the chain of their series: no fault, only young."""
    return sum(each.last_serial - _end(session, each)[0] for each in _all_series(session))


def chain_faults(session: Session, wanted: Wanted = EVERYTHING) -> Iterator[str]:
    """Compute every chain again from its receipts and name the blocks that differ."""
    for series in _all_series(session, wanted):
        yield from _faults_of(session, series)


def _faults_of(session: Session, series: _Series) -> Iterator[str]:
    by_part = {"yield_per": _FETCHED_AT_ONCE}
    blocks_of = select(SeriesChain).where(SeriesChain.series_id == series.id)
    blocks = session.scalars(
        blocks_of.order_by(SeriesChain.first_serial), execution_options=by_part
    )
    with blocks:
        if series.is_block:
            yield from _faults_between(series, iter(_numbers_of_block(session, series)), blocks)
            return
        with session.execute(_receipts_of(series, 0), execution_options=by_part) as receipts:
            yield from _faults_between(series, iter(receipts), blocks)


def _faults_between(
    series: _Series, receipts: Iterator[Any], blocks: Iterable[SeriesChain]
) -> Iterator[str]:
    last_serial, head = 0, GENESIS
    row = next(receipts, None)
    for block in blocks:
        rows: list[Any] = []
        while row is not None and row.serial <= block.last_serial:
            rows.append(row)
            row = next(receipts, None)
        where = {"series": series.name, "first": block.first_serial, "last": block.last_serial}
        if block.previous_hash != head or block.first_serial != last_serial + 1:
            yield _("{series}, {first}-{last}: does not follow the block before it").format(**where)
        if _hash_of(block.previous_hash, series, block.issued_on, rows) != block.hash:
            yield _(
                "{series}, {first}-{last}: the receipts are not those that were chained"
            ).format(**where)
        last_serial, head = block.last_serial, block.hash


def _chain(database: Database, series: _Series, *, now: datetime, block_receipts: int) -> int:
    chained = 0
    while True:
        with database.reading() as session:
            last_serial, head = _end(session, series)
            found = _behind(session, series, last_serial, block_receipts)
            not_before = _last_day(session, series)
        if not found:
            return chained
        days = accumulate((row.issued_on for row in found), max, initial=not_before)
        day, of_day = next(groupby(zip(islice(days, 1, None), found, strict=True), itemgetter(0)))
        rows = [row for _day, row in of_day]
        block = {
            "series_id": series.id,
            "first_serial": last_serial + 1,
            "last_serial": rows[-1].serial,
            "issued_on": day,
            "previous_hash": head,
            "hash": _hash_of(head, series, day, rows),
            "sealed_at": now,
        }
        try:
            with database.writing() as session:
                session.execute(insert(SeriesChain).values(**block))
        except IntegrityError:
            continue  # another chainer was first: go on behind its block
        chained += len(rows)


def _hash_of(previous: str, series: _Series, day: date, rows: _Rows) -> str:
    header = {"series": series.name, "day": day.isoformat(), "receipts": len(rows)}
    return block_hash(previous, (header, *map(_plain, rows)))


def _plain(row: Any) -> dict[str, object]:
    """A receipt by what is printed and frozen; no id of the database, so that others can tell."""
    return {
        "number": row.number,
        "kind": row.kind,
        "amount_rial": row.amount_rial,
        "issued_at": row.issued_at.astimezone(UTC).isoformat(),
        "facts": row.facts_hash,
        "letterhead": row.letterhead,
        "replaces": row.replaces,
    }


def _behind(session: Session, series: _Series, after_serial: int, limit: int) -> _Rows:
    """What there is to chain of a series behind a serial, in order."""
    if series.is_block:
        return _numbers_of_block(session, series, after_serial)[:limit]
    return session.execute(_receipts_of(series, after_serial).limit(limit)).all()


def _numbers_of_block(session: Session, series: _Series, after_serial: int = 0) -> _Rows:
    """Of a number block what is spent behind a serial, as far as its counter went."""
    given_up = session.execute(
        select(BlockNumber.serial, BlockNumber.reason, BlockNumber.told_at)
        .join(NumberBlock, NumberBlock.id == BlockNumber.block_id)
        .where(NumberBlock.series_id == series.id, BlockNumber.contribution_id.is_(None))
    )
    rows: list[Any] = [_GivenUp.of(series, *told) for told in given_up]
    rows += session.execute(_receipts_of(series, 0)).all()
    in_reach = (row for row in rows if after_serial < row.serial <= series.last_serial)
    return sorted(in_reach, key=attrgetter("serial"))


def _last_day(session: Session, series: _Series) -> date:
    """The day of the last block of a series' chain: what comes late stands on it, or on its own."""
    last = select(func.max(SeriesChain.issued_on)).where(SeriesChain.series_id == series.id)
    return session.scalars(last).one() or date.min


def _receipts_of(series: _Series, after_serial: int) -> Select[*tuple[object, ...]]:
    """The receipts behind a serial, in order; all, whatever their serials, from the beginning."""
    replaced = aliased(Receipt)
    query = (
        select(
            Receipt.serial,
            Receipt.number,
            Receipt.kind,
            Receipt.amount_rial,
            Receipt.issued_on,
            Receipt.issued_at,
            Receipt.facts_hash,
            Letterhead.facts_hash.label("letterhead"),
            replaced.number.label("replaces"),
        )
        .outerjoin(Letterhead, Letterhead.id == Receipt.letterhead_id)
        .outerjoin(replaced, replaced.id == Receipt.replaces_id)
        .where(Receipt.series_id == series.id)
        .order_by(Receipt.serial)
    )
    return query.where(Receipt.serial > after_serial) if after_serial else query


def _all_series(session: Session, wanted: Wanted = EVERYTHING) -> list[_Series]:
    found = session.execute(
        select(
            ReceiptSeries.id,
            ReceiptSeries.year,
            ReceiptSeries.code(),
            ReceiptSeries.last_serial,
            ReceiptSeries.desk_code.is_not(None),
        )
        .join(Office, Office.id == ReceiptSeries.office_id)
        .where(wanted.narrow())
        .order_by(ReceiptSeries.year, ReceiptSeries.code())
    )
    return [
        _Series(id_, f"{year}/{code}", last, is_block) for id_, year, code, last, is_block in found
    ]


def _end(session: Session, series: _Series) -> tuple[int, str]:
    """Where a chain ends: the serial up to which it is written, and the last hash."""
    found = session.execute(
        select(SeriesChain.last_serial, SeriesChain.hash)
        .where(SeriesChain.series_id == series.id)
        .order_by(SeriesChain.first_serial.desc())
        .limit(1)
    ).first()
    return (0, GENESIS) if found is None else (found.last_serial, found.hash)
