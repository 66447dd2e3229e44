"""Sending a link once more: what was asked for, its trace, and the message, in one transaction."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.events import Event, Happening
from donations.models.pledge import Pledge
from flows.events import emit
from offices.audit import note
from receipts.life.series import Receipt
from receipts.public.delivery import ask_for_receipt, ask_for_statement


def send_receipt_again(
    session: Session, pledge: Pledge, receipt: Receipt, *, asked_by_id: int, now: datetime
) -> None:
    """Have the link of a receipt sent to its donor. Raises NoAddress, TooManyTries."""
    asked = ask_for_receipt(session, receipt, pledge.donor, asked_by_id=asked_by_id, now=now)
    note(
        session,
        "receipt.send_link",
        subject="receipt",
        subject_id=receipt.id,
        now=now,
        actor_id=asked_by_id,
    )
    emit(session, Event(Happening.RECEIPT_ASKED_FOR, asked.id), now=now)


def send_statement(session: Session, pledge: Pledge, *, year: int, now: datetime) -> None:
    """Have the link to a year's statement sent to the donor. Raises NoAddress, TooManyTries."""
    asked = ask_for_statement(session, pledge, year=year, now=now)
    emit(session, Event(Happening.STATEMENT_ASKED_FOR, asked.id), now=now)
