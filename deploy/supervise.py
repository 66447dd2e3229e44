"""One supervisor over three processes: web, worker and sandbox bank, started and stopped together.

    python -m deploy.supervise

Environment: ``PORT`` (8000), ``SANDBOX_PORT`` (9001), ``INSTANCE_DIR`` (``instance/``) and every
setting of ``docs/operations/settings.md``. The first start migrates the database, writes the
accounts of the sandbox bank and loads the demo data; later starts find them there. A process that
ends by itself takes the others with it, and the exit code says that something went wrong.
"""

import ctypes
import hashlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from deploy.sandbox_accounts import accounts_file

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"
STOP_SECONDS = 15
LOOK_SECONDS = 0.2
WEB_THREADS = "16"  # two slow calls to a bank must not stop the site
_SIGNAL_ON_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of prctl(2)


class CannotStart(Exception):
    """What keeps the house from starting, in words for the person at the terminal."""


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent the signal to end."""


@dataclass(frozen=True)
class House:
    """Where this installation lives and listens."""

    port: int
    sandbox_port: int
    instance: Path

    @property
    def web_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    def environment(self) -> dict[str, str]:
        """What every process is told; what the person has set wins."""
        own = {"INSTANCE_DIR": str(self.instance), "PUBLIC_URL": self.web_url}
        return {**own, **os.environ, "INSTANCE_DIR": str(self.instance), "PYTHONUNBUFFERED": "1"}

    def commands(self) -> dict[str, list[str]]:
        """The three processes, in the order in which they start."""
        return {
            "sandbox bank": [
                *("-m", "payment_gateways.sandbox", "--port", str(self.sandbox_port)),
                *("--state", str(self.instance / "sandbox-bank.sqlite3")),
            ],
            "worker": ["-m", "flask", "--app", "wsgi", "jobs", "run"],
            "web": [
                *("-m", "gunicorn", "--bind", f"{HOST}:{self.port}", "--worker-class", "gthread"),
                *("--workers", os.environ.get("WEB_CONCURRENCY", "2"), "--threads", WEB_THREADS),
                *("--no-control-socket", "--log-level", "warning", "wsgi:app"),
            ],
        }


def read_house(environment: Mapping[str, str]) -> House:
    """Read ports and folder. Raises CannotStart where a port is no number."""
    ports = {}
    for name, usual in (("PORT", "8000"), ("SANDBOX_PORT", "9001")):
        text = environment.get(name) or usual
        if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
            raise CannotStart(f"{name}={text} is not the number of a port")
        ports[name] = int(text)
    instance = Path(environment.get("INSTANCE_DIR") or ROOT / "instance").resolve()
    return House(ports["PORT"], ports["SANDBOX_PORT"], instance)


def refuse_busy_ports(house: House) -> None:
    """Raises CannotStart with the port that another program holds."""
    for name, port in (("PORT", house.port), ("SANDBOX_PORT", house.sandbox_port)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise CannotStart(
                    f"port {port} is in use by another program. "
                    f"Stop it, or choose another one: {name}={port + 1} make run"
                ) from error


def settle_in(house: House) -> None:
    """Make database, gateway accounts and demo data where they are not there yet."""
    house.instance.mkdir(parents=True, exist_ok=True)
    gateways = house.instance / "gateways.toml"
    if not gateways.exists():
        gateways.write_text(accounts_file(house.sandbox_url), "utf-8")
    is_new = _is_new_database(house)
    _flask(house, "db", "upgrade")
    greeting = _greeting(house)
    if is_new or not greeting.exists():
        greeting.write_text(_flask(house, "demo", "load"), "utf-8")
    print(greeting.read_text("utf-8").rstrip(), flush=True)


def supervise(house: House) -> int:
    """Run the three processes until one ends or somebody stops us; returns the exit code."""
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for name, command in house.commands().items():
            running[name] = _start(house, command)
            print(f"{name}: process {running[name].pid}", flush=True)
        _wait_until_answering(house, running)
        print(f"\nSandbox bank: {house.sandbox_url}", flush=True)
        print(f"Mosharekat is ready: {house.web_url}   (Ctrl-C stops it)", flush=True)
        while True:
            _raise_if_ended(running)
            time.sleep(LOOK_SECONDS)
    except StopRequested:
        print("\nstopping …", flush=True)
        return 0
    except CannotStart as ended:
        print(f"{ended}; the others are stopped too.", file=sys.stderr, flush=True)
        return 1
    finally:
        _stop(running)


def _is_new_database(house: House) -> bool:
    is_default = not os.environ.get("DATABASE_URL")
    return is_default and not (house.instance / "mosharekat.sqlite3").exists()


def _greeting(house: House) -> Path:
    """Who may sign in to the demo, kept for later starts; one file for each database."""
    url = os.environ.get("DATABASE_URL", "")
    suffix = f"-{hashlib.sha256(url.encode()).hexdigest()[:8]}" if url else ""
    return house.instance / f"demo-staff{suffix}.txt"


def _flask(house: House, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", *command],
        cwd=ROOT,
        env=house.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CannotStart(f"flask {' '.join(command)} failed, see above")
    return done.stdout


def _start(house: House, command: list[str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches only us, and we stop the three in good order.
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        env=house.environment(),
        start_new_session=True,
        preexec_fn=_die_with_parent,  # noqa: PLW1509  we have no threads
    )


def _die_with_parent() -> None:
    """In the child: be told to end when the supervisor is killed outright (Linux)."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_SIGNAL_ON_PARENTS_DEATH, signal.SIGTERM)


def _wait_until_answering(house: House, running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for port in (house.sandbox_port, house.port):
        while not _answers(port):
            _raise_if_ended(running)
            time.sleep(LOOK_SECONDS)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _raise_if_ended(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    for name, process in running.items():
        code = process.poll()
        if code is not None:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with code {code}"
            raise CannotStart(f"the {name} {how}")


def _stop(running: Mapping[str, subprocess.Popen[bytes]]) -> None:
    """Ask all to end, web first; who does not listen in time is ended."""
    for process in reversed(list(running.values())):
        if process.poll() is None:
            process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in running.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def on_signal(_number: int, _frame: FrameType | None) -> None:
    # Once is enough: the second Ctrl-C of an impatient hand must not interrupt the stopping.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise StopRequested


def main() -> int:
    signal.signal(signal.SIGINT, on_signal)
    signal.signal(signal.SIGTERM, on_signal)
    try:
        house = read_house(os.environ)
        refuse_busy_ports(house)
        settle_in(house)
        return supervise(house)
    except CannotStart as reason:
        print(f"Mosharekat cannot start: {reason}", file=sys.stderr)
        return 1
    except StopRequested:
        return 0


if __name__ == "__main__":
    sys.exit(main())
