"""Reading a file from outside in a process of its own, which may die and takes nothing along.

A fresh interpreter, not a copy of a server with threads; it gets the file, its limits and what is
asked of it, and neither the environment nor anything that is open here.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

_ROOT = Path(__file__).parents[1]  # not from the settings: a child needs none
_DYING_SECONDS = 2
# How the system ends a process that wants too much; an allocation that fails aborts.
_TOO_MUCH = frozenset({-signal.SIGKILL, -signal.SIGXCPU, -signal.SIGABRT})


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may use up. A statement of a million rows stays far below."""

    memory_bytes: int = 1 << 30
    processor_seconds: int = 120
    wall_seconds: int = 180
    open_files: int = 32


class Confined:
    """The running process, and why it was ended if we ended it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self._took_too_long = False

    @property
    def answer(self) -> BinaryIO:
        """What it writes."""
        return cast(BinaryIO, self._process.stdout)

    def end(self) -> None:
        """Kill it for its slowness."""
        self._took_too_long = True
        self._process.kill()

    def death(self) -> int | None:
        """How it ended, waiting a little for it; None while it lives."""
        try:
            return self._process.wait(_DYING_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    @property
    def wanted_too_much(self) -> bool:
        """Whether it ended because of a limit."""
        return self._took_too_long or self.death() in _TOO_MUCH


@contextmanager
def confined(module: str, request: str, file: BinaryIO, limits: Limits) -> Iterator[Confined]:
    """Run a module of ours with a file on disk as its standard input; it is gone afterwards.

    The module has to call ``keep_within`` before it reads; only slowness is seen to from here.
    """
    file.seek(0)
    with subprocess.Popen(  # noqa: S603  our own interpreter and module, no shell
        [sys.executable, "-P", "-m", module, request],
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        cwd="/",
    ) as process:
        child = Confined(process)
        clock = threading.Timer(limits.wall_seconds, child.end)
        clock.start()
        try:
            yield child
        finally:
            clock.cancel()
            process.kill()


def environment() -> Mapping[str, str]:
    """Where its modules lie, and no secret: nothing else of ours is handed on."""
    places = [str(_ROOT), *(place for place in sys.path if place)]
    return {"PYTHONPATH": os.pathsep.join(places), "PYTHONUTF8": "1", "LANG": "C.UTF-8"}


def keep_within(limits: Mapping[str, int]) -> None:
    """For the process itself: from here on nothing may grow, run on, open much or write a file.

    ``limits`` are the fields of ``Limits``.
    """
    for kind, most in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["processor_seconds"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
