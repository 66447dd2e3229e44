"""Workers that are processes of their own, on the database of the test."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.database import Database

ROOT = Path(__file__).parents[2]


@pytest.fixture
def start_worker(database: Database, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    workers = []
    address = database.engine.url.render_as_string(hide_password=False)

    def start(periodic_seconds: float = 0) -> subprocess.Popen:
        program = Path(__file__).parent / "worker.py"
        worker = subprocess.Popen(
            [sys.executable, str(program), address, str(tmp_path), str(periodic_seconds)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        workers.append(worker)
        return worker

    yield start
    for worker in workers:
        worker.kill()
        worker.wait()


def until(fact: Callable[[], object], *, within_seconds: float = 10) -> None:
    """Wait until something is so."""
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < within_seconds, "it never came to be"
        time.sleep(0.02)
