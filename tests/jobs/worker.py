"""A worker for tests: jobs that leave a trace in the audit trail, and can be caught half-way."""

import signal
import sys
import time
from datetime import timedelta
from pathlib import Path

from core.clock import now
from core.database import Database
from jobs.handlers import Outside, Within
from jobs.runner import Runner
from jobs.schedule import Periodic
from migrations.tables import METADATA
from offices.audit import note


def main(url: str, folder: str, periodic_seconds: str) -> None:
    database = Database(url)
    assert METADATA.tables

    def caught_half_way(session, subject, moment):
        note(session, "effect", subject=subject, subject_id=None, now=moment)
        session.flush()
        _pause(Path(folder), subject)

    def outside(subject, moment):
        _pause(Path(folder), subject)
        with database.writing() as session:
            note(session, "outside", subject=subject, subject_id=None, now=moment)

    def tick(session, subject, moment):
        note(session, "tick", subject=subject, subject_id=None, now=moment)

    every = float(periodic_seconds)
    runner = Runner(
        database,
        {"within": Within(caught_half_way), "outside": Outside(outside), "tick": Within(tick)},
        clock=now,
        periodic=[Periodic("tick", timedelta(seconds=every))] if every else [],
        poll_seconds=0.1,
    )
    signal.signal(signal.SIGTERM, lambda _signal, _frame: runner.stop())
    runner.run()


def _pause(folder, subject):
    """Say that the job is in hand; the first time stay long enough to be killed."""
    begun = folder / f"begun-{subject}"
    is_first = not begun.exists()
    begun.touch()
    if is_first:
        time.sleep(float((folder / "pause").read_text()))


if __name__ == "__main__":
    main(*sys.argv[1:])
