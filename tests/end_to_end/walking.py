"""What people do in front of the pages, in their own words."""

import io
import re
from pathlib import Path

import pypdfium2
from playwright.sync_api import Page, expect

from core.digits import to_latin
from tests.end_to_end.house import House, Person

PATIENCE_MS = 30_000


def give(page: Page, house: House, amount: str, *, fund: str = "", by_deposit: bool = False) -> str:
    """Fill in the gift form and send it; returns the tracking code, known before the bank."""
    page.goto(f"{house.url}/give?fund={fund}" if fund else f"{house.url}/give")
    page.locator("input[name=amount]").fill(amount)
    if by_deposit:
        page.locator("details:has(input[name=gateway]) summary").click()
        page.locator("input[name=gateway][value=deposit]").check()
    page.locator("main form button.button").last.click()
    if by_deposit:
        return code_in_address(page)
    go_to_bank(page, house)
    return ""


def go_to_bank(page: Page, house: House) -> None:
    """Go on from the page that shows the tracking code; without a mobile nobody is rushed."""
    page.locator("form[data-once][action*='pgwchannel'] button").click()
    page.wait_for_url(f"{house.bank.base_url}/**", timeout=PATIENCE_MS)


def give_by_hand(page: Page, house: House, amount: str) -> str:
    """The same without scripts: the tracking code stands there until the donor goes on."""
    page.goto(f"{house.url}/give")
    page.locator("input[name=amount]").fill(amount)
    page.locator("main form button.button").last.click()
    code = re.sub(r"[^0-9]", "", to_latin(page.locator(".code").first.inner_text()))
    page.locator("main form button.button").first.click()
    return code


def pay(page: Page, what: str = "pay") -> None:
    """Press a button of the bank's pay page."""
    page.locator(f"button[name=do][value={what}]").click()


def come_back(page: Page, house: House) -> str:
    """Wait until the bank has sent the browser back; returns the tracking code."""
    page.wait_for_url(f"{house.url}/follow/**", timeout=PATIENCE_MS)
    return code_in_address(page)


def code_in_address(page: Page) -> str:
    found = re.search(r"/follow/([0-9]{13})", page.url)
    assert found, page.url
    return found[1]


def receipt_of(page: Page) -> str:
    """Download the receipt that the page offers; returns what a PDF viewer would copy from it."""
    href = page.locator("a[href*='.pdf']").first.get_attribute("href")
    answer = page.request.get(
        href if href.startswith("http") else page.url.split("/follow")[0] + href
    )
    assert answer.ok
    assert answer.body().startswith(b"%PDF-")
    document = pypdfium2.PdfDocument(io.BytesIO(answer.body()))
    return "\n".join(sheet.get_textpage().get_text_range() for sheet in document)


def sign_in(page: Page, house: House, person: Person, *, wanted: str) -> None:
    """Sign in with password and one-time code, on the way to a page."""
    page.goto(f"{house.url}{wanted}")
    page.locator("input[name=username]").fill(person.username)
    page.locator("input[name=password]").fill(person.password)
    page.keyboard.press("Enter")
    page.locator("input[name=code]").fill(person.code())
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(wanted)), timeout=PATIENCE_MS)


def digits_of(page: Page, pattern: str) -> str:
    """The first number on the page that looks like this, in Latin digits."""
    found = re.search(pattern, to_latin(page.locator("main").inner_text()))
    assert found, page.locator("main").inner_text()
    return found[0]


def code_of_slip(page: Page, house: House, amount: str) -> str:
    """Hand cash to the bank; returns the deposit id of the slip."""
    page.goto(f"{house.url}/desk/slips")
    page.locator("input[name=amount]").fill(amount)
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"/desk/slips/[0-9]+"), timeout=PATIENCE_MS)
    return digits_of(page, r"\b[12][0-9]{12}\b")


def import_file(page: Page, house: House, path: Path) -> None:
    """Hand a statement in."""
    page.goto(f"{house.url}/finance/statements")
    page.locator("input[type=file]").set_input_files(path)
    page.locator("main form button").first.click()
    page.wait_for_url(re.compile(r"/finance/statements/[0-9]+"), timeout=PATIENCE_MS)


def run_rules(page: Page, house: House) -> None:
    """Let the rules look at what is open."""
    page.goto(f"{house.url}/finance/runs")
    page.locator("main form button").first.click()
    expect(page.locator("table tbody tr").first).to_be_visible(timeout=PATIENCE_MS)


def explained(house: House) -> set[str]:
    """The rules by which lines stand explained."""
    lines = house.flask("reconcile", "report")["lines"]
    return {line["rule"] for line in lines if line["state"] == "matched"}
