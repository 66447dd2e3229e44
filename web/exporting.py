"""A list as a file: Excel or CSV, exactly what the page shows, safe to open in a spreadsheet.

Amounts are numbers, days Jalali text with the ISO day beside it, codes are text, so that no
spreadsheet shortens them. A text is never a formula: Excel cells are written as text, and in CSV a
text that a spreadsheet would calculate begins with an apostrophe (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from tempfile import SpooledTemporaryFile
from typing import IO, Any

import xlsxwriter  # type: ignore[import-untyped]
from flask import Response

from core.words import spoken
from web.filters import day, moment

Cell = str | int | date | datetime | bool | None

_IN_MEMORY_BYTES = 4 << 20
_PIECE_BYTES = 1 << 16
_EXACT_BELOW = 10**15  # a spreadsheet keeps fifteen digits of a number
_CALCULATES = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NAME_MAX = 31  # of a sheet, by Excel


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading and what kind of value stands in it."""

    heading: str
    is_money: bool = False
    is_day: bool = False  # two columns: the day as people here write it, and as machines do


@dataclass(frozen=True, slots=True)
class Sheet:
    """A list ready to be written: what it is, how it was narrowed, and its rows."""

    name: str  # of the file, without an ending
    title: str
    about: str  # account, filter, who and when: one line above the headings
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]


def send(sheet: Sheet, ending: str) -> Response:
    """The list as a file to keep, ``csv`` or ``xlsx``; written to disk where it is large."""
    file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  sent, then closed
    mimetype, write = _WRITERS[ending]
    write(sheet, file)
    file.seek(0)
    answer = Response(_pieces(file), mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=f"{sheet.name}.{ending}")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def write_csv(sheet: Sheet, file: IO[bytes]) -> None:
    """UTF-8 with a mark, without which Excel takes Persian for Latin."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow([harmless(sheet.about)])
    writer.writerow([harmless(heading) for heading in _headings(sheet)])
    for row in sheet.rows:
        writer.writerow([harmless(cell) for cell in _cells(sheet, row)])
    text.detach()


def write_xlsx(sheet: Sheet, file: IO[bytes]) -> None:
    """A workbook of one sheet, right to left in Persian, with sums under its amounts."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        page = book.add_worksheet(_sheet_name(sheet.title))
        strong = book.add_format({"bold": True})
        money = book.add_format({"num_format": "#,##0"})
        sums = book.add_format({"num_format": "#,##0", "bold": True})
        if spoken() != "en":
            page.right_to_left()
        page.freeze_panes(2, 0)
        page.write_string(0, 0, sheet.about)
        headings = list(_headings(sheet))
        page.set_column(0, len(headings) - 1, 18)
        for at, heading in enumerate(headings):
            page.write_string(1, at, heading, strong)
        totals: dict[int, int] = {}
        last = 1
        money_at = {at for at, column in enumerate(_wide(sheet)) if column.is_money}
        for last, row in enumerate(sheet.rows, start=2):
            for at, cell in enumerate(_cells(sheet, row)):
                if isinstance(cell, int) and abs(cell) < _EXACT_BELOW:
                    page.write_number(last, at, cell, money if at in money_at else None)
                elif cell != "":
                    page.write_string(last, at, str(cell))
                if at in money_at and isinstance(cell, int):
                    totals[at] = totals.get(at, 0) + cell
        for at, total in totals.items():
            if abs(total) < _EXACT_BELOW:
                page.write_number(last + 1, at, total, sums)
            else:
                page.write_string(last + 1, at, str(total), strong)


def harmless(cell: str | int) -> str | int:
    """A value that no spreadsheet calculates."""
    if isinstance(cell, str) and cell.lstrip(" \u200e\u200f\u00a0").startswith(_CALCULATES):
        return f"'{cell}"
    return cell


def _headings(sheet: Sheet) -> Iterator[str]:
    for column in sheet.columns:
        yield column.heading
        if column.is_day:
            yield f"{column.heading} (ISO)"


def _wide(sheet: Sheet) -> Iterator[Column]:
    """The columns as the file has them: a day takes two."""
    for column in sheet.columns:
        yield column
        if column.is_day:
            yield column


def _cells(sheet: Sheet, row: Sequence[Cell]) -> Iterator[str | int]:
    for column, cell in zip(sheet.columns, row, strict=True):
        yield _shown(cell)
        if column.is_day:
            yield cell.isoformat() if isinstance(cell, date) else ""


def _shown(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return moment(cell)
    if isinstance(cell, date):
        return day(cell)
    return cell


def _sheet_name(title: str) -> str:
    # Excel allows none of these in the name of a sheet.
    return "".join(letter for letter in title if letter not in "[]:*?/\\'")[:_NAME_MAX]


_WRITERS: dict[str, tuple[str, Callable[[Sheet, IO[bytes]], Any]]] = {
    "csv": ("text/csv; charset=utf-8", write_csv),
    "xlsx": (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        write_xlsx,
    ),
}
ENDINGS = tuple(_WRITERS)
