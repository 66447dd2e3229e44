"""A running sandbox bank, and both adapters opened on it the way the product opens them."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest

from payment_gateways.accounts import GatewayAccount
from payment_gateways.contract import (
    FieldKind,
    Hint,
    Kind,
    Outcome,
    PaymentIntent,
    StoredPayment,
)
from payment_gateways.masking import Secret
from payment_gateways.registry import Gateway, load_adapter, open_gateway
from payment_gateways.transport import JournalEntry
from tests.payment_gateways.sandbox_process import SandboxBank, running_sandbox

MERCHANT = "11111111-1111-4111-8111-111111111111"
SETTINGS: dict[str, dict[str, str | Secret]] = {
    "mellat": {"terminal_id": "7001", "username": "u", "password": Secret("hushhush<&>")},
    "zarinpal": {"merchant_id": Secret(MERCHANT), "terminal_id": "8001"},
}
_order_numbers = itertools.count(random.randrange(10**15))


@dataclass
class Kit:
    """One gateway under test, and the bank behind it."""

    slug: str
    gateway: Gateway
    bank: SandboxBank
    journal: list[JournalEntry] = field(default_factory=list)

    @property
    def adapter(self):
        return self.gateway.adapter

    def intent(self, amount_rial=2_500_000, **more) -> PaymentIntent:
        values = {
            "order_number": next(_order_numbers),
            "amount_rial": amount_rial,
            "return_url": "http://127.0.0.1:9/bank/return/k?lang=fa",
            "description": "مشارکت در محل مصرف",
            "at": datetime.now(UTC),
        }
        return PaymentIntent(**{**values, **more})

    def start(self, amount_rial=2_500_000) -> StoredPayment:
        intent = self.intent(amount_rial)
        outcome = self.adapter.start(intent)
        assert outcome.kind is Kind.STARTED, outcome
        return StoredPayment(intent.order_number, amount_rial, outcome.token)

    def come_back(self, stored: StoredPayment, do="pay") -> Hint:
        """Let the payer act, and read what the browser then brings."""
        back = self.bank.play(stored.token, do)
        query = dict(parse_qsl(urlsplit(back["url"]).query))
        return self.adapter.read_return(back["method"], query, back["fields"], b"")

    def paid(self, amount_rial=2_500_000, do="pay") -> StoredPayment:
        """A payment whose browser came back."""
        stored = self.start(amount_rial)
        hint = self.come_back(stored, do)
        return replace(stored, bank_reference=hint.bank_reference)

    def confirmed(self) -> tuple[StoredPayment, Outcome]:
        stored = self.paid()
        outcome = self.adapter.confirm(stored)
        assert outcome.kind is Kind.CONFIRMED, outcome
        return stored, outcome

    def break_next(self, step: str, fault: str, **more) -> None:
        operation = self.bank.admin.get("wires")[self.slug]["steps"][step]
        self.bank.break_next(operation, fault, **more)


def opened(slug: str, bank: SandboxBank, journal: list[JournalEntry], **settings) -> Gateway:
    account = GatewayAccount(
        name=f"{slug}-test",
        adapter=slug,
        account="90190",
        settings={**(SETTINGS.get(slug) or settings_at(slug, bank)), **settings},
        base_url=bank.base_url,
        numbers={"connect_seconds": 2, "read_seconds": 1, "deadline_seconds": 2},
    )
    return open_gateway(account, journal=journal.append)


def settings_at(slug: str, bank: SandboxBank, terminal: int = 1) -> dict[str, str | Secret]:
    """The settings of an account as the sandbox bank gives them, its secrets as secrets."""
    written = bank.admin.get(f"wires?terminal={terminal}")[slug]["settings"]
    kinds = {asked.name: asked.kind for asked in load_adapter(slug).manifest.settings}
    return {
        name: Secret(value) if kinds[name] is FieldKind.SECRET else value
        for name, value in written.items()
    }


@pytest.fixture(scope="session")
def sandbox_bank(tmp_path_factory) -> Iterator[SandboxBank]:
    with running_sandbox(tmp_path_factory.mktemp("sandbox") / "books.sqlite3") as bank:
        bank.admin.post("terminals", bank="zarinpal", merchant_id=MERCHANT, terminal="8001")
        yield bank
