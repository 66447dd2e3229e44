"""Making a payment final: once, repeatably, from many sides at a time, and the pay-out after it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from payment_gateways.contract import Claim, Kind, Recovery
from payment_gateways.kit.bench import Bench
from payment_gateways.kit.oracle import PAID, Verdict, is_ours

DONE_AND_LOST = ("drop_after", "html_500_after", "truncate")
NOT_DONE = ("drop_before", "html_500", "unlisted_code")


@pytest.mark.case(1)
def test_a_payment_goes_all_the_way(bench: Bench) -> None:
    stored = bench.start()
    hint = bench.come_back(stored)
    stored = replace(stored, bank_reference=hint.bank_reference)

    confirmed = bench.adapter.confirm(stored)
    settled = bench.adapter.settle(stored)

    assert hint.claim is Claim.PAID
    assert is_ours(stored, hint)
    assert confirmed.kind is Kind.CONFIRMED
    assert bench.verdict(stored, confirmed, hint) is Verdict.RECEIVED
    assert settled.kind is Kind.DONE
    books = bench.bank.payment(stored.token or "")
    assert books["charged"] == stored.amount_rial
    assert bench.is_final_at_bank(stored)
    named = {confirmed.bank_reference, confirmed.trace_number, stored.bank_reference, stored.token}
    assert books["reference"] in named


@pytest.mark.case(1)
def test_what_an_outcome_shows_is_fit_to_be_shown(bench: Bench) -> None:
    outcome = bench.adapter.confirm(bench.paid())

    assert outcome.card_masked is None or "*" in outcome.card_masked
    assert outcome.reason_fa
    assert outcome.reason_en.isascii()
    assert all(
        isinstance(name, str) and isinstance(value, str) for name, value in outcome.evidence.items()
    )


@pytest.mark.case(5)
def test_a_second_confirm_says_the_same_money_again(bench: Bench) -> None:
    stored = bench.paid()
    first = bench.adapter.confirm(stored)

    again = bench.adapter.confirm(stored)
    bench.adapter.settle(stored)
    late = bench.adapter.confirm(stored)

    assert [outcome.kind for outcome in (again, late)] == [Kind.ALREADY_CONFIRMED] * 2
    assert {again.bank_reference, late.bank_reference} == {first.bank_reference}
    assert bench.verdict(stored, again) is Verdict.RECEIVED


@pytest.mark.case(6)
@pytest.mark.parametrize("fault", DONE_AND_LOST)
def test_a_lost_answer_is_found_by_the_next_confirm(bench: Bench, fault: str) -> None:
    stored = bench.paid()
    bench.break_next("confirm", fault)

    lost = bench.adapter.confirm(stored)
    found = bench.adapter.confirm(stored)

    assert lost.kind in {Kind.UNKNOWN, Kind.ALREADY_CONFIRMED}, lost
    assert found.kind is Kind.ALREADY_CONFIRMED
    assert bench.verdict(stored, found) is Verdict.RECEIVED


@pytest.mark.case(8)
@pytest.mark.parametrize("fault", [*DONE_AND_LOST, *NOT_DONE])
def test_a_confirm_is_sent_once_in_a_call(bench: Bench, fault: str) -> None:
    stored = bench.paid()
    bench.break_next("confirm", fault)

    with bench.counting() as calls:
        bench.adapter.confirm(stored)

    assert bench.calls_of(calls, "confirm") == 1


@pytest.mark.case(31)
def test_eight_confirms_at_once_are_one_confirmation(bench: Bench) -> None:
    stored = bench.paid()

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(bench.adapter.confirm, [stored] * 8))

    kinds = [outcome.kind for outcome in outcomes]
    assert kinds.count(Kind.CONFIRMED) == 1, kinds
    assert kinds.count(Kind.ALREADY_CONFIRMED) == 7, kinds
    assert len({outcome.bank_reference for outcome in outcomes}) == 1


@pytest.mark.case(41, when="needs_settle")
def test_a_settlement_can_be_asked_for_again(bench: Bench) -> None:
    stored = bench.confirmed()

    kinds = [bench.adapter.settle(stored).kind for _ in range(3)]

    assert kinds == [Kind.DONE] * 3
    assert bench.state_at_bank(stored) == "settled"


@pytest.mark.case(41, when="needs_settle")
def test_what_is_not_confirmed_is_not_settled(bench: Bench) -> None:
    stored = bench.paid()

    outcome = bench.adapter.settle(stored)

    assert outcome.kind in {Kind.REFUSED, Kind.UNKNOWN, Kind.OPEN, Kind.AWAITS_CONFIRM}
    assert bench.state_at_bank(stored) == "paid"


@pytest.mark.case(41, unless="needs_settle")
def test_where_there_is_no_settling_nobody_is_called(bench: Bench) -> None:
    stored = bench.confirmed()

    with bench.counting() as calls:
        outcome = bench.adapter.settle(stored)

    assert (outcome.kind, calls) == (Kind.DONE, [])


@pytest.mark.case(6, when="can_recover")
def test_the_browser_that_never_came_back_is_found_by_the_bank(bench: Bench) -> None:
    stored = bench.start()
    bench.play(stored, "close")

    if bench.manifest.recovers_by is Recovery.INQUIRY:
        assert bench.adapter.recover(stored).kind is Kind.AWAITS_CONFIRM
        assert bench.state_at_bank(stored) == "paid"
    outcome = bench.adapter.confirm(stored)

    assert outcome.kind is Kind.CONFIRMED
    assert outcome.bank_reference or stored.bank_reference
    assert bench.verdict(stored, outcome) is Verdict.RECEIVED


@pytest.mark.case(6, unless="can_recover")
def test_without_what_the_browser_brings_nothing_is_confirmed(bench: Bench) -> None:
    stored = bench.start()
    bench.play(stored, "close")

    with bench.counting() as calls:
        outcome = bench.adapter.confirm(stored)

    assert bench.calls_of(calls, "confirm") == 0, "there is nothing that the bank could be asked"
    assert outcome.kind not in PAID | {Kind.NOT_PAID, Kind.RETURNED}
    assert bench.adapter.recover(stored).kind is Kind.REFUSED
    assert bench.state_at_bank(stored) == "paid"


@pytest.mark.case(6, when="can_inquire")
def test_an_inquiry_tells_and_changes_nothing(bench: Bench) -> None:
    stored = bench.paid()

    before = bench.adapter.inquire(stored)
    state = bench.state_at_bank(stored)
    bench.adapter.confirm(stored)
    after = bench.adapter.inquire(stored)

    assert (before.kind, state) == (Kind.AWAITS_CONFIRM, "paid")
    assert after.kind is Kind.ALREADY_CONFIRMED


@pytest.mark.case(6)
def test_a_step_that_a_gateway_lacks_calls_nobody(bench: Bench, missing_step: str) -> None:
    stored, refund = bench.paid(), bench.refund()

    with bench.counting() as calls:
        match missing_step:
            case "refund" | "refund_status":
                outcome = getattr(bench.adapter, missing_step)(stored, refund)
            case "list_unverified":
                outcome = bench.adapter.list_unverified().outcome
            case _:
                outcome = getattr(bench.adapter, missing_step)(stored)

    expected = Kind.DONE if missing_step == "settle" else Kind.REFUSED
    assert (outcome.kind, calls) == (expected, [])
