"""What ties an answer to our payment: the amount, the order, the token, the reference.

The adapter hands over what the bank said and nothing of our own; a core that compares must then
see whatever differs.
"""

from dataclasses import replace

import pytest

from payment_gateways.contract import Binds, Kind, Recovery
from payment_gateways.kit.bench import AMOUNT_RIAL, Bench
from payment_gateways.kit.oracle import PAID, Verdict, is_ours, verdict

# Some banks have one code for "no such payment" and for "nobody has paid yet".
NOT_THERE = {Kind.NOT_FOUND, Kind.OPEN}


def other(name: str) -> str:
    """A name of the same shape that the bank never gave."""
    last = name[-1]
    if last.isdigit():
        return name[:-1] + str((int(last) + 5) % 10)
    return name[:-1] + ("b" if last == "a" else "a")


@pytest.mark.case(22)
def test_another_amount_than_asked_shows(bench: Bench) -> None:
    stored = bench.start()
    hint = bench.come_back(stored, "other")
    stored = replace(stored, bank_reference=hint.bank_reference)

    outcome = bench.adapter.confirm(stored)

    assert bench.verdict(stored, outcome, hint) is Verdict.MISMATCH, outcome
    if bench.manifest.binds_amount is Binds.REQUEST:
        assert bench.state_at_bank(stored) == "paid"


@pytest.mark.case(22)
def test_an_answer_with_another_amount_is_not_our_payment(bench: Bench) -> None:
    stored = bench.paid()

    with bench.spoiling("other_amount") as calls:
        outcome = bench.adapter.confirm(stored)

    if any(call.was_spoilt for call in calls):
        assert bench.verdict(stored, outcome) is Verdict.MISMATCH, outcome
    else:
        assert bench.manifest.binds_amount is not Binds.ANSWER
        assert outcome.amount_rial is None


@pytest.mark.case(22)
def test_our_own_amount_is_never_handed_back_as_the_banks(bench: Bench) -> None:
    stored = bench.paid(AMOUNT_RIAL)
    wrong = replace(stored, amount_rial=AMOUNT_RIAL * 10)

    outcome = bench.adapter.confirm(wrong)

    assert outcome.amount_rial in {None, AMOUNT_RIAL}, outcome
    if bench.manifest.binds_amount is not Binds.NOTHING:
        assert bench.verdict(wrong, outcome) is not Verdict.RECEIVED, outcome


@pytest.mark.case(23)
def test_without_an_amount_nothing_is_confirmed(bench: Bench) -> None:
    stored = bench.paid()

    with bench.spoiling("without_amount") as calls:
        outcome = bench.adapter.confirm(stored)
    then = bench.adapter.confirm(stored)

    if bench.manifest.binds_amount is Binds.ANSWER:
        assert any(call.was_spoilt for call in calls)
        assert outcome.amount_rial is None
        assert bench.verdict(stored, outcome) is Verdict.PENDING, outcome
    assert bench.verdict(stored, then) is Verdict.RECEIVED


@pytest.mark.case(24)
def test_another_order_than_ours_shows(bench: Bench) -> None:
    stored = bench.paid()

    with bench.spoiling("other_order") as calls:
        outcome = bench.adapter.confirm(stored)

    if bench.manifest.binds_order is Binds.ANSWER:
        assert any(call.was_spoilt for call in calls)
        assert bench.verdict(stored, outcome) is Verdict.MISMATCH, outcome
    else:
        assert bench.verdict(stored, outcome) is not Verdict.RECEIVED or not any(
            call.was_spoilt for call in calls
        )


@pytest.mark.case(24)
def test_our_own_order_is_never_handed_back_as_the_banks(bench: Bench) -> None:
    stored = bench.paid()
    wrong = replace(stored, order_number=bench.intent().order_number)

    outcome = bench.adapter.confirm(wrong)

    assert outcome.order_number in {None, stored.order_number}, outcome
    if bench.manifest.binds_order is not Binds.NOTHING:
        assert bench.verdict(wrong, outcome) is not Verdict.RECEIVED, outcome


@pytest.mark.case(24)
def test_an_order_that_the_answer_does_not_carry_is_not_ours_to_add(bench: Bench) -> None:
    stored = bench.paid()

    with bench.spoiling("without_order") as calls:
        outcome = bench.adapter.confirm(stored)
    then = bench.adapter.confirm(stored)

    if any(call.was_spoilt for call in calls):
        assert outcome.order_number is None, outcome
    assert bench.verdict(stored, then) is Verdict.RECEIVED


@pytest.mark.case(25)
def test_without_a_reference_nothing_is_confirmed(bench: Bench) -> None:
    stored = bench.start()
    bench.play(stored, "close")

    with bench.spoiling("without_reference") as calls:
        outcome = bench.adapter.confirm(stored)

    if any(call.was_spoilt for call in calls):
        assert (outcome.kind, outcome.bank_reference) == (Kind.UNKNOWN, None), outcome
    elif bench.manifest.can_recover:
        truth = bench.bank.payment(stored.token or "")
        assert outcome.bank_reference in {truth["reference"], truth["token"]}
    else:
        assert outcome.kind not in PAID


