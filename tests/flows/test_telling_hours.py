"""What volunteers hear about the certificates of their hours."""

import pytest
from sqlalchemy import select

from donations.models.shift import Outcome
from flows.hours_certificates import certify_hours, void_hours_certificate
from flows.telling import Voice
from flows.telling_hours import tell_certificate_void
from flows.volunteers import confirm_hours
from jobs.queue import Job
from notifications.outbox import Message
from offices.scope import EVERYWHERE
from tests.factories import NOON, a_staff_member
from tests.volunteers import BAKER, TODAY, a_shift, a_volunteer, an_offer

VOICE = Voice("https://example.ir", "1480")


@pytest.mark.parametrize(
    ("language", "said"), [("fa", "این گواهی ساعت‌های شما باطل شد"), ("en", "has been voided")]
)
def test_a_volunteer_is_told_once_that_a_certificate_is_void_and_not_why(session, language, said):
    clerk = a_staff_member(session).id
    baker = a_volunteer(session, clerk)
    shift = a_shift(session, clerk, an_offer(session, clerk, baker))
    by = {"staff_id": clerk, "now": NOON}
    confirm_hours(session, EVERYWHERE, shift.id, Outcome.PRESENT, hours=8, **by)
    certificate = certify_hours(
        session, baker.id, first_day=TODAY, last_day=TODAY, language=language,
        issued_by_id=clerk, now=NOON,
    )  # fmt: skip

    void_hours_certificate(session, certificate, reason="فراموشی", voided_by_id=clerk, now=NOON)
    asked = session.scalars(select(Job.subject).where(Job.kind == "tell_certificate_void")).all()
    for _ in range(2):
        tell_certificate_void(session, int(asked[0]), VOICE, now=NOON)

    (message,) = session.scalars(select(Message)).all()
    assert (asked, message.recipient) == ([str(certificate.id)], BAKER)
    assert said in message.text
    assert certificate.number in message.text
    assert "فراموشی" not in message.text
