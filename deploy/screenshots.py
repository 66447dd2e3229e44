"""The pictures in ``docs/images``: one day of the demo, played in a real browser, page by page.

    python -m deploy.screenshots

A house of its own is started on free ports and an empty folder. Donors give, a clerk logs a
visitor's gift and hands cash to the bank, the bank's clock moves to the next day and its statement
is imported. Each page is photographed at the width of a telephone and of a desk.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.prepare import chromium
from deploy.supervise import HOST, House

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
PHONE, DESK = 320, 1280  # pixels
HEIGHT_MAX = 2600  # a longer page is cut: a picture should fit a reader's screen
COLOURS = 128
READY_SECONDS = 60
PASSWORD = "mosharekat-demo"  # noqa: S105  of the demo, printed whenever it starts
TO_LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")
TO_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")

DONOR = ""
PASSER_BY = "passer-by"  # has a code, and nothing that proves whose it is
CLERK = "clerk.azarbaijan"
MANAGER = "manager.nation"
FINANCE = "finance1"
SECOND_OF_FINANCE = "finance2"
TAKEN_OUT = "sep-main"
NO_STAFF = (DONOR, PASSER_BY)

# The tour at the head of the README: two desks, drawn smaller, beside two telephones.
TOUR_DESKS, TOUR_PHONES = ("walk-in", "inbox"), ("give", "paid")
TOUR_SIZES = {
    **dict.fromkeys(TOUR_DESKS, (1000, 610)),
    **dict.fromkeys(TOUR_PHONES, (PHONE, 898)),
}
TOUR_DESK_SIZE = (720, 439)
TOUR_GAP = 20


@dataclass(frozen=True)
class Gift:
    """What a donor of the demo types."""

    amount: str
    fund: str
    name: str = ""
    mobile: str = ""


ONLINE = (
    Gift("15000000", "19041062108", "رضا شریفی", "09131234567"),
    Gift("۶٬۰۰۰٬۰۰۰", "19041062101", "شیرین رستمی", "09151234567"),
)
SHOWN = Gift("۲٬۵۰۰٬۰۰۰", "19041062101", "مریم کاظمی", "09121234567")
AT_AN_ATM = Gift("3200000", "19041062101", "امیر سلطانی")
PAID_TWICE = Gift("1800000", "19041062101")
WITHOUT_ITS_ID = Gift("700000", "", "زهرا احمدی")  # the bank's row will name her, and no id


@dataclass
class Studio:
    """The house on stage, and a browser window for each person."""

    house: House
    browser: Browser
    windows: dict[str, Page] = field(default_factory=dict)
    tour: dict[str, Image.Image] = field(default_factory=dict)

    def window(self, person: str) -> Page:
        """The window of a person, signed in where staff is meant."""
        if person not in self.windows:
            opened = self.browser.new_context(locale="fa-IR").new_page()
            self.windows[person] = opened
            if person not in NO_STAFF:
                self._sign_in(opened, person)
        return self.windows[person]

    def show(self, name: str, address: str, person: str = DONOR) -> Page:
        """Open a page of ours and photograph it."""
        page = self.window(person)
        page.goto(f"{self.house.web_url}{address}")
        self.photograph(name, page)
        return page

    def photograph(self, name: str, page: Page) -> None:
        """Take a page at both widths, from its top and with no field in focus."""
        page.evaluate("scrollTo(0, 0); document.activeElement?.blur()")
        for width in (PHONE, DESK):
            page.set_viewport_size({"width": width, "height": 800})
            keep(f"{name}-{width}", page.screenshot(full_page=True))
        if name in TOUR_SIZES:
            width, height = TOUR_SIZES[name]
            page.set_viewport_size({"width": width, "height": height})
            self.tour[name] = picture_of(page.screenshot())

    def flask(self, *command: str) -> str:
        """Run one of our commands against this house and return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command],
            cwd=ROOT,
            env=self.house.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(f"flask {' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def bank(self, path: str, **fields: object) -> bytes:
        """Ask the sandbox bank for a file, or tell it what to do."""
        body = json.dumps(fields).encode() if fields else None
        with urllib.request.urlopen(f"{self.house.sandbox_url}{path}", body) as answer:  # noqa: S310
            return bytes(answer.read())

    def _sign_in(self, page: Page, person: str) -> None:
        page.goto(f"{self.house.web_url}/sign-in")
        page.fill("[name=username]", person)
        page.fill("[name=password]", PASSWORD)
        page.click("main form button")
        code = re.findall(r"\d{6}", self.flask("staff", "code", person).translate(TO_LATIN))[0]
        page.fill("[name=code]", code)
        page.click("main form button")
        page.wait_for_url(lambda url: "/sign-in" not in url)


def picture_of(taken: bytes) -> Image.Image:
    return Image.open(BytesIO(taken)).convert("RGB")


def keep(name: str, taken: bytes) -> None:
    """Write a picture with few colours, so that the repository stays small."""
    image = picture_of(taken)
    save(name, image.crop((0, 0, image.width, min(image.height, HEIGHT_MAX))))


def save(name: str, image: Image.Image) -> None:
    """Keep the commonest colours exactly as they are and draw the rest with them."""
    counted = image.getcolors(image.width * image.height) or []
    commonest = sorted(counted, key=lambda counted_colour: -counted_colour[0])[:COLOURS]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for _count, colour in commonest for part in as_rgb(colour)])
    few = image.quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(IMAGES / f"{name}.png", optimize=True)


