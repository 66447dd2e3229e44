"""Credentials: what is wrong with them is ours to mend, and they are never shown."""

import base64
import json
import re
import traceback
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest

from payment_gateways.contract import GatewayAdapter, Kind
from payment_gateways.kit.bench import Bench
from payment_gateways.kit.oracle import PAID, Verdict
from payment_gateways.kit.wires import Broken, Defect, Rerouted
from payment_gateways.registry import load_adapter
from payment_gateways.transport import HttpTransport

MASK = "•••"
ACCESS_TOKEN = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}")
CALLS_AT_MOST = 5


def forms_of(secret: str) -> set[str]:
    """A secret as it would stand in plain text, XML, JSON, an address or a header."""
    return {
        secret,
        escape(secret),
        json.dumps(secret)[1:-1],
        quote(secret),
        base64.b64encode(secret.encode()).decode().rstrip("="),
    }


def logins(bench: Bench) -> set[str]:
    """The operations by which a gateway opens a session, seen in what a fresh start calls."""
    with bench.counting() as calls:
        bench.reopened().start()
    return {call.operation for call in calls} - {bench.spoken.steps["start"]}


@pytest.mark.case(28)
def test_wrong_credentials_are_ours_to_mend(bench: Bench, step: str) -> None:
    act = bench.ready(step)

    with bench.spoiling("credentials"):
        outcome = act()

    assert outcome.kind is Kind.CONFIG_ERROR, outcome
    assert outcome.reason_fa
    assert outcome.reason_en


@pytest.mark.case(28, when="checks_address")
def test_an_address_that_the_bank_does_not_know_is_ours_to_mend(bench: Bench, step: str) -> None:
    act = bench.ready(step)

    with bench.spoiling("address"):
        outcome = act()

    assert outcome.kind is Kind.CONFIG_ERROR, outcome


@pytest.mark.case(28)
def test_a_payment_outlives_wrong_credentials(bench: Bench) -> None:
    stored = bench.paid()

    with bench.spoiling("credentials"):
        bench.adapter.confirm(stored)

    assert bench.state_at_bank(stored) == "paid"
    assert bench.verdict(stored, bench.adapter.confirm(stored)) is Verdict.RECEIVED


@pytest.mark.case(29)
def test_a_session_that_is_over_is_opened_once_more(bench: Bench) -> None:
    opening, stored = logins(bench), bench.paid()
    bench.break_next("confirm", "session_over")

    with bench.counting() as calls:
        outcome = bench.adapter.confirm(stored)

    opened = sum(call.operation in opening for call in calls)
    if opening:
        assert outcome.kind is Kind.CONFIRMED, outcome
        assert (opened, bench.calls_of(calls, "confirm")) == (1, 2)
    else:
        assert outcome.kind in {Kind.CONFIG_ERROR, Kind.UNKNOWN, Kind.NOT_PAID}, outcome
        assert bench.calls_of(calls, "confirm") == 1
        assert bench.state_at_bank(stored) == "paid"


@pytest.mark.case(29)
def test_a_session_that_never_holds_is_not_opened_for_ever(bench: Bench) -> None:
    stored = bench.paid()

    with bench.spoiling("session_over") as calls:
        outcome = bench.adapter.confirm(stored)

    assert outcome.kind not in PAID | {Kind.RETURNED, Kind.REFUSED}, outcome
    assert len(calls) <= CALLS_AT_MOST
    assert bench.state_at_bank(stored) == "paid"


@pytest.mark.case(29)
def test_eight_threads_open_one_session(bench: Bench) -> None:
    opening, fresh = logins(bench), bench.reopened()
    payments = [bench.paid() for _ in range(8)]

    with bench.counting() as calls, ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(fresh.adapter.confirm, payments))

    assert {outcome.kind for outcome in outcomes} == {Kind.CONFIRMED}
    assert sum(call.operation in opening for call in calls) <= len(opening)


