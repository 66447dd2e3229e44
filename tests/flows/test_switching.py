"""Another bank in the middle of paying: whatever comes back later, nobody pays twice unnoticed."""

import copy
import time
from dataclasses import replace

import pytest

from donations import paying
from donations.models.contribution import Contribution
from donations.models.payment import Payment, PaymentState, PaymentStep
from donations.models.pledge import Pledge
from donations.paying import AlreadyPaid, left_to_bank
from donations.tracking import StageKind, contributions_of, payments_of, timeline
from flows.switching import look_before_paying_again
from jobs.queue import Job
from payment_gateways.contract import Recovery
from tests.flows.test_paying import Till
from tests.proofs.test_races import at_once

S = PaymentState


@pytest.fixture
def till(database, paying_gateways, sandbox_bank):
    yield Till(database, paying_gateways, sandbox_bank)
    sandbox_bank.mend()


def adjusted(till, name, **facts):
    """The same bank with other facts in its manifest, such as how it tells of a payment."""
    gateway = till.gateways[name]
    adapter = copy.copy(gateway.adapter)
    adapter.manifest = replace(gateway.manifest, **facts)
    till.gateways = {**till.gateways, name: replace(gateway, adapter=adapter)}


def pay_at_zarinpal(till, payment):
    back = till.bank.pay(payment.token)
    query = dict(pair.split("=") for pair in back["url"].partition("?")[2].split("&"))
    return till.come_back(payment, query, method="GET")


def paid_at_both(till):
    """A paid at Mellat with a browser that is not back yet, B paid at Zarinpal and received."""
    first = till.begin()
    fields = till.pay(first)
    second = till.begin(pledge_id=first.pledge_id, gateway="zarinpal-main")
    assert pay_at_zarinpal(till, second).is_final
    return first, fields


def look_again(till, pledge_id, **patience):
    return look_before_paying_again(
        till.database, till.gateways, pledge_id, clock=till.clock, **patience
    )


def jobs(till, kind):
    return till.count(Job, Job.kind == kind)


def test_money_that_the_bank_gives_back_by_itself_is_not_confirmed_a_second_time(till):
    first, fields = paid_at_both(till)

    after = till.come_back(first, fields)

    assert after.state is S.RETURNED
    assert till.bank.payment(first.order_number)["state"] == "paid"  # nobody confirmed it
    assert till.count(PaymentStep, PaymentStep.step == "superseded") == 1
    assert jobs(till, "tell_payment_superseded") == 1
    assert till.count(Contribution) == 1


def test_twin_without_the_rule_the_second_payment_is_taken_too(till, monkeypatch):
    monkeypatch.setattr(paying, "_is_paid_by_another", lambda *_: False)
    first, fields = paid_at_both(till)

    after = till.come_back(first, fields)

    assert after.is_surplus
    assert till.bank.payment(first.order_number)["state"] == "settled"


def test_the_sweeper_only_looks_at_it_until_the_window_is_over(till):
    first, fields = paid_at_both(till)
    till.come_back(first, fields)

    till.sweep()
    assert till.payment(first.id).state is S.RETURNED
    till.sweep(minutes=25)

    assert till.payment(first.id).state is S.EXPIRED
    assert till.bank.payment(first.order_number)["state"] == "paid"
    assert till.count(Contribution) == 1


def test_a_browser_that_never_comes_back_is_left_to_the_bank_too(till):
    first, _fields = paid_at_both(till)

    till.sweep()
    assert till.bank.payment(first.order_number)["state"] == "paid"
    till.sweep(minutes=25)

    assert till.payment(first.id).state is S.EXPIRED
    assert till.count(Contribution) == 1


def test_what_may_have_been_confirmed_already_is_asked_about_and_becomes_surplus(till):
    first = till.begin()
    fields = till.pay(first)
    till.bank.break_next("bpVerifyRequest", "drop_after")
    assert till.come_back(first, fields).state is S.CONFIRM_UNKNOWN
    second = till.begin(pledge_id=first.pledge_id, gateway="zarinpal-main")
    pay_at_zarinpal(till, second)

    till.sweep()

    assert till.payment(first.id).is_surplus
    assert till.bank.payment(first.order_number)["state"] == "settled"


def test_a_look_that_confirms_and_is_not_heard_becomes_surplus(till):
    adjusted(till, "mellat-main", recovers_by=Recovery.CONFIRM)
    first = till.begin()
    till.bank.pay(first.token, "close")
    till.bank.break_next("bpVerifyRequest", "drop_after")
    till.sweep()
    assert till.payment(first.id).state is S.REDIRECTED
    second = till.begin(pledge_id=first.pledge_id, gateway="zarinpal-main")
    pay_at_zarinpal(till, second)

    till.sweep()

    assert till.payment(first.id).is_surplus


def test_where_only_a_confirm_tells_nothing_is_asked_and_it_ends_with_the_window(till):
    adjusted(till, "mellat-main", recovers_by=Recovery.CONFIRM)
    first, fields = paid_at_both(till)
    till.come_back(first, fields)

    till.sweep()
    assert till.payment(first.id).state is S.RETURNED
    till.sweep(minutes=25)

    assert till.payment(first.id).state is S.EXPIRED
    assert till.bank.payment(first.order_number)["state"] == "paid"


