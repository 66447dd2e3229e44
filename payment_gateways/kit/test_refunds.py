"""Giving money back: undoing a payment whole, and refunds that are ordered once."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from payment_gateways.contract import Kind, StoredPayment
from payment_gateways.kit.bench import AMOUNT_RIAL, Bench, LateBench
from payment_gateways.kit.oracle import Verdict

ON_ITS_WAY = {Kind.DONE, Kind.OPEN}


def refunds_of(bench: Bench, stored: StoredPayment) -> list[Mapping[str, Any]]:
    """The refunds of one payment in the bank's books."""
    payment = bench.bank.payment(stored.token or "")
    return [row for row in bench.bank.refunds() if row["payment_id"] == payment["id"]]


@pytest.mark.case(37, when="can_reverse")
def test_a_confirmed_payment_goes_back_once(bench: Bench) -> None:
    stored = bench.confirmed()

    first, second = (bench.adapter.reverse(stored) for _ in range(2))

    assert first.kind is Kind.DONE, first
    assert second.kind in {Kind.DONE, Kind.REFUSED}, second
    assert bench.state_at_bank(stored) == "reversed"
    assert bench.verdict(stored, bench.adapter.confirm(stored)) is not Verdict.RECEIVED
    if bench.manifest.can_inquire:
        assert bench.adapter.inquire(stored).kind is Kind.RETURNED


@pytest.mark.case(37, when="can_reverse")
def test_what_was_not_paid_cannot_go_back(bench: Bench) -> None:
    stored = bench.start()

    outcome = bench.adapter.reverse(stored)

    assert outcome.kind not in {Kind.DONE, Kind.RETURNED, Kind.CONFIRMED}, outcome
    assert bench.state_at_bank(stored) == "open"


@pytest.mark.case(37, when="can_reverse")
def test_a_lost_answer_to_a_reversal_is_found_by_the_next(bench: Bench) -> None:
    stored = bench.confirmed()
    bench.break_next("reverse", "drop_after")

    lost, found = (bench.adapter.reverse(stored) for _ in range(2))

    assert lost.kind in {Kind.UNKNOWN, Kind.DONE}, lost
    assert found.kind in {Kind.DONE, Kind.REFUSED}, found
    assert bench.state_at_bank(stored) == "reversed"


@pytest.mark.case(37, unless="can_reverse")
def test_where_nothing_can_be_undone_nobody_is_called(bench: Bench) -> None:
    stored = bench.confirmed()

    with bench.counting() as calls:
        outcome = bench.adapter.reverse(stored)

    assert (outcome.kind, calls) == (Kind.REFUSED, [])
    assert bench.is_final_at_bank(stored)


@pytest.mark.case(38, when="reverse_window")
def test_after_the_window_nothing_goes_back(late_bench: LateBench) -> None:
    stored = late_bench.confirmed()
    state = late_bench.state_at_bank(stored)
    late_bench.let_pass(late_bench.spoken.reverse_seconds + 60)

    outcome = late_bench.adapter.reverse(stored)

    assert outcome.kind in {Kind.REFUSED, Kind.NOT_FOUND, Kind.UNKNOWN}, outcome
    assert late_bench.state_at_bank(stored) == state


@pytest.mark.case(38, unless="reverse_window")
def test_without_a_window_the_manifest_promises_none(late_bench: LateBench) -> None:
    stored = late_bench.confirmed()
    late_bench.let_pass(600)

    outcome = late_bench.adapter.reverse(stored)

    expected = Kind.DONE if late_bench.manifest.can_reverse else Kind.REFUSED
    assert outcome.kind is expected, outcome


@pytest.mark.case(39, when="can_refund")
def test_a_payment_is_refunded_whole(bench: Bench) -> None:
    stored, refund = bench.final(), bench.refund()

    outcome = bench.adapter.refund(stored, refund)
    known = replace(refund, bank_reference=outcome.bank_reference)
    status = bench.adapter.refund_status(stored, known)

    assert outcome.kind is Kind.DONE, outcome
    assert outcome.bank_reference, "a refund that was taken has a name at the bank"
    assert status.kind in ON_ITS_WAY, status
    assert [row["amount"] for row in refunds_of(bench, stored)] == [refund.amount_rial]


