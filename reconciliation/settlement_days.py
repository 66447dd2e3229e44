"""The gateways' leg of a day: what terminals were paid out by their lists, and by the statement.

For one account and one day: what the providers' reports and our settlements say was paid out, the
rows of the statement that answer, and what of it does not agree, named from a closed list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import groupby

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from ledger.terminals import Terminal
from reconciliation.batches import open_batches
from reconciliation.expected import OpenLine
from reconciliation.line_classes import LineClass
from reconciliation.lines import StatementLine
from reconciliation.matches import (
    Match,
    MatchUndo,
    Settlement,
    SettlementDifference,
    Target,
)
from reconciliation.reports import ReportedSettlement, SettlementReport


class PayoutSource(StrEnum):
    """Who says that a terminal was paid out."""

    REPORT = "report"  # the provider's own list
    BATCH = "batch"  # our payments up to a cut-off, or a single one under its reference


class LegDifference(StrEnum):
    """Why the pay-outs of a day and the rows of the statement do not agree; nothing else is."""

    LUMP_UNEXPLAINED = "lump_unexplained"  # a pay-out on the statement that nothing explains
    LUMP_OF_NO_TERMINAL = "lump_of_no_terminal"  # one that names no terminal of the register
    REPORT_NOT_PAID = "report_not_paid"  # a report says it was paid that day; no row answers
    NOT_PAID_IN_TIME = "not_paid_in_time"  # the window of a batch ended that day or before
    ROUNDING = "rounding"  # of an explained row, as are those below
    FEE = "fee"
    REFUND = "refund"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Payout:
    """A pay-out by a report or by our books: gross less fee is net, in rials."""

    source: PayoutSource
    business_day: date
    item_count: int
    gross_rial: int
    fee_rial: int
    net_rial: int
    report_id: int | None
    settlement_id: int | None
    line_id: int | None  # the row of the statement that answers


@dataclass(frozen=True, slots=True)
class Lump:
    """A row of the statement that pays a terminal out; open where no settlement explains it."""

    line_id: int
    amount_rial: int
    settlement_id: int | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference; positive where the statement shows more than the lists, in rials."""

    kind: LegDifference
    amount_rial: int
    since: date  # from which its age counts
    line_id: int | None = None
    report_id: int | None = None
    settlement_id: int | None = None


@dataclass(frozen=True, slots=True)
class GatewayLeg:
    """One terminal on one day. ``terminal`` is empty for rows that name none of the register.

    ``gross_rial``, ``fee_rial`` and ``net_rial`` are the sums of ``payouts``, ``lump_rial`` of
    ``lumps``. Net and lumps differ by the differences but NOT_PAID_IN_TIME, which is no movement
    of the day.
    """

    terminal_id: int | None
    terminal: str
    payouts: Sequence[Payout]
    lumps: Sequence[Lump]
    differences: Sequence[Difference]

    @property
    def gross_rial(self) -> int:
        return sum(payout.gross_rial for payout in self.payouts)

    @property
    def fee_rial(self) -> int:
        return sum(payout.fee_rial for payout in self.payouts)

    @property
    def net_rial(self) -> int:
        return sum(payout.net_rial for payout in self.payouts)

    @property
    def lump_rial(self) -> int:
        return sum(lump.amount_rial for lump in self.lumps)


def gateway_legs(session: Session, bank_account_id: int, day: date) -> list[GatewayLeg]:
    """The legs of a day, one for each terminal of the account with something to say.

    Five queries, whatever the day holds; rows that name no terminal come last.
    """
    of_account = session.execute(
        select(Terminal.id, Terminal.name)
        .where(Terminal.bank_account_id == bank_account_id)
        .order_by(Terminal.name)
    )
    names = dict(of_account.all())
    settled = _settled(session, bank_account_id, day)
    open_lumps = _open_lumps(session, bank_account_id, day)
    unanswered = _unanswered(session, names, day, settled)
    late = _late(session, names, day)
    legs = [
        _leg(
            terminal_id,
            name,
            day,
            settled.get(terminal_id, ()),
            open_lumps.get(terminal_id, ()),
            unanswered.get(terminal_id, ()),
            late.get(terminal_id, ()),
        )
        for terminal_id, name in [*names.items(), (None, "")]
    ]
    return [leg for leg in legs if leg.payouts or leg.lumps or leg.differences]


@dataclass(frozen=True, slots=True)
class _Settled:
    payout: Payout
    lump_rial: int
    differences: Sequence[Difference]


def _leg(
    terminal_id: int | None,
    name: str,
    day: date,
    settled: Sequence[_Settled],
    open_lumps: Sequence[Lump],
    unanswered: Sequence[Payout],
    late: Sequence[Difference],
) -> GatewayLeg:
    unexplained = (
        LegDifference.LUMP_OF_NO_TERMINAL if terminal_id is None else LegDifference.LUMP_UNEXPLAINED
    )
    return GatewayLeg(
        terminal_id=terminal_id,
        terminal=name,
        payouts=[*(each.payout for each in settled), *unanswered],
        lumps=[
            *(
                Lump(each.payout.line_id or 0, each.lump_rial, each.payout.settlement_id)
                for each in settled
            ),
            *open_lumps,
        ],
        differences=[
            *(difference for each in settled for difference in each.differences),
            *(
                Difference(unexplained, lump.amount_rial, day, line_id=lump.line_id)
                for lump in open_lumps
            ),
            *(
                Difference(
                    LegDifference.REPORT_NOT_PAID,
                    -payout.net_rial,
                    day,
                    report_id=payout.report_id,
                )
                for payout in unanswered
            ),
            *late,
        ],
    )


