"""A desk without a line, in a real browser: nothing is lost, nothing is booked twice."""

import re
import time
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from donations.models.contribution import Contribution
from flows.checking import check_ledger
from offices.scope import EVERYWHERE
from offices.staff import Role
from receipts.life.audit_report import audit
from receipts.life.blocks import close_block
from receipts.life.chain import chain_series
from receipts.life.number_blocks import BlockNumber, NumberBlock, OfflineEntry
from receipts.life.series import Receipt
from tests.desk.line import settled
from tests.staff import at_work

PATIENCE_MS = 30_000

pytestmark = pytest.mark.usefixtures("numbers")


def sign_in(context, line, clerk):
    context.add_cookies([{"name": "sid", "value": clerk.key, "url": line.url}])


def desk_of(context, line, path="/desk/offline"):
    page = context.new_page()
    page.goto(line.url + path)
    return settled(page) if path == "/desk/offline" else page


def prepared(context, line, clerk):
    """A page of a browser that holds a block and keeps the desk's page."""
    sign_in(context, line, clerk)
    page = desk_of(context, line)
    page.locator("button[data-prepare]").first.click()
    page.locator("html[data-ready=yes]").wait_for(state="attached", timeout=PATIENCE_MS)
    expect(page.locator("[data-left]")).to_have_text("۳۰")
    return page


def enter(page, amount, *, name=""):
    page.locator("#amount").fill(str(amount))
    if name:
        page.locator("#name").fill(name)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#amount")).to_have_value("")  # emptied once the entry is on the disk
    expect(page.locator("#provisional")).to_be_visible()


def waiting(page):
    return page.locator("[data-waiting] > li")


def numbers_in(database):
    with database.reading() as session:
        return session.scalars(select(Receipt.number).order_by(Receipt.id)).all()


def numbers_sent(page, database, count):
    """The numbers of all receipts, once so many are recorded and nothing waits in the browser.

    A list that is empty alone says nothing: what was just kept may not be listed yet.
    """
    until = time.monotonic() + PATIENCE_MS / 1_000
    while len(numbers_in(database)) < count and time.monotonic() < until:
        page.wait_for_timeout(50)
    expect(waiting(page)).to_have_count(0, timeout=PATIENCE_MS)
    return numbers_in(database)


def is_whole(database):
    chain_series(database, now=datetime.now(UTC))
    with database.reading() as session:
        troubles = [one for proof in audit(session).proofs for one in proof.troubles]
        return troubles == [] and check_ledger(session).ok


@pytest.fixture
def window(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


def test_an_hour_without_a_line_and_a_crash_lose_nothing_and_book_nothing_twice(
    crashing, line, at_desk, numbers, database
):
    context = crashing.start()
    page = prepared(context, line, at_desk)
    line.cut()
    page.goto(f"{line.url}/desk/walk-in")  # the page that was kept stands in for every other
    settled(page)
    for amount in range(1, 13):
        enter(page, amount * 1_000, name="زهرا احمدی")
    crashing.crash()

    page = desk_of(crashing.start(), line, "/desk")
    settled(page)
    expect(waiting(page)).to_have_count(12)
    for amount in range(13, 21):
        enter(page, amount * 1_000)
    expect(page.locator("[data-number]").first).to_have_text(re.compile("۰۰۰۰۲۰$"))
    assert numbers_in(database) == []

    line.mend()
    sign_in(page.context, line, at_desk)  # a crash ends the sign-in of the browser
    page.locator("[data-send]").click()

    wanted = [f"{numbers}{serial:06d}" for serial in range(1, 21)]
    assert numbers_sent(page, database, 20) == wanted
    with database.reading() as session:
        total = select(func.sum(Receipt.amount_rial))
        assert session.scalars(total).one() == sum(range(1, 21)) * 1_000
    assert is_whole(database)


def test_goods_are_saved_with_their_category_and_condition(window, line, at_desk, database):
    page = prepared(window, line, at_desk)
    for name, text in (("description", "پتو"), ("quantity", "۲۰"), ("unit", "تخته")):
        page.fill(f"[name=goods1_{name}]", text)

    for name, value in (("category", "bedding"), ("condition", "new")):
        page.keyboard.press("Control+Enter")
        expect(page.locator(f"[name=goods1_{name}]")).to_be_focused()
        page.select_option(f"[name=goods1_{name}]", value)
    page.keyboard.press("Control+Enter")

    expect(page.locator("#provisional")).to_be_visible()
    assert len(numbers_sent(page, database, 1)) == 1


def test_a_kept_row_of_a_category_alone_is_told_by_nobody(window, line, at_desk):
    sign_in(window, line, at_desk)
    page = desk_of(window, line)

    found = page.evaluate(
        """async () => {
          const { lines, trouble } = await import("/static/desk/entry.js");
          const kept = [
            ["amount", "1000"], ["goods1_category", "other"], ["goods2_category", "food"]];
          const words = { language: "fa", rial: "ریال", hours: "ساعت" };
          return [lines(kept, words), trouble(kept), trouble(kept.slice(0, 2))];
        }"""
    )

    assert found == [["۱٬۰۰۰ ریال"], ["goods2_description", "row"], None]


def test_a_lost_answer_leaves_one_entry(window, line, at_desk, numbers, database):
    page = prepared(window, line, at_desk)
    line.loses_answers_to = b"POST /desk/offline/entries"

    enter(page, 5_000)
    expect(page.locator("[data-line=no-line]")).to_be_visible(timeout=PATIENCE_MS)
    assert line.lost >= 1
    assert numbers_in(database) == [f"{numbers}000001"]
    expect(waiting(page)).to_have_count(1)

    line.loses_answers_to = None
    page.locator("[data-send]").click()
    assert numbers_sent(page, database, 1) == [f"{numbers}000001"]


def test_two_windows_that_send_at_once_send_each_entry_once(window, line, at_desk, database):
    one = prepared(window, line, at_desk)
    line.cut()
    for amount in range(1, 6):
        enter(one, amount * 1_000)
    line.mend()

    other = window.new_page()
    other.goto(f"{line.url}/desk/offline", wait_until="commit")  # it sends as it opens
    one.locator("[data-send]").click()

    assert len(numbers_sent(one, database, 5)) == 5
    expect(waiting(settled(other))).to_have_count(0, timeout=PATIENCE_MS)
    assert is_whole(database)


def test_the_line_that_is_back_sends_by_itself(window, line, at_desk, database):
    page = prepared(window, line, at_desk)
    line.cut()
    window.set_offline(True)
    enter(page, 5_000)

    line.mend()
    window.set_offline(False)

    assert len(numbers_sent(page, database, 1)) == 1
    expect(page.locator("[data-confirmed]")).to_contain_text("A۰۱")


@pytest.mark.parametrize("loses", [None, b"POST /desk/walk-in"], ids=["cut", "answer lost"])
def test_a_form_that_is_sent_into_a_cut_is_kept_and_booked_once(
    window, line, at_desk, database, loses
):
    prepared(window, line, at_desk)
    page = desk_of(window, line, "/desk/walk-in")
    page.locator("#amount").fill("7000")
    line.loses_answers_to = loses
    if loses is None:
        line.cut()

    page.keyboard.press("Control+Enter")

    page.wait_for_url("**/desk/offline#kept", timeout=PATIENCE_MS)
    expect(page.locator("#provisional")).to_be_visible(timeout=PATIENCE_MS)
    line.loses_answers_to = None
    line.mend()
    page.locator("[data-send]").click()
    assert len(numbers_sent(page, database, 1)) == 1
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(Contribution)).one() == 1
        assert session.scalars(select(func.count()).select_from(BlockNumber)).one() == 1
    assert is_whole(database)


