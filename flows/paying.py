"""Paying: our steps and the bank's calls in turn, never the one inside the other.

Every function here may be repeated, may lose a race, and may die between any two lines: what it
committed is enough for the sweeper to finish the payment.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.database import Database
from core.events import Event, Happening
from core.refusals import Refusal
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Pledge
from donations.paying import (
    Terminal,
    claim_confirm,
    claim_look,
    claim_settle,
    create_payment,
    due_payments,
    expire_unstarted,
    expire_without_answer,
    payment_of_return,
    record_confirm,
    record_look,
    record_return,
    record_settle,
    record_start,
)
from flows.events import emit
from flows.receiving import receive_payment
from payment_gateways.contract import Hint, Kind, PaymentIntent, Redirect
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
S = PaymentState


class UnknownGateway(Refusal):
    """No such gateway, or it is not offered now."""

    code = "gateway.unknown"
    http_status = 422
    field = "gateway"


@dataclass(frozen=True, slots=True)
class BegunPayment:
    """An attempt to pay and where the donor goes now; no redirect when the bank gave none."""

    payment_id: int
    tracking_code: str
    view_key: str
    redirect: Redirect | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did: attempts looked after, confirmed by it, and still open."""

    swept: int
    confirmed: int
    open: int


def begin_payment(
    database: Database,
    gateways: Mapping[str, Gateway],
    *,
    pledge_id: int,
    gateway: str,
    public_url: str,
    clock: Clock,
    check_after: timedelta = timedelta(minutes=2),
    on_created: Callable[[Session, Payment], None] | None = None,
    on_begun: Callable[[Session, BegunPayment], None] | None = None,
) -> BegunPayment:
    """Open an attempt to pay and announce it to the bank.

    ``on_created`` joins the transaction in which the attempt is opened, ``on_begun`` the one in
    which the bank's answer is recorded. Raises UnknownGateway, AlreadyPaid, NothingToPay,
    AmountOutsideGateway.
    """
    chosen = gateways.get(gateway)
    if chosen is None or not chosen.is_enabled:
        raise UnknownGateway(gateway=gateway[:40])
    now = clock()
    with database.writing() as session:
        payment = create_payment(
            session, pledge_id, _terminal(chosen), check_after=check_after, now=now
        )
        if on_created is not None:
            on_created(session, payment)
        pledge = session.get_one(Pledge, pledge_id)
        intent = _intent(payment, pledge, public_url=public_url, now=now)
    outcome = chosen.adapter.start(intent)
    with database.writing() as session:
        may_go = record_start(session, payment.id, outcome, now=clock())
        begun = BegunPayment(
            payment_id=payment.id,
            tracking_code=pledge.tracking_code,
            view_key=pledge.view_key,
            redirect=outcome.redirect if may_go else None,
            expires_at=outcome.expires_at,
        )
        if on_begun is not None:
            on_begun(session, begun)
    log.info(
        "payment begun",
        extra={"payment_id": payment.id, "gateway": gateway, "outcome": outcome.kind.value},
    )
    return begun


def take_return(
    database: Database,
    gateways: Mapping[str, Gateway],
    *,
    return_key: str,
    read: Callable[[Gateway], Hint],
    clock: Clock,
) -> Pledge:
    """Take in what a browser brought back from the bank, ask the bank itself, record the answer.

    Raises NotFound for a key that is not ours. Whatever the browser claims, the pledge that comes
    back stands as the bank says.
    """
    with database.writing() as session:
        payment = payment_of_return(session, return_key)
        pledge = session.get_one(Pledge, payment.pledge_id)
        gateway = gateways.get(payment.gateway)
        if gateway is None:  # its account was removed: the evidence is kept, the sweeper waits
            return pledge
        hint = read(gateway)
        worth_asking = record_return(session, payment, hint, now=clock())
    if worth_asking:
        finish_payment(
            database, gateways, payment.id, bank_reference=hint.bank_reference, clock=clock
        )
    return pledge


def finish_payment(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    *,
    clock: Clock,
    bank_reference: str | None = None,
) -> PaymentState:
    """Bring a payment as far as the bank allows now. Repeating or racing is harmless."""
    with database.reading() as session:
        payment = session.get_one(Payment, payment_id)
        gateway, state = gateways.get(payment.gateway), payment.state
    if gateway is None:
        return state
    if state not in (S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN):
        confirmed = _confirm(database, gateway, payment_id, bank_reference, clock=clock)
        state = confirmed or state
    if gateway.manifest.needs_settle and state in (S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN):
        state = _settle(database, gateway, payment_id, clock=clock) or state
    return state


