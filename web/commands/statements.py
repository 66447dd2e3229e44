"""``statements import`` and ``reconcile run|report|undo|rebuild``."""

from pathlib import Path

import click

from core.rial import format_rial
from core.words import _, spoken
from flows.importing import import_statement
from flows.rebuilding import rebuild_work_tables
from flows.reconciling import run
from flows.undoing import undo_run
from reconciliation.importing import ImportReport
from reconciliation.reporting import report_lines, totals
from reconciliation.statements.doors import formats, visit_all
from reconciliation.statements.recognise import AUTO
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

statements = CommandGroup("statements", help="The bank's statements.")
reconcile = CommandGroup("reconcile", help="Explaining the lines of the statements.")


@statements.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", default="90190", show_default=True, help="Number of the account.")
@click.option(
    "--format",
    "format_",
    type=click.Choice([AUTO, *formats()]),
    default=AUTO,
    show_default=True,
)
@click.option("--dry-run", is_flag=True, help="Only look: nothing is stored.")
@click.option(
    "--opening-rial",
    type=int,
    help="Balance before the file, for the first file of an account whose files tell none.",
)
@as_json
def import_file(
    file: Path,
    account: str,
    format_: str,
    *,
    dry_run: bool,
    opening_rial: int | None,
    as_json: bool,
) -> None:
    """Import a statement file, whole or not at all; what is known is not taken twice."""
    done = import_statement(
        current.database,
        file,
        file.name,
        account=account,
        format=format_,
        dry_run=dry_run,
        opening_rial=opening_rial,
        now=current.now(),
    )
    answer(done.as_json(), _lines_of_import(done, dry_run=dry_run), as_json=as_json)


@statements.command("formats")
@as_json
def list_formats(*, as_json: bool) -> None:
    """List the readers of statements that are installed, with why one is refused."""
    visited = visit_all()
    lines = [
        f"✗ {each.door.slug}\t{each.door.package} {each.door.version}\t"
        + _("refused: {reason}").format(reason=each.refusal.told(spoken()))
        if each.refusal
        else f"✓ {each.door.slug}\t{each.door.package} {each.door.version}"
        for each in visited
    ]
    told = [
        {
            "name": each.door.slug,
            "package": each.door.package,
            "version": each.door.version,
            "refusal": each.refusal.told(spoken()) if each.refusal else None,
        }
        for each in visited
    ]
    answer(told, lines, as_json=as_json)


@reconcile.command("run")
@as_json
def run_rules(*, as_json: bool) -> None:
    """Let every sure rule look at everything that is open."""
    done = run(current.database, now=current.now())
    lines = [
        _("Run {run}: {matched} lines explained, {open} open, {suggested} with suggestions").format(
            run=done.run, matched=done.matched, open=done.open, suggested=done.suggested
        ),
        *(f"  {rule}: {count}" for rule, count in done.by_rule.items()),
    ]
    answer(done.as_json(), lines, as_json=as_json)


@reconcile.command("report")
@as_json
def report(*, as_json: bool) -> None:
    """Show every line with its state and reason."""
    with current.database.reading() as session:
        lines = list(report_lines(session))
        sums = totals(session).as_json()
    told = ["\t".join(str(value) for value in line.values() if value is not None) for line in lines]
    told.append(
        _("{lines} lines; {matched_lines} explained, {open_lines} open: {rial}").format(
            rial=format_rial(sums["open_rial"]), **sums
        )
    )
    answer({"lines": lines, "totals": sums}, told, as_json=as_json)


@reconcile.command("undo")
@click.argument("run_id", type=int)
@click.option(
    "--reason",
    default="on the command line",
    show_default=True,
    help="Why; it is written down with every match.",
)
@as_json
def undo(run_id: int, reason: str, *, as_json: bool) -> None:
    """Undo every match of a run that still stands."""
    count = undo_run(current.database, run_id, reason=reason, now=current.now())
    line = _("{count} lines are open again").format(count=count)
    answer({"run": run_id, "undone": count}, [line], as_json=as_json)


@reconcile.command("rebuild")
@as_json
def rebuild(*, as_json: bool) -> None:
    """Make the work tables anew from the facts; the books do not change."""
    with current.database.writing() as session:
        rows = rebuild_work_tables(session)
    lines = [f"{table}: {count}" for table, count in rows.items()]
    answer(dict(rows), lines, as_json=as_json)


def _lines_of_import(done: ImportReport, *, dry_run: bool) -> list[str]:
    lines = [
        _("{file} ({format}), account {account}: {rows} rows, {new} new, {known} known").format(
            file=done.file,
            format=done.format,
            account=done.account,
            rows=done.rows,
            new=done.new,
            known=done.known,
        ),
        _("Balance before: {opening}, after: {closing}").format(
            opening=format_rial(done.opening_rial), closing=format_rial(done.closing_rial)
        ),
    ]
    return [*lines, _("Nothing was stored.")] if dry_run else lines
