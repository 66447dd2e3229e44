"""Several processes and many threads that do one thing at once: started, let go together, joined.

    python -m tests.proofs.race_worker '{"act": "finish", "url": …}'

They are forked from here, so that one import serves all; the last line names what they raised.
"""

import json
import multiprocessing
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.database import Database
from donations.models.contribution import Tender
from donations.models.pledge import Channel, Pledge
from donations.pledging import CashItem
from flows.confirming import finish_payment
from flows.paying import take_return
from flows.receiving import receive_at_desk
from flows.sweeping import sweep
from migrations.tables import METADATA
from receipts.life.issuing import issue_receipt
from tests.conftest import gateways_at
from tests.factories import a_pledge

PATIENCE_SECONDS = 60

assert METADATA.tables  # every table is known before anybody is forked

Task = dict[str, Any]
Act = Callable[[Database, Task, int], None]


def now() -> datetime:
    return datetime.now(UTC)


def finish(database: Database, task: Task, number: int) -> None:
    """Browsers that come back, and between them a worker that looks after the same payment."""
    gateways = gateways_at(task["bank"])
    late = timedelta(minutes=3)
    if number % 4 == 1:
        sweep(database, gateways, clock=lambda: now() + late)
    elif number % 4 == 2:
        finish_payment(database, gateways, task["payment_id"], clock=now)
    else:
        take_return(
            database,
            gateways,
            return_key=task["return_key"],
            read=lambda gateway: gateway.adapter.read_return("POST", {}, task["fields"], b""),
            clock=now,
        )


def receive(database: Database, task: Task, _number: int) -> None:
    """A clerk who takes one gift after the other at the same desk."""
    for _ in range(task["times"]):
        with database.writing() as session:
            pledge = a_pledge(session, CashItem(1_000), office="07", channel=Channel.DESK)
            receive_at_desk(
                session,
                session.get_one(Pledge, pledge.id),
                tender=Tender.CASH,
                staff_id=task["staff_id"],
                now=now(),
            )


def issue(database: Database, task: Task, number: int) -> None:
    """A process that issues the receipts of its share of contributions, one after the other."""
    for contribution_id in task["contributions"][number :: task["processes"]]:
        with database.writing() as session:
            issue_receipt(session, contribution_id, now=now())


ACTS: dict[str, Act] = {"finish": finish, "receive": receive, "issue": issue}


def main(task: Task) -> None:
    fork = multiprocessing.get_context("fork")
    start = fork.Barrier(task["processes"] * task["threads"])
    raised = fork.SimpleQueue()
    processes = [
        fork.Process(target=_in_threads, args=(task, start, raised, number))
        for number in range(task["processes"])
    ]
    for process in processes:
        process.start()
    found = [raised.get() for _ in range(task["processes"] * task["threads"])]
    for process in processes:
        process.join(PATIENCE_SECONDS)
    sys.stdout.write(json.dumps([trouble for trouble in found if trouble]) + "\n")


def _in_threads(task: Task, start: Any, raised: Any, process_number: int) -> None:
    database = Database(task["url"])

    def work(number: int) -> None:
        start.wait(PATIENCE_SECONDS)
        try:
            ACTS[task["act"]](database, task, number)
            raised.put("")
        except Exception as trouble:
            raised.put(f"{type(trouble).__name__}: {trouble}"[:500])

    first = process_number * task["threads"]
    threads = [
        threading.Thread(target=work, args=(first + number,)) for number in range(task["threads"])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.engine.dispose()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
