"""Finding what an annual statement lists: the receipts of a donor and year that stand."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from donations.merging import donors_of_person
from donations.models.contribution import Contribution
from donations.models.donor import Donor
from donations.models.pledge import Pledge
from receipts.documents.annual import AnnualFacts, AnnualRow
from receipts.documents.facts import ReceiptFacts
from receipts.documents.organisation import verify_page
from receipts.documents.phrases import Phrase
from receipts.documents.receipt_texts import texts_on
from receipts.life.drawing import frozen_facts
from receipts.life.freezing import as_printed
from receipts.life.series import Receipt, ReceiptSeries, ReceiptVoid
from receipts.typesetting.text import PERSIAN

_HOURS = Phrase("{skill}، {hours} ساعت", "{skill}, {hours} hours")
_GOODS = Phrase("{description}، {quantity} {unit}", "{description}, {quantity} {unit}")
_SHOWN = 3  # digits of a national id left at either end


def annual_facts(
    session: Session, donor_id: int, year: int, *, language: str, made_on: date
) -> AnnualFacts:
    """What the statement of one donor prints: receipts numbered in a Jalali year that still stand.

    Donors that were merged are one person, told under the name they are read as; each may ask.
    What was given is told as the receipts tell it, the rest in ``language``. Raises DrawingDiffers
    where a receipt was changed, NoResultFound for an unknown donor.
    """
    session.get_one(Donor, donor_id)
    person = donors_of_person(session, donor_id)
    donor = session.get_one(Donor, person[0])
    texts = texts_on(session, language, made_on)
    return AnnualFacts(
        language=language,
        organisation=texts.organisation,
        unit=texts.unit,
        year=year,
        donor_name=as_printed(donor.name) if donor.name else None,
        national_id=_masked(donor.national_id) if donor.national_id else None,
        rows=tuple(_row(frozen_facts(receipt)) for receipt in _receipts(session, person, year)),
        made_on=made_on,
        verify_address=verify_page().partition("//")[2],
        tax_line=texts.tax_line,
        signatories=texts.signatories,
        seal=texts.seal,
        seal_name=texts.seal_name,
    )


def _receipts(session: Session, donor_ids: Sequence[int], year: int) -> list[Receipt]:
    return list(
        session.scalars(
            select(Receipt)
            .join(ReceiptSeries, ReceiptSeries.id == Receipt.series_id)
            .join(Contribution, Contribution.id == Receipt.contribution_id)
            .join(Pledge, Pledge.id == Contribution.pledge_id)
            .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
            .where(
                Pledge.donor_id.in_(donor_ids),
                ReceiptSeries.year == year,
                ReceiptVoid.id.is_(None),
            )
            .options(joinedload(Receipt.letterhead))
            .order_by(Contribution.received_on, Receipt.id)
        )
    )


def _row(facts: ReceiptFacts) -> AnnualRow:
    """One receipt in a line, in its own language."""
    language = facts.language
    given = [line.fund_name for line in facts.cash]
    given += [
        _GOODS.to(language).format(
            description=line.description, quantity=line.quantity, unit=line.unit
        )
        for line in facts.goods
    ]
    given += [
        _HOURS.to(language).format(skill=line.skill, hours=line.hours) for line in facts.hours
    ]
    joint = "؛ " if language == PERSIAN else "; "
    return AnnualRow(facts.number, facts.received_on, joint.join(given), facts.total_rial or None)


def _masked(national_id: str) -> str:
    hidden = len(national_id) - 2 * _SHOWN
    return f"{national_id[:_SHOWN]}{'*' * hidden}{national_id[-_SHOWN:]}"
