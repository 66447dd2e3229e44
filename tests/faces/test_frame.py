"""What every page looks like and does, in a real browser under the strict policy."""

import pytest

from core.settings import ROOT
from tests.faces.sample import sample_site
from tests.page_client import PageClient

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PAGES = ("give", "follow", "inbox")
FIND = "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html)))"
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("name", PAGES)
def test_the_frame_keeps_the_rules_of_every_page(name):
    PageClient(sample_site()).get(f"/{name}")


@pytest.mark.parametrize("width", [320, 1280])
@pytest.mark.parametrize("language", ["fa", "en"])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_stands_in_anybodys_way(browser, site, name, language, width):
    context = browser.new_context(viewport={"width": width, "height": 700}, bypass_csp=True)
    page = context.new_page()
    page.goto(f"{site}/{name}?language={language}")

    page.evaluate(AXE.read_text("utf-8"))

    assert page.evaluate(FIND) == []
    assert not page.evaluate(TOO_WIDE)
    context.close()


def test_a_wrong_form_leads_to_its_fields(page, site):
    page.goto(f"{site}/give")
    page.click("form button")

    summary = page.locator(".error-summary")
    assert summary.evaluate("box => box === document.activeElement")
    assert page.get_attribute("#amount", "aria-describedby") == "amount-hint amount-error"
    assert page.get_attribute("#amount", "aria-invalid") == "true"
    summary.locator("a").first.click()
    assert page.evaluate("document.activeElement.id") == "amount"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2500000", "برابر با ۲۵۰٬۰۰۰ تومان (دویست و پنجاه هزار تومان)"),
        ("۱٬۰۰۰٬۰۰۰", "برابر با ۱۰۰٬۰۰۰ تومان (صد هزار تومان)"),
        ("١٠٠٠٠", "برابر با ۱٬۰۰۰ تومان (هزار تومان)"),
        ("21000000010", "برابر با ۲٬۱۰۰٬۰۰۰٬۰۰۱ تومان (دو میلیارد و صد میلیون و یک تومان)"),
        ("15", "پانزده ریال"),
        ("0", ""),
        ("ده", ""),
    ],
    ids=["Latin", "Persian", "Arabic", "large", "below a toman", "nothing", "no number"],
)
def test_an_amount_is_repeated_in_the_words_people_count_in(page, site, typed, meant):
    page.goto(f"{site}/give")
    page.fill("#amount", typed)

    assert page.inner_text("output") == meant


def test_a_block_shows_only_where_it_applies(page, site):
    page.goto(f"{site}/give")
    assert not page.is_visible("#other")

    page.check("input[value=other]", force=True)
    assert page.is_visible("#other")


def test_without_scripts_everything_is_there(browser, site):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/give")
    assert page.is_visible("#other")

    page.fill("#amount", "1000")
    page.click("form button")
    assert page.inner_text("h1") == "رونوشت برداشته شد"
    context.close()


def test_a_form_pressed_twice_is_sent_once(page, site):
    page.goto(f"{site}/give")

    sent = page.evaluate(
        """() => {
          let sent = 0;
          document.addEventListener("submit", (event) => {
            if (!event.defaultPrevented) sent += 1;
            event.preventDefault();
          });
          const button = document.querySelector("form button");
          button.click();
          button.click();
          return sent;
        }"""
    )

    assert sent == 1


def test_the_keyboard_walks_the_rows_and_acts_on_one(page, site):
    page.goto(f"{site}/inbox")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.is_checked("#row-2 input")

    page.keyboard.press("a")
    page.wait_for_url(f"{site}/accepted/2*")


def test_keys_are_letters_while_one_types(page, site):
    page.goto(f"{site}/inbox")
    page.click("#name")
    page.keyboard.type("jax")

    assert page.input_value("#name") == "jax"
    assert page.url == f"{site}/inbox"


def test_enter_goes_on_to_the_next_field_and_ctrl_enter_sends(page, site):
    page.goto(f"{site}/inbox")
    page.focus("#name")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "fund"

    page.keyboard.press("Control+Enter")
    page.wait_for_url(f"{site}/inbox?name=&fund=1")


def test_a_keys_list_is_made_from_the_page(page, site):
    page.goto(f"{site}/inbox")
    page.keyboard.press("?")

    assert "ctrl+enter" in page.inner_text("#keys")


# Within the page and all at once: a scanner's speed, whatever else the machine is doing.
SCAN = """(digits) => {
  const send = (code, key) => document.activeElement.dispatchEvent(
    new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true }));
  for (const digit of digits) send(`Digit${digit}`, digit);
  send("Enter", "Enter");
}"""


def test_a_scanned_code_lands_in_its_field_wherever_the_focus_is(page, site):
    page.goto(f"{site}/inbox")
    page.focus("#row-1")

    page.evaluate(SCAN, "3123456789012")

    assert page.input_value("#name") == "3123456789012"
    assert page.url == f"{site}/inbox"


def test_what_a_person_types_is_no_scan(page, site):
    page.goto(f"{site}/inbox")
    page.focus("#row-1")
    for digit in "31234567890":
        page.keyboard.press(digit)
        page.wait_for_timeout(130)  # longer than any scanner pauses

    assert page.input_value("#name") == ""

    page.keyboard.press("Enter")
    page.wait_for_url(f"{site}/accepted/1*")  # Enter opens the row, as ever
