"""Number blocks: numbers of a desk's own, each spent once, none unexplained."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from core.bulk import single
from core.refusals import NotFound
from offices.scope import EVERYWHERE, Scope
from receipts.life.audit_list import Hole, list_series
from receipts.life.audit_report import audit
from receipts.life.auditing import number_gaps, series_standing
from receipts.life.blocks import (
    HELD_MAX,
    NoBlockLeft,
    NumbersUnsent,
    UnusableSize,
    allot_block,
    block_of,
    close_block,
    close_past_years,
    take_block,
)
from receipts.life.chain import chain_faults, chain_series, day_heads, unchained
from receipts.life.issuing import issue_receipts
from receipts.life.number_blocks import BlockClosing, BlockHolder, BlockNumber, NumberBlock
from receipts.life.series import Receipt, ReceiptSeries
from receipts.life.spending import (
    BlockClosed,
    NumberSpent,
    OtherBrowser,
    OtherYear,
    give_up_number,
    given_number,
    spend_number,
)
from receipts.public.heads import PublishedHeads
from receipts.public.publishing import publish_heads
from receipts.seals.seal import read_seal
from tests.factories import NOON, a_staff_member, office_id
from tests.ledger.corrupting import behind_the_triggers
from tests.receipts.test_issuing import a_contribution

ONE, OTHER = "browser-one", "browser-two"
TODAY = NOON.date()


def a_block(session, size=5, *, device=ONE, now=NOON):
    """A block of desk 07 that a browser holds."""
    by = a_staff_member(session, f"manager-{size}-{device}-{now.day}").id
    block = allot_block(
        session,
        EVERYWHERE,
        office_id=office_id(session),
        size=size,
        allotted_by_id=by,
        request_key=None,
        now=now,
    )
    if device:
        take_block(session, block.office_id, device, taken_by_id=by, now=now)
    session.flush()
    session.expire(block)
    return block


def given(session, block, serial, *, device=ONE, made_on=TODAY):
    return given_number(
        session, block.office_id, device, block_id=block.id, serial=serial, made_on=made_on
    )


def use(session, block, serial, *, now=NOON):
    """A gift that bears a number of the block."""
    contribution = a_contribution(session, office="07")
    number = given(session, block, serial)
    issue_receipts(session, single(contribution.id), now=now, given=number)
    spend_number(session, number, contribution.id, told_by_id=block.allotted_by_id, now=now)
    return session.scalars(
        select(Receipt.number).where(Receipt.contribution_id == contribution.id)
    ).one()


def give_up(session, block, serial, reason="پاره شد", *, now=NOON):
    give_up_number(
        session,
        block.office_id,
        ONE,
        block_id=block.id,
        serial=serial,
        reason=reason,
        told_by_id=block.allotted_by_id,
        now=now,
    )


def close(session, block, *, now=NOON):
    return close_block(
        session, EVERYWHERE, block.id, reason="پایان", closed_by_id=block.allotted_by_id, now=now
    )


def test_a_block_has_numbers_of_its_own_beside_those_of_its_desk(session):
    block = a_block(session)

    assert use(session, block, 1) == "1405/A01/000001"
    assert block.series.desk_code == "A01"
    assert a_block(session, 2, device=OTHER).series.desk_code == "A02"


def test_two_browsers_never_share_a_block(session):
    block = a_block(session)

    with pytest.raises(NoBlockLeft):
        take_block(session, block.office_id, OTHER, taken_by_id=block.allotted_by_id, now=NOON)
    with pytest.raises(OtherBrowser):
        given(session, block, 1, device=OTHER)
    with pytest.raises(IntegrityError):
        session.execute(
            insert(BlockHolder).values(
                block_id=block.id, device_hash="x", taken_by_id=block.allotted_by_id, taken_at=NOON
            )
        )
    session.rollback()


def test_a_browser_that_asks_again_gets_the_block_it_holds_until_it_is_used_up(session):
    block = a_block(session, 1)

    by = block.allotted_by_id
    assert take_block(session, block.office_id, ONE, taken_by_id=by, now=NOON).id == block.id
    use(session, block, 1)
    assert block_of(session, block.office_id, ONE, now=NOON) is None


def test_beside_a_block_of_which_only_unsent_numbers_are_left_a_browser_takes_another(session):
    first, second = a_block(session, 2), a_block(session, 3, device=None)
    by, office = first.allotted_by_id, first.office_id
    use(session, first, 2)  # the first number is on an entry that waits

    taken = [
        take_block(session, office, ONE, used_up_id=first.id, taken_by_id=by, now=NOON).id
        for _twice in range(2)
    ]

    assert taken == [second.id, second.id]
    assert block_of(session, office, ONE, now=NOON).id == second.id
    use(session, first, 1)


def test_a_browser_that_says_again_and_again_that_its_block_is_used_up_gets_few(session):
    blocks = [a_block(session, size, device=None) for size in range(2, 4 + HELD_MAX)]
    asks = {"taken_by_id": blocks[0].allotted_by_id, "now": NOON}
    held = None
    for block in blocks[:HELD_MAX]:
        taken = take_block(session, block.office_id, ONE, used_up_id=held, **asks)
        assert taken.id == block.id
        held = taken.id

    with pytest.raises(NumbersUnsent):
        take_block(session, block.office_id, ONE, used_up_id=held, **asks)
    for serial in (1, 2):
        give_up(session, blocks[0], serial)
    fourth = take_block(session, block.office_id, ONE, used_up_id=held, **asks)
    assert fourth.id == blocks[HELD_MAX].id


def test_a_number_is_spent_once(session):
    block = a_block(session)
    use(session, block, 1)
    give_up(session, block, 2)

    for serial in (1, 2):
        with pytest.raises(NumberSpent):
            given(session, block, serial)
    with pytest.raises(NumberSpent):
        give_up(session, block, 1)
    give_up(session, block, 2)  # once more is harmless


@pytest.mark.parametrize(
    "values",
    [
        {"serial": 1},
        {"serial": 6, "reason": "x"},
        {"serial": 0, "reason": "x"},
        {"serial": 3, "reason": ""},
        {"serial": 3, "size": 9, "reason": "x"},
    ],
    ids=["twice", "beyond", "before", "neither used nor explained", "of another size"],
)
def test_the_database_refuses_what_a_block_cannot_say(session, values):
    block = a_block(session)
    give_up(session, block, 1)

    row = {"block_id": block.id, "size": block.size, "reason": "x", "told_at": NOON, **values}
    with pytest.raises(IntegrityError):
        session.execute(insert(BlockNumber).values(row))
    session.rollback()


def test_a_code_that_could_be_an_office_s_is_refused_by_the_database(session):
    with pytest.raises(IntegrityError):
        session.execute(
            insert(ReceiptSeries).values(
                year=1405, office_id=office_id(session), desk_code="07A", unit="IRR", last_serial=0
            )
        )
    session.rollback()


def test_closing_voids_what_is_unused_and_leaves_no_unexplained_gap(database):
    with database.writing() as session:
        block = a_block(session)
        use(session, block, 2)
        assert close(session, block) == 4
        assert close(session, block) == 0
        session.expire(block)
        with pytest.raises(BlockClosed):
            given(session, block, 3)

    chain_series(database, now=NOON)
    with database.reading() as session:
        assert audit(session).ok, audit(session).proofs
        (row,) = [row for row in series_standing(session) if row.office_code == "A01"]
        assert (row.last, row.standing, row.unused, row.allotted, row.missing) == (5, 1, 4, 0, 0)
        holes = [row for row in list_series(session, 1405, "A01") if isinstance(row, Hole)]
        assert [(hole.first[-1], hole.last[-1], hole.reason) for hole in holes] == [
            ("1", "1", "پایان"),
            ("3", "5", "پایان"),
        ]
        assert unchained(session) == 0


def test_numbers_of_an_open_block_are_allotted_and_not_missing(database):
    with database.writing() as session:
        block = a_block(session)
        use(session, block, 3)  # the first two wait in the browser

    chain_series(database, now=NOON)
    with database.reading() as session:
        assert list(number_gaps(session)) == []
        (row,) = [row for row in series_standing(session) if row.office_code == "A01"]
        assert (row.standing, row.allotted, row.missing) == (1, 4, 0)
        assert all(
            row.is_allotted for row in list_series(session, 1405, "A01") if isinstance(row, Hole)
        )
        assert day_heads(session, TODAY) == []


def test_the_chain_waits_for_earlier_numbers_and_binds_those_given_up(database):
    tomorrow = NOON + timedelta(days=1)
    with database.writing() as session:
        block = a_block(session)
        use(session, block, 1)
        use(session, block, 3)
    chain_series(database, now=NOON)
    with database.writing() as session:
        give_up(session, session.get_one(NumberBlock, block.id), 2, now=tomorrow)
    chain_series(database, now=tomorrow)

    with database.reading() as session:
        first, second = day_heads(session, TODAY), day_heads(session, tomorrow.date())
        assert [(head.series, head.first, head.last) for head in first] == [("1405/A01", 1, 1)]
        assert [(head.first, head.last) for head in second] == [(2, 3)]
        assert list(chain_faults(session)) == []
    behind_the_triggers(
        database, "block_number", "UPDATE block_number SET reason = 'other' WHERE serial = 2"
    )
    with database.reading() as session:
        assert len(list(chain_faults(session))) == 1


@pytest.mark.parametrize("serial", [1, 4], ids=["of a receipt", "given up"])
def test_a_number_whose_word_vanishes_from_its_block_is_found(database, serial):
    with database.writing() as session:
        block = a_block(session)
        use(session, block, 1)
        close(session, block)
    gone = "DELETE FROM block_number WHERE serial = "
    behind_the_triggers(database, "block_number", gone + str(serial))

    with database.reading() as session:
        (trouble,) = number_gaps(session)
        assert f"1405/A01/00000{serial}" in trouble


def test_a_number_that_still_waits_holds_no_day_s_list_up(database, settings):
    with database.writing() as session:
        block = a_block(session)
        use(session, block, 2)  # the first waits in the browser
    tomorrow = NOON + timedelta(days=1)

    publish_heads(database, read_seal(settings), now=tomorrow)
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(PublishedHeads)).one() == 1
    with database.writing() as session:
        give_up(session, session.get_one(NumberBlock, block.id), 1, now=tomorrow)
    publish_heads(database, read_seal(settings), now=tomorrow + timedelta(days=1))

    with database.reading() as session:
        lists = session.scalars(select(PublishedHeads).order_by(PublishedHeads.day)).all()
        bound = [json.loads(each.text)["series"] for each in lists]
    assert bound[0] == []
    assert [(row["first"][-1], row["last"][-1]) for row in bound[1]] == [("1", "2")]


def test_blocks_of_a_past_year_are_closed_once_nothing_of_them_can_be_sent(session):
    block = a_block(session)
    new_year = NOON.replace(month=3, day=21, year=2027)

    assert close_past_years(session, now=new_year + timedelta(days=5)) == 0
    assert close_past_years(session, now=new_year + timedelta(days=9)) == 1
    assert session.get_one(BlockClosing, block.id).closed_by_id is None


def test_a_number_belongs_to_the_year_of_its_entry(session):
    block = a_block(session)

    with pytest.raises(OtherYear):
        given(session, block, 1, made_on=TODAY + timedelta(days=200))


def test_a_block_has_a_size_and_stays_in_its_scope(session):
    by = a_staff_member(session).id
    asked = {"office_id": office_id(session), "allotted_by_id": by, "request_key": "k", "now": NOON}

    for size in (0, 501):
        with pytest.raises(UnusableSize):
            allot_block(session, EVERYWHERE, size=size, **asked)
    with pytest.raises(NotFound):
        allot_block(session, Scope(frozenset({office_id(session, "06")})), size=5, **asked)
    once, twice = (allot_block(session, EVERYWHERE, size=5, **asked) for _each in range(2))
    assert once.id == twice.id
