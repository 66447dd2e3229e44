"""Parsing in a process of its own: hostile files end in a refusal, and leave nothing behind."""

import io
import os
import subprocess
import sys
import tempfile
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import func, select

from core.confined import Limits, environment
from core.refusals import Refusal
from flows.importing import import_statement
from reconciliation import parsing
from reconciliation.lines import StatementFile
from reconciliation.parsing import parsed
from reconciliation.statements.contract import Wanted
from tests.factories import NOON
from tests.reconciliation.bank import Booking, as_csv, as_xlsx, cells

SMALL = Limits(memory_bytes=400 << 20, processor_seconds=20, wall_seconds=40)
HEADINGS = as_csv([])


def refused(database, data, limits=SMALL):
    with pytest.raises(Refusal) as refusal:
        import_statement(database, data, "s", account="90190", now=NOON, limits=limits)
    return refusal.value.code


def children():
    found = subprocess.run(
        ["/bin/ps", "--ppid", str(os.getpid()), "-o", "stat=,args="],
        capture_output=True, text=True, check=False,
    ).stdout  # fmt: skip
    return [line for line in found.splitlines() if "reconciliation" in line or line[:1] == "Z"]


@pytest.fixture(autouse=True)
def nothing_is_left(database, monkeypatch, tmp_path):
    """After every test: no line, no child, no zombie, no file."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    Path(tempfile.gettempdir()).mkdir()
    yield
    assert children() == []
    assert list(Path(tempfile.gettempdir()).iterdir()) == []
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(StatementFile)).one() == 0


def packed(name, chunks):
    """A spreadsheet whose sheet is written chunk by chunk, packed a thousandfold."""
    plain = zipfile.ZipFile(io.BytesIO(as_xlsx(cells([Booking(5)]))))
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in plain.namelist():
            if entry != name:
                archive.writestr(entry, plain.read(entry))
        with archive.open(name, "w", force_zip64=True) as file:
            for chunk in chunks:
                file.write(chunk)
    return held.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
BEGIN = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'


def test_a_zip_bomb_is_too_large(database):
    bomb = packed(SHEET, [BEGIN, *[b" " * (1 << 20)] * 100])

    assert len(bomb) < 1 << 20
    assert refused(database, bomb) == "statement.too_large"


def test_a_bomb_that_lies_about_its_size_hits_a_limit_and_not_us(database):
    bomb = bytearray(
        packed(SHEET, [BEGIN, *[b"<row><c t='str'><v>x</v></c></row>" * 20_000] * 400])
    )
    for at, gap in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = 0
        while (place := bomb.find(at, place)) >= 0:
            bomb[place + gap : place + gap + 4] = (9).to_bytes(4, "little")
            place += 4

    assert refused(database, bytes(bomb)) in ("statement.too_large", "statement.damaged_file")


def test_endless_rows_hit_a_limit(database):
    rows = as_csv(cells([Booking(5)])).splitlines(keepends=True)[1] * 2_000_000

    limits = Limits(memory_bytes=400 << 20, processor_seconds=1, wall_seconds=40)
    assert refused(database, HEADINGS + rows, limits) in (
        "statement.too_large",
        "statement.balance_breaks",
    )


def test_one_line_without_an_end_is_too_large(database):
    assert refused(database, HEADINGS + b"9" * (100 << 20)) == "statement.too_large"


CAMT = b'<?xml version="1.0"?>%s<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">%s'


def test_entities_are_not_expanded(database):
    names = "abcdefghij"
    bomb = "".join(f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names))
    document = f'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{bomb}]>'.encode()
    data = CAMT % (document, b"<BkToCstmrStmt>&j;</BkToCstmrStmt></Document>")

    assert refused(database, data) in ("statement.unsafe_file", "statement.damaged_file")


def test_a_deep_tree_is_refused(database):
    data = CAMT % (b"", b"<BkToCstmrStmt>" + b"<a>" * 2_000_000)

    assert refused(database, data).startswith("statement.")


def test_a_reader_that_hangs_is_ended(database, monkeypatch):
    monkeypatch.setattr(parsing, "_CHILD", "tests.reconciliation.bad_children.hangs")
    limits = Limits(wall_seconds=1)

    assert refused(database, as_csv(cells([Booking(5)])), limits) == "statement.too_large"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("grows", "statement.too_large"),
        ("burns", "statement.too_large"),
        ("dies", "statement.damaged_file"),
        ("babbles", "statement.damaged_file"),
        ("fails", "statement.damaged_file"),
        ("writes", "statement.damaged_file"),
    ],
)
def test_a_reader_that_dies_is_a_refusal(database, monkeypatch, how, code):
    monkeypatch.setattr(parsing, "_CHILD", f"tests.reconciliation.bad_children.{how}")
    limits = Limits(memory_bytes=200 << 20, processor_seconds=1, wall_seconds=30)

    assert refused(database, as_csv(cells([Booking(5)])), limits) == code


def test_the_child_gets_no_secret_and_needs_no_database(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "x" * 40)

    assert set(environment()) == {"PYTHONPATH", "PYTHONUTF8", "LANG"}
    loaded = subprocess.run(
        [
            sys.executable, "-P", "-c",
            "import sys, reconciliation.statements.child;"
            "print({'sqlalchemy', 'flask', 'pydantic'} & set(sys.modules))",
        ],
        env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert loaded.stdout.strip() == "set()"


def test_what_the_child_sends_is_what_the_file_holds():
    data = as_csv(cells([Booking(5), Booking(-7, payer="«ک\u200cی»")], newest_first=True))
    with tempfile.TemporaryFile() as file:
        file.write(data)
        with parsed(file, Wanted("90190"), unit="IRR") as read:
            rows = list(read.chain.rows())

    assert [row.amount_rial for row in rows] == [5, -7]
    assert rows[1].payer == "«ک\u200cی»"
    assert len(rows[0].fingerprint) == 16
