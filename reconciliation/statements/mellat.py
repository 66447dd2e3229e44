"""Bank Mellat's export of an account, as XLSX and as CSV: twelve columns, found by their headings.

The layout is that of ``reference/reconciliation.md`` C.1: the running balance first, the row number
(optional) last, headings in Arabic or Persian letters with the bank's own misspelling, the newest
row first or last, totals below. Rows are streamed.
"""

import codecs
import csv
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import time
from itertools import islice
from typing import BinaryIO, NamedTuple, TypeVar

from python_calamine import CalamineError, CalamineWorkbook

from core.digits import folded
from reconciliation.lines import LineClass
from reconciliation.statements import cells
from reconciliation.statements.cells import Cell, Unreadable, is_blank, text_of
from reconciliation.statements.classes import class_of, terminal_in
from reconciliation.statements.contract import Statement, StatementRow, Wanted
from reconciliation.statements.refusals import (
    DamagedFile,
    FileTooLarge,
    NoMovement,
    UnknownFormat,
    UnknownRow,
    UnreadableCell,
)

ROWS_MAX = 2_000_000
UNPACKED_BYTES_MAX = 1 << 30
CELL_MAX = 2_000
_BLOCK_BYTES = 1 << 16
_HEADING_WITHIN = 60  # rows: a slogan, the account, the period may stand above the headings
_DEPOSIT_ID_MAX = 30  # the treasury's ids are the longest
_REFERENCE_MAX = 40
_T = TypeVar("_T")
_as_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode

_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "balance": ("مانده", "مانده حساب"),
    "credit": ("مبلغ گردش بستانکار", "گردش بستانکار", "بستانکار"),
    "debit": ("مبلغ گردش بدهکار", "گردش بدهکار", "بدهکار"),
    "description": ("شرح",),
    "payer": ("واریز کننده/ ذیتفع", "واریز کننده/ ذینفع", "واریز کننده"),
    "reference": ("شماره سریال",),
    "deposit_id": ("شناسه واریز", "شناسه واریز کننده"),
    "accounting_code": ("کد حسابگری",),
    "branch": ("شعبه",),
    "clock": ("زمان",),
    "day": ("تاریخ",),
    "number": ("ردیف",),
}
_REQUIRED = ("balance", "credit", "debit", "day")
_TOTAL_WORDS = ("جمع", "مجموع", "مانده", "تعداد")
_ACCOUNT = re.compile(r"شماره حساب\s*:?\s*([0-9][0-9./\- ]*)")


class Columns(NamedTuple):
    """Where each column of the layout stands in this file; -1 for one it does not have."""

    balance: int
    credit: int
    debit: int
    description: int
    payer: int
    reference: int
    deposit_id: int
    accounting_code: int
    branch: int
    clock: int
    day: int
    number: int


class MellatXlsx:
    """The export as a real Excel file."""

    name = "mellat-xlsx"

    def recognises(self, head: bytes) -> bool:
        return head.startswith(b"PK\x03\x04")

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        _refuse_bomb(file)
        try:
            book = CalamineWorkbook.from_filelike(file)
            sheets = [book.get_sheet_by_index(at) for at in range(len(book.sheet_names))]
        except CalamineError as error:
            raise DamagedFile from error
        for sheet in sheets:
            try:
                return _statement(self.name, sheet.iter_rows())
            except UnknownFormat:
                continue
        raise UnknownFormat


class MellatCsv:
    """The export as delimited text, in UTF-8 with or without a mark, UTF-16 or windows-1256."""

    name = "csv"

    def recognises(self, head: bytes) -> bool:
        try:
            text = _decoded(head)
        except UnicodeDecodeError:
            return False
        return any(len(_headings_in(_split(line))) >= 3 for line in text.splitlines())

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        head = file.read(_BLOCK_BYTES)
        file.seek(0)
        lines = _lines_of(file, _encoding(head))
        heading = next(
            (line for line in _decoded(head).splitlines() if len(_headings_in(_split(line))) >= 3),
            "",
        )
        return _statement(self.name, csv.reader(lines, delimiter=_delimiter(heading)))


