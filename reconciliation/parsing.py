"""Parsing an uploaded file in a process of its own, which may die without taking anything along.

A fresh interpreter, not a copy of a server with threads; it gets the file, the limits and what is
asked of it, and neither the environment nor anything that is open here.
"""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import BinaryIO, cast

from core.refusals import Refusal
from core.settings import ROOT
from reconciliation.frames import BrokenFrame, frames
from reconciliation.held import Chain, decoded_ending
from reconciliation.statements.contract import Wanted
from reconciliation.statements.recognise import AUTO
from reconciliation.statements.refusals import DamagedFile, FileTooLarge

log = logging.getLogger(__name__)
_CHILD = "reconciliation.statements.child"
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


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file turned out to be, and its rows."""

    format: str
    account_digits: str | None
    chain: Chain


LIMITS = Limits()


@contextmanager
def parsed(
    file: BinaryIO, wanted: Wanted, *, unit: str, asked: str = AUTO, limits: Limits = LIMITS
) -> Iterator[Parsed]:
    """Read a file on disk to its end in a child process.

    Raises the Refusal that its reader raised; FileTooLarge where the child ran into a limit;
    DamagedFile where it died or failed otherwise. Nothing is left behind then.
    """
    request = {
        "account": wanted.account_number,
        "columns": None if wanted.columns is None else dict(wanted.columns),
        "set_aside": sorted(wanted.set_aside),
        "unit": unit,
        "format": asked,
        "limits": asdict(limits),
    }
    with Chain() as chain, _child(json.dumps(request), file, limits) as child:
        yield _received(child, chain)


class _Child:
    """The running process and why it was ended, if we ended it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process
        self.took_too_long = False

    def end(self) -> None:
        """Kill it for its slowness."""
        self.took_too_long = True
        self.process.kill()


@contextmanager
def _child(request: str, file: BinaryIO, limits: Limits) -> Iterator[_Child]:
    file.seek(0)
    with subprocess.Popen(  # noqa: S603  our own interpreter and module, no shell
        [sys.executable, "-P", "-m", _CHILD, request],
        stdin=file.fileno(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd="/",
    ) as process:
        child = _Child(process)
        clock = threading.Timer(limits.wall_seconds, child.end)
        clock.start()
        try:
            yield child
        finally:
            clock.cancel()
            process.kill()


def _environment() -> Mapping[str, str]:
    """Where its modules lie, and no secret: nothing else of ours is handed on."""
    places = [str(ROOT), *(place for place in sys.path if place)]
    return {"PYTHONPATH": os.pathsep.join(places), "PYTHONUTF8": "1", "LANG": "C.UTF-8"}


def _received(child: _Child, chain: Chain) -> Parsed:
    head: dict[str, str | None] = {}
    has_ended = False
    try:
        for kind, payload in frames(cast(BinaryIO, child.process.stdout)):
            match kind:
                case b"H":
                    head = json.loads(payload)
                case b"S":
                    chain.store(payload)
                case b"E":
                    chain.ending = decoded_ending(payload)
                    has_ended = True
                case b"R":
                    raise _refusal(json.loads(payload))
                case _:
                    log.error("a statement reader failed: %s", payload.decode(errors="replace"))
                    raise DamagedFile
    except (BrokenFrame, ValueError, TypeError, KeyError):
        has_ended = False
    if not has_ended:
        raise _reason_of_death(child)
    return Parsed(head["format"] or "", head["account_digits"], chain)


def _reason_of_death(child: _Child) -> Refusal:
    try:
        status = child.process.wait(_DYING_SECONDS)
    except subprocess.TimeoutExpired:  # it lives, but what it sends cannot be understood
        return DamagedFile()
    log.warning("a statement reader was ended", extra={"status": status})
    if child.took_too_long or status in _TOO_MUCH:
        return FileTooLarge()
    return DamagedFile()


def _refusal(told: dict[str, object]) -> Refusal:
    """The refusal that the child told of; one that nobody here knows is a damaged file."""
    details = cast(dict[str, object], told["details"])
    for kind in _kinds(Refusal):
        if getattr(kind, "code", None) == told["code"]:
            return kind(**details)
    return DamagedFile()


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for narrower in kind.__subclasses__():
        yield narrower
        yield from _kinds(narrower)
