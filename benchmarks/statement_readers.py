"""Our readers and the bare libraries beside them: what each makes of a file, how quickly.

Every contender counts the rows of a file and adds up their amounts, so that it can be seen that all
have read the same. Ours gives whole rows, normalised, classed, without cards, with their raw text;
the libraries give what they give. Each is measured in a process of its own.
"""

import csv
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import mt940
import openpyxl
from lxml import etree
from python_calamine import CalamineWorkbook

from benchmarks.statement_files import ACCOUNT
from reconciliation.statements.contract import Bookings, Wanted
from reconciliation.statements.doors import readers
from reconciliation.statements.recognise import reader_for

_CREDIT, _DEBIT = 1, 2  # places of the columns in the table of Mellat


class Measured(NamedTuple):
    """One contender and one file; the best of some rounds."""

    rows: int
    total_rial: int
    seconds: float
    processor_seconds: float
    memory_mib: float  # at most, above what the process held before it began


def measured(read: str, path: Path, rounds: int) -> Measured:
    """Let a process of its own read the file so many times. Raises what ended it."""
    ours, theirs = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(
        target=_measure, args=(read, path, rounds, theirs)
    )
    child.start()
    theirs.close()
    try:
        return Measured(*ours.recv())
    finally:
        child.join()


def _measure(name: str, path: Path, rounds: int, pipe: Connection) -> None:
    read = _READS[name]
    readers()  # what is installed is looked for once in a process, whatever it then reads
    before = _resident_mib("VmRSS")
    # Without this the highest mark would be that of loading the modules.
    Path("/proc/self/clear_refs").write_text("5", "ascii")
    seconds, processor_seconds = [], []
    rows = total_rial = 0
    for _ in range(rounds):
        started, processor = time.perf_counter(), time.process_time()
        rows, total_rial = read(path)
        seconds.append(time.perf_counter() - started)
        processor_seconds.append(time.process_time() - processor)
    memory_mib = _resident_mib("VmHWM") - before
    pipe.send((rows, total_rial, min(seconds), min(processor_seconds), memory_mib))


def _resident_mib(mark: str) -> float:
    # Not getrusage: its mark is handed down from the process that started this one.
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    said = dict(line.split(":", 1) for line in lines)
    return int(said[mark].split()[0]) / 1024


def _ours(path: Path) -> tuple[int, int]:
    rows = total_minor = 0
    with path.open("rb") as file:
        statement = reader_for(file).open(file, Wanted(ACCOUNT))
        for read in statement.bookings:
            if isinstance(read, Bookings):
                rows += len(read.amount_minor)
                total_minor += sum(read.amount_minor)
    return rows, int(total_minor // 10**statement.minor_digits)


def _csv_module(path: Path) -> tuple[int, int]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return _added_up(csv.reader(file))


def _calamine(path: Path) -> tuple[int, int]:
    return _added_up(CalamineWorkbook.from_path(path).get_sheet_by_index(0).iter_rows())


def _openpyxl(path: Path) -> tuple[int, int]:
    book = openpyxl.load_workbook(path, read_only=True)
    return _added_up(book.worksheets[0].iter_rows(values_only=True))


def _lxml_html(path: Path) -> tuple[int, int]:
    return _added_up([cell.text or "" for cell in row] for row in _elements(path, "tr", html=True))


def _lxml_camt(path: Path) -> tuple[int, int]:
    rows = total_rial = 0
    for entry in _elements(path, "{*}Ntry"):
        rows += 1
        amount = int(entry[0].text or "")
        total_rial += amount if entry[1].text == "CRDT" else -amount
    return rows, total_rial


def _mt940_package(path: Path) -> tuple[int, int]:
    found = mt940.parse(str(path))
    return len(found), sum(int(one.data["amount"].amount) for one in found)


def _elements(path: Path, tag: str, *, html: bool = False) -> Iterator[etree._Element]:
    for _event, element in etree.iterparse(str(path), tag=tag, html=html):
        yield element
        element.clear()
        above = element.getparent()
        while above is not None and element.getprevious() is not None:
            del above[0]


def _added_up(rows: Iterable[Any]) -> tuple[int, int]:
    """The rows below the heading, and their credits less their debits."""
    told = iter(rows)
    next(told)
    count = total_rial = 0
    for row in told:
        count += 1
        total_rial += int(row[_CREDIT].replace(",", "")) - int(row[_DEBIT].replace(",", ""))
    return count, total_rial


_READS: Mapping[str, Callable[[Path], tuple[int, int]]] = {
    "ours": _ours,
    "csv module": _csv_module,
    "python-calamine": _calamine,
    "openpyxl": _openpyxl,
    "lxml html": _lxml_html,
    "lxml": _lxml_camt,
    "mt-940": _mt940_package,
}
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "csv": ("csv module",),
    "mellat-xlsx": ("python-calamine", "openpyxl"),
    "mellat-html": ("lxml html",),
    "mt940": ("mt-940",),
    "camt053": ("lxml",),
    "ofx": (),
    "bai2": (),
}
