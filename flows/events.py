"""What follows from what happened: one table, event -> jobs. The jobs commit with the event."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Select
from sqlalchemy.orm import Session

from core.events import Event, Happening
from jobs.queue import enqueue, enqueue_many

FOLLOWS: Mapping[Happening, tuple[str, ...]] = {
    Happening.PLEDGE_MADE: ("tell_pledge_made",),
    Happening.PAYMENT_FINAL: (),
    Happening.PAYMENT_SURPLUS: ("tell_payment_surplus",),
    Happening.PAYMENT_UNDER_REVIEW: ("tell_payment_under_review",),
    Happening.PAYMENT_SUPERSEDED: ("tell_payment_superseded",),
    Happening.PAYMENT_SENT_BACK: ("tell_payment_sent_back",),
    Happening.PAYMENT_TAKEN_BACK: ("tell_payment_taken_back",),
    Happening.CONTRIBUTION_RECEIVED: ("tell_contribution_received", "draw_receipt"),
    Happening.CONTRIBUTION_VOID: ("tell_contribution_void",),
    Happening.RECEIPT_REPLACED: ("tell_receipt_replaced", "draw_successor"),
    Happening.RECEIPT_ASKED_FOR: ("tell_receipt_again",),
    Happening.STATEMENT_ASKED_FOR: ("tell_statement",),
    Happening.GATEWAY_PAUSED: ("alarm_gateway_paused",),
    Happening.OFFER_ANSWERED: ("tell_offer_answered",),
    Happening.OFFER_MOVED_UP: ("tell_offer_moved_up",),
    Happening.OFFER_NOT_NEEDED: ("tell_offer_not_needed",),
    Happening.GOODS_REFUSED: ("tell_goods_refused",),
    Happening.GOODS_HANDED_OVER: ("tell_goods_handed_over",),
    Happening.CERTIFICATE_VOID: ("tell_certificate_void",),
}


def emit(session: Session, event: Event, *, now: datetime) -> None:
    """Ask for everything that follows from an event, in the transaction it happened in."""
    for kind in FOLLOWS[event.happening]:
        enqueue(session, kind, event.subject_id, now=now)


def emit_many(
    session: Session, happening: Happening, subjects: Select[int], *, now: datetime
) -> None:
    """The same for all selected subjects at once, with one statement a kind."""
    for kind in FOLLOWS[happening]:
        enqueue_many(session, kind, subjects, now=now)
