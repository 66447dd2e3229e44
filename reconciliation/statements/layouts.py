"""A bank's table as data, and the one way in which the rows of any of them are read.

A ``Layout`` says by which headings a table is known and where in its texts something else stands;
a ``TableReader`` looks for its layouts in the kinds of file they come in. Rows are read a slice at
a time, column by column, which is many times faster than cell by cell.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import chain
from json import JSONEncoder
from operator import sub
from typing import BinaryIO, ClassVar, NoReturn, TypeAlias, TypeVar

from reconciliation.line_classes import LineClass
from reconciliation.statements import cells
from reconciliation.statements.cards import card_key_column, card_key_in, masked, masked_column
from reconciliation.statements.cells import Cell, Unreadable, is_blank, text_of
from reconciliation.statements.classes import Classes
from reconciliation.statements.contract import (
    CONTRACT_VERSION,
    Balances,
    Breadth,
    Statement,
    StatementRow,
    UnreadRow,
    Wanted,
)
from reconciliation.statements.refusals import (
    FileTooLarge,
    NoMovement,
    SeveralTables,
    UnknownFormat,
    UnknownRow,
    UnreadableCell,
)
from reconciliation.statements.tables import (
    Heading,
    Kind,
    Row,
    Rows,
    Sheet,
    Table,
    kind_of,
    open_table,
    sheet_of_head,
)

SLICE_ROWS = 1_000
TEXT_MAX = 2_000
_RAW_MAX = 1 << 18
_DEPOSIT_ID_MAX = 30  # the treasury's ids are the longest
_REFERENCE_MAX = 40
_TOTAL_WORDS = ("جمع", "مجموع", "مانده", "تعداد")
_MOVED = ("credit", "debit", "amount")
_EXACT = (*_MOVED, "balance", "day", "clock")  # each is read whole, so that no card hides in them
_IDENTIFIERS = ("deposit_id", "reference")
_DESCRIPTION = ("title", "note", "description")  # what stands in them is told as one
_ESCAPED = re.compile(r'["\\\x00-\x1f]')
_as_written = JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode

Read: TypeAlias = StatementRow | UnreadRow
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
    bookings = _slices(layout, heading, sheet.below(heading), wanted.set_aside)
    return Statement(
        format=name,
        currency="IRR",
        minor_digits=0,
        account_digits=heading.account_digits,
        rows=chain(chain.from_iterable(bookings), _no_more(table, layout)),
        balances=Balances.RUNNING if "balance" in heading.columns else Balances.NONE,
    )


def _no_more(table: Table, layout: Layout) -> Iterator[Read]:
    """Nothing; but a second sheet of bookings is not passed over in silence."""
    for sheet in table.sheets:
        if layout.heading_in(sheet) is not None:
            raise SeveralTables
    yield from ()


def _slices(
    layout: Layout, heading: Heading, rows: Rows, set_aside: frozenset[int]
) -> Iterator[Sequence[Read]]:
    """The bookings, some at a time. Of rows set aside comes what can be read of them."""
    has_ended = False
    day = heading.columns["day"]
    waiting: list[tuple[int, Row]] = []
    for row_number, row in rows:
        if row_number in set_aside:
            yield _bookings(layout, heading, waiting)
            yield [_unread(_Slice(layout, heading, [(row_number, row)]))]
            waiting = []
        elif len(row) <= day or is_blank(row[day]):
            has_ended |= _is_total(heading, row_number, row)
        elif has_ended:
            raise UnknownRow(row=row_number)
        else:
            waiting.append((row_number, row))
            if len(waiting) == SLICE_ROWS:
                yield _bookings(layout, heading, waiting)
                waiting = []
    yield _bookings(layout, heading, waiting)


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

    def __init__(self, layout: Layout, heading: Heading, numbered: list[tuple[int, Row]]) -> None:
        self._layout = layout
        self._heading = heading
        self.numbers = [row_number for row_number, _row in numbered]
        width = max(len(heading.texts), *(len(row) for _number, row in numbered))
        rows = [
            row if len(row) == width else [*row, *[""] * (width - len(row))]
            for _number, row in numbered
        ]
        self._columns: list[Sequence[Cell]] = list(zip(*rows, strict=True))
        self._damaged = self._damages()
        exact = {heading.columns[field] for field in _EXACT if field in heading.columns}
        identifiers = {heading.columns[f] for f in _IDENTIFIERS if f in heading.columns}
        for at, column in enumerate(self._columns):
            if at not in exact:
                self._columns[at] = masked_column(column, is_identifiers=at in identifiers)

    def days(self) -> list[date]:
        return self._read(cells.day_column, cells.day_of, "day")

    def clocks(self) -> list[time | None]:
        if "clock" in self._heading.columns:
            return self._read(cells.clock_column, cells.clock_of, "clock")
        return self._read(cells.clocks_beside_days, cells.clock_beside_day, "day")

    def amounts(self) -> list[int]:
        """Credits positive, debits negative. Raises UnreadableCell and NoMovement."""
        if "amount" in self._heading.columns:
            amounts = self._money("amount", self._cells("amount"))
        else:
            amounts = self._credits_less_debits()
        if 0 in amounts:
            raise NoMovement(row=self.numbers[amounts.index(0)])
        return amounts

    def balances(self) -> list[int] | list[None]:
        if "balance" not in self._heading.columns:
            return [None] * len(self.numbers)
        return self._money("balance", self._cells("balance"))

    def texts(self, *fields: str) -> Sequence[str]:
        """What stands in the columns of these fields, in one form of letters; "" for nothing."""
        present = [field for field in fields if field in self._heading.columns]
        if not present:
            return [""] * len(self.numbers)
        columns = [cells.text_column(self._cells(field)) for field in present]
        if len(columns) > 1:
            rows = zip(*columns, strict=True)
            columns = [[" ".join(dict.fromkeys(filter(None, row))) for row in rows]]
        return [text[:TEXT_MAX] for text in columns[0]]

    def identifiers(self, field: str, longest: int) -> Sequence[str | None]:
        if field not in self._heading.columns:
            return [None] * len(self.numbers)
        return cells.identifier_column(self._cells(field), longest=longest)

    def references(self, descriptions: Sequence[str]) -> Sequence[str | None]:
        """The tracking numbers: of the text where the bank writes them there, or of the column."""
        column = self.identifiers("reference", _REFERENCE_MAX)
        if self._layout.reference is None:
            return column
        return [
            named_in(text, self._layout.reference) or reference
            for text, reference in zip(descriptions, column, strict=True)
        ]

    def terminals(
        self, classes: Sequence[LineClass], payers: Sequence[str], descriptions: Sequence[str]
    ) -> list[str | None]:
        pattern = self._layout.terminal
        return [
            named_in(payer, pattern) or named_in(description, pattern)
            if line_class is LineClass.SETTLEMENT and pattern is not None
            else None
            for line_class, payer, description in zip(classes, payers, descriptions, strict=True)
        ]

    def raws(self) -> list[str]:
        """Each row as it was written, as JSON, and last which of its identifiers are damaged."""
        rows = zip(*self._columns, strict=True)
        if not self._damaged and self._holds_plain_texts():
            raws = ['["' + '","'.join(row) + '"]' for row in rows]
        else:
            raws = [
                _as_written(
                    [*row, {"damaged_id": self._damaged[at]}] if at in self._damaged else row
                )
                for at, row in enumerate(rows)
            ]
        for number, raw in zip(self.numbers, raws, strict=True):
            if len(raw) > _RAW_MAX:
                raise FileTooLarge(row=number)
        return raws

    def _holds_plain_texts(self) -> bool:
        """Whether every cell is a text without anything that JSON writes otherwise."""
        try:
            return not any(_ESCAPED.search("".join(column)) for column in self._columns)  # type: ignore[arg-type]
        except TypeError:
            return False

    def _damages(self) -> dict[int, list[str]]:
        """By place in the slice, the identifiers that a spreadsheet has damaged."""
        damaged: dict[int, list[str]] = {}
        for field in _IDENTIFIERS:
            if field in self._heading.columns:
                for at in cells.damaged_in(self._cells(field)):
                    damaged.setdefault(at, []).append(field)
        return damaged

    def _credits_less_debits(self) -> list[int]:
        # An empty cell is nothing only where the other side is written; else nothing is known.
        credits_, debits = self._cells("credit"), self._cells("debit")
        came = self._movements("credit", _filled(credits_, debits))
        went = self._movements("debit", _filled(debits, credits_))
        for number, credit, debit in zip(self.numbers, came, went, strict=True):
            if credit and debit:
                raise NoMovement(row=number)
        return list(map(sub, came, went))

    def _movements(self, field: str, column: Sequence[Cell]) -> list[int]:
        amounts = self._money(field, column)
        if min(amounts) < 0:
            self._refuse(cells.movement_of, field, column)
        return amounts

    def _money(self, field: str, column: Sequence[Cell]) -> list[int]:
        try:
            return cells.money_column(column)
        except Unreadable:
            self._refuse(cells.money_of, field, column)

    def _read(
        self,
        reader: Callable[[Sequence[Cell]], list[_T]],
        of_one: Callable[[Cell], _T],
        field: str,
    ) -> list[_T]:
        column = self._cells(field)
        try:
            return reader(column)
        except Unreadable:
            self._refuse(of_one, field, column)

    def _refuse(
        self, reader: Callable[[Cell], object], field: str, column: Sequence[Cell]
    ) -> NoReturn:
        """Name the first cell that cannot be read. Raises UnreadableCell."""
        for number, cell in zip(self.numbers, column, strict=True):
            try:
                reader(cell)
            except Unreadable as error:
                raise UnreadableCell(
                    row=number, column=self._shown(field), text=masked(text_of(cell))[:40]
                ) from error
        raise AssertionError(field)  # only called where one cannot be read

    def _cells(self, field: str) -> Sequence[Cell]:
        return self._columns[self._heading.columns[field]]

    def _shown(self, field: str) -> str:
        return self._heading.texts[self._heading.columns[field]]


def _bookings(
    layout: Layout, heading: Heading, numbered: list[tuple[int, Row]]
) -> Sequence[StatementRow]:
    """The rows of a slice. Raises UnreadableCell, NoMovement, FileTooLarge."""
    if not numbered:
        return ()
    rows = _Slice(layout, heading, numbered)
    days, clocks, amounts = rows.days(), rows.clocks(), rows.amounts()
    branches, payers = rows.texts("branch"), rows.texts("payer")
    descriptions = rows.texts(*_DESCRIPTION)
    classes = layout.classes.column(amounts, branches, payers, descriptions)
    fields = zip(
        rows.numbers,
        days,
        clocks,
        amounts,
        rows.balances(),
        classes,
        rows.identifiers("deposit_id", _DEPOSIT_ID_MAX),
        rows.references(descriptions),
        rows.terminals(classes, payers, descriptions),
        [text or None for text in branches],
        [text or None for text in payers],
        [text or None for text in descriptions],
        rows.raws(),
        card_key_column(payers, descriptions),
        strict=True,
    )
    return list(map(StatementRow._make, fields))


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
