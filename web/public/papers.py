"""A receipt on the screen and as a file, for whoever holds a key to it."""

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.refusals import NotFound
from donations.models.contribution import Contribution
from donations.models.pledge import Pledge
from offices.granting import Permission, scope_of
from receipts.documents.facts import ReceiptFacts
from receipts.documents.layouts import RECEIPT_PAPERS, Paper, draw_receipt
from receipts.life.drawing import receipt_pdf as drawn
from receipts.life.drawing import shown_facts
from receipts.life.files import receipt_files
from receipts.life.freezing import facts_of
from receipts.life.numbering import UnreadableNumber, number_in_address
from receipts.life.series import Receipt
from receipts.public.verifying import opens, receipt_with
from web.public.unlocking import is_opened
from web.services import current
from web.sign_in.guard import signed_in


def receipt_page(number: str) -> ResponseReturnValue:
    """What a receipt says. Without a key it does not exist."""
    with current.database.reading() as session:
        receipt = own_receipt(session, number)
        facts = facts_of(receipt)
        is_void = receipt.void is not None
    return render_template(
        "public/receipt.html",
        facts=facts,
        is_void=is_void,
        pdf_url=_address("public.receipt_pdf", facts),
        verify_url=url_for(
            "public.verify", number=number_in_address(facts.number), k=receipt.verify_key
        ),
    )


def receipt_pdf(number: str) -> ResponseReturnValue:
    """The receipt as a PDF, the same bytes each time; a void one says so.

    ``?paper=`` asks for the original beside the desk's copy on A4, or for the roll.
    """
    paper = _paper()
    with current.database.reading() as session:
        receipt = own_receipt(session, number)
        if paper is Paper.A5:
            pdf = drawn(session, receipt, files=receipt_files(current.settings))
        else:
            pdf = draw_receipt(shown_facts(session, receipt), paper=paper)
        name = number_in_address(receipt.number)
    return as_pdf(pdf, name)


def as_pdf(pdf: bytes, name: str) -> Response:
    """A file to be shown in the browser, and saved under its name."""
    return Response(
        pdf,
        mimetype="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}.pdf"'},
    )


def own_receipt(session: Session, number: str) -> Receipt:
    """The receipt, for the holder of a key or for staff of its office. Raises NotFound."""
    try:
        receipt = receipt_with(session, number)
    except UnreadableNumber as refusal:
        raise NotFound(subject="receipt") from refusal
    if opens(receipt, request.args.get("key", "")):
        return receipt
    contribution = session.get_one(Contribution, receipt.contribution_id)
    if is_opened(session.get_one(Pledge, contribution.pledge_id)):
        return receipt
    who = signed_in()
    if who is not None:
        scope = scope_of(session, who.staff_member_id, Permission.SEE_ENTRIES)
        if scope.covers(contribution.office_id):
            return receipt
    raise NotFound(subject="receipt")


def _paper() -> Paper:
    """What the receipt is to be printed on. Raises NotFound for a paper it is not drawn for."""
    asked = request.args.get("paper", Paper.A5)
    if asked not in RECEIPT_PAPERS:
        raise NotFound(subject="paper")
    return Paper(asked)


def _address(endpoint: str, facts: ReceiptFacts) -> str:
    key = request.args.get("key")
    return url_for(endpoint, number=number_in_address(facts.number), key=key)
