"""Giving online: one page, a tracking code before the bank, and nothing lost on the way."""

import threading

import pytest
from sqlalchemy import func, select

from donations.models.donor import Donor
from donations.models.payment import Payment
from donations.models.pledge import HiddenFrom, ItemKind, Pledge, PledgeItem
from donations.tracking import pledge_with_code
from tests.donors import give, hidden_fields, refused, send_gift
from tests.page_client import PageClient

FOOD = "19041062101"


@pytest.fixture
def donor(paying_app):
    """A donor's browser in front of an application whose bank answers."""
    return PageClient(paying_app)


def pledges(database):
    with database.reading() as session:
        return session.scalars(select(Pledge).order_by(Pledge.id)).all()


def items(database):
    with database.reading() as session:
        rows = session.scalars(select(PledgeItem).order_by(PledgeItem.id)).all()
        return [(row.kind, row.amount_rial, row.fund.code) for row in rows]


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count(model.id))).one()


def test_the_tracking_code_is_shown_before_the_bank(donor, database):
    page = give(donor, amount="۲٬۵۰۰٬۰۰۰", fund=FOOD)

    (pledge,) = pledges(database)
    assert pledge.tracking_code in page.html  # for copying
    assert "۲٬۵۰۰٬۰۰۰ ریال (۲۵۰٬۰۰۰ تومان)" in page.words
    assert "رفتن به بانک ملت" in page.words
    assert {"RefId"} <= page.fields.keys()


@pytest.mark.parametrize(
    "typed",
    ["2500000", "۲۵۰۰۰۰۰", "٢٥٠٠٠٠٠", "2,500,000", "۲٬۵۰۰٬۰۰۰ ریال", "2.500.000"],
    ids=["Latin", "Persian", "Arabic", "commas", "with its unit", "dots"],
)
def test_an_amount_is_read_in_any_spelling(client, database, typed):
    give(client, amount=typed, fund=FOOD, gateway="deposit")

    assert items(database) == [(ItemKind.CASH, 2_500_000, FOOD)]


@pytest.mark.parametrize("typed", ["abc", "0", "-5", "1.5", "۱۲۳x", "9" * 30, "1e6"])
def test_an_unreadable_amount_is_refused_beside_its_field_and_kept(client, database, typed):
    page = refused(send_gift(client, amount=typed, name="مریم"))

    assert "مبلغ را به ریال" in page.words
    assert page.fields["amount"] == typed
    assert page.fields["name"] == "مریم"
    assert pledges(database) == []


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"kind": "cash"}, "مبلغی را برگزینید"),
        ({"kind": "goods"}, "بنویسید چه چیزی اهدا می‌کنید"),
        ({"kind": "goods", "description": "پتو"}, "مقدار را بنویسید"),
        ({"kind": "goods", "description": "پتو", "quantity": "هیچ"}, "بزرگ‌تر از صفر"),
        ({"kind": "service"}, "بنویسید چه کاری از شما برمی‌آید"),
        ({"kind": "service", "skill": "تدریس", "hours": "1.5"}, "بزرگ‌تر از صفر"),
        ({"amount": "1000000", "mobile": "0912"}, "یازده رقم"),
        ({"amount": "1000000", "email": "a@b"}, "نشانی رایانامه"),
        ({"amount": "1000000", "national_id": "1234567890"}, "رقم کنترل"),
    ],
    ids=[
        "no amount",
        "no goods",
        "no quantity",
        "an odd quantity",
        "no skill",
        "half hours",
        "a short mobile number",
        "an odd address",
        "a wrong national id",
    ],
)
def test_each_mistake_is_explained_and_nothing_is_saved(client, database, fields, sentence):
    page = refused(send_gift(client, **fields))

    assert sentence in page.words
    assert pledges(database) == []


def test_a_preset_is_enough_and_a_typed_amount_wins_over_it(client, database):
    give(client, preset="1000000", gateway="deposit")
    give(client, preset="1000000", amount="3000000", gateway="deposit")

    assert [amount for _kind, amount, _fund in items(database)] == [1_000_000, 3_000_000]


def test_a_forged_purpose_is_refused(client, database):
    refused(send_gift(client, amount="1000000", fund="nowhere"))

    assert pledges(database) == []


