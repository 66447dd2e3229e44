"""Reading a provider's list of what it paid out: a table with one row a payment, by its headings.

Every row must be readable and of the terminal, and a total that the file itself gives must be the
sum of its rows; else the file is refused whole, with the row named.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import BinaryIO, TypeVar

from core.digits import folded
from core.refusals import Refusal
from core.rial import AMOUNT_RIAL_MAX
from ledger.terminals import Netting, TerminalTerms
from reconciliation.reports import ItemSort
from reconciliation.statements import cells
from reconciliation.statements.cells import Cell, Unreadable, is_blank, text_of
from reconciliation.statements.fields import FIELD_SETS, Purpose
from reconciliation.statements.refusals import NoRows, UnknownFormat, UnknownRow, UnreadableCell
from reconciliation.statements.tables import Heading, Row, Sheet, open_table

_REFERENCE_MAX = 80
_CARD_MAX = 20
_ORDER_DIGITS_MAX = 18
_T = TypeVar("_T")

HEADINGS = FIELD_SETS[Purpose.SETTLEMENT_REPORT].headings
REQUIRED = ("day", "amount")
_SORTS: Mapping[str, ItemSort] = {
    folded(text): sort
    for sort, texts in {
        ItemSort.SALE: ("خرید", "فروش", "پرداخت", "sale", "purchase"),
        ItemSort.REFUND: ("استرداد", "برگشت از خرید", "مرجوعی", "refund"),
        ItemSort.REVERSAL: ("برگشت", "برگشتی", "اصلاحیه", "reversal"),
    }.items()
    for text in texts
}
_TOTAL_WORDS = ("جمع", "مجموع", "total")


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


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row as the file has it; ``fee_rial`` is what was kept of it in this pay-out."""

    row_number: int
    sort: ItemSort
    taken_on: date
    amount_rial: int  # negative for what goes back
    fee_rial: int
    reference: str | None
    order_number: int | None
    card: str | None
    payout_reference: str | None
    paid_on: date | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of one pay-out."""

    payout_reference: str | None
    paid_on: date | None
    rows: Sequence[ReportRow]


Terms = Callable[[date], TerminalTerms]


def read_report(
    file: BinaryIO,
    *,
    terminal_digits: str,
    terms_on: Terms,
    names: Mapping[str, Sequence[str]] = HEADINGS,
) -> list[Listed]:
    """The pay-outs of a file in their order. ``names`` are the headings of each field.

    Raises the Refusals of this module and of ``statements.refusals``.
    """
    for sheet in open_table(file).sheets:
        heading = sheet.heading(names, REQUIRED)
        if heading is not None:
            rows = list(_Reading(heading, names, terminal_digits, terms_on).rows(sheet))
            if not rows:
                raise NoRows
            _refuse_twins(rows)
            return _by_payout(rows)
    raise UnknownFormat


class _Reading:
    """The rows under one heading."""

    def __init__(
        self,
        heading: Heading,
        names: Mapping[str, Sequence[str]],
        terminal_digits: str,
        terms_on: Terms,
    ) -> None:
        self._heading = heading
        self._at = heading.columns
        self._names = names
        self._terminal = terminal_digits.lstrip("0")
        self._terms_on = terms_on

    def rows(self, sheet: Sheet) -> Iterator[ReportRow]:
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

    def _row(self, row: Row, row_number: int) -> ReportRow:
        self._refuse_other_terminal(row, row_number)
        written_rial = self._read(cells.money_of, row, "amount", row_number)
        if not 0 < abs(written_rial) <= AMOUNT_RIAL_MAX:
            raise self._unreadable(row, "amount", row_number)
        sort = self._sort(row, row_number, is_negative=written_rial < 0)
        if sort is ItemSort.SALE and written_rial < 0:
            raise self._unreadable(row, "amount", row_number)
        amount_rial = abs(written_rial) if sort is ItemSort.SALE else -abs(written_rial)
        taken_on = self._read(cells.day_of, row, "day", row_number)
        return ReportRow(
            row_number=row_number,
            sort=sort,
            taken_on=taken_on,
            amount_rial=amount_rial,
            fee_rial=self._fee(row, row_number, amount_rial, taken_on),
            reference=self._identifier(row, "reference"),
            order_number=self._order_number(row),
            card=text_of(self._cell(row, "card"))[:_CARD_MAX] or None,
            payout_reference=text_of(self._cell(row, "cycle"))[:_REFERENCE_MAX] or None,
            paid_on=None
            if is_blank(self._cell(row, "paid_on"))
            else self._read(cells.day_of, row, "paid_on", row_number),
        )

    def _fee(self, row: Row, row_number: int, amount_rial: int, taken_on: date) -> int:
        """What was kept: the file's net or fee where it has one, else what the terms say."""
        if not is_blank(self._cell(row, "net")):
            net_rial = self._read(cells.money_of, row, "net", row_number)
            return amount_rial - (net_rial if amount_rial > 0 else -abs(net_rial))
        terms = self._terms_on(taken_on)
        if terms.netting is not Netting.NETTED:
            return 0
        if not is_blank(self._cell(row, "fee")):
            return self._read(cells.money_of, row, "fee", row_number)
        return terms.fee_rial(amount_rial) if amount_rial > 0 else 0

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
            raise self._unreadable(row, field, row_number) from error

    def _unreadable(self, row: Row, field: str, row_number: int) -> UnreadableCell:
        return UnreadableCell(
            row=row_number,
            column=self._heading.texts[self._at[field]],
            text=text_of(self._cell(row, field))[:40],
        )


def _refuse_twins(rows: Sequence[ReportRow]) -> None:
    seen: set[tuple[object, ...]] = set()
    for row in rows:
        if row.reference is None and row.order_number is None:
            continue
        key = (row.sort, row.reference, row.order_number, row.amount_rial)
        if key in seen:
            raise TwiceInReport(row=row.row_number)
        seen.add(key)


def _by_payout(rows: Sequence[ReportRow]) -> list[Listed]:
    def key(row: ReportRow) -> tuple[str, date]:
        return row.payout_reference or "", row.paid_on or date.min

    return [
        Listed(of[0].payout_reference, of[0].paid_on, of)
        for _key, group in groupby(sorted(rows, key=key), key)
        for of in [sorted(group, key=lambda row: row.row_number)]
    ]
