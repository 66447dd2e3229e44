"""An accountant's morning: import, review by keyboard, split, undo, sign, and a change refused."""

from datetime import UTC, datetime, timedelta

import pytest
import requests
from playwright.sync_api import expect

from core.clock import tehran_date
from core.jalali import jalali_plain
from tests.databases import fresh_database
from tests.end_to_end.house import running_house
from tests.end_to_end.walking import PATIENCE_MS, explained, import_file, run_rules, sign_in
from tests.reconciliation.bank import Booking, as_xlsx, cells, fee


@pytest.fixture
def own_house(tmp_path_factory):
    """A house of its own: its account has no other bookings than those of this story."""
    with (
        fresh_database() as url,
        running_house(tmp_path_factory.mktemp("morning"), url) as house,
    ):
        yield house


def promised(house, *amounts):
    """Promises made through the API; each answer as it came."""
    key = house.flask("api-keys", "add", "--name", "Morning")["key"]
    return [
        requests.post(
            f"{house.url}/api/v1/pledges",
            json={"donor": {}, "items": [{"kind": "cash", "amount_rial": amount}]},
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": f"morning-{amount}"},
            timeout=30,
        ).json()
        for amount in amounts
    ]


def test_an_accountants_morning(own_house, at_a_desk):
    house = own_house
    by_id, first, second, alone = promised(house, 1_000_000, 2_500_000, 4_000_000, 777_000)
    yesterday = tehran_date(datetime.now(UTC)) - timedelta(days=1)
    bookings = [
        Booking(1_000_000, deposit_id=by_id["deposit_id"], day=yesterday, time="09:00:00"),
        Booking(6_500_000, day=yesterday, time="09:30:00"),
        Booking(777_000, day=yesterday, time="10:00:00"),
        fee(60_000, day=yesterday, time="23:00:00"),
        # A day's end is proved by the first booking after it.
        fee(40_000, day=yesterday + timedelta(days=1), time="00:05:00"),
    ]
    maker = house.hire("finance.one", "finance", "00")
    checker = house.hire("finance.two", "finance", "00")
    office = at_a_desk.new_page()
    sign_in(office, house, maker, wanted="/finance")

    # The statement comes in, and explains what it can.
    import_file(office, house, house.save("day.xlsx", as_xlsx(cells(bookings))))
    run_rules(office, house)
    assert explained(house) == {"deposit_id", "bank_fee"}

    # The rest is reviewed by keyboard: the first line is two promises in one.
    office.goto(f"{house.url}/finance/inbox")
    expect(office.locator(".inbox-row")).to_have_count(2)
    office.keyboard.press("j")
    office.keyboard.press("s")
    office.wait_for_url("**/finance/lines/*")
    line_address = office.url.split("?")[0]
    split_over(office, first["tracking_code"], second["tracking_code"])
    expect(office.locator(".inbox-row")).to_have_count(1, timeout=PATIENCE_MS)

    # It was not so: undone with a reason, and done again.
    office.goto(line_address)
    undo(office)
    expect(office.locator(".notice--success")).to_be_visible(timeout=PATIENCE_MS)
    split_over(office, first["tracking_code"], second["tracking_code"])
    expect(office.locator(".inbox-row")).to_have_count(1, timeout=PATIENCE_MS)

    # The last one was announced by telephone: its code is typed in.
    office.wait_for_load_state()  # the keys listen once the page is whole
    office.keyboard.press("j")
    office.keyboard.press("s")
    office.wait_for_url("**/finance/lines/*")
    office.locator("input[name=tracking_code]").fill(alone["tracking_code"])
    office.keyboard.press("Control+Enter")
    expect(office.locator(".empty")).to_be_visible(timeout=PATIENCE_MS)
    lines = house.flask("reconcile", "report")["lines"]
    assert {line["state"] for line in lines} == {"matched"}
    assert alone["tracking_code"] in {line.get("tracking_code") for line in lines}

    # The day is prepared by one and signed by the other.
    day = f"{house.url}/finance/days/90190/{jalali_plain(yesterday).replace('/', '-')}"
    office.goto(day)
    office.keyboard.press("p")
    expect(office.locator("main")).to_contain_text("آماده", timeout=PATIENCE_MS)
    assert office.locator("form[action$='/sign']").count() == 0, "nobody signs what they prepared"
    other = at_a_desk.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(other, house, checker, wanted="/finance")
    other.goto(day)
    other.locator("form[action$='/sign'] button").click()
    expect(other.locator("form[action$='/sign']")).to_have_count(0, timeout=PATIENCE_MS)
    other.context.close()

    # From now on nobody changes it alone.
    office.goto(line_address)
    undo(office)
    expect(office.locator("h1")).to_contain_text("امضا شده است", timeout=PATIENCE_MS)
    lines = house.flask("reconcile", "report")["lines"]
    assert {line["state"] for line in lines} == {"matched"}
    assert house.flask("ledger", "check")["ok"]


def split_over(page, *codes):
    """Say, on the page of a line, whose money its parts are."""
    page.wait_for_load_state()
    page.keyboard.press("s")
    for place, code in enumerate(codes):
        page.locator(f"input[name=parts-{place}-tracking_code]").fill(code)
    page.locator("form[action*='/split'] button").click()
    page.wait_for_url("**/finance/inbox*")


def undo(page):
    """Say, on the page of a line, that what explains it does not stand."""
    page.locator("details:has(form[action$='/undo']) summary").click()
    page.locator("form[action$='/undo'] textarea").fill("اشتباه شده بود")
    page.locator("form[action$='/undo'] button").click()
