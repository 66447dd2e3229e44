"""The embedded runner: threads that work the queue off, one that reaps and plans beside them."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from core.database import Database
from jobs.claiming import Claim, ClaimLost, claim, finish, put_back, reap
from jobs.handlers import Handlers, Outside, Within
from jobs.liveness import Liveness, begin_life
from jobs.schedule import Periodic, plan, prune

LOOK_AROUND_SECONDS = 1.0
FINISH_WITHIN_SECONDS = 20.0  # how long a stop waits for the jobs in hand
_PRUNE_EVERY_LOOKS = 600

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Runner:
    """Works off the queue of one database until it is told to stop.

    Several runners on one database share the work: a job is done by one of them, a periodic job
    once for each due moment. What a killed runner had in hand is ready again within two seconds.
    """

    database: Database
    handlers: Handlers
    clock: Callable[[], datetime]
    periodic: Sequence[Periodic] = ()
    threads: int = 4
    poll_seconds: float = 0.5
    begin_life: Callable[[Database], Liveness] = begin_life
    _stopping: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        """Take no more jobs, finish those in hand, and let ``run`` return."""
        self._stopping.set()

    def run(self) -> None:
        """Work until ``stop``. Raises LifeLost where others must think this worker dead."""
        liveness = self.begin_life(self.database)
        workers = [
            threading.Thread(target=self._work, args=(liveness.owner,), name=f"jobs-{number}",
                             daemon=True)
            for number in range(1, self.threads + 1)
        ]  # fmt: skip
        log.info("worker begins", extra={"owner": liveness.owner, "threads": self.threads})
        for worker in workers:
            worker.start()
        try:
            self._look_around(liveness)
        finally:
            self._stopping.set()
            for worker in workers:
                worker.join(FINISH_WITHIN_SECONDS)
            liveness.end()
        log.info("worker ends", extra={"owner": liveness.owner})

    def _look_around(self, liveness: Liveness) -> None:
        """Once a second: are we alive, did others die, what has come due."""
        looks = 0
        while not self._stopping.wait(0 if looks == 0 else LOOK_AROUND_SECONDS):
            liveness.check()
            try:
                freed = reap(self.database, liveness, now=self.clock())
                if freed:
                    log.warning("jobs of dead workers freed", extra={"jobs": freed})
                plan(self.database, self.periodic, now=self.clock())
                if looks % _PRUNE_EVERY_LOOKS == 0:
                    with self.database.writing() as session:
                        prune(session, self.periodic, now=self.clock())
            except SQLAlchemyError:
                # A database that is busy or restarting; the next look is a second away.
                log.warning("the database did not answer the runner", exc_info=True)
            looks += 1

    def _work(self, owner: str) -> None:
        while not self._stopping.is_set():
            try:
                worked = work_one(self.database, self.handlers, owner=owner, clock=self.clock)
            except SQLAlchemyError:
                log.warning("the database did not answer the worker", exc_info=True)
                worked = False
            if not worked:
                self._stopping.wait(self.poll_seconds)


def work_one(
    database: Database, handlers: Handlers, *, owner: str, clock: Callable[[], datetime]
) -> bool:
    """Take one job that is due and do it; whether there was one."""
    held = claim(database, tuple(handlers), owner=owner, now=clock())
    if held is None:
        return False
    try:
        _do(database, handlers, held, clock)
    except ClaimLost:
        log.warning("job was taken over meanwhile", extra=_facts(held))
    # The one place that must outlive every defect of a handler: it is logged and kept on the job.
    except Exception as error:
        log.exception("job failed", extra=_facts(held))
        _note_failure(database, held, error, clock)
    return True


def work_off(
    database: Database, handlers: Handlers, *, clock: Callable[[], datetime], at_most: int = 10_000
) -> int:
    """Do everything that is due, in this thread, and what follows from it; returns how much."""
    liveness = begin_life(database)
    try:
        for done in range(at_most):
            if not work_one(database, handlers, owner=liveness.owner, clock=clock):
                return done
    finally:
        liveness.end()
    return at_most


def _do(database: Database, handlers: Handlers, held: Claim, clock: Callable[[], datetime]) -> None:
    match handlers[held.kind]:
        case Within(work):
            with database.writing() as session:
                # First, so that the row is locked and a lost claim costs no work.
                finish(session, held, now=clock())
                work(session, held.subject, clock())
        case Outside(work):
            work(held.subject, clock())
            with database.writing() as session:
                finish(session, held, now=clock())


def _note_failure(
    database: Database, held: Claim, error: Exception, clock: Callable[[], datetime]
) -> None:
    # The driver's own words: SQLAlchemy's would repeat the parameters, which may name a person.
    told = error.orig if isinstance(error, DBAPIError) and error.orig else error
    try:
        with database.writing() as session:
            again = put_back(session, held, f"{type(told).__name__}: {told}", now=clock())
    except ClaimLost:
        log.warning("job was taken over meanwhile", extra=_facts(held))
        return
    if not again:
        log.error("job given up", extra=_facts(held))


def _facts(held: Claim) -> dict[str, object]:
    return {
        "job_id": held.job_id,
        "kind": held.kind,
        "subject": held.subject,
        "attempt": held.attempts,
    }