@pytest.mark.case(25)
def test_a_reference_is_handed_over_whenever_money_came(bench: Bench) -> None:
    stored = bench.paid()

    outcomes = [bench.adapter.confirm(stored) for _ in range(2)]

    for outcome in outcomes:
        reference = outcome.bank_reference or stored.bank_reference
        assert reference
        assert reference.isascii()
        assert len(reference) <= 64


@pytest.mark.case(25)
def test_a_step_without_our_reference_does_not_go_astray(bench: Bench, step: str) -> None:
    if step in {"start", "check", "list_unverified"}:
        return  # these name no payment
    stored = bench.paid() if step == "confirm" else bench.confirmed()
    if step.startswith("refund"):
        bench.adapter.settle(stored)

    outcome = bench.act(step, replace(stored, bank_reference=None))

    done = {Kind.DONE, Kind.OPEN, Kind.NOT_FOUND, Kind.AWAITS_CONFIRM, *PAID}
    assert outcome.kind in done | {Kind.REFUSED, Kind.UNKNOWN}, outcome
    if bench.manifest.can_recover and step in {"confirm", "recover", "inquire", "settle"}:
        assert outcome.kind in done, outcome


@pytest.mark.case(26)
def test_a_payment_that_nobody_started_is_not_found(bench: Bench) -> None:
    paid = bench.paid()
    stored = replace(
        paid,
        order_number=bench.intent().order_number,
        token=other(paid.token or ""),
        bank_reference=paid.bank_reference and other(paid.bank_reference),
    )

    outcome = bench.adapter.confirm(stored)

    assert outcome.kind in NOT_THERE, outcome
    assert bench.state_at_bank(paid) == "paid"
    if bench.manifest.recovers_by is Recovery.INQUIRY:
        assert bench.adapter.recover(stored).kind in NOT_THERE


@pytest.mark.case(26)
def test_a_payment_whose_token_never_reached_us_is_not_given_up(bench: Bench) -> None:
    stored = bench.paid()
    nameless = replace(stored, token=None)

    outcomes = [bench.adapter.confirm(nameless)]
    if bench.manifest.recovers_by is Recovery.INQUIRY:
        outcomes.append(bench.adapter.recover(nameless))

    for outcome in outcomes:
        assert outcome.kind not in {Kind.NOT_PAID, Kind.RETURNED}, outcome
        assert outcome.kind not in PAID or bench.is_final_at_bank(stored), outcome


@pytest.mark.case(26)
def test_a_payment_of_another_terminal_is_not_ours(bench: Bench) -> None:
    stored, neighbour = bench.paid(), bench.neighbour()

    outcome = neighbour.adapter.confirm(stored)

    assert outcome.kind in {Kind.NOT_FOUND, Kind.CONFIG_ERROR}, outcome
    assert bench.state_at_bank(stored) == "paid"


@pytest.mark.case(27)
def test_the_money_of_one_payment_does_not_serve_another(bench: Bench) -> None:
    paid = bench.confirmed()
    mine = bench.start()
    forged = replace(mine, bank_reference=paid.bank_reference)

    outcome = bench.adapter.confirm(forged)

    used = {paid.bank_reference or ""}
    assert verdict(bench.manifest, forged, outcome, used=used) is not Verdict.RECEIVED, outcome
    assert bench.state_at_bank(mine) == "open"


@pytest.mark.case(27)
def test_the_return_of_one_payment_is_not_that_of_another(bench: Bench) -> None:
    paid, mine = bench.start(), bench.start()

    hint = bench.come_back(paid)

    assert is_ours(paid, hint)
    assert not is_ours(mine, hint)


@pytest.mark.case(27)
def test_a_paid_token_does_not_pay_for_another_order(bench: Bench) -> None:
    """Even where a token was stored under the wrong order, what binds shows it."""
    paid = bench.confirmed(AMOUNT_RIAL)
    mine = replace(
        bench.start(AMOUNT_RIAL * 2), token=paid.token, bank_reference=paid.bank_reference
    )

    outcome = bench.adapter.confirm(mine)

    assert bench.verdict(mine, outcome) is not Verdict.RECEIVED, outcome


@pytest.mark.case(27)
def test_a_forged_return_confirms_nothing(bench: Bench) -> None:
    paid = bench.paid()
    stored = bench.start()
    reference = paid.bank_reference and other(paid.bank_reference)

    outcome = bench.adapter.confirm(replace(stored, bank_reference=reference or "150000000001"))

    assert bench.verdict(stored, outcome) is Verdict.PENDING, outcome
    assert bench.state_at_bank(stored) == "open"
