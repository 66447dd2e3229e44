"""Closing a day: proved on three legs, prepared by one, signed by another, then locked."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from core.clock import tehran_date
from core.refusals import NotFound
from donations.models.contribution import Contribution
from donations.models.desk import Decision
from donations.pledging import CashItem
from flows.by_hand import assign
from flows.checking import check_ledger
from flows.importing import undo_import
from flows.reconciling import run
from flows.undoing import undo_line, undo_run
from ledger.postings import Cause, Posting
from reconciliation.closing import (
    DayNotOver,
    DayNotWhole,
    NoStatement,
    NotTheNextDay,
    SheetChanged,
    SignerPrepared,
)
from reconciliation.day_changes import (
    AskerDecides,
    ChangeAlreadyAsked,
    ChangeAlreadyDecided,
    NothingToUndo,
    NotTheLatestSigned,
)
from reconciliation.day_sheets import DaySheet, DaySignature
from reconciliation.expected import OpenDepositLine, OpenFeeLine, OpenLine
from reconciliation.lines import StatementFile, StatementLine
from reconciliation.locks import AccountLock, DayLocked
from reconciliation.matches import Match
from tests.factories import NOON, a_desk_contribution, a_pledge, office_id
from tests.reconciliation.bank import Booking, days_ago, pay_out
from tests.reconciliation.closings import (
    LATER,
    YESTERDAY,
    Closer,
    import_rows,
    two_days,
)


@pytest.fixture
def closer(database):
    return Closer(database)


@pytest.fixture
def day(database):
    """Yesterday's lines, as far as the rules explain them."""
    bookings = two_days(database)
    import_rows(database, bookings)
    run(database, now=NOON)
    return bookings


def locked_through(database):
    with database.reading() as session:
        return session.scalars(select(AccountLock.closed_through)).first()


def faults(database):
    with database.reading() as session:
        return [check.detail for check in check_ledger(session).checks if not check.ok]


def by_hand(database, closer, line_id, *, now=LATER):
    """Somebody pledges what a line brought, and it is assigned."""
    with database.writing() as session:
        line = session.get_one(StatementLine, line_id)
        pledge = a_pledge(session, CashItem(line.amount_rial))
        assign(session, line_id, pledge.id, made_by_id=closer.first, now=now)


# --- the three legs -----------------------------------------------------------------------------


@pytest.mark.usefixtures("day")
def test_a_sheet_adds_up_by_the_bank_and_agrees_with_the_books(closer):
    sheet = closer.sheet(closer.prepare())

    assert (sheet.opening_rial, sheet.closing_rial) == (10_000_000, 17_572_256)
    assert (sheet.credit_count, sheet.credits_rial) == (3, 7_622_256)
    assert (sheet.debit_count, sheet.debits_rial) == (1, 50_000)
    assert (sheet.books_bank_rial, sheet.books_open_rial) == (17_572_256, 123_456)
    assert (sheet.open_count, sheet.open_rial, sheet.is_whole) == (1, 123_456, True)


def test_the_gateway_s_leg_tells_pay_outs_from_what_a_terminal_still_owes(database, closer):
    import_rows(database, [Booking(1, day=days_ago(2)), *two_days(database)])
    run(database, now=NOON)
    mellat = closer.sheet(closer.prepare()).terminals[0]
    before = closer.sheet(closer.prepare(days_ago(2))).terminals[0]

    assert (mellat.lump_count, mellat.lumps_rial) == (1, 4_998_800)
    assert (mellat.gross_rial, mellat.fee_rial, mellat.net_rial) == (5_000_000, 1_200, 4_998_800)
    assert (mellat.owed_rial, mellat.books_rial) == (0, 0)
    assert (before.lump_count, before.owed_rial, before.books_rial) == (0, 5_000_000, 5_000_000)


