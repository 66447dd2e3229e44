"""Cash in drawers on the day's sheet: sessions closed short, and what desks have not handed in."""

from datetime import timedelta

import pytest

from donations.models.desk import Decision
from donations.pledging import CashItem
from flows.custody import decide_on_count
from offices.scope import EVERYWHERE
from offices.staff import StaffMember
from reconciliation.day_sheets import DaySheet
from reconciliation.day_shown import shown_sheet
from tests.custody import a_session, counted
from tests.factories import NOON, a_desk_contribution, office_id
from tests.reconciliation.bank import Booking, days_ago
from tests.reconciliation.closings import YESTERDAY, Closer, import_rows, two_days


@pytest.fixture
def closer(database):
    return Closer(database)


def a_drawer(database, closer, *, opened, counted_at=None):
    """A drawer into which 500,000 rials went; counted, it is short by 50,000."""
    with database.writing() as session:
        clerk = session.get_one(StaffMember, closer.first)
        of = a_session(session, clerk, now=opened)
        a_desk_contribution(session, CashItem(500_000), staff_id=clerk.id, now=opened)
        if counted_at is not None:
            count = counted(session, of, 450_000, by=clerk, reason="پول خرد", now=counted_at)
            decide_on_count(
                session,
                EVERYWHERE,
                count.id,
                Decision.APPROVED,
                decided_by_id=closer.second,
                now=counted_at,
            )


def test_a_session_closed_short_is_on_the_day_s_sheet_with_its_office(database, closer):
    a_drawer(database, closer, opened=NOON - timedelta(days=1), counted_at=NOON - timedelta(days=1))
    import_rows(database, two_days(database))

    sheet_id = closer.prepare()

    assert ("cashier_difference", -50_000) in closer.differences(sheet_id)
    with database.reading() as session:
        sheet = session.get_one(DaySheet, sheet_id)
        (short,) = [row for row in sheet.differences if row.kind == "cashier_difference"]
        assert (short.owner_office_id, short.since_on) == (office_id(session), YESTERDAY)
        shown = shown_sheet(session, sheet, as_of=days_ago(0))
        (told,) = [row for row in shown.differences if row.kind == "cashier_difference"]
        assert told.subject.endswith("۱")
        assert told.age_days == 1


def test_one_sheet_answers_for_a_session_and_the_next_does_not_repeat_it(database, closer):
    a_drawer(database, closer, opened=NOON - timedelta(days=1), counted_at=NOON - timedelta(days=1))
    later = NOON + timedelta(days=1)
    import_rows(database, [*two_days(database), Booking(6, day=days_ago(-1))], now=later)
    closer.close()

    kinds = [kind for kind, _rial in closer.differences(closer.prepare(days_ago(0), now=later))]

    assert "cashier_difference" not in kinds


@pytest.mark.parametrize("is_closed", [False, True], ids=["in a drawer", "closed short since"])
def test_cash_is_as_old_as_the_day_a_desk_took_it(database, closer, is_closed):
    yesterday = NOON - timedelta(days=1)
    a_drawer(
        database,
        closer,
        opened=NOON - timedelta(days=3),
        counted_at=yesterday if is_closed else None,
    )
    import_rows(database, two_days(database))

    sheet_id = closer.prepare()

    assert ("desk_cash", 450_000 if is_closed else 500_000) in closer.differences(sheet_id)
    with database.reading() as session:
        sheet = session.get_one(DaySheet, sheet_id)
        (cash,) = [row for row in sheet.differences if row.kind == "desk_cash"]
        assert cash.since_on == days_ago(3)
