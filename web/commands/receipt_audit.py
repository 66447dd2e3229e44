"""``receipts audit``: the auditor's list 1..N, and what in it nobody can explain."""

import sys

import click

from core.words import _, spoken
from receipts.life.audit_report import AuditReport, audit
from receipts.life.auditing import SeriesStanding, Wanted
from receipts.life.files import ReceiptFiles
from web.commands.frame import answer, as_json
from web.commands.receipts import receipts
from web.services import current

__all__ = ["audit_receipts", "receipts"]


@receipts.command("audit")
@click.option("--year", type=int, help="One Jalali year, such as 1404.")
@click.option("--office", "office_code", help="One desk by its code, such as 07.")
@click.option("--files", "with_files", is_flag=True, help="Compare every kept file as well.")
@as_json
def audit_receipts(
    year: int | None, office_code: str | None, *, with_files: bool, as_json: bool
) -> None:
    """Prove that every number is there, as issued, and explained; exit code 1 when not."""
    files = ReceiptFiles(current.settings.receipt_files) if with_files else None
    with current.database.reading() as session:
        report = audit(session, Wanted(year, office_code), files=files)
    answer(_facts(report), _lines(report), as_json=as_json)
    if not report.ok:
        sys.exit(1)


def _facts(report: AuditReport) -> dict[str, object]:
    return {
        "ok": report.ok,
        "series": [_series_facts(each) for each in report.series],
        "checks": [
            {"name": each.name, "ok": each.ok, "troubles": each.troubles} for each in report.proofs
        ],
        "unchained": report.unchained,
    }


def _series_facts(each: SeriesStanding) -> dict[str, object]:
    return {
        "series": f"{each.year}/{each.office_code}",
        "last": each.last,
        "standing": each.standing,
        "void": each.void,
        "replaced": each.replaced,
        "unused": each.unused,
        "allotted": each.allotted,
        "missing": each.missing,
    }


def _lines(report: AuditReport) -> list[str]:
    lines = [
        _(
            "{series}\t1 to {last}: {standing} stand, {void} void, {replaced} replaced\t{office}"
        ).format(
            series=f"{each.year}/{each.office_code}",
            last=each.last,
            standing=each.standing,
            void=each.void,
            replaced=each.replaced,
            office=each.office_en if spoken() == "en" else each.office_fa,
        )
        for each in report.series
    ]
    for proof in report.proofs:
        lines.append(f"{'✓' if proof.ok else '✗'} {proof.title}")
        lines += [f"    {trouble}" for trouble in proof.troubles]
    if report.unchained:
        lines.append(_("{rows} receipts are not chained yet").format(rows=report.unchained))
    return lines
