"""``ledger check|export``."""

import sys
from typing import IO

import click

from core.words import _
from flows.checking import Check, check_ledger
from flows.exporting import export_beancount
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

_FORMATS = {"beancount": export_beancount}

ledger = CommandGroup("ledger", help="The books.")


@ledger.command("check")
@as_json
def check(*, as_json: bool) -> None:
    """Prove that the books are whole; exit code 1 when they are not."""
    with current.database.reading() as session:
        report = check_ledger(session)
    facts = {"ok": report.ok, "checks": [_facts(each) for each in report.checks]}
    verdict = _("The books are whole.") if report.ok else _("The books are NOT whole.")
    answer(facts, [*(_line(each) for each in report.checks), verdict], as_json=as_json)
    if not report.ok:
        sys.exit(1)


@ledger.command("export")
@click.option("--format", "format_", type=click.Choice(list(_FORMATS)), default="beancount")
@click.option("--output", type=click.File("w", encoding="utf-8", atomic=True), default="-")
def export(format_: str, output: IO[str]) -> None:
    """Write the whole books as a journal that another program can check."""
    with current.database.reading() as session:
        for line in _FORMATS[format_](session):
            click.echo(line, file=output)


def _facts(each: Check) -> dict[str, object]:
    facts: dict[str, object] = {"name": each.name, "ok": each.ok}
    return facts if each.detail is None else {**facts, "detail": each.detail}


def _line(each: Check) -> str:
    told = f"{'✓' if each.ok else '✗'} {each.title}"
    return told if each.detail is None else f"{told}: {each.detail}"
