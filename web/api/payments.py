"""Payments: a partner opens one, the bank is asked in between, and the donor is sent there."""

from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from core.refusals import Refusal
from donations.models.payment import Payment
from flows.paying import BegunPayment, begin_payment
from offices.idempotency import Answer, Held, StillRunning, answer, hold, opens, start_over
from payment_gateways.contract import Redirect as Way
from web.api.answers import PaymentBegun, Redirect
from web.api.bodies import NewPayment
from web.api.pledges import own_pledge
from web.api.refusals import PaymentInterrupted, PaymentNotStarted
from web.api.repeating import answered, asked, kept_refusal, replayed, said
from web.services import current

_TRY_AGAIN_SECONDS = 15


def open_payment(tracking_code: str, body: NewPayment) -> ResponseReturnValue:
    """Open one attempt to pay all the cash of a pledge through a gateway.

    The bank is asked between two transactions: the first notes which payment the key opens, the
    second keeps the answer together with the token. Whoever dies in between leaves a payment
    that nobody can pay, and a key that never opens a second one.
    """
    with current.database.reading() as session:
        pledge_id = own_pledge(session, tracking_code).id
    with current.database.writing() as session:
        held = hold(session, asked(), now=current.now())
    if isinstance(held, Answer):
        return replayed(held)
    if held.payment_id is not None:
        return kept_refusal(PaymentInterrupted(), held)
    try:
        return answered(_begun(pledge_id, body.gateway, held))
    except (StillRunning, PaymentNotStarted):
        raise
    except Refusal as refusal:
        return kept_refusal(refusal, held)


def _begun(pledge_id: int, gateway: str, held: Held) -> Answer:
    """Open the payment and ask the bank. Raises what ``begin_payment`` does, PaymentNotStarted."""
    kept: list[Answer] = []

    def note_payment(session: Session, payment: Payment) -> None:
        opens(session, held, payment.id)

    def keep(session: Session, begun: BegunPayment) -> None:
        if begun.redirect is None:
            start_over(session, held)
            return
        kept.append(_said(session, begun, begun.redirect))
        answer(session, held, kept[0])

    begin_payment(
        current.database,
        current.gateways,
        pledge_id=pledge_id,
        gateway=gateway,
        public_url=current.settings.public_url,
        clock=current.now,
        on_created=note_payment,
        on_begun=keep,
    )
    if not kept:
        raise PaymentNotStarted(wait_seconds=_TRY_AGAIN_SECONDS)
    return kept[0]


def _said(session: Session, begun: BegunPayment, way: Way) -> Answer:
    payment = session.get_one(Payment, begun.payment_id)
    redirect = Redirect(method=way.method, url=way.url, fields=dict(way.fields))
    return said(
        PaymentBegun(
            id=payment.id, state=payment.state, redirect=redirect, expires_at=begun.expires_at
        ),
        201,
    )
