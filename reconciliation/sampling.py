"""Looking at a table that nobody here knows: its headings, its first rows, and how they are read.

A sample is kept as delimited text, so that a mapping is tried by the very code that will read the
file. Nothing here needs a database: it runs where files are parsed (``parsing_tables``).
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import BinaryIO, NamedTuple, TypeVar

from core.refusals import Refusal
from reconciliation.statements.cards import masked
from reconciliation.statements.cells import Cell, text_of
from reconciliation.statements.contract import StatementRow, Wanted
from reconciliation.statements.day_forms import USUAL, DayForm
from reconciliation.statements.fields import FIELD_SETS, Purpose
from reconciliation.statements.mapped import MappedTable, read_table
from reconciliation.statements.refusals import UnknownFormat
from reconciliation.statements.tables import Sheet, heading_form, open_table

ROWS_SHOWN = 8
_CELL_MAX = 200
_COLUMNS_MAX = 60
_TEXTS_SHOWN = ("reference", "deposit_id", "payer", "description")
_RIALS_OF_PAYMENT = ("amount", "fee", "net")
_T = TypeVar("_T")


class SampleTooLarge(Refusal):
    """A sample of more than a few rows needs."""

    code = "mapping.sample_too_large"
    http_status = 413
    field = "file"


@dataclass(frozen=True, slots=True)
class Sample:
    """The headings of a table and its first rows, as texts."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]

    @property
    def text(self) -> str:
        """The same as delimited text; ``sample_of_text`` turns it back."""
        written = io.StringIO()
        csv.writer(written, lineterminator="\n").writerows([self.headings, *self.rows])
        return written.getvalue()

    def guess(self, purpose: Purpose) -> Mapping[str, str]:
        """The fields whose headings are known by themselves: field -> heading."""
        known = {
            heading_form(name): field
            for field, names in FIELD_SETS[purpose].headings.items()
            for name in names
        }
        found: dict[str, str] = {}
        for heading in self.headings:
            field = known.get(heading_form(heading))
            if field is not None:
                found.setdefault(field, heading)
        return found


class TriedRow(NamedTuple):
    """What a mapping reads in one row of a sample: field -> value."""

    day: date
    rials: Mapping[str, int]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a mapping makes of a sample, as far as it can be read; ``refusal`` is where it ended."""

    rows: Sequence[TriedRow]
    refusal: Refusal | None = None


def sample_of(file: BinaryIO) -> Sample:
    """Take the headings and first rows of a file. Raises UnknownFormat, and as tables do."""
    for sheet in open_table(file).sheets:
        place = _place_of_headings(sheet)
        if place is not None:
            rows = [row for _number, row in islice(sheet.top, place, place + 1 + ROWS_SHOWN)]
            width = min(len(rows[0]), _COLUMNS_MAX)
            texts = [[_shown(cell) for cell in [*row, *[""] * width][:width]] for row in rows]
            return Sample(texts[0], texts[1:])
    raise UnknownFormat


def sample_of_text(text: str) -> Sample:
    """A sample that was shown before. Raises UnknownFormat."""
    rows = list(islice(csv.reader(io.StringIO(text)), ROWS_SHOWN + 1))
    if not rows:
        raise UnknownFormat
    return Sample(rows[0], rows[1:])


def rows_of_list(
    file: BinaryIO, names: Mapping[str, Sequence[str]], most: int
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a list somebody filled in: the row's number and field -> text.

    ``names`` are the headings of each field, of which every first one of the table is taken; rows
    without any text are left out. Raises UnknownFormat where no row holds all headings,
    SampleTooLarge beyond ``most`` rows, and as tables do.
    """
    for sheet in open_table(file).sheets:
        heading = sheet.heading(names, names)
        if heading is None:
            continue
        for count, (number, row) in enumerate(sheet.below(heading)):
            if count >= most:
                raise SampleTooLarge
            texts = {
                field: text_of(row[at]) if at < len(row) else ""
                for field, at in heading.columns.items()
            }
            if any(texts.values()):
                yield number, texts
        return
    raise UnknownFormat


def read_by(
    file: BinaryIO, purpose: Purpose, columns: Mapping[str, str], days: DayForm = USUAL
) -> Iterator[TriedRow]:
    """Read a sample by a mapping, as its file will be. Raises what reading that file would."""
    if purpose is Purpose.STATEMENT:
        return _tried_bookings(file, columns, days)
    return _tried_payments(file, columns, days)


def _tried_bookings(
    file: BinaryIO, columns: Mapping[str, str], days: DayForm
) -> Iterator[TriedRow]:
    for row in MappedTable().open(file, Wanted("", columns, days=days)).rows:
        if isinstance(row, StatementRow):
            rials = {"amount": row.amount_minor, "balance": row.balance_minor}
            texts = {name: getattr(row, name) for name in _TEXTS_SHOWN}
            yield TriedRow(row.booked_on, _there(rials), _there(texts))


def _tried_payments(
    file: BinaryIO, columns: Mapping[str, str], days: DayForm
) -> Iterator[TriedRow]:
    for row in read_table(file, Purpose.SETTLEMENT_REPORT, columns, days)[1]:
        rials = {name: row.money_of(name) for name in _RIALS_OF_PAYMENT if row.has(name)}
        texts = {name: row.text(name) for name in columns if name not in {"day", *rials}}
        yield TriedRow(row.day_of("day"), rials, _there(texts))


def _there(values: Mapping[str, _T | None]) -> dict[str, _T]:
    return {name: value for name, value in values.items() if value not in (None, "")}


def _place_of_headings(sheet: Sheet) -> int | None:
    """Where the row with the most words stands; in it no cell is a number."""
    counts = [sum(_is_word(cell) for cell in row) for _number, row in sheet.top]
    most = max(counts, default=0)
    return counts.index(most) if most >= 2 else None


def _is_word(cell: Cell) -> bool:
    return isinstance(cell, str) and any(c.isalpha() for c in cell) and len(cell) < 60


def _shown(cell: Cell) -> str:
    return masked(text_of(cell))[:_CELL_MAX]
