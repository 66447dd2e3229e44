"""What donors are told after something happened: each message once a channel, in their language."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import insert_if_new
from core.words import speaking
from donations.models.contribution import Contribution, Origin
from donations.models.donor import Donor
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Channel as PledgeChannel
from donations.models.pledge import Pledge
from donations.models.refund import Ending, RefundEnd, RefundRequest
from jobs.queue import enqueue
from notifications import wording
from notifications.outbox import Channel, Message
from receipts.life.issuing import latest_receipt
from receipts.life.numbering import number_in_address
from receipts.life.series import Receipt
from receipts.public.delivery import OPENS_FOR, ReceiptLink, StatementLink

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
    tell(
        session,
        pledge,
        about=("pledge", pledge.id),
        which="pledge_made",
        text=lambda: wording.pledge_made(
            tracking_code=pledge.tracking_code,
            deposit_id=pledge.deposit_id if pledge.cash_rial else None,
            link=own_view(pledge, voice),
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
    tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_under_review",
        text=lambda: wording.payment_under_review(
            tracking_code=payment.pledge.tracking_code, link=own_view(payment.pledge, voice)
        ),
        now=now,
    )


def tell_payment_surplus(session: Session, payment_id: int, voice: Voice, *, now: datetime) -> None:
    """Send that a second payment came and is kept apart."""
    payment = session.get_one(Payment, payment_id)
    tell(
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
    tell(
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
    tell(
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
    tell(
        session,
        payment.pledge,
        about=("payment", payment.id),
        which="payment_taken_back",
        text=lambda: wording.payment_taken_back(
            amount_rial=payment.amount_rial,
            receipt=receipt.number if receipt else None,
            link=own_view(payment.pledge, voice) if receipt else None,
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
    receipt = latest_receipt(session, contribution_id)
    say = partial(
        wording.contribution_received,
        number=receipt.number,
        amount_rial=receipt.amount_rial,
        link=_receipt_page(receipt, voice),
    )
    tell(
        session,
        contribution.pledge,
        about=("contribution", contribution_id),
        which="contribution_received",
        text=partial(say, own_view=None),
        mail=partial(say, own_view=own_view(contribution.pledge, voice)),
        now=now,
    )


def tell_receipt_replaced(
    session: Session, receipt_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send which receipt stands in the place of which."""
    receipt = session.get_one(Receipt, receipt_id)
    replaces = receipt.replaces
    if replaces is None:
        return
    contribution = session.get_one(Contribution, receipt.contribution_id)
    tell(
        session,
        contribution.pledge,
        about=("receipt", receipt_id),
        which="receipt_replaced",
        text=lambda: wording.receipt_replaced(
            number=receipt.number, replaces=replaces.number, link=_receipt_page(receipt, voice)
        ),
        now=now,
    )


def tell_receipt_again(session: Session, link_id: int, voice: Voice, *, now: datetime) -> None:
    """Send the link of a receipt once more, because a desk was asked for it."""
    receipt = session.get_one(ReceiptLink, link_id).receipt
    contribution = session.get_one(Contribution, receipt.contribution_id)
    tell(
        session,
        contribution.pledge,
        about=("receipt_link", link_id),
        which="receipt_again",
        text=lambda: wording.receipt_again(
            number=receipt.number, link=_receipt_page(receipt, voice)
        ),
        now=now,
    )


def tell_statement(session: Session, link_id: int, voice: Voice, *, now: datetime) -> None:
    """Send the link to a donor's statement of a year to the donor, and to nobody else."""
    link = session.get_one(StatementLink, link_id)
    tell(
        session,
        link.pledge,
        about=("statement_link", link_id),
        which="statement",
        text=lambda: wording.statement_of_year(
            year=link.year,
            link=f"{voice.public_url}/statements/{link.key}",
            days=OPENS_FOR.days,
        ),
        now=now,
    )


def tell_contribution_void(
    session: Session, contribution_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send that a receipt does not stand any more."""
    receipt = latest_receipt(session, contribution_id)
    tell(
        session,
        session.get_one(Contribution, contribution_id).pledge,
        about=("contribution", contribution_id),
        which="contribution_void",
        text=lambda: wording.contribution_void(number=receipt.number, help_line=voice.help_line),
        now=now,
    )


def _receipt_of_payment(session: Session, payment_id: int) -> Receipt | None:
    return session.scalars(
        select(Receipt)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .where(Contribution.origin == Origin.GATEWAY, Contribution.cause_id == payment_id)
        .order_by(Receipt.id.desc())
    ).first()


def _sent_back_rial(session: Session, payment: Payment) -> int:
    """What went back, which for a mismatch is not always what we had asked."""
    sent = session.scalars(
        select(RefundRequest.amount_rial)
        .join(RefundEnd, RefundEnd.request_id == RefundRequest.id)
        .where(RefundEnd.payment_id == payment.id, RefundEnd.ending == Ending.DONE)
    ).one_or_none()
    return payment.amount_rial if sent is None else sent


def tell(
    session: Session,
    pledge: Pledge,
    *,
    about: tuple[str, int],
    which: str,
    text: Callable[[], str],
    now: datetime,
    mail: Callable[[], str] | None = None,
) -> None:
    """Put the message into the outbox for each way to the donor, in the language of the gift.

    ``mail`` is the fuller text for those ways on which length costs nothing.
    """
    if pledge.donor is not None:
        tell_person(
            session,
            pledge.donor,
            pledge.language,
            about=about,
            which=which,
            text=text,
            mail=mail,
            now=now,
        )


def tell_person(
    session: Session,
    person: Donor,
    language: str,
    *,
    about: tuple[str, int],
    which: str,
    text: Callable[[], str],
    now: datetime,
    mail: Callable[[], str] | None = None,
) -> None:
    """The same about something that belongs to somebody and not to one gift."""
    subject, subject_id = about
    for channel, recipient in _ways_to(person):
        with speaking(language):
            said = mail() if mail and channel is Channel.EMAIL else text()
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


def _ways_to(person: Donor) -> Iterator[tuple[Channel, str]]:
    if person.mobile:
        yield Channel.SMS, person.mobile
    if person.email:
        yield Channel.EMAIL, person.email


def own_view(pledge: Pledge, voice: Voice) -> str:
    """The page that shows the donor everything; its key stands in for signing in."""
    return f"{voice.public_url}/follow/{pledge.tracking_code}?key={pledge.view_key}"


def _receipt_page(receipt: Receipt, voice: Voice) -> str:
    """The page of a receipt; its key opens this one receipt and nothing else."""
    number = number_in_address(receipt.number)
    return f"{voice.public_url}/receipts/{number}?key={receipt.verify_key}"
