"""What donors are told after something happened: each message once a channel, in their language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import insert_if_new
from core.words import speaking
from donations.models.contribution import Contribution, Origin
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Channel as PledgeChannel
from donations.models.pledge import Pledge
from donations.models.refund import Ending, RefundEnd, RefundRequest
from jobs.queue import enqueue
from notifications import wording
from notifications.outbox import Channel, Message
from receipts.series import Receipt

SEND_MESSAGE = "send_message"


@dataclass(frozen=True, slots=True)
class Voice:
    """What messages say about ourselves: where our pages are, and whom to call."""

    public_url: str
    help_line: str


def tell_pledge_made(session: Session, pledge_id: int, voice: Voice, *, now: datetime) -> None:
    """Send tracking code and deposit id. At a desk the donor holds the receipt at once instead."""
    pledge = session.get_one(Pledge, pledge_id)
    if pledge.channel is PledgeChannel.DESK:
        return
    _tell(
        session,
        pledge,
        about=("pledge", pledge.id),
        which="pledge_made",
        text=lambda: wording.pledge_made(
            tracking_code=pledge.tracking_code,
            deposit_id=pledge.deposit_id if pledge.cash_rial else None,
            link=_own_view(pledge, voice),
        ),
        now=now,
    )


def tell_payment_under_review(
    session: Session, payment_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that the bank is still being asked, unless its answer has come meanwhile."""
    payment = session.get_one(Payment, payment_id)
    if payment.is_final:
        return
    _tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_under_review",
        text=lambda: wording.payment_under_review(
            tracking_code=payment.pledge.tracking_code, link=_own_view(payment.pledge, voice)
        ),
        now=now,
    )


def tell_payment_surplus(session: Session, payment_id: int, voice: Voice, *, now: datetime) -> None:
    """Send that a second payment came and is kept apart."""
    payment = session.get_one(Payment, payment_id)
    _tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_surplus",
        text=lambda: wording.payment_surplus(
            tracking_code=payment.pledge.tracking_code,
            amount_rial=payment.amount_rial,
            help_line=voice.help_line,
        ),
        now=now,
    )


def tell_payment_superseded(
    session: Session, payment_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that a second payment was not taken, unless it turned out to be ours after all."""
    payment = session.get_one(Payment, payment_id)
    if payment.is_final:
        return
    _tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_superseded",
        text=lambda: wording.payment_superseded(
            amount_rial=payment.amount_rial,
            tracking_code=payment.pledge.tracking_code,
            help_line=voice.help_line,
        ),
        now=now,
    )


def tell_payment_sent_back(
    session: Session, payment_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that we had a payment sent back, and which receipt is void with it."""
    payment = session.get_one(Payment, payment_id)
    receipt = _receipt_of_payment(session, payment_id)
    _tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_sent_back",
        text=lambda: wording.payment_sent_back(
            amount_rial=_sent_back_rial(session, payment),
            at_once=payment.state is PaymentState.REVERSED,
            receipt=receipt.number if receipt else None,
            help_line=voice.help_line,
        ),
        now=now,
    )


def tell_payment_taken_back(
    session: Session, payment_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that the bank undid a payment by itself, and that it may be paid again."""
    payment = session.get_one(Payment, payment_id)
    receipt = _receipt_of_payment(session, payment_id)
    _tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_taken_back",
        text=lambda: wording.payment_taken_back(
            amount_rial=payment.amount_rial,
            receipt=receipt.number if receipt else None,
            link=_own_view(payment.pledge, voice) if receipt else None,
        ),
        now=now,
    )


def tell_contribution_received(
    session: Session, contribution_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send the number of the receipt and where it lies, unless it was voided meanwhile."""
    contribution = session.get_one(Contribution, contribution_id)
    if contribution.reversal is not None:
        return
    receipt = receipt_of(session, contribution_id)
    _tell(
        session,
        contribution.pledge,
        about=("contribution", contribution_id),
        which="contribution_received",
        text=lambda: wording.contribution_received(
            number=receipt.number,
            amount_rial=receipt.amount_rial,
            link=_own_view(contribution.pledge, voice),
        ),
        now=now,
    )


def tell_contribution_void(
    session: Session, contribution_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that a receipt does not stand any more."""
    receipt = receipt_of(session, contribution_id)
    _tell(
        session,
        session.get_one(Contribution, contribution_id).pledge,
        about=("contribution", contribution_id),
        which="contribution_void",
        text=lambda: wording.contribution_void(number=receipt.number, help_line=voice.help_line),
        now=now,
    )


def receipt_of(session: Session, contribution_id: int) -> Receipt:
    """The receipt of a contribution. Raises NoResultFound."""
    return session.scalars(select(Receipt).where(Receipt.contribution_id == contribution_id)).one()


def _receipt_of_payment(session: Session, payment_id: int) -> Receipt | None:
    return session.scalars(
        select(Receipt)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .where(Contribution.origin == Origin.GATEWAY, Contribution.cause_id == payment_id)
    ).one_or_none()


def _sent_back_rial(session: Session, payment: Payment) -> int:
    """What went back, which for a mismatch is not always what we had asked."""
    sent = session.scalars(
        select(RefundRequest.amount_rial)
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(RefundEnd.payment_id == payment.id, RefundEnd.ending == Ending.DONE)
    ).one_or_none()
    return payment.amount_rial if sent is None else sent


def _tell(
    session: Session,
    pledge: Pledge,
    *,
    about: tuple[str, int],
    which: str,
    text: Callable[[], str],
    now: datetime,
) -> None:
    """Put the message into the outbox for each way to the donor, in the donor's language."""
    subject, subject_id = about
    with speaking(pledge.language):
        said = text()
    for channel, recipient in _ways_to(pledge):
        message_id = session.execute(
            insert_if_new(
                session,
                Message,
                channel=channel,
                recipient=recipient,
                wording=which,
                subject=subject,
                subject_id=subject_id,
                text=said,
                created_at=now,
            ).returning(Message.id)
        ).scalar_one_or_none()
        if message_id is not None:
            enqueue(session, SEND_MESSAGE, message_id, now=now)


def _ways_to(pledge: Pledge) -> Iterator[tuple[Channel, str]]:
    if pledge.donor is None:
        return
    if pledge.donor.mobile:
        yield Channel.SMS, pledge.donor.mobile
    if pledge.donor.email:
        yield Channel.EMAIL, pledge.donor.email


def _own_view(pledge: Pledge, voice: Voice) -> str:
    """The page that shows the donor everything; its key stands in for signing in."""
    return f"{voice.public_url}/follow/{pledge.tracking_code}?key={pledge.view_key}"
