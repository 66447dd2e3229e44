"""Fees that the bank books as a row of its own: each belongs to the batch whose fee it equals.

Only what is unmistakable: one such row, one settlement whose contract books the fee apart, and the
fee by its terms to the rial. Every other fee row is explained by the bank's own word for it.
"""

from typing import Any

from sqlalchemy import Select, String, and_, func, insert, literal, null, select, true
from sqlalchemy.orm import Session, aliased

from ledger.terminals import Terminal
from reconciliation.expected import OpenFeeLine
from reconciliation.found import FOUND, days_between, emptied, next_id
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Rule, Settlement, Target

# The fee of a pay-out is taken with it or within the week.
WITHIN_DAYS = 7


def find_apart_fees(session: Session) -> None:
    """Fee rows that are the fee of exactly one settlement, which no other row is."""
    emptied(session, FOUND)
    any_apart = select(Settlement.id).where(Settlement.apart_fee_rial > 0).limit(1)
    if session.scalars(any_apart).first() is None:
        return
    pair = _pairs().subquery()
    session.execute(
        insert(FOUND).from_select(
            list(FOUND.c.keys()),
            select(
                next_id(session, Match),
                pair.c.line_id,
                literal(Rule.BANK_FEE.value, String),
                literal(Target.BANK_FEE.value, String),
                pair.c.settlement_id,
                pair.c.amount_rial,
                true(),
                null(),
                pair.c.booked_on,
            ).where(pair.c.rows == 1, pair.c.settlements == 1),
        )
    )


def _pairs() -> Select[*tuple[Any, ...]]:
    """Open fee rows with the settlements whose fee they may be, and how many there are of both."""
    fee, line, lump = OpenFeeLine, StatementLine, aliased(StatementLine)
    paid_out, named = aliased(Match), aliased(Match)
    is_named = (
        select(named.id)
        .outerjoin(MatchUndo, MatchUndo.match_id == named.id)
        .where(
            named.target == Target.BANK_FEE,
            named.target_id == Settlement.id,
            MatchUndo.id.is_(None),
        )
        .exists()
    )
    is_undone = select(MatchUndo.id).where(MatchUndo.match_id == paid_out.id).exists()
    return (
        select(
            fee.line_id,
            fee.amount_rial,
            line.booked_on,
            Settlement.id.label("settlement_id"),
            func.count().over(partition_by=fee.line_id).label("settlements"),
            func.count().over(partition_by=Settlement.id).label("rows"),
        )
        .join_from(
            fee,
            Settlement,
            and_(
                Settlement.apart_fee_rial == -fee.amount_rial,
                Settlement.apart_fee_rial > 0,
            ),
        )
        .join(
            Terminal,
            and_(
                Terminal.id == Settlement.terminal_id,
                Terminal.bank_account_id == fee.bank_account_id,
            ),
        )
        .join(line, line.id == fee.line_id)
        .join(
            paid_out,
            and_(paid_out.target == Target.SETTLEMENT, paid_out.target_id == Settlement.id),
        )
        .join(lump, lump.id == paid_out.line_id)
        .where(
            ~is_undone,
            ~is_named,
            days_between(lump.booked_on, line.booked_on).between(0, WITHIN_DAYS),
        )
    )
