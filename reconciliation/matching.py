"""The sure rules, each a walk over a work table in the order of its key, one slice at a time.

A slice is found by one join, its items deleted from the work tables, and written as matches; the
deletes must touch as many rows as the join found, or the slice is rolled back. The database joins,
Python only counts. Exact amounts throughout: no rule has a tolerance.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    Exists,
    String,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from core.portable import unindexed
from reconciliation.expected import (
    ExpectedDeposit,
    Expects,
    LineClaim,
    OpenDepositLine,
    OpenFeeLine,
    OpenLine,
)
from reconciliation.found import (
    FOUND,
    analysed,
    emptied,
    expect_rows,
    is_among,
    next_match_id,
    rows_of,
    within,
)
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Rule, RunSlice, Target

Key: TypeAlias = tuple[Any, ...]


Finder: TypeAlias = Callable[[Session, Key | None, int], Key | None]


def find_deposits(session: Session, after: Key | None, limit: int) -> Key | None:
    """Lines that carry the deposit id of a pledge or a desk's slip, and its exact amount.

    Several lines of one id and amount: the first by day and line is it, the rest stay open as
    duplicates. Returns the key to go on from.
    """
    emptied(session, FOUND)
    line = OpenDepositLine
    key = (line.deposit_id, line.amount_rial)
    until = nth_key(session, key, after, limit)
    expected = ExpectedDeposit
    is_pledge = expected.expects == Expects.PLEDGE
    found = (
        select(
            next_match_id(session, Match),
            line.line_id,
            _either(is_pledge, Rule.DEPOSIT_ID, Rule.DEPOSIT_SLIP),
            _either(is_pledge, Target.PLEDGE, Target.DEPOSIT_SLIP),
            expected.target_id,
            expected.amount_rial,
            true(),
            expected.deposit_id,
            line.booked_on,
        )
        .join_from(
            line,
            expected,
            and_(
                expected.deposit_id == line.deposit_id,
                expected.amount_rial == line.amount_rial,
            ),
        )
        .where(
            *inside(key, after, until),
            # Said of both sides: neither engine concludes it, and would begin at the first promise.
            *inside((expected.deposit_id, expected.amount_rial), after, until),
            ~_has_earlier(),
        )
        .order_by(line.line_id)  # in which all that is kept by line is then touched in order
    )
    rows_of(session, insert(FOUND).from_select(list(FOUND.c.keys()), found))
    return until


def close_deposits(session: Session) -> None:
    """Take what a slice of deposits found out of the work tables. Raises LostRace."""
    count = _found_count(session)
    expect_rows(
        rows_of(
            session,
            delete(ExpectedDeposit).where(
                within(unindexed(ExpectedDeposit.deposit_id), FOUND.c.deposit_id),
                tuple_(ExpectedDeposit.deposit_id, ExpectedDeposit.amount_rial).in_(
                    select(FOUND.c.deposit_id, FOUND.c.amount_rial)
                ),
            ),
        ),
        count,
    )
    line = OpenDepositLine
    expect_rows(
        rows_of(
            session,
            delete(line).where(
                within(line.deposit_id, FOUND.c.deposit_id),
                unindexed(line.line_id).in_(select(FOUND.c.line_id)),
            ),
        ),
        count,
    )
    close_open_lines(session)


def find_fees(session: Session, after: Key | None, limit: int) -> Key | None:
    """Debit lines that the bank itself calls a fee. Returns the key to go on from."""
    emptied(session, FOUND)
    line = OpenFeeLine
    until = nth_key(session, (line.line_id,), after, limit)
    rows_of(
        session,
        insert(FOUND).from_select(
            list(FOUND.c.keys()),
            select(
                next_match_id(session, Match),
                line.line_id,
                literal(Rule.BANK_FEE.value, String),
                literal(Target.BANK_FEE.value, String),
                null(),
                line.amount_rial,
                true(),
                null(),
                StatementLine.booked_on,
            )
            # An outer join, for SQLite begins with its left side and not with the whole history.
            .outerjoin(StatementLine, StatementLine.id == line.line_id)
            .where(*inside((line.line_id,), after, until)),
        ),
    )
    return until


def close_fees(session: Session) -> None:
    """Take what a slice of fees found out of the work tables. Raises LostRace."""
    chosen = is_among(session, OpenFeeLine.line_id, select(FOUND.c.line_id))
    expect_rows(rows_of(session, delete(OpenFeeLine).where(chosen)), _found_count(session))
    close_open_lines(session)


def found_lines(session: Session) -> dict[Rule, int]:
    """How many lines each rule explains in this slice, when all of them are among the found."""
    analysed(session, FOUND)
    lines = func.count(FOUND.c.line_id.distinct())
    counted = select(FOUND.c.rule, lines).where(FOUND.c.is_principal).group_by(FOUND.c.rule)
    return {Rule(rule): count for rule, count in session.execute(counted)}


def write_matches(
    session: Session, *, run_id: int | None, made_by_id: int | None, now: datetime
) -> None:
    """Write the rows of the slice down as matches, once they are out of the work tables.

    Raises IntegrityError where something else explains one of the lines already: a defect.
    """
    principal = select(FOUND.c.line_id).where(FOUND.c.is_principal)
    claimed = principal.group_by(FOUND.c.line_id).order_by(FOUND.c.line_id)
    session.execute(insert(LineClaim).from_select(["line_id"], claimed))
    session.execute(
        insert(Match).from_select(
            [
                "id", "run_id", "line_id", "rule", "target", "target_id", "amount_rial",
                "made_by_id", "made_at",
            ],
            select(
                FOUND.c.match_id,
                literal(run_id, Match.run_id.type),
                FOUND.c.line_id,
                FOUND.c.rule,
                FOUND.c.target,
                FOUND.c.target_id,
                FOUND.c.amount_rial,
                literal(made_by_id, Match.made_by_id.type),
                literal(now, Match.made_at.type),
            ).order_by(FOUND.c.match_id),
        )
    )  # fmt: skip
    if run_id is not None:
        _write_slice(session, run_id)


def _write_slice(session: Session, run_id: int) -> None:
    written = select(
        literal(run_id, RunSlice.run_id.type),
        func.min(FOUND.c.match_id),
        func.max(FOUND.c.match_id),
    ).having(func.count() > 0)
    columns = ["run_id", "first_match_id", "last_match_id"]
    session.execute(insert(RunSlice).from_select(columns, written))


def close_open_lines(session: Session) -> None:
    """Take the slice's lines out of the table of all open lines. Raises LostRace."""
    lines = select(FOUND.c.line_id).where(FOUND.c.is_principal)
    count = session.execute(
        select(func.count()).select_from(FOUND).where(FOUND.c.is_principal)
    ).scalar_one()
    expect_rows(
        rows_of(session, delete(OpenLine).where(is_among(session, OpenLine.line_id, lines))), count
    )