@pytest.mark.usefixtures("day")
def test_what_is_not_explained_is_listed_with_an_owner(database, closer):
    sheet_id = closer.prepare()

    assert closer.differences(sheet_id) == [("unmatched_credit", 123_456)]
    with database.reading() as session:
        assert session.get_one(DaySheet, sheet_id).differences[0].owner_id == closer.first


def test_pay_outs_that_are_missing_differ_or_are_nobody_s_are_told_apart(database, closer):
    bookings = two_days(database)
    bookings[1:2] = [
        pay_out(4_000_000, day=YESTERDAY),
        pay_out(7_000, "7002", day=YESTERDAY),
    ]
    import_rows(database, bookings)
    run(database, now=NOON)

    kinds = dict(closer.differences(closer.prepare()))
    assert kinds["batch_differs"] == 4_000_000
    assert kinds["deposited_not_paid"] == 7_000
    assert "paid_not_deposited" not in kinds  # its window is still open


def test_a_payment_whose_window_has_passed_is_not_deposited(database, closer):
    two_days(database)
    now = NOON + timedelta(days=10)
    today, yesterday = tehran_date(now), tehran_date(now) - timedelta(days=1)
    import_rows(database, [Booking(1, day=yesterday), Booking(2, day=today)])
    sheet_id = closer.prepare(yesterday, now=now)

    assert ("paid_not_deposited", 5_000_000) in closer.differences(sheet_id)


def test_desk_cash_of_an_earlier_day_is_a_difference_of_its_office(database, closer):
    with database.writing() as session:
        a_desk_contribution(
            session, CashItem(900_000), staff_id=closer.first, now=NOON - timedelta(days=2)
        )
    import_rows(database, two_days(database))
    sheet_id = closer.prepare()

    assert ("desk_cash", 900_000) in closer.differences(sheet_id)
    with database.reading() as session:
        (cash,) = (
            found
            for found in session.get_one(DaySheet, sheet_id).differences
            if found.kind == "desk_cash"
        )
        assert (cash.owner_office_id, cash.since_on) == (office_id(session), days_ago(2))


# --- who may sign what --------------------------------------------------------------------------


@pytest.mark.usefixtures("day")
def test_a_signed_day_is_locked_and_its_open_lines_are_for_people_alone(database, closer):
    with database.reading() as session:
        assert session.scalars(select(OpenLine.line_id)).all() == [
            closer.line(123_456), closer.line(999_000)
        ]  # fmt: skip
    closer.close()

    assert locked_through(database) == YESTERDAY
    with database.reading() as session:
        assert len(session.scalars(select(OpenLine.line_id)).all()) == 2
    assert faults(database) == []


@pytest.mark.usefixtures("day")
def test_whoever_prepared_cannot_sign(database, closer):
    sheet_id = closer.prepare()
    with pytest.raises(SignerPrepared):
        closer.sign(sheet_id, by=closer.first)

    with pytest.raises(IntegrityError, match="two_persons"), database.writing() as session:
        session.add(
            DaySignature(
                day_sheet_id=sheet_id, prepared_by_id=closer.first, is_whole=True,
                signed_by_id=closer.first, signed_at=NOON, last_posting_id=0,
            )
        )  # fmt: skip


@pytest.mark.usefixtures("day")
def test_today_is_not_over_and_before_the_first_row_there_is_nothing(closer):
    with pytest.raises(DayNotOver):
        closer.prepare(tehran_date(NOON))
    with pytest.raises(NoStatement):
        closer.prepare(days_ago(40))


def test_an_account_without_a_statement_has_no_day(closer):
    with pytest.raises(NoStatement):
        closer.prepare()


def test_days_are_signed_in_order_and_empty_ones_with_a_later_one(database, closer):
    rows = [Booking(rial, day=days_ago(ago)) for rial, ago in ((1, 9), (2, 6), (4, 0))]
    import_rows(database, rows)
    closer.close(days_ago(9))
    with pytest.raises(NotTheNextDay):
        closer.sign(closer.prepare(days_ago(2)))

    closer.close(days_ago(6))  # the days between have no rows
    closer.close(days_ago(2))
    assert locked_through(database) == days_ago(2)


