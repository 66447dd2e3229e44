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

CONTRACT_VERSION = 2


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


class Recovery(StrEnum):
    """How a payment is found out about whose browser never came back."""

    INQUIRY = "inquiry"  # ``recover`` asks, changing nothing
    CONFIRM = "confirm"  # only ``confirm`` tells, and makes it final where it was paid
    NONE = "none"  # the bank answers to nothing but what a browser brings


class FieldKind(StrEnum):
    """How a setting of a gateway account is written and shown."""

    TEXT = "text"
    SECRET = "secret"  # noqa: S105  the name of a kind
    URL = "url"
    PEM = "pem"  # a key or certificate, as text
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
    """Constant facts about a gateway. ``source`` names the guide that each number comes from.

    What is a fact of one contract rather than of the bank (windows, limits, whether this terminal
    may reverse or refund) is set otherwise in the file of accounts.
    """

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
    recovers_by: Recovery
    confirm_window: timedelta  # after this the bank returns unconfirmed money by itself
    reverse_window: timedelta | None
    returns_unconfirmed: bool  # whether the bank gives unconfirmed money back by itself
    amount_rial_min: int
    amount_rial_max: int
    source: str
    amount_rial_step: int = 1  # 10 where the wire speaks toman: refuse what is between, never round
    can_refund: bool = False  # money that is past reversing can be sent back through the gateway
    can_refund_part: bool = False
    refund_rial_min: int = 1
    lists_unverified: bool = False
    is_aggregator: bool = False  # the money passes a facilitator's account before it reaches ours
    checks_address: bool = True  # only the server address that the bank has on file is let in
    is_historical: bool = False  # closed: old payments stay readable, nothing new begins
    contract_version: int = CONTRACT_VERSION

    @property
    def can_recover(self) -> bool:
        """Whether a payment can be finished without the browser ever coming back."""
        return self.recovers_by is not Recovery.NONE


@dataclass(frozen=True, slots=True)
class Refund:
    """One order to send money back, all or a part of what was paid. It is never sent twice."""

    number: int  # int64, ours, unique at the terminal among orders and refunds alike
    amount_rial: int
    reason: str = ""
    bank_reference: str | None = None  # the bank's name for this refund, where it gave one


@dataclass(frozen=True, slots=True)
class Unverified:
    """A payment that the gateway holds and nobody has confirmed."""

    token: str
    amount_rial: int | None  # None where it cannot be read
    order_number: int | None = None
    made_at: str = ""  # as the gateway writes it


@dataclass(frozen=True, slots=True)
class UnverifiedList:
    """The answer to ``list_unverified``: DONE with the payments, or why there is no list."""

    outcome: Outcome
    payments: tuple[Unverified, ...] = ()


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
        """Find out about a payment whose browser never came back; where recovery is by INQUIRY.

        AWAITS_CONFIRM carries the ``bank_reference`` that ``confirm`` needs, if it needs one.
        """

    def inquire(self, stored: StoredPayment) -> Outcome:
        """Ask in what state the payment is, changing nothing; only where ``can_inquire``."""

    def reverse(self, stored: StoredPayment) -> Outcome:
        """Ask the bank to undo a payment whole; only where ``can_reverse``. Repeatable.

        DONE also where an earlier call did it. RETURNED is not an answer to this call.
        """

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Order money to be sent back; only where ``can_refund``. Never sent twice.

        DONE when the bank took the order, with its ``bank_reference`` for the refund; REFUSED when
        it will not; UNKNOWN leaves it to ``refund_status`` to find out.
        """

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        """Ask what became of an order to refund; only where ``can_refund``.

        DONE, OPEN (on its way), REFUSED, or NOT_FOUND: the bank never got it, it may be sent.
        """

    def list_unverified(self) -> UnverifiedList:
        """What was paid and nobody has confirmed; only where ``lists_unverified``."""

    def check(self) -> Outcome:
        """Prove that address and credentials work, without moving money. DONE when they do."""


_NO_SUCH_STEP = ("این درگاه چنین کاری نمی‌کند", "this gateway has no such call")


class OptionalSteps:
    """What a gateway answers that lacks an optional step; for adapters to inherit."""

    def settle(self, stored: StoredPayment) -> Outcome:
        """What is confirmed is paid out: there is no such step."""
        return Outcome(Kind.DONE)

    def recover(self, stored: StoredPayment) -> Outcome:
        return no_such_step()

    def inquire(self, stored: StoredPayment) -> Outcome:
        return no_such_step()

    def reverse(self, stored: StoredPayment) -> Outcome:
        return no_such_step()

    def refund(self, stored: StoredPayment, refund: Refund) -> Outcome:
        return no_such_step()

    def refund_status(self, stored: StoredPayment, refund: Refund) -> Outcome:
        return no_such_step()

    def list_unverified(self) -> UnverifiedList:
        return UnverifiedList(no_such_step())


def no_such_step() -> Outcome:
    """What a step answers that a gateway does not have; nobody was called."""
    reason_fa, reason_en = _NO_SUCH_STEP
    return Outcome(Kind.REFUSED, reason_fa=reason_fa, reason_en=reason_en)
