"""A bank's table as data, and the one way in which the rows of any of them are read.

A ``Layout`` says by which headings a table is known and where in its texts something else stands;
a ``TableReader`` looks for its layouts in the kinds of file they come in.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import chain
from operator import is_not, itemgetter, mul, sub
from typing import BinaryIO, ClassVar, TypeVar

from reconciliation.line_classes import LineClass
from reconciliation.statements import columns
from reconciliation.statements.cards import card_key_column, card_key_in, masked, masked_column
from reconciliation.statements.cells import Ambiguous, Cell, Unreadable, is_blank, text_of
from reconciliation.statements.classes import Classes
from reconciliation.statements.contract import (
    CONTRACT_VERSION,
    Balances,
    Bookings,
    Breadth,
    Statement,
    UnreadRow,
    Wanted,
)
from reconciliation.statements.day_forms import DayForm
from reconciliation.statements.refusals import (
    AmbiguousDay,
    FileTooLarge,
    NoMovement,
    SeveralTables,
    UnknownFormat,
    UnknownRow,
    UnreadableCell,
)
from reconciliation.statements.slices import read_in_slices
from reconciliation.statements.tables import (
    Heading,
    Kind,
    Row,
    Sheet,
    Slices,
    Table,
    kind_of,
    open_table,
    sheet_of_head,
)

TEXT_MAX = 2_000
_RAW_MAX = 1 << 18
_DEPOSIT_ID_MAX = 30  # the treasury's ids are the longest
_REFERENCE_MAX = 40
_TOTAL_WORDS = ("جمع", "مجموع", "مانده", "تعداد")
_MOVED = ("credit", "debit", "amount")
_EXACT = (*_MOVED, "balance", "day", "clock")  # each is read whole, so that no card hides in them
_IDENTIFIERS = ("deposit_id", "reference")
_DESCRIPTION = ("title", "note", "description")  # what stands in them is told as one

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Layout:
    """One bank's columns: for each field the headings it goes by, the one to show first.

    Fields: day, clock, balance; credit and debit, or one signed amount; title, note, description;
    payer, branch, deposit_id, reference. Others are only known, so that they are no strangers.
    """

    headings: Mapping[str, Sequence[str]]
    required: Sequence[str]
    classes: Classes
    is_whole: bool = False  # known only where no other column stands beside its own
    reference: re.Pattern[str] | None = None  # in the description, before that of the column
    terminal: re.Pattern[str] | None = None  # of a settlement, in payer or description

    def heading_in(self, sheet: Sheet) -> Heading | None:
        """Where this layout's columns stand in a sheet, if the sheet has them."""
        heading = sheet.heading(self.headings, self.required)
        if heading is None or (self.is_whole and heading.unknown):
            return None
        return heading


class TableReader:
    """A reader of tables: some layouts, in some kinds of file."""

    name: str
    layouts: ClassVar[Sequence[Layout]]
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    contract_version = CONTRACT_VERSION
    breadth = Breadth.LAYOUT

    def recognises(self, head: bytes) -> bool:
        """Whether such a table may be in the file; a spreadsheet shows it only when opened."""
        if kind_of(head) not in self.kinds:
            return False
        sheet = sheet_of_head(head)
        return sheet is None or any(layout.heading_in(sheet) for layout in self.layouts)

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        """Read the heading. Raises UnknownFormat, DamagedFile, FileTooLarge."""
        table = open_table(file)
        if table.kind not in self.kinds:
            raise UnknownFormat
        for sheet in table.sheets:
            for layout in self.layouts:
                heading = layout.heading_in(sheet)
                if heading is not None:
                    return statement(self.name, layout, table, sheet, heading, wanted)
        raise UnknownFormat


def statement(
    name: str, layout: Layout, table: Table, sheet: Sheet, heading: Heading, wanted: Wanted
) -> Statement:
    """The bookings below a heading, in whole rials. The rows raise the Refusals of ``refusals``."""

    def read(numbers: Sequence[int], rows: Sequence[Row]) -> Bookings:
        return _bookings(_Slice(layout, heading, numbers, rows, wanted.days))

    def left_of(number: int, row: Row) -> UnreadRow:
        return _unread(_Slice(layout, heading, (number,), (row,), wanted.days))

    slices = _booked(heading, sheet.slices_below(heading))
    return Statement(
        format=name,
        currency="IRR",
        minor_digits=0,
        account_digits=heading.account_digits,
        bookings=chain(
            read_in_slices(slices, read, left_of, wanted.set_aside), _no_more(table, layout)
        ),
        balances=Balances.RUNNING if "balance" in heading.columns else Balances.NONE,
    )


def _no_more(table: Table, layout: Layout) -> Iterator[Bookings]:
    """Nothing; but a second sheet of bookings is not passed over in silence."""
    for sheet in table.sheets:
        if layout.heading_in(sheet) is not None:
            raise SeveralTables
    yield from ()


