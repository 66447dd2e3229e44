"""What donors are told: through the queue, once a channel, in the language of their gift."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.clock import now as real_now
from core.events import Happening
from donations.models.contribution import Contribution, Tender
from donations.models.payment import PaymentState
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.events import FOLLOWS, Event, emit
from flows.jobs import PERIODIC, handlers
from flows.pledging import promise
from flows.receiving import receive_at_desk, reverse_contribution
from jobs.queue import Job, JobState
from jobs.runner import work_off
from ledger.seals import Seal
from notifications.outbox import Message
from receipts.life.series import Receipt, ReceiptFile
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member
from tests.ledger.world import a_final_payment

MARYAM = DonorFacts(name="مریم", mobile="09121234567", email="maryam@example.ir")


@pytest.fixture
def work(database, gateways, settings):
    """Work the queue off, as the runner does."""

    def work_it():
        known = handlers(database, gateways, settings, clock=lambda: NOON)
        return work_off(database, known, clock=lambda: NOON)

    return work_it


def messages(database):
    with database.reading() as session:
        return session.scalars(select(Message).order_by(Message.id)).all()


def written(settings, channel):
    lines = (settings.instance_dir / "outbox" / f"{channel}.jsonl").read_text("utf-8")
    return [json.loads(line) for line in lines.splitlines()]


def test_a_donor_is_told_tracking_code_and_deposit_id_by_sms_and_mail(database, work, settings):
    with database.writing() as session:
        pledge = a_pledge(session, donor=MARYAM)
    work()

    (sms,) = written(settings, "sms")
    (mail,) = written(settings, "email")
    assert (sms["to"], mail["to"]) == (MARYAM.mobile, MARYAM.email)
    assert sms["text"] == mail["text"]
    assert {pledge.tracking_code, pledge.deposit_id} <= set(sms["text"].splitlines())
    assert f"/follow/{pledge.tracking_code}?key={pledge.view_key}" in sms["text"]
    assert all(message.sent_at == NOON for message in messages(database))


def test_a_donor_who_left_no_address_is_told_nothing(database, work):
    with database.writing() as session:
        a_pledge(session)
    work()

    assert messages(database) == []


def test_at_a_desk_the_receipt_is_told_and_not_the_promise(database, work):
    with database.writing() as session:
        clerk = a_staff_member(session)
        contribution = a_desk_contribution(session, CashItem(1_000_000), staff_id=clerk.id)
        contribution.pledge.donor = a_pledge(session, donor=MARYAM).donor
    work()

    told = {(message.wording, message.subject_id) for message in messages(database)}
    assert ("contribution_received", contribution.id) in told
    assert ("pledge_made", contribution.pledge_id) not in told


def test_a_final_payment_leads_to_a_receipt_a_message_and_a_drawn_file(database, work):
    with database.writing() as session:
        pledge = a_pledge(session, donor=MARYAM)
        a_final_payment(session, pledge, order_number=1)
    work()

    with database.reading() as session:
        receipt = session.scalars(select(Receipt)).one()
        assert session.scalars(select(ReceiptFile)).one().receipt_id == receipt.id
    last = messages(database)[-1]
    assert last.wording == "contribution_received"
    assert receipt.number in last.text.splitlines()
    assert "۲٬۵۰۰٬۰۰۰ ریال" in last.text


def test_a_second_payment_is_told_as_such(database, work):
    with database.writing() as session:
        pledge = a_pledge(session, donor=MARYAM)
        a_final_payment(session, pledge, order_number=1)
        a_final_payment(session, pledge, order_number=2)
    work()

    assert {message.wording for message in messages(database)} == {
        "pledge_made",
        "contribution_received",
        "payment_surplus",
    }


def test_a_void_receipt_is_told(database, work):
    with database.writing() as session:
        clerk, other = a_staff_member(session), a_staff_member(session, "other")
        pledge = a_pledge(session, donor=MARYAM, office="07", channel=Channel.DESK)
        receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=clerk.id, now=NOON)
        contribution = session.scalars(select(Contribution)).one()
    work()
    with database.writing() as session:
        reverse_contribution(
            session,
            contribution.id,
            reason="test",
            asked_by_id=clerk.id,
            approved_by_id=other.id,
            now=NOON,
        )
    work()

    assert messages(database)[-1].wording == "contribution_void"


@pytest.mark.parametrize("is_final", [False, True], ids=["still open", "final meanwhile"])
def test_under_review_is_told_only_while_it_is_so(database, work, is_final):
    with database.writing() as session:
        payment = a_final_payment(session, a_pledge(session, donor=MARYAM), order_number=1)
        if not is_final:
            payment.final_at = None
            payment.state = PaymentState.CONFIRM_UNKNOWN
        emit(session, Event(Happening.PAYMENT_UNDER_REVIEW, payment.id), now=NOON)
    work()

    told = "payment_under_review" in {message.wording for message in messages(database)}
    assert told is not is_final


def test_telling_again_tells_nothing_twice(database, work, settings):
    with database.writing() as session:
        a_pledge(session, donor=MARYAM)
    work()
    with database.writing() as session:
        session.execute(
            update(Job).where(Job.kind == "tell_pledge_made").values(state=JobState.READY)
        )
    work()

    assert len(written(settings, "sms")) == 1


def test_a_donor_is_told_in_the_language_of_the_gift(database, work):
    with database.writing() as session:
        promise(
            session,
            [CashItem(2_500_000)],
            donor=MARYAM,
            office_id=None,
            channel=Channel.WEBSITE,
            language="en",
            now=NOON,
        )
    work()

    assert messages(database)[0].text.startswith("Your gift has been registered.")


def test_everything_that_follows_an_event_has_a_handler(database, gateways, settings):
    known = handlers(database, gateways, settings, clock=lambda: NOON)

    asked = {kind for kinds in FOLLOWS.values() for kind in kinds}
    assert asked | {periodic.kind for periodic in PERIODIC} <= known.keys()


def test_the_periodic_jobs_seal_the_facts_and_sweep(database, gateways, settings):
    with database.writing() as session:
        a_pledge(session)
    known = handlers(database, gateways, settings, clock=real_now)
    with database.writing() as session:
        for periodic in PERIODIC:
            due = periodic.due(real_now() - timedelta(days=1))
            session.add(
                Job(
                    kind=periodic.kind,
                    subject=due,
                    state=JobState.READY,
                    run_after=NOON - timedelta(days=9999),
                    attempts=0,
                    created_at=NOON,
                )
            )
    work_off(database, known, clock=real_now)

    with database.reading() as session:
        troubles = session.scalars(select(Job.trouble)).all()
        assert set(troubles) == {None}
        assert "audit_entry" in session.scalars(select(Seal.stream)).all()
