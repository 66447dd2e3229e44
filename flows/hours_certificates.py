"""Certificates of the hours of a period: what was confirmed, frozen under a number of its own."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.events import Event, Happening
from core.portable import sha256_of
from donations.models.pledge import Pledge, PledgeItem
from donations.models.shift import ServiceOffer
from donations.volunteers.finding import hold_volunteer
from flows.events import emit
from offices.audit import note
from receipts.documents.certificates import certificate_document
from receipts.documents.facts import facts_from_json
from receipts.documents.organisation import verify_page
from receipts.life.drawing import DrawingDiffers
from receipts.life.hours_certificates import (
    HoursCertificate,
    issue_certificate,
    void_certificate,
)
from receipts.pdf.writing import write_pdf
from receipts.public.hours_facts import confirmed_shifts, hours_facts


def certify_hours(
    session: Session,
    volunteer_id: int,
    *,
    first_day: date,
    last_day: date,
    language: str,
    issued_by_id: int | None,
    now: datetime,
) -> HoursCertificate:
    """Give out the certificate of a period; the same hours asked for again are the same one.

    One that was voided is followed by a new one, which a person of staff gives out. Raises NoHours,
    HoursInDoubt, UnknownGlyph.
    """
    hold_volunteer(session, volunteer_id)
    facts = hours_facts(
        session,
        volunteer_id,
        first_day=first_day,
        last_day=last_day,
        language=language,
        today=tehran_date(now),
    )
    certificate = issue_certificate(
        session,
        volunteer_id,
        facts,
        confirmed_shifts(session, volunteer_id, first_day, last_day),
        first_day=first_day,
        last_day=last_day,
        verify_page=f"{verify_page()}/hours",
        issued_by_id=issued_by_id,
        now=now,
    )
    if certificate.issued_at == now:
        note(
            session,
            "certificate.issue",
            subject="volunteer",
            subject_id=volunteer_id,
            now=now,
            actor_id=issued_by_id,
            number=certificate.number,
            hours=certificate.hours,
        )
    return certificate


def void_hours_certificate(
    session: Session,
    certificate: HoursCertificate,
    *,
    reason: str,
    voided_by_id: int,
    now: datetime,
) -> None:
    """Say that a certificate does not stand any more, to the volunteer too; its number says so.

    Raises CertificateVoid, VoidReasonMissing.
    """
    hold_volunteer(session, certificate.volunteer_id)
    void = void_certificate(session, certificate, reason=reason, voided_by_id=voided_by_id, now=now)
    note(
        session,
        "certificate.void",
        subject="volunteer",
        subject_id=certificate.volunteer_id,
        now=now,
        actor_id=voided_by_id,
        number=certificate.number,
        reason=void.reason,
    )
    emit(session, Event(Happening.CERTIFICATE_VOID, certificate.id), now=now)


def certificate_pdf(certificate: HoursCertificate) -> bytes:
    """The certificate as it was given out, the same bytes each time. Raises DrawingDiffers."""
    if sha256_of(certificate.facts) != certificate.facts_hash:
        raise DrawingDiffers(f"certificate {certificate.number}: the facts were changed")
    facts = facts_from_json(certificate.facts)
    return write_pdf(*certificate_document(facts, is_of_receipt=False))


def volunteer_of(session: Session, pledge: Pledge) -> int | None:
    """The volunteer for whom a desk took hours of a pledge on, where there is one.

    A mobile number alone proves nobody: whoever knows one can promise hours under it.
    """
    return session.scalars(
        select(ServiceOffer.volunteer_id)
        .join(PledgeItem, PledgeItem.id == ServiceOffer.pledge_item_id)
        .where(PledgeItem.pledge_id == pledge.id)
        .limit(1)
    ).first()
