"""What happened, as a value: the name of the event and the row it happened to.

Use cases return or emit events; ``flows/events.py`` holds the one table of what follows each.
"""

from dataclasses import dataclass
from enum import StrEnum


class Happening(StrEnum):
    """Everything that something else may follow from."""

    PLEDGE_MADE = "pledge_made"
    PAYMENT_FINAL = "payment_final"
    PAYMENT_SURPLUS = "payment_surplus"
    PAYMENT_UNDER_REVIEW = "payment_under_review"
    PAYMENT_SUPERSEDED = "payment_superseded"  # another one paid; the bank gives this one back
    PAYMENT_SENT_BACK = "payment_sent_back"  # because we ordered it
    PAYMENT_TAKEN_BACK = "payment_taken_back"  # by the bank, without our asking
    CONTRIBUTION_RECEIVED = "contribution_received"
    CONTRIBUTION_VOID = "contribution_void"
    RECEIPT_REPLACED = "receipt_replaced"  # the new receipt
    RECEIPT_ASKED_FOR = "receipt_asked_for"  # its link, once more
    STATEMENT_ASKED_FOR = "statement_asked_for"  # a donor's, of a year
    GATEWAY_PAUSED = "gateway_paused"
    OFFER_ANSWERED = "offer_answered"  # the pledge: what of it is needed and what waits
    OFFER_MOVED_UP = "offer_moved_up"  # the share that has a place in a need now
    OFFER_NOT_NEEDED = "offer_not_needed"  # the share that waited for a need that was closed
    GOODS_REFUSED = "goods_refused"  # the inspection
    GOODS_HANDED_OVER = "goods_handed_over"  # the line of the slip
    CERTIFICATE_VOID = "certificate_void"  # the certificate of hours


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; ``subject_id`` is the id of the row it happened to."""

    happening: Happening
    subject_id: int
