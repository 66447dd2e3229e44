"""The inbox: open lines by what somebody is looking for, in pages, in sums and in groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.database import sum_rial
from core.digits import normalise
from donations.models.desk import DepositSlip
from offices.places import Office
from reconciliation.expected import ExpectedDeposit, ExpectedTerminalMoney, Expects, OpenLine
from reconciliation.lines import LineClass, StatementLine
from reconciliation.reviewing import AGES_DAYS

GROUPS_MAX = 50
PAIRS_MAX = 10
_PAIR_WITHIN = timedelta(days=10)
_DIGITS_MIN = 4

_line = StatementLine


class Side(StrEnum):
    """Whether money came or went."""

    IN = "in"
    OUT = "out"


class Grouping(StrEnum):
    """By what open lines can be put together."""

    PAYER = "payer"
    AMOUNT = "amount"
    DAY = "day"
    LINE_CLASS = "line_class"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody is looking for among the open lines; what is empty does not narrow."""

    bank_account_id: int | None = None
    side: Side | None = None
    line_class: LineClass | None = None
    text: str = ""  # words of payer or description; digits of an id, a reference or an amount
    day: date | None = None
    amount_rial: int | None = None
    older_than_days: int | None = None


@dataclass(frozen=True, slots=True)
class Sums:
    """How many lines, and what came and went with them, both as positive rials."""

    lines: int
    in_rial: int
    out_rial: int


@dataclass(frozen=True, slots=True)
class Group:
    """Open lines that share a value, with what narrows the inbox to them."""

    value: Any
    sums: Sums


@dataclass(frozen=True, slots=True)
class Owed:
    """Final money of a terminal that no statement shows yet, of one age in days."""

    terminal_id: int
    from_days: int
    to_days: int | None
    payments: int
    rial: int


def wanted_lines(
    session: Session, wanted: Wanted, *, today: date, after_id: int = 0, limit: int
) -> Sequence[StatementLine]:
    """One page of the open lines that are wanted, in order of their import."""
    return session.scalars(
        _narrowed(select(_line), wanted, today)
        .where(OpenLine.line_id > after_id)
        .order_by(OpenLine.line_id)
        .limit(limit)
    ).all()


def wanted_sums(session: Session, wanted: Wanted, *, today: date) -> Sums:
    """What the wanted lines come to."""
    return Sums(*session.execute(_narrowed(select(*_sums()), wanted, today)).one())


def groups(session: Session, wanted: Wanted, grouping: Grouping, *, today: date) -> Sequence[Group]:
    """The wanted lines put together, the largest groups first."""
    by = _COLUMNS[grouping]
    lines = func.count()
    query = _narrowed(select(by, *_sums()), wanted, today)
    rows = session.execute(query.group_by(by).order_by(lines.desc(), by).limit(GROUPS_MAX))
    return [Group(value, Sums(*sums)) for value, *sums in rows]


def other_sides(session: Session, line: StatementLine) -> Sequence[StatementLine]:
    """Open lines of the opposite amount near its day: a transfer's other side, or a reversal."""
    within = _line.booked_on.between(line.booked_on - _PAIR_WITHIN, line.booked_on + _PAIR_WITHIN)
    return session.scalars(
        select(_line)
        .join(OpenLine, OpenLine.line_id == _line.id)
        .where(OpenLine.amount_rial == -line.amount_rial, within)
        .order_by(_line.booked_on, _line.id)
        .limit(PAIRS_MAX)
    ).all()


def awaited_slips(session: Session, line: StatementLine) -> Sequence[tuple[DepositSlip, Office]]:
    """Slips of a line's amount whose cash is awaited on its account."""
    rows = session.execute(
        select(DepositSlip, Office)
        .join(Office, Office.id == DepositSlip.office_id)
        .join(ExpectedDeposit, ExpectedDeposit.deposit_id == DepositSlip.deposit_id)
        .where(
            ExpectedDeposit.expects == Expects.DEPOSIT_SLIP,
            DepositSlip.amount_rial == line.amount_rial,
            DepositSlip.bank_account_id == line.bank_account_id,
        )
        .order_by(DepositSlip.id)
        .limit(PAIRS_MAX)
    )
    return [(slip, office) for slip, office in rows]


def owed_by_age(session: Session, *, today: date) -> Sequence[Owed]:
    """Payments that are final and not deposited, by terminal and the days since they were."""
    owed: list[Owed] = []
    money = ExpectedTerminalMoney
    from_days = 0
    for to_days in (*AGES_DAYS, None):
        query = (
            select(money.terminal_id, func.count(), sum_rial(money.amount_rial))
            .where(money.business_day <= today - timedelta(days=from_days))
            .group_by(money.terminal_id)
            .order_by(money.terminal_id)
        )
        if to_days is not None:
            query = query.where(money.business_day > today - timedelta(days=to_days + 1))
        owed += [
            Owed(terminal_id, from_days, to_days, payments, rial)
            for terminal_id, payments, rial in session.execute(query)
        ]
        from_days = (to_days or 0) + 1
    return owed


_COLUMNS: dict[Grouping, InstrumentedAttribute[Any]] = {
    Grouping.PAYER: _line.payer,
    Grouping.AMOUNT: _line.amount_rial,
    Grouping.DAY: _line.booked_on,
    Grouping.LINE_CLASS: _line.line_class,
}


def _sums() -> tuple[ColumnElement[int], ...]:
    came = func.coalesce(func.sum(OpenLine.amount_rial).filter(OpenLine.amount_rial > 0), 0)
    went = func.coalesce(func.sum(-OpenLine.amount_rial).filter(OpenLine.amount_rial < 0), 0)
    return func.count(), came, went


def _narrowed(
    query: Select[*tuple[Any, ...]], wanted: Wanted, today: date
) -> Select[*tuple[Any, ...]]:
    query = query.join_from(OpenLine, _line, _line.id == OpenLine.line_id)
    for condition in _conditions(wanted, today):
        query = query.where(condition)
    return query


def _conditions(wanted: Wanted, today: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.bank_account_id is not None:
        conditions.append(OpenLine.bank_account_id == wanted.bank_account_id)
    if wanted.side is not None:
        is_in = wanted.side is Side.IN
        conditions.append(OpenLine.amount_rial > 0 if is_in else OpenLine.amount_rial < 0)
    if wanted.line_class is not None:
        conditions.append(_line.line_class == wanted.line_class)
    if wanted.day is not None:
        conditions.append(OpenLine.booked_on == wanted.day)
    if wanted.amount_rial is not None:
        conditions.append(func.abs(OpenLine.amount_rial) == wanted.amount_rial)
    if wanted.older_than_days is not None:
        until = today - timedelta(days=wanted.older_than_days)
        conditions.append(OpenLine.booked_on < until)
    conditions += (_has_word(word) for word in normalise(wanted.text).split())
    return conditions


def _has_word(word: str) -> ColumnElement[bool]:
    texts = (_line.payer, _line.description, _line.branch)
    digits = word.replace(",", "").replace("٬", "")
    found = [text.icontains(word, autoescape=True) for text in texts]
    if digits.isascii() and digits.isdigit():
        found.append(func.abs(OpenLine.amount_rial) == int(digits[:18]))
        if len(digits) >= _DIGITS_MIN:
            found += (
                number.contains(digits, autoescape=True)
                for number in (_line.deposit_id, _line.reference)
            )
    return or_(*found)
