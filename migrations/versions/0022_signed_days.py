"""Guards of signed days, and in which order the days of a mapped table are written."""

from alembic import op

revision = "0022"
down_revision = "0021"


DAY_COLUMNS = (
    "day_order VARCHAR(30) DEFAULT 'year_first' NOT NULL CONSTRAINT ck_column_mapping_dayorder"
    " CHECK (day_order IN ('year_first', 'day_first', 'month_first'))",
    "calendar VARCHAR(30) CONSTRAINT ck_column_mapping_daycalendar"
    " CHECK (calendar IN ('jalali', 'gregorian'))",
)

# As they were when this was written: a later change of the guards is a migration of its own.
SIGNED_DAYS = {
    "sqlite": (
        """
CREATE TRIGGER statement_line_of_signed_day BEFORE INSERT ON statement_line
    WHEN EXISTS (SELECT 1 FROM account_lock
        WHERE account_lock.bank_account_id = NEW.bank_account_id
        AND account_lock.closed_through >= NEW.booked_on)
    BEGIN SELECT RAISE(ABORT, 'the day is signed: statement_line'); END
""",
        """
CREATE TRIGGER statement_import_undo_of_signed_day BEFORE INSERT ON statement_import_undo
    WHEN EXISTS (SELECT 1 FROM account_lock, statement_line
        WHERE statement_line.statement_file_id = NEW.statement_file_id
        AND account_lock.bank_account_id = statement_line.bank_account_id
        AND account_lock.closed_through >= statement_line.booked_on)
    BEGIN SELECT RAISE(ABORT, 'the day is signed: statement_import_undo'); END
""",
        """
CREATE TRIGGER entry_of_signed_day BEFORE INSERT ON entry
    WHEN EXISTS (SELECT 1 FROM account_lock, ledger_account, posting
        WHERE ledger_account.id = NEW.account_id
        AND posting.id = NEW.posting_id
        AND account_lock.bank_account_id = ledger_account.bank_account_id
        AND account_lock.closed_through >= posting.booked_on)
    BEGIN SELECT RAISE(ABORT, 'the day is signed: entry'); END
""",
        """
CREATE TRIGGER match_undo_of_signed_day BEFORE INSERT ON match_undo
    WHEN EXISTS (SELECT 1 FROM account_lock, statement_line, "match"
        WHERE "match".id = NEW.match_id
        AND statement_line.id = "match".line_id
        AND account_lock.bank_account_id = statement_line.bank_account_id
        AND account_lock.closed_through >= statement_line.booked_on
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_decision.decided_at = NEW.undone_at
            AND day_change_request.change = 'undo_line'
            AND (day_change_request.line_id = "match".line_id
                OR ("match".target IN ('transfer', 'reversal')
                    AND day_change_request.line_id = "match".target_id))))
    BEGIN SELECT RAISE(ABORT, 'the day is signed: match_undo'); END
""",
        """
CREATE TRIGGER account_lock_behind_signature_update BEFORE UPDATE ON account_lock
    WHEN EXISTS (SELECT 1 FROM day_signature, day_sheet
        WHERE day_sheet.id = day_signature.day_sheet_id
        AND day_sheet.bank_account_id = OLD.bank_account_id
        AND (day_sheet.day > NEW.closed_through OR NEW.bank_account_id <> OLD.bank_account_id)
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_request.change = 'reopen'
            AND day_change_request.day_sheet_id = day_sheet.id))
    BEGIN SELECT RAISE(ABORT, 'the day is signed: account_lock'); END
""",
        """
CREATE TRIGGER account_lock_behind_signature_delete BEFORE DELETE ON account_lock
    WHEN EXISTS (SELECT 1 FROM day_signature, day_sheet
        WHERE day_sheet.id = day_signature.day_sheet_id
        AND day_sheet.bank_account_id = OLD.bank_account_id
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_request.change = 'reopen'
            AND day_change_request.day_sheet_id = day_sheet.id))
    BEGIN SELECT RAISE(ABORT, 'the day is signed: account_lock'); END
""",
    ),
    "postgresql": (
        """
CREATE OR REPLACE FUNCTION statement_line_of_signed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF true THEN
    IF EXISTS (SELECT 1 FROM added, account_lock
        WHERE account_lock.bank_account_id = added.bank_account_id
        AND account_lock.closed_through >= added.booked_on)
    THEN RAISE EXCEPTION 'the day is signed: statement_line'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER statement_line_of_signed_day AFTER INSERT ON statement_line
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION statement_line_of_signed_day()
""",
        """
CREATE OR REPLACE FUNCTION statement_import_undo_of_signed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF true THEN
    IF EXISTS (SELECT 1 FROM added, account_lock, statement_line
        WHERE statement_line.statement_file_id = added.statement_file_id
        AND account_lock.bank_account_id = statement_line.bank_account_id
        AND account_lock.closed_through >= statement_line.booked_on)
    THEN RAISE EXCEPTION 'the day is signed: statement_import_undo'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER statement_import_undo_of_signed_day AFTER INSERT ON statement_import_undo
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION statement_import_undo_of_signed_day()
""",
        """
CREATE OR REPLACE FUNCTION entry_of_signed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF EXISTS (SELECT 1 FROM posting
        WHERE id BETWEEN (SELECT min(posting_id) FROM added) AND (SELECT max(posting_id) FROM added)
        AND booked_on <= (SELECT max(closed_through) FROM account_lock)) THEN
    IF EXISTS (SELECT 1 FROM added, account_lock, ledger_account, posting
        WHERE ledger_account.id = added.account_id
        AND posting.id = added.posting_id
        AND account_lock.bank_account_id = ledger_account.bank_account_id
        AND account_lock.closed_through >= posting.booked_on)
    THEN RAISE EXCEPTION 'the day is signed: entry'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER entry_of_signed_day AFTER INSERT ON entry
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION entry_of_signed_day()
""",
        """
CREATE OR REPLACE FUNCTION match_undo_of_signed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF true THEN
    IF EXISTS (SELECT 1 FROM added, account_lock, statement_line, "match"
        WHERE "match".id = added.match_id
        AND statement_line.id = "match".line_id
        AND account_lock.bank_account_id = statement_line.bank_account_id
        AND account_lock.closed_through >= statement_line.booked_on
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_decision.decided_at = added.undone_at
            AND day_change_request.change = 'undo_line'
            AND (day_change_request.line_id = "match".line_id
                OR ("match".target IN ('transfer', 'reversal')
                    AND day_change_request.line_id = "match".target_id))))
    THEN RAISE EXCEPTION 'the day is signed: match_undo'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER match_undo_of_signed_day AFTER INSERT ON match_undo
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION match_undo_of_signed_day()
""",
        """
CREATE OR REPLACE FUNCTION account_lock_behind_signature_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF EXISTS (SELECT 1 FROM day_signature, day_sheet
        WHERE day_sheet.id = day_signature.day_sheet_id
        AND day_sheet.bank_account_id = OLD.bank_account_id
        AND (day_sheet.day > NEW.closed_through OR NEW.bank_account_id <> OLD.bank_account_id)
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_request.change = 'reopen'
            AND day_change_request.day_sheet_id = day_sheet.id))
    THEN RAISE EXCEPTION 'the day is signed: account_lock'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER account_lock_behind_signature_update AFTER UPDATE ON account_lock
    FOR EACH ROW EXECUTE FUNCTION account_lock_behind_signature_update()
""",
        """
CREATE OR REPLACE FUNCTION account_lock_behind_signature_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF EXISTS (SELECT 1 FROM day_signature, day_sheet
        WHERE day_sheet.id = day_signature.day_sheet_id
        AND day_sheet.bank_account_id = OLD.bank_account_id
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_request.change = 'reopen'
            AND day_change_request.day_sheet_id = day_sheet.id))
    THEN RAISE EXCEPTION 'the day is signed: account_lock'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER account_lock_behind_signature_delete AFTER DELETE ON account_lock
    FOR EACH ROW EXECUTE FUNCTION account_lock_behind_signature_delete()
""",
        """
CREATE OR REPLACE FUNCTION account_lock_behind_signature_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF EXISTS (SELECT 1 FROM day_signature, day_sheet
        WHERE day_sheet.id = day_signature.day_sheet_id
        AND true
        AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision
            WHERE day_change_decision.request_id = day_change_request.id
            AND day_change_decision.decision = 'approved'
            AND day_change_request.change = 'reopen'
            AND day_change_request.day_sheet_id = day_sheet.id))
    THEN RAISE EXCEPTION 'the day is signed: account_lock'
    USING ERRCODE = 'integrity_constraint_violation';
    END IF; RETURN NULL; END $$
""",
        """
CREATE TRIGGER account_lock_behind_signature_truncate AFTER TRUNCATE ON account_lock
    FOR EACH STATEMENT EXECUTE FUNCTION account_lock_behind_signature_truncate()
""",
    ),
}
SIGNED_DAYS_GONE = {
    "sqlite": (
        "DROP TRIGGER statement_line_of_signed_day",
        "DROP TRIGGER statement_import_undo_of_signed_day",
        "DROP TRIGGER entry_of_signed_day",
        "DROP TRIGGER match_undo_of_signed_day",
        "DROP TRIGGER account_lock_behind_signature_update",
        "DROP TRIGGER account_lock_behind_signature_delete",
    ),
    "postgresql": (
        "DROP TRIGGER statement_line_of_signed_day ON statement_line",
        "DROP FUNCTION statement_line_of_signed_day()",
        "DROP TRIGGER statement_import_undo_of_signed_day ON statement_import_undo",
        "DROP FUNCTION statement_import_undo_of_signed_day()",
        "DROP TRIGGER entry_of_signed_day ON entry",
        "DROP FUNCTION entry_of_signed_day()",
        "DROP TRIGGER match_undo_of_signed_day ON match_undo",
        "DROP FUNCTION match_undo_of_signed_day()",
        "DROP TRIGGER account_lock_behind_signature_update ON account_lock",
        "DROP FUNCTION account_lock_behind_signature_update()",
        "DROP TRIGGER account_lock_behind_signature_delete ON account_lock",
        "DROP FUNCTION account_lock_behind_signature_delete()",
        "DROP TRIGGER account_lock_behind_signature_truncate ON account_lock",
        "DROP FUNCTION account_lock_behind_signature_truncate()",
    ),
}


def upgrade() -> None:
    for column in DAY_COLUMNS:
        op.execute(f"ALTER TABLE column_mapping ADD COLUMN {column}")
    for statement in SIGNED_DAYS[op.get_bind().dialect.name]:
        op.execute(statement.strip())


def downgrade() -> None:
    for statement in SIGNED_DAYS_GONE[op.get_bind().dialect.name]:
        op.execute(statement)
    for column in ("calendar", "day_order"):
        op.drop_column("column_mapping", column)
