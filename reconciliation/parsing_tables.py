"""Providers' lists and samples of tables, read in a process of its own like statements."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any, BinaryIO

from core.confined import Limits, confined
from core.refusals import Refusal
from core.uploads import on_disk
from reconciliation.report_rows import ItemSort, WrittenRow
from reconciliation.sampling import Sample, Trial, TriedRow
from reconciliation.statements.day_forms import USUAL, DayForm
from reconciliation.statements.fields import Purpose
from reconciliation.statements.refusals import DamagedFile
from reconciliation.told import pieces

LIMITS = Limits(memory_bytes=512 << 20, processor_seconds=60, wall_seconds=90)
SAMPLE_LIMITS = Limits(memory_bytes=384 << 20, processor_seconds=10, wall_seconds=20)
_CHILD = "reconciliation.tables_child"


def parsed_report(
    file: BinaryIO,
    *,
    terminal_digits: str,
    names: Mapping[str, Sequence[str]],
    days: DayForm = USUAL,
    limits: Limits = LIMITS,
) -> list[WrittenRow]:
    """The rows of a provider's list on disk. ``names`` are the headings of each field.

    Raises the Refusals of ``report_rows`` and ``statements.refusals``.
    """
    request = {
        "task": "report",
        "terminal": terminal_digits,
        "names": dict(names),
        "days": asdict(days),
    }
    return [_written(values) for values in _rows(request, file, limits)]


def parsed_sample(file: BinaryIO, *, limits: Limits = SAMPLE_LIMITS) -> Sample:
    """The headings and first rows of a file on disk. Raises as ``sampling.sample_of``."""
    rows = list(_rows({"task": "sample"}, file, limits))
    if not rows:
        raise DamagedFile
    return Sample(rows[0], rows[1:])


def parsed_list(
    file: BinaryIO,
    names: Mapping[str, Sequence[str]],
    *,
    most: int,
    limits: Limits = SAMPLE_LIMITS,
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a list on disk: number of the row, field -> text. Raises as ``rows_of_list``."""
    request = {"task": "cells", "names": dict(names), "most": most}
    try:
        return [
            (int(number), {str(name): str(text) for name, text in texts.items()})
            for number, texts in _rows(request, file, limits)
        ]
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedFile from error


def tried_columns(
    sample: Sample,
    purpose: Purpose,
    columns: Mapping[str, str],
    days: DayForm = USUAL,
    *,
    limits: Limits = SAMPLE_LIMITS,
) -> Trial:
    """Read a sample by a mapping, as its file will be, up to the row that is refused."""
    request = {
        "task": "trial",
        "purpose": purpose.value,
        "columns": dict(columns),
        "days": asdict(days),
    }
    read: list[TriedRow] = []
    with on_disk(sample.text.encode()) as file:
        try:
            read.extend(
                TriedRow(_day(day), rials, texts)
                for day, rials, texts in _rows(request, file, limits)
            )
        except Refusal as refusal:
            return Trial(read, refusal)
    return Trial(read)


def _rows(request: Mapping[str, object], file: BinaryIO, limits: Limits) -> Iterator[Any]:
    """What the child makes of a file, row by row. Raises the Refusal that it told of."""
    asked = json.dumps({**request, "limits": asdict(limits)})
    with confined(_CHILD, asked, file, limits) as child:
        for kind, payload in pieces(child):
            if kind == b"S":
                try:
                    rows = json.loads(payload)
                except ValueError as error:
                    raise DamagedFile from error
                yield from rows


def _written(values: list[Any]) -> WrittenRow:
    """A row as the child sent it. Raises DamagedFile where it is none."""
    try:
        row = WrittenRow._make(values)
        return row._replace(
            sort=ItemSort(row.sort), taken_on=_day(row.taken_on), paid_on=_day(row.paid_on)
        )
    except (ValueError, TypeError) as error:
        raise DamagedFile from error


def _day(text: Any) -> Any:
    return None if text is None else date.fromisoformat(text)
