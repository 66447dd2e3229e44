"""Measures the contenders in turn, round after round, so that the machine's moods hit all alike."""

import functools
import resource
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from benchmarks.gifts.contenders import Contender, Floor, Ours, Peer, make_peer
from benchmarks.gifts.history import OLD_PAYMENTS, old_gifts_of_ours, old_gifts_of_the_peer
from benchmarks.gifts.load import serve_donors
from benchmarks.gifts.processes import HOST, Running, WentWrong, free_port, running
from benchmarks.gifts.stores import PostgresStore, SqliteStore, Store
from benchmarks.machine import busy_seconds
from benchmarks.missing import demand_postgres, demand_program
from core.settings import ROOT

OURS, FLOOR, PEER = "ours", "floor", "peer"
WITH_WORKER, WITH_HISTORY, PEER_WITH_HISTORY = "ours_worker", "ours_history", "peer_history"
_CALLS_A_GIFT = 3  # announce, verify, settle: each waits for the bank
_WARM_UP_SECONDS = 3
_TIMES_AS_LONG = {PEER_WITH_HISTORY: 3}  # so slow that a usual round may see no gift through
_AT_ONCE = ("-w", "2")
_WAITING = ("-w", "2", "-k", "gthread", "--threads", "32")


@dataclass(frozen=True, slots=True)
class Setting:
    """Under what conditions gifts are taken."""

    name: str
    title: str
    is_postgres: bool
    latency_ms: int
    clients: int
    server: Sequence[str]
    contenders: Sequence[str]

    @property
    def ceiling(self) -> float | None:
        """Gifts a second that so many clients can finish at most behind a slow bank."""
        waits_ms = self.latency_ms * _CALLS_A_GIFT
        return round(self.clients * 1000 / waits_ms, 1) if waits_ms else None


SETTINGS = (
    Setting(
        "sqlite",
        "SQLite (WAL, synchronous FULL), bank answers at once, 16 donors at a time",
        is_postgres=False,
        latency_ms=0,
        clients=16,
        server=_AT_ONCE,
        contenders=(OURS, FLOOR, PEER, WITH_WORKER, WITH_HISTORY, PEER_WITH_HISTORY),
    ),
    Setting(
        "postgresql",
        "PostgreSQL (synchronous_commit on), bank answers at once, 16 donors at a time",
        is_postgres=True,
        latency_ms=0,
        clients=16,
        server=_AT_ONCE,
        contenders=(OURS, FLOOR, PEER, WITH_WORKER),
    ),
    Setting(
        "sqlite_slow_bank",
        "SQLite, bank takes 200 ms for each call, 64 donors at a time",
        is_postgres=False,
        latency_ms=200,
        clients=64,
        server=_WAITING,
        contenders=(OURS, FLOOR, PEER),
    ),
)


@dataclass(frozen=True, slots=True)
class Round:
    """What one round of one contender gave."""

    gifts_per_second: float
    cpu_ms_per_gift: float  # of the web processes alone
    p50_ms: float  # of a request
    p99_ms: float
    requests_per_gift: float
    gifts: int
    rows: int  # gifts the database holds as paid; the last ones may not have been shown yet
    others_cores: float  # what programs that are not measured used meanwhile


def run(
    *, rounds: int = 3, seconds: int = 8, old_payments: int = OLD_PAYMENTS, only: str = ""
) -> dict[str, object]:
    """Gifts a second of each contender in each setting, and our ratio to each of them."""
    demand_program("wrk", package="wrk", why="it plays the donors")
    demand_postgres()
    make_peer()
    results: dict[str, object] = {}
    for setting in SETTINGS:
        if only and setting.name != only:
            continue
        with tempfile.TemporaryDirectory(prefix="gifts-", dir=_build()) as folder:
            results[setting.name] = _measured(
                setting, Path(folder), rounds=rounds, seconds=seconds, old_payments=old_payments
            )
    return results


def _measured(
    setting: Setting, folder: Path, *, rounds: int, seconds: int, old_payments: int
) -> dict[str, object]:
    port = free_port()
    bank = (sys.executable, "-m", "benchmarks.gifts.bank", str(port), str(setting.latency_ms))
    found: dict[str, list[Round]] = {name: [] for name in setting.contenders}
    with ExitStack() as stack:
        contenders = [
            _contender(name, setting, folder, f"http://{HOST}:{port}", old_payments)
            for name in setting.contenders
        ]
        for contender in contenders:
            stack.callback(contender.store.drop)
            contender.prepare()
        bank_process = stack.enter_context(running("bank", bank, folder=folder, port=port))
        for number in range(rounds):
            # Each round begins with another one, so that nobody always follows the same.
            first = number % len(contenders)
            for contender in contenders[first:] + contenders[:first]:
                lasts = seconds * _TIMES_AS_LONG.get(contender.name, 1)
                figures = _round(contender, setting, folder, bank_process, seconds=lasts)
                found[contender.name].append(figures)
    return _summary(setting, found)