def _settled(
    session: Session, bank_account_id: int, day: date
) -> Mapping[int | None, list[_Settled]]:
    """What the explained rows of the day paid out, by terminal."""
    rows = session.execute(
        select(Settlement, StatementLine, ReportedSettlement.report_id)
        .join_from(Match, Settlement, Match.target_id == Settlement.id)
        .join(StatementLine, StatementLine.id == Match.line_id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .outerjoin(ReportedSettlement, ReportedSettlement.settlement_id == Settlement.id)
        .where(
            Match.target == Target.SETTLEMENT,
            MatchUndo.id.is_(None),
            StatementLine.bank_account_id == bank_account_id,
            StatementLine.booked_on == day,
        )
        .order_by(Settlement.terminal_id, Settlement.id)
    ).all()
    named = _named(session, [row.Settlement.id for row in rows])
    found: dict[int | None, list[_Settled]] = {}
    for settlement, line, report_id in rows:
        differences = [
            Difference(
                LegDifference(each.kind.value),
                -each.amount_rial,
                day,
                line_id=line.id,
                settlement_id=settlement.id,
            )
            for each in named.get(settlement.id, ())
        ]
        payout = Payout(
            source=PayoutSource.BATCH if report_id is None else PayoutSource.REPORT,
            business_day=settlement.business_day,
            item_count=settlement.item_count,
            gross_rial=settlement.gross_rial,
            fee_rial=settlement.fee_rial,
            net_rial=settlement.net_rial,
            report_id=report_id,
            settlement_id=settlement.id,
            line_id=line.id,
        )
        found.setdefault(settlement.terminal_id, []).append(
            _Settled(payout, line.amount_rial, differences)
        )
    return found


def _named(
    session: Session, settlement_ids: Sequence[int]
) -> Mapping[int, list[SettlementDifference]]:
    rows = session.scalars(
        select(SettlementDifference)
        .where(SettlementDifference.settlement_id.in_(settlement_ids))
        .order_by(SettlementDifference.settlement_id, SettlementDifference.id)
    )
    return {id_: list(each) for id_, each in groupby(rows, lambda row: row.settlement_id)}


def _open_lumps(
    session: Session, bank_account_id: int, day: date
) -> Mapping[int | None, list[Lump]]:
    rows = session.execute(
        select(Terminal.id, StatementLine.id, StatementLine.amount_rial)
        .join_from(OpenLine, StatementLine, StatementLine.id == OpenLine.line_id)
        .outerjoin(
            Terminal,
            and_(
                Terminal.bank_account_id == StatementLine.bank_account_id,
                func.ltrim(Terminal.bank_terminal_id, "0") == StatementLine.terminal,
            ),
        )
        .where(
            OpenLine.bank_account_id == bank_account_id,
            OpenLine.booked_on == day,
            OpenLine.amount_rial > 0,
            StatementLine.line_class == LineClass.SETTLEMENT,
        )
        .order_by(StatementLine.id)
    )
    found: dict[int | None, list[Lump]] = {}
    for terminal_id, line_id, amount_rial in rows:
        found.setdefault(terminal_id, []).append(Lump(line_id, amount_rial, None))
    return found


def _unanswered(
    session: Session,
    names: Mapping[int, str],
    day: date,
    settled: Mapping[int | None, Sequence[_Settled]],
) -> Mapping[int | None, list[Payout]]:
    """Reports of the day that explain no row of it and whose amount no settlement of it has."""
    reports = session.scalars(
        select(SettlementReport)
        .where(SettlementReport.terminal_id.in_(names), SettlementReport.paid_on == day)
        .order_by(SettlementReport.terminal_id, SettlementReport.id)
    )
    found: dict[int | None, list[Payout]] = {}
    for terminal_id, of_terminal in groupby(reports, lambda report: report.terminal_id):
        told = settled.get(terminal_id, ())
        used = {each.payout.report_id for each in told}
        amounts = [each.lump_rial for each in told if each.payout.report_id is None]
        for report in of_terminal:
            if report.id in used:
                continue
            if report.net_rial in amounts:  # explained by our own batch before the report came
                amounts.remove(report.net_rial)
                continue
            found.setdefault(terminal_id, []).append(_told(report))
    return found


def _told(report: SettlementReport) -> Payout:
    return Payout(
        source=PayoutSource.REPORT,
        business_day=report.last_on,
        item_count=report.item_count,
        gross_rial=report.gross_rial,
        fee_rial=report.fee_rial,
        net_rial=report.net_rial,
        report_id=report.id,
        settlement_id=None,
        line_id=None,
    )


def _late(
    session: Session, names: Mapping[int, str], day: date
) -> Mapping[int | None, Sequence[Difference]]:
    """Batches that should have been paid out by the end of the day and were not."""
    found: dict[int | None, list[Difference]] = {}
    for batch in open_batches(session):
        if batch.terminal_id in names and batch.last_day <= day:
            found.setdefault(batch.terminal_id, []).append(
                Difference(LegDifference.NOT_PAID_IN_TIME, -batch.net_rial, batch.last_day)
            )
    return found
