"""What kind of booking a line is; apart from the tables, so that a reader needs no database."""

from enum import StrEnum


class LineClass(StrEnum):
    """What kind of booking a line is, by the texts of its bank; unknown is allowed and shown."""

    SETTLEMENT = "settlement"  # a provider's pay-out for a terminal
    TRANSFER = "transfer"  # Paya, Satna, Pol, mobile bank, card to card, counter
    FEE = "fee"
    CHEQUE = "cheque"
    UNKNOWN = "unknown"
