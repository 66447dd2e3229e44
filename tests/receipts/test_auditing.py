"""The auditor's list: green on real receipts, and red for every hole and every edit behind it."""

import pytest

from core.bulk import single
from offices.scope import EVERYWHERE
from receipts.life.audit_list import Explained, Hole, list_series
from receipts.life.audit_report import audit
from receipts.life.auditing import EVERYTHING, Wanted, series_standing
from receipts.life.chain import chain_series
from receipts.life.leaves import register_book, tell_leaf
from receipts.life.paper_books import Fate
from receipts.life.series import ReceiptState, VoidCause
from receipts.life.voiding import void_receipts
from tests.factories import NOON, a_desk_contribution, a_staff_member, office_id, two_void
from tests.ledger.corrupting import behind_the_triggers
from tests.receipts.test_issuing import a_contribution, issue


@pytest.fixture
def receipts(database):
    """Five receipts of desk 07, the second void, and three online; all chained."""
    with database.writing() as session:
        clerk = a_staff_member(session)
        gifts = [a_desk_contribution(session, staff_id=clerk.id) for _ in range(5)]
        two_void(session, gifts[1].id, "دو بار ثبت شد")
        issue(session, [a_contribution(session).id for _ in range(3)], NOON)
    chain_series(database, now=NOON, block_receipts=2)
    return database


def failing(database, wanted=EVERYTHING):
    with database.reading() as session:
        return [proof.name for proof in audit(session, wanted).proofs if not proof.ok]


def troubles(database):
    with database.reading() as session:
        return [trouble for proof in audit(session).proofs for trouble in proof.troubles]


def listed(database, **asked):
    with database.reading() as session:
        return list(list_series(session, 1405, "07", **asked))


def test_every_number_is_explained(receipts):
    rows = listed(receipts)

    assert failing(receipts) == []
    assert [row.serial for row in rows] == [1, 2, 3, 4, 5]
    void = rows[1]
    assert (void.state, void.cause, void.reason) == ("void", "entry", "دو بار ثبت شد")
    assert void.asked_by
    assert void.voided_by
    with receipts.reading() as session:
        counts = [(each.office_code, each.last, each.standing) for each in series_standing(session)]
    assert counts == [("00", 3, 3), ("07", 5, 4)]


def test_the_list_goes_on_behind_a_number_and_is_narrowed_by_state(receipts):
    assert [row.serial for row in listed(receipts, limit=2)] == [1, 2]
    assert [row.serial for row in listed(receipts, after=2, limit=2)] == [3, 4]
    assert [row.serial for row in listed(receipts, state=ReceiptState.VOID)] == [2]
    assert [row.serial for row in listed(receipts, state=ReceiptState.ISSUED)] == [1, 3, 4, 5]
    assert listed(receipts, state=ReceiptState.REPLACED) == []


# ruff: noqa: S608  put together from constants of this module
# What somebody did behind the triggers; the proof that tells it, beside the chain that always does.
OF_ONE = "WHERE number = '1405/07/00000{}'"
CORRUPTIONS = {
    "a number taken out": ("numbers", "receipt", f"DELETE FROM receipt {OF_ONE.format(4)}"),
    "the last one taken out": ("numbers", "receipt", f"DELETE FROM receipt {OF_ONE.format(5)}"),
    "a number skipped": (
        "numbers",
        "receipt",
        f"UPDATE receipt SET serial = 9 {OF_ONE.format(5)}",
    ),
    "a number rewritten": (
        "numbers",
        "receipt",
        f"UPDATE receipt SET number = '1405/07/000009' {OF_ONE.format(3)}",
    ),
    "the counter turned back": (
        "numbers",
        "receipt",
        "UPDATE receipt_series SET last_serial = last_serial - 1",
    ),
    "the counter turned on": (
        "numbers",
        "receipt",
        "UPDATE receipt_series SET last_serial = last_serial + 1",
    ),
    "a snapshot edited": (
        "facts",
        "receipt",
        f"UPDATE receipt SET facts = replace(facts, '2', '9') {OF_ONE.format(1)}",
    ),
    "a letterhead edited": (
        "facts",
        "receipt_letterhead",
        "UPDATE receipt_letterhead SET facts = facts || ' '",
    ),
    "a snapshot and its hash edited": (
        "chain",
        "receipt",
        f"UPDATE receipt SET facts_hash = '00' || substr(facts_hash, 3) {OF_ONE.format(1)}",
    ),
    "the chain cut": ("chain", "series_chain", "DELETE FROM series_chain WHERE first_serial = 3"),
    "a void taken away": ("states", "receipt_void", "DELETE FROM receipt_void"),
    "a reversal taken away": (
        "states",
        "contribution_reversal",
        "DELETE FROM contribution_reversal",
    ),
}


@pytest.mark.parametrize(("proof", "table", "change"), CORRUPTIONS.values(), ids=CORRUPTIONS.keys())
def test_every_change_behind_the_triggers_is_red(receipts, proof, table, change):
    behind_the_triggers(receipts, table, change)

    assert proof in failing(receipts)


def test_a_hole_is_named_and_stands_red_in_the_list(receipts):
    behind_the_triggers(
        receipts,
        "receipt",
        "DELETE FROM receipt WHERE number IN ('1405/07/000003', '1405/07/000004')",
    )

    assert "1405/07/000003 تا 1405/07/000004: نیست" in troubles(receipts)
    (hole,) = (row for row in listed(receipts) if isinstance(row, Hole))
    assert (hole.first, hole.last) == ("1405/07/000003", "1405/07/000004")


def test_an_edited_snapshot_is_told_beside_its_number(receipts):
    behind_the_triggers(
        receipts,
        "receipt",
        "UPDATE receipt SET facts = facts || ' ' WHERE number = '1405/07/000001'",
    )

    changed = [
        row.number for row in listed(receipts) if isinstance(row, Explained) and row.is_changed
    ]
    assert changed == ["1405/07/000001"]


def test_a_void_for_replacement_without_a_successor_is_red(receipts):
    with receipts.writing() as session:
        asks, decides = (a_staff_member(session, name) for name in ("one", "two"))
        contribution = a_contribution(session)
        issue(session, [contribution.id], NOON)
        void_receipts(
            session,
            single(contribution.id),
            cause=VoidCause.REPLACEMENT,
            reason="نام",
            asked_by_id=asks.id,
            voided_by_id=decides.id,
            now=NOON,
        )

    assert failing(receipts) == ["states"]


def test_another_series_is_not_asked_about(receipts):
    behind_the_triggers(receipts, "receipt", "DELETE FROM receipt WHERE number = '1405/00/000002'")

    assert failing(receipts, Wanted(1405, "07")) == []
    assert failing(receipts, Wanted(office_code="00")) == ["numbers", "chain"]
    assert failing(receipts, Wanted(year=1404)) == []


def test_a_leaf_without_a_word_is_red(receipts):
    with receipts.writing() as session:
        clerk = a_staff_member(session, "has-a-book")
        facts = {"registered_by_id": clerk.id, "now": NOON, "series": "الف"}
        book = register_book(
            session, office_id=office_id(session), first_number=1, last_number=3, **facts
        )
        tell_leaf(
            session, EVERYWHERE, book.id, 3, Fate.LOST, reason="گم", told_by_id=clerk.id, now=NOON
        )

    assert failing(receipts) == ["leaves"]
