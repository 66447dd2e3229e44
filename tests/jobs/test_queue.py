"""The rules of the queue: who may take a job, who may end it, and what becomes of a failure."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from core.clock import now as real_now
from jobs.claiming import ATTEMPTS_MAX, ClaimLost, claim, delay_after, finish, reap
from jobs.handlers import Outside, Within
from jobs.liveness import LifeLost, begin_life
from jobs.queue import Job, JobState, enqueue
from jobs.runner import Runner, work_off, work_one
from jobs.schedule import Periodic, plan, prune
from offices.audit import AuditEntry, note

NOW = real_now()
EVERY_MINUTE = Periodic("tick", timedelta(minutes=1))


def a_job(database, kind="tell", subject="7", **facts):
    with database.writing() as session:
        enqueue(session, kind, subject, now=NOW, **facts)


def the_job(database):
    with database.reading() as session:
        return session.scalars(select(Job)).one()


def jobs(database):
    with database.reading() as session:
        return [
            (job.subject, job.state) for job in session.scalars(select(Job).order_by(Job.subject))
        ]


def refuse(_subject, _now):
    raise ValueError("the bank is closed")


def test_asking_twice_for_the_same_is_one_job(database):
    a_job(database)
    a_job(database)

    assert jobs(database) == [("7", JobState.READY)]


def test_a_job_is_taken_by_one_only(database):
    a_job(database)

    first = claim(database, ["tell"], owner="one", now=NOW)
    second = claim(database, ["tell"], owner="two", now=NOW)

    assert first is not None
    assert second is None


def test_a_job_nobody_here_knows_waits_for_somebody_who_does(database):
    a_job(database, kind="from a newer program")

    assert claim(database, ["tell"], owner="one", now=NOW) is None


def test_a_job_for_later_waits(database):
    a_job(database, run_after=NOW + timedelta(minutes=1))

    assert claim(database, ["tell"], owner="one", now=NOW) is None
    assert claim(database, ["tell"], owner="one", now=NOW + timedelta(minutes=1)) is not None


def stale_claim(database):
    """A claim whose job was freed by a reaper and taken again, by the same worker even."""
    a_job(database)
    stale = claim(database, ["tell"], owner="one", now=NOW)
    with database.writing() as session:
        session.execute(update(Job).values(state=JobState.READY, owner=None))
    assert claim(database, ["tell"], owner="one", now=NOW) is not None
    return stale


def test_who_lost_a_job_commits_nothing_for_it(database):
    stale = stale_claim(database)

    def write_and_finish():
        with database.writing() as session:
            note(session, "effect", subject="tell", subject_id=7, now=NOW)
            finish(session, stale, now=NOW)

    with pytest.raises(ClaimLost):
        write_and_finish()

    with database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []


def test_without_the_fence_the_effect_would_stand_twice(database):
    stale = stale_claim(database)

    for _worker in ("stale", "fresh"):
        with database.writing() as session:
            note(session, "effect", subject="tell", subject_id=7, now=NOW)
            session.execute(
                text("UPDATE job SET state = 'done' WHERE id = :id"), {"id": stale.job_id}
            )

    with database.reading() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 2


def test_what_a_failing_handler_wrote_is_gone_and_its_trouble_is_kept(database):
    def write_and_fail(session, subject, moment):
        note(session, "effect", subject=subject, subject_id=None, now=moment)
        session.flush()
        raise ValueError("no receipt today")

    a_job(database)
    work_one(database, {"tell": Within(write_and_fail)}, owner="one", clock=lambda: NOW)

    job = the_job(database)
    assert (job.state, job.attempts, job.owner) == (JobState.READY, 1, None)
    assert job.trouble == "ValueError: no receipt today"
    assert job.run_after > NOW
    with database.reading() as session:
        assert session.scalars(select(AuditEntry)).all() == []


def test_a_job_that_always_fails_is_given_up_and_stays_to_be_seen(database):
    moments = [NOW + timedelta(days=day) for day in range(ATTEMPTS_MAX + 3)]
    a_job(database)

    worked = [
        work_one(database, {"tell": Outside(refuse)}, owner="one", clock=lambda day=day: day)
        for day in moments
    ]

    job = the_job(database)
    assert worked.count(True) == ATTEMPTS_MAX
    assert (job.state, job.trouble) == (JobState.DEAD, "ValueError: the bank is closed")


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(1, 5), (2, 20), (3, 80), (7, 20_480), (8, 21_600), (30, 21_600)]
)
def test_each_failure_is_followed_by_a_longer_wait(attempts, seconds):
    waits = [delay_after(attempts).total_seconds() for _chance in range(50)]

    assert all(seconds * 0.75 <= wait <= seconds for wait in waits)
    assert len(set(waits)) > 1


def test_done_in_one_go_is_everything_due_and_what_follows_from_it(database):
    def tell(session, subject, moment):
        if subject == "1":
            enqueue(session, "tell", "2", now=moment)

    a_job(database, subject="1")
    a_job(database, subject="3", run_after=NOW + timedelta(hours=1))

    assert work_off(database, {"tell": Within(tell)}, clock=lambda: NOW) == 2
    assert jobs(database) == [
        ("1", JobState.DONE),
        ("2", JobState.DONE),
        ("3", JobState.READY),
    ]


def test_the_jobs_of_the_living_are_left_alone_and_those_of_the_dead_freed(database):
    living, dying = begin_life(database), begin_life(database)
    a_job(database, subject="a")
    a_job(database, subject="b")
    claim(database, ["tell"], owner=living.owner, now=NOW)
    claim(database, ["tell"], owner=dying.owner, now=NOW)

    assert reap(database, living, now=NOW) == 0
    dying.end()

    assert reap(database, living, now=NOW) == 1
    assert jobs(database) == [("a", JobState.RUNNING), ("b", JobState.READY)]
    living.end()


def test_a_job_that_kills_every_worker_is_given_up(database):
    a_job(database)
    living = begin_life(database)
    for _death in range(ATTEMPTS_MAX):
        claim(database, ["tell"], owner="dead long ago", now=NOW)
        reap(database, living, now=NOW)

    assert the_job(database).state is JobState.DEAD
    living.end()


def take_life(database, life):
    """What an outsider can do to a lock: remove the file, or end the session that holds it."""
    if database.is_sqlite:
        life.forget(life.owner)
        return
    with database.writing() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_locks"
                " WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
        )


def test_a_worker_whose_lock_was_taken_stops(database):
    life = begin_life(database)
    runner = Runner(database, {}, clock=lambda: NOW, begin_life=lambda _database: life)
    take_life(database, life)

    with pytest.raises(LifeLost):
        runner.run()


def test_only_the_latest_of_the_missed_runs_is_run(database):
    plan(database, [EVERY_MINUTE], now=NOW)
    plan(database, [EVERY_MINUTE], now=NOW + timedelta(hours=3))

    assert jobs(database) == [(EVERY_MINUTE.due(NOW + timedelta(hours=3)), JobState.READY)]


def test_a_due_moment_is_planned_once_even_after_it_was_done(database):
    plan(database, [EVERY_MINUTE], now=NOW)
    work_off(database, {"tick": Within(lambda *_facts: None)}, clock=lambda: NOW)

    assert plan(database, [EVERY_MINUTE], now=NOW) == 0
    assert jobs(database) == [(EVERY_MINUTE.due(NOW), JobState.DONE)]


def test_a_periodic_job_that_still_runs_is_not_begun_again(database):
    plan(database, [EVERY_MINUTE], now=NOW)
    claim(database, ["tick"], owner="one", now=NOW)

    assert plan(database, [EVERY_MINUTE], now=NOW + timedelta(minutes=5)) == 0


def test_why_a_periodic_job_failed_stays_readable_until_it_works(database):
    plan(database, [EVERY_MINUTE], now=NOW)
    work_one(database, {"tick": Outside(refuse)}, owner="one", clock=lambda: NOW)

    later = NOW + timedelta(minutes=1)
    plan(database, [EVERY_MINUTE], now=later)
    assert the_job(database).trouble == "ValueError: the bank is closed"

    work_off(database, {"tick": Outside(lambda *_facts: None)}, clock=lambda: later)
    assert (the_job(database).state, the_job(database).trouble) == (JobState.DONE, None)


def test_what_was_done_long_ago_is_cleared_away_and_what_was_given_up_is_kept(database):
    a_job(database, kind="tick", subject="an hour")
    a_job(database, subject="a day")
    a_job(database, subject="given up")
    with database.writing() as session:
        session.execute(update(Job).values(state=JobState.DONE, finished_at=NOW))
        session.execute(update(Job).where(Job.subject == "given up").values(state=JobState.DEAD))

    left = {}
    for hours in (0, 2, 25):
        with database.writing() as session:
            prune(session, [EVERY_MINUTE], now=NOW + timedelta(hours=hours))
        left[hours] = {subject for subject, _state in jobs(database)}

    assert left == {
        0: {"an hour", "a day", "given up"},
        2: {"a day", "given up"},
        25: {"given up"},
    }