def as_rgb(colour: object) -> tuple[int, ...]:
    if not isinstance(colour, tuple):
        raise TypeError(f"a colour of an RGB picture is three numbers, not {colour!r}")
    return colour


def donors_give(studio: Studio) -> None:
    """Some give online; one takes a deposit id to a cash machine, another forgets to type hers."""
    page = studio.window(PASSER_BY)
    for gift in ONLINE:
        fill(studio, page, gift)
        go_on(page)
        pay(studio, page)
    take_a_deposit_id(studio, page, WITHOUT_ITS_ID)
    deposit_id = take_a_deposit_id(studio, page, AT_AN_ATM)
    studio.photograph("deposit", page)
    typed = deposit_id.translate(TO_PERSIAN)
    studio.bank("/admin/lines", kind="deposit", amount_rial=3_200_000, deposit_id=typed)


def one_donor_is_watched(studio: Studio) -> None:
    """The whole way of one gift: form, bank, paid, receipt on screen and paper, code, check."""
    page = studio.window(DONOR)
    fill(studio, page, SHOWN)
    studio.photograph("give", page)
    go_on(page)
    page.wait_for_url(f"{studio.house.sandbox_url}/**")
    studio.photograph("bank", page)
    pay(studio, page)
    studio.photograph("paid", page)
    followed = re.sub(r"\?.*", "", page.url.removeprefix(studio.house.web_url))
    page.click("a[href*='/receipts/']:not([href*='.pdf'])")
    studio.photograph("receipt-page", page)
    paper = page.get_attribute("a[href*='.pdf']", "href") or ""
    receipt = page.request.get(f"{studio.house.web_url}{paper}").body()
    photograph_paper(receipt)
    page.click("a[href*='/verify/']")
    studio.photograph("verify", page)
    page.goto(f"{studio.house.web_url}/verify")
    file = {"name": "receipt.pdf", "mimeType": "application/pdf", "buffer": receipt}
    page.set_input_files("input[type=file]", file)  # type: ignore[arg-type]
    page.locator("form:has(input[type=file]) button").click()
    studio.photograph("verify-file", page)
    studio.show("follow", followed, PASSER_BY)


def fill(studio: Studio, page: Page, gift: Gift) -> None:
    page.goto(f"{studio.house.web_url}/give?fund={gift.fund}")
    page.fill("[name=amount]", gift.amount)
    page.fill("[name=name]", gift.name)
    page.fill("[name=mobile]", gift.mobile)


def choose(page: Page, way: str) -> None:
    """Choose another way to pay than the first."""
    page.locator("details:has([name=gateway]) summary").click()
    page.check(f"[name=gateway][value={way}]", force=True)


def go_on(page: Page) -> None:
    page.locator("main form button.button").last.click()


def pay(studio: Studio, page: Page) -> None:
    page.wait_for_url(f"{studio.house.sandbox_url}/**")
    page.click("button[value=pay]")
    page.wait_for_url(f"{studio.house.web_url}/follow/**")
    page.wait_for_selector("a[href*='.pdf']")


def take_a_deposit_id(studio: Studio, page: Page, gift: Gift) -> str:
    """Promise a gift that is paid at a bank; returns the digits to type there."""
    fill(studio, page, gift)
    choose(page, "deposit")
    go_on(page)
    page.wait_for_url("**/follow/**")
    return first_deposit_id(page)


def first_deposit_id(page: Page) -> str:
    """Of all numbers of thirteen digits only a deposit id begins with 1 or 2."""
    return str(re.findall(r"\b[12]\d{12}\b", page.inner_text("main").translate(TO_LATIN))[0])


