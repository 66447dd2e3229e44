"""The bench that a gateway is tested on: its adapter opened as the product does, and its bank."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from core.clock import now
from payment_gateways.accounts import GatewayAccount
from payment_gateways.contract import (
    FieldKind,
    GatewayAdapter,
    Hint,
    Kind,
    Manifest,
    Outcome,
    PaymentIntent,
    Recovery,
    Refund,
    StoredPayment,
)
from payment_gateways.kit.bank import Bank, BankCall, Spoken, WayBack
from payment_gateways.kit.oracle import Verdict, verdict
from payment_gateways.masking import Secret
from payment_gateways.registry import Gateway, load_adapter, open_gateway
from payment_gateways.transport import HttpTransport, JournalEntry, Limits

AMOUNT_RIAL = 2_500_000
PEOPLE_GIVE = "مشارکت در محل مصرف"
SECRET_KINDS = frozenset({FieldKind.SECRET, FieldKind.PEM})
_LIMITS = {"connect_seconds": 2, "read_seconds": 5, "deadline_seconds": 10}
_HASTY = Limits(connect_seconds=2, read_seconds=0.3, deadline_seconds=0.5)

# Steps of the contract that only some gateways have, and the fact of the manifest that says so.
_OPTIONAL: Mapping[str, Callable[[Manifest], bool]] = {
    "settle": lambda manifest: manifest.needs_settle,
    "inquire": lambda manifest: manifest.can_inquire,
    "recover": lambda manifest: manifest.recovers_by is Recovery.INQUIRY,
    "reverse": lambda manifest: manifest.can_reverse,
    "refund": lambda manifest: manifest.can_refund,
    "refund_status": lambda manifest: manifest.can_refund,
    "list_unverified": lambda manifest: manifest.lists_unverified,
}
_ALWAYS = ("start", "confirm", "check")


def steps_of(manifest: Manifest) -> tuple[str, ...]:
    """The steps in which a gateway calls its bank."""
    return (*_ALWAYS, *(step for step, has in _OPTIONAL.items() if has(manifest)))


def steps_missing(manifest: Manifest) -> tuple[str, ...]:
    """The steps that a gateway does not have."""
    return tuple(step for step, has in _OPTIONAL.items() if not has(manifest))


@dataclass
class Bench:
    """One gateway under test, and the bank behind it."""

    name: str  # the adapter as a table of the file of accounts names it: slug, or package:slug
    bank: Bank
    terminal: int
    gateway: Gateway = field(repr=False)
    journal: list[JournalEntry] = field(default_factory=list, repr=False)

    @property
    def slug(self) -> str:
        return self.name.rpartition(":")[2]

    @property
    def adapter(self) -> GatewayAdapter:
        return self.gateway.adapter

    @property
    def manifest(self) -> Manifest:
        return self.gateway.manifest

    @property
    def spoken(self) -> Spoken:
        return self.bank.gateways[self.slug]

    @property
    def secrets(self) -> tuple[str, ...]:
        """The credentials of the account, as they stand in its table."""
        settings = self.bank.settings(self.slug, self.terminal)
        kinds = {asked.name: asked.kind for asked in self.manifest.settings}
        return tuple(value for name, value in settings.items() if kinds[name] in SECRET_KINDS)

    def settings_of_a_stranger(self) -> Mapping[str, str]:
        """The settings with every password and key of ours another; the bank's keys as they are."""
        settings = self.bank.settings(self.slug, self.terminal)
        kinds = {asked.name: asked.kind for asked in self.manifest.settings}
        return {
            name: _another(value) if kinds[name] is FieldKind.SECRET else value
            for name, value in settings.items()
        }

    @property
    def speaks_xml(self) -> bool:
        """Whether it writes XML, seen in what it has said so far."""
        return any(entry.text.lstrip().startswith("<") for entry in self.journal[:1])

    def intent(self, amount_rial: int = AMOUNT_RIAL, **more: object) -> PaymentIntent:
        values: dict[str, object] = {
            "order_number": random.randrange(10**17, 10**18),
            "amount_rial": amount_rial,
            "return_url": "http://127.0.0.1:9/bank/return/k?lang=fa",
            "description": PEOPLE_GIVE,
            "at": now(),
        }
        return PaymentIntent(**{**values, **more})  # type: ignore[arg-type]

    def start(self, amount_rial: int = AMOUNT_RIAL, **more: object) -> StoredPayment:
        """A payment whose donor is on the pay page."""
        intent = self.intent(amount_rial, **more)
        outcome = self.adapter.start(intent)
        assert outcome.kind is Kind.STARTED, outcome
        assert outcome.token, "a payment was started under no name"
        return StoredPayment(
            intent.order_number, intent.amount_rial, outcome.token, started_at=intent.at
        )

    def play(self, stored: StoredPayment, do: str = "pay") -> WayBack:
        """Let the payer act; the browser's way back is not walked."""
        return self.bank.play(stored.token or "", do)

    def read(self, back: WayBack) -> Hint:
        """Read what a browser brings on its way back."""
        query = dict(parse_qsl(urlsplit(back.url).query, keep_blank_values=True))
        return self.adapter.read_return(back.method, query, back.fields, b"")

    def come_back(self, stored: StoredPayment, do: str = "pay") -> Hint:
        """Let the payer act, and read what the browser then brings."""
        return self.read(self.play(stored, do))

    def paid(self, amount_rial: int = AMOUNT_RIAL, do: str = "pay") -> StoredPayment:
        """A payment whose browser came back, with the reference that it brought."""
        stored = self.start(amount_rial)
        hint = self.come_back(stored, do)
        return replace(stored, bank_reference=hint.bank_reference)

    def confirmed(self, amount_rial: int = AMOUNT_RIAL) -> StoredPayment:
        """A payment that the bank has made final, not settled yet where that is a step."""
        stored = self.paid(amount_rial)
        outcome = self.adapter.confirm(stored)
        assert self.verdict(stored, outcome) is Verdict.RECEIVED, outcome
        return replace(stored, bank_reference=outcome.bank_reference or stored.bank_reference)

    def final(self, amount_rial: int = AMOUNT_RIAL) -> StoredPayment:
        """A payment that is confirmed, and settled where that is a step."""
        stored = self.confirmed(amount_rial)
        assert self.adapter.settle(stored).kind is Kind.DONE
        return stored

    def verdict(self, stored: StoredPayment, outcome: Outcome, hint: Hint | None = None) -> Verdict:
        """What a careful core makes of the answer to a confirm."""
        return verdict(self.manifest, stored, outcome, hint=hint)

    def is_final_at_bank(self, stored: StoredPayment) -> bool:
        """Whether the bank's books hold the payment as ours to keep."""
        return self.state_at_bank(stored) in {"verified", "settled"}

    def state_at_bank(self, stored: StoredPayment) -> str:
        return str(self.bank.payment(stored.token or "")["state"])

    def ready(self, step: str) -> Callable[[], Outcome]:
        """Everything that comes before a step; what is returned does the step."""
        adapter = self.adapter
        match step:
            case "start":
                intent = self.intent()
                return lambda: adapter.start(intent)
            case "check":
                return adapter.check
            case "list_unverified":
                return lambda: adapter.list_unverified().outcome
            case "refund" | "refund_status":
                stored, refund = self.final(), self.refund()
                if step == "refund":
                    return lambda: adapter.refund(stored, refund)
                asked = replace(
                    refund, bank_reference=adapter.refund(stored, refund).bank_reference
                )
                return lambda: adapter.refund_status(stored, asked)
            case "confirm":
                stored = self.paid()
            case _:
                stored = self.confirmed()
        return lambda: self.act(step, stored)

    def act(self, step: str, stored: StoredPayment) -> Outcome:
        """Do a step that names a payment."""
        if step in {"refund", "refund_status"}:
            ordered: Callable[[StoredPayment, Refund], Outcome] = getattr(self.adapter, step)
            return ordered(stored, self.refund())
        asked: Callable[[StoredPayment], Outcome] = getattr(self.adapter, step)
        return asked(stored)

    def refund(self, amount_rial: int = AMOUNT_RIAL) -> Refund:
        """An order to send money back, not sent yet."""
        return Refund(random.randrange(10**17, 10**18), amount_rial, "به خواست مشارکت‌کننده")

    def break_next(self, step: str, fault: str, times: int = 1, **more: object) -> None:
        """Let the next calls of a step go wrong."""
        self.bank.break_next(self.spoken.steps[step], fault, times, **more)

    @contextmanager
    def spoiling(self, fault: str, **more: object) -> Iterator[list[BankCall]]:
        """Let every call within the block go wrong; the list fills with them at its end."""
        before, calls = self.bank.last_call(), list[BankCall]()
        self.bank.break_next("*", fault, 99, **more)
        try:
            yield calls
        finally:
            self.bank.mend()
            calls += self.bank.calls(before)

    @contextmanager
    def counting(self) -> Iterator[list[BankCall]]:
        """Count the calls within the block; the list fills with them at its end."""
        before, calls = self.bank.last_call(), list[BankCall]()
        yield calls
        calls += self.bank.calls(before)

    def calls_of(self, calls: list[BankCall], step: str) -> int:
        """How many of the calls were those of a step."""
        return sum(call.operation == self.spoken.steps[step] for call in calls)

    def hasty(self) -> GatewayAdapter:
        """The same account behind a transport that waits half a second at most."""
        settings = self.bank.settings(self.slug, self.terminal)
        net = HttpTransport(self.slug, limits=_HASTY)
        return load_adapter(self.name)(settings, net, self.bank.base_url)

    def neighbour(self) -> "Bench":
        """Another terminal at the same gateway."""
        return opened(self.name, self.bank, self.terminal + 1)

    def reopened(self) -> "Bench":
        """The same account as after a restart: nothing is remembered."""
        return opened(self.name, self.bank, self.terminal)


