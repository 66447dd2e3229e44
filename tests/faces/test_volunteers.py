"""Volunteers in a real browser: a licence that ended, and one code for money, goods and days."""

import re
from datetime import timedelta

import pytest

from core.jalali import jalali_plain
from flows.checking import check_ledger
from flows.entries import totals_of_day
from offices.scope import EVERYWHERE
from offices.staff import Role
from tests.serving import served
from tests.staff import at_work
from tests.volunteers import TODAY, TOMORROW, a_licence, a_volunteer, an_offer

DAYS = (TODAY, TODAY + timedelta(days=7))  # the first can be confirmed, the second is ahead
PAGES = (
    "/desk/volunteers",
    "/desk/volunteers/new",
    "/desk/volunteers/1",
    "/desk/volunteers/1/licences",
    "/desk/volunteers/1/certificate",
    "/desk/volunteers/offers",
    "/desk/volunteers/offers/1",
    "/desk/volunteers/shifts",
    "/desk/volunteers/licences",
    "/volunteer",
)


@pytest.fixture
def house(app):
    """The address of the application, served from a thread of its own."""
    with served(app) as address:
        yield address


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def desk(browser, clerk, house):
    """A window in which a clerk has signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, base_url=house)
    context.add_cookies([{"name": "sid", "value": clerk.key, "url": house}])
    yield context.new_page()
    context.close()


@pytest.fixture
def physician(database, clerk):
    """A physician whose licence ended yesterday, with hours to give; the path of the offer."""
    staff_id = clerk.staff_member_id
    with database.writing() as session:
        person = a_volunteer(session, staff_id, "physician", name="دکتر مینا کریمی")
        yesterday = TODAY - timedelta(days=1)
        a_licence(session, staff_id, person, yesterday - timedelta(days=365), yesterday)
        offer = an_offer(session, staff_id, person, hours=4, skill="physician")
        return f"/desk/volunteers/offers/{offer.pledge_item_id}"


def plan(desk, day, *, start="8", end="12", duty="درمانگاه"):
    """Fill in the form of a shift and send it."""
    form = desk.locator("#plan")
    for name, text in (("day", jalali_plain(day)), ("start", start), ("end", end), ("duty", duty)):
        form.locator(f"[name={name}]").fill(text)
    form.locator("[name=supervisor]").fill("لاله احمدی")
    form.locator("button.button").click()


def test_a_physician_whose_licence_ended_yesterday_is_not_on_tomorrows_clinic(desk, physician):
    desk.goto(physician)
    plan(desk, TOMORROW)
    assert "اعتبار مجوز در ۱۴۰۵/۰۸/۳۰ پایان یافته است" in desk.inner_text("main")
    assert desk.input_value("#plan [name=duty]") == "درمانگاه"

    desk.goto("/desk/volunteers/1/licences")
    desk.fill("[name=number]", "۹۸۷۶")
    desk.fill("[name=issuer]", "سازمان بهزیستی کشور")
    desk.select_option("[name=skill]", "physician")
    desk.fill("[name=valid_from]", "۱۴۰۵/۰۹/۰۱")
    desk.fill("[name=valid_to]", "۱۴۰۶/۰۸/۳۰")
    desk.click("main form button.button")
    desk.wait_for_url("**/volunteers/1")
    desk.goto(physician)
    plan(desk, TOMORROW)

    assert "نوبت برنامه‌ریزی شد" in desk.inner_text("main")


@pytest.mark.usefixtures("physician")
@pytest.mark.parametrize("path", PAGES)
def test_every_page_of_volunteers_fits_a_telephone(desk, path):
    desk.set_viewport_size({"width": 320, "height": 640})
    desk.goto(path)

    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert desk.evaluate(wider) == 0


def a_walk_in_of_three_kinds(desk):
    """The baker: money, bread vouchers, and two days of baking; the tracking code."""
    desk.goto("/desk/walk-in")
    for name, text in (
        ("amount", "۲۰٬۰۰۰٬۰۰۰"),
        ("name", "رضا نانوا"),
        ("mobile", "۰۹۱۲۱۲۳۴۵۶۷"),
        ("goods1_description", "ژتون نان"),
        ("goods1_quantity", "۴۰"),
        ("goods1_unit", "برگ"),
        ("service1_skill", "نانوایی و آشپزی"),
        ("service1_hours", "۱۶"),
    ):
        desk.fill(f"[name={name}]", text)
    desk.select_option("[name=goods1_category]", "other")
    desk.check("[name=service1_is_promised]")
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url(re.compile(r"/walk-in/[0-9]+"))
    return desk.url.rsplit("/", 1)[-1]


def two_days(desk):
    """Register the baker from the offer of the gift, take it on, and plan both days."""
    desk.goto("/desk/volunteers/offers")
    desk.click("main table a[data-main]")
    offer = desk.url
    desk.click("main .notice a.button")
    desk.check("input[name=skills][value=baking]")
    desk.click("main form button.button")
    desk.wait_for_url(re.compile(r"/volunteers/[0-9]+"))
    desk.goto(offer)
    desk.click("button:has-text('پذیرش')")
    for day in DAYS:
        plan(desk, day, end="16", duty="پخت نان")
        assert "نوبت برنامه‌ریزی شد" in desk.inner_text("main")
    return offer


def first_day_done(desk, offer):
    """The centre confirms eight hours of the first day."""
    desk.goto(offer)
    desk.click("main table a[data-main] >> nth=0")
    desk.click("button:has-text('تأیید')")
    assert "تأیید شد" in desk.inner_text("main")


def vouchers_delivered(desk):
    """The vouchers leave for a centre, and what was signed there is written down."""
    desk.goto("/desk/goods/slips/new")
    desk.fill("[name=to_person]", "مرکز آفتاب")
    desk.fill("[name^=kind_]", "۴۰")
    desk.click("main form button.button")
    desk.wait_for_url(re.compile(r"/goods/slips/[0-9]+"))
    desk.click("main form.card button.button")


def cash_of_today(database):
    with database.reading() as session:
        return sum(row.amount_rial for row in totals_of_day(session, EVERYWHERE, TODAY))


def test_a_bakers_money_vouchers_and_two_days_go_their_own_ways(desk, database):
    before = cash_of_today(database)
    code = a_walk_in_of_three_kinds(desk)
    offer = two_days(desk)
    first_day_done(desk, offer)
    vouchers_delivered(desk)

    desk.goto(f"/follow/{code}")
    told = desk.inner_text("main")
    assert "۲۰٬۰۰۰٬۰۰۰ ریال" in told
    assert "یک از دو نوبت انجام شد" in told
    assert "به محل نیاز رسید" in told
    assert cash_of_today(database) - before == 20_000_000

    desk.goto(offer)
    desk.click("summary:has-text('خدمت دیگری انتظار نمی‌رود')")
    desk.fill("form:has(input[value=close]) [name=reason]", "سفر")
    desk.click("button:has-text('بستن تعهد')")
    desk.goto(f"/follow/{code}")

    told = desk.inner_text("main")
    assert "۸ از ۱۶ ساعت" in told
    assert "۲۰٬۰۰۰٬۰۰۰ ریال" in told
    assert cash_of_today(database) - before == 20_000_000
    with database.reading() as session:
        assert [row.name for row in check_ledger(session).checks if not row.ok] == []
