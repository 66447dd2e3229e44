"""What the database itself refuses, on both engines."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from core.database import INSERT_ONLY
from ledger.postings import Cause, Entry, Posting, move, post
from tests.factories import NOON

DAY = date(2026, 11, 22)


def a_posting(session):
    return post(
        session, Cause.CONTRIBUTION, 1, move("desk:07", "fund:x", 5), booked_on=DAY, now=NOON
    )


@pytest.mark.parametrize("act", [update(Entry).values(amount_rial=6), delete(Entry)])
def test_a_fact_is_neither_changed_nor_deleted(database, act):
    with database.writing() as session:
        a_posting(session)

    with pytest.raises(DBAPIError, match="insert-only"), database.writing() as session:
        session.execute(act)

    with database.reading() as session:
        assert sorted(session.scalars(select(Entry.amount_rial))) == [-5, 5]


def test_replacing_a_fact_is_refused_too(database):
    if not database.is_sqlite:
        with pytest.raises(DBAPIError, match="insert-only"), database.writing() as session:
            session.execute(text("TRUNCATE posting CASCADE"))
        return
    with database.writing() as session:
        posting_id = a_posting(session)
    with pytest.raises(DBAPIError, match="insert-only"), database.writing() as session:
        session.execute(
            text(
                "INSERT OR REPLACE INTO posting SELECT id, cause, cause_id, '2020-01-01',"
                " recorded_at, reverses_id FROM posting WHERE id = :id"
            ),
            {"id": posting_id},
        )


def test_without_its_trigger_a_fact_could_be_changed(database):
    drops = (
        ["DROP TRIGGER entry_no_update"]
        if database.is_sqlite
        else ["DROP TRIGGER entry_no_change ON entry"]
    )
    with database.writing() as session:
        a_posting(session)
        for drop in drops:
            session.execute(text(drop))

    with database.writing() as session:
        assert session.execute(update(Entry).values(amount_rial=7)).rowcount == 2


def test_every_insert_only_table_has_its_triggers(database):
    query, ends = (
        ("SELECT name FROM sqlite_master WHERE type = 'trigger'", ("_no_update", "_no_delete"))
        if database.is_sqlite
        else ("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal", ("_no_change",))
    )
    with database.reading() as session:
        triggers = session.scalars(text(query)).all()

    for end in ends:
        guarded = {name.removesuffix(end) for name in triggers if name.endswith(end)}
        assert guarded == INSERT_ONLY


def test_nothing_is_booked_twice_for_one_cause(database):
    with database.writing() as session:
        a_posting(session)

    with pytest.raises(IntegrityError), database.writing() as session:
        a_posting(session)


def test_a_failed_transaction_leaves_nothing(database):
    with pytest.raises(RuntimeError), database.writing() as session:
        a_posting(session)
        raise RuntimeError

    with database.reading() as session:
        assert session.scalars(select(Posting)).all() == []


def test_a_reading_session_writes_nothing(database):
    with pytest.raises(RuntimeError), database.reading() as session:
        session.add(Posting(cause=Cause.SURPLUS, cause_id=1, booked_on=DAY, recorded_at=NOON))


def test_a_moment_without_a_time_zone_is_refused(database):
    naive = datetime(2026, 1, 1)  # noqa: DTZ001

    with pytest.raises(StatementError, match="time zone"), database.writing() as session:
        post(session, Cause.SURPLUS, 1, move("desk:07", "fund:x", 5), booked_on=DAY, now=naive)


def test_moments_come_back_in_utc(database):
    with database.writing() as session:
        a_posting(session)
    with database.reading() as session:
        assert session.scalars(select(Posting.recorded_at)).one().tzinfo is UTC
