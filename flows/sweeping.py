"""Sweeping: every payment that a donor, a bank or a crash left open is brought to its end.

What may be repeated and where it may die is said in ``flows/paying.py``.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from core.database import Database
from donations.gateway_health import troubled
from donations.judging import PAID
from donations.models.payment import OPEN_STATES, Payment, PaymentState
from donations.paying import (
    claim_look,
    claim_look_early,
    due_payments,
    expire_unstarted,
    expire_without_answer,
    gateways_with_due,
    is_superseded,
    postpone,
    record_look,
)
from flows.calling import ask, beside_each_other, keep, open_gateway_of
from flows.confirming import Came, Clock, finish, leave_to_bank, take_confirm, terminal_of
from payment_gateways.contract import Kind, Recovery, StoredPayment
from payment_gateways.registry import Gateway

S = PaymentState
_Claim: TypeAlias = Callable[..., StoredPayment | None]
_ROUND_TAKES = timedelta(seconds=30)  # then a slow bank's other payments wait for the next sweep
_BAD = frozenset({Kind.UNKNOWN, Kind.CONFIG_ERROR})


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did: attempts looked after, confirmed by it, and still open."""

    swept: int
    confirmed: int
    open: int


@dataclass(slots=True)
class _Round:
    """What one sweep did at one bank."""

    swept: int = 0
    confirmed: int = 0
    open: int = 0
    troubles: list[Exception] = field(default_factory=list)


def sweep(
    database: Database,
    gateways: Mapping[str, Gateway],
    *,
    clock: Clock,
    limit: int = 200,
) -> SweepReport:
    """Look after every open payment whose time has come: banks side by side, each in its order.

    One payment that fails to be looked after keeps no other waiting: the troubles are raised
    together when the rest is done. A bank that stays silent, or is slow, is left for the next
    sweep, so that the others are not held up. Reads what is due by ``limit`` at a time.
    """
    now = clock()
    with database.reading() as session:
        due = gateways_with_due(session, now=now)
    open_ones = [gateway for name in due if (gateway := open_gateway_of(gateways, name))]
    go_round = partial(_sweep_gateway, database, gateways, now=now, limit=limit, clock=clock)
    rounds = beside_each_other(open_ones, go_round)
    if troubles := [trouble for each in rounds for trouble in each.troubles]:
        raise ExceptionGroup("some payments could not be looked after", troubles)
    return SweepReport(
        swept=sum(each.swept for each in rounds),
        confirmed=sum(each.confirmed for each in rounds),
        open=sum(each.open for each in rounds),
    )


def look_after_early(
    database: Database, gateways: Mapping[str, Gateway], payment_id: int, *, clock: Clock
) -> PaymentState:
    """Look after one payment before its time: the donor is about to pay in another way."""
    return _look_after(database, gateways, payment_id, claim=claim_look_early, clock=clock).state


def _sweep_gateway(
    database: Database,
    gateways: Mapping[str, Gateway],
    gateway: Gateway,
    *,
    now: datetime,
    limit: int,
    clock: Clock,
) -> _Round:
    done, unanswered = _Round(), 0
    with database.reading() as session:
        rests = gateway.name in troubled(session)
    patience = 1 if rests else gateway.breaker_failures
    for payment_id in _due_at(database, gateway.name, now=now, limit=limit):
        if unanswered >= patience or clock() - now > _ROUND_TAKES:
            break
        done.swept += 1
        try:
            came = _look_after(database, gateways, payment_id, claim=claim_look, clock=clock)
            unanswered = unanswered + 1 if came.kind in _BAD else 0
        except Exception as trouble:
            trouble.add_note(f"payment {payment_id}")
            done.troubles.append(trouble)
            with database.writing() as session:
                postpone(session, payment_id, terminal_of(gateway), now=clock())
        with database.reading() as session:
            payment = session.get_one(Payment, payment_id)
            done.confirmed += payment.is_final
            done.open += not payment.is_final and payment.state in OPEN_STATES
    return done


def _due_at(database: Database, name: str, *, now: datetime, limit: int) -> Iterator[int]:
    last: tuple[datetime, int] | None = None
    while True:
        with database.reading() as session:
            due = due_payments(session, [name], now=now, after=last, limit=limit)
        yield from (payment_id for payment_id, _due_since in due)
        if len(due) < limit:
            return
        last = (due[-1][1], due[-1][0])


def _look_after(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    *,
    claim: _Claim,
    clock: Clock,
) -> Came:
    with database.reading() as session:
        payment = session.get_one(Payment, payment_id)
        gateway, state = open_gateway_of(gateways, payment.gateway), payment.state
    if gateway is None:
        return Came(state)
    if state in (S.CREATED, S.START_UNKNOWN):
        with database.writing() as session:
            expire_unstarted(session, payment_id, now=clock())
        return Came(S.EXPIRED)
    if state in (S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED):
        return _look(database, gateway, payment, claim=claim, clock=clock)
    came = finish(database, gateways, payment_id, clock=clock)
    if came.state is not S.RETURNED:
        return came
    with database.reading() as session:
        is_left = is_superseded(session, [payment_id])
    return _look(database, gateway, payment, claim=claim, clock=clock) if is_left else came


def _look(
    database: Database, gateway: Gateway, payment: Payment, *, claim: _Claim, clock: Clock
) -> Came:
    """Ask after a donor who never came back, and confirm what turns out to be paid."""
    terminal, recovers_by = terminal_of(gateway), gateway.manifest.recovers_by
    with database.writing() as session:
        is_left = leave_to_bank(session, gateway, payment.id, now=clock())
        cannot_ask = recovers_by is Recovery.NONE or (is_left and recovers_by is Recovery.CONFIRM)
        if cannot_ask:
            has_ended = expire_without_answer(session, payment, terminal, now=clock())
            return Came(S.EXPIRED if has_ended else payment.state)
        asked = claim(session, payment.id, terminal, now=clock())
    if asked is None:
        return Came(payment.state)
    if recovers_by is Recovery.CONFIRM:
        answered = ask(gateway, "confirm", lambda: gateway.adapter.confirm(asked))
        if answered.outcome.kind in PAID:
            return take_confirm(database, payment.id, answered, clock=clock)
    else:
        answered = ask(gateway, "recover", lambda: gateway.adapter.recover(asked))
        # Confirmed already, and not by anything we know: an answer of ours was lost, say with the
        # database that an older backup replaced. Confirming again is harmless and tells us all.
        is_paid = answered.outcome.kind is Kind.AWAITS_CONFIRM and not is_left
        if is_paid or answered.outcome.kind in PAID:
            own = {gateway.name: gateway}
            return finish(database, own, payment.id, found=answered, clock=clock)
    now = clock()
    with database.writing() as session:
        state = record_look(session, payment.id, answered.outcome, terminal, now=now)
        keep(session, answered, payment.id, now=now)
    return Came(state, answered.outcome.kind)
