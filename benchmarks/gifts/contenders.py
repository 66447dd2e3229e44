"""Who is measured: the real thing, the bare loop, and the library that many use.

All three get the same server, the same bank and the same durability: SQLite with a write-ahead log
and ``synchronous = FULL``, or PostgreSQL as it is set up.
"""

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import requests

from benchmarks.gifts.load import Donors
from benchmarks.gifts.processes import WentWrong
from benchmarks.gifts.stores import Store, count
from benchmarks.missing import Missing
from core.settings import ROOT
from core.words import _, speaking

_PEER = ROOT / "build" / "peer"
_PEER_NEEDS = Path(__file__).with_name("peer-requirements.txt")
_AMOUNT_RIAL = 2_500_000
_FUND = "19041062101"
_PAID_BY_ALL_ACCOUNTS = """
SELECT CASE WHEN final = received AND received = receipted AND receipted = posted
    THEN final ELSE -1 END
FROM (SELECT
    (SELECT count(*) FROM payment WHERE final_at IS NOT NULL) AS final,
    (SELECT count(*) FROM contribution) AS received,
    (SELECT count(*) FROM receipt) AS receipted,
    (SELECT count(*) FROM posting) AS posted) AS counted
"""
_TERMINAL = """\
[mellat-main]
adapter = "mellat"
terminal_id = "7001"
username = "u"
password = "p"
base_url = "{bank_url}"
account = "90190"
"""


class Contender(Protocol):
    """One way of taking gifts."""

    @property
    def name(self) -> str: ...

    @property
    def store(self) -> Store: ...

    @property
    def python(self) -> Path:
        """The interpreter that has its packages."""

    @property
    def application(self) -> Sequence[str]:
        """What gunicorn is told to serve."""

    @property
    def worker(self) -> Sequence[str]:
        """The command of the process beside it, where there is one."""

    def prepare(self) -> None:
        """Make the database that every round starts from."""

    def environment(self, database_url: str, url: str) -> Mapping[str, str]:
        """What its processes are told, for a database and the address it is served at."""

    def donors(self, url: str) -> Donors:
        """How donors give, once it is served."""

    def paid(self, database_url: str) -> int:
        """How many gifts its database holds as paid. Raises WentWrong where rows disagree."""


@dataclass(frozen=True, slots=True)
class Ours:
    """The application itself, with or without the worker that draws, tells and seals."""

    name: str
    store: Store
    folder: Path
    bank_url: str
    has_worker: bool = False
    add_history: Callable[[str], None] | None = None
    python: Path = Path(sys.executable)
    application: Sequence[str] = ("wsgi:app",)

    @property
    def worker(self) -> Sequence[str]:
        command = (str(self.python), "-m", "flask", "--app", "wsgi", "jobs", "run")
        return command if self.has_worker else ()

    def prepare(self) -> None:
        self._accounts.parent.mkdir(parents=True, exist_ok=True)
        self._accounts.write_text(_TERMINAL.format(bank_url=self.bank_url), "utf-8")
        environment = self.environment(self.store.template_url, "http://127.0.0.1")
        upgrade = ("-m", "flask", "--app", "wsgi", "db", "upgrade")
        _call((str(self.python), *upgrade), environment)
        if self.add_history is not None:
            self.add_history(self.store.template_url)

    def environment(self, database_url: str, url: str) -> Mapping[str, str]:
        return {
            "DATABASE_URL": database_url,
            "INSTANCE_DIR": str(self._accounts.parent),
            "GATEWAYS_FILE": str(self._accounts),
            "PUBLIC_URL": url,
            "SECRET_KEY": "demo-benchmark-" * 4,
            "GIFTS_PER_MINUTE": "60000",  # all donors come from one address here
        }

    def donors(self, url: str) -> Donors:
        page = requests.get(f"{url}/give", timeout=30)
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page.text)
        if token is None:
            raise WentWrong(f"/give answered {page.status_code}:\n{page.text[:1000]}")
        given = {
            "csrf_token": html.unescape(token[1]),
            "kind": "cash",
            "shares": "1",
            "amount": str(_AMOUNT_RIAL),
            "fund": _FUND,
            "office": "",
            "hidden_from": "public",
            "gateway": "mellat-main",
        }
        fields = "&".join(f"{name}={quote(value, safe='')}" for name, value in given.items())
        with speaking("fa"):
            mark = _("Paid. Thank you.")
        return Donors(
            "/give",
            "/bank/return/KEY",
            f"{fields}&request_key=REQUESTKEY",
            mark,
            cookie="; ".join(f"{name}={value}" for name, value in page.cookies.items()),
        )

    def paid(self, database_url: str) -> int:
        # In one statement, because the last gifts may still be under way.
        paid = count(database_url, _PAID_BY_ALL_ACCOUNTS)
        if paid < 0:
            raise WentWrong("payments, contributions, receipts and postings differ in number")
        return paid

    @property
    def _accounts(self) -> Path:
        return self.folder / self.name / "gateways.toml"


