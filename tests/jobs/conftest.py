"""A database that several processes share, and workers that are processes of their own."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from core.database import Base, Database
from migrations.tables import METADATA

ROOT = Path(__file__).parents[2]


@pytest.fixture
def shared_url(tmp_path) -> Iterator[str]:
    server = os.environ.get("TEST_DATABASE_URL")
    if server is None:
        yield f"sqlite:///{tmp_path / 'shared.sqlite3'}"
        return
    name = f"mosharekat_jobs_{uuid.uuid4().hex[:12]}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield make_url(server).set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def shared(shared_url) -> Iterator[Database]:
    database = Database(shared_url)
    assert METADATA is Base.metadata
    METADATA.create_all(database.engine)
    yield database
    database.engine.dispose()


@pytest.fixture
def start_worker(shared: Database, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen]]:
    workers = []
    address = shared.engine.url.render_as_string(hide_password=False)

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


def until(fact: Callable[[], object], *, within_seconds: float = 10) -> float:
    """Wait until something is so; how long it took."""
    began = time.monotonic()
    while not fact():
        assert time.monotonic() - began < within_seconds, "it never came to be"
        time.sleep(0.02)
    return time.monotonic() - began
