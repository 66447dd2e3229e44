"""The work tables can be made anew at any time: they say what the facts say, and nothing else."""

import json

import pytest
from sqlalchemy import delete

from core.clock import tehran_moment
from donations.models.contribution import Tender
from donations.models.pledge import Channel
from donations.pledging import CashItem
from flows.desk import hand_over_cash
from flows.rebuilding import rebuild_work_tables
from flows.receiving import receive_at_desk
from flows.reconciling import run
from reconciliation.expected import OpenLine
from tests.factories import a_desk_contribution, a_pledge, a_staff_member, office_id
from tests.reconciliation.bank import Booking, days_ago, fee, pay_out
from tests.reconciliation.conftest import WORK
from tests.reconciliation.test_midnight import MIDNIGHT, NOON, YESTERDAY, paid


@pytest.fixture
def world(database, imported, now):
    """A bit of everything, some of it explained and some open."""
    paid(database, 1_000_000, tehran_moment(days_ago(2), NOON), day=days_ago(2))
    paid(database, 5_000_000, MIDNIGHT.replace(microsecond=1), day=days_ago(0))
    paid(database, 3_000_000, tehran_moment(YESTERDAY, NOON), day=YESTERDAY)
    with database.writing() as session:
        clerk = a_staff_member(session)
        pledges = [a_pledge(session, CashItem(rial)) for rial in (10_000, 20_000)]
        a_desk_contribution(session, CashItem(50_000), staff_id=clerk.id)
        slips = [
            hand_over_cash(
                session, office_id(session), rial, made_by_id=clerk.id, request_key=None, now=now
            )
            for rial in (30_000, 20_000)
        ]
        card = a_pledge(session, CashItem(70_000), office="07", channel=Channel.DESK)
        receive_at_desk(
            session, card, tender=Tender.CARD_TERMINAL, terminal="mellat-main",
            trace_number="123456", staff_id=clerk.id, now=now,
        )  # fmt: skip
    imported(
        [
            Booking(10_000, deposit_id=pledges[0].deposit_id),
            Booking(30_000, deposit_id=slips[0].deposit_id),
            pay_out(1_000_000 - 1_200),
            fee(5),
            Booking(77, deposit_id=pledges[1].deposit_id),
            Booking(-99),
        ]
    )
    assert run(database, now=now).matched == 4


@pytest.mark.usefixtures("world")
def test_emptied_work_tables_come_back_as_they_were(database, work_tables):
    before = work_tables()
    assert {len(before[name]) for name in ("expected_deposit", "expected_terminal_money")} == {5, 3}
    with database.writing() as session:
        for model in WORK:
            session.execute(delete(model))
    with database.writing() as session:
        rows = rebuild_work_tables(session)

    assert work_tables() == before
    assert rows == {name: len(found) for name, found in before.items()}


@pytest.mark.usefixtures("world")
def test_the_command_says_how_many_rows_each_table_has(app, database, work_tables):
    with database.writing() as session:
        session.execute(delete(OpenLine))
    done = app.test_cli_runner().invoke(args=["reconcile", "rebuild", "--json"])

    assert done.exit_code == 0
    assert json.loads(done.output)["open_line"] == len(work_tables()["open_line"]) == 2