def photograph_paper(receipt: bytes) -> None:
    done = subprocess.run(
        ["pdftoppm", "-png", "-r", "100", "-singlefile", "-"],
        input=receipt,
        capture_output=True,
        check=True,
    )
    keep("receipt", done.stdout)


def a_clerk_logs_a_visitor(studio: Studio) -> None:
    """A visitor's cash, blankets and hours; then the drawer's money goes to the bank."""
    page = studio.window(CLERK)
    page.goto(f"{studio.house.web_url}/desk/walk-in")
    typed = {
        "amount": "1000000",
        "mobile": "09141234567",
        "name": "حسین نادری",
        "goods1_description": "پتو",
        "goods1_quantity": "20",
        "goods1_unit": "تخته",
        "service1_skill": "آموزش ریاضی",
        "service1_hours": "6",
    }
    for name, text in typed.items():
        page.fill(f"[name={name}]", text)
    page.select_option("[name=goods1_category]", "other")
    studio.photograph("walk-in", page)
    page.click("main form button[data-key='ctrl+enter']")
    page.wait_for_selector(".confirmation")
    studio.photograph("saved", page)
    page.goto(f"{studio.house.web_url}/desk/slips")
    page.fill("[name=amount]", "1000000")
    page.click("main form button[data-key='ctrl+enter']")
    page.wait_for_url("**/desk/slips/*")
    studio.photograph("slip", page)
    deposit_id = first_deposit_id(page)
    studio.bank("/admin/lines", kind="desk", amount_rial=1_000_000, deposit_id=deposit_id)
    studio.show("desk", "/desk", CLERK)
    for name, address in (
        ("cash", "/desk/cash"),
        ("goods", "/desk/goods"),
        ("stock", "/desk/goods/stock"),
        ("volunteers", "/desk/volunteers"),
        ("offline", "/desk/offline"),
        ("offices", "/desk/offices"),
    ):
        studio.show(name, address, MANAGER if name == "offices" else CLERK)
    studio.show("needs", "/needs")


def the_next_day_comes(studio: Studio, folder: Path) -> None:
    """A stranger's money and a fee, tomorrow's settlement, and the statement of it all."""
    studio.bank("/admin/lines", kind="stranger", amount_rial=700_000, payer=WITHOUT_ITS_ID.name)
    studio.bank("/admin/lines", kind="fee", amount_rial=12_000)
    studio.bank("/admin/clock", days=1)
    statement = folder / "statement.xlsx"
    statement.write_bytes(studio.bank("/admin/statement/90190.xlsx"))
    page = studio.window(FINANCE)
    page.goto(f"{studio.house.web_url}/finance/statements")
    page.set_input_files("input[type=file]", statement)
    page.locator("main form button").first.click()
    page.wait_for_url("**/finance/statements/*")
    studio.photograph("statements", page)
    page.goto(f"{studio.house.web_url}/finance/runs")
    page.locator("main form button").first.click()
    page.wait_for_selector("table tbody tr")


def the_books_are_looked_at(studio: Studio) -> None:
    lines = json.loads(studio.flask("reconcile", "report", "--json"))["lines"]
    settled, stranger = explained_by("settlement_batch", lines), explained_by(None, lines)
    for name, address in (
        ("finance", "/finance"),
        ("inbox", "/finance/inbox"),
        ("line", f"/finance/lines/{stranger}"),
        ("explained", f"/finance/lines/{settled}"),
        ("ledger", "/finance/ledger"),
        ("paper-books", "/finance/paper-books"),
    ):
        studio.show(name, address, FINANCE)


def explained_by(rule: str | None, lines: list[dict[str, Any]]) -> int:
    """The first line that a rule explains; without a rule, the first that none does."""
    return next(int(line["line"]) for line in lines if line.get("rule") == rule)


def a_gift_is_paid_twice(studio: Studio) -> None:
    """Somebody goes to one bank, chooses another meanwhile, and pays at both."""
    page = studio.window(PASSER_BY)
    fill(studio, page, PAID_TWICE)
    choose(page, "zarinpal-main")
    go_on(page)
    page.wait_for_selector("main a[href*='/follow/']")
    followed = page.get_attribute("main a[href*='/follow/']", "href") or ""
    go_on(page)
    page.wait_for_url(f"{studio.house.sandbox_url}/**")
    beside = page.context.new_page()
    beside.goto(f"{studio.house.web_url}{followed}")
    studio.photograph("another-bank", beside)
    beside.click("main button[value=parsian-main]")
    beside.wait_for_selector("main a[href*='/follow/']")
    go_on(beside)
    pay(studio, beside)
    beside.close()
    pay(studio, page)
    page.reload()
    studio.photograph("paid-twice", page)


