"""How SQLite finds a few lines of an account: by their day or id, never through its history."""

from types import SimpleNamespace

import pytest
from sqlalchemy import event, select

from ledger.accounts import BankAccount
from reconciliation.day_facts import _balance_rial, broken_links, open_at_end
from reconciliation.days import _balance_before, _known_of
from reconciliation.leftovers import sure_reversals
from reconciliation.lines import StatementLine, opposite_lines
from reconciliation.quarantine import open_quarantine
from reconciliation.splicing import _beginnings, end_of, quarantined_positions
from tests.reconciliation.bank import DAY, Booking

BY_DAY = "statement_line USING INDEX ix_statement_line_day (bank_account_id=? AND booked_on"
BY_ID = "statement_line USING INTEGER PRIMARY KEY (rowid=?)"
FROM_THE_END = "sqlite_autoindex_statement_line"  # in the order of positions, until one is found
TEXT_OF_DAY = DAY.isoformat()


def plan_of(database, ask, *, at=-1):
    """Ask something of the account; how SQLite finds the lines for one of its queries."""
    asked = []
    with database.reading() as session:
        account = session.scalars(select(BankAccount)).one()

        def remember(_connection, _cursor, statement, parameters, *_rest):
            if "statement_line" in statement and not statement.startswith("EXPLAIN"):
                asked.append((statement, parameters))

        event.listen(database.engine, "before_cursor_execute", remember)
        ask(session, account)
        event.remove(database.engine, "before_cursor_execute", remember)
        statement, parameters = asked[at]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [row.detail for row in plan if "statement_line" in row.detail]


@pytest.mark.parametrize(
    ("ask", "way"),
    [
        (lambda s, a: s.scalars(broken_links(a.id, StatementLine.booked_on == DAY)).all(), BY_DAY),
        (lambda s, _a: opposite_lines(s, s.scalars(select(StatementLine)).first()), BY_DAY),
        (lambda s, a: _known_of(s, a.id, TEXT_OF_DAY), BY_DAY),
        (lambda s, a: _balance_before(s, a.id, TEXT_OF_DAY, None), BY_DAY),
        (lambda s, a: open_quarantine(s, a.id), BY_ID),
        (lambda s, a: open_quarantine(s, a.id, DAY), BY_ID),
        (lambda s, a: quarantined_positions(s, a.id), BY_ID),
        (lambda s, a: s.scalars(open_at_end(a.id, DAY)).all(), BY_ID),
    ],
    ids=[
        "broken links", "opposite lines", "known of a day", "balance before a day",
        "open quarantine", "open quarantine of a day", "quarantined positions", "open at the end",
    ],
)  # fmt: skip
def test_a_few_lines_are_found_without_the_history(database, imported, ask, way):
    if not database.is_sqlite:
        return  # PostgreSQL keeps statistics by itself and plans by them
    imported([Booking(5), Booking(7)])

    assert way in plan_of(database, ask)[0]


def test_the_balance_of_a_day_is_looked_for_from_the_end(database, imported):
    if not database.is_sqlite:
        return
    imported([Booking(5), Booking(7)])

    found = plan_of(database, lambda s, a: _balance_rial(s, a.id, DAY), at=0)
    assert FROM_THE_END in found[0]


def test_reversals_are_looked_for_among_open_lines(database, imported):
    if not database.is_sqlite:
        return
    imported([Booking(5), Booking(7)])

    assert BY_ID in plan_of(database, lambda s, _a: sure_reversals(s))[0]


def test_the_place_of_a_file_is_found_by_its_first_row(database, imported):
    if not database.is_sqlite:
        return
    imported([Booking(5), Booking(7)])
    row = SimpleNamespace(fingerprint=bytes(16), balance_rial=5, booked_on="2000-01-01")

    def places(session, account):
        first = end_of(session, account.id, latest=False)
        chain = SimpleNamespace(earliest=row, rows=lambda: iter(()))
        return list(_beginnings(session, account.id, chain, first))

    assert "(bank_account_id=? AND fingerprint=?" in plan_of(database, places)[0]
