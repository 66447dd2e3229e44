"""Cash from the drawer and the box to the bank and back, in any order of what people may do.

After each act every proof of the books holds, whatever was refused on the way.
"""

import random
import threading

import pytest
from sqlalchemy import delete, exists, func, select

from core.refusals import Refusal
from donations.custody.boxes import boxes_to_empty
from donations.custody.slip_sources import sources_waiting
from donations.models.cashier import CashierSession, OpenDrawer
from donations.models.collection_round import CollectionRound, RoundClosing
from donations.models.contribution import Contribution, ContributionReversal
from donations.models.desk import Decision, DepositSlip, SlipVoid
from donations.pledging import CashItem
from donations.voiding import ask_for_void
from flows.by_hand import assign, mark_slip, receive_unidentified
from flows.checking import check_ledger
from flows.collecting import cancel_round, decide_on_round
from flows.custody import decide_on_count
from flows.desk import approve_void, drawer, hand_over_cash
from flows.emptyings import lines_of_slips
from flows.rebuilding import rebuild_work_tables
from flows.reconciling import run
from flows.slip_voids import SlipMatched, SlipOnStatement, void_slip
from flows.undoing import undo_line, undo_run
from ledger.postings import balance_rial
from offices.places import Office
from offices.scope import EVERYWHERE
from offices.staff import StaffMember
from reconciliation.assigning import AmountDiffers, CashOfSlip, SlipNotAwaited
from reconciliation.expected import ExpectedDeposit, OpenLine
from reconciliation.inbox import awaited_slips
from reconciliation.lines import StatementLine
from reconciliation.matches import Match, Target
from reconciliation.reasons import explanations
from reconciliation.running import begin_run
from tests.custody import a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member
from tests.reconciliation.bank import Booking
from tests.reconciliation.test_races import Beside, SlowRun

STEPS = 16
FUNDS = ("19041062101", "most-needed")
# What may be refused on such a walk, each with a sentence that says what to do.
REFUSED = {
    "session.already_open", "session.float_not_in_hand", "session.moved_on", "round.no_boxes",
    "slip.not_in_hand", "slip.not_of_sources", "slip.void", "slip.matched", "slip.on_statement",
    "void.already_void",
    "void.cash_on_slip", "void.cash_at_the_bank", "void.cash_handed_over",
}  # fmt: skip


