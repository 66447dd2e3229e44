"""Reading a provider's list of what it paid out: a table with one row a payment, by its headings.

Every row must be readable and of the terminal, and a total that the file itself gives must be the
sum of its rows; else the file is refused whole, with the row named. Nothing here needs a database:
it runs where files are parsed.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import BinaryIO, NamedTuple, TypeVar

from core.digits import folded
from core.refusals import Refusal
from core.rial import AMOUNT_RIAL_MAX
from reconciliation.statements import cells
from reconciliation.statements.cards import masked
from reconciliation.statements.cells import Ambiguous, Cell, Unreadable, is_blank, text_of
from reconciliation.statements.day_forms import USUAL, DayForm
from reconciliation.statements.fields import FIELD_SETS, Purpose
from reconciliation.statements.refusals import (
    AmbiguousDay,
    FileTooLarge,
    NoRows,
    UnknownFormat,
    UnknownRow,
    UnreadableCell,
)
from reconciliation.statements.tables import Heading, Row, Sheet, open_table

ROWS_MAX = 200_000  # payments of one list; the largest terminal has some thousands a day
_REFERENCE_MAX = 80
_CARD_MAX = 20
_CARD_DIGITS = 16
_ORDER_DIGITS_MAX = 18
_T = TypeVar("_T")

HEADINGS = FIELD_SETS[Purpose.SETTLEMENT_REPORT].headings
REQUIRED = ("day", "amount")
_TOTAL_WORDS = ("جمع", "مجموع", "total")


class ItemSort(StrEnum):
    """What a row of a report says about a payment."""

    SALE = "sale"
    REFUND = "refund"  # sent back to the donor and kept from this pay-out
    REVERSAL = "reversal"  # taken back by the bank before it was ours


_SORTS: Mapping[str, ItemSort] = {
    folded(text): sort
    for sort, texts in {
        ItemSort.SALE: ("خرید", "فروش", "پرداخت", "sale", "purchase"),
        ItemSort.REFUND: ("استرداد", "برگشت از خرید", "مرجوعی", "refund"),
        ItemSort.REVERSAL: ("برگشت", "برگشتی", "اصلاحیه", "reversal"),
    }.items()
    for text in texts
}


class OtherTerminal(Refusal):
    """A row of another terminal than the one the list is handed in for."""

    code = "report.other_terminal"
    http_status = 422
    field = "file"


class TotalDiffers(Refusal):
    """The file gives a total that is not the sum of its rows, or a person said another one."""

    code = "report.total_differs"
    http_status = 422
    field = "file"


class TwiceInReport(Refusal):
    """Two rows of one payment: nobody can say which is meant."""

    code = "report.twice"
    http_status = 422
    field = "file"


class WrittenRow(NamedTuple):
    """One row as the file has it, in rials; net and fee only where it tells them."""

    row_number: int
    sort: ItemSort
    taken_on: date
    amount_rial: int  # negative for what goes back
    net_rial: int | None
    fee_rial: int | None
    reference: str | None
    order_number: int | None
    card: str | None  # masked
    payout_reference: str | None
    paid_on: date | None


def written_rows(
    file: BinaryIO,
    *,
    terminal_digits: str,
    names: Mapping[str, Sequence[str]] = HEADINGS,
    days: DayForm = USUAL,
) -> Iterator[WrittenRow]:
    """The rows of a list in their order. ``names`` are the headings of each field.

    Raises the Refusals of this module and of ``statements.refusals``.
    """
    for sheet in open_table(file).sheets:
        heading = sheet.heading(names, REQUIRED)
        if heading is not None:
            yield from _once_each(_Reading(heading, terminal_digits, days).rows(sheet))
            return
    raise UnknownFormat


class _Reading:
    """The rows under one heading."""

    def __init__(self, heading: Heading, terminal_digits: str, days: DayForm) -> None:
        self._days = days
        self._heading = heading
        self._at = heading.columns
        self._terminal = terminal_digits.lstrip("0")

    def rows(self, sheet: Sheet) -> Iterator[WrittenRow]:
        sum_rial = 0
        has_ended = False
        for row_number, row in sheet.below(self._heading):
            if all(is_blank(cell) for cell in row):
                continue
            if is_blank(self._cell(row, "day")):
                self._check_total(row, row_number, sum_rial)
                has_ended = True
                continue
            if has_ended:
                raise UnknownRow(row=row_number)
            read = self._row(row, row_number)
            sum_rial += read.amount_rial
            yield read

    def _row(self, row: Row, row_number: int) -> WrittenRow:
        self._refuse_other_terminal(row, row_number)
        sort, amount_rial = self._moved(row, row_number)
        return WrittenRow(
            row_number=row_number,
            sort=sort,
            taken_on=self._read(self._days.day_of, row, "day", row_number),
            amount_rial=amount_rial,
            net_rial=self._read_if_there(cells.money_of, row, "net", row_number),
            fee_rial=self._read_if_there(cells.money_of, row, "fee", row_number),
            reference=self._identifier(row, "reference"),
            order_number=self._order_number(row),
            card=_masked_card(text_of(self._cell(row, "card"))) or None,
            payout_reference=text_of(self._cell(row, "cycle"))[:_REFERENCE_MAX] or None,
            paid_on=self._read_if_there(self._days.day_of, row, "paid_on", row_number),
        )

    def _moved(self, row: Row, row_number: int) -> tuple[ItemSort, int]:
        """What sort of row it is, and its amount: what goes back is negative."""
        written_rial = self._read(cells.money_of, row, "amount", row_number)
        if not 0 < abs(written_rial) <= AMOUNT_RIAL_MAX:
            raise self._unreadable(row, "amount", row_number)
        sort = self._sort(row, row_number, is_negative=written_rial < 0)
        if sort is not ItemSort.SALE:
            return sort, -abs(written_rial)
        if written_rial < 0:
            raise self._unreadable(row, "amount", row_number)
        return sort, written_rial

    def _sort(self, row: Row, row_number: int, *, is_negative: bool) -> ItemSort:
        word = text_of(self._cell(row, "kind"))
        if not word:
            return ItemSort.REFUND if is_negative else ItemSort.SALE
        sort = _SORTS.get(folded(word))
        if sort is None:
            raise self._unreadable(row, "kind", row_number)
        return sort

    def _check_total(self, row: Row, row_number: int, sum_rial: int) -> None:
        if not any(word in folded(text_of(cell)) for cell in row for word in _TOTAL_WORDS):
            raise UnknownRow(row=row_number)
        if is_blank(self._cell(row, "amount")):
            return
        told_rial = self._read(cells.money_of, row, "amount", row_number)
        if told_rial != sum_rial:
            raise TotalDiffers(row=row_number, told_rial=told_rial, sum_rial=sum_rial)

    def _refuse_other_terminal(self, row: Row, row_number: int) -> None:
        written = self._cell(row, "terminal")
        if is_blank(written) or self._at.get("terminal") is None:
            return
        if text_of(written).lstrip("0") != self._terminal:
            raise OtherTerminal(row=row_number)

    def _order_number(self, row: Row) -> int | None:
        digits = cells.identifier_of(self._cell(row, "order_number"), longest=_ORDER_DIGITS_MAX)
        return None if digits is None else int(digits)

    def _identifier(self, row: Row, field: str) -> str | None:
        return cells.identifier_of(self._cell(row, field), longest=_REFERENCE_MAX)

    def _cell(self, row: Row, field: str) -> Cell:
        at = self._at.get(field, -1)
        return row[at] if 0 <= at < len(row) else None

    def _read(self, reader: Callable[[Cell], _T], row: Row, field: str, row_number: int) -> _T:
        try:
            return reader(self._cell(row, field))
        except Unreadable as error:
            refusal = AmbiguousDay if isinstance(error, Ambiguous) else UnreadableCell
            raise self._unreadable(row, field, row_number, refusal) from error

    def _read_if_there(
        self, reader: Callable[[Cell], _T], row: Row, field: str, row_number: int
    ) -> _T | None:
        if is_blank(self._cell(row, field)):
            return None
        return self._read(reader, row, field, row_number)

    def _unreadable(
        self,
        row: Row,
        field: str,
        row_number: int,
        refusal: type[UnreadableCell] = UnreadableCell,
    ) -> UnreadableCell:
        return refusal(
            row=row_number,
            column=self._heading.texts[self._at[field]],
            text=masked(text_of(self._cell(row, field)))[:40],
        )


def _once_each(rows: Iterator[WrittenRow]) -> Iterator[WrittenRow]:
    """The rows, each payment once and not too many. Raises TwiceInReport, FileTooLarge, NoRows."""
    seen: set[tuple[object, ...]] = set()
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > ROWS_MAX:
            raise FileTooLarge(row=row.row_number)
        if row.reference is not None or row.order_number is not None:
            key = (row.sort, row.reference, row.order_number, row.amount_rial)
            if key in seen:
                raise TwiceInReport(row=row.row_number)
            seen.add(key)
        yield row
    if not count:
        raise NoRows


def _masked_card(text: str) -> str:
    """A card's number without its middle, whatever its check digit: the column says it is one."""
    digits = "".join(filter(str.isdigit, text))
    if len(digits) == _CARD_DIGITS:
        return f"{digits[:6]}******{digits[-4:]}"
    return masked(text)[:_CARD_MAX]
