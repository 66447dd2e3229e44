"""Links to receipts: in the donor's language, with the receipt's own key, and sent again at most
three times a day."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.refusals import NotFound
from donations.models.contribution import Contribution, Tender
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.delivering import send_receipt_again, send_statement
from flows.jobs import handlers
from flows.receiving import receive_at_desk
from jobs.runner import work_off
from notifications.outbox import Message
from offices.limits import TooManyTries
from receipts.life.numbering import number_in_address
from receipts.life.series import Receipt
from receipts.public.delivery import NoAddress, ReceiptLink, StatementLink, statement_link
from tests.factories import NOON, a_pledge, a_staff_member

MARYAM = DonorFacts(name="مریم رضایی", mobile="09121234567", email="maryam@example.ir")
DAY = timedelta(days=1)


@pytest.fixture
def clerk_id(database):
    with database.writing() as session:
        return a_staff_member(session).id


@pytest.fixture
def work(database, gateways, settings):
    """Work the queue off, as the runner does."""

    def work_it():
        known = handlers(database, gateways, settings, clock=lambda: NOON)
        return work_off(database, known, clock=lambda: NOON)

    return work_it


def received(database, clerk_id, donor=MARYAM, language="fa"):
    """A gift handed over at a desk; returns its pledge and receipt."""
    with database.writing() as session:
        pledge = a_pledge(
            session, CashItem(2_500_000), donor=donor, office="07", channel=Channel.DESK
        )
        pledge.language = language
        receive_at_desk(session, pledge, tender=Tender.CASH, staff_id=clerk_id, now=NOON)
        receipt = session.scalars(
            select(Receipt).join(Contribution).where(Contribution.pledge_id == pledge.id)
        ).one()
        return pledge, receipt


def told(database, wording):
    with database.reading() as session:
        rows = session.scalars(select(Message).where(Message.wording == wording)).all()
        return {row.channel.value: row.text for row in rows}


def test_the_receipt_comes_as_a_link_with_its_own_key(database, work, clerk_id, settings, client):
    pledge, receipt = received(database, clerk_id)
    work()

    link = f"{settings.public_url}/receipts/{number_in_address(receipt.number)}"
    link += f"?key={receipt.verify_key}"
    messages = told(database, "contribution_received")
    assert all(link in text.splitlines() for text in messages.values())
    assert pledge.view_key not in messages["sms"]
    assert pledge.view_key in messages["email"]
    page = client.get(link.removeprefix(settings.public_url))
    assert "۲٬۵۰۰٬۰۰۰ ریال" in page.words


def test_a_message_never_names_the_donor(database, work, clerk_id):
    received(database, clerk_id)
    work()

    for text in told(database, "contribution_received").values():
        assert "مریم" not in text
        assert MARYAM.mobile not in text


def test_a_link_is_told_in_the_language_of_the_gift(database, work, clerk_id):
    received(database, clerk_id, language="en")
    work()

    text = told(database, "contribution_received")["sms"]
    assert text.splitlines()[0] == "Your gift has arrived. Thank you."
    assert "The receipt:" in text


def test_a_link_is_sent_again_with_its_trace_and_without_the_amount(database, work, clerk_id):
    pledge, receipt = received(database, clerk_id)
    with database.writing() as session:
        send_receipt_again(session, pledge, receipt, asked_by_id=clerk_id, now=NOON)
    work()

    messages = told(database, "receipt_again")
    assert set(messages) == {"sms", "email"}
    assert receipt.verify_key in messages["sms"]
    assert "ریال" not in messages["sms"]
    with database.reading() as session:
        asked = session.scalars(select(ReceiptLink)).one()
        assert (asked.receipt_id, asked.asked_by_id) == (receipt.id, clerk_id)


def test_a_telephone_cannot_be_filled_by_asking_again(database, clerk_id):
    pledge, receipt = received(database, clerk_id)

    def ask(now=NOON):
        with database.writing() as session:
            send_receipt_again(session, pledge, receipt, asked_by_id=clerk_id, now=now)

    for _ in range(3):
        ask()
    with pytest.raises(TooManyTries):
        ask()
    ask(NOON + DAY)


def test_without_an_address_nothing_is_asked_for(database, clerk_id):
    pledge, receipt = received(database, clerk_id, donor=DonorFacts(name="مریم"))

    with pytest.raises(NoAddress), database.writing() as session:
        send_receipt_again(session, pledge, receipt, asked_by_id=clerk_id, now=NOON)


def test_a_statement_is_sent_to_the_donor_and_opens_for_a_week(database, work, clerk_id, settings):
    pledge, _receipt = received(database, clerk_id)
    with database.writing() as session:
        send_statement(session, pledge, year=1405, now=NOON)
    work()

    with database.reading() as session:
        link = session.scalars(select(StatementLink)).one()
        text = told(database, "statement")["sms"]
        assert f"{settings.public_url}/statements/{link.key}" in text.splitlines()
        assert "۱۴۰۵" in text
        assert statement_link(session, link.key, now=NOON + 6 * DAY).id == link.id
        with pytest.raises(NotFound):
            statement_link(session, link.key, now=NOON + 7 * DAY)
