"""Why a pay-out is not what we expected: payment by payment, from the provider's own report.

Each difference is one of a closed list and names the payment on both sides. Nothing is decided
here: a person reads it, and settles by hand.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.bulk import listed, rows_given
from donations.models.payment import Payment, PaymentState
from ledger.terminals import Netting, Terminal
from reconciliation.batches import placed_money
from reconciliation.expected import MoneySource, OpenSettlementLine
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, MatchUndo, SettlementItem, Target, has_target
from reconciliation.report_rows import ItemSort
from reconciliation.reported import terms_by_day
from reconciliation.reports import SettlementReport, SettlementReportItem

# A provider may list a payment some days from where our books have it, not further.
_NEAR = timedelta(days=7)
_S = PaymentState
_REFUNDED = {_S.REFUND_REQUESTED, _S.REFUND_UNKNOWN, _S.REFUNDED}


class Why(StrEnum):
    """What differs about one payment; nothing else does."""

    NOT_OURS = "not_ours"  # the report has it, we know of no such payment
    NOT_IN_REPORT = "not_in_report"  # we expect it in this pay-out, the report has it not
    AMOUNT = "amount"  # both have it, with other amounts
    FEE = "fee"  # another fee was kept than the terms say
    REFUNDED = "refunded"  # it was sent back, and kept from this pay-out
    REVERSED = "reversed"  # the bank took it back before it was ours
    OTHER_DAY = "other_day"  # ours, but we expect it in another pay-out
    PAID_OUT = "paid_out"  # ours, and explained by another row already


@dataclass(frozen=True, slots=True)
class Differing:
    """One payment that differs; ``amount_rial`` is by how much it moves our net to the report's."""

    why: Why
    amount_rial: int
    reference: str | None
    payment_id: int | None
    report_row: int | None
    ours_rial: int | None
    theirs_rial: int | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """A report beside the batch that we expected instead of it.

    ``ours_rial`` plus every difference is ``theirs_rial``; what remains to the line is
    ``line_rial - theirs_rial``.
    """

    report: SettlementReport
    business_day: date | None  # of our batch; empty where no payment of it is open
    cut_off_minute: int | None
    line_rial: int | None
    ours_rial: int
    theirs_rial: int
    differing: Sequence[Differing]


@dataclass(frozen=True, slots=True)
class _Ours:
    source: str
    source_id: int
    amount_rial: int
    fee_rial: int
    reference: str | None
    batch: tuple[date, int]

    @property
    def net_rial(self) -> int:
        return self.amount_rial - self.fee_rial


def reports_of_line(session: Session, line: StatementLine) -> Sequence[SettlementReport]:
    """The reports that may be of an open line: of its amount or its day, the nearest first."""
    terminal_id = session.scalars(
        select(OpenSettlementLine.terminal_id).where(OpenSettlementLine.line_id == line.id)
    ).first()
    if terminal_id is None:
        return ()
    report = SettlementReport
    return session.scalars(
        select(report)
        .where(
            report.terminal_id == terminal_id,
            or_(
                report.net_rial == line.amount_rial,
                report.paid_on == line.booked_on,
                and_(report.paid_on.is_(None), report.last_on <= line.booked_on),
            ),
        )
        .order_by(
            (report.net_rial != line.amount_rial),
            func.coalesce(report.paid_on, report.last_on).desc(),
            report.id.desc(),
        )
        .limit(3)
    ).all()


def compare(
    session: Session, report: SettlementReport, *, line_rial: int | None = None
) -> Comparison:
    """A report beside the batch of ours that shares the most payments with it."""
    items = session.scalars(
        select(SettlementReportItem)
        .where(SettlementReportItem.report_id == report.id)
        .order_by(SettlementReportItem.row_number)
    ).all()
    ours = _open_money(session, report)
    payments = _payments(session, report.terminal_id, items)
    paired = _paired(items, ours, payments)
    batch = _likeliest(paired.values())
    expected = [mine for mine in ours if mine.batch == batch]
    return Comparison(
        report=report,
        business_day=batch[0] if batch else None,
        cut_off_minute=batch[1] if batch else None,
        line_rial=line_rial,
        ours_rial=sum(mine.net_rial for mine in expected),
        theirs_rial=report.net_rial,
        differing=[
            *_of_items(session, items, paired, payments, batch),
            *_missing(expected, paired.values()),
        ],
    )


def _open_money(session: Session, report: SettlementReport) -> list[_Ours]:
    money = placed_money(session).c
    terms_on = terms_by_day(session, report.terminal_id)
    found = []
    for row in session.execute(
        select(*money)
        .where(
            money.terminal_id == report.terminal_id,
            money.business_day.between(report.first_on - _NEAR, report.last_on + _NEAR),
        )
        .order_by(money.business_day, money.source_id)
    ):
        terms = terms_on(row.business_day)
        is_netted = terms.netting is Netting.NETTED
        fee_rial = terms.fee_rial(row.amount_rial) if is_netted else 0
        found.append(
            _Ours(
                row.source, row.source_id, row.amount_rial, fee_rial, row.reference,
                (row.batch_day, row.cut_off_minute),
            )
        )  # fmt: skip
    return found


