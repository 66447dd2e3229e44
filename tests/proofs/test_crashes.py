"""A gift whose process is killed at any event is received once, or not paid at all."""

import json
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from core.settings import ROOT
from donations.models.contribution import Contribution
from donations.models.payment import PaymentState
from donations.paying import stored
from payment_gateways.contract import Kind
from receipts.life.series import Receipt
from tests.databases import TERMINALS

GATEWAYS = sorted(door.name for door in entry_points(group="mosharekat.gateway_sims"))


@pytest.fixture
def crash(database_url, sandbox_bank):
    """Run the harness on the test's database; what it reports."""

    def run(*options):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "tests.proofs.crash", *options),
                *("--database", database_url, "--bank", sandbox_bank.base_url),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            timeout=300,
            check=False,
        )
        return json.loads(done.stdout.splitlines()[-1])

    yield run
    sandbox_bank.mend()


@pytest.mark.parametrize("gateway", ["mellat", "zarinpal"])
def test_killed_at_any_event_a_gift_is_neither_lost_nor_doubled_nor_stuck(crash, gateway):
    report = crash("--all", "--gateway", gateway)

    assert report["failures"] == []
    assert report["killed"] == report["points"] == report["events"] > 40


@pytest.mark.parametrize("gateway", GATEWAYS)
def test_a_worker_killed_too_and_a_bank_that_is_ill_change_nothing(crash, gateway):
    report = crash("--points", "25", "--gateway", gateway)

    assert report["failures"] == [], f"--points 25 --seed {report['seed']}"
    assert report["killed"] > 0


@pytest.mark.parametrize(
    ("mutant", "damage"),
    [
        ("two_transactions", "0 contributions"),
        ("believed", "the bank still holds the money"),
        ("no_sweeper", "payment stuck"),
    ],
)
def test_twin_a_broken_build_is_caught(crash, mutant, damage):
    report = crash("--all", "--until-caught", "--seed", "1", "--mutant", mutant)

    assert damage in " ".join(report["failures"])


@pytest.mark.parametrize("gateway", [name for name, _ in TERMINALS])
def test_a_confirmation_that_only_the_bank_remembers_is_found(till, gateway):
    """As after the return to an older backup: the bank was asked, and our rows do not know it."""
    payment = till.begin(gateway=gateway)
    till.bank.pay(payment.token)
    asked = till.gateways[gateway].adapter.confirm(stored(payment))
    assert asked.kind is Kind.CONFIRMED

    till.sweep()

    assert till.payment(payment.id).is_final
    assert till.payment(payment.id).state in (PaymentState.CONFIRMED, PaymentState.SETTLED)
    assert till.count(Contribution) == till.count(Receipt) == 1
