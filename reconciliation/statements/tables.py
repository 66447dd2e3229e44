"""Tables in files, streamed in slices: spreadsheets, delimited text, HTML tables saved as .xls.

``open_table`` tells by the content what a file is and gives its sheets; ``Sheet.heading`` finds the
row of headings below a preamble; ``Sheet.below`` gives what stands under it, row by row or in
slices. Rows are numbered from 1 as a spreadsheet shows them. A file that cannot be opened or
decoded, and one that is larger than a statement can be, is refused with the row named; nothing here
knows a bank.
"""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from html import unescape
from io import StringIO
from itertools import chain, islice
from typing import BinaryIO, TypeAlias
from weakref import WeakKeyDictionary

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from core.digits import folded
from reconciliation.statements.archives import refuse_bomb
from reconciliation.statements.cells import Cell, is_blank, text_of
from reconciliation.statements.refusals import DamagedFile, FileTooLarge, UnknownFormat
from reconciliation.statements.slices import Numbered, slices_of

Row: TypeAlias = Sequence[Cell]
Rows: TypeAlias = Iterator[tuple[int, Row]]
Slices: TypeAlias = Iterator[Numbered[Row]]

HEAD_BYTES = 1 << 16
HEADING_WITHIN = 60  # rows: a slogan, the account, the period may stand above the headings
ROWS_MAX = 2_000_000
COLUMNS_MAX = 512
_LINE_MAX = 1 << 20  # characters without an end of line, or without a tag
_BLOCK_BYTES = 1 << 16
_DELIMITERS = "\t;|,"
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_CHARSETS = {"utf-8": "utf-8", "windows-1256": "cp1256", "cp1256": "cp1256"}
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_HTML = re.compile(r"<(?:html|table|tr)\b", re.IGNORECASE)
_HTML_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_HTML_ROW = re.compile(r"<[tT][rR]\b[^>]*>")
_HTML_CELL = re.compile(
    r"<[tT][dDhH]\b[^>]*>"
    r"([^<]*(?:<(?!/?[tT](?:[dDhHrR]|[aA][bB][lL][eE])\b)[^<]*)*)"  # to the next of its tags
)
_HTML_BREAK = re.compile(r"<(?:br|p|div)\b[^>]*>", re.IGNORECASE)
_HTML_TAG = re.compile(r"<[^>]*>")
_ACCOUNT = re.compile(r"شماره حساب\s*:?\s*([0-9][0-9./\- ]*)")


class Kind(StrEnum):
    """What a table comes in."""

    SPREADSHEET = "spreadsheet"  # XLSX, XLSB, ODS and the older binary XLS
    TEXT = "text"  # comma, semicolon, tab or bar between the cells
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Heading:
    """A row of headings: where each field stands, and what the preamble said."""

    columns: Mapping[str, int]  # field -> place in the row, from 0
    texts: tuple[str, ...]  # normalised, to show
    unknown: tuple[str, ...]  # the headings nobody asked for
    row_number: int
    account_digits: str | None


class Sheet:
    """One sheet of a table. Its first rows may be looked at often, the rest is read once."""

    def __init__(self, slices: Slices) -> None:
        self._top: Numbered[Row] = next(slices, ((), ()))
        self._rest = slices

    @property
    def top(self) -> list[tuple[int, Row]]:
        """The first rows, in which the headings must stand."""
        return list(islice(zip(*self._top, strict=True), HEADING_WITHIN))

    def heading(
        self, names: Mapping[str, Sequence[str]], required: Iterable[str]
    ) -> Heading | None:
        """The first row that has every required field, each by one of its names.

        Names are compared by ``heading_form``; of a heading that stands twice the first is taken.
        """
        field_of = {heading_form(name): field for field in names for name in names[field]}
        account_digits = None
        for row_number, row in self.top:
            columns: dict[str, int] = {}
            unknown: list[str] = []
            for at, cell in enumerate(row):
                if not isinstance(cell, str) or is_blank(cell):
                    continue
                field = field_of.get(heading_form(cell))
                if field is None:
                    unknown.append(text_of(cell))
                else:
                    columns.setdefault(field, at)
            if all(field in columns for field in required):
                texts = tuple(text_of(cell) for cell in row)
                return Heading(columns, texts, tuple(unknown), row_number, account_digits)
            account_digits = account_digits or _account_in(row)
        return None

    def below(self, heading: Heading) -> Rows:
        """The rows under a heading; headings repeated at a page break are left out. Read once."""
        for numbers, rows in self.slices_below(heading):
            yield from zip(numbers, rows, strict=True)

    def slices_below(self, heading: Heading) -> Slices:
        """The same, some rows at a time."""
        as_written = next((row for number, row in self.top if number == heading.row_number), None)
        for numbers, rows in chain((self._top,), self._rest):
            if numbers[0] > heading.row_number and as_written not in rows:
                yield numbers, rows
                continue
            below = [
                (number, row)
                for number, row in zip(numbers, rows, strict=True)
                if number > heading.row_number and row != as_written
            ]
            if below:
                yield [number for number, _row in below], [row for _number, row in below]


