"""Importing: files are spliced on the balance chain, whole or not at all, and can be taken back."""

import threading
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, insert, select, update
from sqlalchemy.exc import IntegrityError

from core.refusals import Refusal
from flows.importing import import_statement, undo_import
from ledger.accounts import BankAccount
from ledger.postings import Posting, balance_rial
from reconciliation import importing
from reconciliation.held import read_chain
from reconciliation.importing import AccountEnded
from reconciliation.lines import StatementFile, StatementLine
from reconciliation.splicing import Splice
from reconciliation.statements.contract import Statement, Wanted
from reconciliation.statements.recognise import opened, reader_for
from reconciliation.statements.slices import in_slices
from tests.factories import NOON
from tests.reconciliation.bank import DAY, Booking, as_csv, as_xlsx, cells, days_ago, fee, pay_out

MORNING = [
    Booking(2_500_000, deposit_id="1500000000112", time="08:00:00"),
    fee(1_000, time="08:30:00"),
    Booking(700_000, time="09:00:00"),
]
EVENING = [Booking(50_000, time="17:00:00"), pay_out(9_000_000), Booking(-300_000)]
OPENING = 10_000_000


def take_in(database, data, **options):
    return import_statement(database, data, "s.csv", account="90190", now=NOON, **options)


def stored(database, number="90190"):
    """The account's lines that stand, in order."""
    with database.reading() as session:
        account = session.scalars(select(BankAccount).where(BankAccount.number == number)).one()
        lines = session.scalars(
            select(StatementLine)
            .where(*importing.live_lines(account.id))
            .order_by(StatementLine.position)
        )
        return [(line.amount_rial, line.balance_rial) for line in lines]


def expected(bookings, opening=OPENING):
    balance = opening
    chain = []
    for booking in bookings:
        balance += booking.rial
        chain.append((booking.rial, balance))
    return chain


def bank_balance(database, number="90190"):
    with database.reading() as session:
        return balance_rial(session, f"bank:{number}")


def part(bookings, start, stop, **options):
    """An export of some of the bookings: its balances are those of the whole account."""
    opening = OPENING + sum(booking.rial for booking in bookings[:start])
    return as_csv(cells(bookings[start:stop], opening_rial=opening, **options))


def test_an_account_that_ended_takes_what_was_booked_until_then(database, imported):
    with database.writing() as session:
        session.execute(update(BankAccount).values(valid_to=DAY))
    with pytest.raises(AccountEnded):
        imported([Booking(5), Booking(6, day=days_ago(-1))])

    assert imported([Booking(5)]).new == 1


def test_a_statement_becomes_lines_postings_and_a_report(database):
    report = take_in(database, as_xlsx(cells(MORNING)))

    assert report.as_json() == {
        "file": "s.csv",
        "format": "mellat-xlsx",
        "account": "90190",
        "rows": 3,
        "new": 3,
        "known": 0,
        "rejected": 0,
        "opening_rial": OPENING,
        "closing_rial": OPENING + 3_199_000,
    }
    assert stored(database) == expected(MORNING)
    assert bank_balance(database) == OPENING + 3_199_000
    with database.reading() as session:
        assert balance_rial(session, "suspense:90190") == -3_199_000
        assert balance_rial(session, "opening") == -OPENING


def test_newest_first_and_oldest_first_are_told_apart_by_the_balances(database):
    take_in(database, as_csv(cells(MORNING + EVENING, newest_first=True)))

    assert stored(database) == expected(MORNING + EVENING)


def test_the_same_file_again_adds_nothing_and_says_when(database):
    take_in(database, as_csv(cells(MORNING)))
    again = take_in(database, as_csv(cells(MORNING)))

    assert (again.new, again.known, again.known_since) == (0, 3, NOON)
    assert stored(database) == expected(MORNING)


def test_another_writing_of_known_rows_adds_nothing(database):
    take_in(database, as_csv(cells(MORNING)))
    again = take_in(database, as_xlsx(cells(MORNING, newest_first=True)))

    assert (again.new, again.known, again.known_since) == (0, 3, None)


def test_an_export_of_midday_is_completed_by_the_one_of_the_evening(database):
    take_in(database, as_csv(cells(MORNING)))
    evening = take_in(database, as_csv(cells(MORNING + EVENING, newest_first=True)))

    assert (evening.new, evening.known) == (3, 3)
    assert stored(database) == expected(MORNING + EVENING)


def test_genuine_twins_stay_two_and_are_not_doubled(database):
    twins = [Booking(500_000), Booking(500_000), Booking(500_000)]
    take_in(database, as_csv(cells(twins[:2])))
    report = take_in(database, as_csv(cells(twins)))

    assert (report.new, report.known) == (1, 2)
    assert stored(database) == expected(twins)


def test_older_lines_may_come_later(database):
    both = MORNING + EVENING
    take_in(database, part(both, 3, 6))
    take_in(database, part(both, 0, 4))

    assert stored(database) == expected(both)
    assert bank_balance(database) == OPENING + sum(booking.rial for booking in both)
    with database.reading() as session:
        assert balance_rial(session, "opening") == -OPENING


