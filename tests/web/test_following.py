"""Following a gift: the truth about the money, and no name for strangers."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.words import speaking
from donations.models.contribution import Contribution
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.pledge import Pledge
from donations.pledging import CashItem, DonorFacts, GoodsItem
from donations.tracking import StageKind
from offices.staff import Role
from receipts.life.series import Receipt
from tests.donors import give
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, two_void
from tests.page_client import PageClient
from tests.receipts.drawn import pdfium_text
from tests.staff import at_work
from web.stages import STAGES

MARYAM = DonorFacts(name="مریم رضایی", mobile="09123456789")
S = PaymentState
_ISOLATES = str.maketrans("", "", "\u2068\u2069")


@pytest.fixture
def pledge(database):
    with database.writing() as session:
        return a_pledge(session, CashItem(2_500_000), donor=MARYAM)


@pytest.fixture
def gift(database):
    """Money that was counted at a desk: the pledge and its receipt."""
    with database.writing() as session:
        staff = a_staff_member(session)
        contribution = a_desk_contribution(session, CashItem(1_000_000), staff_id=staff.id)
        pledge = session.get_one(Pledge, contribution.pledge_id)
        receipt = session.scalars(select(Receipt)).one()
        return pledge, receipt


def a_payment(database, pledge, state, *, changed_at=NOON):
    with database.writing() as session:
        session.add(
            Payment(
                pledge_id=pledge.id,
                gateway="mellat-main",
                order_number=4711,
                amount_rial=2_500_000,
                state=state,
                return_key="0" * 32,
                created_at=changed_at,
                changed_at=changed_at,
                check_after=changed_at,
            )
        )


def last_four(client, pledge, digits, *, status=200):
    path = f"/follow/{pledge.tracking_code}"
    token = client.get(path).fields["csrf_token"]
    return client.post(path, status=status, csrf_token=token, last_four=digits)


def refreshes(page):
    return 'http-equiv="refresh"' in page.html


def in_persian(digits):
    return digits.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))


def in_groups(digits):
    return f" {digits[:4]}-{digits[4:8]} {digits[8:]} "


@pytest.mark.parametrize("typed", [str, in_persian, in_groups])
def test_the_form_takes_a_code_in_any_spelling(client, pledge, typed):
    page = client.get(f"/follow?code={typed(pledge.tracking_code)}")

    assert pledge.tracking_code in page.html
    assert "۲٬۵۰۰٬۰۰۰ ریال" in page.words


@pytest.mark.parametrize(("code", "status"), [("12ab", 422), ("3000000000000", 404), ("123", 404)])
def test_a_code_that_is_none_is_explained_and_kept(client, code, status):
    page = client.get(f"/follow?code={code}", status=status)

    assert page.fields["code"] == code
    assert "رقم" in page.words


def test_a_deposit_id_is_told_from_a_tracking_code(client, pledge):
    page = client.get(f"/follow?code={pledge.deposit_id}", status=422)

    assert "این شناسهٔ واریز است" in page.words


def test_the_code_alone_names_nobody(client, pledge):
    page = client.get(f"/follow/{pledge.tracking_code}")

    assert "مریم" not in page.words
    assert "09123456789" not in page.html
    assert "6789" not in page.html
    assert pledge.view_key not in page.html


def test_the_key_opens_the_donors_own_view(client, pledge):
    page = client.get(f"/follow/{pledge.tracking_code}?key={pledge.view_key}")

    assert "مشارکت‌کننده: مریم رضایی" in page.words


def test_a_wrong_key_is_no_key(client, pledge):
    page = client.get(f"/follow/{pledge.tracking_code}?key={'0' * 32}")

    assert "مریم" not in page.words


def test_the_end_of_the_mobile_number_opens_it_for_half_an_hour(client, pledge):
    page = last_four(client, pledge, "۶۷۸۹")

    assert "مریم رضایی" in page.words
    (cookie,) = [c for c in client.http._cookies.values() if c.key == "opened"]
    assert (cookie.max_age, cookie.http_only, cookie.same_site) == (1800, True, "Lax")
    assert pledge.view_key not in page.html


def test_it_opens_no_other_gift(client, database, pledge):
    with database.writing() as session:
        other = a_pledge(session, donor=DonorFacts(name="زهرا احمدی", mobile="09120000000"))
    last_four(client, pledge, "6789")

    assert "زهرا" not in client.get(f"/follow/{other.tracking_code}").words


@pytest.mark.parametrize("typed", ["6780", "", "456789", "abcd", "0912"])
def test_other_digits_open_nothing(client, pledge, typed):
    page = last_four(client, pledge, typed, status=422)

    assert "مریم" not in page.words
    assert "این چهار رقم" in page.words


def test_digits_cannot_be_tried_out(client, pledge):
    for guess in range(5):
        last_four(client, pledge, f"000{guess}", status=422)
    token = client.get(f"/follow/{pledge.tracking_code}").fields["csrf_token"]

    page = client.post(
        f"/follow/{pledge.tracking_code}", status=429, csrf_token=token, last_four="6789"
    )

    assert "دوباره تلاش کنید" in page.words


def test_the_tries_of_a_stranger_do_not_lock_the_donor_out(app, client, pledge):
    for guess in range(5):
        last_four(client, pledge, f"000{guess}", status=422)

    assert "مریم رضایی" in last_four(from_elsewhere(app, 1), pledge, "6789").words


def test_digits_cannot_be_tried_out_from_many_addresses(app, client, pledge):
    for number in range(20):
        last_four(from_elsewhere(app, number), pledge, "0000", status=422)

    assert "مریم" not in last_four(client, pledge, "6789", status=429).words


def test_the_right_digits_are_no_guess(client, pledge):
    for _turn in range(30):
        last_four(client, pledge, "6789")


def from_elsewhere(app, number):
    made = PageClient(app)
    made.http.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
    return made


@pytest.mark.parametrize("path", ["/follow/{}", "/give/{}/pay"])
@pytest.mark.parametrize("is_there", [False, True], ids=["no such code", "a code"])
def test_every_door_counts_the_codes_that_nobody_has(client, pledge, path, is_there):
    """Guesses at any of the addresses fill one bucket, and then no door tells codes apart."""
    token = client.get("/give").fields["csrf_token"]
    missed = path.format("3000000000000")
    for _turn in range(60):
        client.post(missed, status=404, csrf_token=token)

    code = pledge.tracking_code if is_there else "3000000000000"
    for door in ("/follow/{}", "/give/{}/pay"):
        client.post(door.format(code), status=429, csrf_token=token)


def test_the_donor_pays_whatever_strangers_missed(client, pledge):
    token = client.get("/give").fields["csrf_token"]
    for _turn in range(60):
        client.get("/follow/3000000000000", status=404)

    client.post(f"/give/{pledge.tracking_code}/pay", csrf_token=token, key=pledge.view_key)


def test_codes_cannot_be_tried_out(client, pledge):
    """After too many misses even a code that exists is answered alike, so nothing is learnt."""
    for _ in range(60):
        client.get("/follow/3000000000000", status=404)

    client.get("/follow/3000000000000", status=429)
    client.get(f"/follow/{pledge.tracking_code}", status=429)


def test_whoever_holds_the_key_is_not_kept_waiting_for_the_misses_of_others(client, pledge):
    for _ in range(60):
        client.get("/follow/3000000000000", status=404)

    client.get(f"/follow/{pledge.tracking_code}?key={pledge.view_key}")


@pytest.mark.parametrize(
    ("state", "sentence", "may_pay"),
    [
        (S.START_UNKNOWN, "بانک پاسخ نداد", True),
        (S.REDIRECTED, "پرداخت در بانک باز است", True),
        (S.RETURNED, "از بانک می‌پرسیم", False),
        (S.CONFIRMING, "از بانک می‌پرسیم", False),
        (S.CONFIRM_UNKNOWN, "از بانک می‌پرسیم", False),
        (S.MISMATCH, "در دست بررسی", False),
        (S.SETTLE_UNKNOWN, "از بانک می‌پرسیم", False),
        (S.CANCELLED_CLAIMED, "پرداخت لغو شد", True),
        (S.CANCELLED, "پرداخت لغو شد", True),
        (S.FAILED, "پرداخت نشد", True),
        (S.EXPIRED, "تا ۷۲ ساعت", True),
        (S.REVERSED, "پول بازگشت", True),
        (S.REVERSING, "از بانک می‌پرسیم", False),
    ],
)
def test_every_state_is_said_in_words(client, database, pledge, state, sentence, may_pay):
    a_payment(database, pledge, state)

    page = client.get(f"/follow/{pledge.tracking_code}")

    assert sentence in page.words
    assert ("/pay" in page.html) is may_pay
    assert ("دوباره پرداخت نکنید" in page.words) is not may_pay
    assert (pledge.deposit_id in page.html) is may_pay


def test_a_gift_without_a_payment_shows_both_ways_to_pay(client, pledge):
    page = client.get(f"/follow/{pledge.tracking_code}")

    assert "هنوز پرداخت نشده" in page.words
    assert pledge.deposit_id in page.html


def test_the_page_asks_again_by_itself_for_two_minutes(client, database, pledge):
    a_payment(database, pledge, S.CONFIRMING, changed_at=NOON - timedelta(seconds=119))

    assert refreshes(client.get(f"/follow/{pledge.tracking_code}"))


def test_then_it_stops_and_says_under_review(client, database, pledge):
    a_payment(database, pledge, S.CONFIRM_UNKNOWN, changed_at=NOON - timedelta(minutes=2))

    page = client.get(f"/follow/{pledge.tracking_code}")

    assert not refreshes(page)
    assert "در دست بررسی" in page.words
    assert "پرداخت نشد" not in page.words


def test_asking_the_bank_again_does_not_make_it_refresh_for_ever(client, database, pledge):
    a_payment(database, pledge, S.CONFIRM_UNKNOWN, changed_at=NOON)
    with database.writing() as session:
        payment = session.scalars(select(Payment)).one()
        for minutes in (5, 0):
            at = NOON - timedelta(minutes=minutes)
            session.add(
                PaymentStep(payment_id=payment.id, at=at, step="confirm", state=S.CONFIRMING)
            )

    assert not refreshes(client.get(f"/follow/{pledge.tracking_code}"))


def test_a_paid_gift_shows_its_receipt_and_the_file_to_the_donor_only(client, gift):
    pledge, receipt = gift

    stranger = client.get(f"/follow/{pledge.tracking_code}")
    donor = client.get(f"/follow/{pledge.tracking_code}?key={pledge.view_key}")

    assert "پرداخت شد. سپاسگزاریم." in stranger.words
    assert receipt.verify_key not in stranger.html
    assert f"/receipts/1405-07-000001.pdf?key={receipt.verify_key}" in donor.html


def test_a_void_receipt_is_said_to_be_void(client, database, gift):
    pledge, _receipt = gift
    with database.writing() as session:
        contribution = session.scalars(select(Contribution)).one()
        two_void(session, contribution.id)

    page = client.get(f"/follow/{pledge.tracking_code}?key={pledge.view_key}")

    assert "باطل" in page.words
    assert "هنوز پرداخت نشده" in page.words


def test_promised_goods_say_what_happens_next(client, database):
    with database.writing() as session:
        pledge = a_pledge(session, GoodsItem("پتو", 1_500, "بسته"))

    page = client.get(f"/follow/{pledge.tracking_code}")

    assert "پتو – ۱٫۵ بسته" in page.words.translate(_ISOLATES)
    assert "رسید هنگام تحویل داده می‌شود" in page.words


def test_a_donor_who_pays_and_comes_back_holds_the_receipt(paying_app, sandbox_bank):
    client = PageClient(paying_app)
    leaving = give(client, amount="1000000", name="مریم رضایی")
    back = sandbox_bank.pay(leaving.fields["RefId"])

    page = client.post("/bank/" + back["url"].partition("/bank/")[2], **back["fields"])

    assert "پرداخت شد. سپاسگزاریم." in page.words
    assert "مریم رضایی" in page.words
    (file, thanks) = [link for link in page.links if ".pdf" in link]
    pdf = client.http.get(file)
    assert pdf.data.startswith(b"%PDF")
    assert pdf.mimetype == "application/pdf"
    assert "لوح سپاس" in pdfium_text(client.http.get(thanks).data)


@pytest.mark.parametrize("suffix", ["", ".pdf"])
def test_a_receipt_opens_with_its_key_the_donors_key_and_to_nobody_else(client, gift, suffix):
    pledge, receipt = gift
    path = f"/receipts/1405-07-000001{suffix}"

    answers = {
        key: client.http.get(f"{path}?key={key}").status_code
        for key in (receipt.verify_key, pledge.view_key, "0" * 16, "")
    }

    assert list(answers.values()) == [200, 200, 404, 404]


@pytest.mark.parametrize("number", ["1405-07-000002", "x", "1405-07-000001.txt"])
def test_a_receipt_that_does_not_exist_is_not_found(client, gift, number):
    client.get(f"/receipts/{number}?key={gift[1].verify_key}", status=404)


@pytest.mark.usefixtures("gift")
@pytest.mark.parametrize(("office", "status"), [("07", 200), ("08", 404)])
def test_staff_see_the_receipts_of_their_own_desk(app, database, office, status):
    clerk = at_work(app, database, Role.CLERK, office=office)

    assert clerk.http.get("/receipts/1405-07-000001.pdf").status_code == status


def test_the_page_of_a_receipt_says_what_the_paper_says(client, gift):
    _pledge, receipt = gift

    page = client.get(f"/receipts/1405-07-000001?key={receipt.verify_key}")

    assert "۱٬۰۰۰٬۰۰۰ ریال (۱۰۰٬۰۰۰ تومان)" in page.words
    assert "نقدی در میز خدمت" in page.words
    assert "نیکوکار ناشناس" in page.words


def test_the_gift_can_be_followed_in_english(client, pledge):
    page = client.get(f"/follow/{pledge.tracking_code}?language=en")

    assert "Not paid yet" in page.words
    assert pledge.tracking_code in page.words


def test_every_stage_of_a_timeline_has_words_in_both_languages():
    assert set(STAGES) == set(StageKind)
    for words, _colour in STAGES.values():
        with speaking("fa"):
            persian = str(words)
        with speaking("en"):
            assert persian != str(words)
