"""Two orders at one till, and everything that a browser, a forger, a bank and time can do to them.

A machine plays at random; after each step, and when all has come to rest, our books and the
bank's must tell the same story. A failure prints the steps that lead to it.
"""

import secrets
from datetime import timedelta
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from core.database import sum_rial
from donations.models.contribution import Contribution, Origin
from donations.models.payment import NEXT_STATES, OPEN_STATES, Payment, PaymentState, PaymentStep
from flows.catalogue import load_terminals
from flows.checking import check_ledger
from flows.confirming import finish_payment
from flows.receiving import receive_payment
from ledger.postings import Entry
from payment_gateways.accounts import GatewayAccount
from payment_gateways.registry import open_gateways
from receipts.life.series import Receipt
from tests.proofs.crash_worker import gateway_name

S = PaymentState
ORDERS = st.integers(0, 1)
# What makes the bank know less than it did, or say it in a way that cannot be read.
FAULTS = ("drop_before", "drop_after", "html_500", "html_200", "truncate", "unlisted_code", "busy")
STEPS = ("confirm", "settle", "recover", "*")
FAULTS_MAX = 3
ODD_VALUES = st.sampled_from(["111111", "", "0", "-5", "۱۲۳", "17", "43", "OK", "00"])
# What a browser brings differs in names and order; a draw of places serves every gateway.
PLACES = st.sets(st.integers(0, 12), min_size=1)
# Saman's answer names terminal and amount, and no order: of two payments of one amount it cannot
# say which is which, so that its reference is as good as the money (guide 3.3, VerifyTransaction).
SECRETS = {"sep": frozenset({"RefNum"})}
LONG_AFTER = (3, 3, 60, 26 * 60)  # minutes: until nothing can be open any more


