"""Goods in a real browser: thirty wheelchairs from two donors, and milk that comes too late."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from core.clock import tehran_date
from core.digits import to_latin
from core.jalali import jalali_plain
from tests.end_to_end.walking import PATIENCE_MS, sign_in

pytestmark = pytest.mark.xdist_group("house")


def offer(page, house, quantity):
    """Offer wheelchairs as a donor with an old phone does; the code of the promise."""
    page.goto(f"{house.url}/needs")
    page.locator("section", has_text="ویلچر").get_by_role("link").first.click()
    page.locator("input[name=quantity]").fill(quantity)
    page.locator("input[name=name]").fill("زهرا احمدی")
    page.locator("input[name=mobile]").fill("09121234567")
    page.get_by_role("button", name="ثبت پیشنهاد کمک").click()
    return re.search(r"/follow/([0-9]{13})", page.url)[1]


def test_thirty_wheelchairs_from_two_donors(house, without_scripts, at_a_desk):
    desk = at_a_desk.new_page()
    manager = house.hire("manager.needs", "office_manager", "07")
    sign_in(desk, house, manager, wanted="/desk/needs/new")
    desk.locator("input[name=title]").fill("ویلچر")
    desk.locator("select[name=category]").select_option("rehabilitation_aid")
    desk.locator("input[name=quantity]").fill("۳۰")
    desk.locator("input[name=unit]").fill("دستگاه")
    desk.get_by_role("button", name="انتشار").click()
    expect(desk.locator("main")).to_contain_text("نیاز منتشر شد", timeout=PATIENCE_MS)

    donor = without_scripts.new_page()
    first = offer(donor, house, "12")
    second = offer(donor, house, "20")

    told = (
        to_latin(donor.locator(".timeline").inner_text())
        .replace("\u2068", "")
        .replace("\u2069", "")
    )
    assert "18 دستگاه برای" in told
    assert "2 دستگاه در فهرست انتظار" in told

    # The first takes the offer back: who waits moves up, and reads it.
    desk.goto(f"{house.url}/desk/goods/offers/{first}")
    desk.get_by_role("button", name="مشارکت‌کننده منصرف شد").click()
    expect(desk.locator("main")).to_contain_text("دیگر در انتظار این کالا نیستیم")
    donor.goto(f"{house.url}/follow/{second}")
    expect(donor.locator(".timeline")).to_contain_text("از فهرست انتظار رسید")
    assert house.flask("ledger", "check")["ok"]


def test_milk_that_expires_in_twenty_days_is_refused_and_in_sixty_goes_to_a_centre(
    house, without_scripts, at_a_desk
):
    donor = without_scripts.new_page()
    donor.goto(f"{house.url}/give?kind=goods")
    donor.locator("input[name=description]").fill("شیر خشک")
    donor.locator("input[name=quantity]").fill("10")
    donor.locator("input[name=unit]").fill("قوطی")
    donor.locator("form.narrow .actions button").click()
    code = re.search(r"/follow/([0-9]{13})", donor.url)[1]
    desk = at_a_desk.new_page()
    sign_in(
        desk, house, house.hire("clerk.milk", "clerk", "07"), wanted=f"/desk/goods/offers/{code}"
    )

    look(desk, days=20, quantity="4")
    expect(desk.locator(".notice--error")).to_contain_text("دست‌کم ۶۰ روز")
    look(desk, days=60)
    expect(desk.locator(".confirmation")).to_be_visible(timeout=PATIENCE_MS)

    desk.goto(f"{house.url}/desk/goods/slips/new")
    desk.get_by_label("شیر خشک").fill("6")
    desk.locator("input[name=to_person]").fill("سرپرست شیرخوارگاه")
    desk.locator("form.narrow .actions button").click()
    expect(desk.locator("h1")).to_contain_text("حوالهٔ تحویل")
    donor.goto(f"{house.url}/follow/{code}")
    told = timeline(donor)
    assert "60 روز" in told
    assert "حوالهٔ تحویل 07-" in told
    assert house.flask("ledger", "check")["ok"]


def timeline(page):
    """What the donor reads, without the marks that keep directions apart."""
    return re.sub("[\u2066-\u2069]", "", to_latin(page.locator(".timeline").inner_text()))


def look(desk, *, days, quantity=""):
    """Write down new, unopened milk that expires so many days from now."""
    day = tehran_date(datetime.now(UTC)) + timedelta(days=days)
    desk.get_by_role("link", name="کالا اینجاست").click()
    desk.locator("input[name=quantity]").fill(quantity)
    desk.locator("select[name=item_category]").select_option("formula_milk")
    desk.locator("select[name=item_condition]").select_option("new")
    desk.locator("select[name=item_is_opened]").select_option("no")
    desk.locator("input[name=item_expires_on]").fill(jalali_plain(day))
    desk.keyboard.press("Control+Enter")
    desk.wait_for_url(re.compile(r"/(offers/[0-9]{13}|walk-in/[0-9]{13})$"))
