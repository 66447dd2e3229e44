"""Receipts of partner centres: what they received by themselves, counted beside our own.

Nothing of it is a contribution: no posting, no receipt number of ours, no money on the account.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, joinedload

from core.clock import tehran_date
from core.database import sum_rial
from core.digits import normalise
from core.refusals import NotFound, Refusal
from core.rial import checked_rial
from donations.models.fund import MOST_NEEDED, Fund
from donations.models.partner_receipt import PartnerReceipt, PartnerReceiptReversal
from donations.models.pledge import ItemKind
from donations.pledging import (
    HOURS_MAX,
    QUANTITY_THOUSANDTHS_MAX,
    TEXT_MAX,
    UnknownFund,
    UnusableQuantity,
    UnusableText,
)
from offices.audit import note
from offices.places import Centre, Office
from offices.scope import Scope

NUMBER_MAX = 40
REASON_MAX = 300


class NoPartner(Refusal):
    """An office that is no partner centre, or is closed: its gifts are entries of a desk."""

    code = "partner_receipt.no_partner"
    http_status = 422
    field = "office"


class NumberTaken(Refusal):
    """A leaf of the centre's book that is recorded already, with something else on it."""

    code = "partner_receipt.number_taken"
    field = "number"


class UnusableReceiptDay(Refusal):
    """A day in the future."""

    code = "partner_receipt.day"
    http_status = 422
    field = "received_on"


class ReversedBefore(Refusal):
    """The receipt does not stand any more."""

    code = "partner_receipt.reversed"


class ReversalReason(Refusal):
    """A reversal without a reason, or with more than 300 characters."""

    code = "partner_receipt.reason"
    http_status = 422
    field = "reason"


@dataclass(frozen=True, slots=True)
class PartnerGift:
    """One leaf of a centre's own book: exactly one of money, goods or hours."""

    office: str  # the code of the centre
    number: str
    received_on: date
    kind: ItemKind
    fund: str | None = None
    amount_rial: int | None = None
    description: str | None = None
    quantity_thousandths: int | None = None
    unit: str | None = None
    hours: int | None = None


@dataclass(frozen=True, slots=True)
class PartnerSums:
    """What partner centres received by themselves; void receipts are left out."""

    receipts: int
    amount_rial: int
    goods: int  # entries; quantities of different units are not added
    hours: int


def record_partner_receipt(
    session: Session,
    scope: Scope,
    gift: PartnerGift,
    *,
    recorded_by_id: int,
    now: datetime,
) -> tuple[PartnerReceipt, bool]:
    """Write down one leaf, and whether it is new: the same leaf again is the one that is there.

    Raises NotFound, NoPartner, NumberTaken, UnknownFund, UnreadableAmount, UnusableQuantity,
    UnusableText, UnusableReceiptDay.
    """
    row = _read(session, scope, gift, now=now)
    _hold(session, row.office_id)
    before = _leaf_before(session, row)
    if before is not None and before.reversal is None:
        return before, False
    row.version = before.version + 1 if before else 1
    row.recorded_by_id, row.recorded_at = recorded_by_id, now
    session.add(row)
    session.flush()
    note(
        session,
        "partner_receipt.record",
        subject="partner_receipt",
        subject_id=row.id,
        now=now,
        actor_id=recorded_by_id,
        office_id=row.office_id,
        amount_rial=row.amount_rial,
    )
    return row, True


def reverse_partner_receipt(
    session: Session, scope: Scope, receipt_id: int, *, reason: str, by_id: int, now: datetime
) -> PartnerReceipt:
    """Say that a leaf does not stand. Raises NotFound, ReversalReason, ReversedBefore."""
    row = partner_receipt_in(session, scope, receipt_id)
    words = normalise(reason)
    if not 0 < len(words) <= REASON_MAX:
        raise ReversalReason(longest=REASON_MAX)
    _hold(session, row.office_id)
    session.refresh(row, ["reversal"])
    if row.reversal is not None:
        raise ReversedBefore
    session.add(
        PartnerReceiptReversal(
            partner_receipt_id=row.id, reason=words, reversed_by_id=by_id, reversed_at=now
        )
    )
    session.flush()
    session.refresh(row, ["reversal"])
    note(
        session,
        "partner_receipt.reverse",
        subject="partner_receipt",
        subject_id=row.id,
        now=now,
        actor_id=by_id,
        reason=words,
    )
    return row


def partner_receipts_in(scope: Scope) -> Select[PartnerReceipt]:
    """The receipts of the partner centres of a scope."""
    return (
        select(PartnerReceipt)
        .where(scope.narrow(PartnerReceipt.office_id))
        .options(
            joinedload(PartnerReceipt.fund),
            joinedload(PartnerReceipt.centre).joinedload(Centre.office),
            joinedload(PartnerReceipt.reversal),
        )
    )


def partner_receipt_in(session: Session, scope: Scope, receipt_id: int) -> PartnerReceipt:
    """One receipt. Raises NotFound for one outside the scope."""
    row = session.scalars(
        partner_receipts_in(scope).where(PartnerReceipt.id == receipt_id)
    ).one_or_none()
    if row is None:
        raise NotFound(subject="partner_receipt")
    return row


