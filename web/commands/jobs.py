"""``jobs run``: the embedded runner, until it is told to stop."""

import signal
from types import FrameType

import click

from flows.jobs import PERIODIC, handlers
from jobs.runner import Runner, work_off
from web.commands.frame import CommandGroup
from web.services import current

jobs = CommandGroup("jobs", help="What runs in the background.")


@jobs.command("run")
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
@click.option("--threads", type=click.IntRange(1, 32), default=4, show_default=True)
def run(threads: int, *, once: bool) -> None:
    """Work the queue off until SIGTERM or Ctrl-C; what is in hand is finished first."""
    services = current
    work = handlers(services.database, services.gateways, services.settings, clock=services.now)
    if once:
        work_off(services.database, work, clock=services.now)
        return
    runner = Runner(
        services.database,
        work,
        clock=services.now,
        periodic=PERIODIC,
        threads=threads,
        poll_seconds=services.settings.jobs_poll_seconds,
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        runner.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    runner.run()
