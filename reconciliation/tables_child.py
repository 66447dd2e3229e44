"""The process that reads a table which is no statement: a provider's list, or a sample of one.

Started as ``python -m reconciliation.tables_child REQUEST`` with the file as standard input, like
``statements.child``, whose frames and limits it shares. It knows no database either.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, BinaryIO

from pydantic_core import to_json

from reconciliation import sampling
from reconciliation.frames import frame
from reconciliation.report_rows import written_rows
from reconciliation.statements.child import answer
from reconciliation.statements.day_forms import DayForm
from reconciliation.statements.fields import Purpose

_SLICE_ROWS = 5_000


def main(request: str, file: BinaryIO, out: BinaryIO) -> None:
    """Do what is asked with the file; the last frame says how it ended."""
    answer(_read, request, file, out)


def _read(asked: dict[str, Any], file: BinaryIO, out: BinaryIO) -> None:
    rows, slice_rows = _TASKS[asked["task"]](asked, file)
    while slice_ := list(islice(rows, slice_rows)):
        out.write(frame(b"S", to_json(slice_)))
    out.write(frame(b"E", b""))


def _report(asked: Mapping[str, Any], file: BinaryIO) -> tuple[Iterator[Any], int]:
    rows = written_rows(
        file,
        terminal_digits=asked["terminal"],
        names=asked["names"],
        days=DayForm.of(**asked["days"]),
    )
    return rows, _SLICE_ROWS


def _sample(_asked: Mapping[str, Any], file: BinaryIO) -> tuple[Iterator[Any], int]:
    sample = sampling.sample_of(file)
    return iter([sample.headings, *sample.rows]), _SLICE_ROWS


def _trial(asked: Mapping[str, Any], file: BinaryIO) -> tuple[Iterator[Any], int]:
    """Row by row: those before the one that is refused are shown."""
    purpose, days = Purpose(asked["purpose"]), DayForm.of(**asked["days"])
    return sampling.read_by(file, purpose, asked["columns"], days), 1


def _cells(asked: Mapping[str, Any], file: BinaryIO) -> tuple[Iterator[Any], int]:
    """Every row of the first sheet under its headings, as texts; ``most`` rows and no more."""
    return sampling.rows_of_list(file, asked["names"], asked["most"]), _SLICE_ROWS


_Task = Callable[[Mapping[str, Any], BinaryIO], tuple[Iterator[Any], int]]
_TASKS: Mapping[str, _Task] = {
    "report": _report,
    "sample": _sample,
    "trial": _trial,
    "cells": _cells,
}


if __name__ == "__main__":
    channel = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a reader prints must not fall among the frames
    main(sys.argv[1], sys.stdin.buffer, channel)
