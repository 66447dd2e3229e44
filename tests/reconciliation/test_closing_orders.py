"""Whatever order people and rules act in, a signed day stays true and an open one can be signed."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.refusals import Refusal
from donations.pledging import CashItem
from flows.by_hand import assign, mark_fee
from flows.checking import PROOFS
from flows.reconciling import run
from flows.undoing import undo_line
from ledger.accounts import BankAccount
from reconciliation.day_sheets import DaySheet
from reconciliation.expected import OpenLine
from reconciliation.lines import StatementLine
from reconciliation.locks import closed_through
from tests.factories import NOON, a_pledge
from tests.reconciliation.bank import Booking, days_ago, fee
from tests.reconciliation.closings import YESTERDAY, Closer, import_rows, two_days

STEPS = 14
PROVED = ("bank_balance", "suspense", "lines_explained", "work_tables", "signed_days", "locks")


class House:
    """A house in which anything may happen next; an hour or a day passes between two acts."""

    def __init__(self, database, seed):
        self.database, self.random = database, random.Random(seed)
        self.closer, self.now = Closer(database), NOON
        before = [Booking(10_000, day=days_ago(2)), fee(500, day=days_ago(2))]
        import_rows(database, [*before, *two_days(database)])
        self.acts = (
            self.reconcile,
            self.explain,
            self.take_back,
            self.ask,
            self.close,
            self.reopen,
        )

    def anything(self):
        self.now += timedelta(hours=self.random.choice((1, 5, 24)))
        act = self.random.choice(self.acts)
        try:
            act()
        except Refusal:
            return f"{act.__name__} refused"
        return act.__name__

    def chosen(self, query):
        with self.database.reading() as session:
            ids = session.scalars(query).all()
        return self.random.choice(ids) if ids else 0

    def reconcile(self):
        run(self.database, now=self.now)

    def explain(self):
        line_id = self.chosen(select(OpenLine.line_id))
        with self.database.writing() as session:
            line = session.get(StatementLine, line_id)
            if line is not None and line.amount_rial < 0:
                mark_fee(session, line_id, made_by_id=self.closer.first, now=self.now)
            elif line is not None:
                pledge = a_pledge(session, CashItem(line.amount_rial))
                assign(session, line_id, pledge.id, made_by_id=self.closer.first, now=self.now)

    def take_back(self):
        line_id = self.chosen(select(StatementLine.id))
        with self.database.writing() as session:
            undo_line(session, line_id, reason="x", undone_by_id=None, now=self.now)

    def ask(self):
        line_id = self.chosen(select(StatementLine.id))
        self.closer.decide(self.closer.ask_to_undo(line_id, now=self.now), now=self.now)

    def close(self):
        self.closer.close(self.random.choice((days_ago(2), YESTERDAY)), now=self.now)

    def reopen(self):
        sheet_id = self.chosen(select(DaySheet.id).order_by(DaySheet.id.desc()).limit(1))
        self.closer.reopen(sheet_id, now=self.now)

    def faults(self):
        with self.database.reading() as session:
            found = {name: list(PROOFS[name][1](session)) for name in PROVED}
        return {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize("seed", range(4))
def test_any_order_of_acts_keeps_every_signed_sheet_true(database, seed):
    house = House(database, seed)
    done = []
    for _step in range(STEPS):
        done.append(house.anything())
        assert house.faults() == {}, done

    with database.reading() as session:
        account_id = session.scalars(select(BankAccount.id)).one()
        signed = closed_through(session, account_id)
    if signed is None or signed < YESTERDAY:
        house.closer.close(YESTERDAY if signed else days_ago(2), now=house.now)
    assert house.faults() == {}, done
