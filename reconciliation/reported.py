"""Settling by the providers' reports: taking them in, and the rule that believes them.

A line is explained by a report when the report is final, its net is the amount of the line to the
rial, and every item of it is exactly one payment that the terminal still owes us. Anything less
waits for a person, who sees the differences.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    select,
    union,
)
from sqlalchemy.orm import Session

from core.database import Id
from donations.models.payment import Payment
from ledger.terminals import Terminal, TerminalTerms, terms_of
from reconciliation.batches import Batch, reach_open_lines
from reconciliation.calendar import CALENDAR
from reconciliation.expected import (
    ExpectedTerminalMoney,
    MoneySource,
    OpenReferenceLine,
    OpenSettlementLine,
)
from reconciliation.found import CHOSEN, PAYOUT, emptied
from reconciliation.matches import Match, MatchUndo, Rule, Target, has_target
from reconciliation.matching import close_open_lines
from reconciliation.report_files import Listed, Terms
from reconciliation.report_rows import TotalDiffers
from reconciliation.reports import ReportedSettlement, SettlementReport, SettlementReportItem
from reconciliation.settling import begin_payouts, close_money, write_chosen
from reconciliation.worktables import close_lines

_item, _money = SettlementReportItem, ExpectedTerminalMoney
_PADDED = 12  # the digits of a retrieval reference, whose zeros spreadsheets lose


@dataclass(frozen=True, slots=True)
class ReportSource:
    """Where a report came from, and what a person said about it."""

    name: str
    sha256: str
    is_final: bool
    paid_on: date | None = None
    payout_reference: str | None = None
    payout_rial: int | None = None  # what the provider says it paid in all


def terms_by_day(session: Session, terminal_id: int) -> Terms:
    """The terms of a terminal by the day; before the first set, the first."""
    sets = terms_of(session, terminal_id)

    def on(day: date) -> TerminalTerms:
        return next((terms for terms in sets if terms.valid_from <= day), sets[-1])

    return on


def locked_terminal(session: Session, terminal_id: int) -> Terminal:
    """A terminal whose reports wait for each other until this transaction ends; gifts do not."""
    return session.scalars(
        select(Terminal).where(Terminal.id == terminal_id).with_for_update(key_share=True)
    ).one()


def known_reports(session: Session, terminal_id: int, sha256: str) -> Sequence[SettlementReport]:
    """The reports that came from this very file before."""
    return session.scalars(
        select(SettlementReport)
        .where(SettlementReport.terminal_id == terminal_id, SettlementReport.sha256 == sha256)
        .order_by(SettlementReport.part)
    ).all()


def store_reports(
    session: Session,
    terminal: Terminal,
    payouts: Sequence[Listed],
    source: ReportSource,
    *,
    handed_in_by_id: int | None,
    now: datetime,
) -> list[SettlementReport]:
    """Write the reports of a file. Raises TotalDiffers where a person expects another sum."""
    net_rial = sum(row.amount_rial - row.fee_rial for listed in payouts for row in listed.rows)
    if source.payout_rial is not None and source.payout_rial != net_rial:
        raise TotalDiffers(told_rial=source.payout_rial, sum_rial=net_rial)
    return [
        _stored(
            session, terminal, listed, source, part=part, handed_in_by_id=handed_in_by_id, now=now
        )
        for part, listed in enumerate(payouts, start=1)
    ]


def _stored(
    session: Session,
    terminal: Terminal,
    listed: Listed,
    source: ReportSource,
    *,
    part: int,
    handed_in_by_id: int | None,
    now: datetime,
) -> SettlementReport:
    """One pay-out of a file with its items."""
    gross_rial = sum(row.amount_rial for row in listed.rows)
    fee_rial = sum(row.fee_rial for row in listed.rows)
    report = SettlementReport(
        terminal_id=terminal.id,
        sha256=source.sha256,
        part=part,
        name=source.name,
        is_final=source.is_final,
        payout_reference=listed.payout_reference or source.payout_reference,
        paid_on=listed.paid_on or source.paid_on,
        first_on=min(row.taken_on for row in listed.rows),
        last_on=max(row.taken_on for row in listed.rows),
        item_count=len(listed.rows),
        gross_rial=gross_rial,
        fee_rial=fee_rial,
        net_rial=gross_rial - fee_rial,
        handed_in_by_id=handed_in_by_id,
        handed_in_at=now,
    )
    session.add(report)
    session.flush()
    items = [{"report_id": report.id, **asdict(row)} for row in listed.rows]
    session.execute(insert(SettlementReportItem), items)
    return report


@dataclass(frozen=True, slots=True)
class ReportedBatch:
    """A report and the one open line that it explains."""

    report_id: int
    batch: Batch


def sure_reports(session: Session) -> list[ReportedBatch]:
    """The reports that exactly one open line pays, that alone explain it, and are all ours.

    Read without the write lock; writing counts every payment again.
    """
    any_final = select(SettlementReport.id).where(SettlementReport.is_final).limit(1)
    if session.scalars(any_final).first() is None:
        return []
    reach_open_lines(session)
    candidate = _candidates().subquery()
    rows = session.execute(
        select(candidate)
        .where(candidate.c.lines == 1, candidate.c.reports == 1)
        .order_by(candidate.c.report_id)
    ).all()
    ours = _wholly_ours(session, [row.report_id for row in rows])
    return [
        ReportedBatch(
            row.report_id,
            Batch(
                row.terminal_id,
                row.last_on,
                row.item_count,
                row.gross_rial,
                row.fee_rial,
                row.line_id,
                row.booked_on,
            ),
        )
        for row in rows
        if row.report_id in ours
    ]


def in_report_slices(
    reported: Sequence[ReportedBatch], limit: int
) -> Iterator[list[ReportedBatch]]:
    """Reports in groups of so many payments; a report is never divided."""
    group: list[ReportedBatch] = []
    items = 0
    for each in reported:
        if group and items + each.batch.item_count > limit:
            yield group
            group, items = [], 0
        group.append(each)
        items += each.batch.item_count
    if group:
        yield group


def find_reports(session: Session, reported: Sequence[ReportedBatch]) -> None:
    """Write reports as settlements and put their lines among the found.

    Raises LostRace where a payment of a report is not owed any more.
    """
    ids = begin_payouts(session, [each.batch for each in reported])
    emptied(session, CHOSEN)
    for each, settlement_id in zip(reported, ids, strict=True):
        pair = _pairs().subquery()
        session.execute(
            insert(CHOSEN).from_select(
                list(CHOSEN.c.keys()),
                select(
                    pair.c.terminal_id,
                    pair.c.business_day,
                    pair.c.source,
                    pair.c.source_id,
                    literal(settlement_id, Id),
                    pair.c.fee_rial,
                ).distinct(),
            ),
            {"reports": [each.report_id]},
        )
    write_chosen(session, Rule.SETTLEMENT_REPORT)
    session.execute(
        insert(ReportedSettlement),
        [
            {"settlement_id": settlement_id, "report_id": each.report_id}
            for each, settlement_id in zip(reported, ids, strict=True)
        ],
    )


def close_reports(session: Session) -> None:
    """Take what the reports found out of the work tables. Raises LostRace."""
    close_money(session)
    close_open_lines(session)
    close_lines(session, select(PAYOUT.c.line_id.label("line_id")))


def report_stands(report_id: Any) -> Any:
    """Whether a settlement that stands was written from a report."""
    return exists().where(
        ReportedSettlement.report_id == report_id,
        has_target(Target.SETTLEMENT, ReportedSettlement.settlement_id),
        Match.id.not_in(select(MatchUndo.match_id)),
    )


def _candidates() -> Select[*tuple[Any, ...]]:
    """Every final report with every open line of its amount, and how many there are of both."""
    pair = union(_by_amount(), _by_reference()).subquery()
    report = SettlementReport
    return select(
        report.id.label("report_id"),
        report.terminal_id,
        report.last_on,
        report.item_count,
        report.gross_rial,
        report.fee_rial,
        pair.c.line_id,
        pair.c.booked_on,
        func.count().over(partition_by=report.id).label("lines"),
        func.count().over(partition_by=pair.c.line_id).label("reports"),
    ).join_from(pair, report, report.id == pair.c.report_id)


def _by_amount() -> Select[*tuple[Any, ...]]:
    """Lines of the terminal with the net of the report, in the window of its terms."""
    report, line, terms = SettlementReport, OpenSettlementLine, TerminalTerms
    paid, booked = CALENDAR.alias(), CALENDAR.alias()
    later = TerminalTerms.__table__.alias()
    latest = (
        select(func.max(later.c.valid_from))
        .where(later.c.terminal_id == report.terminal_id, later.c.valid_from <= report.last_on)
        .correlate(report)
        .scalar_subquery()
    )
    return (
        select(report.id.label("report_id"), line.line_id, line.booked_on)
        .join_from(
            line,
            report,
            and_(
                report.terminal_id == line.terminal_id,
                report.net_rial == line.amount_rial,
            ),
        )
        .join(terms, and_(terms.terminal_id == report.terminal_id, terms.valid_from == latest))
        .join(paid, paid.c.day == func.coalesce(report.paid_on, report.last_on))
        .join(booked, booked.c.day == line.booked_on)
        .where(
            _is_usable(),
            booked.c.day >= paid.c.day,
            booked.c.working_days - paid.c.working_days <= terms.settles_within_days,
        )
    )


def _by_reference() -> Select[*tuple[Any, ...]]:
    """Lines that carry the reference of the pay-out, and its net."""
    report, line = SettlementReport, OpenReferenceLine
    return (
        select(report.id, line.line_id, line.booked_on)
        .join_from(
            line,
            report,
            and_(report.payout_reference == line.reference, report.net_rial == line.amount_rial),
        )
        .where(_is_usable(), line.booked_on >= report.last_on)
    )


def _is_usable() -> Any:
    return and_(SettlementReport.is_final, ~report_stands(SettlementReport.id))


def _wholly_ours(session: Session, report_ids: Sequence[int]) -> set[int]:
    """The reports of these whose every item is one payment that is owed, and no two the same."""
    if not report_ids:
        return set()
    pair = _pairs().subquery()
    rows = session.execute(
        select(SettlementReport.id)
        .join(pair, pair.c.report_id == SettlementReport.id)
        .group_by(SettlementReport.id, SettlementReport.item_count)
        .having(
            func.count() == SettlementReport.item_count,
            func.count(pair.c.item_id.distinct()) == SettlementReport.item_count,
            func.count(pair.c.source_id.distinct()) == SettlementReport.item_count,
        ),
        {"reports": list(report_ids)},
    )
    return set(rows.scalars())


def _pairs() -> CompoundSelect[*tuple[Any, ...]]:
    """The items of the reports ``:reports``, each with the payments of ours that it may be."""
    is_padded = and_(
        func.length(_item.reference) < _PADDED,
        _money.reference
        == func.substr(literal("0" * _PADDED) + _item.reference, func.length(_item.reference) + 1),
    )
    by_reference = [
        _pair().join(
            _money,
            and_(
                same_reference,
                _money.amount_rial == _item.amount_rial,
                _money.terminal_id == SettlementReport.terminal_id,
            ),
        )
        for same_reference in (_money.reference == _item.reference, is_padded)
    ]
    by_order = (
        _pair()
        .join(Terminal, Terminal.id == SettlementReport.terminal_id)
        .join(
            Payment,
            and_(Payment.gateway == Terminal.name, Payment.order_number == _item.order_number),
        )
        .join(
            _money,
            and_(
                _money.reference == func.coalesce(Payment.trace_number, Payment.bank_reference),
                _money.amount_rial == _item.amount_rial,
                _money.terminal_id == SettlementReport.terminal_id,
                _money.source == MoneySource.PAYMENT,
                _money.source_id == Payment.id,
            ),
        )
    )
    return union(*by_reference, by_order)


def _pair() -> Select[*tuple[Any, ...]]:
    return (
        select(
            _item.report_id,
            _item.id.label("item_id"),
            _item.fee_rial,
            _money.terminal_id,
            _money.business_day,
            _money.source,
            _money.source_id,
        )
        .select_from(_item)
        .join(SettlementReport, SettlementReport.id == _item.report_id)
        .where(_item.report_id.in_(bindparam("reports", expanding=True)))
    )