def its_money_goes_back(studio: Studio) -> None:
    """One person of finance asks, another approves, and the bank sends the money back."""
    page = studio.show("refunds", "/finance/refunds", FINANCE)
    page.click("main a[href*='/finance/payments/']")
    page.fill("main textarea[name=reason]", "این مشارکت دو بار پرداخت شده است.")
    page.locator("main form:has([name=reason]) button").first.click()
    page.wait_for_url("**/finance/refunds")
    second = studio.window(SECOND_OF_FINANCE)
    second.goto(f"{studio.house.web_url}/finance/refunds")
    second.click("main a[href*='/finance/refunds/']")
    studio.photograph("refund-request", second)
    second.click("main button[value=approved]")
    second.wait_for_url("**/finance/payments/*")
    studio.photograph("payment", second)


def the_gateways_are_looked_at(studio: Studio) -> None:
    """One is taken out for a while; how each answers, what was said, what can be connected."""
    page = studio.window(FINANCE)
    page.goto(f"{studio.house.web_url}/finance/gateways/{TAKEN_OUT}")
    page.locator("details:has([name=reason]) summary").click()
    page.fill("[name=reason]", "بانک امشب سامانهٔ خود را به‌روز می‌کند.")
    page.click("main form:has([name=reason]) button")
    page.wait_for_selector(".notice--success")
    studio.show("gateways", "/finance/gateways", FINANCE)
    studio.show("adapters", "/finance/gateways/adapters", FINANCE)
    studio.show("new-account", "/finance/gateways/new/sadad", FINANCE)
    page.goto(f"{studio.house.web_url}/finance/gateways/zarinpal-main")
    page.locator("#journal details summary").first.click()
    studio.photograph("gateway", page)


def the_open_pages(studio: Studio) -> None:
    for name, address in (
        ("home", "/"),
        ("transparency", "/transparency"),
        ("sign-in", "/sign-in"),
        ("give-english", "/give?language=en"),
    ):
        studio.show(name, address, PASSER_BY)


def compose_tour(pieces: Mapping[str, Image.Image]) -> None:
    desk_width, desk_height = TOUR_DESK_SIZE
    phone_width, height = TOUR_SIZES[TOUR_PHONES[0]]
    width = desk_width + 2 * phone_width + 4 * TOUR_GAP
    tour = Image.new("RGB", (width, height + 2 * TOUR_GAP), "#c3d3cf")
    for place, name in enumerate(TOUR_DESKS):
        desk = pieces[name].resize(TOUR_DESK_SIZE, Image.Resampling.LANCZOS)
        tour.paste(desk, (TOUR_GAP, TOUR_GAP + place * (desk_height + TOUR_GAP)))
    for place, name in enumerate(TOUR_PHONES, start=1):
        tour.paste(pieces[name], (width - place * (phone_width + TOUR_GAP), TOUR_GAP))
    save("tour", tour)


@contextmanager
def running_house(folder: Path) -> Iterator[House]:
    """A house on free ports; it is gone at the end."""
    house = House(_free_port(), _free_port(), folder)
    own = {"PORT": str(house.port), "SANDBOX_PORT": str(house.sandbox_port), "WEB_CONCURRENCY": "1"}
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "deploy.supervise"],
        cwd=ROOT,
        env={**os.environ, **own, "INSTANCE_DIR": str(folder)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(house, supervisor)
        yield house
    finally:
        supervisor.send_signal(signal.SIGINT)
        supervisor.wait()


def _wait_for(house: House, supervisor: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and supervisor.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, house.port)) == 0:
                return
        time.sleep(0.2)
    raise SystemExit("the house did not start, see above")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def main() -> int:
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_house(Path(folder)) as house,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        studio = Studio(house, browser)
        for old in IMAGES.glob("*.png"):
            old.unlink()
        donors_give(studio)
        one_donor_is_watched(studio)
        a_clerk_logs_a_visitor(studio)
        the_next_day_comes(studio, Path(folder))
        the_books_are_looked_at(studio)
        a_gift_is_paid_twice(studio)
        its_money_goes_back(studio)
        the_gateways_are_looked_at(studio)
        the_open_pages(studio)
        browser.close()
    compose_tour(studio.tour)
    pictures = list(IMAGES.glob("*.png"))
    size_kb = sum(picture.stat().st_size for picture in pictures) // 1024
    print(f"{len(pictures)} pictures, {size_kb} KB, in {IMAGES.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
