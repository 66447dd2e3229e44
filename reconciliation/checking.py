"""What must hold after every run, proved by the database over what the run wrote."""

from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from donations.models.pledge import Pledge
from reconciliation.expected import ExpectedDeposit, Expects, OpenLine
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


class BrokenRun(Exception):
    """A run left something that cannot be: a defect. Its matches can be undone."""


def refuse_broken_run(session: Session, run_id: int) -> None:
    """Raise BrokenRun where an invariant does not hold for the matches of a run."""
    troubles = {
        "the parts of a line do not sum to it": _wrong_sums(session, run_id),
        "an explained line is open": _explained_but_open(session, run_id),
        "a received pledge is expected": _received_but_expected(session, run_id),
        "the payments of a settlement do not sum to it": _wrong_settlements(session, run_id),
    }
    broken = {what: line_id for what, line_id in troubles.items() if line_id is not None}
    if broken:
        raise BrokenRun(f"run {run_id}: {broken}")


def _wrong_sums(session: Session, run_id: int) -> int | None:
    parts = (
        select(Match.line_id, func.sum(Match.amount_rial).label("rial"))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(
            MatchUndo.id.is_(None),
            Match.line_id.in_(_standing(run_id, Match.line_id)),
        )
        .group_by(Match.line_id)
        .subquery()
    )
    return session.scalars(
        select(parts.c.line_id)
        .join(StatementLine, StatementLine.id == parts.c.line_id)
        .where(parts.c.rial != StatementLine.amount_rial)
        .limit(1)
    ).first()


def _explained_but_open(session: Session, run_id: int) -> int | None:
    return session.scalars(
        _standing(run_id, OpenLine.line_id)
        .join(OpenLine, OpenLine.line_id == Match.line_id)
        .limit(1)
    ).first()


def _received_but_expected(session: Session, run_id: int) -> int | None:
    return session.scalars(
        _standing(run_id, Match.line_id)
        .join(Pledge, Pledge.id == Match.target_id)
        .join(
            ExpectedDeposit,
            (ExpectedDeposit.deposit_id == Pledge.deposit_id)
            & (ExpectedDeposit.expects == Expects.PLEDGE),
        )
        .where(Match.target == Target.PLEDGE)
        .limit(1)
    ).first()


def _wrong_settlements(session: Session, run_id: int) -> int | None:
    item = SettlementItem
    return session.scalars(
        _standing(run_id, Settlement.id)
        .join(Settlement, Settlement.id == Match.target_id)
        .join(item, item.settlement_id == Settlement.id)
        .where(Match.target == Target.SETTLEMENT)
        .group_by(Settlement.id, Settlement.gross_rial, Settlement.fee_rial)
        .having(
            (func.sum(item.amount_rial) != Settlement.gross_rial)
            | (func.sum(item.fee_rial) != Settlement.fee_rial)
        )
        .limit(1)
    ).first()


def _standing(run_id: int, column: Any) -> Select[int]:
    """A column of the matches of a run that stand, or of what the caller joins to them."""
    return (
        select(column)
        .join_from(RunSlice, Match, is_of_run(run_id))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(MatchUndo.id.is_(None))
    )