@dataclass(frozen=True, slots=True)
class Floor:
    """The bare loop: three commits a gift and no checks."""

    name: str
    store: Store
    bank_url: str
    python: Path = Path(sys.executable)
    application: Sequence[str] = ("benchmarks.gifts.floor:app",)
    worker: Sequence[str] = ()

    def prepare(self) -> None:
        environment = self.environment(self.store.template_url, "")
        _call((str(self.python), "-m", "benchmarks.gifts.floor"), environment)

    def environment(self, database_url: str, url: str) -> Mapping[str, str]:
        return {"DATABASE_URL": database_url, "BANK_URL": self.bank_url}

    def donors(self, url: str) -> Donors:
        return Donors("/give", "/back/KEY", f"amount={_AMOUNT_RIAL}", "gift-is-paid")

    def paid(self, database_url: str) -> int:
        return count(database_url, "SELECT count(*) FROM bare_gift WHERE state = 'paid'")


@dataclass(frozen=True, slots=True)
class Peer:
    """az-iranian-bank-gateways, used as its README tells."""

    name: str
    store: Store
    bank_url: str
    add_history: Callable[[str], None] | None = None
    python: Path = _PEER / "bin" / "python"
    application: Sequence[str] = ("--pythonpath", "benchmarks/gifts", "peer:application")
    worker: Sequence[str] = ()

    def prepare(self) -> None:
        environment = self.environment(self.store.template_url, "")
        _call((str(self.python), "benchmarks/gifts/peer.py"), environment)
        if self.add_history is not None:
            self.add_history(self.store.template_url)

    def environment(self, database_url: str, url: str) -> Mapping[str, str]:
        return {"PEER_DATABASE_URL": database_url, "BANK_URL": self.bank_url}

    def donors(self, url: str) -> Donors:
        back = "/bankgateways/callback/KEY"
        return Donors("/give", back, f"amount={_AMOUNT_RIAL}", "gift-is-paid")

    def paid(self, database_url: str) -> int:
        rows = "azbankgateways_bank WHERE status = 'COMPLETE'"
        return count(database_url, f"SELECT count(*) FROM {rows}")  # noqa: S608  a constant


def make_peer() -> None:
    """Make the peer's virtual environment where it is missing. Raises Missing."""
    is_there = _PEER / "bin" / "python"
    wanted = "import azbankgateways, django, gunicorn, psycopg, zeep"
    if is_there.exists() and not subprocess.run([is_there, "-c", wanted], check=False).returncode:
        return
    print("set-up: the peer's virtual environment, build/peer", flush=True)
    make = [sys.executable, "-m", "venv", str(_PEER)]
    fill = [str(is_there), "-m", "pip", "install", "--quiet", "-r", str(_PEER_NEEDS)]
    for command in (make, fill):
        if subprocess.run(command, check=False).returncode:
            raise Missing(f"the peer cannot be installed. Type:  {' '.join(command)}")


def _call(command: Sequence[str], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise WentWrong(f"{json.dumps(list(command))} failed:\n{done.stdout}{done.stderr}")
