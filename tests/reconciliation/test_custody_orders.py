"""Cash from the drawer and the box to the bank and back, in any order of what people may do.

After each act every proof of the books holds, whatever was refused on the way.
"""

import random

import pytest
from sqlalchemy import exists, select

from core.refusals import Refusal
from donations.custody.boxes import boxes_to_empty
from donations.custody.slip_sources import sources_waiting
from donations.models.cashier import CashierSession, OpenDrawer
from donations.models.collection_round import CollectionRound, RoundClosing
from donations.models.contribution import Contribution, ContributionReversal
from donations.models.desk import Decision, DepositSlip
from donations.pledging import CashItem
from donations.voiding import ask_for_void
from flows.by_hand import mark_slip
from flows.checking import check_ledger
from flows.collecting import cancel_round, decide_on_round
from flows.custody import decide_on_count
from flows.desk import approve_void, hand_over_cash
from flows.rebuilding import rebuild_work_tables
from flows.reconciling import run
from flows.slip_voids import void_slip
from flows.undoing import undo_run
from ledger.postings import balance_rial
from offices.scope import EVERYWHERE
from offices.staff import StaffMember
from reconciliation.expected import OpenLine
from reconciliation.inbox import awaited_slips
from reconciliation.lines import StatementLine
from tests.custody import a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_desk_contribution, a_staff_member
from tests.reconciliation.bank import Booking

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
