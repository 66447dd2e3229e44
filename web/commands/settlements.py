"""``settlements import``: a provider's list of what it paid out."""

from pathlib import Path

import click

from core.jalali import parse_jalali
from core.rial import format_rial, parse_rial
from core.words import _
from flows.settlement_reports import Said, TakenReports, import_report
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

settlements = CommandGroup("settlements", help="What the providers say they paid out.")


@settlements.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--terminal", required=True, help="Our name of the terminal.")
@click.option("--paid-on", help="Day of the pay-out, such as 1405/09/01.")
@click.option("--reference", help="The pay-out's reference as the statement carries it.")
@click.option("--amount", help="What was paid out in all, in rials.")
@click.option("--not-final", is_flag=True, help="The provider may still add to this pay-out.")
@as_json
def import_file(
    file: Path,
    terminal: str,
    paid_on: str | None,
    reference: str | None,
    amount: str | None,
    *,
    not_final: bool,
    as_json: bool,
) -> None:
    """Take in a settlement report, whole or not at all; a file that is known adds nothing."""
    said = Said(
        is_final=not not_final,
        paid_on=None if paid_on is None else parse_jalali(paid_on),
        payout_reference=reference,
        payout_rial=None if amount is None else parse_rial(amount),
    )
    taken = import_report(
        current.database, file, file.name, terminal=terminal, said=said, now=current.now()
    )
    answer(taken.as_json(), _lines(taken), as_json=as_json)


def _lines(taken: TakenReports) -> list[str]:
    lines = [
        _("{terminal}: {items} rows, gross {gross}, fee {fee}, paid out {net}").format(
            terminal=taken.terminal,
            items=taken.items,
            gross=format_rial(taken.gross_rial),
            fee=format_rial(taken.fee_rial),
            net=format_rial(taken.net_rial),
        )
    ]
    return lines if taken.new else [*lines, _("This very file was taken in before.")]
