"""Any table whose columns can be named: by headings that are known, or by a mapping of ours.

A statement becomes a layout like that of a bank; ``read_table`` gives the rows of other tables,
such as settlement reports, with their cells by field.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from itertools import chain
from typing import BinaryIO, TypeVar

from reconciliation.statements import cells
from reconciliation.statements.cells import Ambiguous, Cell, Unreadable, is_blank, text_of
from reconciliation.statements.classes import GENERIC
from reconciliation.statements.contract import CONTRACT_VERSION, Breadth, Statement, Wanted
from reconciliation.statements.day_forms import USUAL, DayForm
from reconciliation.statements.fields import FIELD_SETS, Purpose
from reconciliation.statements.layouts import TEXT_MAX, Layout, statement
from reconciliation.statements.refusals import (
    AmbiguousDay,
    SeveralCurrencies,
    UnknownFormat,
    UnknownRow,
    UnreadableCell,
)
from reconciliation.statements.tables import (
    Heading,
    Row,
    Rows,
    Sheet,
    Slices,
    kind_of,
    open_table,
)

_REFERENCE_MAX = 40
_TOTAL_WORDS = ("جمع", "مجموع", "مانده", "تعداد", "total", "sum")
_RIAL = frozenset({"", "irr", "ریال", "rial", "rials"})
_CREDIT = frozenset({"بستانکار", "بس", "واریز", "واریزی", "credit", "cr", "c", "+"})
_DEBIT = frozenset({"بدهکار", "بد", "برداشت", "debit", "dr", "d", "-"})
_TERMINAL = re.compile(r"(?:شاپرک-پوز|پایانه|ترمینال|پوز)\D{0,3}0*([0-9]{4,12})")
_MOVED = ("credit", "debit", "amount", "net")
_T = TypeVar("_T")


class MappedTable:
    """A statement in a table that no reader of one bank's layout has claimed."""

    name = "table"
    contract_version = CONTRACT_VERSION
    breadth = Breadth.TABLE

    def recognises(self, head: bytes) -> bool:
        return kind_of(head) is not None

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        layouts = _KNOWN if wanted.columns is None else (_layout_of(wanted.columns),)
        table = open_table(file)
        for sheet in table.sheets:
            for layout in layouts:
                heading = layout.heading_in(sheet)
                if heading is not None:
                    told, heading, currency = _told(sheet, heading)
                    opened = statement(self.name, layout, table, told, heading, wanted)
                    return replace(opened, currency=currency)
        raise UnknownFormat


def _layout_of(columns: Mapping[str, str]) -> Layout:
    """The layout of a mapping: its own headings, every one of which must be there."""
    headings = {field: (heading,) for field, heading in columns.items()}
    return Layout(headings, tuple(headings), GENERIC, terminal=_TERMINAL)


def _known_layout(*amounts: str) -> Layout:
    """The layout of the headings that are known, with the amounts in these columns."""
    headings = {
        field: headings
        for field, headings in FIELD_SETS[Purpose.STATEMENT].headings.items()
        if field in amounts or field not in _MOVED
    }
    return Layout(headings, ("day", *amounts), GENERIC, terminal=_TERMINAL)


_KNOWN = (_known_layout("credit", "debit"), _known_layout("amount"))


def _told(sheet: Sheet, heading: Heading) -> tuple[Sheet, Heading, str]:
    """The sheet with what other columns say of its amounts told by the amounts themselves.

    Which are a direction, that becomes the sign, and a currency, which must be one.
    """
    at = heading.columns
    below = sheet.slices_below(heading)
    first = next(below, None)
    if first is None:
        return Sheet(below), heading, "IRR"
    slices: Slices = chain((first,), below)
    currency = _currency(first[1][0], at.get("currency"))
    if "currency" in at:
        slices = _of_one_currency(slices, at["currency"], currency)
    if "direction" in at and "amount" in at:
        texts = (*heading.texts, heading.texts[at["amount"]])
        slices = _signed(slices, heading)
        heading = replace(heading, columns={**at, "amount": len(heading.texts)}, texts=texts)
    return Sheet(slices), heading, currency


def _currency(row: Row, at: int | None) -> str:
    said = text_of(row[at]) if at is not None and at < len(row) else ""
    return "IRR" if said.casefold() in _RIAL else said[:8].upper()


def _of_one_currency(slices: Slices, at: int, currency: str) -> Slices:
    for numbers, rows in slices:
        for number, row in zip(numbers, rows, strict=True):
            if at < len(row) and not is_blank(row[at]) and _currency(row, at) != currency:
                raise SeveralCurrencies(row=number)
        yield numbers, rows


def _signed(slices: Slices, heading: Heading) -> Slices:
    """Each row with one more cell: the amount, a debit's with a minus. Raises UnreadableCell."""
    for numbers, rows in slices:
        yield (
            numbers,
            [_with_sign(number, row, heading) for number, row in zip(numbers, rows, strict=True)],
        )


