"""Cash in a real browser: a drawer closed short, and a round of 25 boxes with a broken seal."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from core.digits import to_latin
from donations.pledging import CashItem
from flows.checking import check_ledger
from flows.desk import hand_over_cash
from flows.reconciling import run
from offices.staff import Role, StaffMember
from tests.custody import a_box, a_round
from tests.factories import NOON, a_desk_contribution
from tests.reconciliation.bank import DAY, Booking, days_ago
from tests.reconciliation.closings import import_rows
from tests.serving import served
from tests.staff import at_work
from web.app import create_app
from web.services import Services

BOXES = 25
# The first box held more than the others; together they held 18,430,000.
FIRST_RIAL, EACH_RIAL = 4_030_000, 600_000
COUNTED_RIAL = 18_430_000
TOMORROW = NOON + timedelta(days=1)


class Clock:
    """The time that the application tells, until a test says another."""

    now = NOON


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def app(settings, database, gateways, clock):
    return create_app(settings, Services(settings, database, lambda: clock.now, gateways))


@pytest.fixture
def house(app):
    """The address of the application, served from a thread of its own."""
    with served(app) as address:
        yield address


@pytest.fixture
def people(browser, app, database, house):
    """Whoever has signed in, each on a screen of their own."""
    contexts = []

    def somebody(role, username, *, office="07", width=1280):
        client = at_work(app, database, role, office=office, username=username)
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}))
        contexts[-1].add_cookies([{"name": "sid", "value": client.key, "url": house}])
        page = contexts[-1].new_page()
        page.staff_member_id = client.staff_member_id
        return page

    yield somebody
    for context in contexts:
        context.close()


def send(page):
    """Press the main button of the page's form."""
    page.locator("main form.card button").first.click()


def put_notes(page, quantities):
    """Fill in how many there are of each note, by its value in rials."""
    for value_rial, quantity in quantities.items():
        amount = f"{value_rial:,}".translate(str.maketrans("0123456789,", "۰۱۲۳۴۵۶۷۸۹٬"))
        page.get_by_label(f"اسکناس {amount} ریالی", exact=True).fill(str(quantity))


def tells(page, words):
    expect(page.locator("main")).to_contain_text(words)


def whole(database):
    with database.reading() as session:
        return check_ledger(session).ok


def test_a_session_closed_short_needs_a_reason_and_a_second_person_and_is_in_the_days_proof(
    people, house, database, clock
):
    clerk = people(Role.CLERK, "till")
    clerk.goto(f"{house}/desk/cash/new")
    clerk.locator("input[name=float]").fill("۰")
    send(clerk)
    tells(clerk, "نوبت شما باز شد")
    with database.writing() as session:
        a_desk_contribution(session, CashItem(500_000), staff_id=clerk.staff_member_id)

    # Counted short by 50,000: refused without a reason, then it waits for somebody else.
    clerk.get_by_role("link", name="شمارش و بستن").click()
    put_notes(clerk, {100_000: 4, 50_000: 1})
    send(clerk)
    tells(clerk, "۴۵۰٬۰۰۰ ریال شمرده شد")
    clerk.locator("input[name=reason]").fill("اشتباه در پول خرد")
    send(clerk)
    tells(clerk, "نفر دومی باید")
    clerk.goto(f"{house}/desk/cash")
    assert clerk.get_by_role("link", name=re.compile("نوبت ۱،")).count() == 0

    manager = people(Role.OFFICE_MANAGER, "head")
    manager.goto(f"{house}/desk/cash")
    manager.get_by_role("link", name=re.compile("نوبت ۱،")).click()
    tells(manager, "اشتباه در پول خرد")
    manager.locator("button[value=approved]").click()
    tells(manager, "۵۰٬۰۰۰ ریال کسری")
    assert whole(database)

    # The next day, the proof of the day before shows it.
    bookings = [Booking(1_000, day=DAY), Booking(2_000, day=days_ago(-1))]
    import_rows(database, bookings, now=TOMORROW)
    clock.now = TOMORROW
    finance = people(Role.FINANCE, "accountant", office="00")
    finance.goto(f"{house}/finance/days/90190/1405-09-01")
    tells(finance, "نوبت صندوقی که با مغایرت بسته شد")
    tells(finance, "۵۰٬۰۰۰")