@dataclass
class LateBench(Bench):
    """A bench at a bank whose clock the tests put forward."""

    def intent(self, amount_rial: int = AMOUNT_RIAL, **more: object) -> PaymentIntent:
        return super().intent(amount_rial, **{"at": self.bank.now(), **more})

    def let_pass(self, seconds: float) -> None:
        """Let time go by at the bank."""
        self.bank.let_pass(seconds=int(seconds))


def opened(name: str, bank: Bank, terminal: int, kind: type[Bench] = Bench) -> Bench:
    """Open an account at a terminal the way the product opens one."""
    slug = name.rpartition(":")[2]
    assert slug in bank.gateways, f"no simulator speaks {slug} at the sandbox bank"
    kinds = {asked.name: asked.kind for asked in load_adapter(name).manifest.settings}
    account = GatewayAccount(
        name=f"{slug.replace('_', '-')}-{terminal}",
        adapter=name,
        account="90190",
        settings={
            setting: Secret(value) if kinds[setting] in SECRET_KINDS else value
            for setting, value in bank.settings(slug, terminal).items()
        },
        base_url=bank.base_url,
        numbers=_LIMITS,
    )
    journal: list[JournalEntry] = []
    gateway = open_gateway(account, journal=journal.append)
    assert gateway.refusal is None, gateway.refusal
    return kind(name, bank, terminal, gateway, journal)


def _another(secret: str) -> str:
    """Another secret of the same length and characters."""
    turned = secret[1:] + secret[:1]
    return turned if turned != secret else secret + secret[:1]


def at_utc(text: str) -> datetime:
    """A moment in UTC, written the ISO way without its zone."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
