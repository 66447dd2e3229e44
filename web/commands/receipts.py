"""``receipts issue|render|verify``, and the group of what else there is about receipts."""

from collections.abc import Mapping
from pathlib import Path

import click

from core.jalali import jalali_plain
from core.refusals import NotFound
from core.words import Later
from donations.models.contribution import Contribution
from receipts.life.drawing import receipt_pdf
from receipts.life.files import receipt_files
from receipts.life.issuing import issue_receipt
from receipts.life.series import ReceiptState
from receipts.public.verifying import receipt_with, verify
from web.commands.annual import annual
from web.commands.frame import CommandGroup, answer, as_json
from web.commands.proving import verify_file
from web.services import current

receipts = CommandGroup("receipts", help="Receipts.")
receipts.add_command(annual)
_STATES: Mapping[ReceiptState, Later] = {
    ReceiptState.ISSUED: Later("stands"),
    ReceiptState.VOID: Later("void"),
    ReceiptState.REPLACED: Later("replaced"),
}


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
        pdf = receipt_pdf(session, receipt, files=receipt_files(current.settings))
    file = output or Path(f"{receipt.number.replace('/', '-')}.pdf")
    file.write_bytes(pdf)
    facts = {"number": receipt.number, "file": str(file), "size_bytes": len(pdf)}
    answer(facts, [str(file)], as_json=as_json)


@receipts.command("verify")
@click.argument("number")
@click.option("--key", default="", help="The key in the QR code; it shows amount and name.")
@click.option(
    "--trusted",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="For a file: the certificates whose seal counts; those of the settings where not given.",
)
@click.option("--offline", is_flag=True, help="For a file: check its seal and ask no database.")
@as_json
def verify_receipt(
    number: str, key: str, *, trusted: Path | None, offline: bool, as_json: bool
) -> None:
    """Say whether a receipt, by its NUMBER or as a FILE, is ours and stands.

    Exit code 1 when there is no such receipt, or when the file is not genuine.
    """
    if (path := Path(number)).is_file():
        verify_file(path, trusted=trusted, offline=offline, as_json=as_json)
        return
    with current.database.reading() as session:
        found = verify(session, number, key)
    facts: dict[str, object] = {
        "number": found.number,
        "valid": found.is_valid,
        "state": found.state,
        "issued_on": found.issued_on.isoformat(),
        "void_since": found.void_since.isoformat() if found.void_since else None,
    }
    if found.details is not None:
        facts |= {
            "kind": found.details.kind,
            "amount_rial": found.details.amount_rial,
            "donor": found.details.masked_name,
            "replaced_by": found.details.replaced_by,
        }
    state = str(_STATES[found.state])
    answer(facts, [f"{found.number}\t{jalali_plain(found.issued_on)}\t{state}"], as_json=as_json)