class Walk:
    """One order of events; each act is a method whose name begins with ``act_``."""

    def __init__(self, database, imported, seed):
        self.database, self.imported = database, imported
        self.chance = random.Random(seed)
        self.bookings, self.runs, self.refused = [], [], set()
        with database.writing() as session:
            people = [a_staff_member(session, name) for name in ("clerk", "till", "manager")]
            self.cashiers, self.manager = [each.id for each in people[:2]], people[2].id
            for seal, fund in enumerate(FUNDS * 2):
                a_box(session, people[0], str(seal), fund=fund)

    def step(self):
        acts = [name for name in dir(self) if name.startswith("act_")]
        name = self.chance.choice(acts)
        try:
            getattr(self, name)()
        except Refusal as refusal:
            self.refused.add(refusal.code)
        return name

    def one(self, session, query):
        rows = session.scalars(query).all()
        return self.chance.choice(rows) if rows else None

    def cashier(self, session):
        return session.get_one(StaffMember, self.chance.choice(self.cashiers))

    def rial(self, most=9):
        return 10_000 * self.chance.randint(1, most)

    def act_gift(self):
        with self.database.writing() as session:
            a_desk_contribution(
                session, CashItem(self.rial(), self.chance.choice(FUNDS)),
                staff_id=self.cashier(session).id,
            )  # fmt: skip

    act_another_gift = act_gift

    def act_open_session(self):
        with self.database.writing() as session:
            a_session(session, self.cashier(session), self.chance.choice([0, 10_000]))

    def act_count_session(self):
        is_open = exists().where(OpenDrawer.session_id == CashierSession.id)
        with self.database.writing() as session:
            of = self.one(session, select(CashierSession).where(is_open))
            if of is None:
                return
            expected = balance_rial(session, of.account)
            rial = max(0, expected + self.chance.choice([0, 0, 10_000, -10_000]))
            count = counted(session, of, rial, by=of.cashier, reason="پول خرد")
            waits, count_id = count.difference_rial != 0, count.id
        if waits:
            with self.database.writing() as session:
                decide_on_count(
                    session, EVERYWHERE, count_id, self.chance.choice(list(Decision)),
                    decided_by_id=self.manager, now=NOON,
                )  # fmt: skip

    def act_round(self):
        with self.database.writing() as session:
            clerk = session.get_one(StaffMember, self.cashiers[0])
            boxes = [each.box for each in boxes_to_empty(session, clerk.office_id)]
            a_round(session, clerk, *boxes[: self.chance.randint(1, 2)])

    def act_end_round(self):
        is_open = ~exists().where(RoundClosing.round_id == CollectionRound.id)
        with self.database.writing() as session:
            clerk = session.get_one(StaffMember, self.cashiers[0])
            of = self.one(session, select(CollectionRound).where(is_open))
            if of is None:
                return
            if self.chance.random() < 0.2:
                cancel_round(
                    session, EVERYWHERE, of.id, "باران", cancelled_by_id=clerk.id, now=NOON
                )
                return
            found(session, of, clerk)
            count = counted_round(session, of, clerk, *(self.rial() for _box in of.boxes))
            decide_on_round(
                session, EVERYWHERE, count.id, Decision.APPROVED,
                decided_by_id=self.manager, now=NOON,
            )  # fmt: skip

    act_end_another_round = act_end_round

    def act_slip(self):
        with self.database.writing() as session:
            clerk = session.get_one(StaffMember, self.cashiers[0])
            waiting = sources_waiting(session, clerk.office_id)
            chosen = self.chance.sample(waiting, self.chance.randint(0, min(2, len(waiting))))
            rial = sum(each.standing_rial for each in chosen) or self.rial()
            if self.chance.random() < 0.3:
                rial = max(10_000, rial - 10_000)
            hand_over_cash(
                session, clerk.office_id, rial, sources=[each.key for each in chosen],
                made_by_id=clerk.id, request_key=None, now=NOON,
            )  # fmt: skip

    act_another_slip = act_slip

    def act_void_gift(self):
        stands = ~exists().where(ContributionReversal.contribution_id == Contribution.id)
        with self.database.writing() as session:
            of = self.one(session, select(Contribution.id).where(stands))
            if of is None:
                return
            asked = ask_for_void(
                session, EVERYWHERE, of, reason="خطا", asked_by_id=self.cashiers[0], now=NOON
            )
            approve_void(session, EVERYWHERE, asked.id, decided_by_id=self.manager, now=NOON)

    act_void_another_gift = act_void_gift

    def act_void_slip(self):
        with self.database.writing() as session:
            of = self.one(session, select(DepositSlip.id))
            if of is not None:
                void_slip(session, EVERYWHERE, of, "خطا", voided_by_id=self.manager, now=NOON)

    def act_statement(self):
        """The bank books a slip, one that was voided as well: that stays open."""
        with self.database.reading() as session:
            of = self.one(session, select(DepositSlip))
            if of is None:
                return
            self.bookings.append(
                Booking(of.amount_rial, of.deposit_id, serial=str(len(self.bookings)))
            )
        self.imported(self.bookings)
        self.act_run()

    def act_run(self):
        self.runs.append(run(self.database, now=NOON).run)

    def act_name_slip(self):
        """Finance says whose cash an open line is, where a slip of its amount is awaited."""
        with self.database.writing() as session:
            line = self.one(
                session, select(StatementLine).join(OpenLine, OpenLine.line_id == StatementLine.id)
            )
            if line is None:
                return
            for slip, _office in awaited_slips(session, line)[:1]:
                mark_slip(session, line.id, slip.id, made_by_id=self.manager, now=NOON)

    def act_undo_run(self):
        if self.runs:
            undo_run(
                self.database, self.runs.pop(), reason="آزمایش", undone_by_id=self.manager, now=NOON
            )


def failing(database):
    with database.reading() as session:
        return {check.name: check.detail for check in check_ledger(session).checks if not check.ok}


@pytest.mark.parametrize("seed", range(4))
def test_in_any_order_every_rial_is_at_one_place(database, imported, seed):
    walk, done = Walk(database, imported, seed), []
    for _step in range(STEPS):
        done.append(walk.step())
        assert failing(database) == {}, done
    assert walk.refused <= REFUSED
    with database.writing() as session:
        rebuild_work_tables(session)
    assert failing(database) == {}, "a void slip is not awaited by tables made anew either"


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


@pytest.mark.parametrize("which", ["void", "of another amount", "matched", "bearing its own id"])
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
    elif which == "bearing its own id":
        imported([under_the_old_id, under_its_own])
        line_id += 1
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