def test_a_round_of_25_boxes_with_a_broken_seal(people, house, database):
    clerk, other = people(Role.CLERK, "clerk"), people(Role.CLERK, "other", width=320)
    register_boxes(database, clerk.staff_member_id)

    # Two collectors set out for all of them.
    clerk.goto(f"{house}/desk/rounds/new")
    clerk.locator("input[name=first_name]").fill("رضا امینی")
    clerk.locator("input[name=second_name]").fill("زهرا کریمی")
    for box in clerk.locator("input[name=boxes]").all():
        box.check()
    send(clerk)
    clerk.wait_for_url(re.compile(r"/desk/rounds/[0-9]+$"))
    address = clerk.url

    # The seal 4471 is broken, the others are intact.
    clerk.goto(f"{address}/findings")
    for row in clerk.locator("main tbody tr").all():
        seal = to_latin(row.locator("td").nth(1).inner_text().strip())
        row.locator("select").select_option("broken" if seal == "4471" else "intact")
        row.locator("input[name^=seal]").fill(seal)
    send(clerk)
    tells(clerk, "پلمب شکسته")

    # Counted box by box and note by note.
    clerk.goto(f"{address}/count")
    for place, row in enumerate(clerk.locator("tr:has(input[name^=amount])").all()):
        row.locator("input[name^=amount]").fill(str(EACH_RIAL if place else FIRST_RIAL))
        row.locator("input[name^=new_seal]").fill(str(8000 + place))
    put_notes(clerk, {1_000_000: 18, 100_000: 4, 10_000: 3})
    send(clerk)
    tells(clerk, "۱۸٬۴۳۰٬۰۰۰")

    # Another person cannot close it before both collectors have said what they know.
    for place in (None, "1", "2"):
        if place:
            clerk.goto(f"{address}/remark")
            clerk.locator("select[name=place]").select_option(place)
            clerk.locator("input[name=remark]").fill("پلمب پیش از رسیدن ما شکسته بود")
            send(clerk)
        other.goto(f"{address}/confirm")
        other.locator("button[value=approved]").click()
        tells(other, "دور جمع‌آوری بسته شد" if place == "2" else "پیش از بستن دور")
    assert whole(database)

    # Deposited whole on a slip; the statement confirms it.
    clerk.goto(f"{house}/desk/slips")
    clerk.locator("input[name=amount]").fill(str(COUNTED_RIAL))
    clerk.locator("input[name=sources]").first.check()
    send(clerk)
    clerk.wait_for_url(re.compile(r"/desk/slips/[0-9]+$"))
    words = to_latin(clerk.locator("main").inner_text())
    deposit_id = re.search(r"\b[12][0-9]{12}\b", words)[0]
    import_rows(database, [Booking(COUNTED_RIAL, deposit_id=deposit_id)])
    run(database, now=NOON)

    # Each box shows its last emptying, and where its money is.
    clerk.goto(f"{house}/desk/boxes")
    rows = clerk.locator("main tbody tr")
    expect(rows).to_have_count(BOXES)
    shown = [row.inner_text() for row in rows.all()]
    assert all("در صورت‌حساب" in words for words in shown)
    assert "۴٬۰۳۰٬۰۰۰" in shown[0]
    assert all("۶۰۰٬۰۰۰" in words for words in shown[1:])
    assert whole(database)


def register_boxes(database, staff_member_id):
    """The boxes of desk 07; the seal 4471 is on one of them."""
    with database.writing() as session:
        clerk = session.get_one(StaffMember, staff_member_id)
        for place in range(BOXES):
            a_box(session, clerk, str(4460 + place))


PAGES = (
    "/desk/cash", "/desk/cash/new", "/desk/cash/1", "/desk/cash/1/count", "/desk/boxes",
    "/desk/boxes/new", "/desk/boxes/1", "/desk/boxes/1/change", "/desk/boxes/1/seal",
    "/desk/boxes/labels", "/desk/rounds", "/desk/rounds/new", "/desk/slips", "/desk/limits",
)  # fmt: skip


def test_no_page_is_wider_than_a_telephone(people, house, database):
    clerk = people(Role.CLERK, "clerk", width=320)
    with database.writing() as session:
        a_box(session, session.get_one(StaffMember, clerk.staff_member_id))
    clerk.goto(f"{house}/desk/cash/new")
    clerk.locator("input[name=float]").fill("0")
    send(clerk)

    wide = {}
    for path in PAGES:
        clerk.goto(f"{house}{path}")
        width = clerk.evaluate("document.documentElement.scrollWidth")
        if width > 320:
            wide[path] = width

    assert wide == {}


@pytest.mark.parametrize("width", [320, 1280])
def test_what_is_voided_cancelled_and_withdrawn_fits_every_screen(people, house, database, width):
    clerk = people(Role.CLERK, "till", width=width)
    manager = people(Role.OFFICE_MANAGER, "head", width=width)
    boss = people(Role.ADMINISTRATOR, "boss", office="00", width=width)
    with database.writing() as session:
        who = session.get_one(StaffMember, clerk.staff_member_id)
        a_desk_contribution(session, CashItem(500_000), staff_id=who.id)
        slip = hand_over_cash(
            session, who.office_id, 500_000, made_by_id=who.id, request_key=None, now=NOON
        )
        a_round(session, who, a_box(session, who), a_box(session, who))

    manager.goto(f"{house}/desk/slips/{slip.id}")
    manager.get_by_role("link", name="ابطال فیش").click()
    fits(manager)
    manager.locator("textarea[name=reason]").fill("بانک بسته بود")
    manager.get_by_role("button", name="ابطال فیش").click()
    tells(manager, "این فیش باطل است")
    fits(manager)
    clerk.goto(f"{house}/desk/slips")
    fits(clerk)

    clerk.goto(f"{house}/desk/rounds/1/findings")
    clerk.locator("select[name=condition1]").select_option("left")
    clerk.locator("input[name=reason1]").fill("مغازه بسته بود و کسی نبود")
    fits(clerk)
    send(clerk)
    tells(clerk, "مغازه بسته بود")
    fits(clerk)
    clerk.get_by_role("link", name="لغو دور").click()
    fits(clerk)
    clerk.locator("textarea[name=reason]").fill("باران")
    clerk.get_by_role("button", name="لغو دور").click()
    tells(clerk, "باران")
    fits(clerk)

    boss.goto(f"{house}/desk/denominations")
    fits(boss)
    assert whole(database)


def fits(page):
    """Nothing of a page lies beyond the edge of its screen."""
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), page.url