class TwoOrders(RuleBasedStateMachine):
    """Two attempts to pay: of two promises, or of one and the same."""

    till = None  # given by the test
    gateway = "mellat-main"
    steps = {}  # step of the contract -> operation of the wire
    secrets = frozenset()  # fields by which alone the bank knows a payment: nobody else has them

    @initialize(same_promise=st.booleans())
    def begin(self, same_promise):
        self.till.late, self.faults = timedelta(), 0
        first = self.till.begin(gateway=self.gateway)
        second = self.till.begin(
            gateway=self.gateway, pledge_id=first.pledge_id if same_promise else None
        )
        self.orders = [first, second]
        self.method = "POST"
        self.brought = [None, None]  # what the bank let the browser of each order bring back

    @rule(order=ORDERS)
    def pay(self, order):
        if self.brought[order] is None:
            self.brought[order] = self.act(order, "pay")

    @rule(order=ORDERS)
    def cancel(self, order):
        if self.brought[order] is None:
            self.brought[order] = self.act(order, "cancel")

    @rule(order=ORDERS, times=st.integers(1, 3))
    def come_back(self, order, times):
        for _ in range(times if self.brought[order] else 0):
            self.till.come_back(self.orders[order], self.brought[order], self.method)

    @rule(order=ORDERS, places=PLACES, value=ODD_VALUES)
    def forge(self, order, places, value):
        fields = self.own(order)
        changed = {name: value for at, name in enumerate(fields) if at in places}
        self.till.come_back(self.orders[order], fields | changed, self.method)

    @rule(order=ORDERS, places=PLACES)
    def cross(self, order, places):
        other = self.brought[1 - order] or {}
        taken = {
            name: text
            for at, (name, text) in enumerate(other.items())
            if at in places and name not in self.secrets
        }
        self.till.come_back(self.orders[order], self.own(order) | taken, self.method)

    @rule(order=ORDERS)
    def ask_again(self, order):
        finish_payment(
            self.till.database,
            self.till.gateways,
            self.orders[order].id,
            clock=self.till.clock,
        )

    @rule(minutes=st.sampled_from([0, 1, 3, 20, 60]))
    def sweep(self, minutes):
        self.till.sweep(minutes=minutes)

    @precondition(lambda self: self.faults < FAULTS_MAX)
    @rule(step=st.sampled_from(STEPS), fault=st.sampled_from(FAULTS))
    def fall_ill(self, step, fault):
        self.till.bank.break_next(self.steps.get(step, "*"), fault)
        self.faults += 1

    @invariant()
    def nothing_is_received_that_the_bank_did_not_settle(self):
        for payment in self.now():
            assert not payment.is_final or self.at_bank(payment) == "settled"

    @invariant()
    def what_is_received_is_recorded_once(self):
        final = [payment for payment in self.now() if payment.is_final]
        gifts = [payment for payment in final if not payment.is_surplus]
        assert len({payment.pledge_id for payment in gifts}) == len(gifts)
        assert self.contributions() == sorted(payment.id for payment in gifts)
        references = [one.bank_reference for one in self.now() if one.bank_reference]
        assert len(set(references)) == len(references)

    @invariant()
    def the_books_balance(self):
        with self.till.database.reading() as session:
            assert session.scalars(select(sum_rial(Entry.amount_rial))).one() == 0

    def teardown(self):
        if not hasattr(self, "orders"):
            return
        self.till.bank.mend()
        for order in (0, 1):
            self.come_back(order, 1)
        for minutes in LONG_AFTER:
            self.till.sweep(minutes=minutes)
        for payment in self.now():
            row = self.till.bank.payment(payment.order_number)
            assert (row["state"] == "settled") == payment.is_final
            # What nobody asked the bank to confirm goes back by itself.
            goes_back = row["verify_until"] is not None and payment.state is S.EXPIRED
            assert row["state"] != "verified"
            assert row["state"] != "paid" or goes_back
            assert payment.is_final or payment.state not in OPEN_STATES
        self.what_is_received_is_recorded_once()
        self.every_history_is_a_way_through_the_arrows()
        with self.till.database.reading() as session:
            assert [check.detail for check in check_ledger(session).checks if not check.ok] == []
            assert session.scalar(select(func.count(Receipt.id))) == session.scalar(
                select(func.count(Contribution.id))
            )

    def every_history_is_a_way_through_the_arrows(self):
        for payment in self.now():
            with self.till.database.reading() as session:
                states = session.scalars(
                    select(PaymentStep.state)
                    .where(PaymentStep.payment_id == payment.id)
                    .order_by(PaymentStep.id)
                ).all()
            for one, other in pairwise(states):
                assert one is other or other in NEXT_STATES[one], states

    def own(self, order):
        """What an order's browser brought, or would bring if the payer gave up now."""
        if self.brought[order] is None:
            return self.fields(self.till.bank.get(f"payments/{self.orders[order].token}")["return"])
        return dict(self.brought[order])

    def act(self, order, do):
        return self.fields(self.till.bank.pay(self.orders[order].token, do))

    def fields(self, back):
        """The fields that come back, without those of our own address."""
        self.method = back["method"]
        return {**dict(parse_qsl(urlsplit(back["url"]).query)), **back["fields"]}

    def now(self):
        return [self.till.payment(payment.id) for payment in self.orders]

    def at_bank(self, payment):
        return self.till.bank.payment(payment.order_number)["state"]

    def contributions(self):
        ids = [payment.id for payment in self.orders]
        with self.till.database.reading() as session:
            return sorted(
                session.scalars(
                    select(Contribution.cause_id).where(
                        Contribution.origin == Origin.GATEWAY, Contribution.cause_id.in_(ids)
                    )
                )
            )


class Believing(TwoOrders):
    """A broken build: whoever comes back and says that it is paid is believed."""

    @rule(order=ORDERS)
    def believe(self, order):
        with self.till.database.writing() as session:
            payment = session.get_one(Payment, self.orders[order].id)
            receive_payment(session, payment, now=self.till.clock())


def play(machine, till, slug="mellat", **options):
    facts = till.bank.get("wires", terminal=str(secrets.randbelow(10**8)))[slug]
    account = GatewayAccount(
        name=gateway_name(slug),
        adapter=slug,
        account="90190",
        settings=facts["settings"],
        base_url=till.bank.base_url,
    )
    till.gateways = open_gateways([account])
    with till.database.writing() as session:
        load_terminals(session, till.gateways)
    given = {
        "till": till,
        "gateway": account.name,
        "steps": facts["steps"],
        "secrets": SECRETS.get(slug, frozenset()),
    }
    made = type(machine.__name__, (machine,), given)
    run_state_machine_as_test(
        made,
        settings=settings(
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
            **options,
        ),
    )


# Each ties an answer to us in another way: by what we ask, by what it carries, by the reference.
@pytest.mark.parametrize("slug", ["mellat", "sadad", "sep", "zarinpal"])
def test_our_books_and_the_banks_tell_the_same_story_whatever_happens(till, slug):
    play(TwoOrders, till, slug, max_examples=20, stateful_step_count=15)


def test_twin_a_build_that_believes_the_browser_is_caught(till):
    with pytest.raises(AssertionError):
        play(
            Believing,
            till,
            max_examples=100,
            stateful_step_count=10,
            derandomize=True,
            phases=[Phase.generate],
        )
