"""The crash harness: gifts killed at every event, or at events chosen by a seed, and recovered.

    python -m tests.proofs.crash --all --gateway zarinpal
    python -m tests.proofs.crash --points 10000 --seed 7 --gateway every --jobs 2

Without ``--database`` and ``--bank`` it brings its own (``TEST_DATABASE_URL`` chooses the server).
Each case is forked from here, so this process has no threads and holds no connection; one gift is
lived through before, so that nobody imports or compiles again. ``--gateway every`` divides the
points among all gateways that the bank speaks, in processes of their own. The last line is JSON;
the exit code says whether anything differed.
"""

import argparse
import json
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from core.database import Database
from core.settings import ROOT
from flows.catalogue import enter_terminal
from ledger.accounts import BankAccount
from tests.databases import Template
from tests.proofs.crash_worker import (
    LAST,
    LATER,
    Case,
    Fate,
    broken_books,
    differences,
    gateway_name,
    give,
    give_again,
    recover,
)
from tests.sandbox import SandboxBank, running_bank

FAULTS = ("drop_before", "drop_after", "html_500", "html_500_after", "truncate", "unlisted_code")
ALL = (*LATER, LAST)
_CHECKED_EVERY = 100
EVERY = "every"
MUTANTS = ("two_transactions", "believed", "no_sweeper")


@dataclass(frozen=True)
class Point:
    """Where one gift dies; perhaps the worker that follows dies too, perhaps the bank is ill."""

    gift: int
    recovery: int | None = None
    fault: str | None = None
    comes_again: bool = False  # the browser saw no answer and sends it once more


@dataclass
class Report:
    """What a run came to."""

    gateway: str
    seed: int
    events: int  # of a gift that nobody kills
    points: int = 0
    killed: int = 0
    killed_twice: int = 0
    failures: list[str] = field(default_factory=list)


def main() -> int:
    asked = _arguments()
    if asked.gateway == EVERY:
        return _main_of_every(asked)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = asked.database or _own_database(stack, folder)
        bank = SandboxBank(asked.bank) if asked.bank else stack.enter_context(running_bank(folder))
        report = _run(asked, url, bank)
    sys.stdout.write(json.dumps(asdict(report), ensure_ascii=False) + "\n")
    return 1 if report.failures else 0


