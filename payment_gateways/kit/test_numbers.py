"""Numbers in every dress that banks give them: read rightly, or not at all."""

import pytest

from payment_gateways.contract import Kind
from payment_gateways.kit.bench import Bench
from payment_gateways.kit.oracle import Verdict

HARMLESS = ("persian_digits", "numbers_as_texts", "texts_as_numbers")
DOUBTFUL = ("decimals", "grouped")


@pytest.mark.case(18)
@pytest.mark.parametrize("fault", HARMLESS)
def test_a_number_is_a_number_in_digits_of_any_kind(bench: Bench, fault: str) -> None:
    stored = bench.paid()
    bench.break_next("confirm", fault)

    outcome = bench.adapter.confirm(stored)
    again = bench.adapter.confirm(stored)

    assert bench.verdict(stored, outcome) is Verdict.RECEIVED, outcome
    assert (outcome.bank_reference or "").isascii()
    assert outcome.bank_reference == again.bank_reference
    assert outcome.amount_rial == again.amount_rial


@pytest.mark.case(18)
@pytest.mark.parametrize("fault", DOUBTFUL)
def test_a_number_in_doubt_never_becomes_another(bench: Bench, fault: str) -> None:
    stored = bench.paid()

    with bench.spoiling(fault):
        outcome = bench.adapter.confirm(stored)
    truth = bench.adapter.confirm(stored)

    assert bench.verdict(stored, outcome) in {Verdict.RECEIVED, Verdict.PENDING}, outcome
    assert outcome.amount_rial in {None, stored.amount_rial}
    if outcome.kind is not Kind.UNKNOWN:
        assert outcome.bank_reference == truth.bank_reference


@pytest.mark.case(18)
@pytest.mark.parametrize("fault", [*HARMLESS, *DOUBTFUL])
def test_a_token_is_read_as_it_was_given(bench: Bench, fault: str) -> None:
    bench.break_next("start", fault)
    intent = bench.intent()

    outcome = bench.adapter.start(intent)

    if outcome.kind is Kind.STARTED:
        assert bench.bank.payment(outcome.token or "")["amount"] == intent.amount_rial
    else:
        assert outcome.kind is Kind.UNKNOWN, outcome
