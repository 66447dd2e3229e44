"""The page of gateways is what the manifests say, and the demo's file what the page says."""

from datetime import UTC, datetime

import pytest

from deploy.gateway_docs import PAGE, page
from deploy.sandbox_accounts import accounts_file
from payment_gateways.contract import FieldKind, Kind, PaymentIntent
from payment_gateways.doors import visit_all
from payment_gateways.fields import COMMON
from payment_gateways.registry import Gateway, gateway_accounts, known_manifests, open_gateways
from tests.payment_gateways.sandbox_process import running_sandbox

SETTINGS = PAGE.parent / "operations" / "settings.md"


@pytest.fixture
def demo(tmp_path) -> dict[str, Gateway]:
    """The gateways of a demo, whose bank nobody can reach."""
    path = tmp_path / "gateways.toml"
    path.write_text(accounts_file("http://127.0.0.1:1"), "utf-8")
    return dict(open_gateways(gateway_accounts(path, environment={})))


def test_the_page_is_what_the_manifests_say():
    assert PAGE.read_text("utf-8") == page(), "stale: run  python -m deploy.gateway_docs"


def test_all_our_own_adapters_can_be_used():
    assert [each for each in visit_all() if each.refusal is not None] == []


def test_every_setting_of_every_gateway_is_on_the_page():
    text = page()

    for manifest in known_manifests().values():
        section = text.split(f"## {manifest.name_en}\n")[1].split("\n## ")[0]
        assert [
            each.name for each in manifest.settings if f"| `{each.name}` |" not in section
        ] == []


def test_every_common_setting_is_explained():
    handbook = SETTINGS.read_text("utf-8")

    assert [each.name for each in COMMON if f"`{each.name}`" not in handbook] == []


def test_the_demo_has_a_terminal_at_every_gateway_with_mellat_first(demo):
    first = ["mellat-main", "sep-main", "sadad-main", "parsian-main", "pasargad-main"]

    assert list(demo)[:5] == first
    usable = {slug for slug, facts in known_manifests().items() if not facts.is_historical}
    assert {gateway.slug for gateway in demo.values()} == usable
    assert all(gateway.is_open and gateway.is_enabled for gateway in demo.values())


def test_the_sandbox_bank_lets_every_terminal_of_the_demo_in(tmp_path):
    path = tmp_path / "gateways.toml"
    with running_sandbox(tmp_path / "books.sqlite3") as bank:
        path.write_text(accounts_file(bank.base_url), "utf-8")
        gateways = open_gateways(gateway_accounts(path, environment={}))
        intent = PaymentIntent(8_421, 2_500_000, "http://127.0.0.1:9/r", "x", datetime.now(UTC))
        said = {name: gateway.adapter.start(intent).kind for name, gateway in gateways.items()}

    assert said == dict.fromkeys(gateways, Kind.STARTED)


def test_no_two_terminals_of_the_demo_look_alike_on_the_statement(demo):
    shown = [gateway.terminal.lstrip("0") for gateway in demo.values()]

    assert len(set(shown)) == len(shown)
    assert all(number.isdigit() for number in shown)


def test_the_secrets_of_the_demo_are_declared_as_such():
    """A password or key that a manifest calls plain text would be stored with every call."""
    plain = {
        f"{slug}.{asked.name}"
        for slug, manifest in known_manifests().items()
        for asked in manifest.settings
        if any(word in asked.name for word in ("password", "secret", "token", "pass_phrase"))
        and asked.kind not in {FieldKind.SECRET, FieldKind.PEM}
    }

    assert plain == set()
