"""The machine that the figures were made on: they mean little without it."""

import os
import platform
import sqlite3
from datetime import UTC, datetime
from pathlib import Path


def facts() -> dict[str, object]:
    """Processor, memory, system and versions, and when this is."""
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _after(Path("/proc/cpuinfo"), "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(
            int((_after(Path("/proc/meminfo"), "MemTotal") or "0").split()[0]) / 2**20
        ),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_average_before": round(os.getloadavg()[0], 1),
    }


def busy_seconds() -> float:
    """Seconds of processor time that all programs of this machine have used since it started."""
    ticks = [
        int(number) for number in Path("/proc/stat").read_text("ascii").split("\n")[0].split()[1:]
    ]
    idle = ticks[3] + ticks[4]
    return (sum(ticks[:8]) - idle) / os.sysconf("SC_CLK_TCK")


def _after(path: Path, name: str) -> str:
    for line in path.read_text("utf-8").splitlines() if path.exists() else ():
        label, _, value = line.partition(":")
        if label.strip() == name:
            return value.strip()
    return ""