def _booked(heading: Heading, slices: Slices) -> Slices:
    """The rows that have a day, up to the totals; below those nothing may be booked."""
    has_ended = False
    day = heading.columns["day"]
    for numbers, rows in slices:
        if not has_ended and _all_have(day, rows):
            yield numbers, rows
            continue
        booked: list[tuple[int, Row]] = []
        for number, row in zip(numbers, rows, strict=True):
            if len(row) <= day or is_blank(row[day]):
                has_ended |= _is_total(heading, number, row)
            elif has_ended:
                raise UnknownRow(row=number)
            else:
                booked.append((number, row))
        if booked:
            yield [number for number, _row in booked], [row for _number, row in booked]


def _all_have(at: int, rows: Sequence[Row]) -> bool:
    """Whether something stands in a column of every row."""
    try:
        return not any(map(is_blank, set(map(itemgetter(at), rows))))
    except IndexError:
        return False


def _is_total(heading: Heading, row_number: int, row: Row) -> bool:
    """Whether a row without a day closes the table. One with money but no such word is refused."""
    texts = [text for text in map(text_of, row) if text]
    if not texts:
        return False
    if any(word in text for text in texts for word in _TOTAL_WORDS):
        return True
    moved = [heading.columns[field] for field in _MOVED if field in heading.columns]
    if any(at < len(row) and not is_blank(row[at]) for at in moved):
        raise UnreadableCell(row=row_number, column=heading.texts[heading.columns["day"]], text="")
    return True


class _Slice:
    """Some rows of a table turned into columns; each field of all of them is read at once."""

    def __init__(
        self,
        layout: Layout,
        heading: Heading,
        numbers: Sequence[int],
        rows: Sequence[Row],
        days: DayForm,
    ) -> None:
        self._layout = layout
        self._heading = heading
        self._days = days
        self.numbers = numbers
        self._rows = _filled_up(rows, len(heading.texts))
        self._columns: list[Sequence[Cell]] = list(zip(*self._rows, strict=True))
        self._damaged = self._damages()
        exact = {heading.columns[field] for field in _EXACT if field in heading.columns}
        identifiers = {heading.columns[f] for f in _IDENTIFIERS if f in heading.columns}
        hidden = [
            column if at in exact else masked_column(column, is_identifiers=at in identifiers)
            for at, column in enumerate(self._columns)
        ]
        if any(map(is_not, hidden, self._columns)):
            self._columns, self._rows = hidden, list(zip(*hidden, strict=True))

    def days(self) -> Sequence[date]:
        return self._read(self._days.days, "day")

    def clocks(self) -> Sequence[time | None]:
        if "clock" in self._heading.columns:
            return self._read(columns.clock_column, "clock")
        return self._read(self._days.clocks_beside, "day")

    def amounts(self) -> Sequence[int]:
        """Credits positive, debits negative. Raises UnreadableCell and NoMovement."""
        if "amount" in self._heading.columns:
            amounts = self._read(columns.money_column, "amount")
        else:
            amounts = self._credits_less_debits()
        if 0 in amounts:
            raise NoMovement(row=self.numbers[amounts.index(0)])
        return amounts

    def balances(self) -> Sequence[int] | Sequence[None]:
        if "balance" not in self._heading.columns:
            return [None] * len(self.numbers)
        return self._read(columns.money_column, "balance")

    def texts(self, *fields: str) -> Sequence[str]:
        """What stands in the columns of these fields, in one form of letters; "" for nothing."""
        present = [field for field in fields if field in self._heading.columns]
        if not present:
            return [""] * len(self.numbers)
        told = [columns.text_column(self._cells(field), longest=TEXT_MAX) for field in present]
        if len(told) == 1:
            return told[0]
        rows = zip(*told, strict=True)
        return [" ".join(dict.fromkeys(filter(None, row)))[:TEXT_MAX] for row in rows]

    def identifiers(self, field: str, longest: int) -> Sequence[str | None]:
        if field not in self._heading.columns:
            return [None] * len(self.numbers)
        return columns.identifier_column(self._cells(field), longest=longest)

    def references(self, descriptions: Sequence[str]) -> Sequence[str | None]:
        """The tracking numbers: of the text where the bank writes them there, or of the column."""
        column = self.identifiers("reference", _REFERENCE_MAX)
        if self._layout.reference is None:
            return column
        return [
            named_in(text, self._layout.reference) or reference
            for text, reference in zip(descriptions, column, strict=True)
        ]

    def classes(
        self,
        amounts: Sequence[int],
        branches: Sequence[str],
        payers: Sequence[str],
        descriptions: Sequence[str],
    ) -> Sequence[LineClass]:
        return self._layout.classes.column(amounts, branches, payers, descriptions)

    def terminals(
        self, classes: Sequence[LineClass], payers: Sequence[str], descriptions: Sequence[str]
    ) -> list[str | None]:
        """The terminals that settlements name in their texts."""
        found: list[str | None] = [None] * len(classes)
        for at, line_class in enumerate(classes):
            if line_class is LineClass.SETTLEMENT:
                pattern = self._layout.terminal
                found[at] = named_in(payers[at], pattern) or named_in(descriptions[at], pattern)
        return found

    def raws(self) -> list[str]:
        """Each row as it was written, as JSON, and last which of its identifiers are damaged."""
        rows: list[Sequence[object]] = list(self._rows)
        for at, fields in self._damaged.items():
            rows[at] = [*rows[at], {"damaged_id": fields}]
        raws = columns.as_json(rows)
        if max(map(len, raws)) > _RAW_MAX:
            at = next(at for at, raw in enumerate(raws) if len(raw) > _RAW_MAX)
            raise FileTooLarge(row=self.numbers[at])
        return raws

    def _damages(self) -> dict[int, list[str]]:
        """By place in the slice, the identifiers that a spreadsheet has damaged."""
        damaged: dict[int, list[str]] = {}
        for field in _IDENTIFIERS:
            if field in self._heading.columns:
                for at in columns.damaged_in(self._cells(field)):
                    damaged.setdefault(at, []).append(field)
        return damaged

    def _credits_less_debits(self) -> list[int]:
        # An empty cell is nothing only where the other side is written; else nothing is known.
        credits_, debits = self._cells("credit"), self._cells("debit")
        came = self._read(columns.movement_column, "credit", _filled(credits_, debits))
        went = self._read(columns.movement_column, "debit", _filled(debits, credits_))
        if any(map(mul, came, went)):
            at = next(at for at, both in enumerate(zip(came, went, strict=True)) if all(both))
            raise NoMovement(row=self.numbers[at])
        return list(map(sub, came, went))

    def _read(
        self,
        reader: Callable[[Sequence[Cell]], Sequence[_T]],
        field: str,
        column: Sequence[Cell] | None = None,
    ) -> Sequence[_T]:
        """A column, or what is in its place. Raises UnreadableCell, which names a row alone."""
        column = self._cells(field) if column is None else column
        try:
            return reader(column)
        except Unreadable as error:
            text = masked(text_of(column[0]))[:40]
            refusal = AmbiguousDay if isinstance(error, Ambiguous) else UnreadableCell
            raise refusal(row=self.numbers[0], column=self._shown(field), text=text) from error

    def _cells(self, field: str) -> Sequence[Cell]:
        return self._columns[self._heading.columns[field]]

    def _shown(self, field: str) -> str:
        return self._heading.texts[self._heading.columns[field]]


