"""The pages that check a receipt, and the page of totals: open to all, and telling no secrets."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from donations.pledging import CashItem, DonorFacts, GoodsItem, ServiceItem
from receipts.life.series import Receipt
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, two_void
from tests.page_client import PageClient
from web.app import create_app
from web.public.totals import totals
from web.services import Services

FOOD = "19041062101"
MARYAM = DonorFacts(name="مریم رضایی", mobile="09123456789")


@pytest.fixture
def receipt(database):
    with database.writing() as session:
        staff = a_staff_member(session)
        a_desk_contribution(session, CashItem(2_500_000), staff_id=staff.id)
        return session.scalars(select(Receipt)).one()


@pytest.fixture
def staff_id(database):
    with database.writing() as session:
        return a_staff_member(session, "counting").id


def some_gifts(database, staff_id, count, *items, office="07"):
    with database.writing() as session:
        return [
            a_desk_contribution(session, *items, staff_id=staff_id, office=office).id
            for _ in range(count)
        ]


def counted(database):
    with database.reading() as session:
        return totals(session)


@pytest.mark.usefixtures("receipt")
@pytest.mark.parametrize("typed", ["1405/07/000001", "1405-07-000001", "۱۴۰۵/۰۷/۰۰۰۰۰۱"])
def test_the_form_takes_a_number_in_any_spelling(client, typed):
    page = client.get(f"/verify?number={typed}")

    assert "این رسید معتبر است" in page.words
    assert "۱۴۰۵/۰۹/۰۱" in page.words


def test_the_number_alone_shows_neither_amount_nor_name(client, receipt):
    page = client.get("/verify/1405-07-000001")

    assert "۲٬۵۰۰٬۰۰۰" not in page.words
    assert receipt.verify_key not in page.html


def test_the_key_of_the_qr_code_shows_kind_amount_and_masked_name(client, receipt):
    page = client.get(f"/verify/1405-07-000001?k={receipt.verify_key}")

    assert "۲٬۵۰۰٬۰۰۰ ریال" in page.words
    assert "نیکوکار ناشناس" in page.words


@pytest.mark.usefixtures("receipt")
def test_a_wrong_key_shows_what_no_key_shows(client):
    with_wrong_key = client.get(f"/verify/1405-07-000001?k={'0' * 16}")

    assert with_wrong_key.words == client.get("/verify/1405-07-000001").words


def test_a_void_receipt_is_said_to_be_void_since_a_day(client, database, receipt):
    with database.writing() as session:
        two_void(session, receipt.contribution_id)

    page = client.get("/verify/1405-07-000001")

    assert "این رسید باطل است" in page.words
    assert "باطل از ۱۴۰۵/۰۹/۰۱" in page.words
    assert "معتبر است" not in page.words


@pytest.mark.usefixtures("receipt")
@pytest.mark.parametrize(
    ("number", "status"), [("1405-07-000002", 404), ("1405-99-000001", 404), ("abc", 422)]
)
def test_a_number_that_is_none_is_explained_and_kept(client, number, status):
    page = client.get(f"/verify/{number}", status=status)

    assert page.fields["number"] == number


@pytest.mark.usefixtures("receipt")
def test_numbers_cannot_be_read_through_one_after_the_other(client):
    statuses = [client.http.get("/verify/1405-07-000001").status_code for _ in range(121)]

    assert set(statuses[:120]) == {200}
    assert statuses[120] == 429


def test_totals_count_what_stands_and_never_add_goods_to_money(database, staff_id):
    some_gifts(database, staff_id, 5, CashItem(1_000_000), GoodsItem("پتو", 1_000, "عدد"))
    some_gifts(database, staff_id, 5, CashItem(500_000, fund=FOOD), ServiceItem("تدریس", 4))
    (gone,) = some_gifts(database, staff_id, 1, CashItem(9_000_000))
    with database.writing() as session:
        two_void(session, gone)

    shown = counted(database)

    assert shown.cash is not None
    assert (shown.cash.amount_rial, shown.cash.gifts) == (7_500_000, 10)
    assert (shown.goods_gifts, shown.hours) == (5, 20)
    assert sorted(total.amount_rial for total in shown.funds) == [2_500_000, 5_000_000]
    assert [total.amount_rial for total in shown.provinces] == [7_500_000]


def test_nothing_is_shown_of_fewer_than_five_donors(client, database, staff_id):
    some_gifts(database, staff_id, 4, CashItem(1_000_000))

    assert counted(database).cash is None
    assert "۴٬۰۰۰٬۰۰۰" not in client.get("/transparency").words


def test_a_small_group_cannot_be_worked_out_from_the_rest(database, staff_id):
    """Five for one purpose, one for another: shown apart, the difference would be that one gift."""
    some_gifts(database, staff_id, 5, CashItem(1_000_000))
    some_gifts(database, staff_id, 1, CashItem(77_000, fund=FOOD))

    shown = counted(database)

    assert [total.amount_rial for total in shown.funds] == [5_077_000]


def test_small_groups_are_shown_together(database, staff_id):
    some_gifts(database, staff_id, 5, CashItem(1_000_000))
    for fund in (FOOD, "19041062102"):
        some_gifts(database, staff_id, 3, CashItem(100_000, fund=fund))

    shown = counted(database)

    assert [(total.amount_rial, total.donors) for total in shown.funds] == [
        (5_000_000, 5),
        (600_000, 6),
    ]
    assert "کمتر از پنج" in shown.funds[1].label


def test_somebody_who_gives_five_times_is_one_donor(database, staff_id):
    with database.writing() as session:
        for _ in range(5):
            pledge = a_pledge(session, CashItem(1_000_000), donor=MARYAM)
            assert pledge.donor_id is not None
    some_gifts(database, staff_id, 4, CashItem(1_000_000))

    assert counted(database).cash is None


def test_the_page_of_totals_draws_them_and_lists_them(client, database, staff_id):
    some_gifts(database, staff_id, 5, CashItem(1_000_000, fund=FOOD))

    page = client.get("/transparency")

    assert "۵٬۰۰۰٬۰۰۰ ریال" in page.words
    assert "<svg" in page.html
    assert "۵ مشارکت" in page.words


def test_totals_are_counted_again_after_five_minutes(settings, database, gateways, staff_id):
    clock = [NOON]
    app = create_app(settings, Services(settings, database, lambda: clock[0], gateways))
    client = PageClient(app)
    client.get("/transparency")
    some_gifts(database, staff_id, 5, CashItem(1_000_000))

    clock[0] = NOON + timedelta(minutes=4)
    before = client.get("/transparency")
    clock[0] = NOON + timedelta(minutes=5)
    after = client.get("/transparency")

    assert "۵٬۰۰۰٬۰۰۰ ریال" not in before.words
    assert "۵٬۰۰۰٬۰۰۰ ریال" in after.words
