"""Things that go wrong on purpose: ordered through the admin API, used up call by call.

Beside what is ordered, an amount can choose a fault (for demonstrations) and a seeded chance can
(for soaks); both only where the bank was started so.
"""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """What happens to one call. Unless its name says "after", nothing is booked."""

    DROP_BEFORE = "drop_before"  # the connection dies, nothing was done
    DROP_AFTER = "drop_after"  # it was done, the connection dies
    DELAY = "delay"  # waits, then all is well
    DELAY_AFTER = "delay_after"  # done at once, answered late
    HTML_500 = "html_500"
    HTML_500_AFTER = "html_500_after"
    HTML_200 = "html_200"  # a proxy's page with a good status
    TRUNCATE = "truncate"  # done, half of the answer arrives
    DRIP = "drip"  # done, the answer comes byte by byte
    HUGE = "huge"  # two megabytes of nothing
    REDIRECT = "redirect"
    BUSY = "busy"  # 429 with Retry-After: 7
    UNLISTED_CODE = "unlisted_code"
    DOCTYPE = "doctype"  # done; the XML wears a DOCTYPE
    PERSIAN_DIGITS = "persian_digits"  # done; the numbers come in Persian digits
    NUMBERS_AS_TEXTS = "numbers_as_texts"  # done; every number of the JSON is a text
    TEXTS_AS_NUMBERS = "texts_as_numbers"  # done; every whole number written as text is a number
    WITHOUT_AMOUNT = "without_amount"  # done; the answer does not carry it
    WITHOUT_ORDER = "without_order"
    WITHOUT_REFERENCE = "without_reference"
    OTHER_AMOUNT = "other_amount"  # done; the answer names 1,000 rials more
    OTHER_ORDER = "other_order"  # done; the answer names another order
    OTHER_REFERENCE = "other_reference"  # done; the answer names another reference
    WITHOUT_CODE = "without_code"  # done; the answer does not say how it went
    NULLS = "nulls"  # done; code, amount, order and reference of the JSON are null
    LISTS = "lists"  # done; each of them stands in a list
    DECIMALS = "decimals"  # done; amounts and references wear a fraction of zeros
    GROUPED = "grouped"  # done; amounts are grouped by thousands
    BODY = "body"  # done; the answer is the ordered one, with the ordered status
    OTHER_PREFIX = "other_prefix"  # done; the XML wears other namespace prefixes
    SOAP_FAULT = "soap_fault"
    EMPTY = "empty"  # done; the body is empty
    NULL = "null"  # done; the JSON says null
    LIST = "list"  # done; the JSON is a list
    TRUTH = "truth"  # done; every code of the JSON is a truth value
    BAD_UTF8 = "bad_utf8"  # done; the bytes are no text
    FLIPPED = "flipped"  # done; empty parts of the JSON are left out
    CREDENTIALS = "credentials"  # declined: wrong user or password
    ADDRESS = "address"  # declined: the server address is not on file
    SESSION_OVER = "session_over"  # declined: the access token is over, where there is one
    DOUBLED_RETURN = "doubled_return"  # operation "return": the browser's way back, six at once


@dataclass(slots=True)
class Ordered:
    """A fault that waits for its calls."""

    operation: str  # of the wire, such as bpVerifyRequest or verify; "*" for every one
    fault: Fault
    times: int = 1
    seconds: float = 1.0
    body: str = ""
    status: int = 200


@dataclass(slots=True)
class Call:
    """One call of a merchant, as the bank remembers it."""

    number: int
    bank: str
    operation: str
    fault: str = ""
    was_spoilt: bool = False  # whether a fault changed the answer; not every answer can be


# What the last three digits of an amount in rials do to one step, once for each payment. They end
# in zero, since some gateways count in tomans.
BY_AMOUNT: Mapping[int, tuple[str, Fault]] = {
    110: ("start", Fault.HTML_500_AFTER),
    120: ("confirm", Fault.DROP_AFTER),
    130: ("confirm", Fault.HTML_500),
    140: ("confirm", Fault.DELAY),
    150: ("confirm", Fault.UNLISTED_CODE),
    160: ("confirm", Fault.BUSY),
    170: ("confirm", Fault.CREDENTIALS),
    180: ("confirm", Fault.OTHER_AMOUNT),
    190: ("return", Fault.DOUBLED_RETURN),
    210: ("settle", Fault.HTML_500_AFTER),
    220: ("refund", Fault.DROP_AFTER),
    230: ("reverse", Fault.DROP_AFTER),
}
_DEMONSTRATED_SECONDS = 5.0

# Chance spoils the line and never the truth: whoever asks often enough must find out.
_BY_CHANCE = (
    Fault.DROP_BEFORE,
    Fault.DROP_AFTER,
    Fault.DELAY,
    Fault.HTML_500,
    Fault.HTML_500_AFTER,
    Fault.HTML_200,
    Fault.TRUNCATE,
    Fault.BUSY,
    Fault.UNLISTED_CODE,
    Fault.EMPTY,
    Fault.NULL,
    Fault.BAD_UTF8,
)
_CHANCE_SECONDS = 0.02


class ByAmount:
    """Faults that the payer chooses by the amount, each once for one payment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[tuple[int, str]] = set()

    def take(self, payment_id: int, amount: int, step: str) -> Ordered | None:
        """The fault of a payment's step, the first time that it is asked for."""
        chosen_step, fault = BY_AMOUNT.get(amount % 1_000, ("", Fault.DELAY))
        if chosen_step != step:
            return None
        with self._lock:
            if (payment_id, step) in self._seen:
                return None
            self._seen.add((payment_id, step))
        return Ordered(step, fault, seconds=_DEMONSTRATED_SECONDS)


class ByChance:
    """A fault now and then. The same seed and the same order of calls give the same faults."""

    def __init__(self, seed: int, rate: float) -> None:
        self._lock = threading.Lock()
        self._dice = random.Random(seed)  # noqa: S311  repeatable on purpose
        self._rate = rate

    def take(self, operation: str) -> Ordered | None:
        """Throw the dice for one call."""
        with self._lock:
            if self._dice.random() >= self._rate:
                return None
            return Ordered(operation, self._dice.choice(_BY_CHANCE), seconds=_CHANCE_SECONDS)


class Faults:
    """The faults that are still to happen, in the order they were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[Ordered] = []

    def order(self, fault: Ordered) -> None:
        """Let a fault happen to the next calls of its operation."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """Let everything go well again."""
        with self._lock:
            self._waiting.clear()

    def listed(self) -> list[Ordered]:
        """What has not happened yet."""
        with self._lock:
            return list(self._waiting)

    def take(self, operation: str) -> Ordered | None:
        """Use up one fault of an operation, if there is any."""
        if not self._waiting:
            return None
        with self._lock:
            for fault in self._waiting:
                if fault.operation in {operation, "*"}:
                    fault.times -= 1
                    if fault.times <= 0:
                        self._waiting.remove(fault)
                    return fault
        return None
