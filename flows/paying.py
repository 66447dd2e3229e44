"""Paying: our steps and the bank's calls in turn, never the one inside the other.

Every function here may be repeated, may lose a race, and may die between any two lines: what it
committed is enough for the sweeper to finish the payment.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import Database
from core.events import Event, Happening
from core.refusals import Refusal
from donations.models.payment import OPEN_STATES, Payment, PaymentState
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
    postpone,
    record_confirm,
    record_look,
    record_return,
    record_settle,
    record_start,
)
from donations.stepping import payment_of_return
from flows.events import emit
from flows.receiving import receive_payment
from ledger.terminals import is_entered
from payment_gateways.contract import Hint, Kind, PaymentIntent, Redirect, StoredPayment
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
S = PaymentState
_Taken: TypeAlias = tuple[Pledge, int, Gateway | None, StoredPayment | None]
_TRIES = 5


class UnknownGateway(Refusal):
    """No such gateway, or it is not offered now."""

    code = "gateway.unknown"
    http_status = 422
    field = "gateway"


@dataclass(frozen=True, slots=True)
class OpenedPayment:
    """An attempt to pay that is written down and not yet announced to the bank."""

    payment_id: int
    gateway: str
    tracking_code: str
    view_key: str
    intent: PaymentIntent


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
    mobile: str | None = None,
    check_after: timedelta = timedelta(minutes=2),
    on_created: Callable[[Session, Payment], None] | None = None,
) -> BegunPayment:
    """Open an attempt to pay a pledge and announce it to the bank.

    ``mobile`` is for the bank's page and goes through the donor's browser: it is given only
    where whoever asks has shown to be the donor. ``on_created`` joins the transaction in which
    the attempt is opened. Raises UnknownGateway, AlreadyPaid, NothingToPay, AmountOutsideGateway.
    """
    with database.writing() as session:
        opened = open_payment(
            session,
            gateways,
            pledge_id=pledge_id,
            gateway=gateway,
            public_url=public_url,
            now=clock(),
            mobile=mobile,
            check_after=check_after,
        )
        if on_created is not None:
            on_created(session, session.get_one(Payment, opened.payment_id))
    return announce_payment(database, gateways, opened, clock=clock)


def open_payment(
    session: Session,
    gateways: Mapping[str, Gateway],
    *,
    pledge_id: int,
    gateway: str,
    public_url: str,
    now: datetime,
    mobile: str | None = None,
    check_after: timedelta = timedelta(minutes=2),
) -> OpenedPayment:
    """Write down the intention to pay, in the caller's transaction; nobody is called yet.

    Raises UnknownGateway, AlreadyPaid, NothingToPay, AmountOutsideGateway.
    """
    chosen = gateways.get(gateway)
    if chosen is None or not chosen.is_enabled or not is_entered(session, gateway):
        raise UnknownGateway(gateway=gateway[:40])
    payment = create_payment(
        session, pledge_id, _terminal(chosen), check_after=check_after, now=now
    )
    pledge = session.get_one(Pledge, pledge_id)
    return OpenedPayment(
        payment_id=payment.id,
        gateway=gateway,
        tracking_code=pledge.tracking_code,
        view_key=pledge.view_key,
        intent=PaymentIntent(
            order_number=payment.order_number,
            amount_rial=payment.amount_rial,
            return_url=f"{public_url}/bank/return/{payment.return_key}",
            description=pledge.tracking_code,
            at=now,
            mobile=mobile,
        ),
    )


def announce_payment(
    database: Database,
    gateways: Mapping[str, Gateway],
    opened: OpenedPayment,
    *,
    clock: Clock,
    on_begun: Callable[[Session, BegunPayment], None] | None = None,
) -> BegunPayment:
    """Announce an opened attempt to the bank and record its answer. Never called twice for one.

    ``on_begun`` joins the transaction in which the bank's answer is recorded.
    """
    outcome = gateways[opened.gateway].adapter.start(opened.intent)
    with database.writing() as session:
        may_go = record_start(session, opened.payment_id, outcome, now=clock())
        begun = BegunPayment(
            payment_id=opened.payment_id,
            tracking_code=opened.tracking_code,
            view_key=opened.view_key,
            redirect=outcome.redirect if may_go else None,
            expires_at=outcome.expires_at,
        )
        if on_begun is not None:
            on_begun(session, begun)
    log.info(
        "payment begun",
        extra={
            "payment_id": opened.payment_id,
            "gateway": opened.gateway,
            "outcome": outcome.kind.value,
        },
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

    def take_in() -> _Taken:
        asked = None
        with database.writing() as session:
            payment = payment_of_return(session, return_key)
            payment_id, pledge = payment.id, payment.pledge
            gateway = gateways.get(payment.gateway)
            if gateway is not None:
                hint = read(gateway)
                if record_return(session, payment, hint, now=clock()):
                    asked = claim_confirm(
                        session,
                        payment_id,
                        bank_reference=hint.bank_reference,
                        claimed_rial=hint.amount_rial,
                        now=clock(),
                    )
        return pledge, payment_id, gateway, asked

    pledge, payment_id, gateway, asked = _until_seen(take_in)
    if gateway is not None and asked is not None:
        try:
            _ask_to_confirm(database, gateway, payment_id, asked, clock=clock)
        except Refusal:  # the donor has done all there is to do; the sweeper goes on from here
            log.exception("payment could not be finished", extra={"payment_id": payment_id})
    return pledge


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
    with database.writing() as session:
        payment = session.get_one(Payment, payment_id)
        gateway, state = gateways.get(payment.gateway), payment.state
        if gateway is None:  # its account was removed: the payment waits for it
            return state
        is_confirmed = state in (S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN)
        claim = claim_settle if is_confirmed and gateway.manifest.needs_settle else None
        asked = (
            claim(session, payment_id, now=clock())
            if claim is not None
            else claim_confirm(
                session,
                payment_id,
                bank_reference=bank_reference,
                named_by_bank=bank_reference is not None,
                now=clock(),
            )
        )
    if asked is None:
        return state
    act = _ask_to_confirm if claim is None else _ask_to_settle
    return act(database, gateway, payment_id, asked, clock=clock)


def look_after(
    database: Database, gateways: Mapping[str, Gateway], payment_id: int, *, clock: Clock
) -> None:
    """What the sweeper does with one open payment, whatever state a crash left it in."""
    with database.reading() as session:
        payment = session.get_one(Payment, payment_id)
        gateway, state = gateways[payment.gateway], payment.state
    if state in (S.CREATED, S.START_UNKNOWN):
        with database.writing() as session:
            expire_unstarted(session, payment_id, now=clock())
    elif state in (S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED):
        _look(database, gateways, gateway, payment, clock=clock)
    else:
        finish_payment(database, gateways, payment_id, clock=clock)


def sweep(
    database: Database,
    gateways: Mapping[str, Gateway],
    *,
    clock: Clock,
    limit: int = 200,
) -> SweepReport:
    """Look after every open payment whose time has come, one after the other.

    One payment that fails to be looked after keeps no other waiting: the troubles are raised
    together when the rest is done. Goes through what is due by ``limit`` at a time.
    """
    now, due = clock(), list[tuple[int, datetime]]()
    while True:
        with database.reading() as session:
            last = (due[-1][1], due[-1][0]) if due else None
            more = due_payments(session, gateways, now=now, after=last, limit=limit)
        due += more
        if len(more) < limit:
            break
    confirmed = still_open = 0
    troubles: list[Exception] = []
    for payment_id, _due_since in due:
        try:
            look_after(database, gateways, payment_id, clock=clock)
        except Exception as trouble:
            trouble.add_note(f"payment {payment_id}")
            troubles.append(trouble)
            with database.writing() as session:
                postpone(session, payment_id, now=clock())
        with database.reading() as session:
            payment = session.get_one(Payment, payment_id)
            confirmed += payment.is_final
            still_open += not payment.is_final and payment.state in OPEN_STATES
    if troubles:
        raise ExceptionGroup("some payments could not be looked after", troubles)
    return SweepReport(swept=len(due), confirmed=confirmed, open=still_open)


def _until_seen(take_in: Callable[[], _Taken]) -> _Taken:
    """Begin again where another payment reserved the same bank reference at the same moment.

    The UNIQUE constraint waited for it and refused; now its reservation is seen and judged, or it
    has been given back.
    """
    for _try in range(_TRIES - 1):
        with suppress(IntegrityError):
            return take_in()
    return take_in()


def _ask_to_confirm(
    database: Database, gateway: Gateway, payment_id: int, asked: StoredPayment, *, clock: Clock
) -> PaymentState:
    """Ask the bank to make a payment final; where it wants a settle too, ask for that next."""
    outcome = gateway.adapter.confirm(asked)
    now, to_settle = clock(), None
    with database.writing() as session:
        state = record_confirm(session, payment_id, outcome, _terminal(gateway), now=now)
        if state is S.CONFIRMED and gateway.manifest.needs_settle:
            to_settle = claim_settle(session, payment_id, now=now)
        elif state is S.CONFIRMED:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
        elif state in (S.CONFIRM_UNKNOWN, S.MISMATCH):
            emit(session, Event(Happening.PAYMENT_UNDER_REVIEW, payment_id), now=now)
    log.info("payment confirm", extra={"payment_id": payment_id, "state": state.value})
    if to_settle is None:
        return state
    return _ask_to_settle(database, gateway, payment_id, to_settle, clock=clock)


def _ask_to_settle(
    database: Database, gateway: Gateway, payment_id: int, asked: StoredPayment, *, clock: Clock
) -> PaymentState:
    """Ask the bank for the pay-out of a confirmed payment; accepted, the money is ours."""
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
) -> None:
    """Ask after a donor who never came back, and confirm what turns out to be paid."""
    if not gateway.manifest.can_recover:
        with database.writing() as session:
            expire_without_answer(session, payment, _terminal(gateway), now=clock())
        return
    with database.writing() as session:
        asked = claim_look(session, payment.id, now=clock())
    if asked is None:
        return
    outcome = gateway.adapter.recover(asked)
    # Confirmed already, and not by anything we know: an answer of ours was lost, say with the
    # database that an older backup replaced. Confirming again is harmless and tells us all.
    if outcome.kind in (Kind.AWAITS_CONFIRM, Kind.ALREADY_CONFIRMED):
        finish_payment(
            database, gateways, payment.id, bank_reference=outcome.bank_reference, clock=clock
        )
        return
    with database.writing() as session:
        record_look(session, payment.id, outcome, _terminal(gateway), now=clock())


def _terminal(gateway: Gateway) -> Terminal:
    return Terminal(gateway.name, gateway.manifest)