def _contender(
    name: str, setting: Setting, folder: Path, bank_url: str, old_payments: int
) -> Contender:
    has_history = name in (WITH_HISTORY, PEER_WITH_HISTORY)
    store: Store = (
        PostgresStore(name)
        if setting.is_postgres
        else SqliteStore(folder, name, is_large=has_history)
    )
    if name == FLOOR:
        return Floor(name, store, bank_url)
    if name in (PEER, PEER_WITH_HISTORY):
        add = functools.partial(old_gifts_of_the_peer, count=old_payments)
        return Peer(name, store, bank_url, add_history=add if has_history else None)
    add = functools.partial(old_gifts_of_ours, count=old_payments)
    return Ours(
        name,
        store,
        folder,
        bank_url,
        has_worker=name == WITH_WORKER,
        add_history=add if has_history else None,
    )


def _round(
    contender: Contender, setting: Setting, folder: Path, bank: Running, *, seconds: int
) -> Round:
    """One contender on a fresh database: warmed up, then measured."""
    database_url, port = contender.store.fresh(), free_port()
    url = f"http://{HOST}:{port}"
    environment = contender.environment(database_url, url)
    bind = ("--bind", f"{HOST}:{port}", "--no-control-socket", "--log-level", "warning")
    serve = (str(contender.python), "-m", "gunicorn", *bind, *setting.server)
    with ExitStack() as stack:
        start = functools.partial(running, folder=folder, environment=environment)
        web = stack.enter_context(
            start(contender.name, (*serve, *contender.application), port=port)
        )
        beside = (
            [stack.enter_context(start("worker", contender.worker))] if contender.worker else []
        )
        donors = contender.donors(url)
        give = functools.partial(serve_donors, donors, url, clients=setting.clients)
        give(seconds=_WARM_UP_SECONDS, run=f"warm-{secrets.token_hex(4)}")
        rows_before = _settled(contender, database_url)
        cpu, busy, measured = web.cpu_seconds(), busy_seconds(), _cpu_seconds(web, bank, *beside)
        served = give(seconds=seconds, run=f"run-{secrets.token_hex(4)}")
        cpu = web.cpu_seconds() - cpu
        busy = busy_seconds() - busy
        measured = _cpu_seconds(web, bank, *beside) - measured
        rows = _settled(contender, database_url) - rows_before
    if not 0 < served.paid <= rows <= served.paid + setting.clients:
        raise WentWrong(f"{contender.name}: {served.paid} pages said paid, {rows} rows do")
    return Round(
        gifts_per_second=round(served.paid / served.seconds, 1),
        cpu_ms_per_gift=round(cpu * 1000 / served.paid, 2),
        p50_ms=served.p50_ms,
        p99_ms=served.p99_ms,
        requests_per_gift=round(served.requests / served.paid, 1),
        gifts=served.paid,
        rows=rows,
        others_cores=round(max(0.0, busy - measured) / served.seconds, 2),
    )


def _settled(contender: Contender, database_url: str) -> int:
    """The paid gifts in the database, once the last ones that were under way are through."""
    before = -1
    while (now := contender.paid(database_url)) != before:
        before = now
        time.sleep(1)
    return now


def _cpu_seconds(*processes: Running) -> float:
    """What the processes under measurement have used, and the load generator with them."""
    generator = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = sum(process.cpu_seconds() for process in processes)
    return ours + generator.ru_utime + generator.ru_stime


def _summary(setting: Setting, found: Mapping[str, Sequence[Round]]) -> dict[str, object]:
    rates = {name: [one.gifts_per_second for one in rounds] for name, rounds in found.items()}
    return {
        "title": setting.title,
        "ceiling_gifts_per_second": setting.ceiling,
        "contenders": {name: _medians(rounds) for name, rounds in found.items()},
        # Round by round: what slowed the machine down slowed both down.
        "ours_to": {
            name: round(
                statistics.median(
                    mine / theirs for mine, theirs in zip(rates[OURS], rate, strict=True)
                ),
                2,
            )
            for name, rate in rates.items()
            if name != OURS
        },
        "rounds": {name: [asdict(one) for one in rounds] for name, rounds in found.items()},
    }


def _medians(rounds: Sequence[Round]) -> dict[str, float]:
    return {
        field.name: statistics.median(getattr(one, field.name) for one in rounds)
        for field in fields(Round)
    }


def _build() -> Path:
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    return folder
