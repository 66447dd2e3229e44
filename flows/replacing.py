"""Replacing a receipt: void, successor and what follows commit together."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.events import Event, Happening
from flows.events import emit
from offices.scope import Scope
from receipts.life.replacing import approve_replacement
from receipts.life.series import Receipt


def replace_receipt(
    session: Session, scope: Scope, request_id: int, *, decided_by_id: int, now: datetime
) -> Receipt:
    """Approve that a receipt is replaced; returns the new one, of which the donor is told.

    Raises what ``approve_replacement`` raises.
    """
    successor = approve_replacement(
        session, scope, request_id, decided_by_id=decided_by_id, now=now
    )
    emit(session, Event(Happening.RECEIPT_REPLACED, successor.id), now=now)
    return successor
