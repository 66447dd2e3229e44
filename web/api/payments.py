"""Payments: a partner opens one, the bank is asked in between, and the donor is sent there."""

from datetime import timedelta

from flask import Response
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from donations.models.payment import Payment
from flows.paying import BegunPayment, OpenedPayment, announce_payment, open_payment
from flows.switching import look_before_paying_again, was_begun_before
from offices.idempotency import (
    Answer,
    Held,
    KeyReused,
    StillRunning,
    answer,
    hold,
    opens,
    start_over,
)
from payment_gateways.contract import Redirect as Way
from web.api.answers import PaymentBegun, Redirect
from web.api.bodies import NewPayment
from web.api.pledges import own_pledge
from web.api.refusals import PaymentBeingChecked, PaymentInterrupted, PaymentNotStarted
from web.api.repeating import answered, asked, kept_refusal, replayed, said
from web.services import current

_TRY_AGAIN_SECONDS = 15


def begin_payment(tracking_code: str, body: NewPayment) -> ResponseReturnValue:
    """Open one attempt to pay all the cash of a pledge through a gateway.

    The bank is asked between two transactions: the first notes which payment the key opens, the
    second keeps the answer together with the token. Whoever dies in between leaves a payment
    that nobody can pay, and a key that never opens a second one. Where an earlier attempt has not
    ended, its bank is asked first, so that nobody pays twice.
    """
    try:
        with current.database.writing() as session:
            pledge = own_pledge(session, tracking_code)
            held = hold(session, asked(), now=current.now())
            if isinstance(held, Answer):
                return replayed(held)
            if held.payment_id is not None:
                raise PaymentInterrupted
            pledge_id, opened = pledge.id, None
            if not was_begun_before(session, pledge_id):
                opened = _opened(session, held, pledge_id, body.gateway)
    except (NotFound, KeyReused, StillRunning):
        raise
    except Refusal as refusal:
        return kept_refusal(refusal)
    if opened is not None:
        return _announced(held, opened)
    return _begun_again(held, pledge_id, body.gateway)


def _begun_again(held: Held, pledge_id: int, gateway: str) -> Response:
    """Another attempt, after a look at what was begun before; the key is held all the while.

    Raises PaymentBeingChecked, which is not kept: the same request may come again.
    """
    if not look_before_paying_again(
        current.database, current.gateways, pledge_id, clock=current.now
    ):
        with current.database.writing() as session:
            start_over(session, held)
        raise PaymentBeingChecked(wait_seconds=_TRY_AGAIN_SECONDS)
    try:
        with current.database.writing() as session:
            opened = _opened(session, held, pledge_id, gateway)
    except StillRunning:
        raise
    except Refusal as refusal:
        return kept_refusal(refusal, held=held)
    return _announced(held, opened)


def _opened(session: Session, held: Held, pledge_id: int, gateway: str) -> OpenedPayment:
    opened = open_payment(
        session,
        current.gateways,
        pledge_id=pledge_id,
        gateway=gateway,
        public_url=current.settings.public_url,
        now=current.now(),
        check_after=timedelta(seconds=current.settings.sweep_after_seconds),
    )
    opens(session, held, opened.payment_id)
    return opened


def _announced(held: Held, opened: OpenedPayment) -> Response:
    """Ask the bank. Raises PaymentNotStarted, and StillRunning for who was taken for dead."""
    kept: list[Answer] = []

    def keep(session: Session, begun: BegunPayment) -> None:
        if begun.redirect is None:
            start_over(session, held)
            return
        kept.append(_said(session, begun, begun.redirect))
        answer(session, held, kept[0])

    announce_payment(current.database, current.gateways, opened, clock=current.now, on_begun=keep)
    if not kept:
        raise PaymentNotStarted(wait_seconds=_TRY_AGAIN_SECONDS)
    return answered(kept[0])


def _said(session: Session, begun: BegunPayment, way: Way) -> Answer:
    payment = session.get_one(Payment, begun.payment_id)
    redirect = Redirect(method=way.method, url=way.url, fields=dict(way.fields))
    return said(
        PaymentBegun(
            id=payment.id, state=payment.state, redirect=redirect, expires_at=begun.expires_at
        ),
        201,
    )