def _main_of_every(asked: argparse.Namespace) -> int:
    """Divide the points among the gateways; print one line for each and one for all."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, running_bank(Path(folder)) as bank:
        gateways = sorted(bank.get("wires"))
    share = None if asked.points is None else -(-asked.points // len(gateways))
    how_many = ["--all"] if share is None else ["--points", str(share)]

    def run(gateway: str) -> dict[str, Any]:
        program = [sys.executable, "-m", "tests.proofs.crash", "--gateway", gateway]
        done = subprocess.run(
            [*program, *how_many, "--seed", str(asked.seed)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
        last = done.stdout.splitlines()[-1:] or ["{}"]
        report: dict[str, Any] = json.loads(last[0])
        if not report:
            report = {"gateway": gateway, "failures": ["the run itself ended with an error"]}
        sys.stderr.write(json.dumps(report, ensure_ascii=False) + "\n")
        return report

    with ThreadPoolExecutor(asked.jobs) as pool:
        reports = list(pool.map(run, gateways))
    whole: dict[str, Any] = {"seed": asked.seed, "gateways": len(gateways)}
    for name in ("points", "killed", "killed_twice"):
        whole[name] = sum(report.get(name, 0) for report in reports)
    whole["failures"] = [
        f"{report['gateway']}: {what}" for report in reports for what in report["failures"]
    ]
    whole["minutes"] = round((time.monotonic() - began) / 60, 1)
    sys.stdout.write(json.dumps(whole, ensure_ascii=False) + "\n")
    return 1 if whole["failures"] else 0


def _run(asked: argparse.Namespace, url: str, bank: SandboxBank) -> Report:
    chance = random.Random(asked.seed)
    database = Database(url)
    numbers = iter(range(secrets.randbelow(9 * 10**7), 10**8))  # eight digits suit every wire

    def next_case() -> Case:
        number = next(numbers)
        settings = bank.get("wires", terminal=str(number))[asked.gateway]["settings"]
        return Case(database, bank, asked.gateway, settings, number)

    _enter(database, asked.gateway)

    warming = next_case()
    _live(warming, Fate(), None)
    _end(warming, ALL)
    database.engine.dispose()
    report = Report(asked.gateway, asked.seed, events=_count_events(next_case(), asked.mutant))
    for point in _points(asked, report.events, chance):
        report.points += 1
        found = _one(next_case(), point, report, asked.mutant)
        report.failures += [f"{point}: {what}" for what in found]
        if found and asked.until_caught:
            break
        if report.points % _CHECKED_EVERY == 0:
            report.failures += _forked(lambda: broken_books(database))[1]
            sys.stderr.write(f"{report.points} points, {len(report.failures)} failures\n")
    report.failures += _forked(lambda: broken_books(database))[1]
    return report


def _points(asked: argparse.Namespace, events: int, chance: random.Random) -> Iterator[Point]:
    if asked.points is None:
        each = list(range(1, events + 1))
        if asked.until_caught:
            chance.shuffle(each)
        yield from (Point(at) for at in each)
        return
    for _ in range(asked.points):
        yield Point(
            gift=chance.randint(1, events),
            recovery=chance.randint(1, events) if chance.random() < 0.5 else None,
            fault=chance.choice(FAULTS) if chance.random() < 0.3 else None,
            comes_again=chance.random() < 0.3,
        )


def _one(case: Case, point: Point, report: Report, mutant: str | None) -> list[str]:
    """Kill one gift and say what differs when the worker has been there."""
    moments = () if mutant == "no_sweeper" else ALL
    if point.fault:
        case.bank.break_next("*", point.fault)
    died, events = _forked(lambda: _live(case, Fate(point.gift), mutant))
    report.killed += died
    if not died and events is None:
        return ["the gift ended with an error"]
    if point.recovery:
        died, _ = _forked(lambda: recover(case, Fate(point.recovery)))
        report.killed_twice += died
    if point.fault:
        case.bank.mend()
    if point.comes_again:
        _forked(lambda: give_again(case))
    _, found = _forked(lambda: _end(case, moments))
    return ["the recovery ended with an error"] if found is None else list(found)


def _enter(database: Database, gateway: str) -> None:
    """Let the register of terminals know the one of these proofs."""
    with database.writing() as session:
        account = session.query(BankAccount).one()
        name = gateway_name(gateway)
        enter_terminal(session, name, f"crash {gateway}"[:40], bank_account_id=account.id)
    database.engine.dispose()


def _end(case: Case, moments: Sequence[timedelta]) -> list[str]:
    recover(case, Fate(), moments)
    return differences(case)


def _count_events(case: Case, mutant: str | None) -> int:
    died, events = _forked(lambda: _live(case, Fate(), mutant))
    if died or events is None:
        raise SystemExit("a gift that nobody kills does not end well")
    return events


def _live(case: Case, fate: Fate, mutant: str | None) -> int:
    give(case, fate, mutant)
    return fate.events


def _forked(act: Callable[[], Any]) -> tuple[bool, Any]:
    """Do something in a process of its own: whether it was killed, and what it gave back."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        try:
            os.write(write_end, json.dumps({"given": act()}).encode())
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        text = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), json.loads(text)["given"] if text else None


def _own_database(stack: ExitStack, folder: Path) -> str:
    template = Template(folder)
    stack.callback(template.drop)
    return stack.enter_context(template.copy(folder))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proofs.crash")
    how_many = parser.add_mutually_exclusive_group(required=True)
    how_many.add_argument("--all", action="store_true", help="every event once")
    how_many.add_argument("--points", type=int, help="so many events chosen by the seed")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--gateway", default="mellat", help=f"a slug, or {EVERY!r}")
    parser.add_argument("--jobs", type=int, default=2, help="processes, with --gateway every")
    parser.add_argument("--mutant", choices=MUTANTS, help="break the rule that is proven")
    parser.add_argument("--until-caught", action="store_true", help="stop at the first failure")
    parser.add_argument("--database", help="address of a prepared database")
    parser.add_argument("--bank", help="address of a running sandbox bank")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
