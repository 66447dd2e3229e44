"""What an adapter says about itself, and that it keeps to itself: no state, no call unasked."""

import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from payment_gateways.contract import (
    CONTRACT_VERSION,
    Binds,
    FieldKind,
    Kind,
    OptionalSteps,
    Recovery,
)
from payment_gateways.kit.bench import SECRET_KINDS, Bench, opened, steps_of
from payment_gateways.kit.plugin import House
from payment_gateways.kit.wires import Nobody
from payment_gateways.registry import load_adapter

PERSIAN = re.compile("[آ-ی]")
STEPS_OF_FACTS = {
    "can_reverse": ("reverse",),
    "can_refund": ("refund", "refund_status"),
    "can_inquire": ("inquire",),
    "needs_settle": ("settle",),
    "lists_unverified": ("list_unverified",),
}

# Imports and builds each adapter while every way to the network is watched.
_WATCHED = """
import json, sys
from payment_gateways.registry import load_adapter
from payment_gateways.transport import HttpTransport
seen, reached = [], {}
sys.addaudithook(lambda event, _: event.startswith("socket.") and seen.append(event))
for name, settings in json.load(sys.stdin).items():
    seen.clear()
    load_adapter(name)(settings, HttpTransport())
    reached[name] = list(seen)
print(json.dumps(reached))
"""


@pytest.fixture(scope="session")
def reached_while_importing(
    gateway_house: House,
) -> Mapping[str, list[str]]:
    """What each adapter that is tested asked of the network while it was imported and built."""
    settings = {
        door.full_name: dict(gateway_house.bank("present").settings(slug, 1))
        for slug, door in gateway_house.doors.items()
    }
    watched = subprocess.run(
        [sys.executable, "-c", _WATCHED],
        input=json.dumps(settings),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    reached: Mapping[str, list[str]] = json.loads(watched.stdout)
    return reached


@pytest.mark.case(47)
def test_a_manifest_is_complete(bench: Bench) -> None:
    manifest = load_adapter(bench.name).manifest

    assert manifest.slug == bench.slug
    assert manifest.contract_version == CONTRACT_VERSION
    assert PERSIAN.search(manifest.name_fa)
    assert manifest.name_en.isascii()
    assert manifest.source
    assert Binds.NOTHING not in {manifest.binds_amount} & {manifest.binds_order}
    assert manifest.confirm_window > timedelta(minutes=5)
    assert manifest.base_urls
    for url in manifest.base_urls:
        parts = urlsplit(url)
        assert (parts.scheme, parts.path, parts.query) == ("https", "", "")
        assert parts.hostname


@pytest.mark.case(47)
def test_the_limits_of_a_manifest_fit_together(bench: Bench) -> None:
    manifest = bench.manifest

    assert 0 < manifest.amount_rial_min < manifest.amount_rial_max <= 10**15
    assert manifest.amount_rial_step in {1, 10}
    assert manifest.amount_rial_min % manifest.amount_rial_step == 0
    assert manifest.amount_rial_max % manifest.amount_rial_step == 0
    assert manifest.can_refund or not manifest.can_refund_part
    assert manifest.can_reverse or manifest.reverse_window is None
    assert (
        manifest.can_inquire
        or manifest.recovers_by is not Recovery.INQUIRY
        or ("recover" in bench.spoken.steps)
    )
    assert manifest.returns_unconfirmed == (bench.spoken.verify_seconds is not None)


@pytest.mark.case(47)
def test_every_setting_is_described_in_both_languages(bench: Bench) -> None:
    settings = bench.bank.settings(bench.slug, bench.terminal)

    for asked in bench.manifest.settings:
        assert PERSIAN.search(asked.label_fa)
        assert asked.label_en.isascii()
        assert asked.name.isidentifier()
        assert asked.name == asked.name.lower()
        given = settings.get(asked.name, asked.default)
        assert given is not None or not asked.is_required
        if given is not None and asked.pattern:
            assert re.fullmatch(asked.pattern, given, re.ASCII), asked.name
        assert asked.kind not in SECRET_KINDS or asked.default is None
        assert asked.kind is not FieldKind.YES_NO or asked.default in {None, "yes", "no"}
    assert set(settings) <= {asked.name for asked in bench.manifest.settings}


@pytest.mark.case(47)
def test_what_a_manifest_promises_is_there(bench: Bench) -> None:
    factory = load_adapter(bench.name)

    for fact, steps in STEPS_OF_FACTS.items():
        for step in steps:
            is_own = getattr(factory, step) is not getattr(OptionalSteps, step)
            assert is_own or not getattr(bench.manifest, fact), (fact, step)
    assert set(steps_of(bench.manifest)) <= set(bench.spoken.steps)


@pytest.mark.case(47)
def test_a_terminal_has_a_name_that_is_no_secret(bench: Bench) -> None:
    assert bench.gateway.terminal
    assert len(bench.gateway.terminal) <= 32
    assert not set(bench.secrets) & {bench.gateway.terminal}
    assert bench.gateway.terminal != bench.neighbour().gateway.terminal


@pytest.mark.case(48)
def test_outcomes_survive_being_stored(bench: Bench) -> None:
    intent = bench.intent()
    stored = bench.paid()

    for value in (intent, stored, bench.adapter.start(intent), bench.adapter.confirm(stored)):
        assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.case(48)
def test_an_adapter_takes_its_secrets_nowhere(bench: Bench) -> None:
    if not bench.secrets:
        return
    try:
        written = pickle.dumps(bench.gateway)
    except (TypeError, pickle.PicklingError, AttributeError):
        return  # it cannot be written down at all

    assert not [secret for secret in bench.secrets if secret.encode() in written]


@pytest.mark.case(48)
def test_two_accounts_do_not_know_of_each_other(bench: Bench) -> None:
    neighbour = bench.neighbour()
    benches = [bench, neighbour] * 4

    with ThreadPoolExecutor(8) as pool:
        payments = list(pool.map(lambda one: one.confirmed(), benches))

    terminals = [bench.bank.payment(stored.token or "")["terminal"] for stored in payments]
    assert len(set(terminals)) == 2
    assert terminals == terminals[:2] * 4


@pytest.mark.case(48)
def test_a_restart_forgets_nothing_that_matters(bench: Bench) -> None:
    stored = bench.paid()

    outcome = opened(bench.name, bench.bank, bench.terminal).adapter.confirm(stored)

    assert outcome.kind is Kind.CONFIRMED
    assert bench.adapter.confirm(stored).kind is Kind.ALREADY_CONFIRMED


@pytest.mark.case(49)
def test_building_an_adapter_calls_nobody(bench: Bench) -> None:
    nobody = Nobody()
    adapter = load_adapter(bench.name)(bench.bank.settings(bench.slug, bench.terminal), nobody)

    hint = adapter.read_return("GET", {}, {}, b"")

    assert nobody.asked == 0
    assert hint.token is None


@pytest.mark.case(49)
def test_importing_an_adapter_reaches_for_no_network(
    bench: Bench, reached_while_importing: Mapping[str, list[str]]
) -> None:
    assert reached_while_importing[bench.name] == []
