"""Receipts of a partner's own pledges: what they say, whether they stand, and the PDF."""

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from core.jalali import jalali_plain
from core.refusals import NotFound
from donations.models.contribution import Contribution, ContributionLine
from donations.models.pledge import Pledge
from offices.places import Office
from receipts.documents.organisation import verify_url
from receipts.life.drawing import receipt_pdf
from receipts.life.files import receipt_files
from receipts.life.numbering import UnreadableNumber, number_in_address, parse_number
from receipts.life.series import Receipt
from web.api.answers import ReceiptLine, ReceiptNamed, ReceiptStanding, quantity_said
from web.api.gate import partner
from web.api.problems import PREFIX
from web.services import current


def show_receipt(number: str) -> ResponseReturnValue:
    """Tell what a receipt says and whether it stands."""
    with current.database.reading() as session:
        receipt, contribution = _own_receipt(session, number)
        standing = ReceiptStanding(
            **receipt_named(receipt).model_dump(),
            tracking_code=contribution.pledge.tracking_code,
            office=session.get_one(Office, contribution.office_id).code,
            issued_on=receipt.issued_on,
            issued_on_jalali=jalali_plain(receipt.issued_on),
            lines=[_line(line) for line in contribution.lines],
        )
    return Response(standing.model_dump_json(exclude_none=True), mimetype="application/json")


def show_receipt_pdf(number: str) -> ResponseReturnValue:
    """Give a receipt as a PDF; a void one says so."""
    with current.database.reading() as session:
        receipt, _contribution = _own_receipt(session, number)
        pdf = receipt_pdf(session, receipt, files=receipt_files(current.settings))
    name = number_in_address(receipt.number)
    return Response(
        pdf,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'attachment; filename="{name}.pdf"'},
    )


def receipt_named(receipt: Receipt) -> ReceiptNamed:
    """A receipt with the addresses of its PDF and of the page that verifies it."""
    name = number_in_address(receipt.number)
    return ReceiptNamed(
        number=name,
        kind=receipt.kind,
        amount_rial=receipt.amount_rial,
        pdf_url=f"{current.settings.public_url}{PREFIX}/receipts/{name}.pdf",
        verify_url=verify_url(name, receipt.verify_key),
        state=receipt.state,
        is_void=receipt.void is not None,
        replaced_by=_number_of(receipt.replaced_by),
        replaces=_number_of(receipt.replaces),
    )


def _own_receipt(session: Session, number: str) -> tuple[Receipt, Contribution]:
    """A receipt for a pledge of this partner. Raises NotFound for every other."""
    try:
        stored_number = parse_number(number)
    except UnreadableNumber:
        raise NotFound(subject="receipt") from None
    found = session.execute(
        select(Receipt, Contribution)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .where(Receipt.number == stored_number, Pledge.api_key_id == partner().api_key_id)
        .options(
            joinedload(Receipt.void),
            joinedload(Receipt.replaced_by),
            joinedload(Receipt.replaces),
            joinedload(Contribution.pledge),
            selectinload(Contribution.lines).joinedload(ContributionLine.fund),
        )
    ).one_or_none()
    if found is None:
        raise NotFound(subject="receipt")
    receipt, contribution = found
    return receipt, contribution


def _number_of(other: Receipt | None) -> str | None:
    return None if other is None else number_in_address(other.number)


def _line(line: ContributionLine) -> ReceiptLine:
    thousandths = line.quantity_thousandths
    return ReceiptLine(
        kind=line.kind,
        fund=line.fund.code,
        amount_rial=line.amount_rial,
        quantity=None if thousandths is None else quantity_said(thousandths),
        hours=line.hours,
    )
