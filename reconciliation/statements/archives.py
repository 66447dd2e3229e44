"""Packed spreadsheets (XLSX, XLSB, ODS): what one would become, looked at before it is unpacked.

The reader of workbooks lays out every cell between the corners of a sheet, and every cell that is
repeated as often as the file says; here both are counted from the text of the sheets, as it flows.
"""

import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from reconciliation.statements.refusals import DamagedFile, FileTooLarge, UnsafeFile

_UNPACKED_BYTES_MAX = 1 << 30
_ENTRIES_MAX = 1_000
_RATIO_MAX = 200  # spreadsheets pack ten to forty times
_RATIO_MATTERS_BYTES = 32 << 20
_CELLS_MAX = 1 << 25
_REPEATED_BYTES_MAX = 1 << 28  # of cells, each as often as it is repeated
_SCANNED_BYTES = 1 << 20
_FAR_CELL = re.compile(rb"r\s*=\s*[\"'](?:[A-Za-z]{2,}[0-9]|[A-Za-z]?[0-9]{6})")
_CELL_PLACE = re.compile(rb"r\s*=\s*[\"']([A-Za-z]*)([0-9]+)[\"']")
_OPEN_DOCUMENT = "content.xml"
_TAG = re.compile(
    rb"<table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])"
    rb"((?:[^>\"']++|\"[^\"]*+\"|'[^']*+')*+)>"  # an attribute may hold the end of a tag
)
_TAG_BYTES_MAX = 1 << 20
_REPEATED = re.compile(rb"number-(?:columns|rows)-repeated\s*=\s*[\"']\s*\+?([0-9]{1,18})")
_VALUE = re.compile(rb"(?:value|formula)[\w-]*\s*=")


def refuse_bomb(file: BinaryIO) -> None:
    """Look at what an archive would become. Raises FileTooLarge, DamagedFile, UnsafeFile."""
    try:
        with zipfile.ZipFile(file) as archive:
            _refuse_large(archive.infolist())
            for entry in archive.infolist():
                if "worksheets/" in entry.filename:
                    _refuse_wide(_blocks(archive, entry))
                elif entry.filename == _OPEN_DOCUMENT:
                    _refuse_repeated(_blocks(archive, entry))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise DamagedFile from error
    except RuntimeError as error:  # an entry under a password
        raise DamagedFile from error


def _refuse_large(entries: list[zipfile.ZipInfo]) -> None:
    unpacked_bytes = sum(entry.file_size for entry in entries)
    packed_bytes = sum(entry.compress_size for entry in entries)
    if (
        len(entries) > _ENTRIES_MAX
        or unpacked_bytes > _UNPACKED_BYTES_MAX
        or unpacked_bytes > max(_RATIO_MATTERS_BYTES, _RATIO_MAX * packed_bytes)
    ):
        raise FileTooLarge


def _blocks(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as unpacked:
        while block := unpacked.read(_SCANNED_BYTES):
            yield block


def _refuse_wide(blocks: Iterator[bytes]) -> None:
    """Raise FileTooLarge where too many cells lie between the corners of a sheet.

    Two cells in far corners are enough. Nothing is counted where no cell stands far out.
    """
    width = height = 0
    end = b""
    for block in blocks:
        text = end + block
        if _FAR_CELL.search(text):
            places = _CELL_PLACE.findall(text)
            width = max((width, *(_column_number(letters) for letters in {p[0] for p in places})))
            height = max((height, *(int(row) for row in {p[1] for p in places})))
        end = _cut_tag(text)
    if max(width, 26) * height > _CELLS_MAX:
        raise FileTooLarge


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters[:9].upper():  # already beyond any sheet
        number = number * 26 + letter - 64
    return number


def _refuse_repeated(blocks: Iterator[bytes]) -> None:
    """Raise FileTooLarge where a sheet of an OpenDocument is laid out beyond what one can hold."""
    sheet = _Laid()
    for name, attributes, content_bytes in _tags(blocks):
        if name == b"table":
            sheet = _Laid()
            continue
        repeated = _REPEATED.search(attributes)
        times = max(1, int(repeated[1])) if repeated else 1
        if name == b"table-row":
            sheet.begin_row(times)
        else:
            is_filled = not attributes.endswith(b"/") or _VALUE.search(attributes) is not None
            sheet.add_cell(times, len(attributes) + content_bytes if is_filled else 0)


def _tags(blocks: Iterator[bytes]) -> Iterator[tuple[bytes, bytes, int]]:
    """Each tag of tables: its name, its attributes, and how many bytes follow up to the next."""
    before: tuple[bytes, bytes] | None = None
    since = 0
    rest = b""
    for block in blocks:
        text, place = rest + block, 0
        if b"<!" in text and re.search(rb"<!(?:DOCTYPE|ENTITY)", text):
            raise UnsafeFile
        for found in _TAG.finditer(text):
            if before is not None:
                yield *before, since + found.start() - place
            before, since, place = (found[1], found[2]), 0, found.end()
        rest = _cut_tag(text, place)
        since += len(text) - len(rest) - place
    if before is not None:
        yield *before, since + len(rest)


def _cut_tag(text: bytes, start: int = 0) -> bytes:
    """What the end of a block may have cut: it is seen whole with the next. Raises FileTooLarge."""
    cut = text.rfind(b"<", start)
    if cut < 0:
        return b""
    if len(text) - cut > _TAG_BYTES_MAX:
        raise FileTooLarge
    return text[cut:]


class _Laid:
    """How far a sheet reaches, without what is empty behind its last cell and row."""

    def __init__(self) -> None:
        self._width = self._above = self._column = self._bytes = 0
        self._times = 0  # of the row at hand

    def begin_row(self, times: int) -> None:
        """Go on to the next row, which stands so many times."""
        self._above += self._times
        self._times, self._column = times, 0

    def add_cell(self, times: int, size_bytes: int) -> None:
        """Add a cell that stands so many times; an empty one has no size. Raises FileTooLarge."""
        self._column += times
        if not size_bytes:
            return
        self._width = max(self._width, self._column)
        self._bytes += times * self._times * size_bytes
        height = self._above + self._times
        if self._width * height > _CELLS_MAX or self._bytes > _REPEATED_BYTES_MAX:
            raise FileTooLarge
