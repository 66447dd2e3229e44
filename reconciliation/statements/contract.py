"""What a statement reader takes and gives.

A reader recognises its files by content, never by name. It yields lines in the order of the file
with a currency and integer minor units, and refuses the whole file as soon as one amount or date
cannot be read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import BinaryIO, NamedTuple, Protocol

from reconciliation.lines import LineClass


class StatementRow(NamedTuple):
    """One booking as the file has it. Texts are normalised; ``raw`` is the row as written."""

    row_number: int  # counted from 1 as a spreadsheet shows it, so that it can be found again
    booked_on: date
    booked_time: time | None
    amount_minor: int  # a credit positive, a debit negative
    balance_minor: int | None  # after the booking
    line_class: LineClass
    deposit_id: str | None  # digits
    reference: str | None
    terminal: str | None
    branch: str | None
    payer: str | None
    description: str | None
    raw: str  # canonical JSON


@dataclass(frozen=True, slots=True)
class Statement:
    """An opened file. Its rows can be read once."""

    format: str
    currency: str  # ISO 4217
    minor_digits: int  # how many decimal places a minor unit stands for; 0 for whole rials
    account_digits: str | None  # the account the file names in its heading, if it does
    rows: Iterator[StatementRow]


class StatementReader(Protocol):
    """One format of one bank."""

    name: str

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins like this can be read here. Never raises."""

    def open(self, file: BinaryIO) -> Statement:
        """Read the heading. Raises a Refusal of ``statements.refusals`` here or from the rows."""
