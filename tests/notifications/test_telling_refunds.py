"""What donors are told when their money goes back, once, in the language of their gift."""

import pytest
from sqlalchemy import select

from core.words import speaking
from donations.models.payment import Payment
from donations.models.pledge import Channel
from donations.models.refund import Way
from donations.pledging import CashItem, DonorFacts
from donations.refunding import Asked
from flows.jobs import handlers
from flows.pledging import promise
from flows.refunding import approve_refund, ask_for_refund, bank_took_back
from jobs.runner import work_off
from notifications.outbox import Message
from payment_gateways.contract import Kind, Outcome
from receipts.life.series import Receipt
from tests.factories import NOON, a_staff_member
from tests.ledger.world import a_final_payment

MARYAM = DonorFacts(name="مریم", mobile="09121234567")


@pytest.fixture
def told(database, gateways, settings):
    """Work the queue off; what was told since the gift was received."""

    def work_it():
        known = handlers(database, gateways, settings, clock=lambda: NOON)
        work_off(database, known, clock=lambda: NOON)
        with database.reading() as session:
            wanted = ("payment_sent_back", "payment_taken_back", "contribution_void")
            return session.scalars(select(Message).where(Message.wording.in_(wanted))).all()

    return work_it


def a_gift(database, language):
    with database.writing() as session:
        pledge = promise(
            session,
            (CashItem(2_500_000),),
            donor=MARYAM,
            office_id=None,
            channel=Channel.WEBSITE,
            language=language,
            now=NOON,
        )
        payment = a_final_payment(session, pledge, order_number=1)
        return payment.id, pledge, session.scalars(select(Receipt)).one().number


def send_back(database, gateways, payment_id):
    with database.writing() as session:
        maker, checker = (a_staff_member(session, name).id for name in ("maker", "checker"))
        asked = Asked(Way.OUTSIDE, "خواست", outside_reference="556677", outside_on=NOON.date())
        request = ask_for_refund(session, gateways, payment_id, asked, asked_by_id=maker, now=NOON)
    approve_refund(database, gateways, request.id, decided_by_id=checker, clock=lambda: NOON)


@pytest.mark.parametrize(
    ("language", "said"), [("fa", "پرداخت شما برگردانده شد"), ("en", "Your payment was sent back")]
)
def test_a_donor_is_told_that_the_money_goes_back_and_which_receipt_is_void(
    database, gateways, told, language, said
):
    payment_id, _pledge, number = a_gift(database, language)

    send_back(database, gateways, payment_id)

    (message,) = told()
    assert said in message.text
    assert number in message.text.splitlines()
    assert len(told()) == 1


@pytest.mark.parametrize(
    ("language", "said"), [("fa", "می‌توانید از اینجا دوباره پرداخت کنید"), ("en", "pay again")]
)
def test_a_donor_is_told_that_the_bank_took_it_back_and_where_to_pay_again(
    database, told, language, said
):
    payment_id, pledge, number = a_gift(database, language)
    with database.writing() as session, speaking(language):
        payment = session.get_one(Payment, payment_id)
        bank_took_back(session, payment, Outcome(Kind.RETURNED), now=NOON)

    (message,) = told()
    assert said in message.text
    assert number in message.text.splitlines()
    assert any(pledge.tracking_code in line for line in message.text.splitlines())