def look_after(
    database: Database, gateways: Mapping[str, Gateway], payment_id: int, *, clock: Clock
) -> PaymentState:
    """What the sweeper does with one open payment, whatever state a crash left it in."""
    with database.reading() as session:
        payment = session.get_one(Payment, payment_id)
        gateway, state = gateways.get(payment.gateway), payment.state
    if gateway is None:
        return state
    if state in (S.CREATED, S.START_UNKNOWN):
        with database.writing() as session:
            expire_unstarted(session, payment_id, now=clock())
        return S.EXPIRED
    if state in (S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED):
        return _look(database, gateways, gateway, payment, clock=clock)
    return finish_payment(database, gateways, payment_id, clock=clock)


def sweep(
    database: Database,
    gateways: Mapping[str, Gateway],
    *,
    clock: Clock,
    limit: int = 200,
) -> SweepReport:
    """Look after every open payment whose time has come, one after the other.

    One payment that fails to be looked after keeps no other waiting: the troubles are raised
    together when the rest is done.
    """
    with database.reading() as session:
        due = due_payments(session, now=clock(), limit=limit)
    confirmed = still_open = 0
    troubles: list[Exception] = []
    for payment_id in due:
        try:
            state = look_after(database, gateways, payment_id, clock=clock)
        except Exception as trouble:
            trouble.add_note(f"payment {payment_id}")
            troubles.append(trouble)
            continue
        with database.reading() as session:
            is_final = session.get_one(Payment, payment_id).is_final
        confirmed += is_final
        still_open += not is_final and state not in (S.CANCELLED, S.FAILED, S.EXPIRED, S.REVERSED)
    if troubles:
        raise ExceptionGroup("some payments could not be looked after", troubles)
    return SweepReport(swept=len(due), confirmed=confirmed, open=still_open)


def _confirm(
    database: Database,
    gateway: Gateway,
    payment_id: int,
    bank_reference: str | None,
    *,
    clock: Clock,
) -> PaymentState | None:
    with database.writing() as session:
        asked = claim_confirm(session, payment_id, bank_reference=bank_reference, now=clock())
    if asked is None:
        return None
    outcome = gateway.adapter.confirm(asked)
    now = clock()
    with database.writing() as session:
        state = record_confirm(session, payment_id, outcome, _terminal(gateway), now=now)
        if state is S.CONFIRMED and not gateway.manifest.needs_settle:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
        if state in (S.CONFIRM_UNKNOWN, S.MISMATCH):
            emit(session, Event(Happening.PAYMENT_UNDER_REVIEW, payment_id), now=now)
    log.info("payment confirm", extra={"payment_id": payment_id, "state": state.value})
    return state


def _settle(
    database: Database, gateway: Gateway, payment_id: int, *, clock: Clock
) -> PaymentState | None:
    with database.writing() as session:
        asked = claim_settle(session, payment_id, now=clock())
    if asked is None:
        return None
    outcome = gateway.adapter.settle(asked)
    now = clock()
    with database.writing() as session:
        state = record_settle(session, payment_id, outcome, now=now)
        if state is S.SETTLED:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
    log.info("payment settle", extra={"payment_id": payment_id, "state": state.value})
    return state


def _look(
    database: Database,
    gateways: Mapping[str, Gateway],
    gateway: Gateway,
    payment: Payment,
    *,
    clock: Clock,
) -> PaymentState:
    """Ask after a donor who never came back, and confirm what turns out to be paid."""
    if not gateway.manifest.can_recover:
        with database.writing() as session:
            expire_without_answer(session, payment, _terminal(gateway), now=clock())
        return payment.state
    with database.writing() as session:
        asked = claim_look(session, payment.id, now=clock())
    if asked is None:
        return payment.state
    outcome = gateway.adapter.recover(asked)
    if outcome.kind is Kind.AWAITS_CONFIRM:
        return finish_payment(
            database, gateways, payment.id, bank_reference=outcome.bank_reference, clock=clock
        )
    with database.writing() as session:
        return record_look(session, payment.id, outcome, _terminal(gateway), now=clock())


def _terminal(gateway: Gateway) -> Terminal:
    return Terminal(gateway.name, gateway.manifest)


def _intent(payment: Payment, pledge: Pledge, *, public_url: str, now: datetime) -> PaymentIntent:
    return PaymentIntent(
        order_number=payment.order_number,
        amount_rial=payment.amount_rial,
        return_url=f"{public_url}/bank/return/{payment.return_key}",
        description=pledge.tracking_code,
        at=now,
        mobile=pledge.donor.mobile if pledge.donor else None,
    )
