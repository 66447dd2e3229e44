"""Workers as real processes: killed, stopped, and several on one database."""

import signal
import time

import pytest
from sqlalchemy import select

from core.clock import now
from jobs.queue import Job, JobState, enqueue
from offices.audit import AuditEntry
from tests.jobs.conftest import until


def state_of(database, subject):
    with database.reading() as session:
        return session.scalars(select(Job.state).where(Job.subject == subject)).one()


def traces(database, action):
    with database.reading() as session:
        return session.scalars(select(AuditEntry.subject).where(AuditEntry.action == action)).all()


@pytest.mark.parametrize(("kind", "action"), [("within", "effect"), ("outside", "outside")])
def test_what_a_killed_worker_had_in_hand_is_done_by_another(
    database, start_worker, tmp_path, kind, action
):
    (tmp_path / "pause").write_text("60")
    with database.writing() as session:
        enqueue(session, kind, "gift", now=now())
    first = start_worker()
    until((tmp_path / "begun-gift").exists)
    start_worker()
    time.sleep(1)

    first.send_signal(signal.SIGKILL)
    # The killed one would have slept for a minute; a busy machine may take its time.
    until(lambda: state_of(database, "gift") is JobState.DONE, within_seconds=45)

    assert traces(database, action) == ["gift"]


def test_a_worker_told_to_stop_finishes_what_it_has_in_hand(database, start_worker, tmp_path):
    (tmp_path / "pause").write_text("1.5")
    with database.writing() as session:
        enqueue(session, "outside", "gift", now=now())
        enqueue(session, "outside", "later", now=now(), run_after=now().replace(year=2099))
    worker = start_worker()
    until((tmp_path / "begun-gift").exists)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=10) == 0
    assert state_of(database, "gift") is JobState.DONE
    assert state_of(database, "later") is JobState.READY


def test_four_workers_on_one_database_run_each_periodic_job_once(database, start_worker):
    for _each in range(4):
        start_worker(periodic_seconds=1)

    until(lambda: len(traces(database, "tick")) >= 4, within_seconds=30)

    ticks = traces(database, "tick")
    assert sorted(ticks) == sorted(set(ticks))


def test_several_workers_share_the_jobs_and_do_each_once(database, start_worker, tmp_path):
    (tmp_path / "pause").write_text("0")
    subjects = {f"gift-{number}" for number in range(60)}
    with database.writing() as session:
        for subject in subjects:
            enqueue(session, "within", subject, now=now())

    for _each in range(3):
        start_worker()
    until(lambda: len(traces(database, "effect")) >= len(subjects), within_seconds=30)
    time.sleep(0.5)

    done = traces(database, "effect")
    assert len(done) == len(subjects)
    assert set(done) == subjects