def _payments(
    session: Session, terminal_id: int, items: Sequence[SettlementReportItem]
) -> Mapping[int, Payment]:
    """The payments of ours that the items name by our order number or the bank's reference."""
    gateway = session.get_one(Terminal, terminal_id).name
    orders = {item.order_number for item in items if item.order_number is not None}
    references = {form for item in items for form in _forms(item.reference)}
    rows = [
        payment
        for named, values in (
            (Payment.order_number, orders),
            (Payment.bank_reference, references),
            (Payment.trace_number, references),
        )
        for payment in _named(session, gateway, named, values)
    ]
    by_order = {payment.order_number: payment for payment in rows}
    by_reference = {
        _bare(reference): payment
        for payment in rows
        for reference in (payment.bank_reference, payment.trace_number)
        if reference
    }
    found = {}
    for item in items:
        payment = by_order.get(item.order_number or 0) or by_reference.get(_bare(item.reference))
        if payment is not None:
            found[item.id] = payment
    return found


def _named(
    session: Session, gateway: str, column: InstrumentedAttribute[Any], values: Collection[Any]
) -> Sequence[Payment]:
    """The payments of a terminal with one of these values, however many those are."""
    given = rows_given(session.connection(), {"value": column.type}, [[each] for each in values])
    return session.scalars(
        select(Payment).where(Payment.gateway == gateway, column.in_(given))
    ).all()


def _paired(
    items: Sequence[SettlementReportItem],
    ours: Sequence[_Ours],
    payments: Mapping[int, Payment],
) -> Mapping[int, _Ours]:
    """Each sale of the report with the open payment that has its reference, whatever its amount."""
    by_reference = {_bare(mine.reference): mine for mine in ours if mine.reference}
    by_payment = {mine.source_id: mine for mine in ours if mine.source == MoneySource.PAYMENT}
    found: dict[int, _Ours] = {}
    taken: set[tuple[str, int]] = set()
    for item in items:
        mine = by_reference.get(_bare(item.reference))
        if mine is None and item.id in payments:
            mine = by_payment.get(payments[item.id].id)
        is_free = mine is not None and (mine.source, mine.source_id) not in taken
        if mine is not None and is_free and item.sort is ItemSort.SALE:
            found[item.id] = mine
            taken.add((mine.source, mine.source_id))
    return found


def _likeliest(paired: Iterable[_Ours]) -> tuple[date, int] | None:
    counted = Counter(mine.batch for mine in paired)
    return max(counted, key=lambda batch: (counted[batch], batch)) if counted else None


def _of_items(
    session: Session,
    items: Sequence[SettlementReportItem],
    paired: Mapping[int, _Ours],
    payments: Mapping[int, Payment],
    batch: tuple[date, int] | None,
) -> Iterator[Differing]:
    paid_out = _paid_out(session, [payment.id for payment in payments.values()])
    for item in items:
        mine, payment = paired.get(item.id), payments.get(item.id)
        net_rial = item.amount_rial - item.fee_rial
        payment_id = mine.source_id if mine is not None else payment.id if payment else None
        ours_rial = mine.amount_rial if mine is not None else None
        if mine is None:
            why, moves_rial = _unpaired(item, payment, paid_out), net_rial
        elif mine.batch != batch:
            why, moves_rial = Why.OTHER_DAY, net_rial
        elif item.amount_rial != mine.amount_rial:
            why, moves_rial = Why.AMOUNT, net_rial - mine.net_rial
        elif item.fee_rial != mine.fee_rial:
            why, moves_rial = Why.FEE, net_rial - mine.net_rial
        else:
            continue
        yield Differing(
            why, moves_rial, item.reference, payment_id, item.row_number, ours_rial,
            item.amount_rial,
        )  # fmt: skip


def _unpaired(item: SettlementReportItem, payment: Payment | None, paid_out: frozenset[int]) -> Why:
    if item.sort is ItemSort.REFUND or (payment is not None and payment.state in _REFUNDED):
        return Why.REFUNDED
    is_reversed = payment is not None and payment.state is _S.REVERSED
    if item.sort is ItemSort.REVERSAL or is_reversed:
        return Why.REVERSED
    if payment is not None and payment.id in paid_out:
        return Why.PAID_OUT
    return Why.NOT_OURS


def _missing(expected: Iterable[_Ours], paired: Iterable[_Ours]) -> Iterator[Differing]:
    seen = {(mine.source, mine.source_id) for mine in paired}
    for mine in expected:
        if (mine.source, mine.source_id) not in seen:
            yield Differing(
                Why.NOT_IN_REPORT, -mine.net_rial, mine.reference, mine.source_id, None,
                mine.amount_rial, None,
            )  # fmt: skip


def _paid_out(session: Session, payment_ids: Sequence[int]) -> frozenset[int]:
    """Those of these payments that a settlement which stands holds."""
    return frozenset(
        session.scalars(
            select(SettlementItem.source_id)
            .join(Match, has_target(Target.SETTLEMENT, SettlementItem.settlement_id))
            .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
            .where(
                SettlementItem.source == MoneySource.PAYMENT.value,
                SettlementItem.source_id.in_(listed(session.connection(), payment_ids)),
                MatchUndo.id.is_(None),
            )
        )
    )


def _bare(reference: str | None) -> str:
    return (reference or "").lstrip("0")


def _forms(reference: str | None) -> tuple[str, ...]:
    bare = _bare(reference)
    return (bare, bare.zfill(12)) if bare else ()
