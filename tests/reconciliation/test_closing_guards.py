"""What keeps a signed day as it was signed: each guard met alone, in code and in the database."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from core.clock import tehran_date
from donations.models.desk import Decision
from donations.pledging import CashItem
from flows import closing
from flows.checking import check_ledger
from flows.importing import import_statement
from flows.reconciling import run
from ledger.postings import Cause, Posting
from reconciliation.day_changes import NothingToUndo
from reconciliation.day_sheets import (
    DayChangeDecision,
    DayChangeRequest,
    DaySheet,
    DaySheetDifference,
    DaySignature,
    DifferenceKind,
)
from reconciliation.locks import DayLocked
from reconciliation.matches import Match
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import DAY, Booking, as_csv, cells, days_ago
from tests.reconciliation.closings import LATER, YESTERDAY, Closer, import_rows, two_days


@pytest.fixture
def closer(database):
    return Closer(database)


@pytest.fixture
def day(database):
    import_rows(database, two_days(database))
    run(database, now=NOON)


def copied(sheet, **changed):
    """The columns of a sheet as another version of it."""
    own = {column.key: getattr(sheet, column.key) for column in DaySheet.__table__.columns}
    del own["id"]
    return own | {"version": 9} | changed


def refused_by(database, name, statement):
    """Run a statement past the code, which the named constraint has to refuse."""
    with pytest.raises(IntegrityError) as refusal, database.writing() as session:
        session.execute(statement)
    # SQLite does not name the foreign key that fails.
    assert name in str(refusal.value) or "FOREIGN KEY" in str(refusal.value)


@pytest.mark.usefixtures("day")
def test_a_signed_day_is_not_prepared_again(closer):
    closer.close()

    with pytest.raises(DayLocked):
        closer.prepare()


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"closing_rial": 1, "books_bank_rial": 1}, "whole_adds_up"),
        ({"books_bank_rial": 1}, "whole_as_the_books"),
        ({"books_open_rial": 1}, "whole_as_the_books"),
        ({"version": 0}, "versions_from_one"),
    ],
)
@pytest.mark.usefixtures("day")
def test_no_sheet_is_called_whole_that_does_not_add_up(database, closer, changed, name):
    sheet = closer.sheet(closer.prepare())

    refused_by(database, name, insert(DaySheet).values(copied(sheet, **changed)))


def test_a_sheet_that_is_not_whole_is_not_signed_past_the_code(database, closer):
    import_rows(database, two_days(database)[:4])  # no later row shows that the day is over
    sheet_id = closer.prepare()

    refused_by(
        database,
        "only_whole",
        insert(DaySignature).values(
            day_sheet_id=sheet_id, prepared_by_id=closer.first, is_whole=False,
            signed_by_id=closer.second, signed_at=NOON, last_posting_id=0,
        ),
    )  # fmt: skip


@pytest.mark.usefixtures("day")
def test_a_signature_cannot_name_another_preparer(database, closer):
    sheet_id = closer.prepare()

    refused_by(
        database,
        "day_signature",
        insert(DaySignature).values(
            day_sheet_id=sheet_id, prepared_by_id=closer.second, is_whole=True,
            signed_by_id=closer.first, signed_at=NOON, last_posting_id=0,
        ),
    )  # fmt: skip


@pytest.mark.usefixtures("day")
def test_whoever_asked_cannot_decide_past_the_code(database, closer):
    request_id = closer.ask_to_reopen(closer.close())

    refused_by(
        database,
        "two_persons",
        insert(DayChangeDecision).values(
            request_id=request_id, asked_by_id=closer.first, decision=Decision.APPROVED,
            decided_by_id=closer.first, decided_at=LATER,
        ),
    )  # fmt: skip


@pytest.mark.usefixtures("day")
def test_what_was_asked_and_decided_is_never_changed(database, closer):
    closer.decide(closer.ask_to_reopen(closer.close()), Decision.DECLINED)

    for statement in (
        update(DayChangeRequest).values(reason="-"),
        update(DayChangeDecision).values(decision=Decision.APPROVED),
    ):
        with pytest.raises(DBAPIError, match="insert-only"), database.writing() as session:
            session.execute(statement)


def test_a_difference_has_one_owner(database, closer):
    import_rows(database, two_days(database))
    sheet_id = closer.prepare()
    values = {
        "day_sheet_id": sheet_id, "kind": DifferenceKind.BATCH_DIFFERS, "subject_id": 5,
        "since_on": DAY, "item_count": 1, "amount_rial": 1,
    }  # fmt: skip

    refused_by(database, "one_owner", insert(DaySheetDifference).values(**values))
    both = {"owner_id": closer.first, "owner_office_id": 1}
    refused_by(database, "one_owner", insert(DaySheetDifference).values(**values, **both))


@pytest.mark.parametrize("rial", [2_500_000, 5_000_000 - 1_200, -50_000])
@pytest.mark.usefixtures("day")
def test_whatever_explains_a_line_its_undo_is_dated_on_the_day_it_is_undone(database, closer, rial):
    closer.close()
    tomorrow = NOON + timedelta(days=1)
    closer.decide(closer.ask_to_undo(closer.line(rial), now=tomorrow), now=tomorrow)

    with database.reading() as session:
        reversals = select(Posting.booked_on).where(Posting.cause == Cause.REVERSAL)
        assert session.scalars(reversals).all() == [tehran_date(tomorrow)]
        assert [check.detail for check in check_ledger(session).checks if not check.ok] == []


def test_no_rule_that_weighs_all_open_lines_takes_one_of_a_signed_day(database, closer):
    """Its keys left the work tables with the signature; the line itself is still open."""
    with database.writing() as session:
        ids = [a_pledge(session, CashItem(rial)).deposit_id for rial in (300_000, 400_000)]
    named = Booking(700_000, description=f"بابت {ids[0]} و {ids[1]}", day=YESTERDAY)
    import_rows(database, [named, Booking(1, day=DAY)])
    closer.close()

    run(database, now=LATER)
    with database.reading() as session:
        assert session.scalars(select(Match.id)).all() == []


def test_a_reopening_that_was_asked_for_before_a_later_day_was_signed_is_refused(database, closer):
    rows = [Booking(rial, day=days_ago(ago)) for rial, ago in ((1, 3), (2, 2), (3, 0))]
    import_statement(database, as_csv(cells(rows)), "s.csv", account="90190", now=NOON)
    request_id = closer.ask_to_reopen(closer.close(days_ago(3)))
    closer.close(days_ago(2))

    with pytest.raises(Exception, match="not_the_latest_signed"):
        closer.decide(request_id)


@pytest.mark.usefixtures("day")
def test_what_nothing_explains_cannot_be_undone_by_two_persons_either(closer):
    closer.close()

    with pytest.raises(NothingToUndo):
        closer.ask_to_undo(closer.line(123_456))


@pytest.mark.usefixtures("day")
def test_whoever_was_named_for_a_difference_keeps_it_on_the_next_sheet(database, closer):
    by_preparer = DaySheetDifference.owner_id == closer.first
    sheet_id = closer.prepare()
    with database.writing() as session:
        found = session.scalars(select(DaySheetDifference).where(by_preparer)).first()
        closing.assign_owner(
            session, found.id, owner_id=closer.second, set_by_id=closer.first, now=NOON
        )
    again = closer.prepare()

    with database.reading() as session:
        owners = {
            each.day_sheet_id: each.owner_id
            for each in session.scalars(
                select(DaySheetDifference).where(
                    DaySheetDifference.kind == found.kind,
                    DaySheetDifference.subject_id == found.subject_id,
                )
            )
        }
    assert owners == {sheet_id: closer.first, again: closer.second}
