"""What a rule would have explained while it was not automatic, and whether it was right later."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from core.database import Base, insert_only
from reconciliation.expected import OpenLine
from reconciliation.found import FOUND, rows_of
from reconciliation.matches import Match, MatchUndo, Rule, Target
from reconciliation.rules import RULES, Modes, RuleMode

LATEST_MATCHES = 50_000  # what "lately" is, so that the page costs the same for ever


@insert_only
class ShadowMatch(Base):
    """A match that a rule found and that was not booked; whether it was right, later facts say."""

    __tablename__ = "shadow_match"
    __table_args__ = (
        CheckConstraint("mode IN ('shadow', 'suggest')", name="not_booked"),
        Index("ix_shadow_match_line", "line_id", "rule"),
        Index("ix_shadow_match_rule", "rule", "version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("reconciliation_run.id"), index=True)
    rule: Mapped[Rule]
    version: Mapped[int]
    mode: Mapped[RuleMode]  # in which the rule was for the line's account
    line_id: Mapped[int] = mapped_column(ForeignKey("statement_line.id"))
    target: Mapped[Target]
    target_id: Mapped[int | None]
    amount_rial: Mapped[int]  # signed as the line
    found_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often a rule, while it was not automatic, said what was decided later."""

    found: int = 0
    agreed: int = 0
    differed: int = 0

    @property
    def undecided(self) -> int:
        return self.found - self.agreed - self.differed


def hold_back(session: Session, modes: Modes, *, run_id: int, now: datetime) -> int:
    """Take out of a slice what a rule may not book; what it may show is written down instead.

    Returns how many rows were taken out. A line goes whole or not at all: all of its rows are of
    one rule and one account.
    """
    held = [rule for rule in modes.held_back() if RULES[rule].is_settable]
    if not held:
        return 0
    kept_back = FOUND.c.rule.in_([rule.value for rule in held])
    if session.execute(select(FOUND.c.line_id).where(kept_back).limit(1)).first() is None:
        return 0
    for mode in (RuleMode.SHADOW, RuleMode.SUGGEST):
        _write_down(session, mode, _has_mode(modes, held, mode), run_id=run_id, now=now)
    return rows_of(session, delete(FOUND).where(kept_back, ~_has_mode(modes, held, RuleMode.AUTO)))


def agreements(session: Session) -> Mapping[Rule, Agreement]:
    """For each rule in its version, how its shadow matches compare with what stands."""
    same = and_(
        Match.target == ShadowMatch.target,
        func.coalesce(Match.target_id, 0) == func.coalesce(ShadowMatch.target_id, 0),
    )
    agreed = _stands(same)
    differed = and_(~agreed, _stands(literal(value=True)))
    rows = session.execute(
        select(
            ShadowMatch.rule,
            ShadowMatch.version,
            func.count(),
            func.sum(case((agreed, 1), else_=0)),
            func.sum(case((differed, 1), else_=0)),
        ).group_by(ShadowMatch.rule, ShadowMatch.version)
    )
    return {
        rule: Agreement(found, agreed_count, differed_count)
        for rule, version, found, agreed_count, differed_count in rows
        if version == RULES[rule].version
    }


def lately_explained(session: Session) -> Mapping[Rule, int]:
    """How many lines each rule explained among the latest matches that stand."""
    latest = (
        select(Match.id, Match.rule, Match.line_id)
        .order_by(Match.id.desc())
        .limit(LATEST_MATCHES)
        .subquery()
    )
    rows = session.execute(
        select(latest.c.rule, func.count(latest.c.line_id.distinct()))
        .outerjoin(MatchUndo, MatchUndo.match_id == latest.c.id)
        .where(MatchUndo.id.is_(None))
        .group_by(latest.c.rule)
    )
    return {Rule(rule): count for rule, count in rows}


def offered(session: Session, line_id: int) -> list[ShadowMatch]:
    """What rules that might only suggest found for a line, in their present version."""
    found = session.scalars(
        select(ShadowMatch)
        .where(ShadowMatch.line_id == line_id, ShadowMatch.mode == RuleMode.SUGGEST)
        .order_by(ShadowMatch.id)
    )
    return [each for each in found if each.version == RULES[each.rule].version]


def _write_down(
    session: Session,
    mode: RuleMode,
    chosen: ColumnElement[bool],
    *,
    run_id: int,
    now: datetime,
) -> None:
    """Each would-be match once, however many runs find it again."""
    version = case(
        {rule.value: card.version for rule, card in RULES.items()}, value=FOUND.c.rule, else_=0
    )
    known = aliased(ShadowMatch)
    is_known = exists().where(
        known.line_id == FOUND.c.line_id,
        known.rule == FOUND.c.rule,
        known.version == version,
        known.target == FOUND.c.target,
        func.coalesce(known.target_id, 0) == func.coalesce(FOUND.c.target_id, 0),
    )
    columns = [
        "run_id", "rule", "version", "mode", "line_id", "target", "target_id", "amount_rial",
        "found_at",
    ]  # fmt: skip
    session.execute(
        insert(ShadowMatch).from_select(
            columns,
            select(
                literal(run_id, ShadowMatch.run_id.type),
                FOUND.c.rule,
                version,
                literal(mode, ShadowMatch.mode.type),
                FOUND.c.line_id,
                FOUND.c.target,
                FOUND.c.target_id,
                FOUND.c.amount_rial,
                literal(now, ShadowMatch.found_at.type),
            )
            .where(chosen, ~is_known)
            .order_by(FOUND.c.match_id),
        )
    )


def _has_mode(modes: Modes, rules: list[Rule], wanted: RuleMode) -> ColumnElement[bool]:
    """The rows of the slice whose rule has this mode for the account of their line."""
    return or_(*(_of_rule(modes, rule, wanted) for rule in rules))


def _of_rule(modes: Modes, rule: Rule, wanted: RuleMode) -> ColumnElement[bool]:
    own = [account for account, mode in modes.exceptions(rule).items() if mode is wanted]
    others = [account for account in modes.exceptions(rule) if account not in own]
    is_own = ~_of_accounts(others) if modes.of(rule) is wanted else _of_accounts(own)
    return and_(FOUND.c.rule == rule.value, is_own)


def _of_accounts(accounts: list[int]) -> Any:
    lines = select(OpenLine.line_id).where(
        OpenLine.line_id == FOUND.c.line_id, OpenLine.bank_account_id.in_(accounts)
    )
    return lines.correlate(FOUND).exists()


def _stands(same: ColumnElement[bool]) -> ColumnElement[bool]:
    return (
        exists()
        .where(
            Match.line_id == ShadowMatch.line_id,
            same,
            ~exists().where(MatchUndo.match_id == Match.id).correlate(Match),
        )
        .correlate(ShadowMatch)
    )