def test_a_day_whose_end_no_later_row_shows_cannot_be_signed(database, closer):
    bookings = two_days(database)
    import_rows(database, bookings[:4])
    sheet_id = closer.prepare()
    assert ("end_unknown", 0) in closer.differences(sheet_id)
    with pytest.raises(DayNotWhole):
        closer.sign(sheet_id)

    import_rows(database, bookings, name="whole.csv")
    closer.close()
    assert locked_through(database) == YESTERDAY


@pytest.mark.usefixtures("day")
def test_a_ledger_that_differs_cannot_be_signed_not_even_past_the_code(database, closer):
    with database.writing() as session:
        entry = session.execute(
            text(
                "INSERT INTO posting (cause, cause_id, booked_on, recorded_at)"
                " VALUES ('statement_opening', 77, '2026-11-21', '2026-11-21 00:00:00')"
                " RETURNING id"
            )
        ).scalar_one()
        for code, rial in (("bank:90190", 5), ("opening", -5)):
            session.execute(
                text(
                    "INSERT INTO entry (posting_id, account_id, amount_rial)"
                    " SELECT :posting, id, :rial FROM ledger_account WHERE code = :code"
                ),
                {"posting": entry, "rial": rial, "code": code},
            )
    sheet_id = closer.prepare()

    assert ("ledger_differs", 5) in closer.differences(sheet_id)
    with pytest.raises(DayNotWhole):
        closer.sign(sheet_id)
    with pytest.raises(IntegrityError), database.writing() as session:
        session.add(
            DaySignature(
                day_sheet_id=sheet_id, prepared_by_id=closer.first, is_whole=True,
                signed_by_id=closer.second, signed_at=NOON, last_posting_id=0,
            )
        )  # fmt: skip


@pytest.mark.usefixtures("day")
def test_whatever_changed_since_preparing_is_prepared_anew(database, closer):
    sheet_id = closer.prepare()
    by_hand(database, closer, closer.line(123_456))
    with pytest.raises(SheetChanged):
        closer.sign(sheet_id)

    assert closer.differences(closer.close()) == []


@pytest.mark.usefixtures("day")
def test_only_the_latest_version_of_a_sheet_is_signed(closer):
    old = closer.prepare()
    new = closer.prepare(by=closer.second)
    with pytest.raises(SheetChanged):
        closer.sign(old)

    closer.sign(new, by=closer.first)
    assert (closer.sheet(old).version, closer.sheet(new).version) == (1, 2)
    assert closer.sheet(old).digest == closer.sheet(new).digest


# --- locked means -------------------------------------------------------------------------------


@pytest.mark.usefixtures("day")
def test_one_person_undoes_nothing_of_a_signed_day(database, closer):
    closer.close()
    line_id = closer.line(2_500_000)
    with pytest.raises(DayLocked), database.writing() as session:
        undo_line(session, line_id, reason="x", undone_by_id=closer.first, now=LATER)
    with database.reading() as session:
        run_id = session.scalars(select(Match.run_id).where(Match.line_id == line_id)).one()
        file_id = session.scalars(select(StatementFile.id)).one()
    with pytest.raises(DayLocked):
        undo_run(database, run_id, reason="x", now=LATER)
    with pytest.raises(DayLocked):
        undo_import(database, file_id, reason="x", now=LATER)


@pytest.mark.usefixtures("day")
def test_nothing_is_imported_into_a_signed_day(database, closer):
    closer.close()
    earlier = [Booking(77, day=days_ago(3))]
    with pytest.raises(DayLocked):
        import_rows(database, earlier, opening_rial=9_999_923, name="earlier.csv")