def nth_key(
    session: Session,
    columns: tuple[InstrumentedAttribute[Any], ...],
    after: Key | None,
    limit: int,
) -> Key | None:
    """The key of the last row of a slice; nothing where fewer rows are left."""
    row = session.execute(
        select(*columns).where(*inside(columns, after, None)).order_by(*columns)
        .offset(limit - 1).limit(1)
    ).one_or_none()  # fmt: skip
    return None if row is None else tuple(row)


def inside(
    columns: tuple[InstrumentedAttribute[Any], ...], after: Key | None, until: Key | None
) -> list[Any]:
    """The conditions of a slice: whole keys, the first exclusive, the last inclusive."""
    conditions: list[Any] = []
    if after is not None:
        conditions.append(tuple_(*columns) > tuple_(*_typed(columns, after)))
    if until is not None:
        conditions.append(tuple_(*columns) <= tuple_(*_typed(columns, until)))
    return conditions


def _has_earlier() -> Exists:
    """Whether another open line of the same id and amount comes before, by day and line."""
    line, earlier = OpenDepositLine, aliased(OpenDepositLine)
    return exists().where(
        earlier.deposit_id == line.deposit_id,
        earlier.amount_rial == line.amount_rial,
        tuple_(earlier.booked_on, earlier.line_id) < tuple_(line.booked_on, line.line_id),
    )


def _either(
    is_first: ColumnElement[bool], first: Rule | Target, second: Rule | Target
) -> ColumnElement[str]:
    return case((is_first, literal(first.value, String)), else_=literal(second.value, String))


def _typed(columns: tuple[InstrumentedAttribute[Any], ...], key: Key) -> list[Any]:
    return [literal(part, column.type) for column, part in zip(columns, key, strict=True)]


def _found_count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(FOUND)).scalar_one()
