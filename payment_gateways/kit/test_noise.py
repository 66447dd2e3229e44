"""A bank that is slow, silent, garbled or somewhere else: unknown, never a failure, never money."""

import time

import pytest

from payment_gateways.contract import Kind, StoredPayment
from payment_gateways.kit.bench import Bench
from payment_gateways.kit.oracle import PAID, Verdict
from payment_gateways.registry import load_adapter
from payment_gateways.transport import HttpTransport

case = pytest.mark.case
NOTHING_DONE = (
    pytest.param("drop_before", marks=case(7)),
    pytest.param("html_500", marks=case(10)),
    pytest.param("html_200", marks=case(10)),
    pytest.param("busy", marks=case(12)),
    pytest.param("huge", marks=case(14)),
    pytest.param("redirect", marks=case(15)),
    pytest.param("unlisted_code", marks=case(17)),
)
DONE = (
    pytest.param("drop_after", marks=case(7)),
    pytest.param("html_500_after", marks=case(10)),
    pytest.param("truncate", marks=case(11)),
)
ODD_BODIES = {
    "empty": "",
    "null": "null",
    "a list": "[]",
    "a list of one": "[1]",
    "a truth": "true",
    "a number": "7",
    "a text": '"100"',
    "an empty object": "{}",
    "objects of nothing": '{"data":null,"errors":null,"result":null,"status":null}',
    "a brace": "{",
    "a deep list": "[" * 5_000,
    "a null byte": "\x00",
    "markup": "<a/>",
    "a word": "OK",
}


@pytest.mark.parametrize("fault", NOTHING_DONE)
def test_noise_in_place_of_a_confirmation_is_unknown(bench: Bench, fault: str) -> None:
    stored = bench.paid()
    bench.break_next("confirm", fault)

    with bench.counting() as calls:
        noise = bench.adapter.confirm(stored)
    then = bench.adapter.confirm(stored)

    assert noise.kind is Kind.UNKNOWN, noise
    assert bench.calls_of(calls, "confirm") == 1
    assert then.kind is Kind.CONFIRMED, then


@pytest.mark.parametrize("fault", [*NOTHING_DONE, *DONE])
def test_noise_in_any_step_is_unknown(bench: Bench, step: str, fault: str) -> None:
    act = bench.ready(step)
    bench.break_next(step, fault)

    outcome = act()

    if step == "confirm" and outcome.kind is Kind.ALREADY_CONFIRMED:
        return  # it has looked for itself, and the bank had done it
    assert outcome.kind is Kind.UNKNOWN, outcome
    assert outcome.bank_reference is None


@case(12)
def test_a_bank_that_says_wait_is_quoted(bench: Bench) -> None:
    stored = bench.paid()
    bench.break_next("confirm", "busy")

    assert bench.adapter.confirm(stored).retry_after_seconds == 7


@case(7, 13)
@pytest.mark.parametrize("fault", ["delay_after", "drip"])
def test_a_slow_bank_holds_nobody_beyond_the_deadline(bench: Bench, fault: str) -> None:
    stored, hasty = bench.paid(), bench.hasty()
    bench.break_next("confirm", fault, seconds=3)

    began = time.monotonic()
    outcome = hasty.confirm(stored)
    took = time.monotonic() - began
    bench.bank.mend()

    assert outcome.kind is Kind.UNKNOWN, outcome
    assert took < 2.5
    assert bench.verdict(stored, bench.adapter.confirm(stored)) is Verdict.RECEIVED


@case(7)
def test_a_bank_that_is_down_is_unknown(bench: Bench) -> None:
    settings = bench.bank.settings(bench.slug, bench.terminal)
    nowhere = load_adapter(bench.name)(settings, HttpTransport(), "http://127.0.0.1:1")
    stored = StoredPayment(1, 1_000_000, "A" + "x" * 35, "5")

    for outcome in (nowhere.confirm(stored), nowhere.start(bench.intent()), nowhere.check()):
        assert outcome.kind is Kind.UNKNOWN
        assert outcome.evidence["silence"] == "not_connected"


@case(16)
@pytest.mark.parametrize("body", ODD_BODIES)
@pytest.mark.parametrize("status", [200, 400])
def test_an_odd_body_confirms_nothing(bench: Bench, body: str, status: int) -> None:
    stored = bench.paid()

    with bench.spoiling("body", body=ODD_BODIES[body], status=status):
        odd = bench.adapter.confirm(stored)
    then = bench.adapter.confirm(stored)

    # Where the status is the code, a body beside a refusal says nothing.
    is_status_the_code = status != 200 and not bench.spoken.names["code"]
    assert odd.kind is Kind.UNKNOWN or (
        is_status_the_code and odd.kind in {Kind.CONFIG_ERROR, Kind.OPEN, Kind.NOT_FOUND}
    ), odd
    assert bench.verdict(stored, then) is Verdict.RECEIVED


@case(16)
@pytest.mark.parametrize("fault", ["bad_utf8", "truth", "nulls", "lists", "without_code"])
def test_an_answer_with_odd_parts_confirms_nothing(bench: Bench, fault: str) -> None:
    stored = bench.paid()

    with bench.spoiling(fault) as calls:
        odd = bench.adapter.confirm(stored)
    then = bench.adapter.confirm(stored)

    if any(call.was_spoilt for call in calls):
        assert odd.kind is Kind.UNKNOWN, odd
    assert bench.verdict(stored, then) is Verdict.RECEIVED


@case(16)
@pytest.mark.parametrize("body", ["null", "[]", "[1]", "true", "{}", '{"data":[null]}'])
def test_an_odd_body_in_any_step_raises_nothing(bench: Bench, step: str, body: str) -> None:
    act = bench.ready(step)

    with bench.spoiling("body", body=body):
        outcome = act()

    assert outcome.kind is Kind.UNKNOWN, outcome


@case(42)
@pytest.mark.parametrize("fault", ["doctype", "soap_fault"])
def test_what_is_no_answer_of_our_operation_is_unknown(bench: Bench, fault: str) -> None:
    stored = bench.paid()
    bench.break_next("confirm", fault)

    odd = bench.adapter.confirm(stored)
    then = bench.adapter.confirm(stored)

    assert odd.kind is Kind.UNKNOWN, odd
    assert then.kind in PAID


@case(42)
def test_the_prefixes_of_an_answer_do_not_matter(bench: Bench) -> None:
    stored = bench.paid()
    bench.break_next("confirm", "other_prefix")

    outcome = bench.adapter.confirm(stored)

    (call,) = [call for call in bench.bank.calls() if call.fault][-1:]
    assert call.was_spoilt == bench.speaks_xml
    assert bench.verdict(stored, outcome) is Verdict.RECEIVED