@pytest.mark.case(30)
def test_no_secret_is_ever_shown(bench: Bench) -> None:
    stored = bench.final()
    outcomes = [bench.adapter.check(), bench.adapter.confirm(stored)]
    bench.break_next("confirm", "unlisted_code")
    outcomes.append(bench.adapter.confirm(bench.paid()))
    with bench.spoiling("credentials"):
        outcomes.append(bench.adapter.confirm(stored))

    shown = f"{bench.journal} {bench.gateway} {bench.adapter!r} {bench.adapter} {outcomes}"

    assert len(bench.journal) >= 8
    for secret in bench.secrets:
        assert not [form for form in forms_of(secret) if form in shown]
    assert not ACCESS_TOKEN.search(shown), "an access token stands in the journal"


@pytest.mark.case(30)
def test_what_rises_from_a_defect_shows_no_secret(bench: Bench) -> None:
    settings = bench.bank.settings(bench.slug, bench.terminal)
    adapter = load_adapter(bench.name)(settings, Broken(), bench.bank.base_url)

    with pytest.raises(Defect) as rising:
        adapter.start(bench.intent())

    shown = "".join(traceback.format_exception(rising.value))
    for secret in bench.secrets:
        assert not [form for form in forms_of(secret) if form in shown]


@pytest.mark.case(30)
def test_every_call_stands_in_the_journal(bench: Bench) -> None:
    """Nothing goes past the transport that masks and bounds, and it is never sent twice."""
    with bench.counting() as calls:
        bench.final()
        bench.adapter.check()

    requests = [entry for entry in bench.journal if entry.step == "request"]
    answers = [entry for entry in bench.journal if entry.step == "answer"]
    assert len(calls) == len(requests) == len(answers)


@pytest.mark.case(30)
def test_the_masks_have_something_to_hide(bench: Bench) -> None:
    """The secrets that are looked for do go out, else the cases above prove nothing."""
    if not bench.secrets:
        assert not [asked for asked in bench.manifest.settings if asked.kind.value == "secret"]
        return
    net = Rerouted(bench.bank.base_url)
    adapter = load_adapter(bench.name)(bench.bank.settings(bench.slug, bench.terminal), net)

    adapter.start(bench.intent())
    bench.adapter.start(bench.intent())

    said = " ".join(net.said)
    is_sent = any(form in said for secret in bench.secrets for form in forms_of(secret))
    is_shown_masked = any(MASK in entry.text for entry in bench.journal)
    assert is_sent or not is_shown_masked


@pytest.mark.case(28, 43)
def test_who_has_not_our_secrets_is_not_taken_for_us(bench: Bench) -> None:
    """The bank looks at what proves us, passwords and signatures, with code of its own."""
    bench.adapter.check()
    stored = bench.paid()
    if not bench.secrets:
        return  # the server's address is all that this bank asks for
    try:
        stranger = stranger_of(bench)
    except ValueError:
        return  # a key that is none is refused before anybody is called

    started, confirmed = stranger.start(bench.intent()), stranger.confirm(stored)

    # Where the secret is all that names a merchant, another one is another merchant.
    assert started.kind in {Kind.CONFIG_ERROR, Kind.STARTED}, started
    assert started.kind is Kind.CONFIG_ERROR or confirmed.kind not in PAID, confirmed
    assert confirmed.kind in {Kind.CONFIG_ERROR, Kind.NOT_FOUND} | PAID, confirmed
    assert bench.adapter.confirm(stored).kind in PAID


@pytest.mark.case(43)
def test_two_calls_alike_are_both_accepted(bench: Bench) -> None:
    """Keys, salts and counters of one call do not spoil the next."""
    intents = [bench.intent() for _ in range(4)]

    kinds = [bench.adapter.start(intent).kind for intent in intents]

    assert kinds == [Kind.STARTED] * 4


@pytest.mark.case(50)
def test_a_check_moves_no_money(bench: Bench) -> None:
    before = (bench.bank.get("payments"), bench.bank.refunds())

    with bench.counting() as calls:
        outcome = bench.adapter.check()

    assert outcome.kind is Kind.DONE, outcome
    assert calls, "nobody was asked"
    assert (bench.bank.get("payments"), bench.bank.refunds()) == before


def stranger_of(bench: Bench) -> GatewayAdapter:
    """Somebody who calls as our terminal and has not our secrets."""
    net = HttpTransport(bench.slug)
    return load_adapter(bench.name)(bench.settings_of_a_stranger(), net, bench.bank.base_url)
