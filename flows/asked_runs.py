"""A run somebody asks for on a page: at once where little is open, by the worker where much is."""

from contextlib import suppress
from datetime import datetime

from sqlalchemy import func, select

from core.database import Database
from flows.reconciling import RunReport, run
from jobs.queue import enqueue
from reconciliation.expected import OpenLine
from reconciliation.running import RunInProgress

RUN_RULES = "run_rules"
AT_ONCE_LINES = 5_000  # a second's work; nobody waits longer in front of a page


def run_or_ask(database: Database, *, started_by_id: int, now: datetime) -> RunReport | None:
    """Run, and report; or leave it to the worker and report nothing. Raises RunInProgress."""
    with database.reading() as session:
        few = select(OpenLine.line_id).limit(AT_ONCE_LINES + 1).subquery()
        lines = session.scalars(select(func.count()).select_from(few)).one()
    if lines <= AT_ONCE_LINES:
        return run(database, started_by_id=started_by_id, now=now)
    with database.writing() as session:
        enqueue(session, RUN_RULES, f"{started_by_id}:{now.isoformat()}", now=now)
    return None


def run_as_asked(database: Database, subject: str, now: datetime) -> None:
    """The worker's part; another run at work at this moment does the same."""
    started_by, _colon, _asked_at = subject.partition(":")
    with suppress(RunInProgress):
        run(database, started_by_id=int(started_by), now=now)
