"""Calling a bank, and what every answer leaves behind: the journal, and how the gateway stands.

A step has two halves. ``ask`` calls the bank outside of any transaction; ``keep`` goes into the
transaction that records what the answer means, as its last act: locks are taken payment, pledge,
fund, series, gateway.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from core.bulk import driver_value, insert_rows
from core.events import Event, Happening
from donations.gateway_health import (
    Breaker,
    Why,
    count_failure,
    note_good_answer,
    note_silence,
    pause,
)
from donations.models.gateway import REQUEST_MAX, GatewayCall
from flows.events import emit
from payment_gateways.contract import Kind, Outcome
from payment_gateways.masking import MASK
from payment_gateways.recording import FinishedCall
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

T = TypeVar("T")

_SIDE_BY_SIDE = 4  # banks that one job asks at the same time
_CALL: Table = GatewayCall.__table__  # type: ignore[assignment]
_COLUMNS = (
    "gateway", "payment_id", "step", "operation", "at", "waited_ms", "status", "silence",
    "request", "answer", "kind", "code",
)  # fmt: skip
# By these a gateway is judged: the others may be switched off at the bank, or ask of old payments.
_TELLING = frozenset({"start", "confirm"})
# Without these no gift comes through. The others are rights of their own at the bank: a terminal
# that lacks one takes gifts all the same, and could never be let back for good.
_NEEDED = frozenset({"start", "confirm", "settle", "check"})
# Whoever holds it opens the donor's own view: it belongs into no journal.
_RETURN_KEY = re.compile(r"(bank(?:/|\\/|%2F)return(?:/|\\/|%2F))[0-9a-f]{1,32}", re.IGNORECASE)
_NO_CALL = FinishedCall("", "", "", "", "", None, "", 0)


@dataclass(frozen=True, slots=True)
class Answered:
    """What one step at a bank came to, with the calls behind it."""

    gateway: Gateway
    step: str  # the name of the step in the contract: start, confirm, settle, …
    outcome: Outcome
    calls: tuple[FinishedCall, ...]

    @property
    def is_silence(self) -> bool:
        """Whether nothing came that leads anywhere.

        A confirm is sent with what a browser brought: whatever the bank says to that, be it a
        breakdown, may be about one payment alone, and only silence is about the bank. An
        announcement that a bank neither takes nor refuses is about the bank.
        """
        if self.outcome.kind is not Kind.UNKNOWN:
            return False
        return self.step == "start" or any(call.silence for call in self.calls[-1:])


def open_gateway_of(gateways: Mapping[str, Gateway], name: str) -> Gateway | None:
    """The gateway of a payment; none where its account was removed or has no adapter."""
    gateway = gateways.get(name)
    return gateway if gateway is not None and gateway.is_open else None


def beside_each_other(gateways: Sequence[Gateway], act: Callable[[Gateway], T]) -> list[T]:
    """Do something at several banks at once, so that a slow one holds up nobody but itself."""
    if len(gateways) < 2:
        return [act(gateway) for gateway in gateways]
    with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(gateways))) as pool:
        return list(pool.map(act, gateways))


def ask(gateway: Gateway, step: str, call: Callable[[], Outcome]) -> Answered:
    """Let the adapter make its call or calls, and listen. Never inside a transaction."""
    with gateway.recorder.calls() as calls:
        outcome = call()
    return Answered(gateway, step, outcome, tuple(calls))


def keep(
    session: Session, answered: Answered, payment_id: int | None = None, *, now: datetime
) -> None:
    """Write the calls into the journal and count the answer, in the transaction at hand."""
    connection = session.connection()
    insert_rows(connection, _CALL, _COLUMNS, _rows(connection, answered, payment_id, now))
    gateway, outcome = answered.gateway, answered.outcome
    if outcome.kind is Kind.CONFIG_ERROR:
        if answered.step != "start" or _is_again(session, answered, now=now):
            _take_out(session, answered, now=now)
    elif answered.step not in _TELLING:
        return
    elif answered.is_silence:
        note_silence(session, gateway.name, breaker_of(gateway), _reason(answered), now=now)
    elif outcome.kind is not Kind.UNKNOWN:
        note_good_answer(session, gateway.name, now=now)


def _is_again(session: Session, answered: Answered, *, now: datetime) -> bool:
    """Whether no announcement came through for a while, and not only this one.

    An announcement carries what a donor typed: were one enough, anybody with an odd mobile number
    could take the gateway from everybody.
    """
    failures = count_failure(session, answered.gateway.name, now=now)
    return failures >= answered.gateway.breaker_failures


def _take_out(session: Session, answered: Answered, *, now: datetime) -> None:
    """Send no donors there any more, and alarm finance; or say what we are not allowed to do."""
    name = answered.gateway.name
    if answered.step not in _NEEDED:
        log.error("the bank does not let us", extra={"gateway": name, "step": answered.step})
        return
    turn_id = pause(session, name, _reason(answered), now=now)
    if turn_id is not None:
        emit(session, Event(Happening.GATEWAY_PAUSED, turn_id), now=now)


def breaker_of(gateway: Gateway) -> Breaker:
    """When this gateway is let rest, as its account says."""
    return Breaker(gateway.breaker_failures, timedelta(seconds=gateway.breaker_rest_seconds))


def _reason(answered: Answered) -> Why:
    outcome = answered.outcome
    return Why(outcome.reason_fa, outcome.reason_en, step=answered.step, code=outcome.bank_code)


def _rows(
    connection: Connection, answered: Answered, payment_id: int | None, now: datetime
) -> list[tuple[Any, ...]]:
    calls = answered.calls or (_NO_CALL,)
    outcome, at = answered.outcome, driver_value(connection, _CALL, "at", now)
    last = len(calls) - 1
    return [
        (
            answered.gateway.name,
            payment_id,
            answered.step,
            call.operation[:60],
            at,
            round(call.waited_seconds * 1000),
            call.status,
            call.silence[:20] or None,
            _kept(call.request),
            _kept(call.answer),
            outcome.kind.value if place == last else None,
            (outcome.bank_code[:40] or None) if place == last else None,
        )
        for place, call in enumerate(calls)
    ]


def _kept(text: str) -> str:
    """Cut to what is stored; a character that no text of PostgreSQL may hold is shown instead."""
    return _RETURN_KEY.sub(rf"\1{MASK}", text)[:REQUEST_MAX].replace("\x00", "␀")
