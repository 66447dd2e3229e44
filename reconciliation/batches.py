"""Which open credit pays out which batch: a terminal's final money of one business day or cycle.

Nothing in the bank's line names the payments, so the batch is built on our side, with the fee of
each payment by the terms that held on its day, and found by terminal, exact amount and window.
Guessing by subset sums is never tried: round amounts give millions of right sums.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
    literal,
    select,
)
from sqlalchemy.orm import Session, aliased

from core.database import Id
from ledger.terminals import Netting, TerminalTerms
from reconciliation.calendar import CALENDAR, calendar_of, fill_calendar
from reconciliation.cycles import WINDOW, fill_windows
from reconciliation.expected import DAY_END, ExpectedTerminalMoney, OpenSettlementLine

SLICE_ITEMS = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    """A terminal's money up to one cut-off of a day, and the one line that pays it out."""

    terminal_id: int
    business_day: date
    item_count: int
    gross_rial: int
    fee_rial: int  # what is netted from the credit
    line_id: int
    booked_on: date
    moved_count: int = 0  # payments of it that we expected on a neighbouring day
    cut_off_minute: int = DAY_END
    apart_fee_rial: int = 0  # what the bank books as a row of its own
    rounding_rial: int = 0  # kept beyond the fee, or less than it


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A terminal's open money up to one cut-off of a day, whatever pays it out."""

    terminal_id: int
    business_day: date
    cut_off_minute: int
    item_count: int
    gross_rial: int
    fee_rial: int
    apart_fee_rial: int
    within_days: int
    terms_id: int
    last_day: date  # on which it may be paid out

    @property
    def net_rial(self) -> int:
        return self.gross_rial - self.fee_rial


def sure_batches(session: Session) -> Sequence[Batch]:
    """The batches that exactly one open line pays, and which alone explain that line.

    One query over what is open, without the write lock; writing checks every sum again. The window
    is the day itself and the working days that the terms allow.
    """
    if not reach_open_lines(session):
        return []
    pair = possible_pairs(session).subquery()
    sure = (
        select(pair)
        .where(pair.c.lines == 1, pair.c.batches == 1)
        .order_by(pair.c.terminal_id, pair.c.business_day, pair.c.cut_off_minute)
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
            cut_off_minute=row.cut_off_minute,
            apart_fee_rial=row.apart_fee_rial,
        )
        for row in session.execute(sure)
    ]


def in_slices(batches: Sequence[Batch], items_max: Callable[[], int]) -> Iterator[list[Batch]]:
    """Batches in groups of at most so many payments, asked for each; a batch is never divided."""
    group: list[Batch] = []
    items = 0
    for batch in batches:
        if group and items + batch.item_count > items_max():
            yield group
            group, items = [], 0
        group.append(batch)
        items += batch.item_count
    if group:
        yield group


def open_batches(session: Session, terminal_id: int | None = None) -> list[OpenBatch]:
    """The open batches with their sums, of one terminal or of all."""
    batch = batches(session).subquery()
    query = select(batch).order_by(
        batch.c.terminal_id, batch.c.business_day, batch.c.cut_off_minute
    )
    if terminal_id is not None:
        query = query.where(batch.c.terminal_id == terminal_id)
    calendar = calendar_of(session)
    return [
        OpenBatch(**row._mapping, last_day=calendar.last_day(row.business_day, row.within_days))
        for row in session.execute(query)
    ]