def _bookings(rows: _Slice) -> Bookings:
    """The rows of a slice. Raises UnreadableCell, NoMovement, FileTooLarge."""
    days, clocks, amounts = rows.days(), rows.clocks(), rows.amounts()
    branches, payers = rows.texts("branch"), rows.texts("payer")
    descriptions = rows.texts(*_DESCRIPTION)
    classes = rows.classes(amounts, branches, payers, descriptions)
    return Bookings(
        rows.numbers,
        days,
        clocks,
        amounts,
        rows.balances(),
        classes,
        rows.identifiers("deposit_id", _DEPOSIT_ID_MAX),
        rows.references(descriptions),
        rows.terminals(classes, payers, descriptions),
        columns.or_nothing(branches),
        columns.or_nothing(payers),
        columns.or_nothing(descriptions),
        rows.raws(),
        card_key_column(payers, descriptions),
    )


def _unread(row: _Slice) -> UnreadRow:
    """What can be read of one row that was set aside, and nothing in place of the rest."""
    payer, description = row.texts("payer")[0], row.texts(*_DESCRIPTION)[0]
    return UnreadRow(
        row_number=row.numbers[0],
        booked_on=_if_readable(row.days),
        booked_time=_if_readable(row.clocks),
        amount_minor=_if_readable(row.amounts),
        balance_minor=_if_readable(row.balances),
        deposit_id=row.identifiers("deposit_id", _DEPOSIT_ID_MAX)[0],
        reference=row.references([description])[0],
        terminal=None,
        branch=row.texts("branch")[0] or None,
        payer=payer or None,
        description=description or None,
        raw=row.raws()[0],
        card_key=card_key_in(payer, description),
    )


def _if_readable(column: Callable[[], Sequence[_T]]) -> _T | None:
    try:
        return column()[0]
    except (UnreadableCell, NoMovement):
        return None


def _filled_up(rows: Sequence[Row], width: int) -> Sequence[Row]:
    """The rows, all of one width."""
    widths = set(map(len, rows))
    if len(widths) == 1 and min(widths) >= width:
        return rows
    width = max(width, *widths)
    return [[*row, *[""] * (width - len(row))] for row in rows]


def _filled(column: Sequence[Cell], other: Sequence[Cell]) -> Sequence[Cell]:
    if all(column):
        return column
    return [
        "0" if is_blank(cell) and not is_blank(beside) else cell
        for cell, beside in zip(column, other, strict=True)
    ]


def named_in(text: str, pattern: re.Pattern[str] | None) -> str | None:
    """The number that a pattern finds in a text, without leading zeros."""
    found = pattern.search(text) if pattern is not None else None
    return (found[1].lstrip("0") or None) if found is not None else None
