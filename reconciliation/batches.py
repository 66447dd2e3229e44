"""Which open credit pays out which batch: a terminal's final money of one business day.

Nothing in the bank's line names the payments, so the batch is built on our side, with the fee of
each payment by the terms that held on its day, and found by terminal, exact amount and window.
Guessing by subset sums is never tried: round amounts give millions of right sums.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.orm import Session, aliased

from core.database import Id
from ledger.terminals import Netting, TerminalTerms
from reconciliation.expected import ExpectedTerminalMoney, OpenSettlementLine
from reconciliation.found import days_between

SLICE_ITEMS = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    """A terminal's money of one business day, and the one line that pays it out."""

    terminal_id: int
    business_day: date
    item_count: int
    gross_rial: int
    fee_rial: int  # what is netted from the credit
    line_id: int
    booked_on: date
    moved_count: int = 0  # payments of it that we expected on a neighbouring day


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A terminal's open money of one business day, whatever pays it out."""

    terminal_id: int
    business_day: date
    item_count: int
    gross_rial: int
    fee_rial: int
    within_days: int
    terms_id: int

    @property
    def net_rial(self) -> int:
        return self.gross_rial - self.fee_rial


def sure_batches(session: Session) -> Sequence[Batch]:
    """The batches that exactly one open line pays, and which alone explain that line.

    One query over what is open, without the write lock; writing checks every sum again. The window
    is the day itself and the days that the terms allow, which is where holidays shift a pay-out.
    """
    pair = possible_pairs().subquery()
    sure = (
        select(pair)
        .where(pair.c.lines == 1, pair.c.batches == 1)
        .order_by(pair.c.terminal_id, pair.c.business_day)
    )
    return [
        Batch(
            row.terminal_id,
            row.business_day,
            row.item_count,
            row.gross_rial,
            row.fee_rial,
            row.line_id,
            row.booked_on,
        )
        for row in session.execute(sure)
    ]


def in_slices(batches: Sequence[Batch], limit: int = SLICE_ITEMS) -> Iterator[list[Batch]]:
    """Batches in groups of so many payments; a batch is never divided."""
    group: list[Batch] = []
    items = 0
    for batch in batches:
        if group and items + batch.item_count > limit:
            yield group
            group, items = [], 0
        group.append(batch)
        items += batch.item_count
    if group:
        yield group


def open_batches(session: Session, terminal_id: int | None = None) -> list[OpenBatch]:
    """The open batches with their sums, of one terminal or of all."""
    batch = _batches().subquery()
    query = select(batch).order_by(batch.c.terminal_id, batch.c.business_day)
    if terminal_id is not None:
        query = query.where(batch.c.terminal_id == terminal_id)
    return [OpenBatch(**row._mapping) for row in session.execute(query)]


def terms_on(days: FromClause) -> Subquery:
    """For each terminal_id and business_day of a selection, the terms that held on that day."""
    terms, later = TerminalTerms, aliased(TerminalTerms)
    valid_from = (
        select(func.max(later.valid_from))
        .where(later.terminal_id == days.c.terminal_id, later.valid_from <= days.c.business_day)
        .correlate(days)
        .scalar_subquery()
    )
    return (
        select(
            days.c.terminal_id,
            days.c.business_day,
            terms.id.label("terms_id"),
            terms.netting,
            terms.fee_floor_rial,
            terms.fee_per_ten_thousand,
            terms.fee_cap_rial,
            terms.settles_within_days,
        )
        .select_from(days)
        .join(terms, and_(terms.terminal_id == days.c.terminal_id, terms.valid_from == valid_from))
        .subquery()
    )


def netted_fee_rial(amount_rial: SQLColumnExpression[int], terms: Subquery) -> ColumnElement[int]:
    """What the acquirer keeps of one payment: so many in 10,000, whole rials, floor and cap.

    Zero where the terms book the fee apart or waive it.
    """
    share = amount_rial * terms.c.fee_per_ten_thousand // 10_000
    return case(
        (terms.c.netting != Netting.NETTED, 0),
        (share < terms.c.fee_floor_rial, terms.c.fee_floor_rial),
        (share > terms.c.fee_cap_rial, terms.c.fee_cap_rial),
        else_=share,
    )


def possible_pairs() -> Select[*tuple[Any, ...]]:
    """Every batch with every open line that it could be, and how many there are of both."""
    batch = _batches().subquery()
    line = OpenSettlementLine
    days = days_between(batch.c.business_day, line.booked_on)
    return (
        select(
            *batch.c,
            line.line_id,
            line.booked_on,
            func.count()
            .over(partition_by=(batch.c.terminal_id, batch.c.business_day))
            .label("lines"),
            func.count().over(partition_by=line.line_id).label("batches"),
        )
        .join_from(
            batch,
            line,
            and_(
                line.terminal_id == batch.c.terminal_id,
                line.amount_rial == batch.c.gross_rial - batch.c.fee_rial,
            ),
        )
        .where(days >= 0, days <= batch.c.within_days)
    )


def _batches() -> Select[*tuple[Any, ...]]:
    """Open money by terminal and business day, with the fee that is netted from its credit."""
    money = ExpectedTerminalMoney
    day = select(money.terminal_id, money.business_day).distinct().subquery()
    terms = terms_on(day)
    return (
        select(
            money.terminal_id,
            money.business_day,
            func.count().label("item_count"),
            _whole(func.sum(money.amount_rial)).label("gross_rial"),
            _whole(func.sum(netted_fee_rial(money.amount_rial, terms))).label("fee_rial"),
            func.max(terms.c.settles_within_days).label("within_days"),
            func.max(terms.c.terms_id).label("terms_id"),
        )
        .join(
            terms,
            and_(
                terms.c.terminal_id == money.terminal_id,
                terms.c.business_day == money.business_day,
            ),
        )
        .group_by(money.terminal_id, money.business_day)
    )


def _whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    # PostgreSQL sums into NUMERIC; a terminal's day stays far below 9.2e18.
    return cast(total, Id)
