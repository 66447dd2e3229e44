"""Things that go wrong on purpose: ordered through the admin API, used up call by call."""

import threading
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
    FLIPPED = "flipped"  # done; empty parts of the JSON are left out, codes are texts
    DOUBLED_RETURN = "doubled_return"  # operation "return": the browser's way back, six at once


@dataclass(slots=True)
class Ordered:
    """A fault that waits for its calls."""

    operation: str  # of the wire, such as bpVerifyRequest or verify; "*" for every one
    fault: Fault
    times: int = 1
    seconds: float = 1.0


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
