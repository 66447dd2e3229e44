"""The paper of a hand-over slip: printed, taken along with the goods and signed there."""

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.words import spoken
from donations.goods.handing_over import hand_over_in
from donations.goods.words import quantity_plain, slip_number
from donations.models.hand_over import HandOver, HandOverLine
from offices.staff import StaffMember
from receipts.documents.hand_over_slips import HandOverFacts, SlipLine, hand_over_document
from receipts.documents.receipt_texts import texts_on
from receipts.life.freezing import as_printed
from receipts.pdf.writing import write_pdf
from web.desk.goods.hand_overs import receiver_of
from web.desk.here import named
from web.public.papers import as_pdf
from web.services import current
from web.sign_in.guard import the_person


def goods_slip_pdf(hand_over_id: int) -> ResponseReturnValue:
    """A slip as a file in the language of the page, for both offices. Raises NotFound elsewhere."""
    with current.database.reading() as session:
        facts = _facts(session, hand_over_in(session, the_person().scope, hand_over_id))
    return as_pdf(write_pdf(*hand_over_document(facts)), f"hand-over-{facts.number}")


def _facts(session: Session, slip: HandOver) -> HandOverFacts:
    texts = texts_on(session, spoken(), slip.handed_on)
    return HandOverFacts(
        language=spoken(),
        organisation=texts.organisation,
        unit=texts.unit,
        number=slip_number(slip),
        handed_on=slip.handed_on,
        office=as_printed(named(slip.office)),
        receiver=as_printed(receiver_of(slip)),
        made_by=as_printed(session.get_one(StaffMember, slip.made_by_id).name),
        lines=tuple(map(_line, slip.lines)),
    )


def _line(line: HandOverLine) -> SlipLine:
    received, reversal = line.received, line.reversal
    return SlipLine(
        goods=as_printed(line.lot.description),
        quantity=quantity_plain(line.quantity_thousandths),
        unit=as_printed(line.lot.unit),
        tracking_code=line.lot.item.pledge.tracking_code,
        arrived=quantity_plain(received.received_thousandths) if received else None,
        came_back=quantity_plain(reversal.came_back_thousandths) if reversal else None,
    )
