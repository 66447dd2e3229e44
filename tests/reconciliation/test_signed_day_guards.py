"""The database itself refuses what would change a signed day: raw SQL, past all code."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from core.clock import tehran_date
from donations.models.desk import Decision
from flows.reconciling import run
from tests.factories import NOON
from tests.reconciliation.bank import DAY
from tests.reconciliation.closings import LATER, YESTERDAY, Closer, import_rows, two_days

MATCHED_RIAL = 2_500_000

LINE = """
    INSERT INTO statement_line (statement_file_id, bank_account_id, generation, position,
        row_number, fingerprint, occurrence, booked_on, amount_rial, balance_rial, line_class, raw)
    SELECT statement_file_id, bank_account_id, generation, position + 1000, row_number,
        fingerprint, occurrence + 1000, :day, amount_rial, balance_rial, line_class, raw
    FROM statement_line WHERE id = :line
"""
IMPORT_UNDO = """
    INSERT INTO statement_import_undo (statement_file_id, reason, undone_at)
    SELECT statement_file_id, 'r', :now FROM statement_line WHERE id = :line
"""
MATCH_UNDO = """
    INSERT INTO match_undo (match_id, reason, undone_at)
    SELECT max(id), 'r', :now FROM "match" WHERE line_id = :line
"""
POSTING = """
    INSERT INTO posting (cause, cause_id, booked_on, recorded_at)
    VALUES ('withdrawal', 987, :day, :now)
"""
ENTRY = """
    INSERT INTO entry (posting_id, account_id, amount_rial)
    SELECT posting.id, ledger_account.id, 5 FROM posting, ledger_account
    WHERE posting.cause_id = 987 AND ledger_account.code = :account
"""
ANOTHER_ACCOUNT = """
    INSERT INTO bank_account (number, bank_fa, bank_en, branch_fa, branch_en, holder_fa, holder_en,
        unit, deposit_id_layout, deposit_id_check, valid_from, is_central)
    SELECT '77', bank_fa, bank_en, branch_fa, branch_en, holder_fa, holder_en, unit,
        deposit_id_layout, deposit_id_check, valid_from, false
    FROM bank_account WHERE number = '90190'
"""


@pytest.fixture
def closer(database):
    import_rows(database, two_days(database))
    run(database, now=NOON)
    closer = Closer(database)
    closer.sheet_id = closer.close()
    return closer


def past_all_code(database, *statements, **values):
    with database.writing() as session:
        for statement in statements:
            named = {name: value for name, value in values.items() if f":{name}" in statement}
            session.execute(text(statement), named)


def refused(database, *statements, **values):
    with pytest.raises(IntegrityError, match="the day is signed"):
        past_all_code(database, *statements, **values)


def test_no_line_is_added_to_a_signed_day(database, closer):
    line = closer.line(MATCHED_RIAL)

    for day in (YESTERDAY, YESTERDAY - timedelta(days=30)):  # what came before is signed with it
        refused(database, LINE, line=line, day=day.isoformat())
    past_all_code(database, LINE, line=line, day=DAY.isoformat())


def test_lines_of_another_account_are_free(database, closer):
    past_all_code(database, ANOTHER_ACCOUNT)
    other = LINE.replace(
        "SELECT statement_file_id, bank_account_id",
        "SELECT statement_file_id, (SELECT id FROM bank_account WHERE number = '77')",
    )

    past_all_code(database, other, line=closer.line(MATCHED_RIAL), day=YESTERDAY.isoformat())


def test_a_reopened_day_takes_lines_again(database, closer):
    closer.reopen(closer.sheet_id)

    past_all_code(database, LINE, line=closer.line(MATCHED_RIAL), day=YESTERDAY.isoformat())


def test_an_import_that_brought_a_signed_line_is_not_taken_back(database, closer):
    values = {"line": closer.line(MATCHED_RIAL), "now": LATER.replace(tzinfo=None)}

    refused(database, IMPORT_UNDO, **values)

    closer.reopen(closer.sheet_id)
    past_all_code(database, IMPORT_UNDO, **values)


@pytest.mark.parametrize("account", ["bank:90190", "suspense:90190"])
@pytest.mark.usefixtures("closer")
def test_nothing_is_posted_to_the_account_with_the_date_of_a_signed_day(database, account):
    values = {"account": account, "now": LATER.replace(tzinfo=None)}

    refused(database, POSTING, ENTRY, day=YESTERDAY.isoformat(), **values)
    past_all_code(database, POSTING, ENTRY, day=tehran_date(LATER).isoformat(), **values)


@pytest.mark.usefixtures("closer")
def test_a_gift_is_posted_whatever_day_is_signed(database):
    values = {"day": YESTERDAY.isoformat(), "now": LATER.replace(tzinfo=None)}

    past_all_code(database, POSTING, ENTRY, account="gateway:mellat-main", **values)


def test_what_explains_a_signed_line_is_taken_back_by_two_persons_alone(database, closer):
    line = closer.line(MATCHED_RIAL)
    values = {"line": line, "now": LATER.replace(tzinfo=None)}
    refused(database, MATCH_UNDO, **values)

    request = closer.ask_to_undo(line)
    refused(database, MATCH_UNDO, **values)
    closer.decide(request, Decision.DECLINED)
    refused(database, MATCH_UNDO, **values)

    closer.decide(closer.ask_to_undo(line))
    with database.reading() as session:
        assert session.scalar(text("SELECT count(*) FROM match_undo")) == 1


def test_a_decision_takes_back_what_stood_then_and_nothing_later(database, closer):
    line, later = closer.line(MATCHED_RIAL), LATER + timedelta(hours=1)
    closer.decide(closer.ask_to_undo(line))
    explained_again = """
        INSERT INTO "match" (line_id, rule, target, target_id, amount_rial, made_at)
        SELECT line_id, rule, target, target_id, amount_rial, :now FROM "match"
        WHERE line_id = :line
    """
    now = later.replace(tzinfo=None)
    past_all_code(database, explained_again, line=line, now=now)

    refused(database, MATCH_UNDO, line=line, now=now)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM account_lock",
        "TRUNCATE account_lock",
        "UPDATE account_lock SET closed_through = '2026-01-01'",
        "UPDATE account_lock SET bank_account_id ="
        " (SELECT id FROM bank_account WHERE number = '77')",
    ],
)
def test_the_head_row_stays_with_the_signature(database, closer, statement):
    if database.is_sqlite and "TRUNCATE" in statement:
        return  # it knows no such statement
    past_all_code(database, ANOTHER_ACCOUNT)
    refused(database, statement)

    closer.reopen(closer.sheet_id)  # by two persons it is taken away
    past_all_code(database, statement)
