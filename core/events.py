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
    GATEWAY_PAUSED = "gateway_paused"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; ``subject_id`` is the id of the pledge, payment or contribution."""

    happening: Happening
    subject_id: int
