"""K4: the amount and the payer's card. A donor's card is the one whose deposits were theirs before.

Only a wide key tells cards apart: with the last four digits alone, some pairs are wrong although
nothing else fits (reconciliation.md, D.3). And unless an administrator says otherwise for an
account, what this rule finds is offered and not booked.
"""

from collections.abc import Sequence
from itertools import starmap
from typing import Any

from sqlalchemy import CTE, Date, Select, and_, exists, func, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from donations.models.pledge import Pledge
from reconciliation.aliases import PayerAlias, Verdict, has_wide_card
from reconciliation.expected import ExpectedDeposit, Expects, OpenLine
from reconciliation.found import days_between
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, Target
from reconciliation.rules_found import Part, Whole

WINDOW_DAYS = 31  # from the promise to the bank's day

_line = StatementLine


class tehran_day(FunctionElement[Any]):  # noqa: N801  it is used like a function of SQL
    """The day of a moment in Tehran."""

    type = Date()
    inherit_cache = True


@compiles(tehran_day)
def _by_interval(element: tehran_day, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST({moment} + interval '210 minutes' AS date)"


@compiles(tehran_day, "sqlite")
def _by_modifier(element: tehran_day, compiler: Any, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)}, '+210 minutes')"


def sure_cards(session: Session) -> Sequence[Whole]:
    """Lines and pledges that are each other's only choice by card, amount and window.

    A card whose deposits were of two donors is nobody's, and so is one that a person declined.
    """
    if session.execute(select(_line.id).where(has_wide_card()).limit(1)).first() is None:
        return []
    pair = _pairs().cte()
    lines = func.count().over(partition_by=pair.c.pledge_id)
    pledges = func.count().over(partition_by=pair.c.line_id)
    counted = select(pair, lines.label("lines"), pledges.label("pledges")).subquery()
    rows = session.execute(
        select(counted.c.line_id, counted.c.pledge_id, counted.c.amount_rial, counted.c.deposit_id)
        .where(counted.c.lines == 1, counted.c.pledges == 1)
        .order_by(counted.c.line_id)
    )
    return [[part] for part in starmap(Part, rows)]


def _pairs() -> Select[*tuple[Any, ...]]:
    """Every open line with every open pledge of its card's donor, of its amount, in the window."""
    card = _open_cards()
    owner = _owners(card)
    return (
        select(
            card.c.line_id,
            Pledge.id.label("pledge_id"),
            card.c.amount_rial,
            ExpectedDeposit.deposit_id,
        )
        .join_from(card, owner, owner.c.card_key == card.c.card_key)
        .join(Pledge, Pledge.donor_id == owner.c.donor_id)
        .join(
            ExpectedDeposit,
            and_(
                ExpectedDeposit.deposit_id == Pledge.deposit_id,
                ExpectedDeposit.amount_rial == card.c.amount_rial,
                ExpectedDeposit.expects == Expects.PLEDGE,
            ),
        )
        .where(days_between(tehran_day(Pledge.made_at), card.c.booked_on).between(0, WINDOW_DAYS))
    )


def _open_cards() -> CTE:
    """The open credits that show enough of the payer's card."""
    return (
        select(OpenLine.line_id, OpenLine.amount_rial, OpenLine.booked_on, _line.card_key)
        .join(_line, _line.id == OpenLine.line_id)
        .where(OpenLine.amount_rial > 0, has_wide_card())
        .cte()
    )


def _owners(card: CTE) -> CTE:
    """The one donor whose deposits came from each of these cards before."""
    declined = exists().where(
        PayerAlias.card_key == _line.card_key,
        PayerAlias.donor_id == Pledge.donor_id,
        PayerAlias.verdict == Verdict.DECLINED,
    )
    met = (
        select(_line.card_key, Pledge.donor_id)
        .join(Match, and_(Match.line_id == _line.id, Match.target == Target.PLEDGE))
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .join(Pledge, Pledge.id == Match.target_id)
        .where(
            has_wide_card(),
            _line.card_key.in_(select(card.c.card_key)),
            MatchUndo.id.is_(None),
            Pledge.donor_id.is_not(None),
            ~declined,
        )
        .subquery()
    )
    donor = func.min(met.c.donor_id)
    return (
        select(met.c.card_key, donor.label("donor_id"))
        .group_by(met.c.card_key)
        .having(donor == func.max(met.c.donor_id))
        .cte()
    )
