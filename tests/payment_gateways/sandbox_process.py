"""The sandbox bank as tests use it: a real process on a real socket, driven by its admin API."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Admin:
    """The admin API. A refusal of the bank is an AssertionError here."""

    base_url: str

    def get(self, path: str) -> Any:
        return json.loads(self.read(path))

    def post(self, path: str, **fields: Any) -> Any:
        return json.loads(self.read(path, json.dumps(fields).encode()))

    def read(self, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.base_url}/admin/{path}", body)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as refused:
            raise AssertionError(refused.read().decode()) from None


@dataclass(frozen=True)
class SandboxBank:
    """A running sandbox bank."""

    base_url: str
    process: subprocess.Popen[str]

    @property
    def admin(self) -> Admin:
        return Admin(self.base_url)

    def play(self, token: str, do: str = "pay") -> dict[str, Any]:
        """Pay, cancel, close or other: returns method, url and fields of the way back."""
        back: dict[str, Any] = self.admin.post(f"payments/{token}", do=do)["return"]
        return back

    def payment(self, token: str) -> dict[str, Any]:
        """What the bank's books say about one payment."""
        (row,) = self.admin.get(f"payments?token={token}")
        return dict(row)

    def break_next(self, operation: str, fault: str, times: int = 1, seconds: float = 1.0) -> None:
        """Let the next calls of an operation go wrong."""
        self.admin.post("faults", operation=operation, fault=fault, times=times, seconds=seconds)


def start_sandbox(
    state: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start the process. The caller ends it."""
    return subprocess.Popen(
        [sys.executable, "-m", "payment_gateways.sandbox", "--state", str(state), *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running_sandbox(state: Path, *arguments: str) -> Iterator[SandboxBank]:
    """Run a sandbox bank on a free port while the block lasts."""
    process = start_sandbox(state, "--port", "0", *arguments)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Sandbox bank: "), process.communicate()
        yield SandboxBank(line.split()[-1].removesuffix("/counter"), process)
    finally:
        process.terminate()
        process.communicate(timeout=20)
