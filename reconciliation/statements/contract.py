"""What a statement reader takes and gives.

A reader recognises its files by content, never by name. It yields bookings in the order of the
file with a currency and integer minor units, and refuses the whole file as soon as one amount or
date cannot be read. Bookings come in slices, field by field: a column of some thousand is read many
times faster than its cells. A reader that has rows hands them to ``slices.in_slices``.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from enum import IntEnum, StrEnum
from typing import BinaryIO, NamedTuple, Protocol, Self

from reconciliation.line_classes import LineClass
from reconciliation.statements.day_forms import USUAL, DayForm

CONTRACT_VERSION = 2  # of what stands in this module; a reader says for which it was written


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
    card_key: str | None = None  # six and four digits of the one card that the texts name


class Bookings(NamedTuple):
    """Some bookings, one below the other: the fields of ``StatementRow``, each as a column."""

    row_number: Sequence[int]
    booked_on: Sequence[date]
    booked_time: Sequence[time | None]
    amount_minor: Sequence[int]
    balance_minor: Sequence[int | None]
    line_class: Sequence[LineClass]
    deposit_id: Sequence[str | None]
    reference: Sequence[str | None]
    terminal: Sequence[str | None]
    branch: Sequence[str | None]
    payer: Sequence[str | None]
    description: Sequence[str | None]
    raw: Sequence[str]
    card_key: Sequence[str | None]

    @classmethod
    def of(cls, rows: Iterable[StatementRow]) -> Self:
        """The columns of some rows, of one at least."""
        return cls._make(zip(*rows, strict=True))

    def rows(self) -> Iterator[StatementRow]:
        """The bookings one by one."""
        return map(StatementRow._make, zip(*self, strict=True))


class UnreadRow(NamedTuple):
    """A row that was set aside: what can be read of it, and nothing in place of what cannot."""

    row_number: int
    booked_on: date | None
    booked_time: time | None
    amount_minor: int | None
    balance_minor: int | None
    deposit_id: str | None
    reference: str | None
    terminal: str | None
    branch: str | None
    payer: str | None
    description: str | None
    raw: str
    card_key: str | None = None


class Balances(StrEnum):
    """What a format tells about balances, which decides how its files join the account."""

    RUNNING = "running"  # after every row: spliced on the chain
    DECLARED = "declared"  # before the first row or after the last: taken by whole days
    NONE = "none"  # taken by whole days


@dataclass(slots=True)
class Declared:
    """Balances that a file declares, in minor units; complete once its rows have been read."""

    opening_minor: int | None = None
    closing_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known before a file is opened: whose it shall be, and how its columns are named."""

    account_number: str
    columns: Mapping[str, str] | None = None  # field -> heading, of a mapping saved per account
    set_aside: frozenset[int] = frozenset()  # row numbers that come as UnreadRow, not refused
    days: DayForm = USUAL  # in which order a table writes their parts, of the same mapping


@dataclass(frozen=True, slots=True)
class Statement:
    """An opened file of one account. Its rows can be read once."""

    format: str
    currency: str  # ISO 4217
    minor_digits: int  # how many decimal places a minor unit stands for; 0 for whole rials
    account_digits: str | None  # the account the file names in its heading, if it does
    bookings: Iterator[Bookings | UnreadRow]
    balances: Balances = Balances.RUNNING
    declared: Declared = field(default_factory=Declared)
    is_booked: bool = True  # not so for intraday reports and notifications: no evidence

    @property
    def rows(self) -> Iterator[StatementRow | UnreadRow]:
        """The bookings one by one."""
        for read in self.bookings:
            if isinstance(read, UnreadRow):
                yield read
            else:
                yield from read.rows()


class Breadth(IntEnum):
    """How much a reader says yes to; where several do, the narrowest is asked first."""

    LAYOUT = 1  # one bank's own columns
    STANDARD = 2  # a published format, whoever writes it
    TABLE = 3  # any table with columns that can be named


class StatementReader(Protocol):
    """One format of one bank. Entry-point group ``mosharekat.statement_readers``."""

    name: str  # as its entry point
    contract_version: int  # CONTRACT_VERSION when it was written
    breadth: Breadth

    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins like this can be read here. Never raises."""

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        """Read the heading. Raises a Refusal of ``statements.refusals`` here or from the rows.

        A file of several accounts is refused unless exactly one of them is the wanted one.
        """