def test_another_row_keeps_what_was_typed_and_splits_the_payment(donor, database):
    hidden = hidden_fields(donor)
    typed = {"amount": "۲٬۰۰۰٬۰۰۰", "fund": FOOD, "name": "مریم"}
    page = donor.check(donor.http.post("/give", data={**hidden, **typed, "add": "1"}))
    assert page.fields["amount"] == "۲٬۰۰۰٬۰۰۰"
    assert pledges(database) == []

    second = {"shares": page.fields["shares"], "amount_2": "500000"}
    page = donor.check(donor.http.post("/give", data={**hidden, **typed, **second}))

    assert "۲٬۵۰۰٬۰۰۰ ریال" in page.words
    assert items(database) == [
        (ItemKind.CASH, 2_000_000, FOOD),
        (ItemKind.CASH, 500_000, "most-needed"),
    ]


def test_goods_alone_go_to_no_bank(client, database):
    page = give(client, kind="goods", description="پتوی نو", quantity="۲۰", office="07")

    assert "از پیشنهاد شما سپاسگزاریم" in page.words
    assert "پتوی نو\u2069 – ۲۰ \u2068عدد" in page.words
    assert count(database, Payment) == 0
    assert [kind for kind, *_rest in items(database)] == [ItemKind.GOODS]


def test_money_goods_and_hours_make_one_pledge(donor, database):
    goods = {"description": "پتو", "quantity": "2", "unit": "بسته"}

    give(donor, amount="1000000", skill="تدریس", hours="۸", **goods)

    assert len(pledges(database)) == 1
    kinds = [kind for kind, *_rest in items(database)]
    assert kinds == [ItemKind.CASH, ItemKind.GOODS, ItemKind.SERVICE]
    with database.reading() as session:
        assert session.scalars(select(Payment.amount_rial)).all() == [1_000_000]


@pytest.mark.parametrize("hidden_from", HiddenFrom)
def test_the_donor_says_who_sees_the_name(client, database, hidden_from):
    give(client, amount="1000000", name="مریم", hidden_from=hidden_from.value, gateway="deposit")

    assert [pledge.hidden_from for pledge in pledges(database)] == [hidden_from]


def test_nothing_about_the_donor_is_demanded(client, database):
    give(client, amount="1000000", gateway="deposit")

    assert [pledge.donor_id for pledge in pledges(database)] == [None]
    assert count(database, Donor) == 0


def test_whoever_pays_later_gets_a_deposit_id_and_the_account(client, database):
    page = give(client, amount="1000000", gateway="deposit")

    (pledge,) = pledges(database)
    assert pledge.deposit_id in page.html
    assert "۹۰۱۹۰" in page.words
    assert count(database, Payment) == 0


def test_the_same_form_sent_twice_is_one_pledge(client, database):
    fields = {**hidden_fields(client), "amount": "1000000", "gateway": "deposit"}

    answers = [client.http.post("/give", data=fields) for _ in range(2)]

    assert len(pledges(database)) == 1
    assert answers[0].location == answers[1].location


def test_the_same_form_sent_twice_at_once_is_one_pledge(app, database):
    clients = [PageClient(app) for _ in range(2)]
    app.config["WTF_CSRF_ENABLED"] = False
    fields = {"request_key": "same", "amount": "1000000", "gateway": "deposit"}
    answers = []

    def send(client):
        answers.append(client.http.post("/give", data=fields))

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(pledges(database)) == 1


def test_whoever_comes_back_and_corrects_the_amount_gets_the_new_amount(client, database):
    """The key of the form alone would send the donor to the bank with the old amount."""
    hidden = hidden_fields(client)

    for amount in ("10000000", "1000000"):
        client.http.post("/give", data={**hidden, "amount": amount, "gateway": "deposit"})

    assert [amount for _kind, amount, _fund in items(database)] == [10_000_000, 1_000_000]


def test_a_program_that_fills_the_trap_gives_nothing(client, database):
    answer = send_gift(client, amount="1000000", website="http://spam.example")

    assert answer.status_code == 303
    assert pledges(database) == []


def test_a_form_without_its_token_is_refused(client, database):
    page = client.post("/give", status=400, amount="1000000")

    assert "فرم" in page.words
    assert pledges(database) == []


