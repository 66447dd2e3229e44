"""Goods worth more than one person may say: a second person decides, until then no receipt."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Exists, Select, exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from core.clock import tehran_date
from core.refusals import NotFound, Refusal
from donations.accepting import GoodsFound
from donations.desk_limits import limit_on
from donations.models.acceptance import ValueBasis
from donations.models.contribution import ContributionLine, ContributionReversal
from donations.models.desk import Decision
from donations.models.desk_limit import DeskLimit
from donations.models.inspection import Inspection, Valuation, ValuationDecision
from donations.models.pledge import PledgeItem
from offices.audit import note
from offices.scope import Scope


class ValueNeedsSecond(Refusal):
    """A value beyond the limit of one person; a second one decides before there is a receipt."""

    code = "goods.value_needs_second"
    field = "assessed_value"


class BeingValued(Refusal):
    """Somebody asked for a second person's word on the value, and it has not come yet."""

    code = "goods.being_valued"


class AppraiserDecides(Refusal):
    """Whoever assessed the value cannot decide on it."""

    code = "goods.appraiser_decides"
    http_status = 403


class AlreadyValued(Refusal):
    """Somebody else has decided on this value."""

    code = "goods.already_valued"


def is_beyond_limit(session: Session, found: GoodsFound, *, now: datetime) -> bool:
    """Whether a value is more than one person may say at a desk today."""
    limit_rial = limit_on(session, DeskLimit.ASSESSED_VALUE_RIAL, tehran_date(now))
    return (found.assessed_value_rial or 0) > limit_rial


def ask_for_value(
    session: Session,
    inspection: Inspection,
    found: GoodsFound,
    *,
    asked_by_id: int,
    now: datetime,
) -> Valuation:
    """Let an item wait until another person has decided on its value. Its pledge is held.

    Raises BeingValued.
    """
    refuse_being_valued(session, inspection.pledge_item_id)
    valuation = Valuation(
        inspection_id=inspection.id,
        pledge_item_id=inspection.pledge_item_id,
        office_id=inspection.office_id,
        basis=found.basis,
        assessed_value_rial=found.assessed_value_rial or 0,
        appraiser=found.appraiser,
        warehouse_number=found.warehouse_number,
        shelf=found.shelf,
        asked_by_id=asked_by_id,
        asked_at=now,
    )
    session.add(valuation)
    session.flush()
    note(
        session,
        "valuation.ask",
        subject="pledge_item",
        subject_id=valuation.pledge_item_id,
        now=now,
        actor_id=asked_by_id,
        valuation_id=valuation.id,
        assessed_value_rial=valuation.assessed_value_rial,
    )
    return valuation


def decide_on_value(
    session: Session,
    valuation: Valuation,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> None:
    """Write down what a second person decided; the receipt is the caller's. The pledge is held.

    Raises AppraiserDecides, AlreadyValued.
    """
    if valuation.asked_by_id == decided_by_id:
        raise AppraiserDecides
    if session.get(ValuationDecision, valuation.id) is not None:
        raise AlreadyValued
    session.add(
        ValuationDecision(
            valuation_id=valuation.id,
            asked_by_id=valuation.asked_by_id,
            decision=decision,
            decided_by_id=decided_by_id,
            decided_at=now,
        )
    )
    session.flush()
    note(
        session,
        "valuation.approve" if decision is Decision.APPROVED else "valuation.decline",
        subject="pledge_item",
        subject_id=valuation.pledge_item_id,
        now=now,
        actor_id=decided_by_id,
        valuation_id=valuation.id,
    )


def open_valuations(session: Session, scope: Scope, *, limit: int = 100) -> Sequence[Valuation]:
    """What waits for a second person in the offices of a scope, oldest first."""
    return session.scalars(
        valuations_in(scope).where(~_is_decided()).order_by(Valuation.id).limit(limit)
    ).all()


def valuation_in(session: Session, scope: Scope, valuation_id: int) -> Valuation:
    """One value to decide on. Raises NotFound for one outside the scope, or decided on."""
    found = session.scalars(
        valuations_in(scope).where(Valuation.id == valuation_id, ~_is_decided())
    ).one_or_none()
    if found is None:
        raise NotFound(subject="valuation")
    return found


def valuations_in(scope: Scope) -> Select[Valuation]:
    """The values asked about at the offices of a scope."""
    return (
        select(Valuation)
        .where(scope.narrow(Valuation.office_id))
        .options(
            joinedload(Valuation.inspection).joinedload(Inspection.category),
            joinedload(Valuation.item).joinedload(PledgeItem.pledge),
        )
    )


def refuse_being_valued(session: Session, item_id: int) -> None:
    """Raises BeingValued for goods whose value a second person has yet to decide on."""
    if session.scalars(select(is_being_valued(item_id))).one():
        raise BeingValued


def is_being_valued(item_id: int | InstrumentedAttribute[int]) -> Exists:
    """Whether a second person has yet to decide on the value of an item."""
    return exists().where(Valuation.pledge_item_id == item_id, ~_is_decided())


def refuse_beyond_limit(
    session: Session, item_id: int, found: GoodsFound, *, now: datetime
) -> None:
    """Raises ValueNeedsSecond for a value beyond the limit that no second person approved."""
    if not is_beyond_limit(session, found, now=now):
        return
    approved = approved_values(item_id).where(
        Valuation.assessed_value_rial == found.assessed_value_rial
    )
    if session.scalars(approved).first() is None:
        raise ValueNeedsSecond


def approved_values(item_id: int) -> Select[Valuation]:
    """The values of an item that a second person approved since it was last voided."""
    voided_later = (
        exists()
        .where(
            ContributionLine.pledge_item_id == item_id,
            ContributionReversal.contribution_id == ContributionLine.contribution_id,
            ContributionReversal.reversed_at >= ValuationDecision.decided_at,
        )
        .correlate(ValuationDecision)
    )
    return (
        select(Valuation)
        .join(ValuationDecision, ValuationDecision.valuation_id == Valuation.id)
        .where(
            Valuation.pledge_item_id == item_id,
            ValuationDecision.decision == Decision.APPROVED,
            ~voided_later,
        )
    )


def found_of(valuation: Valuation) -> GoodsFound:
    """What was found of the goods when their value was asked about."""
    seen = valuation.inspection
    return GoodsFound(
        condition=seen.condition,
        basis=ValueBasis(valuation.basis),
        assessed_value_rial=valuation.assessed_value_rial,
        appraiser=valuation.appraiser,
        warehouse_number=valuation.warehouse_number,
        category=seen.category.code,
        expires_on=seen.expires_on,
        is_opened=seen.is_opened,
        works=seen.works,
        shelf=valuation.shelf,
    )


def _is_decided() -> Exists:
    return exists().where(ValuationDecision.valuation_id == Valuation.id)
