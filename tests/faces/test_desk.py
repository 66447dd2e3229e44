"""The desk in a real browser: the keyboard alone, a narrow window, no script."""

import pytest
from playwright.sync_api import expect

from offices.granting import add_staff
from offices.signing_in import current_code
from offices.staff import Role
from tests.factories import NOON
from tests.serving import served
from tests.staff import at_work

PASSWORD = "بهار-دل‌انگیز-۱۴۰۵"
PAGES = ("/desk", "/desk/walk-in", "/desk/entries", "/desk/slips", "/desk/voids")


@pytest.fixture
def house(app):
    """The address of the application, served from a thread of its own."""
    with served(app) as address:
        yield address


@pytest.fixture
def desk(page, app, database, house):
    """A window in which a clerk has signed in."""
    clerk = at_work(app, database, Role.OFFICE_MANAGER)
    page.context.add_cookies([{"name": "sid", "value": clerk.key, "url": house}])
    page.set_viewport_size({"width": 1280, "height": 800})
    return page


FOCUSED = "(document.activeElement.name || document.activeElement.className)"


def focused(page):
    return page.evaluate(FOCUSED)


def wait_for_focus(page, name):
    """Autofocus comes with the first frame that is drawn, a moment after the page has loaded."""
    page.wait_for_function(f"{FOCUSED}.includes({name!r})")


def test_a_gift_of_money_and_goods_is_entered_by_keyboard_alone(desk, house):
    desk.goto(f"{house}/desk")
    keyboard = desk.keyboard
    keyboard.press("n")
    desk.wait_for_url("**/walk-in")
    wait_for_focus(desk, "amount")
    keyboard.type("۱۰۰۰۰۰۰")
    while focused(desk) != "goods1_description":
        keyboard.press("Enter")
    for text in ("پتو", "۲۰", "تخته"):
        keyboard.type(text)
        keyboard.press("Enter")
    keyboard.press("Enter")
    keyboard.press("End")  # "other goods" is the last of the categories
    keyboard.press("Control+Enter")
    desk.wait_for_url("**/walk-in/*")

    wait_for_focus(desk, "confirmation")
    assert "۲۰ تخته پتو" in desk.inner_text(".confirmation")
    keyboard.press("n")
    desk.wait_for_url("**/walk-in")
    wait_for_focus(desk, "amount")


def test_enter_walks_through_every_field_and_ends_at_the_button(desk, house):
    desk.goto(f"{house}/desk/walk-in")
    wait_for_focus(desk, "amount")
    passed = []
    for _ in range(30):
        desk.keyboard.press("Enter")
        passed.append(focused(desk))
        if "Ctrl+Enter" in desk.evaluate("document.activeElement.textContent"):
            break

    assert len(passed) == len(set(passed)), "no field twice"
    assert {"tender", "fund", "mobile", "name", "goods3_unit", "service2_hours"} <= set(passed)


def test_what_does_not_apply_to_the_form_of_payment_is_out_of_the_way(desk, house):
    desk.goto(f"{house}/desk/walk-in")
    assert not desk.is_visible("[name=cheque_number]")

    desk.check("[name=tender][value=cheque]", force=True)

    assert desk.is_visible("[name=cheque_number]")


def test_somebody_signs_in_without_any_script(browser, database, house):
    with database.writing() as session:
        add_staff(
            session,
            username="maryam",
            name="مریم",
            role=Role.CLERK,
            office_code="07",
            password=PASSWORD,
            now=NOON,
        )
        code = current_code(session, "maryam", NOON)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{house}/desk/walk-in")
    page.fill("[name=username]", "maryam")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.fill("[name=code]", code)
    page.press("[name=code]", "Enter")

    page.fill("[name=amount]", "۵۰۰۰")
    page.press("[name=amount]", "Enter")  # the hidden first button saves

    assert "۵٬۰۰۰ ریال" in page.inner_text(".confirmation")
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_every_desk_page_fits_a_telephone(desk, house, path):
    desk.set_viewport_size({"width": 320, "height": 640})
    desk.goto(house + path)

    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert desk.evaluate(wider) == 0


@pytest.mark.parametrize("path", ["/desk/voids", "/desk/donors", "/desk/lists"])
def test_where_one_is_stands_in_view_on_a_telephone(desk, house, path):
    desk.set_viewport_size({"width": 320, "height": 640})
    desk.goto(house + path)

    for current in desk.locator(".staff-nav [aria-current]").all():
        expect(current).to_be_in_viewport(ratio=0.9)


def test_a_clerk_says_how_goods_were_found_and_prints_every_paper(desk, house):
    desk.goto(f"{house}/desk/walk-in")
    desk.fill("[name=goods1_description]", "پتو")
    desk.fill("[name=goods1_quantity]", "۲۰")
    desk.fill("[name=goods1_unit]", "تخته")
    desk.select_option("[name=goods1_category]", "other")
    assert not desk.is_visible("[name=goods1_condition]")
    desk.select_option("[name=goods1_category]", "bedding")
    desk.select_option("[name=goods1_condition]", "new")
    desk.click("[data-key='ctrl+enter']")
    desk.wait_for_url("**/walk-in/*")

    assert papers_of(desk) == ["A5 original", "two-up", "roll"]
    desk.click("a:has-text('ثبت')[href*='/desk/entries/']")
    desk.wait_for_url("**/desk/entries/*")
    assert "delivery-note" in papers_of(desk)


def papers_of(desk):
    """What the links to files on a page lead to: each is fetched, and is a PDF."""
    links = desk.eval_on_selector_all("a[href*='.pdf']", "links => links.map(a => a.href)")
    for link in links:
        answer = desk.request.get(link)
        assert answer.ok, link
        assert answer.body().startswith(b"%PDF")
    return [
        "delivery-note" if "/delivery-note" in link
        else "thanks" if "/thanks" in link
        else link.partition("paper=")[2].partition("&")[0] or "A5 original"
        for link in links
    ]  # fmt: skip
