"""A slip and what the statement shows under its deposit id: voided, matched, named by a person.

After each act every proof of the books holds, whatever was refused on the way.
"""

import threading

import pytest
from sqlalchemy import delete, func, select

from donations.models.desk import SlipVoid
from donations.pledging import CashItem
from flows.by_hand import assign, mark_slip, receive_unidentified
from flows.desk import drawer, hand_over_cash
from flows.emptyings import lines_of_slips
from flows.reconciling import run
from flows.slip_voids import SlipMatched, SlipOnStatement, void_slip
from flows.undoing import undo_line, undo_run
from offices.places import Office
from offices.scope import EVERYWHERE
from reconciliation.assigning import AmountDiffers, CashOfSlip, SlipNotAwaited
from reconciliation.expected import ExpectedDeposit, OpenLine
from reconciliation.inbox import awaited_slips
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Target
from reconciliation.reasons import explanations
from reconciliation.running import begin_run
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member
from tests.ledger.corrupting import behind_the_triggers
from tests.reconciliation.bank import Booking
from tests.reconciliation.closings import YESTERDAY, Closer
from tests.reconciliation.planted import another_account
from tests.reconciliation.test_custody_orders import failing
from tests.reconciliation.test_races import Beside, SlowRun

# A void and a run at one moment


@pytest.fixture
def made(database):
    """A slip over 600,000 rials, and who may void it."""
    with database.writing() as session:
        clerk, manager = a_staff_member(session, "clerk"), a_staff_member(session, "manager")
        a_desk_contribution(session, CashItem(600_000), staff_id=clerk.id)
        slip = hand_over_cash(
            session, clerk.office_id, 600_000, made_by_id=clerk.id, request_key=None, now=NOON
        )
    return slip, manager.id


@pytest.fixture
def paid_in(imported, made):
    """Let the cash be on the statement, or another amount under the same deposit id."""
    return lambda rial=600_000: imported([Booking(rial, deposit_id=made[0].deposit_id)])


def free_rial(database, slip):
    with database.reading() as session:
        held = drawer(session, session.get_one(Office, slip.office_id))
        matches = select(func.count()).select_from(Match).where(Match.target == Target.DEPOSIT_SLIP)
        voids = select(func.count()).select_from(SlipVoid)
        return held.free_rial, session.scalars(matches).one(), session.scalars(voids).one()


def unslip(session, made):
    slip, manager_id = made
    void_slip(session, EVERYWHERE, slip.id, "بانک بسته بود", voided_by_id=manager_id, now=NOON)


def test_a_slip_that_a_run_is_matching_is_not_voided(database, made, paid_in, now):
    paid_in()
    with database.writing() as session:
        run_id = begin_run(session, started_by_id=None, now=now)
    slow = SlowRun(database, run_id, begun_at=now)
    running = Beside(slow.through_all_rules)
    assert slow.is_booked.wait(30)

    def unslip_alone():
        with database.writing() as session:
            unslip(session, made)

    voiding = Beside(unslip_alone)
    slow.may_commit.set()
    running.ended()

    assert isinstance(voiding.ended(), SlipMatched)
    assert free_rial(database, made[0]) == (0, 1, 0)
    assert failing(database) == {}


def test_a_run_does_not_match_a_slip_that_is_being_voided(database, made, paid_in, now):
    began = threading.Event()
    with database.writing() as session:
        unslip(session, made)
        session.flush()

        def run_alone():
            began.set()
            paid_in()
            return run(database, now=now)

        running = Beside(run_alone)
        assert began.wait(30)

    assert running.ended().by_rule == {}
    assert free_rial(database, made[0]) == (600_000, 0, 1)
    assert failing(database) == {}


def test_what_comes_under_a_void_slip_waits_for_a_person(database, made, paid_in, now):
    with database.writing() as session:
        unslip(session, made)
    paid_in()
    assert run(database, now=now).by_rule == {}
    with database.reading() as session:
        assert session.scalars(select(ExpectedDeposit)).all() == []
    assert failing(database) == {}


@pytest.mark.parametrize("rial", [600_000, 599_000])
def test_a_slip_is_not_voided_while_its_cash_is_on_the_statement(database, made, paid_in, rial):
    paid_in(rial)

    with pytest.raises(SlipOnStatement) as refused, database.writing() as session:
        unslip(session, made)

    assert refused.value.details == {"number": made[0].number}
    assert free_rial(database, made[0]) == (0, 0, 0)
    assert failing(database) == {}


def test_a_slip_whose_match_was_undone_is_voided_once_its_line_is_explained_otherwise(
    database, made, paid_in, now
):
    paid_in()
    done = run(database, now=now)
    with pytest.raises(SlipMatched), database.writing() as session:
        unslip(session, made)
    undo_run(database, done.run, reason="آزمایش", undone_by_id=made[1], now=now)
    with pytest.raises(SlipOnStatement), database.writing() as session:
        unslip(session, made)

    with database.writing() as session:
        pledge = a_pledge(session, CashItem(600_000))
        line_id = session.scalars(select(OpenLine.line_id)).one()
        assign(session, line_id, pledge.id, made_by_id=made[1], now=now)
    with database.writing() as session:
        unslip(session, made)

    assert free_rial(database, made[0]) == (600_000, 1, 1), "the match that was undone stays"
    assert failing(database) == {}


