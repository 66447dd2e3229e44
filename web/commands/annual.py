"""``receipts annual YEAR``: the statements of a year for all donors, in files of a thousand."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from core.clock import tehran_date
from core.words import _
from receipts.pdf.writing import BATCH_LIMIT
from receipts.public.yearly import Finished, planned, write_statements
from web.commands.frame import ToldCommand, answer, as_json
from web.services import current

_OLDEST, _LATEST = 1380, 1499


@click.command("annual", cls=ToldCommand)
@click.argument("year", type=click.IntRange(_OLDEST, _LATEST))
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files go; in the instance folder where it is not given.",
)
@click.option(
    "--per-file",
    type=click.IntRange(1, BATCH_LIMIT),
    default=BATCH_LIMIT,
    show_default=True,
    help="Statements in one file; counts for a folder that has no plan yet.",
)
@as_json
@with_appcontext
def annual(year: int, *, folder: Path | None, per_file: int, as_json: bool) -> None:
    """Write the statements of a Jalali YEAR for all donors who have receipts.

    May be interrupted and asked again: what is there is kept, what is missing is written.
    """
    place = folder or current.settings.instance_dir / "annual" / str(year)
    today = tehran_date(current.now())
    plan = planned(current.database, place, year=year, today=today, per_file=per_file)
    done: list[Finished] = []
    for finished in write_statements(current.database, place, plan):
        done.append(finished)
        _tell(len(done), len(plan.files), finished)
    facts = {
        "year": year,
        "folder": str(place),
        "statements": plan.statements,
        "files": [
            {
                "file": each.file.name,
                "statements": each.file.statements,
                "size_bytes": each.size_bytes,
                "sha256": each.sha256,
            }
            for each in done
        ],
    }
    answer(facts, [f"{each.sha256}  {place / each.file.name}" for each in done], as_json=as_json)


def _tell(number: int, of: int, finished: Finished) -> None:
    """Progress, beside the answer and not in it."""
    state = _("written") if finished.is_new else _("was there")
    click.echo(f"{number}/{of} {finished.file.name} ({finished.file.statements}) {state}", err=True)
