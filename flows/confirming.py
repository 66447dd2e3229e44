"""Confirming: the bank is asked to make a payment final, and where it has that step to pay it out.

What may be repeated and where it may die is said in ``flows/paying.py``.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.database import Database
from core.events import Event, Happening
from donations.judging import PAID
from donations.models.payment import Payment, PaymentState
from donations.paying import (
    Terminal,
    claim_confirm,
    claim_settle,
    record_confirm,
    record_settle,
    supersede,
)
from flows.calling import Answered, ask, keep, open_gateway_of
from flows.events import emit
from flows.receiving import receive_payment
from payment_gateways.contract import Kind, StoredPayment
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
S = PaymentState


@dataclass(frozen=True, slots=True)
class Came:
    """Where a payment stands, and the last thing its bank said, if it was asked."""

    state: PaymentState
    kind: Kind | None = None


def finish_payment(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    *,
    clock: Clock,
    bank_reference: str | None = None,
) -> PaymentState:
    """Bring a payment as far as the bank allows now. Repeating or racing is harmless.

    ``bank_reference`` is what the bank itself names for this payment, where it was just asked.
    """
    return finish(database, gateways, payment_id, bank_reference=bank_reference, clock=clock).state


def finish_found(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    found: Answered,
    *,
    clock: Clock,
) -> PaymentState:
    """The same after a look at the bank that showed money; the look is kept with it."""
    return finish(database, gateways, payment_id, found=found, clock=clock).state


def finish(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    *,
    clock: Clock,
    bank_reference: str | None = None,
    found: Answered | None = None,
) -> Came:
    """What ``finish_payment`` and ``finish_found`` do, with the last word of the bank."""
    with database.writing() as session:
        payment, now = session.get_one(Payment, payment_id), clock()
        gateway, state = open_gateway_of(gateways, payment.gateway), payment.state
        if gateway is None:  # its account was removed: the payment waits for it
            return Came(state)
        is_confirmed = state in (S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN)
        # Also where the gateway has no settle any more: then it says DONE, and the money is ours.
        claim = claim_settle if is_confirmed and not payment.is_final else None
        asked = (
            claim(session, payment_id, now=now)
            if claim is not None
            else _claim_confirm(session, gateway, payment, bank_reference, found, now=now)
        )
        if found is not None:
            keep(session, found, payment_id, now=now)
    if asked is None:
        return Came(state)
    act = ask_to_confirm if claim is None else _ask_to_settle
    return act(database, gateway, payment_id, asked, clock=clock)


def ask_to_confirm(
    database: Database, gateway: Gateway, payment_id: int, asked: StoredPayment, *, clock: Clock
) -> Came:
    """Ask the bank to make a payment final; where it wants a settle too, ask for that next."""
    answered = ask(gateway, "confirm", lambda: gateway.adapter.confirm(asked))
    return take_confirm(database, payment_id, answered, clock=clock)


def take_confirm(database: Database, payment_id: int, answered: Answered, *, clock: Clock) -> Came:
    """Record what the bank said to a confirm; asks for the settle where the gateway has one."""
    gateway, now, to_settle = answered.gateway, clock(), None
    with database.writing() as session:
        state = record_confirm(session, payment_id, answered.outcome, terminal_of(gateway), now=now)
        if state is S.CONFIRMED and gateway.manifest.needs_settle:
            to_settle = claim_settle(session, payment_id, now=now)
        elif state is S.CONFIRMED:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
        elif state in (S.CONFIRM_UNKNOWN, S.MISMATCH):
            emit(session, Event(Happening.PAYMENT_UNDER_REVIEW, payment_id), now=now)
        keep(session, answered, payment_id, now=now)
    log.info("payment confirm", extra={"payment_id": payment_id, "state": state.value})
    if to_settle is None:
        return Came(state, answered.outcome.kind)
    return _ask_to_settle(database, gateway, payment_id, to_settle, clock=clock)


def leave_to_bank(session: Session, gateway: Gateway, payment_id: int, *, now: datetime) -> bool:
    """Whether the bank gives this money back by itself, since another payment was received."""
    if not supersede(session, payment_id, terminal_of(gateway), now=now):
        return False
    emit(session, Event(Happening.PAYMENT_SUPERSEDED, payment_id), now=now)
    return True


def terminal_of(gateway: Gateway) -> Terminal:
    """What the subject of payments knows of a gateway."""
    return Terminal(gateway.name, gateway.manifest)


def _claim_confirm(
    session: Session,
    gateway: Gateway,
    payment: Payment,
    bank_reference: str | None,
    found: Answered | None,
    *,
    now: datetime,
) -> StoredPayment | None:
    """The right to confirm; what the bank says is confirmed already is never left to it."""
    is_confirmed = found is not None and found.outcome.kind in PAID
    if not is_confirmed and leave_to_bank(session, gateway, payment.id, now=now):
        return None
    if found is not None:
        bank_reference = found.outcome.bank_reference
    return claim_confirm(
        session,
        payment.id,
        bank_reference=bank_reference,
        named_by_bank=bank_reference is not None,
        now=now,
    )


def _ask_to_settle(
    database: Database, gateway: Gateway, payment_id: int, asked: StoredPayment, *, clock: Clock
) -> Came:
    """Ask the bank for the pay-out of a confirmed payment; accepted, the money is ours."""
    answered, now = ask(gateway, "settle", lambda: gateway.adapter.settle(asked)), clock()
    with database.writing() as session:
        state = record_settle(session, payment_id, answered.outcome, now=now)
        if state is S.SETTLED:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
        keep(session, answered, payment_id, now=now)
    log.info("payment settle", extra={"payment_id": payment_id, "state": state.value})
    return Came(state, answered.outcome.kind)
