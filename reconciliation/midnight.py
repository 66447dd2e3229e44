"""Pay-outs of two neighbouring days whose payments near midnight the bank counts to the other day.

A payment that was asked for at 23:59:50 may be counted by the bank to either day. Where two open
lines together make what two neighbouring batches make together, and exactly one choice of the few
payments near that midnight makes each line agree with its day, that is it. Two choices are none.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, time, timedelta
from itertools import combinations, product
from operator import attrgetter
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import Session

from core.clock import tehran_moment
from donations.models.contribution import Contribution
from donations.models.payment import PaymentState, PaymentStep
from reconciliation.batches import Batch, OpenBatch, netted_fee_rial, open_batches, terms_on
from reconciliation.calendar import Calendar, calendar_of
from reconciliation.expected import (
    DAY_END,
    ExpectedTerminalMoney,
    MoneySource,
    OpenSettlementLine,
)

NEAR = timedelta(minutes=15)
# More payments than these near one midnight make chance agreements likely: a person looks.
NEAR_MAX = 12
_DAY = timedelta(days=1)
_day_of = attrgetter("booked_on")
_DECIDING = (
    PaymentState.CONFIRMING,
    PaymentState.CONFIRMED,
    PaymentState.SETTLING,
    PaymentState.SETTLED,
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A payment that the bank counts to another day than we expected it in."""

    terminal_id: int
    source: str
    source_id: int
    business_day: date
    to_day: date
    amount_rial: int
    fee_rial: int


@dataclass(frozen=True, slots=True)
class Shift:
    """Two neighbouring batches as the bank sees them, and the payments that changed sides."""

    batches: tuple[Batch, Batch]
    moved: tuple[Moved, ...]


class _Credit(NamedTuple):
    """An open credit of a terminal."""

    booked_on: date
    line_id: int
    amount_rial: int


Lines = Mapping[int, Sequence[_Credit]]  # of each terminal, in the order of their days
_Part = tuple[int, date] | int  # a batch by terminal and day, or a line


def shifted_batches(session: Session) -> list[Shift]:
    """The pairs of batches that exactly one move of payments near midnight explains.

    Reads what the other rules left open; a batch or a line that fits twice is in none.
    """
    lines = _lines_by_terminal(session)
    if not lines:
        return []
    batches = {
        (batch.terminal_id, batch.business_day): batch
        for batch in open_batches(session)
        if batch.terminal_id in lines and batch.cut_off_minute == DAY_END
    }
    shifts = [
        shift
        for first, second in _neighbours(batches, calendar_of(session))
        for shift in _sure(session, first, second, lines)
    ]
    uses = Counter(part for shift in shifts for part in _parts(shift))
    # What agrees without any move was left open because it is not the only one that agrees.
    uses.update(part for batch in batches.values() for part in _agreeing(batch, lines))
    return [shift for shift in shifts if all(uses[part] == 1 for part in _parts(shift))]


def _lines_by_terminal(session: Session) -> Lines:
    line = OpenSettlementLine
    found = session.execute(
        select(line.terminal_id, line.booked_on, line.line_id, line.amount_rial).order_by(
            line.booked_on, line.line_id
        )
    )
    lines = defaultdict(list)
    for terminal_id, booked_on, line_id, amount_rial in found:
        lines[terminal_id].append(_Credit(booked_on, line_id, amount_rial))
    return lines


def _neighbours(
    batches: Mapping[tuple[int, date], OpenBatch], calendar: Calendar
) -> Iterator[tuple[OpenBatch, OpenBatch]]:
    """Every two days in a row under one contract; one of them may hold nothing by our books."""
    for terminal_id, day in sorted({*batches, *((key, day - _DAY) for key, day in batches)}):
        first, second = batches.get((terminal_id, day)), batches.get((terminal_id, day + _DAY))
        if first is None and second is not None:
            first = _nothing_on(day, second, calendar)
        if second is None and first is not None:
            second = _nothing_on(day + _DAY, first, calendar)
        if first and second and first.terms_id == second.terms_id:
            yield first, second


def _nothing_on(day: date, like: OpenBatch, calendar: Calendar) -> OpenBatch:
    return replace(
        like,
        business_day=day,
        item_count=0,
        gross_rial=0,
        fee_rial=0,
        apart_fee_rial=0,
        last_day=calendar.last_day(day, like.within_days),
    )


def _sure(session: Session, first: OpenBatch, second: OpenBatch, lines: Lines) -> list[Shift]:
    of_terminal = lines[first.terminal_id]
    together_rial = first.net_rial + second.net_rial
    pairs = [
        (one, other)
        for one, other in product(_within(first, of_terminal), _within(second, of_terminal))
        if one is not other
        and one.booked_on <= other.booked_on
        and one.amount_rial + other.amount_rial == together_rial
    ]
    if not pairs:
        return []
    near = _near_midnight(session, first, second)
    if len(near) > NEAR_MAX:
        return []
    found = [
        _shift(first, second, pair, moved)
        for pair in pairs
        for moved in _choices(near, first.net_rial - pair[0].amount_rial, first.business_day)
    ]
    # Where nothing needs to move, the lines are told apart by nothing either.
    return found if len(found) == 1 and found[0].moved else []


