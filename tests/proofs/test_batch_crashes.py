"""The closing of a batch whose process is killed, event by event: all envelopes once, or none."""

import os

from sqlalchemy import func, select

from core.database import Database
from donations.models.batch import EntryBatch
from donations.models.contribution import Contribution
from flows.batches import TypedLine, add_line, close_batch, lines_of, open_batch
from flows.checking import check_ledger
from offices.scope import EVERYWHERE
from tests.factories import NOON, a_staff_member, office_id
from tests.proofs.crash_worker import Fate

_ENVELOPES = 3
_EVERY = 3  # of the events, so that the whole takes seconds


def a_batch(database, clerk_id):
    with database.writing() as session:
        batch = open_batch(
            session,
            office_id=office_id(session),
            title="پاکت‌ها",
            expected_count=_ENVELOPES,
            expected_rial=_ENVELOPES * 1_000,
            opened_by_id=clerk_id,
            request_key=None,
            now=NOON,
        )
        for number in range(_ENVELOPES):
            typed = TypedLine(1_000, name="زهرا احمدی", mobile=f"0912123456{number}")
            add_line(
                session,
                EVERYWHERE,
                batch.id,
                typed,
                typed_by_id=clerk_id,
                request_key=None,
                now=NOON,
            )
        return batch.id


def close(database, batch_id, clerk_id):
    with database.writing() as session:
        return close_batch(session, EVERYWHERE, batch_id, closed_by_id=clerk_id, now=NOON)


def killed_while_closing(database, url, batch_id, clerk_id, dies_at):
    """Close in a process of its own that dies at this event; how many events it lived through."""
    database.engine.dispose()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover  it is killed, or leaves without a word
        fate, own = Fate(dies_at), Database(url)
        with fate.watching(own):
            close(own, batch_id, clerk_id)
        os.write(writer, str(fate.events).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as told:
        return int(told.read() or 0)


def gifts(database):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(Contribution)).one()


def test_whenever_the_process_dies_the_envelopes_are_gifts_once_or_not_yet(database, database_url):
    with database.writing() as session:
        clerk_id = a_staff_member(session).id
    batch_id = a_batch(database, clerk_id)
    events = killed_while_closing(database, database_url, batch_id, clerk_id, None)
    assert events > 20
    batch_ids = [batch_id]
    for dies_at in range(1, events + 1, _EVERY):
        before = gifts(database)
        batch_ids.append(a_batch(database, clerk_id))
        lived = killed_while_closing(database, database_url, batch_ids[-1], clerk_id, dies_at)
        assert lived < dies_at
        assert gifts(database) - before in (0, _ENVELOPES)

        close(database, batch_ids[-1], clerk_id)

    assert gifts(database) == _ENVELOPES * len(batch_ids)
    with database.reading() as session:
        assert check_ledger(session).ok
        assert all(
            receipt is not None
            for (_line, receipt) in lines_of(session, session.get_one(EntryBatch, batch_id))
        )
