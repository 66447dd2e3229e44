"""Where counted cash went on to: slip and statement line of sessions, rounds and boxes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Exists, Select, exists, func, select
from sqlalchemy.orm import Session

from donations.custody.slip_sources import slip_of_session, slips_of_rounds
from donations.models.collection_round import (
    BoxAmount,
    BoxFinding,
    CollectionRound,
    Condition,
    RoundBox,
    RoundClosing,
    RoundContribution,
)
from donations.models.desk import DepositSlip
from flows.entries import Entry, entries_among
from offices.scope import Scope
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Target, has_target


@dataclass(frozen=True, slots=True)
class WayOn:
    """The slip that carries some cash, and the line of the bank's statement that confirmed it."""

    slip: DepositSlip | None
    line: StatementLine | None


@dataclass(frozen=True, slots=True)
class Emptying:
    """One time a box was emptied: when the round was closed, what the box held, where it went."""

    round: CollectionRound
    closed_on: date
    amount_rial: int
    way_on: WayOn


def way_of_session(session: Session, session_id: int) -> WayOn:
    """Where the cash of a session went on to."""
    slip = slip_of_session(session, session_id)
    return WayOn(slip, lines_of_slips(session, [slip.id]).get(slip.id) if slip else None)


def ways_of_rounds(session: Session, round_ids: Collection[int]) -> Mapping[int, WayOn]:
    """Where the cash of each round went on to."""
    slips = slips_of_rounds(session, round_ids)
    lines = lines_of_slips(session, [slip.id for slip in slips.values()])
    return {
        each: WayOn(slips.get(each), lines.get(slips[each].id) if each in slips else None)
        for each in round_ids
    }


def lines_of_slips(session: Session, slip_ids: Collection[int]) -> Mapping[int, StatementLine]:
    """The statement line that confirmed each slip, as long as its match stands."""
    rows = session.execute(
        select(DepositSlip.id, StatementLine)
        .select_from(DepositSlip)
        .join(Match, has_target(Target.DEPOSIT_SLIP, DepositSlip.id))
        .join(StatementLine, StatementLine.id == Match.line_id)
        .where(
            DepositSlip.id.in_(slip_ids),
            ~exists().where(MatchUndo.match_id == Match.id),
        )
    )
    return dict(rows.all())


def last_emptyings(session: Session, box_ids: Collection[int]) -> Mapping[int, Emptying]:
    """When each box was emptied last, by a round that was closed."""
    latest = (
        select(func.max(RoundBox.id))
        .join(RoundClosing, RoundClosing.round_id == RoundBox.round_id)
        .where(RoundBox.box_id.in_(box_ids), RoundClosing.count_id.is_not(None), _was_emptied())
        .group_by(RoundBox.box_id)
    )
    return {row.box_id: each for row, each in _emptyings(session, latest)}


def emptyings_of(session: Session, box_id: int) -> Sequence[Emptying]:
    """Every time a box was emptied, the latest first."""
    rows = select(RoundBox.id).where(RoundBox.box_id == box_id, _was_emptied())
    return [each for _row, each in reversed(_emptyings(session, rows))]


def gifts_of_round(session: Session, scope: Scope, round_id: int) -> Sequence[Entry]:
    """The contributions that a round became."""
    of_round = select(RoundContribution.contribution_id).where(
        RoundContribution.round_id == round_id
    )
    return entries_among(session, scope, of_round)


def _emptyings(session: Session, round_box_ids: Select[int]) -> list[tuple[RoundBox, Emptying]]:
    rows = session.execute(
        select(RoundBox, CollectionRound, RoundClosing.closed_on, BoxAmount.amount_rial)
        .select_from(RoundBox)
        .join(CollectionRound, CollectionRound.id == RoundBox.round_id)
        .join(RoundClosing, RoundClosing.round_id == RoundBox.round_id)
        .join(
            BoxAmount,
            (BoxAmount.round_box_id == RoundBox.id) & (BoxAmount.count_id == RoundClosing.count_id),
        )
        .where(RoundBox.id.in_(round_box_ids))
        .order_by(RoundBox.id)
    ).all()
    ways = ways_of_rounds(session, {row.round_id for row, *_rest in rows})
    return [
        (row, Emptying(of, closed_on, amount_rial, ways[row.round_id]))
        for row, of, closed_on, amount_rial in rows
    ]


def _was_emptied() -> Exists:
    """Whether the latest word on a box of a round is that it was opened."""
    latest = (
        select(func.max(BoxFinding.id))
        .where(BoxFinding.round_box_id == RoundBox.id)
        .correlate(RoundBox)
        .scalar_subquery()
    )
    return exists().where(
        BoxFinding.id == latest,
        BoxFinding.condition.in_((Condition.INTACT, Condition.BROKEN)),
    )
