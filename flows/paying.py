"""Paying: our steps and the bank's calls in turn, never the one inside the other.

Every function here may be repeated, may lose a race, and may die between any two lines: what it
committed is enough for the sweeper to finish the payment.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeAlias

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.database import Database
from core.events import Event, Happening
from core.refusals import Refusal
from donations.gateway_health import troubled
from donations.judging import PAID
from donations.models.payment import OPEN_STATES, Payment, PaymentState
from donations.models.pledge import Pledge
from donations.paying import (
    Terminal,
    claim_confirm,
    claim_look,
    claim_look_early,
    claim_settle,
    create_payment,
    due_payments,
    expire_unstarted,
    expire_without_answer,
    gateways_with_due,
    is_superseded,
    postpone,
    record_confirm,
    record_look,
    record_return,
    record_settle,
    record_start,
    supersede,
)
from donations.routing import needs_purpose, purpose_of, takes_donors, terminal_of_bank
from donations.stepping import payment_of_return
from flows.calling import Answered, ask, beside_each_other, keep, open_gateway_of
from flows.events import emit
from flows.receiving import receive_payment
from ledger.terminals import is_entered
from payment_gateways.contract import (
    Hint,
    Kind,
    PaymentIntent,
    Recovery,
    Redirect,
    StoredPayment,
)
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]
S = PaymentState
_Taken: TypeAlias = tuple[Pledge, int, Gateway | None, StoredPayment | None]
_Claim: TypeAlias = Callable[..., StoredPayment | None]
_TRIES = 5
_ROUND_TAKES = timedelta(seconds=30)  # then a slow bank's other payments wait for the next sweep
_BAD = frozenset({Kind.UNKNOWN, Kind.CONFIG_ERROR})


class UnknownGateway(Refusal):
    """No such gateway, or it is not offered now."""

    code = "gateway.unknown"
    http_status = 422
    field = "gateway"


class GatewayRests(Refusal):
    """The gateway does not answer just now, or was taken out; another can be chosen."""

    code = "gateway.resting"
    http_status = 409
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
    the attempt is opened. Raises what ``open_payment`` raises.
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

    Where the bank of the named gateway has a terminal for the pledge's province or campaign, that
    one is used. Raises UnknownGateway, GatewayRests, AlreadyPaid, NothingToPay,
    AmountOutsideGateway, AmountBetweenSteps.
    """
    chosen = _terminal_to_use(session, gateways, gateway, pledge_id, now=now)
    payment = create_payment(
        session, pledge_id, _terminal(chosen), check_after=check_after, now=now
    )
    pledge = session.get_one(Pledge, pledge_id)
    return OpenedPayment(
        payment_id=payment.id,
        gateway=chosen.name,
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
    gateway = gateways[opened.gateway]
    answered = ask(gateway, "start", lambda: gateway.adapter.start(opened.intent))
    outcome, now = answered.outcome, clock()
    with database.writing() as session:
        may_go = record_start(session, opened.payment_id, outcome, now=now)
        begun = BegunPayment(
            payment_id=opened.payment_id,
            tracking_code=opened.tracking_code,
            view_key=opened.view_key,
            redirect=outcome.redirect if may_go else None,
            expires_at=outcome.expires_at,
        )
        if on_begun is not None:
            on_begun(session, begun)
        keep(session, answered, opened.payment_id, now=now)
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
            gateway = open_gateway_of(gateways, payment.gateway)
            if gateway is not None:
                hint = read(gateway)
                is_time = record_return(session, payment, hint, now=clock())
                if is_time and not _left_to_bank(session, gateway, payment_id, now=clock()):
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
    return _finish(database, gateways, payment_id, bank_reference=bank_reference, clock=clock).state


def finish_found(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    found: Answered,
    *,
    clock: Clock,
) -> PaymentState:
    """The same after a look at the bank that showed money; the look is kept with it."""
    return _finish(database, gateways, payment_id, found=found, clock=clock).state


def look_after(
    database: Database, gateways: Mapping[str, Gateway], payment_id: int, *, clock: Clock
) -> PaymentState:
    """What the sweeper does with one open payment, whatever state a crash left it in."""
    return _look_after(database, gateways, payment_id, claim=claim_look, clock=clock).state


def look_after_early(
    database: Database, gateways: Mapping[str, Gateway], payment_id: int, *, clock: Clock
) -> PaymentState:
    """The same before its time has come: the donor is about to pay in another way."""
    return _look_after(database, gateways, payment_id, claim=claim_look_early, clock=clock).state


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


@dataclass(frozen=True, slots=True)
class _Came:
    """Where a payment stands, and the last thing its bank said, if it was asked."""

    state: PaymentState
    kind: Kind | None = None


@dataclass(slots=True)
class _Round:
    """What one sweep did at one bank."""

    swept: int = 0
    confirmed: int = 0
    open: int = 0
    troubles: list[Exception] = field(default_factory=list)


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
                postpone(session, payment_id, _terminal(gateway), now=clock())
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


def _until_seen(take_in: Callable[[], _Taken]) -> _Taken:
    """Begin again where another payment reserved the same bank reference at the same moment.

    The UNIQUE constraint waited for it and refused; now its reservation is seen and judged, or it
    has been given back.
    """
    for _try in range(_TRIES - 1):
        with suppress(IntegrityError):
            return take_in()
    return take_in()


def _terminal_to_use(
    session: Session,
    gateways: Mapping[str, Gateway],
    name: str,
    pledge_id: int,
    *,
    now: datetime,
) -> Gateway:
    named = gateways.get(name)
    if named is None or not takes_donors(named):
        raise UnknownGateway(gateway=name[:40])
    is_asked = needs_purpose(gateways.values())
    purpose = purpose_of(session, pledge_id) if is_asked else None
    try:
        chosen = terminal_of_bank(
            gateways.values(), named, troubled(session), purpose=purpose, now=now
        )
    except LookupError:
        raise UnknownGateway(gateway=name[:40]) from None
    if chosen is None:
        raise GatewayRests(gateway=name[:40])
    if not is_entered(session, chosen.name):
        raise UnknownGateway(gateway=name[:40])
    return chosen


def _left_to_bank(session: Session, gateway: Gateway, payment_id: int, *, now: datetime) -> bool:
    """Whether the bank gives this money back by itself, since another payment was received."""
    if not supersede(session, payment_id, _terminal(gateway), now=now):
        return False
    emit(session, Event(Happening.PAYMENT_SUPERSEDED, payment_id), now=now)
    return True


def _finish(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    *,
    clock: Clock,
    bank_reference: str | None = None,
    found: Answered | None = None,
) -> _Came:
    with database.writing() as session:
        payment, now = session.get_one(Payment, payment_id), clock()
        gateway, state = open_gateway_of(gateways, payment.gateway), payment.state
        if gateway is None:  # its account was removed: the payment waits for it
            return _Came(state)
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
        return _Came(state)
    act = _ask_to_confirm if claim is None else _ask_to_settle
    return act(database, gateway, payment_id, asked, clock=clock)


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
    if not is_confirmed and _left_to_bank(session, gateway, payment.id, now=now):
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


def _ask_to_confirm(
    database: Database, gateway: Gateway, payment_id: int, asked: StoredPayment, *, clock: Clock
) -> _Came:
    """Ask the bank to make a payment final; where it wants a settle too, ask for that next."""
    answered = ask(gateway, "confirm", lambda: gateway.adapter.confirm(asked))
    return _take_confirm(database, payment_id, answered, clock=clock)


def _take_confirm(
    database: Database, payment_id: int, answered: Answered, *, clock: Clock
) -> _Came:
    gateway, now, to_settle = answered.gateway, clock(), None
    with database.writing() as session:
        state = record_confirm(session, payment_id, answered.outcome, _terminal(gateway), now=now)
        if state is S.CONFIRMED and gateway.manifest.needs_settle:
            to_settle = claim_settle(session, payment_id, now=now)
        elif state is S.CONFIRMED:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
        elif state in (S.CONFIRM_UNKNOWN, S.MISMATCH):
            emit(session, Event(Happening.PAYMENT_UNDER_REVIEW, payment_id), now=now)
        keep(session, answered, payment_id, now=now)
    log.info("payment confirm", extra={"payment_id": payment_id, "state": state.value})
    if to_settle is None:
        return _Came(state, answered.outcome.kind)
    return _ask_to_settle(database, gateway, payment_id, to_settle, clock=clock)


def _ask_to_settle(
    database: Database, gateway: Gateway, payment_id: int, asked: StoredPayment, *, clock: Clock
) -> _Came:
    """Ask the bank for the pay-out of a confirmed payment; accepted, the money is ours."""
    answered, now = ask(gateway, "settle", lambda: gateway.adapter.settle(asked)), clock()
    with database.writing() as session:
        state = record_settle(session, payment_id, answered.outcome, now=now)
        if state is S.SETTLED:
            receive_payment(session, session.get_one(Payment, payment_id), now=now)
        keep(session, answered, payment_id, now=now)
    log.info("payment settle", extra={"payment_id": payment_id, "state": state.value})
    return _Came(state, answered.outcome.kind)


def _look_after(
    database: Database,
    gateways: Mapping[str, Gateway],
    payment_id: int,
    *,
    claim: _Claim,
    clock: Clock,
) -> _Came:
    with database.reading() as session:
        payment = session.get_one(Payment, payment_id)
        gateway, state = open_gateway_of(gateways, payment.gateway), payment.state
    if gateway is None:
        return _Came(state)
    if state in (S.CREATED, S.START_UNKNOWN):
        with database.writing() as session:
            expire_unstarted(session, payment_id, now=clock())
        return _Came(S.EXPIRED)
    if state in (S.STARTED, S.REDIRECTED, S.CANCELLED_CLAIMED):
        return _look(database, gateway, payment, claim=claim, clock=clock)
    came = _finish(database, gateways, payment_id, clock=clock)
    if came.state is not S.RETURNED:
        return came
    with database.reading() as session:
        is_left = is_superseded(session, [payment_id])
    return _look(database, gateway, payment, claim=claim, clock=clock) if is_left else came


def _look(
    database: Database, gateway: Gateway, payment: Payment, *, claim: _Claim, clock: Clock
) -> _Came:
    """Ask after a donor who never came back, and confirm what turns out to be paid."""
    terminal, recovers_by = _terminal(gateway), gateway.manifest.recovers_by
    with database.writing() as session:
        is_left = _left_to_bank(session, gateway, payment.id, now=clock())
        cannot_ask = recovers_by is Recovery.NONE or (is_left and recovers_by is Recovery.CONFIRM)
        if cannot_ask:
            has_ended = expire_without_answer(session, payment, terminal, now=clock())
            return _Came(S.EXPIRED if has_ended else payment.state)
        asked = claim(session, payment.id, terminal, now=clock())
    if asked is None:
        return _Came(payment.state)
    if recovers_by is Recovery.CONFIRM:
        answered = ask(gateway, "confirm", lambda: gateway.adapter.confirm(asked))
        if answered.outcome.kind in PAID:
            return _take_confirm(database, payment.id, answered, clock=clock)
    else:
        answered = ask(gateway, "recover", lambda: gateway.adapter.recover(asked))
        # Confirmed already, and not by anything we know: an answer of ours was lost, say with the
        # database that an older backup replaced. Confirming again is harmless and tells us all.
        is_paid = answered.outcome.kind is Kind.AWAITS_CONFIRM and not is_left
        if is_paid or answered.outcome.kind in PAID:
            own = {gateway.name: gateway}
            return _finish(database, own, payment.id, found=answered, clock=clock)
    now = clock()
    with database.writing() as session:
        state = record_look(session, payment.id, answered.outcome, terminal, now=now)
        keep(session, answered, payment.id, now=now)
    return _Came(state, answered.outcome.kind)


def _terminal(gateway: Gateway) -> Terminal:
    return Terminal(gateway.name, gateway.manifest)
