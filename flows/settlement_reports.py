"""Taking a provider's list of a pay-out in: whole, once, in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.confined import Limits
from core.database import Database
from core.refusals import NotFound
from core.uploads import Source, on_disk, sha256_of_file
from ledger.terminals import Terminal
from offices.audit import note
from reconciliation.mappings import ColumnMapping, report_mapping
from reconciliation.parsing_tables import LIMITS, parsed_report
from reconciliation.report_files import Listed, payouts_of
from reconciliation.report_rows import HEADINGS
from reconciliation.reported import (
    ReportSource,
    known_reports,
    locked_terminal,
    store_reports,
    terms_by_day,
)
from reconciliation.reports import SettlementReport
from reconciliation.statements.day_forms import USUAL


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says about a list that it may not say itself."""

    is_final: bool = True
    paid_on: date | None = None
    payout_reference: str | None = None
    payout_rial: int | None = None


@dataclass(frozen=True, slots=True)
class TakenReports:
    """What came of a file, in rials; ``new`` is false for a file that was taken in before."""

    terminal: str
    new: bool
    report_ids: Sequence[int]
    items: int
    gross_rial: int
    fee_rial: int
    net_rial: int

    def as_json(self) -> dict[str, object]:
        return {
            "terminal": self.terminal,
            "new": self.new,
            "reports": list(self.report_ids),
            "items": self.items,
            "gross_rial": self.gross_rial,
            "fee_rial": self.fee_rial,
            "net_rial": self.net_rial,
        }


def import_report(
    database: Database,
    source: Source,
    name: str,
    *,
    terminal: str,
    said: Said | None = None,
    handed_in_by_id: int | None = None,
    now: datetime,
    limits: Limits = LIMITS,
) -> TakenReports:
    """Take in a settlement report of one terminal. The same file again adds nothing.

    Raises NotFound and the Refusals of ``reconciliation.report_rows`` and ``statements.refusals``.
    """
    with on_disk(source) as file:
        handed_in = ReportSource(name=name, sha256=sha256_of_file(file), **asdict(said or Said()))
        with database.reading() as session:
            register = _terminal(session, terminal)
            known = known_reports(session, register.id, handed_in.sha256)
            if known:
                return _taken(register, known, new=False)
            mapping = report_mapping(session, register.id, today=tehran_date(now))
            terms = terms_by_day(session, register.id)
        rows = parsed_report(
            file,
            terminal_digits=register.bank_terminal_id,
            names=_names(mapping),
            days=USUAL if mapping is None else mapping.days,
            limits=limits,
        )
    payouts = payouts_of(rows, terms)
    with database.writing() as session:
        return _stored(
            session, register.id, payouts, handed_in, handed_in_by_id=handed_in_by_id, now=now
        )


def _terminal(session: Session, name: str) -> Terminal:
    register = session.scalars(select(Terminal).where(Terminal.name == name)).one_or_none()
    if register is None:
        raise NotFound(subject="terminal")
    return register


def _stored(
    session: Session,
    terminal_id: int,
    payouts: Sequence[Listed],
    source: ReportSource,
    *,
    handed_in_by_id: int | None,
    now: datetime,
) -> TakenReports:
    """Write the reports, unless somebody handed the same file in while we were reading."""
    register = locked_terminal(session, terminal_id)
    known = known_reports(session, register.id, source.sha256)
    if known:
        return _taken(register, known, new=False)
    reports = store_reports(
        session, register, payouts, source, handed_in_by_id=handed_in_by_id, now=now
    )
    note(
        session,
        "settlement_report.import",
        subject="settlement_report",
        subject_id=reports[0].id,
        now=now,
        actor_id=handed_in_by_id,
        terminal=register.name,
        sha256=source.sha256,
    )
    return _taken(register, reports, new=True)


def _names(saved: ColumnMapping | None) -> Mapping[str, Sequence[str]]:
    """The headings of each field: those that were saved for the terminal, else those we know."""
    return HEADINGS if saved is None else {field: (name,) for field, name in saved.columns.items()}


def _taken(terminal: Terminal, reports: Sequence[SettlementReport], *, new: bool) -> TakenReports:
    return TakenReports(
        terminal=terminal.name,
        new=new,
        report_ids=[report.id for report in reports],
        items=sum(report.item_count for report in reports),
        gross_rial=sum(report.gross_rial for report in reports),
        fee_rial=sum(report.fee_rial for report in reports),
        net_rial=sum(report.net_rial for report in reports),
    )