def test_what_one_clerk_made_another_sees_only_that_it_waits(
    window, line, live_app, at_desk, database
):
    page = prepared(window, line, at_desk)
    line.cut()
    enter(page, 5_000, name="زهرا احمدی")
    page.close()  # or it would send once more as whoever is signed in
    line.mend()

    sign_in(window, line, at_work(live_app, database, Role.CLERK, username="colleague"))
    page = desk_of(window, line)
    expect(waiting(page)).to_have_count(1)
    expect(page.locator("[data-waiting]")).not_to_contain_text("۵٬۰۰۰")
    assert numbers_in(database) == []
    sign_in(window, line, at_desk)
    page = desk_of(window, line)
    assert len(numbers_sent(page, database, 1)) == 1


def test_a_caught_form_of_somebody_else_is_told_to_wait_without_what_is_in_it(
    window, line, live_app, at_desk, database
):
    prepared(window, line, at_desk)
    page = desk_of(window, line, "/desk/walk-in")
    sign_in(window, line, at_work(live_app, database, Role.CLERK, username="colleague"))
    desk_of(window, line).close()  # the browser knows the colleague now
    page.locator("#amount").fill("7000")
    line.cut()
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/desk/offline#kept", timeout=PATIENCE_MS)

    expect(waiting(page)).to_have_count(1, timeout=PATIENCE_MS)
    expect(waiting(page)).to_have_attribute("data-state", "caught")
    expect(page.locator("[data-waiting]")).not_to_contain_text("۷٬۰۰۰")
    line.mend()
    sign_in(window, line, at_desk)
    page = desk_of(window, line)
    assert len(numbers_sent(page, database, 1)) == 1


def test_signing_out_wipes_the_page_and_keeps_what_was_not_sent(window, line, at_desk, database):
    page = prepared(window, line, at_desk)
    line.cut()
    enter(page, 5_000)
    line.mend()
    window.clear_cookies()

    page.goto(f"{line.url}/desk")
    expect(page).to_have_url(re.compile("/sign-in"))
    until = time.monotonic() + PATIENCE_MS / 1_000
    while page.evaluate("caches.keys()") != [] and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert page.evaluate("caches.keys()") == []

    sign_in(window, line, at_desk)
    page = desk_of(window, line)
    assert len(numbers_sent(page, database, 1)) == 1


def test_an_entry_that_is_not_taken_says_why_and_is_recorded_anew_or_given_up(
    window, line, at_desk, numbers, database
):
    page = prepared(window, line, at_desk)
    line.cut()
    enter(page, 5_000)
    enter(page, 6_000)
    with database.writing() as session:
        block = session.scalars(select(NumberBlock)).one()
        close_block(
            session,
            EVERYWHERE,
            block.id,
            reason="پایان",
            closed_by_id=at_desk.staff_member_id,
            now=datetime.now(UTC),
        )
    line.mend()
    page.locator("[data-send]").click()

    expect(waiting(page).first).to_contain_text("بسته شده", timeout=PATIENCE_MS)
    waiting(page).first.locator("[data-act=renumber]").click()
    expect(waiting(page)).to_have_count(1, timeout=PATIENCE_MS)
    waiting(page).first.locator("summary").click()
    waiting(page).first.locator("[name=reason]").fill("پول برگشت داده شد")
    waiting(page).first.locator("[data-giving-up] button").click()

    (number,) = numbers_sent(page, database, 1)
    assert "/07/" in number
    with database.reading() as session:
        paper = session.scalars(select(OfflineEntry.provisional_number)).one()
    assert paper == f"{numbers}000001"
    assert is_whole(database)