@pytest.mark.parametrize("_turn", range(3))
def test_both_coming_back_at_once_are_one_gift_at_most_one_surplus_and_no_trouble(till, _turn):
    first = till.begin()
    second = till.begin(pledge_id=first.pledge_id)
    paid = [(payment, till.pay(payment)) for payment in (first, second)]

    came = at_once(*(lambda one=one: till.come_back(*one) for one in paid))

    assert [trouble for trouble in came if isinstance(trouble, Exception)] == []
    assert till.count(Contribution) == 1
    finals = [till.payment(one.id) for one, _ in paid if till.payment(one.id).is_final]
    assert [payment.is_surplus for payment in finals].count(False) == 1
    for payment, _fields in paid:
        at_bank = till.bank.payment(payment.order_number)["state"]
        assert (at_bank == "settled") == till.payment(payment.id).is_final


def test_whoever_paid_already_is_found_out_before_another_bank_is_begun(till):
    first = till.begin()
    till.bank.pay(first.token, "close")

    assert look_again(till, first.pledge_id)

    assert till.payment(first.id).state is S.SETTLED
    with pytest.raises(AlreadyPaid):
        till.begin(pledge_id=first.pledge_id, gateway="zarinpal-main")


def test_whoever_has_not_paid_may_go_to_another_bank(till):
    first = till.begin()
    till.come_back(first, till.pay(first, "cancel"))

    assert look_again(till, first.pledge_id)

    assert till.payment(first.id).state is S.CANCELLED
    till.begin(pledge_id=first.pledge_id, gateway="zarinpal-main")


def test_whoever_has_paid_something_unclear_is_not_sent_to_pay_again(till):
    first = till.begin()
    till.bank.break_next("bpVerifyRequest", "html_500", times=9)
    till.come_back(first, till.pay(first))

    assert not look_again(till, first.pledge_id)


def test_a_slow_bank_is_not_waited_for_and_its_answer_still_counts(till):
    first = till.begin()
    till.bank.pay(first.token, "close")
    till.bank.break_next("bpSaleReferenceIdRequest", "delay", seconds=2)
    began = time.monotonic()

    assert look_again(till, first.pledge_id, patience_seconds=0.3)

    assert time.monotonic() - began < 1.5
    for _ in range(100):
        if till.payment(first.id).is_final:
            break
        time.sleep(0.1)
    assert till.payment(first.id).state is S.SETTLED


def test_a_bank_that_rests_is_not_asked(till):
    first = till.begin()
    till.bank.break_next("bpPayRequest", "drop_before", times=3)
    for _ in range(3):
        till.begin()
    asked = till.bank.get("calls")

    assert look_again(till, first.pledge_id)

    assert till.bank.get("calls") == asked


def test_looking_before_its_time_races_with_a_browser_that_comes_back(till):
    first = till.begin()
    fields = till.pay(first)

    at_once(
        lambda: till.come_back(first, fields),
        lambda: look_again(till, first.pledge_id),
        till.sweep,
    )
    till.sweep()

    assert till.payment(first.id).state is S.SETTLED
    assert till.count(Contribution) == 1
    assert till.count(Payment) == 1


def test_after_the_other_was_taken_back_by_its_bank_the_first_counts_again(till):
    first, fields = paid_at_both(till)
    with till.database.writing() as session:
        session.execute(
            Payment.__table__.update().where(Payment.id != first.id).values(state="reversed")
        )

    after = till.come_back(first, fields)

    assert after.is_final


def test_whoever_waits_for_the_pay_out_is_not_sent_to_pay_again(till):
    first = till.begin()
    till.bank.break_next("bpSettleRequest", "drop_before", times=9)
    assert till.come_back(first, till.pay(first)).state is S.SETTLE_UNKNOWN

    assert not look_again(till, first.pledge_id)


def test_whoever_paid_something_that_differs_is_not_sent_to_pay_again(till):
    first = till.begin()
    assert till.come_back(first, till.pay(first, "other")).state is S.MISMATCH

    assert not look_again(till, first.pledge_id)


def test_a_gateway_that_lost_its_settle_still_brings_the_gift_home(till):
    first = till.begin()
    till.bank.break_next("bpSettleRequest", "drop_before")
    till.come_back(first, till.pay(first))
    adjusted(till, "mellat-main", needs_settle=False)

    till.sweep()

    assert till.payment(first.id).is_final
    assert till.count(Contribution) == 1


def stages(till, pledge_id):
    with till.database.reading() as session:
        pledge, payments = session.get_one(Pledge, pledge_id), payments_of(session, pledge_id)
        left = left_to_bank(session, payments)
        return [
            stage.kind
            for stage in timeline(
                pledge, payments, contributions_of(session, pledge_id), left_to_bank=left
            )
        ]


def test_the_timeline_has_words_of_its_own_for_what_is_left_to_the_bank(till):
    first, fields = paid_at_both(till)
    till.come_back(first, fields)
    assert StageKind.NOT_TAKEN in stages(till, first.pledge_id)
    assert StageKind.BEING_CHECKED not in stages(till, first.pledge_id)

    till.sweep(minutes=25)

    assert till.payment(first.id).state is S.EXPIRED
    assert StageKind.NOT_TAKEN in stages(till, first.pledge_id)
    assert StageKind.NOT_PAID not in stages(till, first.pledge_id)
