"""``ledger check``: green on a world of real flows, and red on every single corruption of it."""

import pytest
from sqlalchemy import text

from donations.pledging import CashItem
from flows.checking import PROOFS, check_ledger, hold_still
from flows.sealing import seal_facts, sealed_tables
from ledger.postings import Cause, balance_rial, move, post
from tests.factories import NOON, a_desk_contribution, a_staff_member
from tests.ledger.corrupting import behind_the_triggers
from tests.ledger.world import a_world
from tests.reconciliation.test_closing import CORRUPTIONS as OF_SIGNED_DAYS


def checked(database):
    with database.reading() as session:
        return check_ledger(session)


def failing(database):
    return [check.name for check in checked(database).checks if not check.ok]


def test_every_proof_holds_on_a_world_of_real_flows(database):
    a_world(database)

    report = checked(database)

    assert {check.name: check.detail for check in report.checks if not check.ok} == {}
    assert report.ok


def test_every_proof_holds_on_an_empty_house(database):
    assert failing(database) == []


# The proof that must fail first, the table, and what somebody did to it.
CORRUPTIONS = {
    "an amount in the books": (
        "postings_balance",
        "entry",
        "UPDATE entry SET amount_rial = amount_rial + 1 WHERE id = (SELECT min(id) FROM entry)",
    ),
    "an amount beyond what SQLite can sum": (
        "postings_balance",
        "entry",
        "UPDATE entry SET amount_rial = 9223372036854775807 WHERE id = (SELECT min(id) FROM entry)",
    ),
    "an entry removed": (
        "postings_balance",
        "entry",
        "DELETE FROM entry WHERE id = (SELECT min(id) FROM entry)",
    ),
    "a posting without entries": (
        "postings_balance",
        "posting",
        "INSERT INTO posting (id, cause, cause_id, booked_on, recorded_at) VALUES"
        " (999, 'refund', 901, '2026-11-22', '2026-11-22 00:00:00')",
    ),
    "the bank's balance": (
        "bank_balance",
        "statement_line",
        "UPDATE statement_line SET balance_rial = balance_rial + 1",
    ),
    "a line's amount": (
        "lines_posted",
        "statement_line",
        "UPDATE statement_line SET amount_rial = 700001 WHERE amount_rial = 700000",
    ),
    "a line's posting taken for another's": (
        "lines_posted",
        "posting",
        "UPDATE posting SET cause_id = 999 WHERE cause = 'statement_line' AND cause_id = 1",
    ),
    "a part of an explained line": (
        "lines_explained",
        "match",
        'UPDATE "match" SET amount_rial = -9999 WHERE amount_rial < 0',
    ),
    "a match removed": ("suspense", "match", 'DELETE FROM "match" WHERE amount_rial < 0'),
    "a contribution's amount": (
        "fund_credits",
        "contribution_line",
        "UPDATE contribution_line SET amount_rial = amount_rial + 1 WHERE amount_rial = 2500000",
    ),
    "a contribution moved to another fund": (
        "fund_credits",
        "contribution_line",
        "UPDATE contribution_line SET fund_id = fund_id + 1 WHERE amount_rial = 2500000",
    ),
    "a reversal removed": (
        "fund_credits",
        "contribution_reversal",
        "DELETE FROM contribution_reversal",
    ),
    "money taken out of a fund": (
        "funds_above_zero",
        "entry",
        "UPDATE entry SET amount_rial = -amount_rial WHERE posting_id ="
        " (SELECT id FROM posting WHERE cause = 'contribution' ORDER BY id LIMIT 1)",
    ),
    "a receipt number skipped": (
        "receipt_numbers",
        "receipt",
        "UPDATE receipt SET serial = serial + 5 WHERE id = (SELECT max(id) FROM receipt)",
    ),
    "a receipt's amount": (
        "receipts",
        "receipt",
        "UPDATE receipt SET amount_rial = amount_rial * 10 WHERE amount_rial = 2500000",
    ),
    "a void receipt made valid": ("receipts", "receipt_void", "DELETE FROM receipt_void"),
    "a replacement that never came": (
        "receipt_states",
        "receipt_void",
        "UPDATE receipt_void SET cause = 'replacement' WHERE cause = 'entry'",
    ),
    "what a receipt says": (
        "receipt_facts",
        "receipt",
        "UPDATE receipt SET facts = facts || ' ' WHERE serial = 1",
    ),
    "when a receipt was issued": (
        "receipt_chain",
        "receipt",
        "UPDATE receipt SET issued_at = '2026-01-01 00:00:00' WHERE serial = 1",
    ),
    "a word on a leaf": (
        "paper_leaves",
        "leaf_fate",
        "DELETE FROM leaf_fate WHERE id = (SELECT min(id) FROM leaf_fate)",
    ),
    "what a need has kept": (
        "needs",
        None,
        "UPDATE need SET reserved_thousandths = reserved_thousandths - 1000",
    ),
    "what came into stock": (
        "stock",
        "stock_movement",
        "UPDATE stock_movement SET after_thousandths = after_thousandths + 1,"
        " change_thousandths = change_thousandths + 1 WHERE number = 1",
    ),
    "an act in the trail": (
        "chain",
        "audit_entry",
        "UPDATE audit_entry SET actor_id = NULL WHERE actor_id IS NOT NULL",
    ),
    "what a terminal owes": (
        "terminals",
        "entry",
        "UPDATE entry SET amount_rial = amount_rial + 1 WHERE account_id ="
        " (SELECT id FROM ledger_account WHERE code = 'gateway:pos-07')",
    ),
    "a settlement of another amount": (
        "terminals",
        None,
        "UPDATE expected_terminal_money SET amount_rial = amount_rial + 1",
    ),
    "cash taken twice": (
        "desks_above_zero",
        "entry",
        "UPDATE entry SET amount_rial = -1 WHERE amount_rial > 0 AND account_id ="
        " (SELECT id FROM ledger_account WHERE code = 'desk:07')",
    ),
    "cash of a drawer taken for something else": (
        "cash",
        "entry",
        "UPDATE entry SET account_id = (SELECT id FROM ledger_account WHERE code = 'surplus')"
        " WHERE account_id = (SELECT id FROM ledger_account WHERE code = 'drawer:08-2')",
    ),
    "a closing that is not there": ("cash", "session_closing", "DELETE FROM session_closing"),
    "cash left in a closed drawer": (
        "drawers",
        "entry",
        "UPDATE entry SET account_id = (SELECT id FROM ledger_account WHERE code ="
        " 'drawer:08-1') WHERE amount_rial = 85000",
    ),
    "a drawer below zero": (
        "drawers",
        "entry",
        "UPDATE entry SET amount_rial = -amount_rial WHERE amount_rial = 60000",
    ),
    "an open drawer forgotten": ("drawers", None, "DELETE FROM open_drawer"),
    "a drawer whose session is not there": (
        "drawers",
        "cashier_session",
        "UPDATE cashier_session SET account = 'drawer:08-9' WHERE number = 2",
    ),
    "a note of a count": (
        "counts",
        "counted_note",
        "UPDATE counted_note SET quantity = quantity + 1",
    ),
    "the amount of a box": (
        "counts",
        "box_amount",
        "UPDATE box_amount SET amount_rial = amount_rial + 1",
    ),
    "a round that became nothing": (
        "counts",
        "round_contribution",
        "DELETE FROM round_contribution",
    ),
    "a count of a round that was cancelled": (
        "counts",
        "cash_count",
        "INSERT INTO cash_count (round_id, expected_rial, counted_rial, difference_rial, reason,"
        " counted_by_id, counted_at) SELECT round_id, 0, 0, 0, '', closed_by_id, closed_at"
        " FROM round_closing WHERE count_id IS NULL",
    ),
    "a slip that is not there": (
        "slips",
        "deposit_slip",
        "UPDATE deposit_slip SET number = 9 WHERE number = 2",
    ),
    "a slip of less than its round": (
        "slips",
        "deposit_slip",
        "UPDATE deposit_slip SET amount_rial = amount_rial - 1 WHERE number = 2",
    ),
    "a slip of more than its round": (
        "slips",
        "deposit_slip",
        "UPDATE deposit_slip SET amount_rial = amount_rial + 1 WHERE number = 2",
    ),
    "a slip voided that is at the bank": (
        "slips",
        "slip_void",
        "INSERT INTO slip_void (slip_id, made_by_id, reason, voided_by_id, voided_at)"
        " SELECT target_id, 1, 'x', 2, made_at FROM match WHERE target = 'deposit_slip'",
    ),
    "a void slip awaited": (
        "work_tables",
        None,
        "INSERT INTO expected_deposit (deposit_id, amount_rial, expects, target_id)"
        " SELECT deposit_id, amount_rial, 'deposit_slip', deposit_slip.id FROM deposit_slip"
        " JOIN slip_void ON slip_void.slip_id = deposit_slip.id",
    ),
    **{
        f"a row of {table}": ("chain", table, f"UPDATE {table} SET {change}")  # noqa: S608
        for table, change in {
            "denomination": "is_coin = NOT is_coin WHERE value_rial > 5000",
            "denomination_change": "is_counted = NOT is_counted",
            "count_decision": "decided_at = '2026-01-01 00:00:00'",
            "session_closing": "closed_at = '2026-01-01 00:00:00'",
            "round_collector": "name = name || 'x'",
            "round_remark": "remark = 'x' WHERE place = 2",
            "round_closing": "closed_at = '2026-01-01 00:00:00'",
            "slip_void": "reason = 'x'",
        }.items()
    },
    "a cheque made cash": (
        "cheques",
        "contribution",
        "UPDATE contribution SET tender = 'cash' WHERE tender = 'cheque'",
    ),
    "surplus made a gift": ("surplus", None, "UPDATE payment SET is_surplus = false"),
    "a payment made undone": (
        "payments_recorded",
        None,
        "UPDATE payment SET final_at = NULL WHERE is_surplus = false",
    ),
    "a payment's amount": (
        "payments_recorded",
        None,
        "UPDATE payment SET amount_rial = 1 WHERE is_surplus = false",
    ),
    "a decision to send money back made by nobody": (
        "refund_requests",
        "refund_decision",
        "DELETE FROM refund_decision",
    ),
    "a request decided otherwise": (
        "refund_requests",
        "refund_decision",
        "UPDATE refund_decision SET decision = 'declined'",
    ),
    "an open request forgotten": ("refund_requests", None, "DELETE FROM open_refund"),
    "a request approved by nobody": (
        "refund_requests",
        None,
        "UPDATE open_refund SET state_before = 'settled'",
    ),
    "a refund with the number of an order": (
        "refund_requests",
        None,
        "UPDATE payment SET order_number = (SELECT min(number) FROM refund_request) WHERE id = 1",
    ),
    "a refunded payment made paid": (
        "sent_back",
        None,
        "UPDATE payment SET state = 'settled' WHERE state = 'refunded'",
    ),
    "a payment made refunded": (
        "sent_back",
        None,
        "UPDATE payment SET state = 'refunded' WHERE id = 1",
    ),
    "a payment made under way": (
        "sent_back",
        None,
        "UPDATE payment SET state = 'refund_unknown' WHERE id = 1",
    ),
    "a payment taken back made paid": (
        "sent_back",
        None,
        "UPDATE payment SET state = 'settled' WHERE state = 'reversed'",
    ),
    "the end of a refund removed": ("sent_back", "refund_end", "DELETE FROM refund_end"),
    "the posting of a refund taken for another's": (
        "sent_back",
        "posting",
        "UPDATE posting SET cause_id = 999 WHERE cause = 'refund'",
    ),
    "another amount sent back": (
        "refunds",
        "refund_request",
        "UPDATE refund_request SET amount_rial = amount_rial + 1",
    ),
    "a refund booked elsewhere": (
        "refunds",
        "entry",
        "UPDATE entry SET account_id = (SELECT id FROM ledger_account WHERE code = 'surplus')"
        " WHERE account_id = (SELECT id FROM ledger_account WHERE code = 'refunds')",
    ),
    "a refund's debit forgotten": ("work_tables", None, "DELETE FROM expected_refund"),
    "a refund's debit awaited in vain": (
        "work_tables",
        None,
        "INSERT INTO expected_refund (request_id, terminal_id, bank_account_id, amount_rial)"
        " VALUES (999, 1, 1, 5)",
    ),
    "the counter of a series": (
        "receipt_numbers",
        None,
        "UPDATE receipt_series SET last_serial = last_serial + 1",
    ),
    "an open line forgotten": ("work_tables", None, "DELETE FROM open_line"),
    "an open line's key forgotten": ("work_tables", None, "DELETE FROM open_deposit_line"),
    "a closed line opened": (
        "work_tables",
        None,
        "INSERT INTO open_fee_line (line_id, bank_account_id, amount_rial) VALUES (2, 1, -10000)",
    ),
    "a settlement forgotten": ("work_tables", None, "DELETE FROM expected_terminal_money"),
    "a settlement awaited in vain": (
        "work_tables",
        None,
        "UPDATE expected_terminal_money SET source_id = 999 WHERE source_id = 1",
    ),
    "a deposit forgotten": ("work_tables", None, "DELETE FROM expected_deposit"),
    "a deposit of another amount": (
        "work_tables",
        None,
        "UPDATE expected_deposit SET amount_rial = amount_rial + 1",
    ),
}


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_is_found(database, name):
    proof, table, statement = CORRUPTIONS[name]
    a_world(database)

    if table is None:
        with database.writing() as session:
            session.execute(text(statement))
    else:
        behind_the_triggers(database, table, statement)

    found = failing(database)
    assert proof in found
    # What is sealed cannot be changed without breaking the chain as well.
    sealed = {sealed.name for sealed in sealed_tables()}
    assert ("chain" in found) == (table in sealed and "INSERT" not in statement)


def test_every_proof_is_shown_to_fail():
    here = {proof for proof, _table, _statement in CORRUPTIONS.values()}
    of_signed_days = {name.split()[0] for name in OF_SIGNED_DAYS}

    assert here | of_signed_days == set(PROOFS)


def test_all_proofs_are_of_one_moment(database):
    a_world(database)
    with database.reading() as session:
        hold_still(session)
        before = balance_rial(session, "surplus")
        with database.writing() as other:
            legs = move("desk:07", "surplus", 5)
            post(other, Cause.REFUND, 901, legs, booked_on=NOON.date(), now=NOON)

        assert check_ledger(session).ok
        assert balance_rial(session, "surplus") == before


def test_the_check_tells_how_much_is_not_sealed_yet(database):
    with database.writing() as session:
        a_desk_contribution(session, CashItem(1_000_000), staff_id=a_staff_member(session).id)
    with database.reading() as session:
        (young,) = [check for check in check_ledger(session).checks if check.name == "chain"]

    seal_facts(database, now=NOON)

    with database.reading() as session:
        (sealed,) = [check for check in check_ledger(session).checks if check.name == "chain"]
    assert young.ok
    assert "مهر نشده" in (young.detail or "")
    assert (sealed.ok, sealed.detail) == (True, None)