@pytest.mark.usefixtures("day")
def test_what_people_explain_later_is_booked_today_and_the_gift_keeps_its_day(database, closer):
    sheet_id = closer.close()
    line_id = closer.line(123_456)
    tomorrow = NOON + timedelta(days=1)
    by_hand(database, closer, line_id, now=tomorrow)

    with database.reading() as session:
        gift = session.scalars(select(Contribution).order_by(Contribution.id.desc())).first()
        posted = session.scalars(
            select(Posting.booked_on).where(
                Posting.cause == Cause.CONTRIBUTION, Posting.cause_id == gift.id
            )
        ).one()
    assert (gift.received_on, posted) == (YESTERDAY, tehran_date(tomorrow))
    assert closer.sheet(sheet_id).books_open_rial == 123_456
    assert faults(database) == []


def test_rules_never_touch_a_signed_day(database, closer):
    bookings = two_days(database)
    import_rows(database, bookings)
    closer.close()
    with database.reading() as session:
        assert session.scalars(select(OpenDepositLine.line_id)).all() == []
        assert session.scalars(select(OpenFeeLine.line_id)).all() == []

    assert run(database, now=LATER).matched == 0
    assert faults(database) == []


def test_reopening_gives_the_lines_back_to_the_rules(database, closer, work_tables, books_agree):
    import_rows(database, two_days(database))
    before = work_tables()
    sheet_id = closer.close()
    books_agree()
    closer.reopen(sheet_id)

    assert (work_tables(), locked_through(database)) == (before, None)
    assert run(database, now=LATER).matched == 3
    again = closer.close(now=LATER)
    assert (closer.sheet(again).version, locked_through(database)) == (2, YESTERDAY)
    assert closer.sheet(sheet_id).open_count == 4
    assert faults(database) == []


def test_only_the_latest_signed_day_is_reopened_and_the_one_before_stays_locked(database, closer):
    rows = [Booking(rial, day=days_ago(ago)) for rial, ago in ((1, 3), (2, 2), (3, 0))]
    import_rows(database, rows)
    first, second = closer.close(days_ago(3)), closer.close(days_ago(2))
    with pytest.raises(NotTheLatestSigned):
        closer.ask_to_reopen(first)

    closer.reopen(second)
    assert locked_through(database) == days_ago(3)
    with pytest.raises(NotTheLatestSigned):
        closer.ask_to_reopen(second)


@pytest.mark.usefixtures("day")
def test_a_change_needs_two_persons_and_is_decided_once(closer):
    sheet_id = closer.close()
    request_id = closer.ask_to_reopen(sheet_id)
    with pytest.raises(ChangeAlreadyAsked):
        closer.ask_to_reopen(sheet_id)
    with pytest.raises(AskerDecides):
        closer.decide(request_id, by=closer.first)
    closer.decide(request_id, Decision.DECLINED)
    with pytest.raises(ChangeAlreadyDecided):
        closer.decide(request_id)

    closer.reopen(sheet_id)


@pytest.mark.usefixtures("day")
def test_two_persons_undo_a_line_of_a_signed_day_by_a_reversal_dated_today(database, closer):
    sheet_id = closer.close()
    line_id = closer.line(2_500_000)
    tomorrow = NOON + timedelta(days=1)
    closer.decide(closer.ask_to_undo(line_id, now=tomorrow), now=tomorrow)

    with database.reading() as session:
        assert session.get(OpenLine, line_id) is not None
        assert session.scalars(select(OpenDepositLine.line_id)).all() == []
        dated = session.scalars(
            select(Posting.booked_on).where(Posting.cause == Cause.REVERSAL)
        ).all()
    assert dated == [tehran_date(tomorrow)]
    assert closer.sheet(sheet_id).books_open_rial == 123_456
    assert faults(database) == []


@pytest.mark.usefixtures("day")
def test_there_is_nothing_to_ask_about_an_open_line_or_an_open_day(closer):
    for rial in (123_456, 2_500_000):
        with pytest.raises(NothingToUndo):
            closer.ask_to_undo(closer.line(rial))
    with pytest.raises(NotFound):
        closer.ask_to_undo(0)


