"""Cash of a desk on its way: the drawer before, when the bank has it, and after an undo."""

from donations.pledging import CashItem
from flows.desk import drawer, hand_over_cash, slips_with_state
from flows.reconciling import run
from flows.undoing import undo_run
from offices.places import Office
from offices.scope import EVERYWHERE
from tests.factories import NOON, a_desk_contribution, a_staff_member
from tests.reconciliation.bank import Booking


def test_the_statement_takes_the_cash_out_of_the_drawer_and_an_undo_puts_it_back(
    database, imported, now
):
    with database.writing() as session:
        clerk = a_staff_member(session)
        a_desk_contribution(session, CashItem(1_000_000), staff_id=clerk.id)
        slip = hand_over_cash(
            session, clerk.office_id, 600_000, made_by_id=clerk.id, request_key=None, now=NOON
        )

    def drawer_and_slip():
        with database.reading() as session:
            held = drawer(session, session.get_one(Office, clerk.office_id))
            ((_slip, is_confirmed),) = slips_with_state(session, EVERYWHERE)
            return held.in_hand_rial, held.under_way_rial, held.free_rial, is_confirmed

    assert drawer_and_slip() == (1_000_000, 600_000, 400_000, False)
    imported([Booking(600_000, deposit_id=slip.deposit_id)])
    report = run(database, now=now)
    assert drawer_and_slip() == (400_000, 0, 400_000, True)
    undo_run(database, report.run, reason="آزمایش", undone_by_id=clerk.id, now=now)
    assert drawer_and_slip() == (1_000_000, 600_000, 400_000, False)
