"""A payment's life between our rows and a real bank on a real socket."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, func, select

from core.clock import tehran_date
from donations.models.contribution import Contribution
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.pledge import ItemState
from donations.paying import AlreadyPaid
from donations.pledging import CashItem, DonorFacts
from flows.confirming import finish_payment
from flows.paying import UnknownGateway, begin_payment, take_return
from flows.receiving import NeedsTheBank, reverse_contribution
from flows.sweeping import sweep
from ledger.postings import balance_rial
from ledger.terminals import Terminal, TerminalTerms
from receipts.life.series import Receipt
from reconciliation.expected import ExpectedTerminalMoney
from tests.factories import a_pledge

S = PaymentState


class Till:
    """One gift in a test's hands: our side, the bank's side, and a clock that can be moved."""

    def __init__(self, database, gateways, bank):
        self.database, self.gateways, self.bank = database, gateways, bank
        self.late = timedelta()

    def clock(self):
        return datetime.now(UTC) + self.late

    def begin(self, *items, gateway="mellat-main", pledge_id=None):
        with self.database.writing() as session:
            pledge_id = pledge_id or a_pledge(session, *items, now=self.clock()).id
        begun = begin_payment(
            self.database,
            self.gateways,
            pledge_id=pledge_id,
            gateway=gateway,
            public_url="http://127.0.0.1:8000",
            clock=self.clock,
        )
        return self.payment(begun.payment_id)

    def payment(self, payment_id):
        with self.database.reading() as session:
            return session.get_one(Payment, payment_id)

    def come_back(self, payment, fields, method="POST"):
        def read(gateway):
            query = fields if method == "GET" else {}
            form = fields if method == "POST" else {}
            return gateway.adapter.read_return(method, query, form, b"")

        take_return(
            self.database,
            self.gateways,
            return_key=payment.return_key,
            read=read,
            clock=self.clock,
        )
        return self.payment(payment.id)

    def pay(self, payment, do="pay"):
        return self.bank.pay(payment.token, do)["fields"]

    def sweep(self, minutes=3):
        self.late += timedelta(minutes=minutes)
        return sweep(self.database, self.gateways, clock=self.clock)

    def count(self, model, *where):
        with self.database.reading() as session:
            return session.scalar(select(func.count()).select_from(model).where(*where))

    def balance(self, account):
        with self.database.reading() as session:
            return balance_rial(session, account)


@pytest.fixture
def till(database, paying_gateways, sandbox_bank):
    yield Till(database, paying_gateways, sandbox_bank)
    sandbox_bank.mend()


def test_a_gift_is_paid_settled_and_received(till):
    payment = till.begin(CashItem(2_500_000, "19041062101"))

    payment = till.come_back(payment, till.pay(payment))

    assert payment.state is S.SETTLED
    assert till.bank.payment(payment.order_number)["state"] == "settled"
    assert till.balance("gateway:mellat-main") == 2_500_000
    assert till.balance("fund:19041062101") == -2_500_000
    assert till.count(Receipt) == till.count(Contribution) == 1


def test_one_payment_serves_several_funds(till):
    payment = till.begin(CashItem(1_000_000), CashItem(500_000, "19041062101"))

    till.come_back(payment, till.pay(payment))

    assert till.balance("fund:most-needed") == -1_000_000
    assert till.balance("fund:19041062101") == -500_000
    assert till.count(Receipt) == 1


def test_zarinpal_is_final_without_a_settle(till):
    payment = till.begin(CashItem(2_500_000), gateway="zarinpal-main")
    back = till.bank.pay(payment.token)
    query = dict(pair.split("=") for pair in back["url"].partition("?")[2].split("&"))

    payment = till.come_back(payment, query, method="GET")

    assert payment.state is S.CONFIRMED
    assert payment.is_final
    assert till.count(Receipt) == 1


def test_a_card_charged_more_than_was_asked_is_for_people_to_look_at(till):
    payment = till.begin()

    after = till.come_back(payment, till.pay(payment, "other"))

    assert after.state is S.MISMATCH
    assert till.count(Contribution) == 0


def test_zarinpal_naming_another_amount_is_for_people_to_look_at(till):
    payment = till.begin(CashItem(2_500_000), gateway="zarinpal-main")
    till.bank.pay(payment.token, "other")

    till.sweep()

    assert till.payment(payment.id).state is S.MISMATCH
    assert till.count(Contribution) == 0


def test_a_cancelled_payment_moves_nothing(till):
    payment = till.begin()

    payment = till.come_back(payment, till.pay(payment, "cancel"))

    assert payment.state is S.CANCELLED_CLAIMED
    till.sweep()
    assert till.payment(payment.id).state is S.CANCELLED
    assert till.count(Contribution) == 0


def test_the_same_return_again_and_again_receives_once(till):
    payment = till.begin()
    fields = till.pay(payment)

    for _ in range(4):
        till.come_back(payment, fields)

    assert till.count(Contribution) == till.count(Receipt) == 1
    assert till.balance("gateway:mellat-main") == 2_500_000


def test_six_returns_at_once_receive_once(till):
    payment = till.begin()
    fields = till.pay(payment)
    start = threading.Barrier(6)

    def come_back():
        start.wait()
        till.come_back(payment, fields)

    browsers = [threading.Thread(target=come_back) for _ in range(6)]
    for browser in browsers:
        browser.start()
    for browser in browsers:
        browser.join()

    assert till.payment(payment.id).state is S.SETTLED
    assert till.count(Contribution) == till.count(Receipt) == 1


@pytest.mark.parametrize(
    "forged",
    [
        {"RefId": "AF82041a2Bf6989c7fF9"},
        {"SaleOrderId": "12345"},
        {"RefId": "", "SaleOrderId": ""},
    ],
    ids=["another token", "another order", "neither"],
)
def test_a_forged_return_changes_nothing(till, forged):
    payment = till.begin()
    fields = {
        "RefId": payment.token,
        "ResCode": "0",
        "SaleOrderId": str(payment.order_number),
        "SaleReferenceId": "111111",
    } | forged

    after = till.come_back(payment, fields)

    assert after.state is S.REDIRECTED
    assert till.count(PaymentStep, PaymentStep.step == "return_ignored") == 1
    assert till.count(Contribution) == 0


def test_a_made_up_success_is_asked_and_denied(till):
    payment = till.begin()

    after = till.come_back(
        payment,
        {
            "RefId": payment.token,
            "ResCode": "0",
            "SaleOrderId": str(payment.order_number),
            "SaleReferenceId": "111111",
        },
    )

    assert after.state is S.REDIRECTED
    assert after.bank_reference is None
    assert till.count(Contribution) == 0


def test_a_paid_order_cannot_pay_for_another(till):
    first = till.begin(CashItem(1_000_000))
    second = till.begin(CashItem(1_000_000))
    paid = till.pay(first)
    till.come_back(first, paid)

    crossed = paid | {"RefId": second.token, "SaleOrderId": str(second.order_number)}
    after = till.come_back(second, crossed)

    assert not after.is_final
    assert till.count(Contribution) == 1
    assert till.count(PaymentStep, PaymentStep.step == "reference_taken") == 1


def test_a_closed_browser_is_found_by_the_sweeper(till):
    payment = till.begin()
    till.bank.pay(payment.token, "close")

    report = till.sweep()

    assert (report.swept, report.confirmed) == (1, 1)
    assert till.payment(payment.id).state is S.SETTLED
    assert till.count(Receipt) == 1


def test_a_donor_still_at_the_bank_is_left_alone(till):
    payment = till.begin()

    till.sweep()

    assert till.payment(payment.id).state is S.REDIRECTED
    till.come_back(payment, till.pay(payment))
    assert till.payment(payment.id).is_final


def test_an_attempt_nobody_paid_expires_after_the_window(till):
    payment = till.begin()

    till.sweep(minutes=25)

    assert till.payment(payment.id).state is S.EXPIRED


def test_late_proof_counts_after_the_end(till):
    payment = till.begin()
    till.come_back(payment, {"RefId": payment.token, "ResCode": "17"})
    till.sweep()
    assert till.payment(payment.id).state is S.CANCELLED

    after = till.come_back(payment, till.pay(payment))

    assert after.state is S.SETTLED
    assert till.count(Receipt) == 1


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "html_500", "truncate"])
@pytest.mark.parametrize("operation", ["bpVerifyRequest", "bpSettleRequest"])
def test_a_silent_bank_leaves_it_open_and_the_sweeper_finishes(till, operation, fault):
    payment = till.begin()
    fields = till.pay(payment)
    till.bank.break_next(operation, fault)

    unknown = till.come_back(payment, fields)

    assert unknown.state in (S.CONFIRM_UNKNOWN, S.SETTLE_UNKNOWN)
    assert till.count(Contribution) == 0
    till.sweep()
    assert till.payment(payment.id).state is S.SETTLED
    assert till.count(Contribution) == till.count(Receipt) == 1


def test_a_second_payment_that_no_bank_gives_back_by_itself_is_surplus(till):
    first = till.begin()
    second = till.begin(pledge_id=first.pledge_id, gateway="zarinpal-main")
    till.come_back(first, till.pay(first))
    back = till.bank.pay(second.token)
    query = dict(pair.split("=") for pair in back["url"].partition("?")[2].split("&"))

    after = till.come_back(second, query, method="GET")

    assert after.is_final
    assert after.is_surplus
    assert till.balance("surplus") == -2_500_000
    assert till.count(Receipt) == 1


def test_a_paid_promise_takes_no_new_payment(till):
    first = till.begin()
    till.come_back(first, till.pay(first))

    with pytest.raises(AlreadyPaid):
        till.begin(pledge_id=first.pledge_id)


def test_a_bank_that_does_not_start_costs_the_donor_nothing(till):
    till.bank.break_next("bpPayRequest", "html_500")

    payment = till.begin()

    assert payment.state is S.START_UNKNOWN
    till.sweep()
    assert till.payment(payment.id).state is S.EXPIRED


def test_a_worker_that_died_before_the_commit_is_followed_by_another(till):
    payment = till.begin()
    fields = till.pay(payment)
    with till.database.writing() as session:
        session.execute(
            Payment.__table__.update()
            .where(Payment.id == payment.id)
            .values(state="confirming", bank_reference=fields["SaleReferenceId"])
        )

    till.sweep()

    assert till.payment(payment.id).state is S.SETTLED


def test_items_are_received_with_the_money(till):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))

    with till.database.reading() as session:
        pledge = session.get_one(Payment, payment.id).pledge
        assert [item.state for item in pledge.items] == [ItemState.RECEIVED]


def test_finishing_twice_changes_nothing(till):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))
    steps = till.count(PaymentStep)

    finish_payment(till.database, till.gateways, payment.id, clock=till.clock)

    assert till.count(PaymentStep) == steps


def test_a_bank_that_stays_silent_is_asked_ever_less_often(till):
    payment = till.begin()
    fields = till.pay(payment)
    till.bank.break_next("bpVerifyRequest", "html_500", times=100)
    till.come_back(payment, fields)

    for _ in range(20):
        till.sweep(minutes=1)

    asked = till.count(PaymentStep, PaymentStep.outcome == "unknown")
    assert 5 <= asked <= 10
    till.bank.mend()
    till.sweep(minutes=60)
    assert till.payment(payment.id).is_final


def test_payments_of_a_removed_gateway_keep_no_other_waiting(till):
    lost = [till.begin(gateway="zarinpal-main") for _ in range(3)]
    living = till.begin()
    till.bank.pay(living.token, "close")
    till.late += timedelta(minutes=3)

    only_mellat = {"mellat-main": till.gateways["mellat-main"]}
    sweep(till.database, only_mellat, clock=till.clock, limit=2)

    assert till.payment(living.id).is_final
    assert {till.payment(payment.id).state for payment in lost} == {S.REDIRECTED}


def test_a_terminal_that_is_not_in_the_register_takes_no_money(till):
    with till.database.writing() as session:
        session.execute(delete(TerminalTerms))
        session.execute(delete(Terminal))

    with pytest.raises(UnknownGateway):
        till.begin()

    assert till.count(Payment) == 0


def test_the_mobile_number_goes_to_the_bank_only_when_it_is_given(till):
    with till.database.writing() as session:
        pledge_id = a_pledge(session, donor=DonorFacts(mobile="09121234567"), now=till.clock()).id
    facts = {"pledge_id": pledge_id, "gateway": "mellat-main", "public_url": "http://x"}

    unknown = begin_payment(till.database, till.gateways, **facts, clock=till.clock)
    known = begin_payment(
        till.database, till.gateways, **facts, clock=till.clock, mobile="09121234567"
    )

    assert "MobileNo" not in unknown.redirect.fields
    assert known.redirect.fields["MobileNo"] == "989121234567"


def test_money_taken_before_midnight_belongs_to_that_days_pay_out(till):
    payment = till.begin()
    fields = till.pay(payment)
    till.bank.break_next("bpSettleRequest", "drop_after")
    till.come_back(payment, fields)
    asked_on = tehran_date(till.clock())

    till.sweep(minutes=24 * 60)

    assert till.payment(payment.id).state is S.SETTLED
    with till.database.reading() as session:
        assert session.scalars(select(ExpectedTerminalMoney.business_day)).one() == asked_on


def test_money_that_came_by_a_bank_is_not_voided_at_a_desk(till):
    payment = till.begin()
    till.come_back(payment, till.pay(payment))

    with pytest.raises(NeedsTheBank), till.database.writing() as session:
        reverse_contribution(
            session,
            session.scalars(select(Contribution.id)).one(),
            reason="x",
            asked_by_id=1,
            approved_by_id=2,
            now=till.clock(),
        )

    assert till.balance("gateway:mellat-main") == 2_500_000
