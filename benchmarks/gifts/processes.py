"""The processes of one measurement: started, waited for, their processor time read, ended."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.settings import ROOT

HOST = "127.0.0.1"
_PATIENCE_SECONDS = 30
_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _OWN_TIME = 1, slice(11, 13)  # of /proc/<pid>/stat, behind the name in brackets


class WentWrong(Exception):
    """Something under measurement did not do what it was started for; the figures are void."""


@dataclass(frozen=True, slots=True)
class Running:
    """One process and its children."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def cpu_seconds(self) -> float:
        """Seconds of processor time that it and its children have used."""
        stats = _all_stats()
        family, grown = {self.process.pid}, True
        while grown:
            children = {pid for pid, stat in stats.items() if int(stat[_PARENT]) in family}
            grown = not children <= family
            family |= children
        used = (int(ticks) for pid in family & stats.keys() for ticks in stats[pid][_OWN_TIME])
        return sum(used) / _TICKS

    def last_words(self) -> str:
        """The end of what it wrote."""
        return self.log.read_text("utf-8", "replace")[-2000:]


@contextmanager
def running(
    name: str,
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str] | None = None,
    port: int | None = None,
) -> Iterator[Running]:
    """A process until the block ends; with a port, once it answers there."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    started = Running(name, process, log)
    try:
        if port is not None:
            _wait_for(started, port)
        yield started
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(started: Running, port: int) -> None:
    ends_at = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < ends_at and started.process.poll() is None:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise WentWrong(f"{started.name} does not answer:\n{started.last_words()}")


def _all_stats() -> dict[int, list[str]]:
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(path.parent.name)] = (
                path.read_text("utf-8", "replace").rpartition(")")[2].split()
            )
        except OSError:
            continue  # it ended while we looked
    return stats
