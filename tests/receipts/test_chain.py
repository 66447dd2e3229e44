"""The chain of each series: written behind the writers, and broken by every change."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from receipts.life.audit_report import audit
from receipts.life.chain import SeriesChain, chain_faults, chain_series, day_heads, unchained
from receipts.life.series import Receipt
from tests.factories import NOON
from tests.ledger.corrupting import behind_the_triggers
from tests.receipts.test_issuing import a_contribution, issue

TODAY = NOON.date()


def some_receipts(database, count, *, office=None, now=NOON):
    with database.writing() as session:
        issue(session, [a_contribution(session, office=office).id for _ in range(count)], now)


def faults(database):
    with database.reading() as session:
        return list(chain_faults(session))


def heads(database, day=TODAY):
    with database.reading() as session:
        return day_heads(session, day)


def test_every_receipt_is_chained_once_series_by_series(database):
    some_receipts(database, 5)
    some_receipts(database, 2, office="07")

    assert chain_series(database, now=NOON, block_receipts=2) == 7
    assert chain_series(database, now=NOON) == 0

    assert faults(database) == []
    found = [(head.series, head.first, head.last) for head in heads(database)]
    assert found == [("1405/00", 1, 5), ("1405/07", 1, 2)]
    with database.reading() as session:
        assert unchained(session) == 0


def test_a_head_binds_all_that_went_before_and_a_block_is_of_one_day(database):
    some_receipts(database, 2)
    some_receipts(database, 1, now=NOON + timedelta(days=1))

    chain_series(database, now=NOON)

    (first,), (second,) = heads(database), heads(database, TODAY + timedelta(days=1))
    assert (first.last, second.first, second.last) == (2, 3, 3)
    assert first.head_hash != second.head_hash
    with database.reading() as session:
        blocks = session.scalars(select(SeriesChain).order_by(SeriesChain.id)).all()
    assert blocks[1].previous_hash == blocks[0].hash


def test_the_same_receipts_give_the_same_head_wherever_blocks_end_in_another_second(database):
    some_receipts(database, 3)

    chain_series(database, now=datetime(2030, 1, 1, tzinfo=UTC))

    (head,) = heads(database)
    with database.reading() as session:
        (block,) = session.scalars(select(SeriesChain)).all()
    assert head.head_hash == block.hash


def test_what_is_younger_than_the_chain_is_told_and_no_fault(database):
    some_receipts(database, 2)
    chain_series(database, now=NOON)
    some_receipts(database, 3)

    assert faults(database) == []
    with database.reading() as session:
        assert unchained(session) == 3
        assert audit(session).unchained == 3


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("receipt", "UPDATE receipt SET amount_rial = amount_rial + 1 WHERE serial = 2"),
        ("receipt", "UPDATE receipt SET facts_hash = verify_key WHERE serial = 3"),
        ("receipt", "UPDATE receipt SET issued_at = '2026-01-01 00:00:00' WHERE serial = 1"),
        ("receipt", "DELETE FROM receipt WHERE serial = 2"),
        ("receipt", "UPDATE receipt SET serial = 9 WHERE serial = 3"),
        ("receipt_letterhead", "UPDATE receipt_letterhead SET facts_hash = 'x'"),
        ("series_chain", "UPDATE series_chain SET hash = 'x' WHERE first_serial = 1"),
        ("series_chain", "UPDATE series_chain SET previous_hash = 'x' WHERE first_serial = 3"),
        ("series_chain", "DELETE FROM series_chain WHERE first_serial = 1"),
    ],
    ids=lambda value: value if " " in value else "",
)
def test_whatever_is_changed_behind_the_triggers_breaks_the_chain(database, table, change):
    some_receipts(database, 4)
    chain_series(database, now=NOON, block_receipts=2)

    behind_the_triggers(database, table, change)

    assert faults(database)


def test_a_receipt_slipped_into_a_chained_range_breaks_it(database):
    some_receipts(database, 3)
    chain_series(database, now=NOON)
    behind_the_triggers(
        database, "receipt", "UPDATE receipt SET serial = serial + 1 WHERE serial = 3"
    )
    with database.writing() as session:
        assert session.scalars(select(Receipt.serial).order_by(Receipt.serial)).all() == [1, 2, 4]

    assert faults(database)
