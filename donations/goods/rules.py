"""Acceptance rules as data: which hold on a day, and setting one."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from core.digits import normalise
from core.refusals import Refusal
from donations.goods.needs import category_with
from donations.models.acceptance_rule import AcceptanceRule, RuleKind
from donations.models.goods_category import GoodsCategory
from donations.pledging import TEXT_MAX, UnusableText
from offices.audit import note

DAYS_MAX = 3650
# The largest value of each kind; 0 says that nothing is asked from that day on.
VALUE_MAX: Mapping[RuleKind, int] = {
    RuleKind.NOT_TAKEN: 1,
    RuleKind.DAYS_UNTIL_EXPIRY: DAYS_MAX,
    RuleKind.UNOPENED: 1,
    RuleKind.CONDITION_AT_LEAST: 4,
    RuleKind.WORKS: 1,
}

Rules = Mapping[RuleKind, AcceptanceRule]


class UnusableRule(Refusal):
    """A rule whose value means nothing for its kind."""

    code = "goods.unusable_rule"
    http_status = 422
    field = "value"


class RuleInThePast(Refusal):
    """A rule cannot be set for a day that is over: goods were judged by the one that held."""

    code = "goods.rule_in_the_past"
    http_status = 422
    field = "valid_from"


def rules_on(session: Session, category_id: int, day: date) -> Rules:
    """What a category must be like on a day in Tehran, by kind; what asks nothing is left out."""
    return _holding(
        session.scalars(
            select(AcceptanceRule)
            .where(AcceptanceRule.category_id == category_id, AcceptanceRule.valid_from <= day)
            .order_by(AcceptanceRule.valid_from, AcceptanceRule.id)
        ).all()
    )


def all_rules(session: Session) -> Sequence[AcceptanceRule]:
    """Every rule that was ever set, by category and kind, the latest first."""
    return session.scalars(
        select(AcceptanceRule)
        .options(joinedload(AcceptanceRule.category))
        .order_by(
            AcceptanceRule.category_id,
            AcceptanceRule.kind,
            AcceptanceRule.valid_from.desc(),
            AcceptanceRule.id.desc(),
        )
    ).all()


def categories(session: Session) -> Sequence[GoodsCategory]:
    """Every category of goods, in the order of the catalogue."""
    return session.scalars(select(GoodsCategory).order_by(GoodsCategory.id)).all()


def set_rule(
    session: Session,
    category: str,
    kind: RuleKind,
    value: int,
    *,
    valid_from: date,
    reason: str,
    set_by_id: int,
    today: date,
    now: datetime,
) -> AcceptanceRule:
    """Let a rule hold from a day on. What was judged before stays judged.

    Raises UnknownCategory, UnusableRule, RuleInThePast, UnusableText.
    """
    found = category_with(session, category)
    if not 0 <= value <= VALUE_MAX[kind]:
        raise UnusableRule(most=VALUE_MAX[kind])
    if valid_from < today:
        raise RuleInThePast
    clean = normalise(reason)
    if not 0 < len(clean) <= TEXT_MAX:
        raise UnusableText(name="reason", longest=TEXT_MAX)
    rule = AcceptanceRule(
        category_id=found.id,
        kind=kind,
        value=value,
        valid_from=valid_from,
        reason=clean,
        set_by_id=set_by_id,
        set_at=now,
    )
    session.add(rule)
    session.flush()
    note(
        session,
        "acceptance_rule.set",
        subject="acceptance_rule",
        subject_id=rule.id,
        now=now,
        actor_id=set_by_id,
        category=category,
        kind=kind,
        value=value,
        valid_from=valid_from.isoformat(),
    )
    return rule


def _holding(rows: Sequence[AcceptanceRule]) -> Rules:
    """Of several of a kind the last one, unless it asks nothing."""
    latest = {row.kind: row for row in rows}
    return {kind: row for kind, row in latest.items() if row.value}
