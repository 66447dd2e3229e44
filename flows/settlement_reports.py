"""Taking a provider's list of a pay-out in: whole, once, in one transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.database import Database
from core.refusals import NotFound
from ledger.terminals import Terminal
from offices.audit import note
from reconciliation.mappings import report_columns
from reconciliation.report_files import HEADINGS, read_report
from reconciliation.reported import Source, known_reports, store_reports, terms_by_day
from reconciliation.reports import SettlementReport
from reconciliation.statements.recognise import opened

_CHUNK_BYTES = 1 << 20


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
    source: Path | bytes,
    name: str,
    *,
    terminal: str,
    said: Said | None = None,
    handed_in_by_id: int | None = None,
    now: datetime,
) -> TakenReports:
    """Take in a settlement report of one terminal. The same file again adds nothing.

    Raises NotFound and the Refusals of ``reconciliation.report_files`` and ``statements.refusals``.
    """
    said = said or Said()
    with opened(source) as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
        file.seek(0)
        handed_in = Source(
            name=name,
            sha256=digest.hexdigest(),
            is_final=said.is_final,
            paid_on=said.paid_on,
            payout_reference=said.payout_reference,
            payout_rial=said.payout_rial,
        )
        with database.reading() as session:
            register = session.scalars(
                select(Terminal).where(Terminal.name == terminal)
            ).one_or_none()
            if register is None:
                raise NotFound(subject="terminal")
            known = known_reports(session, register.id, handed_in.sha256)
            if known:
                return _taken(register, known, new=False)
            payouts = read_report(
                file,
                terminal_digits=register.bank_terminal_id,
                terms_on=terms_by_day(session, register.id),
                names=_names(session, register.id, now=now),
            )
    with database.writing() as session:
        # Somebody may have handed the same file in while we were reading.
        reports = known_reports(session, register.id, handed_in.sha256)
        if reports:
            return _taken(register, reports, new=False)
        reports = store_reports(
            session, register, payouts, handed_in, handed_in_by_id=handed_in_by_id, now=now
        )
        note(
            session,
            "settlement_report.import",
            subject="settlement_report",
            subject_id=reports[0].id,
            now=now,
            actor_id=handed_in_by_id,
            terminal=terminal,
            sha256=handed_in.sha256,
        )
        return _taken(register, reports, new=True)


def _names(session: Session, terminal_id: int, *, now: datetime) -> Mapping[str, Sequence[str]]:
    """The headings of each field: those that were saved for the terminal, else those we know."""
    saved = report_columns(session, terminal_id, today=tehran_date(now))
    return HEADINGS if saved is None else {field: (name,) for field, name in saved.items()}


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