@dataclass(frozen=True, slots=True)
class Table:
    """An opened file and its sheets, of which each is read before the next is opened."""

    kind: Kind
    sheets: Iterator[Sheet]


def kind_of(head: bytes) -> Kind | None:
    """What a file that begins like this comes in; nothing where it is no table. Never raises."""
    if head.startswith((_ZIP, _OLE)):
        return Kind.SPREADSHEET
    text = _decoded(head)
    if text.lstrip().startswith("<"):
        return Kind.HTML if _HTML.search(text) else None
    return Kind.TEXT if _delimiter(text) else None


def sheet_of_head(head: bytes) -> Sheet | None:
    """The first rows of text or HTML, for recognising. Nothing for a spreadsheet. Never raises."""
    kind = kind_of(head)
    if kind not in (Kind.TEXT, Kind.HTML):
        return None
    text = _decoded(head)
    try:
        return Sheet(_numbered(_rows_of(kind, iter((text,)), text)))
    except (DamagedFile, FileTooLarge):
        return None


def open_table(file: BinaryIO) -> Table:
    """Open a seekable file. Raises UnknownFormat, DamagedFile and FileTooLarge, also from rows."""
    head = file.read(HEAD_BYTES)
    kind = kind_of(head)
    if kind is None:
        raise UnknownFormat
    if kind is Kind.SPREADSHEET:
        return Table(kind, _spreadsheet(file, head))
    encoding, mark_bytes = _encoding(head)
    file.seek(mark_bytes)
    rows = _rows_of(kind, _texts(file, encoding), _decoded(head))
    return Table(kind, (Sheet(_numbered(rows)) for rows in (rows,)))


@lru_cache(1 << 10)
def heading_form(text: str) -> str:
    """The form in which headings are compared: letters folded, without blanks and slashes."""
    return re.sub(r"[\s/\\:]", "", folded(text))


def _account_in(row: Row) -> str | None:
    found = _ACCOUNT.search(" ".join(text_of(cell) for cell in row if not is_blank(cell)))
    return re.sub(r"\D", "", found[1]) if found is not None else None


def _numbered(rows: Iterable[Row]) -> Slices:
    """The rows in slices with their numbers; the first slice is what headings are looked for in."""
    last = 0
    told = iter(rows)
    try:
        for slice_ in chain(slices_of(islice(told, HEADING_WITHIN)), slices_of(told)):
            numbers = range(last + 1, last + 1 + len(slice_))
            if numbers[-1] > ROWS_MAX or max(map(len, slice_)) > COLUMNS_MAX:
                raise FileTooLarge(row=_first_too_large(numbers, slice_))
            yield numbers, slice_
            last = numbers[-1]
    except _TooLong as error:
        raise FileTooLarge(row=last + 1) from error
    except (csv.Error, UnicodeDecodeError, CalamineError) as error:
        raise DamagedFile(row=last + 1) from error


def _first_too_large(numbers: Sequence[int], rows: Sequence[Row]) -> int:
    return next(
        number
        for number, row in zip(numbers, rows, strict=True)
        if number > ROWS_MAX or len(row) > COLUMNS_MAX
    )


def _cells(sheet: CalamineSheet) -> Iterator[Row]:
    try:
        yield from sheet.iter_rows()
    except BaseException as error:
        if _is_panic(error):
            raise CalamineError from error
        raise


def _is_panic(error: BaseException) -> bool:
    """Whether calamine gave up on a damaged workbook. pyo3 lets nobody import that exception."""
    return type(error).__name__ == "PanicException"


# --- spreadsheets ---------------------------------------------------------------------------


class _Book:
    """A workbook whose sheets are taken apart once, however many readers look at them."""

    def __init__(self, file: BinaryIO) -> None:
        self._book = CalamineWorkbook.from_filelike(file)
        self._sheets: dict[int, CalamineSheet] = {}

    def sheets(self) -> Iterator[CalamineSheet]:
        for at in range(len(self._book.sheet_names)):
            if at not in self._sheets:
                self._sheets[at] = self._book.get_sheet_by_index(at)
            yield self._sheets[at]


# One file is shown to one reader after another; what was made of it goes with the file.
_books: WeakKeyDictionary[BinaryIO, _Book] = WeakKeyDictionary()


