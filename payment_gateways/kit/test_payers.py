"""What payers do: stay on the page, give up, pay late, pay and never come back."""

from dataclasses import replace

import pytest

from payment_gateways.contract import Claim, Kind
from payment_gateways.kit.bench import Bench, LateBench
from payment_gateways.kit.oracle import PAID, Verdict

ENDS = {Kind.NOT_PAID, Kind.RETURNED}
MONTH_SECONDS = 30 * 86_400


@pytest.mark.case(19)
def test_who_is_still_on_the_pay_page_has_not_failed(bench: Bench) -> None:
    stored = bench.start()

    kinds = {bench.adapter.confirm(stored).kind}
    if bench.manifest.can_inquire:
        kinds.add(bench.adapter.inquire(stored).kind)

    assert kinds <= {Kind.OPEN, Kind.NOT_FOUND, Kind.UNKNOWN}
    assert bench.state_at_bank(stored) == "open"
    assert bench.manifest.can_recover is False or Kind.UNKNOWN not in kinds


@pytest.mark.case(20)
def test_who_cancels_has_not_paid(bench: Bench) -> None:
    stored = bench.start()

    hint = bench.come_back(stored, "cancel")
    outcome = bench.adapter.confirm(replace(stored, bank_reference=hint.bank_reference))

    assert hint.claim is not Claim.PAID
    assert bench.verdict(stored, outcome) is not Verdict.RECEIVED
    if bench.manifest.can_recover:
        assert outcome.kind in {Kind.NOT_PAID, Kind.NOT_FOUND, Kind.OPEN}, outcome


@pytest.mark.case(21)
def test_who_pays_after_a_cancelled_return_has_paid(bench: Bench) -> None:
    """The browser's word is no proof: money that comes after it is money."""
    stored, another = bench.start(), bench.start()
    back = bench.play(another, "cancel")

    hint = bench.read(back)
    before = bench.adapter.confirm(stored)
    stored = replace(stored, bank_reference=bench.come_back(stored).bank_reference)
    after = bench.adapter.confirm(stored)

    assert hint.claim is not Claim.PAID
    assert before.kind not in ENDS | PAID, before
    assert bench.verdict(stored, after) is Verdict.RECEIVED, after


@pytest.mark.case(35, when="lists_unverified")
def test_what_nobody_confirmed_is_listed(bench: Bench) -> None:
    waiting, done, open_ = bench.paid(3_000_000), bench.final(), bench.start()

    listed = bench.adapter.list_unverified()
    bench.adapter.confirm(waiting)
    later = bench.adapter.list_unverified()

    assert listed.outcome.kind is Kind.DONE
    amounts = {payment.token: payment.amount_rial for payment in listed.payments}
    assert amounts.get(waiting.token or "") == 3_000_000
    assert not {done.token, open_.token} & amounts.keys()
    assert waiting.token not in {payment.token for payment in later.payments}


@pytest.mark.case(35, unless="lists_unverified")
def test_where_there_is_no_list_it_is_said(bench: Bench) -> None:
    bench.paid()

    with bench.counting() as calls:
        listed = bench.adapter.list_unverified()

    assert (listed.outcome.kind, listed.payments, calls) == (Kind.REFUSED, (), [])


@pytest.mark.case(36, when="returns_unconfirmed")
def test_money_that_went_back_is_never_confirmed(late_bench: LateBench) -> None:
    stored = late_bench.paid()
    seconds = late_bench.spoken.verify_seconds
    assert seconds, "the simulator returns nothing, and the manifest says that the bank does"
    late_bench.let_pass(seconds + 60)

    outcome = late_bench.adapter.confirm(stored)

    assert outcome.kind in {Kind.RETURNED, Kind.NOT_FOUND, Kind.NOT_PAID}, outcome
    assert late_bench.state_at_bank(stored) == "reversed"


@pytest.mark.case(36, when="returns_unconfirmed")
def test_until_the_window_closes_money_can_be_confirmed(late_bench: LateBench) -> None:
    window = late_bench.manifest.confirm_window.total_seconds()
    stored = late_bench.paid()
    late_bench.let_pass(min(window, late_bench.spoken.verify_seconds or window) - 30)

    outcome = late_bench.adapter.confirm(stored)

    assert late_bench.verdict(stored, outcome) is Verdict.RECEIVED, outcome


@pytest.mark.case(36, unless="returns_unconfirmed")
def test_money_that_stays_can_be_confirmed_for_ever(late_bench: LateBench) -> None:
    stored = late_bench.paid()
    late_bench.let_pass(MONTH_SECONDS)

    outcome = late_bench.adapter.confirm(stored)

    assert late_bench.verdict(stored, outcome) is Verdict.RECEIVED, outcome
