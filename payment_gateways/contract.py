"""What every gateway offers and promises: the bank's protocol on one side, our words on the other.

An adapter is built from the settings of one account and a transport, which is its only way to the
outside. It knows no database, no web framework and no clock, and it raises nothing but
programming errors: whatever the bank does becomes an ``Outcome``. It never decides that money
came; the core compares what the answer carries with what we asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

CONTRACT_VERSION = 1


class Kind(StrEnum):
    """All that a bank can tell us about one payment."""

    STARTED = "started"  # a token was issued; no money has moved
    CONFIRMED = "confirmed"  # the bank says: paid, and final because of this call
    ALREADY_CONFIRMED = "already_confirmed"  # the same, because of an earlier call
    DONE = "done"  # a settle or reverse call has had its effect, now or earlier
    OPEN = "open"  # the payer has not finished yet
    AWAITS_CONFIRM = "awaits_confirm"  # the payer has paid; only our confirm is missing
    NOT_PAID = "not_paid"  # cancelled, declined or expired at the bank: final, no money moved
    NOT_FOUND = "not_found"  # the bank knows no such payment
    RETURNED = "returned"  # the money was taken and has gone back to the payer
    REFUSED = "refused"  # the bank understood and declines this call; the payment is untouched
    CONFIG_ERROR = "config_error"  # credentials, address or domain: ours to mend, payment untouched
    UNKNOWN = "unknown"  # silence, noise, or a code no guide lists


class Claim(StrEnum):
    """What the browser says when it comes back. Nothing in it is believed."""

    PAID = "paid"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the donor's browser goes next, and with which form fields."""

    method: Literal["GET", "POST"]
    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentIntent:
    """What we ask the bank to collect."""

    order_number: int  # int64, unique for ever at this terminal
    amount_rial: int
    return_url: str
    description: str
    at: datetime  # UTC
    mobile: str | None = None  # 09xxxxxxxxx
    payer_id: str | None = None  # the deposit id, where the account bears identifiers


@dataclass(frozen=True, slots=True)
class StoredPayment:
    """What we know about a payment from our own rows; the only source of ids for bank calls."""

    order_number: int
    amount_rial: int
    token: str | None
    bank_reference: str | None = None
    started_at: datetime | None = None  # UTC


@dataclass(frozen=True, slots=True)
class Hint:
    """What a browser brought back, read but not believed."""

    claim: Claim
    order_number: int | None = None
    token: str | None = None
    bank_reference: str | None = None
    card_masked: str | None = None
    amount_rial: int | None = None
    bank_code: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The bank's answer to one call. What it does not carry is ``None``, never a copy of ours."""

    kind: Kind
    amount_rial: int | None = None
    order_number: int | None = None
    token: str | None = None
    bank_reference: str | None = None  # the gateway's name for the money, unique at the terminal
    trace_number: str | None = None  # the bank network's number, printed for the donor
    card_masked: str | None = None
    redirect: Redirect | None = None  # only with STARTED
    expires_at: datetime | None = None  # UTC; only with STARTED
    bank_code: str = ""
    reason_fa: str = ""
    reason_en: str = ""
    retry_after_seconds: int | None = None
    evidence: Mapping[str, str] = field(default_factory=dict)  # masked: safe to store and to show


class Binds(StrEnum):
    """What ties the bank's confirmation to the amount or the order we asked for."""

    REQUEST = "request"  # we name it in the confirm call and the bank compares
    ANSWER = "answer"  # the answer carries it and the core compares
    NOTHING = "nothing"


class FieldKind(StrEnum):
    """How a setting of a gateway account is written and shown."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105  the name of a kind
    URL = "url"
    WHOLE_NUMBER = "whole_number"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting of a gateway account: checked at start, masked if secret, shown in the docs."""

    name: str
    label_fa: str
    label_en: str
    kind: FieldKind = FieldKind.TEXT
    is_required: bool = True
    pattern: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """Constant facts about a gateway. ``source`` names the guide that each number comes from."""

    slug: str
    name_fa: str
    name_en: str
    settings: tuple[SettingField, ...]
    base_urls: tuple[str, ...]  # scheme and host of every call and redirect; feeds the CSP
    binds_amount: Binds
    binds_order: Binds
    needs_settle: bool
    can_inquire: bool
    can_reverse: bool
    can_recover: bool  # a payment can be finished without the browser ever coming back
    confirm_window: timedelta  # after this the bank returns unconfirmed money by itself
    reverse_window: timedelta | None
    returns_unconfirmed: bool  # whether the bank gives unconfirmed money back by itself
    amount_rial_min: int
    amount_rial_max: int
    source: str
    contract_version: int = CONTRACT_VERSION


class GatewayAdapter(Protocol):
    """One account at one gateway. Safe to use from many threads at once."""

    manifest: Manifest
    terminal: str  # the bank's name for our terminal; the ledger account is gateway:<terminal>

    def start(self, intent: PaymentIntent) -> Outcome:
        """Announce a payment. STARTED with token and redirect, or why not. Never sent twice."""

    def read_return(
        self, method: str, query: Mapping[str, str], form: Mapping[str, str], body: bytes
    ) -> Hint:
        """Read what a browser brought back. Pure, total: it never raises and calls nobody."""

    def confirm(self, stored: StoredPayment) -> Outcome:
        """Make the payment final if it was paid. Repeating the call is harmless.

        Needs no ``bank_reference`` where ``can_recover``: the adapter then asks the bank for it.
        An outcome that carries a ``bank_reference`` names the true one, also where the stored one
        came from a browser and is another.
        """

    def settle(self, stored: StoredPayment) -> Outcome:
        """Ask for the pay-out of a confirmed payment; only where ``needs_settle``. Repeatable."""

    def recover(self, stored: StoredPayment) -> Outcome:
        """Find out about a payment whose browser never came back; only where ``can_recover``.

        AWAITS_CONFIRM carries the ``bank_reference`` that ``confirm`` needs.
        """

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is, changing nothing; only where ``can_inquire``."""

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Ask the bank to give a confirmed payment back; only where ``can_reverse``."""

    def check(self) -> Outcome:
        """Prove that address and credentials work, without moving money. DONE when they do."""