def test_a_slip_whose_cash_stands_open_on_a_signed_day_is_not_voided_but_named_by_finance(
    database, imported, made, now
):
    under_its_id = Booking(600_000, deposit_id=made[0].deposit_id, day=YESTERDAY)
    imported([under_its_id, Booking(5)])  # which shows where yesterday ends
    Closer(database).close()  # from now on the line is for people alone

    with pytest.raises(SlipOnStatement), database.writing() as session:
        unslip(session, made)
    with database.writing() as session:
        line_id = session.scalars(
            select(OpenLine.line_id).where(OpenLine.amount_rial == 600_000)
        ).one()
        mark_slip(session, line_id, made[0].id, made_by_id=made[1], now=now)

    assert free_rial(database, made[0]) == (0, 1, 0)
    assert failing(database) == {}


def test_cash_of_which_the_bank_counted_less_goes_on_a_slip_of_that_amount(
    database, made, paid_in, now
):
    paid_in(599_000)
    with database.writing() as session:
        a_desk_contribution(session, CashItem(599_000), staff_id=made[0].made_by_id)
        again = hand_over_cash(
            session, made[0].office_id, 599_000, made_by_id=made[0].made_by_id,
            request_key=None, now=NOON,
        )  # fmt: skip
        line_id = session.scalars(select(OpenLine.line_id)).one()
        mark_slip(session, line_id, again.id, made_by_id=made[1], now=now)

    with database.writing() as session:
        unslip(session, made)

    assert free_rial(database, made[0]) == (600_000, 1, 1)
    assert failing(database) == {}


def test_a_slip_that_the_tables_have_lost_is_a_defect_and_not_told_as_matched(database, made):
    with database.writing() as session:
        session.execute(delete(ExpectedDeposit))

    with pytest.raises(RuntimeError, match="neither awaited nor matched"):  # noqa: SIM117
        with database.writing() as session:
            unslip(session, made)


# Cash that comes under a void slip, or under no id at all


@pytest.fixture
def slipped_again(database, made, paid_in):
    """The slip void, its cash on another one and then on the statement under the old id."""
    with database.writing() as session:
        unslip(session, made)
        again = hand_over_cash(
            session, made[0].office_id, 600_000, made_by_id=made[0].made_by_id,
            request_key=None, now=NOON,
        )  # fmt: skip
    paid_in()
    with database.reading() as session:
        return again, session.scalars(select(OpenLine.line_id)).one()


def test_cash_under_a_void_slip_is_that_of_another_slip_until_that_is_undone(
    database, made, slipped_again, now, work_tables
):
    again, line_id = slipped_again
    before = work_tables()
    with database.reading() as session:
        line = session.get_one(StatementLine, line_id)
        assert [slip.id for slip, _office in awaited_slips(session, line)] == [again.id]

    with database.writing() as session:
        mark_slip(session, line_id, again.id, made_by_id=made[1], now=now)

    assert free_rial(database, again) == (0, 1, 1)
    assert failing(database) == {}
    with database.reading() as session:
        assert "پول فیش واریز ۲" in explanations(session, [line_id])[line_id].reason
        assert lines_of_slips(session, [again.id])[again.id].id == line_id
    with pytest.raises(SlipMatched), database.writing() as session:
        unslip(session, (again, made[1]))
    with database.writing() as session:
        undo_line(session, line_id, reason="اشتباه", undone_by_id=made[1], now=now)
    assert work_tables() == before
    assert failing(database) == {}


def test_a_line_that_bears_the_id_of_a_slip_is_named_its_cash_before_a_run(
    database, made, paid_in, now
):
    paid_in()
    with database.writing() as session:
        line_id = session.scalars(select(OpenLine.line_id)).one()
        mark_slip(session, line_id, made[0].id, made_by_id=made[1], now=now)

    assert run(database, now=now).by_rule == {}
    assert free_rial(database, made[0]) == (0, 1, 0)
    assert failing(database) == {}


@pytest.mark.parametrize("which", ["void", "of another amount", "matched", "of another account"])
def test_a_line_is_the_cash_only_of_an_awaited_slip_of_its_amount(
    database, imported, made, slipped_again, now, which
):
    again, line_id = slipped_again
    slip_id, refusal = again.id, SlipNotAwaited
    under_the_old_id = Booking(600_000, deposit_id=made[0].deposit_id)
    under_its_own = Booking(600_000, deposit_id=again.deposit_id, serial="2")
    if which == "void":
        slip_id = made[0].id
    elif which == "of another amount":
        imported([under_the_old_id, Booking(600_001, serial="2")])
        line_id, refusal = line_id + 1, AmountDiffers
    elif which == "of another account":
        with database.writing() as session:
            another_account(session)
        behind_the_triggers(
            database,
            "deposit_slip",
            "UPDATE deposit_slip SET bank_account_id = (SELECT max(id) FROM bank_account)",
        )
    else:
        imported([under_the_old_id, under_its_own])
        assert run(database, now=now).by_rule == {"deposit_slip": 1}

    with pytest.raises(refusal), database.writing() as session:
        mark_slip(session, line_id, slip_id, made_by_id=made[1], now=now)

    assert failing(database) == {}


@pytest.mark.parametrize("is_void", [True, False], ids=["void", "standing"])
def test_the_cash_of_a_slip_is_not_received_as_a_gift_of_somebody_unknown(
    database, made, paid_in, now, is_void
):
    if is_void:
        with database.writing() as session:
            unslip(session, made)
    paid_in()

    with pytest.raises(CashOfSlip) as refused, database.writing() as session:
        line_id = session.scalars(select(OpenLine.line_id)).one()
        receive_unidentified(session, line_id, fund=None, made_by_id=made[1], now=now)

    assert refused.value.details == {"number": made[0].number}
    assert failing(database) == {}
