"""What volunteers are told about the papers of their hours."""

from datetime import datetime

from sqlalchemy.orm import Session

from flows.telling import Voice, tell_person
from notifications import wording
from receipts.documents.facts import facts_from_json
from receipts.life.hours_certificates import HoursCertificate


def tell_certificate_void(
    session: Session, certificate_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that a certificate of hours does not stand any more, in its own language."""
    certificate = session.get_one(HoursCertificate, certificate_id)
    tell_person(
        session,
        certificate.volunteer.donor,
        facts_from_json(certificate.facts).language,
        about=("hours_certificate", certificate_id),
        which="certificate_void",
        text=lambda: wording.certificate_void(number=certificate.number, help_line=voice.help_line),
        now=now,
    )