def test_a_link_fills_the_form_in(client):
    page = client.get(f"/give?amount=5000000&fund={FOOD}&office=07")

    assert page.fields["amount"] == "5000000"
    assert f'<option selected value="{FOOD}">' in page.html


def test_a_silent_bank_takes_no_money_and_another_one_is_offered(client, database):
    page = give(client, amount="1000000")

    (pledge,) = pledges(database)
    assert "پولی برداشت نشده است" in page.words
    assert pledge.tracking_code in page.html
    assert "پرداخت از راه زرین‌پال" in page.words
    assert "تلاش دوباره با بانک ملت" in page.words


def test_another_gateway_pays_the_same_pledge(donor, database):
    give(donor, amount="1000000")
    (pledge,) = pledges(database)
    token = donor.get(f"/follow/{pledge.tracking_code}").fields["csrf_token"]

    page = donor.post(
        f"/give/{pledge.tracking_code}/pay", csrf_token=token, gateway="zarinpal-main"
    )

    assert "رفتن به زرین‌پال" in page.words
    assert len(pledges(database)) == 1
    assert count(database, Payment) == 2


def test_a_stranger_who_pays_does_not_get_the_donors_key(donor, database):
    give(donor, amount="1000000", name="مریم")
    (pledge,) = pledges(database)
    token = donor.get(f"/follow/{pledge.tracking_code}").fields["csrf_token"]

    page = donor.post(f"/give/{pledge.tracking_code}/pay", csrf_token=token, key="0" * 32)

    assert pledge.view_key not in page.html


def test_a_gift_that_is_paid_is_not_paid_again(donor, database, sandbox_bank):
    page = give(donor, amount="1000000")
    (pledge,) = pledges(database)
    back = sandbox_bank.pay(page.fields["RefId"])
    donor.http.post(
        back["url"].partition("/bank/")[1] + back["url"].partition("/bank/")[2], data=back["fields"]
    )
    token = hidden_fields(donor)["csrf_token"]

    page = donor.post(f"/give/{pledge.tracking_code}/pay", csrf_token=token)

    assert "چیزی برای پرداخت نمانده" in page.words
    with database.reading() as session:
        paid = pledge_with_code(session, pledge.tracking_code)
        assert [payment.is_final for payment in session.scalars(select(Payment))] == [True]
        assert paid.cash_rial == 1_000_000


def test_a_gateway_that_does_not_take_the_amount_is_said_to_the_donor(donor, database):
    page = give(donor, amount="1", gateway="zarinpal-main")

    assert "این راه پرداخت" in page.words
    assert count(database, Payment) == 0


def test_somebody_without_a_mobile_number_is_not_rushed_past_the_code(donor):
    page = give(donor, amount="1000000")

    assert "data-submit" not in page.html
    assert "ریال و تومان را بسنجید" not in page.words


def test_a_large_amount_is_looked_at_twice(donor):
    small = give(donor, amount="1000000", mobile="09121234567")
    large = give(donor, amount="500000000", mobile="09121234567")

    assert "data-submit" in small.html
    assert "data-submit" not in large.html
    assert "ریال و تومان را بسنجید" in large.words


def test_the_page_speaks_english(donor):
    donor.get("/give?language=en")

    page = give(donor, amount="2500000")

    assert "Go to Bank Mellat" in page.words
    assert "2,500,000 rials (250,000 tomans)" in page.words


def test_too_many_forms_from_one_address_have_to_wait(client, database):
    hidden = hidden_fields(client)
    statuses = [
        client.http.post(
            "/give", data={**hidden, "amount": str(1_000_000 + i), "gateway": "deposit"}
        ).status_code
        for i in range(121)
    ]

    assert statuses[:120] == [303] * 120
    assert statuses[120] == 429
    assert len(pledges(database)) == 120


def test_the_ways_to_give_are_shown(client):
    page = client.get("/")

    assert "بانک ملت، شعبهٔ دکتر قریب" in page.words
    assert "میز خدمت" in page.words
    assert "۹۰۱۹۰" in page.words


def test_the_help_names_where_to_complain(client):
    page = client.get("/help")

    assert "zrm.mcls.gov.ir" in page.words
    assert "request.behzisti.net" in page.words
    assert "۶۳۶۹" in page.words
