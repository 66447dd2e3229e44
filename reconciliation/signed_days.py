"""Guards of signed days in the database itself: what would change one is refused, however it comes.

A day rests on the account's lines, on what its ``bank:`` and ``suspense:`` accounts hold, and on
what explained its lines. So a line is not added to it, an import that brought one is not taken
back, nothing is posted with its date, and what explains its lines is taken back only where a
second person approved. Entries of other accounts stay free: a gift is never refused because
somebody signed a day. All of it asks the head row of the account, which therefore stays with the
latest signature that stands.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import DDL, event

from core.database import Base
from ledger.postings import Entry
from reconciliation.lines import StatementImportUndo, StatementLine
from reconciliation.locks import AccountLock
from reconciliation.matches import MatchUndo


class Guard(NamedTuple):
    """Which rows must not be added to a table: those, as ``added``, that join these tables."""

    model: type[Base]
    tables: str
    condition: str
    # Where the join is dear: what has to be so first, which PostgreSQL sees sooner.
    first: str = "true"

    @property
    def table(self) -> str:
        return str(self.model.__tablename__)

    @property
    def name(self) -> str:
        """Of the trigger, and of its function."""
        return f"{self.table}_of_signed_day"


_SIGNED = "account_lock.bank_account_id = {}.bank_account_id AND account_lock.closed_through >= {}"

GUARDS = (
    Guard(StatementLine, "account_lock", _SIGNED.format("added", "added.booked_on")),
    Guard(
        StatementImportUndo,
        "account_lock, statement_line",
        "statement_line.statement_file_id = added.statement_file_id AND "
        + _SIGNED.format("statement_line", "statement_line.booked_on"),
    ),
    Guard(
        Entry,
        "account_lock, ledger_account, posting",
        "ledger_account.id = added.account_id AND posting.id = added.posting_id AND "
        + _SIGNED.format("ledger_account", "posting.booked_on"),
        first="EXISTS (SELECT 1 FROM posting WHERE id BETWEEN (SELECT min(posting_id) FROM added)"
        " AND (SELECT max(posting_id) FROM added)"
        " AND booked_on <= (SELECT max(closed_through) FROM account_lock))",
    ),
    Guard(
        MatchUndo,
        'account_lock, statement_line, "match"',
        '"match".id = added.match_id AND statement_line.id = "match".line_id AND '  # noqa: S608
        + _SIGNED.format("statement_line", "statement_line.booked_on")
        + " AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision"
        " WHERE day_change_decision.request_id = day_change_request.id"
        " AND day_change_decision.decision = 'approved'"
        " AND day_change_decision.decided_at = added.undone_at"  # made with the decision
        " AND day_change_request.change = 'undo_line'"
        ' AND (day_change_request.line_id = "match".line_id'
        " OR (\"match\".target IN ('transfer', 'reversal')"
        ' AND day_change_request.line_id = "match".target_id)))',
    ),
)


_HEAD = "account_lock_behind_signature"
_BEHIND = (
    "EXISTS (SELECT 1 FROM day_signature, day_sheet WHERE day_sheet.id = day_signature.day_sheet_id"
    " AND {which}"
    " AND NOT EXISTS (SELECT 1 FROM day_change_request, day_change_decision"
    " WHERE day_change_decision.request_id = day_change_request.id"
    " AND day_change_decision.decision = 'approved'"
    " AND day_change_request.change = 'reopen'"
    " AND day_change_request.day_sheet_id = day_sheet.id))"
)
# Which signatures, while they stand, forbid each change of the head rows.
_OF_ACCOUNT = "day_sheet.bank_account_id = OLD.bank_account_id"
_WHICH = {
    "update": f"{_OF_ACCOUNT} AND (day_sheet.day > NEW.closed_through"
    " OR NEW.bank_account_id <> OLD.bank_account_id)",
    "delete": _OF_ACCOUNT,
    "truncate": "true",
}


def head_ddl(dialect: str) -> list[str]:
    """The statements that keep the head row of an account from falling behind its signatures."""
    refusal = "the day is signed: account_lock"
    if dialect == "sqlite":  # it has no TRUNCATE
        return [
            f"CREATE TRIGGER {_HEAD}_{verb} BEFORE {verb.upper()} ON account_lock "
            f"WHEN {_BEHIND.format(which=_WHICH[verb])} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
            for verb in ("update", "delete")
        ]
    return [
        statement
        for verb, which in _WHICH.items()
        for statement in (
            f"CREATE OR REPLACE FUNCTION {_HEAD}_{verb}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {_BEHIND.format(which=which)} "
            f"THEN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; "
            "END IF; RETURN NULL; END $$",
            f"CREATE TRIGGER {_HEAD}_{verb} AFTER {verb.upper()} ON account_lock "
            f"FOR EACH {'STATEMENT' if verb == 'truncate' else 'ROW'} "
            f"EXECUTE FUNCTION {_HEAD}_{verb}()",
        )
    ]


def guard_ddl(guard: Guard, dialect: str) -> list[str]:
    """The statements that put a guard up, for the models and the migrations alike.

    PostgreSQL looks once at all rows of a statement, and after the foreign keys: they wait for
    whoever holds the account, so that a day which is being signed is seen as signed.
    """
    name, refusal = guard.name, f"the day is signed: {guard.table}"
    if dialect == "sqlite":
        condition = guard.condition.replace("added.", "NEW.")
        return [
            f"CREATE TRIGGER {name} BEFORE INSERT ON {guard.table} "  # noqa: S608  names of ours
            f"WHEN EXISTS (SELECT 1 FROM {guard.tables} WHERE {condition}) "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        ]
    return [
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "  # noqa: S608
        f"BEGIN IF {guard.first} THEN "
        f"IF EXISTS (SELECT 1 FROM added, {guard.tables} WHERE {guard.condition}) "
        f"THEN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END IF; END IF; RETURN NULL; END $$",
        f"CREATE TRIGGER {name} AFTER INSERT ON {guard.table} "
        f"REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
    ]


def _listen(model: type[Base], dialect: str, statements: Sequence[str]) -> None:
    for statement in statements:
        ddl = DDL(statement.replace("%", "%%")).execute_if(dialect=dialect)
        event.listen(model.__table__, "after_create", ddl)


for _dialect in ("sqlite", "postgresql"):
    for _guard in GUARDS:
        _listen(_guard.model, _dialect, guard_ddl(_guard, _dialect))
    _listen(AccountLock, _dialect, head_ddl(_dialect))
