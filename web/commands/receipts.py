"""``receipts issue|render|verify``."""

from pathlib import Path

import click

from core.jalali import jalali_plain
from core.refusals import NotFound
from core.words import _
from donations.models.contribution import Contribution
from receipts.issuing import issue_receipt, receipt_pdf
from receipts.verifying import receipt_with, verify
from web.commands.frame import CommandGroup, answer, as_json
from web.services import current

receipts = CommandGroup("receipts", help="Receipts.")


@receipts.command("issue")
@click.argument("contribution_id", type=int)
@as_json
def issue(contribution_id: int, *, as_json: bool) -> None:
    """Issue the receipt of a contribution; one that has its receipt keeps it."""
    with current.database.writing() as session:
        if session.get(Contribution, contribution_id) is None:
            raise NotFound(subject="contribution")
        number = issue_receipt(session, contribution_id, now=current.now()).number
    answer({"number": number}, [number], as_json=as_json)


@receipts.command("render")
@click.argument("number")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="The file to write; named after the number where it is not given.",
)
@as_json
def render(number: str, output: Path | None, *, as_json: bool) -> None:
    """Write the PDF of a receipt: the same bytes each time."""
    with current.database.reading() as session:
        receipt = receipt_with(session, number)
        pdf = receipt_pdf(session, receipt)
    file = output or Path(f"{receipt.number.replace('/', '-')}.pdf")
    file.write_bytes(pdf)
    facts = {"number": receipt.number, "file": str(file), "size_bytes": len(pdf)}
    answer(facts, [str(file)], as_json=as_json)


@receipts.command("verify")
@click.argument("number")
@click.option("--key", default="", help="The key in the QR code; it shows amount and name.")
@as_json
def verify_receipt(number: str, key: str, *, as_json: bool) -> None:
    """Say whether a receipt is ours and stands; exit code 1 when there is none such."""
    with current.database.reading() as session:
        found = verify(session, number, key)
    facts: dict[str, object] = {
        "number": found.number,
        "valid": found.is_valid,
        "issued_on": found.issued_on.isoformat(),
        "void_since": found.void_since.isoformat() if found.void_since else None,
    }
    if found.details is not None:
        facts |= {
            "kind": found.details.kind,
            "amount_rial": found.details.amount_rial,
            "donor": found.details.masked_name,
        }
    state = _("stands") if found.is_valid else _("void")
    answer(facts, [f"{found.number}\t{jalali_plain(found.issued_on)}\t{state}"], as_json=as_json)
