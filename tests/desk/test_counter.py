"""A clerk at the counter with the keyboard alone: ten walk-ins, a scanner, a donor found again."""

import re
import sys
import time
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from donations.models.contribution import Contribution, Tender
from donations.models.donor import Donor
from donations.models.pledge import Pledge
from donations.pledging import CashItem, DonorFacts
from flows.desk import WalkIn, record_walk_in
from receipts.life.series import Receipt
from tests.factories import office_id

MOBILE = "09121234567"


@pytest.fixture
def page(browser, line, at_desk):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "sid", "value": at_desk.key, "url": line.url}])
    opened = context.new_page()
    troubles = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert troubles == []


@pytest.fixture
def known(database, at_desk):
    """A gift of yesterday by somebody whom the desk knows."""
    now = datetime.now(UTC) - timedelta(days=2)
    with database.writing() as session:
        receipt = record_walk_in(
            session,
            WalkIn(
                [CashItem(1_000_000)],
                DonorFacts(name="زهرا احمدی", mobile=MOBILE),
                tender=Tender.CASH,
            ),
            office_id=office_id(session),
            staff_id=at_desk.staff_member_id,
            request_key=None,
            now=now,
        )
        contribution = session.get_one(Contribution, receipt.contribution_id)
        pledge = session.get_one(Pledge, contribution.pledge_id)
        return {
            "tracking_code": pledge.tracking_code,
            "deposit_id": pledge.deposit_id,
            "number": re.sub("[^0-9]", "", receipt.number),
        }


def scan(page, digits, *, struck_before=()):
    """Type as a scanner does, in one go of the keys, with Enter at the end.

    ``struck_before`` are a field and the digits that were struck there a moment ago.
    """
    page.evaluate(
        """([digits, [before, early]]) => {
          const type = (target, digits) => {
            for (const digit of digits) {
              const key = "۰۱۲۳۴۵۶۷۸۹"[digit];
              if (strike(target, `Digit${digit}`, key) && "value" in target) target.value += key;
            }
          };
          const strike = (target, code, key) => target.dispatchEvent(
            new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true }));
          const target = document.activeElement ?? document.body;
          if (before) type(document.querySelector(before), early);
          type(target, digits);
          strike(target, "Enter", "Enter");
        }""",
        [digits, list(struck_before)],
    )


def test_ten_walk_ins_by_keyboard_alone(page, line, database, capsys):
    page.goto(f"{line.url}/desk")
    taken = []
    for place in range(1, 11):
        began = time.monotonic()
        page.locator("#keys").wait_for()  # the list that the keys' own script makes
        page.keyboard.press("n")
        page.wait_for_url("**/desk/walk-in")
        expect(page.locator("#amount")).to_be_focused()  # by the first frame drawn, after the load
        page.keyboard.type(str(place * 100_000))
        if place % 2:  # goes on through the fields, by Enter, to the name
            while page.evaluate("document.activeElement.id") != "name":
                page.keyboard.press("Enter")
            page.keyboard.type("مهدی کریمی")
        page.keyboard.press("Control+Enter")
        expect(page.locator(".confirmation")).to_be_visible()
        taken.append(time.monotonic() - began)

    with capsys.disabled():
        seconds = " ".join(f"{each:.2f}" for each in taken)
        sys.stdout.write(f"\nten walk-ins, seconds each: {seconds}\n")
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Receipt)).one() == 10
        names = select(func.count()).where(Donor.name == "مهدی کریمی")
        assert session.scalars(names.select_from(Donor)).one() == 5


def test_one_key_prints_receipt_and_slip_together(page, line, known):
    page.goto(f"{line.url}/desk/walk-in/{known['tracking_code']}")
    page.evaluate("window.print = () => { document.body.dataset.printed = 'yes'; }")

    page.keyboard.press("p")

    assert page.evaluate("document.body.dataset.printed") == "yes"
    page.emulate_media(media="print")
    expect(page.locator(".sheets > .paper")).to_have_count(2)
    expect(page.locator(".sheets")).to_contain_text("زهرا احمدی")
    expect(page.locator(".sheets .qr svg")).to_be_visible()
    expect(page.locator(".confirmation")).to_be_hidden()


@pytest.mark.usefixtures("known")
def test_a_donor_is_found_by_name_while_it_is_typed_and_taken_by_one_key(page, line, database):
    page.goto(f"{line.url}/desk/walk-in")
    expect(page.locator("#amount")).to_be_focused()
    page.keyboard.type("2000000")
    page.locator("#name").focus()
    page.keyboard.type("احمدی")
    expect(page.locator("#donors-like button")).to_contain_text("زهرا احمدی")
    expect(page.locator("#donors-like")).not_to_contain_text("۰۹۱۲۱۲۳۴۵۶۷")

    page.keyboard.press("Alt+5")
    expect(page.locator(".notice--info")).to_contain_text("زهرا احمدی")
    page.wait_for_load_state()
    page.keyboard.press("Control+Enter")
    expect(page.locator(".confirmation")).to_be_visible()

    with database.reading() as session:
        mobiles = session.scalars(select(Donor.mobile)).all()
        assert set(mobiles) == {MOBILE}


@pytest.mark.parametrize(
    ("what", "leads_to"),
    [
        ("tracking_code", "/desk/receive/{tracking_code}"),
        ("deposit_id", "/desk/entries/{tracking_code}"),
        ("number", "/desk/entries/{tracking_code}"),
    ],
)
def test_a_scan_anywhere_on_the_page_opens_what_it_names(page, line, known, what, leads_to):
    page.goto(f"{line.url}/desk")

    scan(page, known[what])

    page.wait_for_url(line.url + leads_to.format(**known))


def test_a_scan_into_a_begun_form_leaves_the_form_and_offers_the_way(page, line, known):
    page.goto(f"{line.url}/desk/walk-in")
    expect(page.locator("#amount")).to_be_focused()
    page.keyboard.type("5000")
    page.locator("#name").focus()
    page.keyboard.type("مهدی")

    scan(page, known["tracking_code"])

    expect(page.locator("#scanned a")).to_be_focused()
    expect(page.locator("#name")).to_have_value("مهدی")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/desk/receive/{known['tracking_code']}")


def test_a_scan_right_behind_typed_digits_takes_back_its_own_only(page, line, known):
    page.goto(f"{line.url}/desk/walk-in")
    page.locator("#name").focus()

    scan(page, known["tracking_code"], struck_before=("#amount", "5000"))

    expect(page.locator("#scanned a")).to_have_text(known["tracking_code"])
    expect(page.locator("#name")).to_have_value("")
    expect(page.locator("#amount")).to_have_value("۵۰۰۰")


def test_digits_typed_by_hand_are_no_scan(page, line):
    page.goto(f"{line.url}/desk/walk-in")
    page.locator("#mobile").focus()

    page.keyboard.type(MOBILE, delay=60)
    page.keyboard.press("Enter")

    expect(page.locator("#mobile")).to_have_value(MOBILE)
    expect(page).to_have_url(re.compile("/desk/walk-in$"))


def test_a_question_mark_lists_the_keys(page, line):
    page.goto(f"{line.url}/desk")

    page.keyboard.press("?")

    expect(page.locator("#keys")).to_have_attribute("open", "")
