"""A long history of paid gifts, written set-wise: what a busy organisation has after some years.

SQLite only. The keys are scattered over their range as real ones are, so that the indexes are no
better packed than in life; the rows carry what the pages and the checks read.
"""

import sqlite3

from sqlalchemy.engine import make_url

OLD_PAYMENTS = 1_000_000

# 2654435761 is odd, so i -> i * 2654435761 mod 2^32 gives every key once, in no order.
_NUMBERED = """
CREATE TEMP TABLE old AS
WITH RECURSIVE series(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM series WHERE i < :count)
SELECT i, (i * 2654435761) & 4294967295 AS scattered,
    strftime('%Y-%m-%d', '2023-01-01', '+' || (i % 900) || ' days') AS day,
    strftime('%Y-%m-%d 10:00:00.000000', '2023-01-01', '+' || (i % 900) || ' days') AS moment
FROM series
"""
_OURS = (
    """
    INSERT INTO pledge (id, tracking_code, deposit_id, hidden_from, office_id, channel, language,
        request_key, view_key, made_at)
    SELECT i, printf('%013d', scattered), printf('%013d', scattered), 'public',
        (SELECT id FROM office WHERE code = '00'), 'website', 'fa',
        printf('give:old-%040d', scattered), printf('%032x', scattered), moment FROM old
    """,
    """
    INSERT INTO pledge_item (id, pledge_id, position, kind, fund_id, state, amount_rial)
    SELECT i, i, 1, 'cash', (SELECT id FROM fund WHERE code = '19041062101'), 'received', 2500000
    FROM old
    """,
    """
    INSERT INTO payment (id, pledge_id, gateway, order_number, amount_rial, state, is_surplus,
        return_key, token, bank_reference, created_at, changed_at, final_at, check_after, checks)
    SELECT i, i, 'mellat-main', 100000000000 + scattered, 2500000, 'settled', 0,
        printf('%032x', scattered), printf('old-%046d', scattered), printf('%018d', scattered),
        moment, moment, moment, moment, 1 FROM old
    """,
    """
    INSERT INTO payment_step (payment_id, at, step, state)
    SELECT i, moment, 'settle', 'settled' FROM old
    """,
    """
    INSERT INTO contribution (id, pledge_id, office_id, origin, cause_id, tender, received_on,
        recorded_at)
    SELECT i, i, (SELECT id FROM office WHERE code = '00'), 'gateway', i, 'online', day, moment
    FROM old
    """,
    """
    INSERT INTO contribution_line (contribution_id, pledge_item_id, kind, fund_id, amount_rial)
    SELECT i, i, 'cash', (SELECT id FROM fund WHERE code = '19041062101'), 2500000 FROM old
    """,
    """
    INSERT OR IGNORE INTO ledger_account (code, kind)
    VALUES ('gateway:mellat-main', 'gateway'), ('fund:19041062101', 'fund')
    """,
    """
    INSERT INTO posting (id, cause, cause_id, booked_on, recorded_at)
    SELECT i, 'contribution', i, day, moment FROM old
    """,
    """
    INSERT INTO entry (posting_id, account_id, amount_rial)
    SELECT i, account.id, CASE account.kind WHEN 'fund' THEN -2500000 ELSE 2500000 END
    FROM old CROSS JOIN ledger_account AS account
    WHERE account.code IN ('gateway:mellat-main', 'fund:19041062101')
    """,
    """
    INSERT INTO receipt_series (id, year, office_id, unit, last_serial)
    SELECT 1, 1402, id, 'IRR', :count FROM office WHERE code = '00'
    """,
    """
    INSERT INTO receipt (id, series_id, serial, number, contribution_id, kind, amount_rial,
        issued_on, issued_at, facts, facts_hash, verify_key)
    SELECT i, 1, i, printf('1402/00/%07d', i), i, 'cash', 2500000, day, moment,
        printf('{"old":"%0900d"}', i), printf('%064x', scattered), printf('%016x', scattered)
    FROM old
    """,
    """
    INSERT INTO audit_entry (at, action, subject, subject_id, facts)
    SELECT moment, 'pledge.make', 'pledge', i, '{"cash_rial":2500000,"items":1}' FROM old
    """,
    """
    INSERT INTO job (kind, subject, state, run_after, attempts, created_at, finished_at)
    SELECT kinds.kind, i, 'done', moment, 1, moment, moment FROM old CROSS JOIN
        (SELECT 'tell_contribution_received' AS kind UNION ALL SELECT 'draw_receipt') AS kinds
    """,
)
_PEER = (
    """
    INSERT INTO azbankgateways_bank (status, bank_type, tracking_code, amount, reference_number,
        response_result, callback_url, extra_information, bank_choose_identifier, created_at,
        update_at)
    SELECT 'COMPLETE', 'MELLAT', printf('%016d', scattered), '2500000',
        printf('old-%046d', scattered), '', '/result/', '{}', '1', moment, moment FROM old
    """,
)


def old_gifts_of_ours(url: str, *, count: int) -> None:
    """Fill our tables with paid gifts of past years, each with all that it left behind."""
    _fill(url, _OURS, count)


def old_gifts_of_the_peer(url: str, *, count: int) -> None:
    """Fill the peer's one table with completed payments."""
    _fill(url, _PEER, count)


def _fill(url: str, statements: tuple[str, ...], count: int) -> None:
    connection = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    for pragma in ("synchronous = OFF", "cache_size = -1000000", "temp_store = MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN IMMEDIATE")
    for statement in (_NUMBERED, *statements):
        connection.execute(statement, {"count": count})
    connection.execute("COMMIT")
    connection.close()
