"""Choosing and changing the bank, as a donor sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from donations.gateway_health import Breaker, Why, note_silence
from donations.models.contribution import Contribution
from donations.models.payment import Payment
from donations.models.pledge import Pledge
from tests.donors import give, hidden_fields
from tests.page_client import PageClient

BREAKER = Breaker(1, timedelta(minutes=5))


@pytest.fixture
def donor(paying_app, sandbox_bank):
    yield PageClient(paying_app)
    sandbox_bank.mend()


def rest(database, *names):
    with database.writing() as session:
        for name in names:
            note_silence(session, name, BREAKER, Why(), now=datetime.now(UTC))


def the_pledge(database):
    with database.reading() as session:
        return session.scalars(select(Pledge)).one()


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count(model.id))).one()


def pay_at(donor, pledge, gateway):
    token = donor.get(f"/follow/{pledge.tracking_code}").fields["csrf_token"]
    return donor.post(f"/give/{pledge.tracking_code}/pay", csrf_token=token, gateway=gateway)


def come_back(donor, back):
    path = back["url"].partition("/bank/")
    return donor.http.post("/bank/" + path[2], data=back["fields"])


def test_a_bank_that_rests_is_not_on_the_page(donor, database):
    rest(database, "mellat-main")

    page = donor.get("/give")
    assert "بانک ملت" not in page.words
    assert "رفتن به زرین‌پال" in give(donor, amount="1000000").words


def test_a_bank_that_takes_little_at_once_says_so_beside_its_name(donor):
    words = donor.get("/give").words

    assert "زرین‌پال تا ۱٬۰۰۰٬۰۰۰٬۰۰۰ ریال" in words
    assert words.count("تا ۱٬۰۰۰٬۰۰۰٬۰۰۰ ریال") == 1  # Mellat takes more than anybody gives


def test_the_first_button_names_its_bank_and_the_others_stand_below(donor, database):
    give(donor, amount="1000000", gateway="deposit")

    words = donor.get(f"/follow/{the_pledge(database).tracking_code}").words

    assert "پرداخت اینترنتی: بانک ملت" in words
    assert "یا از راه بانکی دیگر: پرداخت از راه زرین‌پال" in words


def test_where_no_bank_answers_the_gift_is_kept_with_its_deposit_id(donor, database):
    rest(database, "mellat-main", "zarinpal-main")

    assert "پرداخت اینترنتی ممکن نیست" in donor.get("/give").words
    page = give(donor, amount="1000000")

    assert "پرداخت اینترنتی ممکن نیست" in page.words
    assert the_pledge(database).deposit_id in page.html
    assert "۹۰۱۹۰" in page.words
    assert count(database, Payment) == 0


def test_a_bank_that_rests_since_the_page_was_opened_costs_no_typing(donor, database):
    hidden = hidden_fields(donor)
    rest(database, "mellat-main")

    answer = donor.http.post(
        "/give", data={**hidden, "amount": "1000000", "gateway": "mellat-main"}
    )

    page = donor.get(answer.location)
    assert "این بانک در این لحظه پاسخ نمی‌دهد" in page.words
    assert 'name="gateway" value="zarinpal-main"' in page.html
    assert "mellat-main" not in page.html


def test_an_amount_that_a_bank_does_not_take_hides_it_where_the_amount_is_known(donor, database):
    give(donor, amount="5000000000", gateway="deposit")  # above what Zarinpal takes

    page = donor.get(f"/follow/{the_pledge(database).tracking_code}")

    assert "mellat-main" in page.html
    assert "zarinpal-main" not in page.html


def test_whoever_paid_at_the_first_bank_is_told_so_instead_of_going_to_the_second(
    donor, database, sandbox_bank
):
    page = give(donor, amount="1000000")
    sandbox_bank.pay(page.fields["RefId"], "close")

    page = pay_at(donor, the_pledge(database), "zarinpal-main")

    assert "چیزی برای پرداخت نمانده" in page.words
    assert "پرداخت شد" in page.words
    assert (count(database, Payment), count(database, Contribution)) == (1, 1)


def test_the_same_form_sent_again_after_paying_leads_to_the_paid_gift(
    donor, database, sandbox_bank
):
    sent = {**hidden_fields(donor), "amount": "1000000"}
    page = donor.check(donor.http.post("/give", data={**sent, "gateway": "mellat-main"}))
    sandbox_bank.pay(page.fields["RefId"], "close")

    answer = donor.http.post("/give", data={**sent, "gateway": "zarinpal-main"})

    assert "چیزی برای پرداخت نمانده" in donor.get(answer.location).words
    assert (count(database, Pledge), count(database, Payment)) == (1, 1)


def test_whoever_is_in_doubt_at_the_first_bank_is_asked_to_wait(donor, database, sandbox_bank):
    page = give(donor, amount="1000000")
    back = sandbox_bank.pay(page.fields["RefId"])
    sandbox_bank.break_next("bpVerifyRequest", "html_500", times=9)
    token = hidden_fields(donor)["csrf_token"]
    come_back(donor, back)
    code = the_pledge(database).tracking_code

    page = donor.post(f"/give/{code}/pay", csrf_token=token, gateway="zarinpal-main")

    assert "فعلاً دوباره پرداخت نکنید" in page.words
    assert count(database, Payment) == 1


def test_a_second_payment_that_was_not_taken_is_said_to_the_donor(donor, database, sandbox_bank):
    first = give(donor, amount="1000000")
    back = sandbox_bank.pay(first.fields["RefId"], "cancel")
    second = pay_at(donor, the_pledge(database), "mellat-main")
    come_back(donor, sandbox_bank.pay(second.fields["RefId"]))
    with database.reading() as session:
        payment = session.scalars(select(Payment).order_by(Payment.id)).first()
    back["fields"] |= {
        "ResCode": "0",
        "SaleReferenceId": "123456",
        "SaleOrderId": str(payment.order_number),
    }

    page = donor.get(come_back(donor, back).location)

    assert "پرداخت شد" in page.words
    assert "پرداخت دوم برداشت نشد" in page.words
    assert count(database, Contribution) == 1
