"""Listening to what an adapter says to its bank: the calls of one step, in one thread, masked.

The adapter hands back an ``Outcome``; who stores it stores the calls behind it in the same
transaction. A bank call never happens inside a transaction, so the calls wait in memory till then.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from payment_gateways.transport import Journal, JournalEntry, no_journal


@dataclass(frozen=True, slots=True)
class FinishedCall:
    """One call to a bank with its answer or its silence, masked: fit to be stored and shown."""

    gateway: str  # our name for the account
    operation: str
    url: str
    request: str
    answer: str
    status: int | None  # None for silence
    silence: str  # a value of Quiet; empty where there was an answer
    waited_seconds: float


class Recorder:
    """A journal that keeps the calls of the thread that listens, and hands the entries on."""

    def __init__(self, journal: Journal = no_journal) -> None:
        self._journal = journal
        self._heard = _Heard()

    def __call__(self, entry: JournalEntry) -> None:
        """Take one half of a call from the transport."""
        self._journal(entry)
        if entry.step == "request":
            self._heard.request = entry.text
        elif self._heard.calls is not None:
            self._heard.calls.append(_finished(entry, self._heard.request))

    @contextmanager
    def calls(self) -> Iterator[list[FinishedCall]]:
        """Listen while the block runs; what this thread calls meanwhile is in the list.

        A block within a block hears its own calls only.
        """
        calls: list[FinishedCall] = []
        outer, self._heard.calls = self._heard.calls, calls
        try:
            yield calls
        finally:
            self._heard.calls = outer


class _Heard(threading.local):
    """What one thread has heard: its last request, and the list that it is being kept in."""

    request: str = ""
    calls: list[FinishedCall] | None = None


def _finished(answer: JournalEntry, request: str) -> FinishedCall:
    return FinishedCall(
        gateway=answer.gateway,
        operation=answer.operation,
        url=answer.url,
        request=request,
        answer=answer.text,
        status=answer.status,
        silence=answer.silence,
        waited_seconds=answer.waited_seconds,
    )
