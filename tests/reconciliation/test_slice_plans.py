"""How PostgreSQL looks the rows of a slice up: each by its key, no table or index read whole."""

from sqlalchemy import event, text

from core.identifiers import check_digits_97
from flows.reconciling import READ_BY_RUNS, Look, Run
from reconciliation.found import gather_statistics
from reconciliation.matches import Rule
from reconciliation.running import begin_run
from tests.factories import NOON
from tests.reconciliation.bank import Booking, days_ago, fee, pay_out

OF_A_KIND = 3_000
DAYS = 60
SLICE, SLICES = 20, 5  # of each walk
# Where what is open stands by the thousand, and the history by the million.
LARGE = {
    "statement_line", "match", "line_claim", "open_line", "open_deposit_line",
    "open_reference_line", "open_fee_line", "expected_deposit", "expected_terminal_money",
}  # fmt: skip
EXPECTED = (
    "INSERT INTO expected_deposit (deposit_id, amount_rial, expects, target_id)"
    " SELECT deposit_id, amount_rial, 'pledge', line_id FROM open_deposit_line",
    "INSERT INTO expected_terminal_money (terminal_id, business_day, source, source_id,"
    " amount_rial, reference) SELECT terminal.id, booked_on, 'payment', line_id, amount_rial,"
    " reference FROM open_reference_line, terminal WHERE terminal.name = 'mellat-main'",
    "INSERT INTO expected_terminal_money (terminal_id, business_day, source, source_id,"
    " amount_rial) SELECT terminal.id, booked_on - 1, 'payment', line_id, amount_rial + 1200"
    " FROM open_settlement_line, terminal WHERE terminal.name = 'zarinpal-main'",
)


class Beginning(Run):
    """The first slices of every rule with their matches, and nothing that follows from them."""

    def _walk(self, find, close):
        look = Look(find)
        look.lines = SLICE
        for _slice in range(SLICES):
            self._slice(look, close)
            look.go_on()

    def prepare(self, session):
        """Leave nothing out."""

    def book(self, session):
        """Book nothing."""


def many_lines():
    ids = [f"1500{at:07}" for at in range(OF_A_KIND)]
    lines = [Booking(9_000, deposit_id=f"{id_}{check_digits_97(id_)}") for id_ in ids]
    lines += [Booking(8_000, serial=f"77{at:08}") for at in range(OF_A_KIND)]
    lines += [fee(100 + at) for at in range(OF_A_KIND)]
    lines += [pay_out(3_000_000 + day * 1_000, "7002", day=days_ago(day)) for day in range(DAYS)]
    return sorted(lines, key=lambda line: line.day)


def plans_of_slices(database, imported):
    """Let the rules look at thousands of lines; the plan of each query of their slices."""
    imported(many_lines())
    with database.writing() as session:
        for statement in EXPECTED:
            session.execute(text(statement))
        run_id = begin_run(session, started_by_id=None, now=NOON)
        gather_statistics(session, READ_BY_RUNS)
    plans = []

    def explain(_connection, cursor, statement, parameters, _context, is_of_many):
        if is_of_many or not statement.startswith(("SELECT", "INSERT", "DELETE")):
            return
        if cursor.execute("SHOW enable_seqscan").fetchone() == ("off",):  # so it is in slices
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            plans.append((statement, cursor.fetchone()[0][0]["Plan"]))

    event.listen(database.engine, "before_cursor_execute", explain)
    at_work = Beginning(database, run_id, begun_at=NOON, slice_lines=SLICE)
    at_work.through_all_rules()
    event.remove(database.engine, "before_cursor_execute", explain)
    assert at_work.matched == {
        Rule.DEPOSIT_ID: SLICE * SLICES, Rule.BANK_REFERENCE: SLICE * SLICES,
        Rule.BANK_FEE: SLICE * SLICES, Rule.SETTLEMENT_BATCH: DAYS,
    }  # fmt: skip
    return plans


def read_whole(node, *, is_limited=False):
    """The large tables whose rows, or whose index, a plan goes through one after the other."""
    is_limited = is_limited or node["Node Type"] == "Limit"
    if node.get("Relation Name") in LARGE and "Scan" in node["Node Type"]:
        is_looked_up = "Index Cond" in node or "Recheck Cond" in node
        if not (is_looked_up or is_limited):
            yield node["Relation Name"]
    for part in node.get("Plans", ()):
        yield from read_whole(part, is_limited=is_limited)


def test_a_slice_looks_up_its_rows_and_reads_no_table_whole(database, imported):
    if database.is_sqlite:
        return  # it has no statistics to change its mind by; ``test_plans`` holds what it does
    plans = plans_of_slices(database, imported)

    assert len(plans) > SLICES
    assert {query: tables for query, plan in plans if (tables := list(read_whole(plan)))} == {}