def latest_partner_receipts(
    session: Session, scope: Scope, *, before_id: int | None = None, limit: int = 50
) -> Sequence[PartnerReceipt]:
    """One page of receipts, newest first; ask again with the last id to go on."""
    statement = partner_receipts_in(scope).order_by(PartnerReceipt.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(PartnerReceipt.id < before_id)
    return session.scalars(statement).all()


def partner_sums_by_office(
    session: Session, scope: Scope, *, first: date, last: date
) -> dict[int, PartnerSums]:
    """What each partner centre of a scope received in these days, by its id."""
    rows = session.execute(
        _sums(PartnerReceipt.office_id)
        .where(
            scope.narrow(PartnerReceipt.office_id),
            PartnerReceipt.received_on.between(first, last),
        )
        .group_by(PartnerReceipt.office_id)
    )
    return {office_id: PartnerSums(*sums) for office_id, *sums in rows}


def partner_sums(session: Session) -> PartnerSums:
    """What all partner centres ever received by themselves."""
    receipts, rial, goods, hours = session.execute(_sums()).one()
    return PartnerSums(receipts, rial, goods, hours)


def partner_offices(session: Session, scope: Scope) -> Sequence[Office]:
    """The open partner centres of a scope."""
    return session.scalars(
        select(Office)
        .join(Centre, Centre.office_id == Office.id)
        .where(scope.narrow(Office.id), Centre.is_partner, Office.is_open)
        .order_by(Office.place)
    ).all()


def _sums(*columns: InstrumentedAttribute[int]) -> Select[Any]:
    is_goods = PartnerReceipt.kind == ItemKind.GOODS
    asked: list[Any] = [
        *columns,
        func.count(PartnerReceipt.id),
        sum_rial(PartnerReceipt.amount_rial),
        func.count(case((is_goods, 1))),
        sum_rial(PartnerReceipt.hours),
    ]
    return select(*asked).where(
        ~exists().where(PartnerReceiptReversal.partner_receipt_id == PartnerReceipt.id)
    )


def _read(session: Session, scope: Scope, gift: PartnerGift, *, now: datetime) -> PartnerReceipt:
    """The leaf as a row, checked; it belongs to no session yet."""
    row = PartnerReceipt(
        office_id=_partner(session, scope, gift.office).id,
        number=_text("number", gift.number, longest=NUMBER_MAX),
        received_on=gift.received_on,
        kind=gift.kind,
        fund_id=_fund_id(session, gift.fund),
    )
    if gift.received_on > tehran_date(now):
        raise UnusableReceiptDay
    if gift.kind is ItemKind.CASH:
        row.amount_rial = checked_rial(gift.amount_rial or 0)
    elif gift.kind is ItemKind.GOODS:
        row.description = _text("description", gift.description or "", longest=TEXT_MAX)
        row.unit = _text("unit", gift.unit or "", longest=TEXT_MAX)
        row.quantity_thousandths = _within(
            gift.quantity_thousandths, QUANTITY_THOUSANDTHS_MAX, field="quantity"
        )
    else:
        row.description = normalise(gift.description or "")[:TEXT_MAX] or None
        row.hours = _within(gift.hours, HOURS_MAX, field="hours")
    return row


def _hold(session: Session, office_id: int) -> None:
    """Let whoever records or reverses a leaf of this centre at this moment wait."""
    held = select(Office.id).where(Office.id == office_id).with_for_update(key_share=True)
    session.execute(held).all()


def _leaf_before(session: Session, row: PartnerReceipt) -> PartnerReceipt | None:
    """What was recorded last under this number. Raises NumberTaken where it stands otherwise."""
    before = session.scalars(
        select(PartnerReceipt)
        .where(PartnerReceipt.office_id == row.office_id, PartnerReceipt.number == row.number)
        .order_by(PartnerReceipt.version.desc())
        .limit(1)
    ).first()
    if before is not None and before.reversal is None and _facts(before) != _facts(row):
        raise NumberTaken
    return before


def _partner(session: Session, scope: Scope, code: str) -> Office:
    found = session.execute(
        select(Office, Centre.is_partner)
        .outerjoin(Centre, Centre.office_id == Office.id)
        .where(and_(Office.code == normalise(code), scope.narrow(Office.id)))
    ).one_or_none()
    if found is None:
        raise NotFound(subject="office")
    office, is_partner = found
    if not (is_partner and office.is_open):
        raise NoPartner
    return office


def _fund_id(session: Session, code: str | None) -> int:
    wanted = normalise(code or "") or MOST_NEEDED
    fund_id = session.scalars(select(Fund.id).where(Fund.code == wanted, Fund.is_open)).first()
    if fund_id is None:
        raise UnknownFund(fund=wanted[:40])
    return fund_id


def _text(name: str, text: str, *, longest: int) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= longest:
        raise UnusableText(name=name, field=name, longest=longest)
    return clean


def _within(value: int | None, largest: int, *, field: str) -> int:
    if value is None or not 0 < value <= largest:
        raise UnusableQuantity(field=field, text=str(value)[:40])
    return value


def _facts(row: PartnerReceipt) -> tuple[object, ...]:
    return (
        row.received_on,
        row.kind,
        row.fund_id,
        row.amount_rial,
        row.description,
        row.quantity_thousandths,
        row.unit,
        row.hours,
    )
