"""The donors: wrk plays them, each gift carried on to the page that says it is paid."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gifts.processes import WentWrong

_SCRIPT = Path(__file__).with_name("donors.lua")
_RESULT = re.compile(
    r"RESULT paid=(\d+) bad=(\d+) seconds=([\d.]+) p50=([\d.]+) p99=([\d.]+) requests=(\d+)"
)


@dataclass(frozen=True, slots=True)
class Donors:
    """How donors give at one contender; KEY and REQUESTKEY are filled in by the script."""

    give_path: str
    back_path: str
    fields: str  # the body of the form
    paid_mark: str  # stands on the page that says "paid", and on no other
    cookie: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """What the donors saw."""

    paid: int
    seconds: float
    requests: int
    p50_ms: float  # of one request, not of the whole gift
    p99_ms: float


def serve_donors(donors: Donors, url: str, *, clients: int, seconds: int, run: str) -> Served:
    """Let so many donors give at once for so long. Raises WentWrong when one saw anything else."""
    told: Mapping[str, str] = {
        "GIVE_PATH": donors.give_path,
        "BACK_PATH": donors.back_path,
        "FIELDS": donors.fields,
        "PAID_MARK": donors.paid_mark,
        "COOKIE": donors.cookie,
        "RUN": run,
    }
    done = subprocess.run(
        [
            "wrk",
            "-t1",
            f"-c{clients}",
            f"-d{seconds}s",
            "--timeout",
            "30s",
            "-s",
            str(_SCRIPT),
            url,
        ],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    found = _RESULT.search(done.stdout)
    if found is None:
        raise WentWrong(f"wrk gave no result:\n{done.stdout}{done.stderr}")
    paid, bad, lasted, p50, p99, requests = found.groups()
    if int(bad):
        raise WentWrong(
            f"{paid} gifts were paid and {bad} answers were wrong:\n{done.stdout[-3000:]}"
        )
    return Served(int(paid), float(lasted), int(requests), float(p50), float(p99))
