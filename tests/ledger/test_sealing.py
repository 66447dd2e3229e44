"""The chain of seals: what it covers, what it finds, and that no row slips past it."""

import hashlib
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from core.database import Base, Database
from ledger.sealing import seal, seal_up_to, settled_bounds, verify_chain
from ledger.seals import Seal
from offices.audit import AuditEntry, note
from tests.factories import NOON
from tests.ledger.corrupting import behind_the_triggers

AUDIT = Base.metadata.tables["audit_entry"]


def acts(database, count, action="act"):
    with database.writing() as session:
        for number in range(count):
            note(session, action, subject="test", subject_id=number, now=NOON, amount_rial=10**15)


def seals(database):
    with database.reading() as session:
        return session.scalars(
            select(Seal).where(Seal.stream == "audit_entry").order_by(Seal.first_id)
        ).all()


def report(database):
    with database.reading() as session:
        return verify_chain(session, AUDIT)


def test_every_row_is_sealed_once_and_the_tail_is_told(database):
    acts(database, 3)
    first = seal(database, [AUDIT], now=NOON)
    again = seal(database, [AUDIT], now=NOON)
    acts(database, 2)

    found = report(database)

    assert (first, again) == (3, 0)
    assert (found.blocks, found.sealed_rows, found.unsealed_rows) == (1, 3, 2)
    assert found.faults == ()


def test_blocks_follow_each_other_without_a_gap(database):
    for _round in range(3):
        acts(database, 2)
        seal(database, [AUDIT], now=NOON)

    blocks = seals(database)

    assert [(block.first_id, block.last_id) for block in blocks] == [(1, 2), (3, 4), (5, 6)]
    assert [block.previous_hash for block in blocks[1:]] == [block.hash for block in blocks[:-1]]


def test_a_long_backlog_is_sealed_in_several_blocks(database):
    acts(database, 10)

    sealed = seal(database, [AUDIT], now=NOON, block_rows=4)

    assert sealed == 10
    assert [block.row_count for block in seals(database)] == [4, 4, 2]
    assert report(database).faults == ()


CORRUPTIONS = {
    "changed": ("UPDATE audit_entry SET facts = '{}' WHERE id = 4", (3, 4, "changed", 0)),
    "removed": ("DELETE FROM audit_entry WHERE id = 3", (3, 4, "missing", 1)),
    "slipped in": (
        "INSERT INTO audit_entry (id, at, action, subject, facts)"
        " VALUES (-1, '2026-11-22 00:00:00', 'act', 'test', '{}')",
        (1, 2, "extra", 1),
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_behind_the_triggers_is_named_with_its_block(database, name):
    statement, found = CORRUPTIONS[name]
    for _round in range(2):
        acts(database, 2)
        seal(database, [AUDIT], now=NOON)

    behind_the_triggers(database, "audit_entry", statement)

    (fault,) = report(database).faults
    assert (fault.first_id, fault.last_id, fault.trouble, fault.rows) == found
    assert str(fault).startswith("audit_entry ")


def test_a_block_taken_out_of_the_chain_is_noticed(database):
    for _round in range(3):
        acts(database, 2)
        seal(database, [AUDIT], now=NOON)

    behind_the_triggers(database, "seal", "DELETE FROM seal WHERE first_id = 3")

    assert "unlinked" in [fault.trouble for fault in report(database).faults]


def test_a_moved_border_of_a_block_is_noticed(database):
    acts(database, 2)
    seal(database, [AUDIT], now=NOON)

    behind_the_triggers(database, "seal", "UPDATE seal SET sealed_at = '2020-01-01 00:00:00'")

    assert [fault.trouble for fault in report(database).faults] == ["changed"]


def test_the_same_rows_give_the_same_chain_on_every_engine(database):
    acts(database, 2)
    with database.writing() as session:
        session.execute(
            text(
                "INSERT INTO audit_entry (id, at, actor_id, action, subject, subject_id, facts)"
                " VALUES (7, '2026-11-22 08:30:00.120000', NULL, 'ثبت', 'test', NULL, '{}')"
            )
        )

    seal(database, [AUDIT], now=NOON)

    # Computed once; a change of it would break every chain that exists.
    assert seals(database)[0].hash == EXPECTED


EXPECTED = "d87f4d1ea23b46e55401d0137a6561f652ba5368db913f186f746430ca199253"


def test_two_sealers_at_once_make_one_chain(database):
    acts(database, 300)
    url = database.engine.url.render_as_string(hide_password=False)

    def seal_too():
        other = Database(url)
        seal(other, [AUDIT], now=NOON, block_rows=10)
        other.engine.dispose()

    sealers = [Thread(target=seal_too) for _each in range(3)]
    for sealer in sealers:
        sealer.start()
    for sealer in sealers:
        sealer.join()

    found = report(database)

    assert found.blocks == 30
    assert (found.sealed_rows, found.unsealed_rows, found.faults) == (300, 0, ())


def test_a_chain_cannot_fork(database):
    acts(database, 1)
    seal(database, [AUDIT], now=NOON)
    facts = {
        "stream": "audit_entry", "first_id": 2, "last_id": 2, "row_count": 0,
        "previous_hash": "0" * 64, "hash": hashlib.sha256(b"forged").hexdigest(),
    }  # fmt: skip

    with pytest.raises(Exception, match=r"(?i)unique"), database.writing() as session:
        session.execute(insert(Seal).values(**facts, sealed_at=NOON))


def test_a_row_that_commits_after_a_higher_id_is_not_skipped(database):
    """PostgreSQL commits ids out of order; on SQLite the second writer waits for the first."""
    if database.is_sqlite:
        acts(database, 2)
        assert settled_bounds(database, [AUDIT]) == {AUDIT: 2}
        return
    with Session(database.engine) as slow:
        note(slow, "slow", subject="test", subject_id=1, now=NOON)
        slow.flush()
        acts(database, 1, "fast")

        assert settled_bounds(database, [AUDIT]) == {}
        assert seal(database, [AUDIT], now=NOON) == 0
        slow.commit()

    assert seal(database, [AUDIT], now=NOON + timedelta(seconds=2)) == 2
    assert report(database).faults == ()


def test_sealing_up_to_the_highest_id_at_once_would_skip_it(database):
    """The twin of the test before: without waiting for writers the late row breaks the chain."""
    if database.is_sqlite:
        acts(database, 2)
        with database.reading() as session:
            assert session.scalar(select(func.max(AuditEntry.id))) == 2
        return
    with Session(database.engine) as slow:
        note(slow, "slow", subject="test", subject_id=1, now=NOON)
        slow.flush()
        acts(database, 1, "fast")
        seal_up_to(database, AUDIT, 2, now=NOON)
        slow.commit()

    assert [fault.trouble for fault in report(database).faults] == ["extra"]