def batches(session: Session) -> Select[*tuple[Any, ...]]:
    """Open money by terminal and cut-off, with the fee that is netted from its credit or apart.

    The terms are those of the day on which each payment was made.
    """
    placed = placed_money(session)
    money, expected = placed.c, ExpectedTerminalMoney
    day = select(expected.terminal_id, expected.business_day).distinct().subquery()
    terms = terms_on(day)
    return (
        select(
            money.terminal_id,
            money.batch_day.label("business_day"),
            money.cut_off_minute,
            func.count().label("item_count"),
            _whole(func.sum(money.amount_rial)).label("gross_rial"),
            _whole(func.sum(netted_fee_rial(money.amount_rial, terms))).label("fee_rial"),
            _whole(func.sum(apart_fee_rial(money.amount_rial, terms))).label("apart_fee_rial"),
            func.max(terms.c.settles_within_days).label("within_days"),
            func.max(terms.c.terms_id).label("terms_id"),
        )
        .join_from(
            placed,
            terms,
            and_(
                terms.c.terminal_id == money.terminal_id,
                terms.c.business_day == money.business_day,
            ),
        )
        .group_by(money.terminal_id, money.batch_day, money.cut_off_minute)
    )


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
    return _fee_rial(amount_rial, terms, Netting.NETTED)


def apart_fee_rial(amount_rial: SQLColumnExpression[int], terms: Subquery) -> ColumnElement[int]:
    """The same of what is booked as a row of its own; zero where the fee is netted or waived."""
    return _fee_rial(amount_rial, terms, Netting.APART)


def _fee_rial(
    amount_rial: SQLColumnExpression[int], terms: Subquery, netting: Netting
) -> ColumnElement[int]:
    share = amount_rial * terms.c.fee_per_ten_thousand // 10_000
    return case(
        (terms.c.netting != netting, 0),
        (share < terms.c.fee_floor_rial, terms.c.fee_floor_rial),
        (share > terms.c.fee_cap_rial, terms.c.fee_cap_rial),
        else_=share,
    )


def possible_pairs(session: Session) -> Select[*tuple[Any, ...]]:
    """Every batch with every open line that it could be, and how many there are of both.

    The calendar must reach the open lines.
    """
    batch = batches(session).subquery()
    line = OpenSettlementLine
    taken, paid = CALENDAR.alias(), CALENDAR.alias()
    return (
        select(
            *batch.c,
            line.line_id,
            line.booked_on,
            func.count()
            .over(partition_by=(batch.c.terminal_id, batch.c.business_day, batch.c.cut_off_minute))
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
        .join(taken, taken.c.day == batch.c.business_day)
        .join(paid, paid.c.day == line.booked_on)
        .where(
            line.booked_on >= batch.c.business_day,
            paid.c.working_days - taken.c.working_days <= batch.c.within_days,
        )
    )


def reach_open_lines(session: Session) -> bool:
    """Put the days from which a batch may reach an open line into the calendar.

    Says whether any line that pays a terminal out is open.
    """
    line = OpenSettlementLine
    first, last = session.execute(select(func.min(line.booked_on), func.max(line.booked_on))).one()
    reach_days = session.scalar(select(func.max(TerminalTerms.settles_within_days))) or 0
    # Long holidays too: no window of so many working days is longer than this.
    begins = first and first - timedelta(days=2 * reach_days + 30)
    fill_calendar(session, begins, last)
    return first is not None


def placed_money(session: Session) -> FromClause:
    """Open terminal money with the day and the cut-off of the batch it falls in.

    Where no terminal has cycles nothing is looked up: a batch is a business day.
    """
    money = ExpectedTerminalMoney
    if not fill_windows(session):
        whole_day = literal(DAY_END, Id).label("cut_off_minute")
        return select(money, money.business_day.label("batch_day"), whole_day).subquery()
    return (
        select(
            money,
            func.coalesce(WINDOW.c.batch_day, money.business_day).label("batch_day"),
            func.coalesce(WINDOW.c.cut_off_minute, DAY_END).label("cut_off_minute"),
        )
        .outerjoin(
            WINDOW,
            and_(
                WINDOW.c.terminal_id == money.terminal_id,
                WINDOW.c.business_day == money.business_day,
                WINDOW.c.from_minute <= money.taken_minute,
                WINDOW.c.until_minute > money.taken_minute,
            ),
        )
        .subquery()
    )


def _whole(total: ColumnElement[Any]) -> ColumnElement[int]:
    # PostgreSQL sums into NUMERIC; a terminal's day stays far below 9.2e18.
    return cast(total, Id)
