"""A whole running house for browser tests: supervisor, web, worker, sandbox bank, command line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import requests

from core.settings import ROOT
from tests.sandbox import SandboxBank

_PATIENCE_SECONDS = 90


@dataclass(frozen=True)
class Person:
    """Somebody who signs in, with the device that shows their one-time codes."""

    username: str
    password: str
    secret: str

    def code(self) -> str:
        return pyotp.TOTP(self.secret).now()


@dataclass(frozen=True)
class House:
    """A house that was started as ``make run`` starts it."""

    url: str
    bank: SandboxBank
    environment: Mapping[str, str]
    folder: Path

    def flask(self, *words: str, status: int = 0) -> Any:
        """Run one command of the command line and read its JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *words, "--json"],
            env=dict(self.environment),
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return json.loads(done.stdout)

    def hire(self, username: str, role: str, office: str) -> Person:
        """Let somebody sign in."""
        made = self.flask(
            "staff", "add", username, "--name", "کارمند آزمایشی", "--role", role, "--office", office
        )
        secret = pyotp.parse_uri(made["provisioning_uri"]).secret
        return Person(username, made["password"], secret)

    def save(self, name: str, content: bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content)
        return path


@contextmanager
def running_house(folder: Path, database_url: str | None = None) -> Iterator[House]:
    """Start the supervisor on free ports and stop it, with all it started, afterwards."""
    port, sandbox_port = _free_port(), _free_port()
    environment = {
        **os.environ,
        "PORT": str(port),
        "SANDBOX_PORT": str(sandbox_port),
        "INSTANCE_DIR": str(folder / "instance"),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SWEEP_AFTER_SECONDS": "3",
        "WEB_CONCURRENCY": "1",
        **({"DATABASE_URL": database_url} if database_url else {}),
    }
    log = (folder / "house.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "deploy.supervise"],
        env=environment,
        cwd=ROOT,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/readyz", process, folder / "house.log")
        bank = SandboxBank(f"http://127.0.0.1:{sandbox_port}")
        yield House(url, bank, environment, folder)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=_PATIENCE_SECONDS)
        log.close()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()
        try:
            if requests.get(url, timeout=5).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.2)
    raise AssertionError(f"the house did not open: {log.read_text()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