def test_an_account_may_begin_overdrawn(database):
    take_in(database, as_csv(cells(MORNING, opening_rial=-5_000)))

    with database.reading() as session:
        assert balance_rial(session, "opening") == 5_000


_GROUPS = st.lists(
    st.tuples(st.sampled_from([1_000_000, -1_000_000, 500_000, -20_000, 7]), st.integers(1, 3)),
    min_size=2,
    max_size=6,
)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(groups=_GROUPS, data=st.data())
def test_any_overlapping_exports_in_any_direction_make_the_same_account(database, groups, data):
    bookings = [
        Booking(rial, time=f"{hour:02}:00:00")
        for hour, (rial, twins) in enumerate(groups)
        for _twin in range(twins)
    ]
    number = an_account(database)
    known = 0
    while known < len(bookings):
        start = data.draw(st.integers(0, known))
        stop = data.draw(st.integers(known + 1, len(bookings)))
        exported = part(bookings, start, stop, newest_first=data.draw(st.booleans()))
        report = import_statement(database, exported, "s.csv", account=number, now=NOON)
        assert (report.known, report.new) == (known - start, stop - known)
        known = stop
    assert stored(database, number) == expected(bookings)
    assert bank_balance(database, number) == expected(bookings)[-1][1]


def an_account(database):
    """One more bank account, for an example of its own."""
    with database.writing() as session:
        number = str(10_000 + session.scalars(select(func.count(BankAccount.id))).one())
        session.add(
            BankAccount(
                number=number, bank_fa="بانک", bank_en="Bank", branch_fa="شعبه", branch_en="Branch",
                holder_fa="سازمان", holder_en="Organisation", valid_from=NOON.date(),
            )
        )  # fmt: skip
    return number


def edited(row, column, text):
    rows = cells(MORNING + EVENING)
    rows[row][column] = text
    return rows


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(
    ("column", "text"), [(0, "99"), (1, "2,500,001")], ids=["balance", "amount"]
)
def test_an_edited_row_refuses_the_file_and_is_named(database, column, text, newest_first):
    rows = cells(MORNING + EVENING, newest_first=newest_first)
    at = next(at for at, row in enumerate(rows) if row[9] == "09:00:00")
    rows[at][column] = text

    with pytest.raises(Refusal) as refused:
        take_in(database, as_csv(rows))

    assert refused.value.code == "statement.balance_breaks"
    assert refused.value.details["row"] == at + 2  # the headings are row 1
    assert stored(database) == []


def test_a_filtered_export_is_refused_with_the_row_after_the_gap(database):
    rows = cells(MORNING + EVENING)
    del rows[2]

    with pytest.raises(Refusal) as refused:
        take_in(database, as_csv(rows))
    assert (refused.value.code, refused.value.details["row"]) == ("statement.balance_breaks", 4)


def test_rows_out_of_their_order_are_refused(database):
    rows = cells(MORNING + EVENING)
    rows[1], rows[3] = rows[3], rows[1]

    with pytest.raises(Refusal) as refused:
        take_in(database, as_csv(rows))
    assert refused.value.code == "statement.balance_breaks"


def test_a_gap_between_two_statements_is_refused(database):
    both = MORNING + EVENING
    take_in(database, part(both, 0, 2))

    with pytest.raises(Refusal) as refused:
        take_in(database, part(both, 3, 6))
    assert (refused.value.code, refused.value.details["row"]) == ("statement.gap", 2)
    assert stored(database) == expected(both[:2])


def test_a_file_whose_edit_adds_up_contradicts_what_is_known(database):
    take_in(database, as_csv(cells(MORNING + EVENING)))
    forged = [*MORNING[:2], replace(MORNING[2], payer="کس دیگر"), *EVENING]

    with pytest.raises(Refusal) as refused:
        take_in(database, as_csv(cells(forged)))
    assert refused.value.code == "statement.differs_from_known"
    assert refused.value.details["row"] == 4


def test_a_dry_run_tells_the_same_and_stores_nothing(database):
    report = take_in(database, as_csv(cells(MORNING)), dry_run=True)

    assert (report.rows, report.new, report.file_id) == (3, 3, None)
    assert stored(database) == []
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(StatementFile)).one() == 0


def test_the_heading_of_another_account_is_refused(database):
    rows = [["شماره حساب : 12345678"], cells(MORNING)]

    with pytest.raises(Refusal) as refused:
        take_in(database, as_xlsx([rows[0], _headings(), *rows[1]], headings=[""]))
    assert refused.value.code == "statement.other_account"


def _headings():
    header = as_csv([]).decode("utf-8-sig").strip()
    return header.split(",")


def test_an_account_that_is_not_ours_is_unknown(database):
    with pytest.raises(Refusal) as refused:
        import_statement(database, as_csv(cells(MORNING)), "s", account="1", now=NOON)
    assert refused.value.code == "statement.unknown_account"


