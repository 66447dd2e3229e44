"""Files without running balances: whole days, genuine twins, derived balances, no order needed."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.refusals import Refusal
from flows.importing import import_statement, undo_import
from ledger.accounts import BankAccount
from ledger.postings import balance_rial
from reconciliation import importing
from reconciliation.held import read_chain
from reconciliation.importing import StatementSource, locked_account, store
from reconciliation.line_classes import LineClass
from reconciliation.lines import StatementLine
from reconciliation.statements.contract import Balances, Declared, Statement, StatementRow
from reconciliation.statements.slices import in_slices
from tests.factories import NOON
from tests.reconciliation.bank import DAY, Booking, as_csv, cells, days_ago
from tests.reconciliation.test_importing import an_account

OPENING = 1_000
QUIETLY = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class Row:
    """One booking of a file without running balances."""

    rial: int
    day: int = 0  # days after the first
    text: str = ""
    clock: str | None = None


def on(row):
    return DAY + timedelta(days=row.day)


def given_file(rows, *, opening=None, closing=None):
    balances = Balances.NONE if opening is closing is None else Balances.DECLARED
    read = [
        StatementRow(
            number, on(row), None, row.rial, None, LineClass.UNKNOWN, None, None, None, None, None,
            row.text, "[]", None,
        )
        for number, row in enumerate(rows, start=2)
    ]  # fmt: skip
    return Statement("x", "IRR", 0, None, in_slices(read), balances, Declared(opening, closing))


def take_in(database, rows, number="90190", *, word=None, **declared):
    statement = given_file(rows, **declared)
    with (
        read_chain(statement, account_number=number, unit="IRR") as chain,
        database.writing() as session,
    ):
        account = session.scalars(select(BankAccount).where(BankAccount.number == number)).one()
        source = StatementSource("s", "x", "0" * 64)
        locked_account(session, account.id)
        return store(
            session, account, chain, source, imported_by_id=None, now=NOON, opening_rial=word
        )


def lines(database, number="90190"):
    with database.reading() as session:
        account = session.scalars(select(BankAccount).where(BankAccount.number == number)).one()
        return session.scalars(
            select(StatementLine)
            .where(*importing.live_lines(account.id))
            .order_by(StatementLine.position)
        ).all()


def told(database, number="90190"):
    return [(line.amount_rial, line.balance_rial) for line in lines(database, number)]


def code_of(refused):
    return refused.value.code


def bank(database, number="90190"):
    with database.reading() as session:
        return balance_rial(session, f"bank:{number}")


def test_the_first_file_begins_with_nothing_unless_a_person_says_otherwise(database):
    take_in(database, [Row(5), Row(7, day=1)])
    assert told(database) == [(5, 5), (7, 12)]

    number = an_account(database)
    take_in(database, [Row(5), Row(7, day=1)], number, word=100)
    assert told(database, number) == [(5, 105), (7, 112)]
    assert bank(database, number) == 112


def test_a_declared_balance_is_where_the_lines_begin(database):
    take_in(database, [Row(5), Row(-2)], closing=1_003)

    assert told(database)[-1][1] == bank(database) == 1_003


def test_declared_balances_that_disagree_with_the_rows_refuse_the_file(database):
    with pytest.raises(Refusal) as refused:
        take_in(database, [Row(5)], opening=10, closing=16)
    assert code_of(refused) == "statement.balances_disagree"


def test_a_known_day_adds_nothing_and_twins_stay_two(database):
    day = [Row(5), Row(5), Row(7)]
    take_in(database, day)

    assert take_in(database, day).new == 0
    assert Counter(amount for amount, _balance in told(database)) == {5: 2, 7: 1}


def test_an_export_of_midday_is_completed_by_the_one_of_the_evening(database):
    take_in(database, [Row(1), Row(5)])
    evening = take_in(database, [Row(5), Row(9), Row(1), Row(5)])

    assert (evening.new, evening.known) == (2, 2)
    assert bank(database) == 20


def test_a_known_row_that_the_file_lacks_is_named(database):
    take_in(database, [Row(1), Row(2, day=1), Row(3, day=1), Row(4, day=2)])

    with pytest.raises(Refusal) as refused:
        take_in(database, [Row(1), Row(2, day=1), Row(4, day=2), Row(6, day=3)])
    assert code_of(refused) == "statement.differs_from_known"
    assert (refused.value.details["missing_rial"], refused.value.details["known_row"]) == (3, 4)


def test_an_edited_row_is_no_new_row(database):
    take_in(database, [Row(1), Row(2, text="a")])

    with pytest.raises(Refusal) as refused:
        take_in(database, [Row(1), Row(2, text="b")])
    assert code_of(refused) == "statement.differs_from_known"
    assert len(told(database)) == 2


def test_a_row_left_out_in_the_middle_has_no_place_until_later_imports_are_taken_back(database):
    take_in(database, [Row(1)])
    later = take_in(database, [Row(4, day=4)])
    whole = [Row(1), Row(2, day=2), Row(4, day=4)]
    with pytest.raises(Refusal) as refused:
        take_in(database, whole)
    assert code_of(refused) == "statement.left_out"

    undo_import(database, later.file_id, reason="ترتیب", now=NOON)
    take_in(database, whole)
    assert told(database) == [(1, 1), (2, 3), (4, 7)]


def test_a_gap_between_declared_balances_is_refused(database):
    take_in(database, [Row(1)], opening=0)

    with pytest.raises(Refusal) as refused:
        take_in(database, [Row(4, day=2)], opening=3)
    assert code_of(refused) == "statement.gap"
    assert (refused.value.details["expected_rial"], refused.value.details["found_rial"]) == (1, 3)


def test_two_statements_of_one_day_join_by_their_balances_even_where_their_rows_are_equal(database):
    take_in(database, [Row(100)], opening=0, closing=100)
    second = take_in(database, [Row(100)], opening=100, closing=200)
    again = take_in(database, [Row(100), Row(100)], opening=0, closing=200)

    assert (second.new, again.new) == (1, 0)
    assert told(database) == [(100, 100), (100, 200)]


def test_older_days_may_come_later(database):
    take_in(database, [Row(3, day=3)], opening=30)
    take_in(database, [Row(1), Row(2, day=1), Row(7, day=2)], closing=30)

    assert told(database) == [(1, 21), (2, 23), (7, 30), (3, 33)]
    assert bank(database) == 33


def test_a_file_with_running_balances_joins_on(database):
    take_in(database, [Row(5)], opening=10)
    running = as_csv(cells([Booking(7, day=days_ago(-1))], opening_rial=15))
    import_statement(database, BytesIO(running), "s.csv", account="90190", now=NOON)

    assert told(database) == [(5, 15), (7, 22)]


# Properties


_DAYS = st.lists(
    st.lists(st.sampled_from([5, -3, 5, 11, 1_000]), min_size=1, max_size=4), min_size=2, max_size=6
)


def test_the_balance_tells_which_end_a_part_of_a_day_lacks(database):
    twin, other = Row(5), Row(5, text="B")
    take_in(database, [twin, other], opening=1_005)

    report = take_in(database, [twin, twin], opening=1_000)

    assert (report.new, report.known) == (1, 1)
    assert told(database) == [(5, 1_005), (5, 1_010), (5, 1_015)]


def statement_of(days):
    return [
        Row(rial, day=day, text=f"{place // 2}")
        for day, rials in enumerate(days)
        for place, rial in enumerate(rials)
    ]


def by_day(database, number):
    """The lines of each day as a multiset, with the balance at its end."""
    days: dict[date, tuple[Counter, int]] = {}
    for line in lines(database, number):
        counted, _balance = days.get(line.booked_on, (Counter(), 0))
        counted[line.amount_rial, line.description] += 1
        days[line.booked_on] = (counted, line.balance_rial)
    return days


def expected_days(rows, opening):
    days, balance = {}, opening
    for row in rows:
        counted, _balance = days.get(on(row), (Counter(), 0))
        counted[row.rial, row.text] += 1
        balance += row.rial
        days[on(row)] = (counted, balance)
    return days


def exports(draw, rows):
    """Overlapping pieces that cover a statement, each with the balance before its first row."""
    known = 0
    while known < len(rows):
        start = draw(st.integers(0, known))
        stop = draw(st.integers(known + 1, len(rows)))
        yield rows[start:stop], OPENING + sum(row.rial for row in rows[:start])
        known = stop


@QUIETLY
@given(days=_DAYS, data=st.data())
def test_any_overlapping_exports_in_any_order_make_the_same_account(database, days, data):
    rows = statement_of(days)
    number = an_account(database)
    waiting = data.draw(st.permutations(list(exports(data.draw, rows))))
    while waiting:
        refused = []
        for piece, opening in waiting:
            try:
                take_in(database, piece, number, opening=opening)
            except Refusal:
                refused.append((piece, opening))
        assert len(refused) < len(waiting), "no export finds its place any more"
        waiting = refused
    assert by_day(database, number) == expected_days(rows, OPENING)
    assert take_in(database, rows, number, opening=OPENING).new == 0
    assert bank(database, number) == OPENING + sum(row.rial for row in rows)


@QUIETLY
@given(days=_DAYS, data=st.data())
def test_whole_days_without_any_balance_need_none(database, days, data):
    number = an_account(database)
    known = 0
    while known < len(days):
        start = data.draw(st.integers(0, known))
        known = data.draw(st.integers(known + 1, len(days)))
        piece = [row for row in statement_of(days) if start <= row.day < known]
        take_in(database, piece, number, word=OPENING if not lines(database, number) else None)
    assert by_day(database, number) == expected_days(statement_of(days), OPENING)


@QUIETLY
@given(days=_DAYS, seed=st.integers(0, 1_000))
def test_the_order_of_rows_within_a_day_changes_nothing(database, days, seed):
    shuffled = [
        row
        for day in range(len(days))
        for row in random.Random(seed).sample(
            [row for row in statement_of(days) if row.day == day], len(days[day])
        )
    ]
    one, other = an_account(database), None
    take_in(database, statement_of(days), one, opening=OPENING)
    other = an_account(database)
    take_in(database, shuffled, other, opening=OPENING)

    assert by_day(database, one) == by_day(database, other)
    assert take_in(database, shuffled, one, opening=OPENING).new == 0
