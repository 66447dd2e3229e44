"""A row that cannot be read: remembered, set aside by a second person, solved, then a line."""

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from core.refusals import Refusal
from flows.importing import import_statement, undo_import
from ledger.accounts import BankAccount
from ledger.postings import balance_rial
from offices.staff import Role
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import AccountLock
from reconciliation.quarantine import (
    QuarantinedRow,
    QuarantineSolution,
    RefusedImport,
    open_quarantine,
)
from reconciliation.setting_aside import Reading, set_aside, solve
from tests.factories import NOON, a_staff_member
from tests.reconciliation.bank import DAY, Booking, as_csv, cells, days_ago
from tests.staff import at_work
from tests.web.test_finance import typed_last, upload

THREE = [Booking(700, time="08:00:00"), Booking(-20, time="09:00:00"), Booking(5, time="10:00:00")]
BALANCE, CREDIT, DEBIT, CLOCK, WHEN = 0, 1, 2, 9, 10


@pytest.fixture
def people(database):
    with database.writing() as session:
        return [a_staff_member(session, name, office="00").id for name in ("one", "two")]


def unreadable(column, row=1, bookings=THREE, **options):
    rows = cells(bookings, **options)
    rows[row][column] = "###"
    return as_csv(rows)


def hand_in(database, data, person=None):
    return import_statement(
        database, data, "s.csv", account="90190", imported_by_id=person, now=NOON
    )


def refused(database, data, person=None):
    with pytest.raises(Refusal) as refusal:
        hand_in(database, data, person)
    with database.reading() as session:
        newest = select(RefusedImport).order_by(RefusedImport.id.desc()).limit(1)
        return refusal.value.code, session.scalars(newest).one()


def put_aside(database, refusal, person):
    with database.writing() as session:
        set_aside(session, refusal.id, reason="در بانک دیده شد", set_aside_by_id=person, now=NOON)


def in_quarantine(database, people, data=None):
    """A file imported with one row set aside; the line it became."""
    data = data or unreadable(DEBIT)
    put_aside(database, refused(database, data, people[0])[1], people[1])
    hand_in(database, data, people[0])
    with database.reading() as session:
        account = session.scalars(select(BankAccount)).one()
        (found,) = open_quarantine(session, account.id, DAY)
        return found.line_id


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def test_a_refusal_is_remembered_with_row_column_and_text(database, people):
    code, row = refused(database, unreadable(DEBIT), people[0])

    assert (code, row.code) == ("statement.unreadable_cell", "statement.unreadable_cell")
    assert (row.row_number, row.text, row.handed_in_by_id) == (3, "###", people[0])
    assert (row.inferred_amount_rial, row.inferred_on) == (-20, DAY)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("column", [BALANCE, DEBIT, CLOCK, WHEN])
def test_a_row_set_aside_becomes_the_line_the_balances_say(database, people, column, newest_first):
    data = unreadable(column, newest_first=newest_first)
    line_id = in_quarantine(database, people, data)

    with database.reading() as session:
        line = session.get_one(StatementLine, line_id)
        assert (line.amount_rial, line.booked_on, line.balance_rial) == (-20, DAY, 10_000_680)
        assert line.line_class == "unknown"
        assert balance_rial(session, "bank:90190") == 10_000_685


def test_no_rule_sees_the_line_until_it_is_solved(database, people, books_agree):
    line_id = in_quarantine(database, people)
    assert count(database, OpenLine) == 2
    books_agree()

    with database.writing() as session:
        solve(session, line_id, reading=Reading(-20, DAY), reason="", solved_by_id=people[0],
              now=NOON)  # fmt: skip
    assert count(database, OpenLine) == 3
    books_agree()
    with database.reading() as session:
        assert open_quarantine(session, session.scalars(select(BankAccount.id)).one()) == []


def test_a_reading_that_differs_solves_nothing(database, people):
    line_id = in_quarantine(database, people)

    with pytest.raises(Refusal) as refusal, database.writing() as session:
        solve(session, line_id, reading=Reading(-21, DAY), reason="", solved_by_id=people[0],
              now=NOON)  # fmt: skip
    assert refusal.value.code == "quarantine.reading_differs"
    assert count(database, QuarantineSolution) == 0


def test_a_solution_without_a_reading_needs_a_reason(database, people):
    line_id = in_quarantine(database, people)

    with pytest.raises(Refusal) as refusal, database.writing() as session:
        solve(session, line_id, reading=None, reason=" ", solved_by_id=people[0], now=NOON)
    assert refusal.value.code == "void.reason_missing"


def test_whoever_handed_the_file_in_cannot_set_its_row_aside(database, people):
    _code, row = refused(database, unreadable(DEBIT), people[0])

    with pytest.raises(Refusal) as refusal:
        put_aside(database, row, people[0])
    assert refusal.value.code == "quarantine.second_person_needed"
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(
            insert(QuarantinedRow).values(
                refused_import_id=row.id, bank_account_id=row.bank_account_id, sha256=row.sha256,
                row_number=row.row_number, handed_in_by_id=people[0], reason="x",
                set_aside_by_id=people[0], set_aside_at=NOON,
            )
        )  # fmt: skip


