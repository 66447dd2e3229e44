"""Paying: a donor is sent to the bank, and what the browser brings back is taken in.

Our steps and the bank's calls alternate, never the one inside the other. Every function here and
in ``flows/confirming.py`` and ``flows/sweeping.py`` may be repeated, may lose a race, and may die
between any two lines: what it committed is enough for the sweeper to finish the payment.
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
from core.refusals import Refusal
from donations.gateway_health import troubled
from donations.models.payment import Payment
from donations.models.pledge import Pledge
from donations.paying import claim_confirm, create_payment, record_return, record_start
from donations.routing import needs_purpose, purpose_of, takes_donors, terminal_of_bank
from donations.stepping import payment_of_return
from flows.calling import ask, keep, open_gateway_of
from flows.confirming import Clock, ask_to_confirm, leave_to_bank, terminal_of
from ledger.terminals import is_entered
from payment_gateways.contract import Hint, PaymentIntent, Redirect, StoredPayment
from payment_gateways.registry import Gateway

log = logging.getLogger(__name__)

_Taken: TypeAlias = tuple[Pledge, int, Gateway | None, StoredPayment | None]
_TRIES = 5


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
        session, pledge_id, terminal_of(chosen), check_after=check_after, now=now
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
                if is_time and not leave_to_bank(session, gateway, payment_id, now=clock()):
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
            ask_to_confirm(database, gateway, payment_id, asked, clock=clock)
        except Refusal:  # the donor has done all there is to do; the sweeper goes on from here
            log.exception("payment could not be finished", extra={"payment_id": payment_id})
    return pledge


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
