"""Packages of others: installed with pip, found by their doors, loaded alone, refused alone."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import requests

from core.settings import ROOT
from tests.payment_gateways.sandbox_process import start_sandbox

pytestmark = pytest.mark.xdist_group("plugins")  # one worker, so that pip runs once

PACKAGE = ROOT / "tests" / "plugin_package"
PATIENCE_SECONDS = 60
MANIFEST = """
from dataclasses import replace
from payment_gateways.adapters.mellat import Mellat

class Adapter(Mellat):
    manifest = replace(Mellat.manifest, {changes})
"""
# Package -> its door, its module, and what the page has to say of it.
BROKEN = {
    "lime-missing": ("lime", "import a_module_that_nobody_has", "ModuleNotFoundError"),
    "lemon-old": (
        "lemon",
        MANIFEST.format(changes='slug="lemon", contract_version=1'),
        "Install a newer lemon-old",
    ),
    "citron-new": (
        "citron",
        MANIFEST.format(changes='slug="citron", contract_version=99'),
        "Update this program",
    ),
    "pomelo-misnamed": ("pomelo", MANIFEST.format(changes='slug="grapefruit"'), "'grapefruit'"),
    "kumquat-bare": ("kumquat", "class Adapter: pass", "has no manifest"),
    "yuzu-half": (
        "yuzu",
        MANIFEST.format(changes='slug="yuzu"') + "    refund = None\n",
        "lacks these calls of the contract: refund",
    ),
    "bergamot-taken": (
        "bergamot",
        "from payment_gateways.contract import SettingField\n"
        + MANIFEST.format(changes='slug="bergamot", settings=(SettingField("account", "x", "x"),)'),
        "names are taken or stand twice: account",
    ),
    "narenj-one": (
        "narenj",
        MANIFEST.format(changes='slug="narenj", name_en="Narenj One"'),
        "narenj-one:narenj",
    ),
    "narenj-two": (
        "narenj",
        MANIFEST.format(changes='slug="narenj", name_en="Narenj Two"'),
        "narenj-one:narenj",
    ),
    "tangerine-exit": ("tangerine", "raise SystemExit(3)", "SystemExit"),
}


def install(into: Path, *packages: Path) -> Path:
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--no-index", "--target", str(into)),
            *map(str, packages),
        ],
        check=True,
        cwd=into.parent,
    )
    return into


def written(folder: Path, name: str) -> Path:
    """A package of one module and one door."""
    slug, module, _told = BROKEN[name]
    made, module_name = folder / name, name.replace("-", "_")
    made.mkdir()
    (made / f"{module_name}.py").write_text(module, "utf-8")
    (made / "pyproject.toml").write_text(
        f"""
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "{name}"
        version = "0.{len(name)}"
        [project.entry-points."mosharekat.gateways"]
        {slug} = "{module_name}:Adapter"
        [tool.setuptools]
        py-modules = ["{module_name}"]
        """,
        "utf-8",
    )
    return made


@pytest.fixture(scope="module")
def toranj(tmp_path_factory) -> Path:
    """Where the whole package is installed, and nothing else."""
    folder = tmp_path_factory.mktemp("toranj")
    source = shutil.copytree(PACKAGE, folder / "source")
    return install(folder / "installed", source)


@pytest.fixture(scope="module")
def broken(tmp_path_factory) -> Path:
    """Where the broken ones are installed."""
    folder = tmp_path_factory.mktemp("broken")
    return install(folder / "installed", *(written(folder, name) for name in BROKEN))


def with_packages(*folders: Path, **more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders)), **more}


def python(*words: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def flask(*words: str, environment: Mapping[str, str]) -> Any:
    said = python("-m", "flask", "--app", "wsgi", *words, environment=environment)
    return json.loads(said) if "--json" in words else said


def account(name: str, adapter: str, **settings: str) -> str:
    lines = [f"[{name}]", f'adapter = "{adapter}"', 'account = "90190"']
    return "\n".join([*lines, *(f'{key} = "{value}"' for key, value in settings.items())]) + "\n"


def mellat(name: str, adapter: str, terminal_id: str, **more: str) -> str:
    login = {"terminal_id": terminal_id, "username": "u", "password": "hushhush"}
    return account(name, adapter, **login, **more)


@dataclass(frozen=True)
class House:
    """A sandbox bank and a web process that began with a package of somebody else's."""

    url: str
    bank_url: str
    environment: Mapping[str, str]

    def api(self, method: str, path: str, key: str, body: object = None) -> Any:
        answer = requests.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"Bearer {key}", "Idempotency-Key": path.replace("/", ".")},
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer.json()


