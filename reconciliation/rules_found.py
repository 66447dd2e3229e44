"""What the rules beyond the sure ones find: looked for while reading, then closed slice by slice.

These rules weigh all open lines against each other, which is too long for one slice; so they look
first, and a slice takes what is still open of what they found.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass

from sqlalchemy import (
    Column,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from core.bulk import insert_rows
from core.database import Id
from reconciliation.expected import (
    ExpectedDeposit,
    OpenDepositLine,
    OpenLine,
    OpenReferenceLine,
)
from reconciliation.found import FOUND, analysed, emptied, expect_rows, next_id, rows_of
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Rule, Target


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a line: what it is the money of, and how much; a pledge is named by its id."""

    line_id: int
    target_id: int
    amount_rial: int  # signed as the line
    deposit_id: str | None = None


# Lines that are explained together or not at all, with all of their parts.
Whole = Sequence[Part]

_PART = Table(
    "found_part",
    MetaData(),
    Column("line_id", Id, primary_key=True, autoincrement=False),
    Column("target_id", Id, primary_key=True, autoincrement=False),
    Column("amount_rial", Id, nullable=False),
    Column("deposit_id", String(30)),
    prefixes=["TEMPORARY"],
)


def wholes_in_slices(wholes: Iterable[Whole], parts_max: Callable[[], int]) -> Iterator[list[Part]]:
    """Gather at most so many parts into slices, asked for each; no whole is torn."""
    slice_: list[Part] = []
    for whole in wholes:
        if slice_ and len(slice_) + len(whole) > parts_max():
            yield slice_
            slice_ = []
        slice_.extend(whole)
    if slice_:
        yield slice_


def find_parts(session: Session, rule: Rule, target: Target, parts: Sequence[Part]) -> None:
    """Put among the found what is still open of these parts."""
    emptied(session, _PART)
    columns = list(_PART.c.keys())
    insert_rows(session.connection(), _PART, columns, [astuple(part) for part in parts])
    analysed(session, _PART)
    emptied(session, FOUND)
    rows_of(
        session,
        insert(FOUND).from_select(
            list(FOUND.c.keys()),
            select(
                next_id(session, Match),
                _PART.c.line_id,
                literal(rule.value, String),
                literal(target.value, String),
                _PART.c.target_id,
                _PART.c.amount_rial,
                true(),
                _PART.c.deposit_id,
                OpenLine.booked_on,
            )
            .join_from(_PART, OpenLine, OpenLine.line_id == _PART.c.line_id)
            .order_by(_PART.c.line_id, _PART.c.target_id),
        ),
    )


def drop_torn_lines(session: Session) -> None:
    """Leave a line out of which some part is gone: it is explained whole or not at all."""
    torn = (
        select(FOUND.c.line_id)
        .join(StatementLine, StatementLine.id == FOUND.c.line_id)
        .group_by(FOUND.c.line_id, StatementLine.amount_rial)
        .having(func.sum(FOUND.c.amount_rial) != StatementLine.amount_rial)
    )
    rows_of(session, delete(FOUND).where(FOUND.c.line_id.in_(torn)))


def drop_single_sides(session: Session) -> None:
    """Leave a line out whose other side is gone: both are explained or neither."""
    sides = select(FOUND.c.line_id)
    rows_of(session, delete(FOUND).where(FOUND.c.target_id.not_in(sides)))


def close_parts(session: Session) -> None:
    """Take what was found out of the work tables. Raises LostRace."""
    named = FOUND.c.deposit_id.is_not(None)
    count = session.execute(select(func.count()).select_from(FOUND).where(named)).scalar_one()
    deposits = select(FOUND.c.deposit_id, FOUND.c.amount_rial).where(named)
    key = tuple_(ExpectedDeposit.deposit_id, ExpectedDeposit.amount_rial)
    expect_rows(rows_of(session, delete(ExpectedDeposit).where(key.in_(deposits))), count)
    _close_keyed_lines(session)
    lines = session.execute(select(func.count(FOUND.c.line_id.distinct()))).scalar_one()
    chosen = OpenLine.line_id.in_(select(FOUND.c.line_id))
    expect_rows(rows_of(session, delete(OpenLine).where(chosen)), lines)


def _close_keyed_lines(session: Session) -> None:
    """Take the lines out of whichever table of keys holds them, by the whole key."""
    line = StatementLine
    chosen = line.id.in_(select(FOUND.c.line_id))
    for table, key, of_line in (
        (OpenDepositLine, OpenDepositLine.deposit_id, line.deposit_id),
        (OpenReferenceLine, OpenReferenceLine.reference, line.reference),
    ):
        whole_key = tuple_(key, table.amount_rial, table.booked_on, table.line_id)
        keys = select(of_line, line.amount_rial, line.booked_on, line.id).where(
            chosen, of_line.is_not(None)
        )
        rows_of(session, delete(table).where(whole_key.in_(keys)))