def _refuse_bomb(file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked_bytes = sum(entry.file_size for entry in archive.infolist())
    except zipfile.BadZipFile as error:
        raise DamagedFile from error
    if unpacked_bytes > UNPACKED_BYTES_MAX:
        raise FileTooLarge
    file.seek(0)


def _lines_of(file: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of a text file, decoded block by block; the file is its opener's to close."""
    decoder = codecs.getincrementaldecoder(encoding)()
    rest = ""
    while block := file.read(_BLOCK_BYTES):
        *lines, rest = (rest + decoder.decode(block)).split("\n")
        yield from (f"{line}\n" for line in lines)
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest


def _encoding(head: bytes) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        # The head may end inside a character, which is no mistake of the file.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1256"
    return "utf-8-sig"


def _decoded(head: bytes) -> str:
    return codecs.getincrementaldecoder(_encoding(head))().decode(head)


def _delimiter(line: str) -> str:
    return max(",\t;", key=line.count)


def _split(line: str) -> list[str]:
    return next(csv.reader([line], delimiter=_delimiter(line)), []) if line.strip() else []


def _heading_form(text: str) -> str:
    return re.sub(r"[\s/\\:]", "", folded(text))


_FIELD_OF = {_heading_form(text): field for field, texts in _HEADINGS.items() for text in texts}


def _headings_in(row: Sequence[Cell]) -> dict[str, int]:
    found: dict[str, int] = {}
    for at, cell in enumerate(row):
        field = _FIELD_OF.get(_heading_form(cell)) if isinstance(cell, str) else None
        if field is not None:
            found.setdefault(field, at)
    return found


def _statement(name: str, rows: Iterable[Sequence[Cell]]) -> Statement:
    numbered = iter(_numbered(rows))
    account_digits = None
    for _row_number, row in islice(numbered, _HEADING_WITHIN):
        headings = _headings_in(row)
        if all(field in headings for field in _REQUIRED):
            columns = Columns(**{field: headings.get(field, -1) for field in Columns._fields})
            heading = row[columns.day]
            return Statement(name, "IRR", 0, account_digits, _rows(columns, heading, numbered))
        account_digits = account_digits or _account_in(row)
    raise UnknownFormat


def _numbered(rows: Iterable[Sequence[Cell]]) -> Iterator[tuple[int, Sequence[Cell]]]:
    try:
        for row_number, row in enumerate(rows, start=1):
            if row_number > ROWS_MAX:
                raise FileTooLarge
            yield row_number, row
    except (csv.Error, UnicodeDecodeError, CalamineError) as error:
        raise DamagedFile from error


def _account_in(row: Sequence[Cell]) -> str | None:
    found = _ACCOUNT.search(" ".join(text_of(cell) for cell in row if not is_blank(cell)))
    return re.sub(r"\D", "", found[1]) if found is not None else None


def _rows(
    columns: Columns, heading: Cell, numbered: Iterator[tuple[int, Sequence[Cell]]]
) -> Iterator[StatementRow]:
    has_ended = False
    width = max(columns) + 1
    for row_number, row in numbered:
        if len(row) < width:
            row = [*row, *([""] * (width - len(row)))]  # noqa: PLW2901  short rows are CSV's way
        if is_blank(row[columns.day]):
            has_ended |= _is_total(row, columns, row_number)
            continue
        if row[columns.day] == heading:
            continue  # headings repeated at a page break
        if has_ended:
            raise UnknownRow(row=row_number)
        yield _booking(row, columns, row_number)


def _is_total(row: Sequence[Cell], columns: Columns, row_number: int) -> bool:
    """Whether a row without a day closes the table. One with money but no such word is refused."""
    if all(is_blank(cell) for cell in row):
        return False
    texts = [text_of(cell) for cell in row]
    if any(word in text for text in texts for word in _TOTAL_WORDS):
        return True
    if any(not is_blank(row[at]) for at in (columns.credit, columns.debit)):
        raise UnreadableCell(row=row_number, column=_HEADINGS["day"][0], text="")
    return True


def _booking(row: Sequence[Cell], columns: Columns, row_number: int) -> StatementRow:
    credit = _side(row, columns.credit, columns.debit, "credit", row_number)
    debit = _side(row, columns.debit, columns.credit, "debit", row_number)
    if (credit > 0) == (debit > 0):
        raise NoMovement(row=row_number)
    branch, payer, description = (
        _text(row, at) for at in (columns.branch, columns.payer, columns.description)
    )
    line_class = class_of(is_debit=debit > 0, branch=branch, payer=payer, description=description)
    is_settlement = line_class is LineClass.SETTLEMENT
    return StatementRow(
        row_number,
        _read(cells.day_of, row[columns.day], "day", row_number),
        _clock(row, columns, row_number),
        credit - debit,
        _read(cells.money_of, row[columns.balance], "balance", row_number),
        line_class,
        _identifier(row, columns.deposit_id, _DEPOSIT_ID_MAX),
        _identifier(row, columns.reference, _REFERENCE_MAX),
        terminal_in(payer, description) if is_settlement else None,
        branch or None,
        payer or None,
        description or None,
        _as_written(row),
    )


def _side(row: Sequence[Cell], at: int, other: int, field: str, row_number: int) -> int:
    # An empty cell is nothing only where the other side is written; else nothing is known.
    if is_blank(row[at]) and not is_blank(row[other]):
        return 0
    return _read(cells.movement_of, row[at], field, row_number)


def _read(reader: Callable[[Cell], _T], cell: Cell, field: str, row_number: int) -> _T:
    try:
        return reader(cell)
    except Unreadable as error:
        raise UnreadableCell(
            row=row_number, column=_HEADINGS[field][0], text=text_of(cell)[:40]
        ) from error


def _clock(row: Sequence[Cell], columns: Columns, row_number: int) -> time | None:
    if columns.clock < 0:
        return None
    return _read(cells.clock_of, row[columns.clock], "clock", row_number)


def _text(row: Sequence[Cell], at: int) -> str:
    return text_of(row[at])[:CELL_MAX] if at >= 0 else ""


def _identifier(row: Sequence[Cell], at: int, longest: int) -> str | None:
    return cells.identifier_of(row[at], longest=longest) if at >= 0 else None
