"""The sandbox bank as the kit knows it: a process of its own, driven by its admin API alone."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_ANSWERS_WITHIN_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Spoken:
    """A gateway as the sandbox bank speaks it: the simulator's side, without its code."""

    steps: Mapping[str, str]  # step of the contract -> operation of the wire
    names: Mapping[str, tuple[str, ...]]  # what the parts of an answer are called
    verify_seconds: int | None  # how long unconfirmed money waits; None: for ever
    reverse_seconds: int


@dataclass(frozen=True, slots=True)
class BankCall:
    """One call that reached the bank."""

    number: int
    bank: str
    operation: str
    fault: str
    was_spoilt: bool  # whether the fault changed the answer


@dataclass(frozen=True, slots=True)
class WayBack:
    """How the payer's browser comes back to us."""

    method: str
    url: str
    fields: Mapping[str, str]


@dataclass
class Bank:
    """A running sandbox bank. What it refuses is an AssertionError here."""

    base_url: str
    _spoken: dict[str, Spoken] = field(default_factory=dict, repr=False)
    _settings: dict[int, dict[str, dict[str, str]]] = field(default_factory=dict, repr=False)

    def get(self, path: str) -> Any:
        return json.loads(self._read(path))

    def post(self, path: str, **fields: object) -> Any:
        return json.loads(self._read(path, json.dumps(fields).encode()))

    @property
    def gateways(self) -> Mapping[str, Spoken]:
        """Every gateway that is spoken here, by slug."""
        if not self._spoken:
            self._learn(1)
        return self._spoken

    def settings(self, slug: str, terminal: int) -> Mapping[str, str]:
        """The settings of an account for one of a gateway's terminals, as a TOML table has them."""
        if terminal not in self._settings:
            self._learn(terminal)
        return self._settings[terminal][slug]

    def now(self) -> datetime:
        """What the bank's clock says."""
        return datetime.fromtimestamp(self.get("clock")["epoch"], UTC)

    def let_pass(self, *, seconds: int) -> None:
        """Put the bank's clock forward."""
        self.post("clock", seconds=seconds)

    def play(self, token: str, do: str = "pay") -> WayBack:
        """Let the payer pay, cancel, close the browser, or pay another amount."""
        back = self.post(f"payments/{token}", do=do)["return"]
        return WayBack(back["method"], back["url"], back["fields"])

    def payment(self, token: str) -> Mapping[str, Any]:
        """What the bank's books say about one payment."""
        (row,) = self.get(f"payments?token={token}")
        return dict(row)

    def payments_of(self, order_number: int) -> list[Mapping[str, Any]]:
        """Every payment that was begun under an order number."""
        return list(self.get(f"payments?order_number={order_number}"))

    def refunds(self) -> list[Mapping[str, Any]]:
        """Every refund that the bank has taken."""
        return list(self.get("refunds"))

    def break_next(self, operation: str, fault: str, times: int = 1, **more: object) -> None:
        """Let the next calls of an operation go wrong; ``*`` stands for every operation."""
        self.post("faults", operation=operation, fault=fault, times=times, **more)

    def mend(self) -> None:
        """Take back every fault that has not happened yet."""
        self.post("faults", clear=True)

    def calls(self, after: int = 0) -> list[BankCall]:
        """The calls that reached the bank after the one of that number."""
        return [BankCall(**call) for call in self.get(f"calls?after={after}")]

    def last_call(self) -> int:
        """The number of the latest call; zero before the first."""
        return max((call["number"] for call in self.get("calls?newest=1")), default=0)

    def _learn(self, terminal: int) -> None:
        wires = self.get(f"wires?terminal={terminal}")
        self._settings[terminal] = {slug: wire["settings"] for slug, wire in wires.items()}
        for slug, wire in wires.items():
            names = {part: tuple(called) for part, called in wire["names"].items()}
            terms = wire["terms"]
            self._spoken[slug] = Spoken(
                wire["steps"], names, terms["verify_seconds"], terms["reverse_seconds"]
            )

    def _read(self, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.base_url}/admin/{path}", body)
        try:
            with urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN_SECONDS) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as refused:
            with refused:
                raise AssertionError(refused.read().decode()) from None


@contextmanager
def running_bank(state: Path) -> Iterator[Bank]:
    """Run a sandbox bank on a free port while the block lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "payment_gateways.sandbox", "--port", "0", "--state", str(state)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Sandbox bank: "), "the sandbox bank did not start"
        yield Bank(line.split()[-1].removesuffix("/counter"))
    finally:
        process.terminate()
        process.communicate(timeout=20)