@pytest.mark.usefixtures("day")
def test_a_reopened_day_proves_itself_with_what_was_booked_later_and_reversed(database, closer):
    """Booked later than its day, and reversed later: each as the books date it."""
    first = closer.close()
    by_hand(database, closer, closer.line(123_456), now=NOON + timedelta(days=1))
    line_id = closer.line(2_500_000)
    closer.decide(closer.ask_to_undo(line_id))
    closer.reopen(first)
    sheet = closer.sheet(closer.close(now=NOON + timedelta(days=2)))

    assert (sheet.open_count, sheet.open_rial, sheet.books_open_rial) == (2, 2_623_456, 2_623_456)
    assert faults(database) == []


@pytest.mark.usefixtures("day")
def test_an_import_taken_back_and_brought_again_leaves_the_day_whole(database, closer):
    with database.reading() as session:
        file_id = session.scalars(select(StatementFile.id)).one()
    undo_import(database, file_id, reason="x", now=NOON)
    with database.reading() as session:
        assert session.scalars(select(OpenLine.line_id)).all() == []
    import_rows(database, two_days_again(database), now=NOON)
    run(database, now=NOON)

    assert closer.sheet(closer.close()).is_whole


def two_days_again(database):
    """The same rows of the bank, read back from what was imported before."""
    with database.reading() as session:
        lines = session.scalars(select(StatementLine).order_by(StatementLine.position)).all()
        return [
            Booking(
                line.amount_rial,
                deposit_id=line.deposit_id or "0",
                description=line.description or "",
                payer=line.payer or "",
                branch=line.branch or "",
                day=line.booked_on,
            )
            for line in lines
        ]


@pytest.mark.usefixtures("day")
def test_sheets_and_signatures_are_never_changed(database, closer):
    sheet_id = closer.close()
    for table in ("day_sheet", "day_signature", "day_sheet_difference", "day_sheet_terminal"):
        with pytest.raises(Exception, match="insert-only"), database.writing() as session:
            session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    assert closer.sheet(sheet_id).signature is not None


# --- what the check of the books finds ----------------------------------------------------------


def behind_the_triggers(database, *statements):
    """Change rows as nobody may: the corruption that the checks are for."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            for name in connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).scalars().all():  # fmt: skip
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql(
            "SELECT 1" if database.is_sqlite else "SET session_replication_role = origin"
        )
        connection.commit()


CORRUPTIONS = {
    "balance_chain": "UPDATE statement_line SET balance_rial = balance_rial + 1 WHERE position = 2",
    "signed_days": "UPDATE day_sheet SET credits_rial = credits_rial + 7, "
    "closing_rial = closing_rial + 7, books_bank_rial = books_bank_rial + 7",
    "signed_days of a difference": "UPDATE day_sheet_difference SET amount_rial = 1",
    "signed_days of a row": "DELETE FROM statement_line WHERE amount_rial = 123456",
    "signed_days of the books": "UPDATE entry SET amount_rial = amount_rial + 3 WHERE amount_rial"
    " = 123456",
    "locks": "UPDATE account_lock SET closed_through = '2026-11-10'",
    "paid_out_once": "INSERT INTO settlement_item (settlement_id, source, source_id, amount_rial,"
    " fee_rial, business_day) SELECT settlement_id, source, source_id, amount_rial, fee_rial,"
    " business_day FROM settlement_item",
}


@pytest.mark.usefixtures("day")
@pytest.mark.parametrize("check", CORRUPTIONS)
def test_a_corrupted_row_is_found(database, closer, check):
    closer.close()
    foreign_keys_off = ["PRAGMA foreign_keys = OFF"] if database.is_sqlite else []
    behind_the_triggers(database, *foreign_keys_off, CORRUPTIONS[check])

    with database.reading() as session:
        failed = {each.name for each in check_ledger(session).checks if not each.ok}
    assert check.split()[0] in failed