@pytest.mark.parametrize(
    ("currency", "minor_digits", "code"),
    [("USD", 0, "statement.foreign_currency"), ("IRR", 2, "statement.not_whole_rials")],
)
def test_what_is_not_whole_rials_is_refused(currency, minor_digits, code):
    with opened(as_csv(cells([Booking(5)]))) as file:
        rows = list(reader_for(file).open(file, Wanted("90190")).rows)
    statement = Statement("x", currency, minor_digits, None, in_slices(rows))

    with pytest.raises(Refusal) as refused:
        read_chain(statement, account_number="90190", unit="IRR")
    assert refused.value.code == code


def test_what_is_not_booked_yet_proves_nothing():
    with opened(as_csv(cells([Booking(5)]))) as file:
        rows = list(reader_for(file).open(file, Wanted("90190")).rows)
    statement = Statement("x", "IRR", 0, None, in_slices(rows), is_booked=False)

    with pytest.raises(Refusal) as refused:
        read_chain(statement, account_number="90190", unit="IRR")
    assert refused.value.code == "statement.not_booked"


# Taking back


def test_the_latest_import_can_be_taken_back_and_imported_again(database, books_agree):
    take_in(database, as_csv(cells(MORNING)))
    second = take_in(database, as_csv(cells(MORNING + EVENING)))
    undo_import(database, second.file_id, reason="اشتباه", now=NOON)

    assert stored(database) == expected(MORNING)
    assert bank_balance(database) == OPENING + 3_199_000
    books_agree()
    again = take_in(database, as_csv(cells(MORNING + EVENING)))
    assert (again.new, again.known, again.known_since) == (3, 3, None)
    assert stored(database) == expected(MORNING + EVENING)
    books_agree()


def test_the_first_import_takes_its_opening_balance_with_it(database, books_agree):
    first = take_in(database, as_csv(cells(MORNING)))
    undo_import(database, first.file_id, reason="اشتباه", now=NOON)

    assert bank_balance(database) == 0
    take_in(database, as_csv(cells(EVENING, opening_rial=77)))
    assert bank_balance(database) == 77 + sum(booking.rial for booking in EVENING)
    books_agree()


def test_only_the_latest_import_can_be_taken_back(database):
    first = take_in(database, as_csv(cells(MORNING)))
    take_in(database, as_csv(cells(MORNING + EVENING)))

    with pytest.raises(Refusal) as refused:
        undo_import(database, first.file_id, reason="اشتباه", now=NOON)
    assert refused.value.code == "statement.not_the_latest"


def test_twins_of_different_days_and_files_are_counted_apart(database):
    yesterday = [Booking(5, day=days_ago(1), time=f"{hour:02}:00:00") for hour in (1, 1, 2)]
    take_in(database, as_csv(cells(yesterday)))
    today = take_in(database, as_csv(cells([*yesterday, Booking(5), Booking(5)])))

    assert (today.new, today.known) == (2, 3)


# Guards, and what happens without them


def test_two_imports_at_once_add_the_file_once(database):
    files = [as_csv(cells(MORNING)), as_csv(cells(MORNING, newest_first=True))]
    threads = [threading.Thread(target=take_in, args=(database, data)) for data in files]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert stored(database) == expected(MORNING)


def test_without_the_splice_the_database_still_refuses_a_position_twice(database, monkeypatch):
    take_in(database, as_csv(cells(MORNING)))

    def everything_is_new(_session, _account_id, chain):
        return Splice(0, 0, 3, 1, 1, 0, 0, 0, DAY.isoformat(), lambda: iter(()), chain.slices)

    monkeypatch.setattr(importing, "splice", everything_is_new)
    with pytest.raises(Exception, match=r"(?i)unique"):
        take_in(database, as_xlsx(cells(MORNING)))


def test_without_the_chain_an_edited_row_would_falsify_the_balance():
    rows = edited(2, 1, "1")
    with opened(as_csv(rows)) as file:
        amounts = [row.amount_minor for row in reader_for(file).open(file, Wanted("90190")).rows]

    assert OPENING + sum(amounts) != expected(MORNING + EVENING)[-1][1]


def test_a_line_is_never_posted_twice(database):
    take_in(database, as_csv(cells(MORNING)))

    with database.reading() as session:
        posting = session.scalars(select(Posting).where(Posting.cause == "statement_line")).first()
    with pytest.raises(IntegrityError), database.writing() as session:
        session.execute(
            insert(Posting).values(
                cause="statement_line", cause_id=posting.cause_id, booked_on=NOON.date(),
                recorded_at=NOON,
            )
        )  # fmt: skip


def test_lines_cannot_be_changed(database):
    take_in(database, as_csv(cells(MORNING)))

    with pytest.raises(Exception, match="insert-only"), database.writing() as session:
        session.scalars(select(StatementLine)).first().amount_rial = 1
        session.flush()