def test_another_person_cannot_be_written_down_as_having_handed_it_in(database, people):
    _code, row = refused(database, unreadable(DEBIT), people[0])

    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(
            insert(QuarantinedRow).values(
                refused_import_id=row.id, bank_account_id=row.bank_account_id, sha256=row.sha256,
                row_number=row.row_number, handed_in_by_id=people[1], reason="x",
                set_aside_by_id=people[0], set_aside_at=NOON,
            )
        )  # fmt: skip


FIVE = [Booking(rial, time=f"{hour:02}:00:00") for hour, rial in enumerate((7, 20, 5, 6, 9), 8)]


def two_unreadable(one, other):
    rows = cells(FIVE)
    for row in (one, other):
        rows[row][CREDIT] = "###"
    return as_csv(rows)


@pytest.mark.parametrize(
    "data",
    [
        unreadable(CREDIT, row=0),  # the balance before the first row is known to nobody
        two_unreadable(1, 2),
        unreadable(WHEN, bookings=[Booking(1, day=days_ago(1)), Booking(2), Booking(3)]),
    ],
    ids=["first", "adjacent", "between two days"],
)
def test_what_is_not_certain_cannot_be_set_aside(database, people, data):
    _code, row = refused(database, data, people[0])
    assert row.inferred_on is None

    with pytest.raises(Refusal) as refusal:
        put_aside(database, row, people[1])
    assert refusal.value.code == "quarantine.not_certain"


def test_two_rows_apart_are_set_aside_one_after_the_other(database, people):
    data = two_unreadable(1, 3)
    for expected_row in (3, 5):
        _code, row = refused(database, data, people[0])
        assert row.row_number == expected_row
        put_aside(database, row, people[1])

    assert hand_in(database, data, people[0]).set_aside == 2


def test_a_refusal_of_nobody_known_cannot_be_set_aside(database, people):
    _code, row = refused(database, unreadable(DEBIT))

    with pytest.raises(Refusal) as refusal:
        put_aside(database, row, people[1])
    assert refusal.value.code == "quarantine.not_certain"


def test_the_right_export_later_adds_nothing_and_contradicts_nothing(database, people):
    in_quarantine(database, people)
    more = [*THREE, Booking(9, time="11:00:00")]

    report = hand_in(database, as_csv(cells(more)))
    assert (report.new, report.known) == (1, 3)


def test_taking_the_import_back_takes_the_line_along(database, people, books_agree):
    data = unreadable(DEBIT)
    in_quarantine(database, people, data)
    with database.reading() as session:
        file_id = session.scalars(select(StatementLine.statement_file_id)).first()
    undo_import(database, file_id, reason="اشتباه", now=NOON)
    with database.reading() as session:
        assert open_quarantine(session, session.scalars(select(BankAccount.id)).one()) == []

    assert hand_in(database, data, people[0]).set_aside == 1
    books_agree()


# Signed days


def sign_through(database, day):
    with database.writing() as session:
        account_id = session.scalars(select(BankAccount.id)).one()
        session.add(AccountLock(bank_account_id=account_id, closed_through=day))


def test_a_row_of_a_signed_day_is_refused_and_one_after_it_is_not(database):
    sign_through(database, days_ago(1))
    late = as_csv(cells([Booking(3, day=days_ago(1)), Booking(4)]))

    code, _row = refused(database, late)
    assert code == "reconciliation.day_locked"
    with pytest.raises(Refusal):
        import_statement(database, late, "s", account="90190", now=NOON, dry_run=True)
    assert hand_in(database, as_csv(cells(THREE))).new == 3


def test_an_import_with_lines_of_a_signed_day_stays(database):
    report = hand_in(database, as_csv(cells(THREE)))
    sign_through(database, DAY)

    with pytest.raises(Refusal) as refusal:
        undo_import(database, report.file_id, reason="اشتباه", now=NOON)
    assert refusal.value.code == "reconciliation.day_locked"


# Pages


def test_two_persons_bring_a_damaged_file_in_page_by_page(app, database):
    one = at_work(app, database, Role.FINANCE, username="one")
    two = at_work(app, database, Role.FINANCE, username="two")
    data = unreadable(DEBIT)

    page = one.check(upload(one, data), 422)
    link = next(link for link in page.links if "/statements/refused/" in link)
    assert "نفر دوم" in one.get(link).words
    page = two.send(link, {"reason": "بانک همین را می‌گوید"})
    assert "کنار گذاشته شد" in page.words
    page = one.check(upload(one, data))
    assert "۱" in page.words
    link = next(link for link in page.links if link.endswith("/solve"))
    page = two.send(
        link, {"direction": "debit", "amount_rial": "20", "booked_on": "1405/09/01", "reason": ""}
    )
    assert "روشن شد" in page.words
    assert count(database, OpenLine) == 3


def test_the_second_person_needs_a_fresh_code(app, database, people):
    two = at_work(app, database, Role.FINANCE, username="somebody")
    _code, row = refused(database, unreadable(DEBIT), people[0])
    hidden = two.form(f"/finance/statements/refused/{row.id}")
    typed_last(database, two, timedelta(minutes=6))

    two.send(
        f"/finance/statements/refused/{row.id}",
        {"reason": "آزمایش", "code": ""},
        hidden=hidden,
        status=422,
    )
    assert count(database, QuarantinedRow) == 0
