"""Inspecting goods: what was seen is judged by the rules of the day; nobody overrides them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import Refusal
from donations.goods.needs import category_with
from donations.goods.rules import Rules, rules_on
from donations.models.acceptance import Condition
from donations.models.acceptance_rule import AcceptanceRule, RuleKind
from donations.models.goods_category import OTHER, GoodsCategory
from donations.models.inspection import Inspection, Verdict
from donations.models.need import Need, NeedKind
from donations.models.pledge import PledgeItem
from offices.audit import note
from offices.places import ONLINE_OFFICE_CODE, Office

RANK: Mapping[Condition, int] = {
    Condition.DAMAGED: 1,
    Condition.WORN: 2,
    Condition.GOOD: 3,
    Condition.NEW: 4,
}


class ExpiryMissing(Refusal):
    """Goods of this category are only taken with a date on them."""

    code = "goods.expiry_missing"
    http_status = 422
    field = "expires_on"


class OpenedNotSaid(Refusal):
    """Whether the package is open decides for this category, and nobody has said it."""

    code = "goods.opened_not_said"
    http_status = 422
    field = "is_opened"


class WorksNotSaid(Refusal):
    """Whether it works decides for this category, and nobody has tried it."""

    code = "goods.works_not_said"
    http_status = 422
    field = "works"


class GoodsRefused(Refusal):
    """A rule does not let these goods in; the details say which, and where to take them."""

    code = "goods.refused"
    field = "category"


@dataclass(frozen=True, slots=True)
class Seen:
    """What somebody saw of goods. Days are Tehran's; what is empty was not looked at."""

    condition: Condition
    category: str = OTHER
    expires_on: date | None = None
    is_opened: bool | None = None
    works: bool | None = None


def judge(seen: Seen, rules: Rules, *, day: date) -> AcceptanceRule | None:
    """The rule that does not let goods in, or nothing.

    Raises ExpiryMissing, OpenedNotSaid, WorksNotSaid for what a rule asks and nobody said.
    """
    _refuse_unsaid(seen, rules)
    for kind, rule in sorted(rules.items()):
        if not _passes(seen, kind, rule.value, day=day):
            return rule
    return None


def judge_on(
    session: Session, seen: Seen, *, day: date
) -> tuple[GoodsCategory, AcceptanceRule | None]:
    """The category of goods and the rule that does not let them in on a day, or nothing.

    Raises UnknownCategory and what ``judge`` raises.
    """
    category = category_with(session, seen.category)
    return category, judge(seen, rules_on(session, category.id, day), day=day)


def inspect(
    session: Session,
    item: PledgeItem,
    seen: Seen,
    *,
    office_id: int,
    inspected_by_id: int,
    request_key: str | None = None,
    now: datetime,
) -> Inspection:
    """Write down what was seen of an item and what the rules say. The item itself is not changed.

    Raises UnknownCategory, ExpiryMissing, OpenedNotSaid, WorksNotSaid.
    """
    category, rule = judge_on(session, seen, day=tehran_date(now))
    better = better_office(session, category.id, office_id) if rule else None
    inspection = Inspection(
        pledge_item_id=item.id,
        office_id=office_id,
        category=category,
        quantity_thousandths=item.quantity_thousandths or 0,
        condition=seen.condition,
        expires_on=seen.expires_on,
        is_opened=seen.is_opened,
        works=seen.works,
        verdict=Verdict.REFUSED if rule else Verdict.ACCEPTED,
        rule=rule,
        better_office=better,
        inspected_by_id=inspected_by_id,
        inspected_at=now,
        request_key=request_key,
    )
    session.add(inspection)
    session.flush()
    note(
        session,
        "goods.inspect",
        subject="pledge_item",
        subject_id=item.id,
        now=now,
        actor_id=inspected_by_id,
        inspection_id=inspection.id,
        verdict=inspection.verdict,
        rule_id=inspection.rule_id,
    )
    return inspection


def inspection_of_request(session: Session, request_key: str) -> Inspection | None:
    """The inspection that an earlier sending of the same form already wrote."""
    return session.scalars(
        select(Inspection).where(Inspection.request_key == request_key)
    ).one_or_none()


def better_office(session: Session, category_id: int, office_id: int) -> Office:
    """The nearest place that asks for such goods: of the same province, else the headquarters."""
    here = session.get_one(Office, office_id)
    in_province = session.scalars(
        select(Office)
        .join(Need, Need.office_id == Office.id)
        .where(
            Need.kind == NeedKind.GOODS,
            Need.category_id == category_id,
            Need.closed_at.is_(None),
            Need.open_thousandths > 0,
            Office.province_id == here.province_id,
            Office.id != here.id,
            Office.is_open,
        )
        .order_by(case((Office.kind == "centre", 0), else_=1), Office.id)
        .limit(1)
    ).first()
    if in_province is not None:
        return in_province
    return session.scalars(select(Office).where(Office.code == ONLINE_OFFICE_CODE)).one()


def _refuse_unsaid(seen: Seen, rules: Rules) -> None:
    if RuleKind.NOT_TAKEN in rules:
        return
    if RuleKind.DAYS_UNTIL_EXPIRY in rules and seen.expires_on is None:
        raise ExpiryMissing
    if RuleKind.UNOPENED in rules and seen.is_opened is None:
        raise OpenedNotSaid
    if RuleKind.WORKS in rules and seen.works is None:
        raise WorksNotSaid


def _passes(seen: Seen, kind: RuleKind, value: int, *, day: date) -> bool:
    if kind is RuleKind.DAYS_UNTIL_EXPIRY:
        return seen.expires_on is not None and (seen.expires_on - day).days >= value
    if kind is RuleKind.UNOPENED:
        return seen.is_opened is False
    if kind is RuleKind.CONDITION_AT_LEAST:
        return RANK[seen.condition] >= value
    if kind is RuleKind.WORKS:
        return seen.works is True
    return False  # nothing of this category is taken
