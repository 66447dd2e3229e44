"""Taking matches back: a row says that each does not stand, and its items are open again."""

from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from core.digits import normalise
from core.refusals import Refusal
from donations.models.pledge import Pledge
from donations.voiding import REASON_MAX, ReasonMissing
from reconciliation.expected import (
    ExpectedTerminalMoney,
    LineClaim,
    expect_chosen_pledges,
    expect_chosen_slips,
    expect_refunds,
)
from reconciliation.found import UNDOING, analysed, emptied, in_order_locked, rows_of
from reconciliation.lines import StatementLine
from reconciliation.matches import (
    Match,
    MatchUndo,
    RunSlice,
    Settlement,
    SettlementItem,
    Target,
    is_of_run,
)
from reconciliation.worktables import open_lines


class UndoneMeanwhile(Refusal):
    """Somebody else took the same match back a moment ago."""

    code = "reconciliation.undone_meanwhile"


def checked_reason(reason: str) -> str:
    """A reason that says something. Raises ReasonMissing."""
    clean = normalise(reason)
    if not 0 < len(clean) <= REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    return clean


def choose_to_undo(session: Session, line_ids: Select[*tuple[Any, ...]]) -> int:
    """Put every standing match of some lines among those to undo; returns how many lines."""
    emptied(session, UNDOING)
    session.execute(
        insert(UNDOING).from_select(
            list(UNDOING.c.keys()),
            select(Match.id, Match.line_id, Match.target, Match.target_id)
            .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
            .where(Match.line_id.in_(line_ids), MatchUndo.id.is_(None)),
        )
    )
    _add_other_sides(session)
    analysed(session, UNDOING)
    return _chosen_lines(session)


def give_up_lines(session: Session) -> None:
    """Make the chosen matches ours to undo: nothing else undoes them or voids what they caused.

    Pledges are locked first and in the order of their ids, as everywhere. Raises UndoneMeanwhile.
    """
    if session.connection().dialect.name == "postgresql":
        lines = select(UNDOING.c.line_id)
        session.execute(in_order_locked(Pledge.id, _targets(Target.PLEDGE)))
        session.execute(in_order_locked(LineClaim.line_id, lines))
    given_up = rows_of(
        session, delete(LineClaim).where(LineClaim.line_id.in_(select(UNDOING.c.line_id)))
    )
    if given_up != _chosen_lines(session):
        raise UndoneMeanwhile


def standing_lines_of_run(run_id: int, limit: int | None = None) -> Select[*tuple[Any, ...]]:
    """The next lines that a run explained and that still stand explained by it, or all of them."""
    return (
        select(Match.line_id)
        .join_from(RunSlice, Match, is_of_run(run_id))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(MatchUndo.id.is_(None))
        .distinct()
        .order_by(Match.line_id)
        .limit(limit)
    )


def write_undos(session: Session, *, reason: str, undone_by_id: int | None, now: datetime) -> None:
    """Say that the chosen matches do not stand."""
    session.execute(
        insert(MatchUndo).from_select(
            ["match_id", "reason", "undone_by_id", "undone_at"],
            select(
                UNDOING.c.match_id,
                literal(reason, MatchUndo.reason.type),
                literal(undone_by_id, MatchUndo.undone_by_id.type),
                literal(now, MatchUndo.undone_at.type),
            ).order_by(UNDOING.c.match_id),
        )
    )


def reopen(session: Session) -> None:
    """Put lines, deposits and terminals' money back into the work tables.

    The flow has reversed contributions before, so that what they received is promised again.
    """
    open_lines(session, StatementLine.id.in_(select(UNDOING.c.line_id)))
    expect_chosen_pledges(session, _targets(Target.PLEDGE))
    expect_chosen_slips(session, _targets(Target.DEPOSIT_SLIP))
    expect_refunds(session, _targets(Target.REFUND))
    _expect_terminal_money(session)


def _add_other_sides(session: Session) -> None:
    """Take the other line of a pair along: one side does not stand without the other."""
    other_sides = select(UNDOING.c.target_id).where(
        UNDOING.c.target.in_([Target.TRANSFER.value, Target.REVERSAL.value])
    )
    session.execute(
        insert(UNDOING).from_select(
            list(UNDOING.c.keys()),
            select(Match.id, Match.line_id, Match.target, Match.target_id)
            .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
            .where(
                Match.line_id.in_(other_sides),
                MatchUndo.id.is_(None),
                Match.id.not_in(select(UNDOING.c.match_id)),
            ),
        )
    )


def _chosen_lines(session: Session) -> int:
    return session.execute(select(func.count(UNDOING.c.line_id.distinct()))).scalar_one()


def _targets(target: Target) -> Select[int | None]:
    return select(UNDOING.c.target_id).where(UNDOING.c.target == target.value)


def _expect_terminal_money(session: Session) -> None:
    item = SettlementItem
    session.execute(
        insert(ExpectedTerminalMoney).from_select(
            [
                "terminal_id", "business_day", "source", "source_id", "amount_rial", "reference",
                "taken_minute",
            ],
            select(
                Settlement.terminal_id,
                item.business_day,
                item.source,
                item.source_id,
                item.amount_rial,
                item.reference,
                item.taken_minute,
            )
            .join_from(UNDOING, Settlement, Settlement.id == UNDOING.c.target_id)
            .join(item, item.settlement_id == Settlement.id)
            .where(UNDOING.c.target == Target.SETTLEMENT.value),
        )
    )  # fmt: skip