def _with_sign(number: int, row: Row, heading: Heading) -> Row:
    amount_at, direction_at, day_at = (heading.columns[f] for f in ("amount", "direction", "day"))
    width = len(heading.texts)
    filled = [*row[:width], *[""] * (width - len(row))]
    amount, direction = filled[amount_at], text_of(filled[direction_at]).casefold()
    if not is_blank(filled[day_at]):
        if direction not in _CREDIT | _DEBIT:
            column = heading.texts[direction_at]
            raise UnreadableCell(row=number, column=column, text=direction[:40])
        amount = f"-{text_of(amount)}" if direction in _DEBIT else text_of(amount)
    return [*filled, amount]


@dataclass(frozen=True, slots=True)
class MappedRow:
    """One row of a table; what cannot be read raises UnreadableCell with row and column named."""

    number: int
    cells: Row
    heading: Heading
    days: DayForm = USUAL

    def cell(self, field: str) -> Cell:
        """What stands in the column of a field; nothing where there is none."""
        at = self.heading.columns.get(field, -1)
        return self.cells[at] if 0 <= at < len(self.cells) else None

    def has(self, field: str) -> bool:
        """Whether something stands there."""
        return not is_blank(self.cell(field))

    def read(self, field: str, reader: Callable[[Cell], _T]) -> _T:
        """A cell by a function that raises Unreadable."""
        try:
            return reader(self.cell(field))
        except Unreadable as error:
            refusal = AmbiguousDay if isinstance(error, Ambiguous) else UnreadableCell
            raise self.unreadable(field, refusal) from error

    def unreadable(
        self, field: str, refusal: type[UnreadableCell] = UnreadableCell
    ) -> UnreadableCell:
        """The refusal that names this cell."""
        at = self.heading.columns.get(field, -1)
        column = self.heading.texts[at] if at >= 0 else field
        return refusal(row=self.number, column=column, text=text_of(self.cell(field))[:40])

    def money_of(self, field: str) -> int:
        """A whole amount, possibly negative."""
        return self.read(field, cells.money_of)

    def day_of(self, field: str) -> date:
        """A day of either calendar."""
        return self.read(field, self.days.day_of)

    def clock_of(self, field: str, *, beside: str) -> time | None:
        """A time of day: in its own column, or beside the day."""
        if self.has(field):
            return self.read(field, cells.clock_of)
        return self.read(beside, self.days.clock_beside)

    def text(self, field: str) -> str:
        """A text in our form, cut where none goes on."""
        return text_of(self.cell(field))[:TEXT_MAX]

    def identifier(self, field: str, *, longest: int = _REFERENCE_MAX) -> str | None:
        """Digits without leading zeros; one that a spreadsheet has damaged is none."""
        return cells.identifier_of(self.cell(field), longest=longest)


def read_table(
    file: BinaryIO,
    purpose: Purpose,
    columns: Mapping[str, str] | None = None,
    days: DayForm = USUAL,
) -> tuple[Heading, Iterator[MappedRow]]:
    """The heading of the first sheet that has the columns needed, and the rows below it.

    Raises UnknownFormat, DamagedFile and FileTooLarge; the rows raise UnknownRow, UnreadableCell.
    """
    fields = FIELD_SETS[purpose]
    if columns is not None:
        names: Mapping[str, tuple[str, ...]] = {field: (text,) for field, text in columns.items()}
        required = [tuple(columns)]
    else:
        names, required = fields.headings, list(_combinations(fields.needed))
    for sheet in open_table(file).sheets:
        for combination in required:
            heading = sheet.heading(names, combination)
            if heading is not None:
                return heading, _mapped(sheet.below(heading), heading, days)
    raise UnknownFormat


def _combinations(groups: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, ...]]:
    if not groups:
        yield ()
        return
    for field in groups[0]:
        for rest in _combinations(groups[1:]):
            yield (field, *rest)


def _mapped(rows: Rows, heading: Heading, days: DayForm) -> Iterator[MappedRow]:
    """The rows up to the totals; what stands below those must be empty."""
    has_ended = False
    for number, row in rows:
        mapped = MappedRow(number, row, heading, days)
        if mapped.has("day"):
            if has_ended:
                raise UnknownRow(row=number)
            yield mapped
        elif not all(is_blank(cell) for cell in row):
            _refuse_booking(mapped)
            has_ended = True


def _refuse_booking(row: MappedRow) -> None:
    """Refuse a row without a day that is no total but moves money."""
    texts = [text_of(cell).casefold() for cell in row.cells if not is_blank(cell)]
    if any(word in text for text in texts for word in _TOTAL_WORDS):
        return
    if any(row.has(field) for field in _MOVED):
        raise row.unreadable("day")