def _within(batch: OpenBatch, lines: Sequence[_Credit]) -> Sequence[_Credit]:
    first = bisect_left(lines, batch.business_day, key=_day_of)
    return lines[first : bisect_right(lines, batch.last_day, key=_day_of)]


def _choices(
    near: Sequence[Moved], leaves_rial: int, first_day: date
) -> Iterator[tuple[Moved, ...]]:
    """Every choice of payments whose moving takes so much from the first day to the second."""
    for size in range(len(near) + 1):
        for chosen in combinations(near, size):
            if sum(_leaving(each, first_day) for each in chosen) == leaves_rial:
                yield chosen


def _leaving(moved: Moved, first_day: date) -> int:
    net_rial = moved.amount_rial - moved.fee_rial
    return net_rial if moved.business_day == first_day else -net_rial


def _shift(
    first: OpenBatch,
    second: OpenBatch,
    lines: tuple[_Credit, _Credit],
    moved: tuple[Moved, ...],
) -> Shift:
    one, other = lines
    return Shift((_moved_batch(first, one, moved), _moved_batch(second, other, moved)), moved)


def _moved_batch(batch: OpenBatch, line: _Credit, moved: Sequence[Moved]) -> Batch:
    comes = [each for each in moved if each.to_day == batch.business_day]
    goes = [each for each in moved if each.business_day == batch.business_day]
    return Batch(
        terminal_id=batch.terminal_id,
        business_day=batch.business_day,
        item_count=batch.item_count + len(comes) - len(goes),
        gross_rial=batch.gross_rial
        + sum(each.amount_rial for each in comes)
        - sum(each.amount_rial for each in goes),
        fee_rial=batch.fee_rial
        + sum(each.fee_rial for each in comes)
        - sum(each.fee_rial for each in goes),
        line_id=line.line_id,
        booked_on=line.booked_on,
        moved_count=len(comes),
        # Booked apart, it is no part of the row; nobody can say for which day the bank takes it.
        apart_fee_rial=0 if moved else batch.apart_fee_rial,
    )


def _parts(shift: Shift) -> Iterator[_Part]:
    for batch in shift.batches:
        yield batch.terminal_id, batch.business_day
        yield batch.line_id


def _agreeing(batch: OpenBatch, lines: Lines) -> Iterator[_Part]:
    for line in _within(batch, lines[batch.terminal_id]):
        if line.amount_rial == batch.net_rial:
            yield batch.terminal_id, batch.business_day
            yield line.line_id


def _near_midnight(session: Session, first: OpenBatch, second: OpenBatch) -> list[Moved]:
    """The open payments of both days that moved within minutes of the midnight between them."""
    other_day = {
        first.business_day: second.business_day,
        second.business_day: first.business_day,
    }
    return [
        Moved(
            terminal_id=first.terminal_id,
            source=row.source,
            source_id=row.source_id,
            business_day=row.business_day,
            to_day=other_day[row.business_day],
            amount_rial=row.amount_rial,
            fee_rial=row.fee_rial,
        )
        for row in session.execute(_near(first, second))
    ]


def _near(first: OpenBatch, second: OpenBatch) -> Select[*tuple[object, ...]]:
    money = ExpectedTerminalMoney
    days = (first.business_day, second.business_day)
    of_pair = and_(money.terminal_id == first.terminal_id, money.business_day.in_(days))
    terms = terms_on(
        select(money.terminal_id, money.business_day).where(of_pair).distinct().subquery()
    )
    same_terms = and_(
        terms.c.terminal_id == money.terminal_id, terms.c.business_day == money.business_day
    )
    return (
        select(
            money.source,
            money.source_id,
            money.business_day,
            money.amount_rial,
            netted_fee_rial(money.amount_rial, terms).label("fee_rial"),
        )
        .join(terms, same_terms)
        .where(of_pair, _is_near(second.business_day))
        .order_by(money.source, money.source_id)
        .limit(NEAR_MAX + 1)
    )


def _is_near(next_day: date) -> ColumnElement[bool]:
    money = ExpectedTerminalMoney
    midnight = tehran_moment(next_day, time())
    near = (midnight - NEAR, midnight + NEAR)
    by_gateway = exists().where(
        PaymentStep.payment_id == money.source_id,
        PaymentStep.state.in_(_DECIDING),
        PaymentStep.at.between(*near),
    )
    by_card = exists().where(
        Contribution.id == money.source_id, Contribution.recorded_at.between(*near)
    )
    return or_(
        and_(money.source == MoneySource.PAYMENT, by_gateway),
        and_(money.source == MoneySource.CONTRIBUTION, by_card),
    )
