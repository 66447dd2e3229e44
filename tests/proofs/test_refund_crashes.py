"""A refund whose process is killed, event by event: the money goes back once all the same.

The twin sends again after a crash without asking the bank first, and the bank's books show it.
"""

import os
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from core.database import Database
from donations.models.payment import PaymentState
from donations.voiding import AlreadyDecided
from flows.refunding import approve_refund, send_back
from tests.flows.test_refunding import Office, Saying
from tests.proofs.crash_worker import Fate

S = PaymentState
_EVERY = 2  # of the events, so that the whole takes seconds


class Watched(Saying):
    """An adapter with an event before and after each call."""

    def __init__(self, adapter, fate):
        super().__init__(adapter, {})
        self._fate = fate

    def __getattr__(self, name):
        act = getattr(self._adapter, name)
        if name not in ("refund", "refund_status", "reverse"):
            return act

        def watched(*facts):
            self._fate.happens()
            outcome = act(*facts)
            self._fate.happens()
            return outcome

        return watched


@pytest.fixture
def office(database, paying_gateways, sandbox_bank):
    return Office(database, paying_gateways, sandbox_bank)


def killed_while_approving(office, url, request_id, dies_at):
    """Approve in a process of its own that dies at this event; how many events it lived through."""
    office.database.engine.dispose()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:  # pragma: no cover  it is killed, or leaves without a word
        fate = Fate(dies_at)
        database = Database(url)
        gateways = {
            name: replace(gateway, adapter=Watched(gateway.adapter, fate))
            for name, gateway in office.gateways.items()
        }
        with fate.watching(database):
            approve_refund(
                database, gateways, request_id, decided_by_id=office.checker, clock=office.clock
            )
        os.write(writer, str(fate.events).encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as told:
        return int(told.read() or 0)


@pytest.mark.parametrize(
    ("gateway", "do", "end"),
    [("mellat-main", "pay", S.REFUNDED), ("mellat-main", "other", S.REVERSED)],
    ids=["refund", "reversal"],
)
def test_whenever_the_process_dies_the_money_goes_back_once(office, database_url, gateway, do, end):
    events = killed_while_approving(
        office, database_url, office.ask(office.paid(gateway=gateway, do=do)), None
    )
    assert events > 20
    payments = []
    for dies_at in range(1, events + 1, _EVERY):
        payment = office.paid(gateway=gateway, do=do)
        request_id = office.ask(payment)
        lived = killed_while_approving(office, database_url, request_id, dies_at)
        assert lived < dies_at
        payments.append(payment)
        with suppress(AlreadyDecided):  # it died before the decision was written down
            office.approve(request_id)

    for _ in range(2):
        office.go_on()

    assert {office.payment(payment.id).state for payment in payments} == {end}
    if end is S.REFUNDED:
        assert [len(office.refunds_at_bank(payment)) for payment in payments] == [1] * len(payments)
    assert office.failing() == {}


def test_the_twin_that_sends_again_without_asking_is_told_by_the_bank(office, database_url):
    """Killed between the bank's yes and our commit, and then the order given once more."""
    first = office.ask(office.paid())
    events = killed_while_approving(office, database_url, first, None)
    for dies_at in range(events, 0, -1):
        payment = office.paid()
        request_id = office.ask(payment)
        killed_while_approving(office, database_url, request_id, dies_at)
        if office.payment(payment.id).state is not S.REFUNDED and office.refunds_at_bank(payment):
            break
    else:
        pytest.fail("no kill fell between the bank's yes and our commit")
    with office.database.writing() as session:  # as if nothing had been sent
        session.execute(text("UPDATE open_refund SET may_send = true"))

    send_back(
        office.database,
        office.gateways,
        payment.id,
        clock=lambda: office.clock() + timedelta(minutes=2),
    )

    # The bank knows the number, so it does not say that it is done; a new one would be paid twice.
    assert office.payment(payment.id).state is not S.REFUNDED
    assert len(office.refunds_at_bank(payment)) == 1
