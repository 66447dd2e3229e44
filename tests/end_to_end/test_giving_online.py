"""A donor on a phone, a bank, and everything that can come between them."""

import re

import pytest
from playwright.sync_api import expect

from core.digits import to_persian
from tests.end_to_end.walking import (
    PATIENCE_MS,
    come_back,
    give,
    give_by_hand,
    go_to_bank,
    pay,
    receipt_of,
)

pytestmark = pytest.mark.xdist_group("house")


def test_a_donor_gives_pays_and_holds_a_receipt(house, visitor):
    page = visitor.new_page()

    give(page, house, "۲٬۵۰۰٬۰۰۰", fund="19041062101")
    pay(page)
    code = come_back(page, house)

    expect(page.locator("main")).to_contain_text("پرداخت شد", timeout=PATIENCE_MS)
    text = receipt_of(page)
    assert code in text or to_persian(code) in text
    assert "۲٬۵۰۰٬۰۰۰" in text


def test_the_code_alone_shows_the_stages_and_no_receipt(house, visitor):
    page = visitor.new_page()
    give(page, house, "1000000")
    pay(page)
    code = come_back(page, house)
    expect(page.locator("main")).to_contain_text("پرداخت شد", timeout=PATIENCE_MS)

    page.goto(f"{house.url}/follow/{code}")

    expect(page.locator("main")).to_contain_text("پرداخت شد")
    assert page.locator("a[href*='.pdf']").count() == 0


def test_a_donor_without_scripts_gives_too(house, without_scripts):
    page = without_scripts.new_page()
    code = give_by_hand(page, house, "۱٬۰۰۰٬۰۰۰")

    pay(page)
    page.locator("button").first.click()  # the bank's own page asks to be sent back by hand

    assert come_back(page, house) == code


def test_a_cancelled_payment_can_be_tried_again(house, visitor):
    page = visitor.new_page()
    give(page, house, "1500000")
    pay(page, "cancel")
    come_back(page, house)
    expect(page.locator("main")).to_contain_text("لغو", timeout=PATIENCE_MS)

    page.locator("main form[action*='/pay'] button").first.click()
    go_to_bank(page, house)
    pay(page)
    come_back(page, house)

    expect(page.locator("main")).to_contain_text("پرداخت شد", timeout=PATIENCE_MS)


def test_a_browser_closed_after_paying_is_finished_by_the_worker(house, without_scripts):
    page = without_scripts.new_page()
    code = give_by_hand(page, house, "1700000")
    pay(page, "close")
    page.close()

    follower = without_scripts.new_page()
    for _ in range(40):
        follower.goto(f"{house.url}/follow/{code}")
        if "پرداخت شد" in follower.locator("main").inner_text():
            break
        follower.wait_for_timeout(3_000)

    expect(follower.locator("main")).to_contain_text("پرداخت شد")


def test_six_returns_at_once_make_one_receipt(house, visitor):
    page = visitor.new_page()
    give(page, house, "1800000")
    house.bank.break_next("return", "doubled_return")

    pay(page)
    code = come_back(page, house)

    expect(page.locator("main")).to_contain_text("پرداخت شد", timeout=PATIENCE_MS)
    page.goto(f"{house.url}/follow/{code}")
    assert (
        len(set(re.findall(r"[۰-۹]{4}/[۰-۹]{2}/[۰-۹]{6}", page.locator("main").inner_text()))) == 1
    )
    assert house.flask("ledger", "check")["ok"]


def test_a_silent_bank_is_under_review_and_never_failed(house, visitor):
    page = visitor.new_page()
    give(page, house, "1900000")
    house.bank.break_next("bpVerifyRequest", "html_500", times=50)

    pay(page)
    come_back(page, house)
    try:
        expect(page.locator("main")).to_contain_text(re.compile("بررسی|بانک می‌پرسیم"))
        assert "ناموفق" not in page.locator("main").inner_text()
    finally:
        house.bank.mend()
    expect(page.locator("main")).to_contain_text("پرداخت شد", timeout=90_000)


def test_a_page_of_another_host_is_never_needed(house, visitor):
    page = visitor.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    for path in ("/", "/give", "/follow", "/verify", "/transparency", "/help"):
        page.goto(house.url + path)

    assert [url for url in asked if not url.startswith((house.url, "data:"))] == []