@contextmanager
def running_house(folder: Path, installed: Path) -> Iterator[House]:
    environment = with_packages(installed)
    bank = start_sandbox(folder / "bank.sqlite3", "--port", "0", environment=environment)
    assert bank.stdout is not None
    bank_url = bank.stdout.readline().split()[-1].removesuffix("/counter")
    port = free_port()
    (folder / "gateways.toml").write_text(
        account("toranj-main", "toranj", terminal_id="5001", key="peel", base_url=bank_url)
    )
    environment |= {
        "INSTANCE_DIR": str(folder),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "DATABASE_URL": "",
    }
    flask("db", "upgrade", environment=environment)
    web = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "wsgi", "run", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield House(f"http://127.0.0.1:{port}", bank_url, environment)
    finally:
        for process in (web, bank):
            process.terminate()
            process.communicate(timeout=20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        with suppress(requests.ConnectionError, requests.Timeout):
            if requests.get(url, timeout=5).ok:
                return
        time.sleep(0.2)
    raise AssertionError(f"{url} did not answer")


def test_a_gift_goes_through_a_gateway_that_somebody_else_wrote(tmp_path, toranj):
    with running_house(tmp_path, toranj) as house:
        key = flask("api-keys", "add", "--name", "T", "--json", environment=house.environment)[
            "key"
        ]
        pledge = house.api(
            "POST", "/pledges", key, {"items": [{"kind": "cash", "amount_rial": 2_500_000}]}
        )
        path = f"/pledges/{pledge['tracking_code']}"
        begun = house.api("POST", f"{path}/payments", key, {"gateway": "toranj-main"})
        token = begun["redirect"]["url"].rpartition("/")[2]

        donor = requests.Session()
        page = donor.get(begun["redirect"]["url"], timeout=30)
        back = donor.post(f"{house.bank_url}/card/{token}", data={"do": "pay"}, timeout=30)
        standing = house.api("GET", path, key)

    assert begun["redirect"]["url"].startswith(f"{house.bank_url}/toranj/pay/")
    assert page.ok
    assert back.url.startswith(f"{house.url}/follow/{pledge['tracking_code']}")
    (payment,) = standing["payments"]
    assert (payment["gateway"], payment["state"]) == ("toranj-main", "confirmed")
    assert payment["trace_number"]
    (receipt,) = standing["receipts"]
    assert receipt["amount_rial"] == 2_500_000


def test_it_passes_the_conformance_kit(toranj, tmp_path):
    said = python(
        *("-m", "pytest", "--gateway=toranj", "--pyargs", "payment_gateways.kit"),
        *("-p", "no:cacheprovider", "--basetemp", str(tmp_path / "kit")),
        environment=with_packages(toranj),
    )

    passed = re.search(r"(\d+) passed", said)
    assert passed is not None, said
    assert int(passed[1]) > 40
    assert "failed" not in said


def test_each_broken_package_is_refused_alone_and_says_what_to_do(
    tmp_path, broken, toranj, database_url
):
    environment = with_packages(toranj, broken)
    pages = {
        language: unescape(
            re.sub(
                "<[^>]*>",
                "",
                python(
                    *("-m", "tests.payment_gateways.plugin_page"),
                    *(database_url, str(tmp_path), language),
                    environment=environment,
                ),
            )
        )
        for language in ("en", "fa")
    }

    for name, (slug, _module, told) in BROKEN.items():
        assert f"{name} 0.{len(name)}" in pages["en"]
        assert slug in pages["fa"]
        assert told in pages["en"], name
    assert "بار نمی‌شود" in pages["fa"]
    assert "نسخه ۱ قرارداد" in pages["fa"]
    for whole in ("Toranj Bank", "Behpardakht Mellat"):
        assert whole in pages["en"]
    assert "Narenj" not in pages["en"]


def test_the_command_says_the_same_as_the_page(broken, tmp_path):
    environment = with_packages(broken, INSTANCE_DIR=str(tmp_path), DATABASE_URL="")

    told = flask("gateways", "adapters", "--json", environment=environment)

    by_package = {each["package"]: each for each in told if each["package"] in BROKEN}
    assert by_package.keys() == BROKEN.keys()
    for name, (_slug, _module, reason) in BROKEN.items():
        assert by_package[name]["state"] == "refused"
        assert reason in by_package[name]["reason_en"]
        assert re.search("[آ-ی]", by_package[name]["reason_fa"])
    ours = {each["slug"]: each for each in told if each["package"] == "mosharekat"}
    assert ours["mellat"]["state"] == "loaded"
    assert ours["mellat"]["contract_version"] == 2


def gateways_of(folder: Path, text: str, *installed: Path) -> dict[str, dict[str, Any]]:
    (folder / "gateways.toml").write_text(text, "utf-8")
    environment = with_packages(*installed, INSTANCE_DIR=str(folder), DATABASE_URL="")
    listed = flask("gateways", "list", "--json", environment=environment)
    return {each["name"]: each for each in listed}


def test_an_account_of_a_refused_adapter_is_closed_and_the_house_starts(tmp_path, broken):
    listed = gateways_of(
        tmp_path,
        mellat("mellat-main", "mellat", "7001") + mellat("lime-main", "lime", "7002"),
        broken,
    )

    assert listed["mellat-main"]["state"] == "enabled"
    closed = listed["lime-main"]
    assert (closed["state"], closed["adapter"], closed["terminal"]) == ("closed", "lime", "7002")
    assert "a_module_that_nobody_has" in closed["reason_en"]
    assert closed["hosts"] == []


def test_of_two_packages_with_one_slug_the_table_names_the_one(tmp_path, broken):
    listed = gateways_of(
        tmp_path,
        mellat("unsaid", "narenj", "7001")
        + mellat("first", "narenj-one:narenj", "7002")
        + mellat("second", "Narenj_Two:narenj", "7003"),
        broken,
    )

    assert {name: each["state"] for name, each in listed.items()} == {
        "unsaid": "closed",
        "first": "enabled",
        "second": "enabled",
    }
    titles = [listed[name]["title_en"] for name in ("first", "second")]
    assert titles == ["Narenj One", "Narenj Two"]


def refused_start(folder: Path, *installed: Path) -> str:
    environment = with_packages(*installed, INSTANCE_DIR=str(folder), DATABASE_URL="")
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "gateways", "list", "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0, done.stdout
    return done.stderr


def test_a_package_that_is_gone_closes_what_took_money_and_nothing_else(tmp_path, toranj):
    table = account("toranj-main", "toranj", terminal_id="5001", key="peel")
    listed = gateways_of(tmp_path, table, toranj)
    assert listed["toranj-main"]["state"] == "enabled"
    assert "'toranj' is not one of" in refused_start(tmp_path)  # nobody has heard of it here yet

    flask(
        *("db", "upgrade"),
        environment=with_packages(toranj, INSTANCE_DIR=str(tmp_path), DATABASE_URL=""),
    )
    gone = gateways_of(tmp_path, table)["toranj-main"]

    assert (gone["state"], gone["adapter"], gone["terminal"]) == ("closed", "toranj", "5001")
    assert "no installed package offers toranj" in gone["reason_en"]
    flask(
        *("db", "upgrade"),  # also without it
        environment={**os.environ, "INSTANCE_DIR": str(tmp_path), "DATABASE_URL": ""},
    )

    (tmp_path / "gateways.toml").write_text(table.replace('"toranj"', '"toranjj"'))
    told = refused_start(tmp_path, toranj)
    assert "'toranjj' is not one of" in told
    assert "did you mean toranj?" in told


def test_only_what_an_account_asks_for_is_imported(tmp_path):
    read = """
import os, sys
from pathlib import Path
from payment_gateways.registry import gateway_accounts, open_gateways
path = Path(sys.argv[1])
print(sorted(open_gateways(gateway_accounts(path, environment={}))))
print(sorted(name.rpartition(".")[2] for name in sys.modules
             if name.startswith("payment_gateways.adapters.") and "codes" not in name))
print("cryptography" in sys.modules)
"""
    path = tmp_path / "gateways.toml"
    path.write_text(mellat("mellat-main", "mellat", "7001"))
    without = python("-c", read, str(path), environment=os.environ)
    path.write_text(
        path.read_text()
        + account("sadad-main", "sadad", merchant_id="1", terminal_id="2", key="AQID" * 8)
    )
    with_sadad = python("-c", read, str(path), environment=os.environ)

    assert without.splitlines() == ["['mellat-main']", "['mellat']", "False"]
    assert with_sadad.splitlines() == [
        "['mellat-main', 'sadad-main']",
        "['mellat', 'sadad']",
        "True",
    ]