@pytest.mark.case(39, when="can_refund_part")
def test_parts_are_refunded_until_all_is_gone(bench: Bench) -> None:
    stored = bench.final()
    parts = [bench.refund(AMOUNT_RIAL // 2) for _ in range(3)]

    kinds = [bench.adapter.refund(stored, part).kind for part in parts]

    assert kinds == [Kind.DONE, Kind.DONE, Kind.REFUSED]
    assert bench.adapter.refund_status(stored, parts[2]).kind is not Kind.DONE


@pytest.mark.case(39, when="can_refund")
def test_more_than_was_paid_is_not_refunded(bench: Bench) -> None:
    stored = bench.final()
    before = bench.bank.refunds()

    outcome = bench.adapter.refund(stored, bench.refund(AMOUNT_RIAL + 10))

    assert outcome.kind is Kind.REFUSED, outcome
    assert bench.bank.refunds() == before


@pytest.mark.case(39, when="can_refund")
def test_the_same_order_to_refund_is_carried_out_once(bench: Bench) -> None:
    """Where the bank knows our number; where it has none, the sum is the last guard."""
    stored, refund = bench.final(), bench.refund()

    first, second = (bench.adapter.refund(stored, refund) for _ in range(2))

    assert first.kind is Kind.DONE, first
    assert second.kind in {Kind.DONE, Kind.REFUSED, Kind.UNKNOWN}, second
    assert sum(row["amount"] for row in refunds_of(bench, stored)) == refund.amount_rial


@pytest.mark.case(39, when="can_refund_part")
def test_a_part_is_not_refunded_twice_where_the_bank_knows_its_number(bench: Bench) -> None:
    stored, refund = bench.final(), bench.refund(AMOUNT_RIAL // 4)

    bench.adapter.refund(stored, refund)
    (row,) = refunds_of(bench, stored)
    bench.adapter.refund(stored, refund)

    is_known = row["number"] == str(refund.number)
    assert len(refunds_of(bench, stored)) == 1 or not is_known


@pytest.mark.case(39, unless="can_refund")
def test_where_nothing_is_refunded_nobody_is_called(bench: Bench) -> None:
    stored, refund = bench.final(), bench.refund()

    with bench.counting() as calls:
        order = bench.adapter.refund(stored, refund)
        status = bench.adapter.refund_status(stored, refund)

    # An order sent while the account could still send one is not declined because it cannot now.
    assert order.kind is Kind.REFUSED
    assert status.kind in {Kind.REFUSED, Kind.CONFIG_ERROR}
    assert calls == []
    assert not bench.manifest.can_refund_part


@pytest.mark.case(40, when="can_refund")
@pytest.mark.parametrize("fault", ["drop_after", "html_500_after", "truncate"])
def test_a_refund_whose_answer_was_lost_is_found_and_not_repeated(bench: Bench, fault: str) -> None:
    stored, refund = bench.final(), bench.refund()
    before = len(bench.bank.refunds())
    bench.break_next("refund", fault)

    with bench.counting() as calls:
        lost = bench.adapter.refund(stored, refund)
    found = bench.adapter.refund_status(stored, refund)

    assert lost.kind is Kind.UNKNOWN, lost
    assert bench.calls_of(calls, "refund") == 1
    assert found.kind in ON_ITS_WAY, found
    assert len(bench.bank.refunds()) == before + 1


@pytest.mark.case(40, when="can_refund")
def test_a_refund_without_a_name_is_looked_for(bench: Bench) -> None:
    stored, refund = bench.final(), bench.refund()

    with bench.spoiling("without_reference"):
        nameless = bench.adapter.refund(stored, refund)
    found = bench.adapter.refund_status(stored, refund)

    if nameless.kind is Kind.UNKNOWN:
        assert found.kind in {Kind.NOT_FOUND, *ON_ITS_WAY}, found
    else:
        assert nameless.kind is Kind.REFUSED or nameless.bank_reference, nameless
    assert len(refunds_of(bench, stored)) <= 1


@pytest.mark.case(40, when="can_refund")
def test_a_refund_that_never_arrived_may_be_sent(bench: Bench) -> None:
    stored, refund = bench.final(), bench.refund()
    bench.break_next("refund", "drop_before")

    lost = bench.adapter.refund(stored, refund)
    status = bench.adapter.refund_status(stored, refund)
    then = bench.adapter.refund(stored, refund)

    assert (lost.kind, status.kind, then.kind) == (Kind.UNKNOWN, Kind.NOT_FOUND, Kind.DONE)


@pytest.mark.case(40, when="can_refund")
def test_a_refund_that_cannot_be_asked_about_is_unknown(bench: Bench) -> None:
    stored, refund = bench.final(), bench.refund()
    outcome = bench.adapter.refund(stored, refund)
    bench.break_next("refund_status", "drop_before")

    status = bench.adapter.refund_status(
        stored, replace(refund, bank_reference=outcome.bank_reference)
    )

    assert status.kind is Kind.UNKNOWN, status


@pytest.mark.case(40, unless="can_refund")
def test_a_refund_that_cannot_be_is_not_on_record_either(bench: Bench) -> None:
    before = bench.bank.refunds()

    bench.adapter.refund(bench.final(), bench.refund())

    assert bench.bank.refunds() == before
