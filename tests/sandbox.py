"""The sandbox bank for tests: a real process, and a hand on its admin side."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from core.settings import ROOT

_PATIENCE_SECONDS = 10


@dataclass(frozen=True)
class SandboxBank:
    """A running sandbox bank, at its address."""

    base_url: str

    def get(self, path: str, **query: str) -> Any:
        answer = requests.get(
            f"{self.base_url}/admin/{path}", params=query, timeout=_PATIENCE_SECONDS
        )
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **fields: object) -> Any:
        answer = requests.post(
            f"{self.base_url}/admin/{path}", json=fields, timeout=_PATIENCE_SECONDS
        )
        answer.raise_for_status()
        return answer.json()

    def statement(self, account: str = "90190", kind: str = "xlsx", **query: str) -> bytes:
        answer = requests.get(
            f"{self.base_url}/admin/statement/{account}.{kind}",
            params=query,
            timeout=_PATIENCE_SECONDS,
        )
        answer.raise_for_status()
        return answer.content

    def pay(self, token: str, do: str = "pay") -> dict[str, Any]:
        """Do at the pay page what a payer does; returns how the browser would come back."""
        played: dict[str, Any] = self.post(f"payments/{token}", do=do)["return"]
        return played

    def payment(self, order_number: int) -> dict[str, Any]:
        """What the bank's own books say about one order."""
        (row,) = self.get("payments", order_number=str(order_number))
        return dict(row)

    def break_next(self, operation: str, fault: str, *, times: int = 1, seconds: float = 1) -> None:
        self.post("faults", operation=operation, fault=fault, times=times, seconds=seconds)

    def mend(self) -> None:
        self.post("faults", clear=True)


@contextmanager
def running_bank(folder: Path, *options: str) -> Iterator[SandboxBank]:
    """Start a sandbox bank on a free port and stop it afterwards."""
    command = [sys.executable, "-m", "payment_gateways.sandbox", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--state", str(folder / "bank.sqlite3"), *options],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().partition("http://")[2].partition("/")[0]
        assert address, "the sandbox bank did not start"
        yield SandboxBank(f"http://{address}")
    finally:
        process.terminate()
        process.wait(timeout=_PATIENCE_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
