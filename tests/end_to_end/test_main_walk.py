"""The whole walk: a gift online, a gift at a desk, the bank's statement, and books that agree."""

import re

import pytest
from playwright.sync_api import expect

from core.digits import to_latin, to_persian
from tests.end_to_end.walking import (
    PATIENCE_MS,
    code_of_slip,
    come_back,
    explained,
    give,
    import_file,
    pay,
    run_rules,
    sign_in,
)

pytestmark = pytest.mark.xdist_group("house")


def test_everything_but_a_strangers_money_is_explained(house, visitor, at_a_desk):
    # A donor gives online, another takes a deposit id to an ATM.
    page = visitor.new_page()
    give(page, house, "۲٬۵۰۰٬۰۰۰", fund="19041062101")
    pay(page)
    online_code = come_back(page, house)
    expect(page.locator("main")).to_contain_text("پرداخت شد", timeout=PATIENCE_MS)
    atm_code = give(page, house, "۳٬۲۰۰٬۰۰۰", by_deposit=True)
    deposit_id = re.search(r"\b[12][0-9]{12}\b", to_latin(page.locator("main").inner_text()))[0]

    # A clerk takes cash and blankets, by keyboard, and hands the cash to the bank.
    clerk = house.hire("clerk.bushehr", "clerk", "07")
    desk = at_a_desk.new_page()
    sign_in(desk, house, clerk, wanted="/desk/walk-in")
    desk.locator("input[name=amount]").focus()
    desk.keyboard.type("1000000")
    desk.locator("input[name$=description]").first.focus()
    desk.keyboard.type("پتو")
    desk.keyboard.press("Tab")
    desk.keyboard.type("20")
    desk.keyboard.press("Tab")
    desk.keyboard.type("تخته")
    desk.keyboard.press("Tab")
    desk.keyboard.press("Tab")
    desk.keyboard.press("End")  # other goods
    desk.keyboard.press("Control+Enter")
    expect(desk.locator(".confirmation")).to_be_visible(timeout=PATIENCE_MS)
    assert re.search(r"[0-9]{4}/07/[0-9]{6}", to_latin(desk.locator(".confirmation").inner_text()))
    slip_id = code_of_slip(desk, house, "1000000")

    # The clerk of Bushehr sees nothing of a gift that came to the headquarters.
    answer = desk.request.get(f"{house.url}/desk/entries/{online_code}")
    assert answer.status == 404

    # At the bank: the deposit in Persian digits, the desk's cash, a stranger, a fee; the next day.
    house.bank.post(
        "lines", kind="deposit", amount_rial=3_200_000, deposit_id=to_persian(deposit_id)
    )
    house.bank.post("lines", kind="desk", amount_rial=1_000_000, deposit_id=slip_id)
    house.bank.post("lines", kind="stranger", amount_rial=777_000)
    house.bank.post("lines", kind="fee", amount_rial=60_000)
    house.bank.post("clock", days=1)

    # Finance imports the statement and lets the rules look at it.
    accountant = house.hire("finance.walk", "finance", "00")
    office = at_a_desk.browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(office, house, accountant, wanted="/finance")
    import_file(office, house, house.save("day.xlsx", house.bank.statement()))
    run_rules(office, house)
    assert explained(house) == {
        "deposit_id",
        "deposit_slip",
        "settlement_batch",
        "bank_fee",
    }
    lines = house.flask("reconcile", "report")["lines"]
    still_open = [line["amount_rial"] for line in lines if line["state"] != "matched"]
    assert still_open == [777_000]
    office.goto(f"{house.url}/finance/inbox")
    expect(office.locator(".inbox-row")).to_have_count(1)

    # Each explained line says why, and whose it is.
    by_code = {line.get("tracking_code"): line for line in lines}
    assert by_code[atm_code]["reason"]
    assert all(line["reason"] for line in lines if line["state"] == "matched")

    # The donor of the deposit sees it received.
    page.goto(f"{house.url}/follow/{atm_code}")
    expect(page.locator("main")).to_contain_text("پرداخت شد")
    assert house.flask("ledger", "check")["ok"]

    # Importing again, and an overlapping export, adds nothing twice.
    again = house.save("again.csv", house.bank.statement(kind="csv", order="oldest"))
    report = house.flask("statements", "import", str(again))
    assert report["new"] == 0
    assert report["known"] == report["rows"]

    # Undo and redo leave the books whole.
    house.flask("reconcile", "undo", latest_run(office, house))
    assert house.flask("ledger", "check")["ok"]
    undone = house.flask("reconcile", "report")["lines"]
    assert all(line["state"] != "matched" for line in undone)
    house.flask("reconcile", "run")
    assert explained(house) >= {"deposit_id", "deposit_slip", "settlement_batch", "bank_fee"}
    assert house.flask("ledger", "check")["ok"]


def latest_run(page, house):
    page.goto(f"{house.url}/finance/runs")
    return max(re.findall(r"/finance/runs/([0-9]+)/undo", page.content()), key=int)