def _spreadsheet(file: BinaryIO, head: bytes) -> Iterator[Sheet]:
    try:
        if file not in _books:
            if head.startswith(_ZIP):
                refuse_bomb(file)
            file.seek(0)
            _books[file] = _Book(file)
        for sheet in _books[file].sheets():
            yield Sheet(_numbered(_cells(sheet)))
    except CalamineError as error:
        raise DamagedFile from error
    except BaseException as error:
        if _is_panic(error):
            raise DamagedFile from error
        raise


# --- delimited text and HTML ----------------------------------------------------------------


class _TooLong(ValueError):
    """More characters than a row can have."""


def _rows_of(kind: Kind, texts: Iterator[str], head: str) -> Iterable[Row]:
    if kind is Kind.HTML:
        return _html_rows(texts)
    return csv.reader(_lines(texts), delimiter=_delimiter(head) or ",")


def _encoding(head: bytes) -> tuple[str, int]:
    """How a text is encoded, and how many bytes the mark before it takes."""
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding, len(mark)
    if head.lstrip().startswith(b"<") and (named := _CHARSET.search(head)) is not None:
        charset = named[1].decode("ascii", "replace").lower()
        if charset in _CHARSETS:
            return _CHARSETS[charset], 0
    try:
        # The head may end inside a character, which is no mistake of the file.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1256", 0
    return "utf-8", 0


def _decoded(head: bytes) -> str:
    """The beginning, to look at: what is damaged is refused when it is read."""
    encoding, mark_bytes = _encoding(head)
    return codecs.getincrementaldecoder(encoding)("replace").decode(head[mark_bytes:])


def _texts(file: BinaryIO, encoding: str) -> Iterator[str]:
    """The text of a file block by block; what stands before a damaged byte comes before the error.

    The file is its opener's to close.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    block = b"-"
    while block:
        block = file.read(_BLOCK_BYTES)
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            yield str(error.object[: error.start], encoding)
            raise
        yield text


def _lines(texts: Iterator[str]) -> Iterator[str]:
    """The lines of a text, each with its end."""
    return chain.from_iterable(_blocks_of_lines(texts))


def _blocks_of_lines(texts: Iterator[str]) -> Iterator[Iterable[str]]:
    rest = ""
    for text in texts:
        whole, end, rest = (rest + text).rpartition("\n")
        yield StringIO(whole + end, newline="\n")
        if len(rest) > _LINE_MAX:
            raise _TooLong
    if rest:
        yield (rest,)


def _delimiter(head: str) -> str | None:
    """What stands between the cells: it gives the most lines of one width, of three at least."""
    lines = head.splitlines()[:HEADING_WITHIN]
    fits = {mark: _lines_of_one_width(lines, mark) for mark in _DELIMITERS}
    best = max(fits, key=lambda mark: fits[mark])
    return best if fits[best] else None


def _lines_of_one_width(lines: list[str], delimiter: str) -> int:
    try:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
    except csv.Error:
        return 0
    return max((widths.count(width) for width in set(widths) if width >= 3), default=0)


def _html_rows(texts: Iterator[str]) -> Iterator[Row]:
    """The rows of every table of a page, one after another, as a spreadsheet lays them out.

    Tags are looked for and no tree is made: banks leave tags open, and the tree of a year's rows
    is large. A row goes on to the next row, a cell to the next tag of a table.
    """
    pieces = _pieces(chain(_without_comments(texts), ("<tr>",)))
    return (_html_cells(piece) for piece in islice(pieces, 1, None))


def _pieces(texts: Iterable[str]) -> Iterator[str]:
    """What stands before the first tag of a row, and then between two of them."""
    rest = ""
    for text in texts:
        *pieces, rest = _HTML_ROW.split(rest + text)
        yield from pieces
        if len(rest) > _LINE_MAX:
            raise _TooLong


def _without_comments(texts: Iterator[str]) -> Iterator[str]:
    rest = ""
    for text in texts:
        rest = _HTML_COMMENT.sub("", rest + text)
        begun = rest.find("<!--")
        end = begun if begun >= 0 else max(rest.rfind("<"), 0)  # a tag may go on in the next block
        yield rest[:end]
        rest = rest[end:]
        if len(rest) > _LINE_MAX:
            raise _TooLong
    yield rest


def _html_cells(piece: str) -> list[Cell]:
    cells = _HTML_CELL.findall(piece)
    if "&" in piece or piece.count("<") > 2 * len(cells) + 2:  # more than the table's own tags
        return [_html_text(cell) for cell in cells]
    return cells


def _html_text(cell: str) -> str:
    if "<" in cell:
        cell = _HTML_TAG.sub("", _HTML_BREAK.sub("\n", cell))
    return unescape(cell)
