"""The pictures in ``docs/images``: one day of the demo, played in a real browser, page by page.

    python -m deploy.screenshots

A house of its own is started on free ports and an empty folder. A donor gives, a clerk logs a
visitor's gift and hands cash to the bank, the bank's clock moves to the next day and its statement
is imported. Then every page of ``SHOTS`` is photographed at the width of a telephone and of a desk.
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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from deploy.prepare import chromium
from deploy.supervise import HOST, House

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
WIDTHS = (320, 1280)
HEIGHT_MAX = 1800  # a longer page is cut: a picture should fit a reader's screen
COLOURS = 128
READY_SECONDS = 60
PASSWORD = "mosharekat-demo"  # noqa: S105  of the demo, printed whenever it starts
FUND = "19041062101"
TO_LATIN = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")

DONOR = ""
CLERK = "clerk.azarbaijan"
FINANCE = "finance1"


@dataclass(frozen=True)
class Shot:
    """One page to photograph: the name of its picture, its address, who looks at it."""

    name: str
    address: str
    person: str = DONOR


SHOTS = (
    Shot("home", "/"),
    Shot("give", "/give"),
    Shot("give-english", "/give?language=en"),
    Shot("follow", "/follow?language=fa"),
    Shot("transparency", "/transparency"),
    Shot("sign-in", "/sign-in"),
    Shot("desk", "/desk", CLERK),
    Shot("walk-in", "/desk/walk-in", CLERK),
    Shot("entries", "/desk/entries", CLERK),
    Shot("slips", "/desk/slips", CLERK),
    Shot("finance", "/finance", FINANCE),
    Shot("statements", "/finance/statements", FINANCE),
    Shot("inbox", "/finance/inbox", FINANCE),
    Shot("settlements", "/finance/settlements", FINANCE),
    Shot("ledger", "/finance/ledger", FINANCE),
)


@dataclass
class Studio:
    """The house on stage, and a browser window for each person."""

    house: House
    browser: Browser
    windows: dict[str, Page] = field(default_factory=dict)

    def window(self, person: str) -> Page:
        """The window of a person, signed in where staff is meant."""
        if person not in self.windows:
            opened = self.browser.new_context(locale="fa-IR").new_page()
            self.windows[person] = opened
            if person:
                self._sign_in(opened, person)
        return self.windows[person]

    def photograph(self, name: str, page: Page) -> None:
        """Take a page at every width."""
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            keep(f"{name}-{width}", page.screenshot(full_page=True))

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


def keep(name: str, picture: bytes) -> None:
    """Write a picture with few colours, so that the repository stays small."""
    image = Image.open(BytesIO(picture)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, HEIGHT_MAX)))
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / f"{name}.png", optimize=True)


def a_donor_gives(studio: Studio) -> None:
    page = studio.window(DONOR)
    page.goto(f"{studio.house.web_url}/give")
    page.check("input[name=preset][value='2500000']", force=True)
    page.select_option("select[name=fund]", FUND)
    page.fill("[name=name]", "مریم کاظمی")
    page.fill("[name=mobile]", "09121234567")
    page.click("main form button.button:not(.button--plain):not(.button--small) >> nth=-1")
    page.wait_for_url(f"{studio.house.sandbox_url}/**")
    studio.photograph("bank", page)
    page.click("button[value=pay]")
    page.wait_for_url(f"{studio.house.web_url}/**")
    page.wait_for_selector("a[href*='.pdf']")
    studio.photograph("result", page)
    address = page.get_attribute("a[href*='.pdf']", "href") or ""
    photograph_receipt(page.request.get(f"{studio.house.web_url}{address}").body())


def photograph_receipt(receipt: bytes) -> None:
    done = subprocess.run(
        ["pdftoppm", "-png", "-r", "90", "-singlefile", "-"],
        input=receipt,
        capture_output=True,
        check=True,
    )
    keep("receipt", done.stdout)


def a_clerk_logs_a_visitor(studio: Studio) -> None:
    page = studio.window(CLERK)
    page.goto(f"{studio.house.web_url}/desk/walk-in")
    page.fill("[name=amount]", "1000000")
    page.fill("[name=goods1_description]", "پتو")
    page.fill("[name=goods1_quantity]", "20")
    page.fill("[name=goods1_unit]", "تخته")
    page.fill("[name=name]", "حسین نادری")
    page.click("main form button[value=save] >> nth=-1")
    page.wait_for_selector(".confirmation")
    studio.photograph("saved", page)
    page.goto(f"{studio.house.web_url}/desk/slips")
    page.fill("[name=amount]", "1000000")
    page.click("main form button[data-key='ctrl+enter']")
    page.wait_for_load_state()


def the_next_day_comes(studio: Studio, folder: Path) -> None:
    page = studio.window(CLERK)
    page.goto(f"{studio.house.web_url}/desk/slips")
    deposit_id = page.inner_text("table .code >> nth=0").translate(TO_LATIN)
    studio.bank("/admin/lines", kind="desk", amount_rial=1_000_000, deposit_id=deposit_id)
    studio.bank("/admin/lines", kind="stranger", amount_rial=700_000, payer="ناشناس")
    studio.bank("/admin/lines", kind="fee", amount_rial=12_000)
    studio.bank("/admin/clock", days=1)
    statement = folder / "statement.xlsx"
    statement.write_bytes(studio.bank("/admin/statement/90190.xlsx"))
    studio.flask("statements", "import", str(statement))
    studio.flask("reconcile", "run")


def compose_tour() -> None:
    """The picture at the head of the README: a telephone, a desk, an inbox."""
    phone = Image.open(IMAGES / "give-320.png").convert("RGB").crop((0, 0, 320, 760))
    desks = [
        Image.open(IMAGES / f"{name}-1280.png").convert("RGB").crop((0, 0, 1280, 800))
        for name in ("walk-in", "inbox")
    ]
    desks = [desk.resize((592, 370), Image.Resampling.LANCZOS) for desk in desks]
    tour = Image.new("RGB", (992, 800), "#dfe7e4")
    tour.paste(phone, (652, 20))
    for place, desk in enumerate(desks):
        tour.paste(desk, (40, 20 + place * 390))
    tour.quantize(COLOURS, dither=Image.Dither.NONE).save(IMAGES / "tour.png", optimize=True)


@contextmanager
def running_house(folder: Path) -> Iterator[House]:
    """A house on free ports; it is gone at the end."""
    house = House(_free_port(), _free_port(), folder)
    own = {"PORT": str(house.port), "SANDBOX_PORT": str(house.sandbox_port)}
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
        a_donor_gives(studio)
        a_clerk_logs_a_visitor(studio)
        the_next_day_comes(studio, Path(folder))
        for shot in SHOTS:
            page = studio.window(shot.person)
            page.goto(f"{house.web_url}{shot.address}")
            studio.photograph(shot.name, page)
        browser.close()
    compose_tour()
    print(f"{len(list(IMAGES.glob('*.png')))} pictures in {IMAGES.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
