"""What else a receipt can be printed as, and the slip to pay at a bank with, as files."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import NotFound
from core.words import speaking
from donations.models.pledge import HiddenFrom, ItemKind, ItemState, Pledge
from donations.tracking import pledge_with_code
from offices.granting import Permission, scope_of
from receipts.documents.certificates import certificate_document, has_certificate
from receipts.documents.composing import Paper
from receipts.documents.counter_slips import CounterSlipFacts, counter_slip_document
from receipts.documents.delivery_notes import delivery_note_document, has_delivery_note
from receipts.documents.facts import ReceiptFacts
from receipts.documents.receipt_texts import texts_on
from receipts.documents.thanks import has_thanks, thanks_document
from receipts.life.drawing import shown_facts
from receipts.life.freezing import as_printed
from receipts.life.numbering import number_in_address
from receipts.pdf.document import Document
from receipts.pdf.writing import write_pdf
from web.public.account import deposit_account
from web.public.papers import as_pdf, own_receipt
from web.public.unlocking import is_opened
from web.services import current
from web.sign_in.guard import signed_in

_SLIP_PAPERS = (Paper.A5, Paper.ROLL)


class Further(NamedTuple):
    """A further document of a receipt: whether it fits, and how it is drawn."""

    fits: Callable[[ReceiptFacts], bool]
    draw: Callable[[ReceiptFacts], Document]


FURTHER: Mapping[str, Further] = {
    "certificate": Further(has_certificate, certificate_document),
    "thanks": Further(has_thanks, thanks_document),
    "delivery-note": Further(has_delivery_note, delivery_note_document),
}


def further_names(facts: ReceiptFacts) -> list[str]:
    """The further documents that fit a receipt, by their names in addresses."""
    return [name for name, further in FURTHER.items() if further.fits(facts)]


def further_document(number: str, name: str) -> ResponseReturnValue:
    """A further document of a receipt, drawn from the same frozen facts.

    Raises NotFound without a key to the receipt, and where the document does not fit it.
    """
    further = FURTHER.get(name)
    if further is None:
        raise NotFound(subject="document")
    with current.database.reading() as session:
        facts = shown_facts(session, own_receipt(session, number))
    if not further.fits(facts):
        raise NotFound(subject="document")
    pdf = write_pdf(*further.draw(facts))
    return as_pdf(pdf, f"{number_in_address(facts.number)}-{name}")


def counter_slip(tracking_code: str) -> ResponseReturnValue:
    """The slip by which a bank takes the money of a promise; for its donor and its desk alone.

    Raises NotFound, also where nothing is left to be paid.
    """
    paper = request.args.get("paper", Paper.A5)
    if paper not in _SLIP_PAPERS:
        raise NotFound(subject="paper")
    with current.database.reading() as session:
        pledge = pledge_with_code(session, tracking_code)
        if not (is_opened(pledge) or _is_of_their_desk(session, pledge)):
            raise NotFound(subject="pledge")
        facts = _slip_facts(session, pledge)
    pdf = write_pdf(*counter_slip_document(facts, paper=Paper(paper)))
    return as_pdf(pdf, f"slip-{facts.deposit_id}")


def open_rial(pledge: Pledge) -> int:
    """The money of a promise that has not come yet, in rials."""
    return sum(
        item.amount_rial or 0
        for item in pledge.items
        if item.kind is ItemKind.CASH and item.state is ItemState.PROMISED
    )


def _slip_facts(session: Session, pledge: Pledge) -> CounterSlipFacts:
    amount_rial, today = open_rial(pledge), tehran_date(current.now())
    if not amount_rial:
        raise NotFound(subject="document")
    texts = texts_on(session, pledge.language, today)
    is_hidden = pledge.hidden_from is HiddenFrom.EVERYONE  # a desk may print it too
    name = pledge.donor.name if pledge.donor and not is_hidden else None
    with speaking(pledge.language):
        account = deposit_account(session)
    comma = "، " if pledge.language == "fa" else ", "
    return CounterSlipFacts(
        language=pledge.language,
        organisation=texts.organisation,
        unit=texts.unit,
        donor_name=as_printed(name) if name else None,
        deposit_id=pledge.deposit_id,
        tracking_code=pledge.tracking_code,
        amount_rial=amount_rial,
        account_number=account.number,
        bank=f"{account.bank}{comma}{account.branch}",
        holder=account.holder,
        sheba=account.sheba or None,
        follow_url=current.settings.public_url
        + url_for("public.follow", tracking_code=pledge.tracking_code, key=pledge.view_key),
        made_on=today,
    )


def _is_of_their_desk(session: Session, pledge: Pledge) -> bool:
    who = signed_in()
    if who is None:
        return False
    return scope_of(session, who.staff_member_id, Permission.SEE_ENTRIES).covers(pledge.office_id)
