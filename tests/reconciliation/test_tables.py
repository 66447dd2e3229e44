"""The frame of tables: what a file is, its rows with their numbers, and the limits."""

import contextlib
import io
import zipfile
from datetime import date, datetime, time
from functools import cache
from itertools import chain

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.refusals import Refusal
from reconciliation.statements import tables
from reconciliation.statements.contract import Wanted
from reconciliation.statements.delimited import Csv
from reconciliation.statements.keshavarzi import Keshavarzi
from reconciliation.statements.mellat import MellatHtml, MellatXlsx
from reconciliation.statements.melli import Melli
from reconciliation.statements.refusals import DamagedFile, FileTooLarge, UnsafeFile
from reconciliation.statements.sepah import Sepah
from reconciliation.statements.tables import Kind, kind_of, open_table
from tests.reconciliation.bank import Booking, fee
from tests.reconciliation.exports import (
    KESHAVARZI,
    KINDS,
    MELLAT,
    MELLI,
    SEPAH,
    in_html,
    in_text,
    in_xlsx,
    ods_of,
)

TABLE = MELLAT.table([Booking(2_500_000), fee(1_000)])
READERS = (MellatXlsx(), MellatHtml(), Melli(), Sepah(), Keshavarzi(), Csv())


def rows_in(data):
    """Every row of every sheet, with its number."""
    sheets = open_table(io.BytesIO(data)).sheets
    return [
        pair
        for sheet in sheets
        for pair in chain(*(zip(*slice_, strict=True) for slice_ in (sheet._top, *sheet._rest)))
    ]


def refusal_of(data, reader=None):
    with pytest.raises(Refusal) as refused:
        if reader is None:
            rows_in(data)
        else:
            list(reader.open(io.BytesIO(data), Wanted("90190")).rows)
    return refused.value


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (in_text(TABLE), Kind.TEXT),
        (in_html(TABLE, encoding="utf-8"), Kind.HTML),
        (in_xlsx(TABLE), Kind.SPREADSHEET),
        (KINDS["xls"](TABLE), Kind.SPREADSHEET),
        (b"%PDF-1.7 of no columns", None),
        (b"<?xml version='1.0'?><Document/>", None),
        (b"", None),
    ],
)
def test_what_a_file_is_is_told_by_its_first_bytes(data, kind):
    assert kind_of(data[: 1 << 16]) == kind


def test_rows_are_numbered_as_a_spreadsheet_shows_them():
    data = in_xlsx([[], [], ["سه"], [], ["پنج", 1.5]])

    assert [(number, row[0]) for number, row in rows_in(data) if row[0]] == [(3, "سه"), (5, "پنج")]


def test_an_end_of_line_inside_quotes_is_a_part_of_its_cell():
    rows = rows_in('a,b,c\n"یک\nدو",2,3\n4,5,6\n'.encode())

    assert rows == [(1, ["a", "b", "c"]), (2, ["یک\nدو", "2", "3"]), (3, ["4", "5", "6"])]


def test_commas_inside_amounts_do_not_part_a_table_of_tabs():
    rows = rows_in(b"1,000\t2,000\t3\n4\t5,000\t6\n")

    assert rows[0] == (1, ["1,000", "2,000", "3"])


def test_html_cells_lose_their_markup_and_keep_their_words():
    page = "<table><tr><td><a href=x>یک</a><br>دو &amp; سه<td>۵<tr><td>شش</table>"

    assert rows_in(page.encode()) == [(1, ["یک\nدو & سه", "۵"]), (2, ["شش"])]


@given(st.lists(st.integers(1, 200), max_size=6), st.integers(1, 60))
def test_html_reads_the_same_wherever_its_blocks_end(widths, ends):
    page = in_html([["متن" * width, "<b>"] for width in widths], encoding="utf-8").decode()
    blocks = [page[at : at + ends] for at in range(0, len(page), ends)]

    rows = list(tables._html_rows(iter(blocks)))
    assert [row[0].strip("\xa0") for row in rows] == ["متن" * width for width in widths]


@pytest.mark.parametrize("rows", [3, 30_000])
def test_a_byte_that_cannot_be_decoded_is_refused_with_its_row(rows):
    lines = [",".join(map(str, row)) for row in in_lines(rows)]
    data = "\n".join(lines).encode("utf-8-sig").replace(f",{rows - 1},".encode(), b",\xff,")

    refusal = refusal_of(data)

    assert isinstance(refusal, DamagedFile)
    assert refusal.details["row"] == rows


def in_lines(rows):
    return [(f"سطر {at}", at, "پایان") for at in range(rows)]


@pytest.mark.parametrize("mark", [",", "\t"])
def test_a_line_without_an_end_is_refused_and_not_gathered(mark):
    head = mark.join("abc") + "\n"

    assert isinstance(refusal_of(head.encode() * 3 + b"x" * (2 << 20)), FileTooLarge)
    assert isinstance(refusal_of(b"<table><tr><td>" + b"x" * (2 << 20)), FileTooLarge)


def zipped(**entries):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        zipped(sheet=bytes(40 << 20)),
        zipped(**{f"entry{at}": b"" for at in range(1_001)}),
    ],
    ids=["ratio", "entries"],
)
def test_a_bomb_of_a_spreadsheet_is_refused_before_it_is_unpacked(data):
    assert isinstance(refusal_of(data), FileTooLarge)


@pytest.mark.parametrize(("row", "column"), [(1_048_576, 33), (1_048_576, 16_384), (60_000, 701)])
def test_two_cells_that_span_a_huge_sheet_are_refused_not_laid_out(row, column):
    book = openpyxl.Workbook()
    book.active.cell(1, 1, "مانده")
    book.active.cell(row, column, "تاریخ")
    file = io.BytesIO()
    book.save(file)

    assert isinstance(refusal_of(file.getvalue()), FileTooLarge)


XLSX_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    "<sheetData><row>%s</row></sheetData></worksheet>"
)
BLOCK_BYTES = 1 << 20


def xlsx_of(*cells):
    """A spreadsheet whose one sheet has these cells, each as the tag that begins it."""
    book, packed = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(book)
    sheet = XLSX_SHEET % "".join(f'{cell} t="str"><v>5</v></c>' for cell in cells)
    with zipfile.ZipFile(book) as plain, zipfile.ZipFile(packed, "w") as archive:
        for name in plain.namelist():
            archive.writestr(name, sheet if "worksheets/" in name else plain.read(name))
    return packed.getvalue()


def cut_by_a_block(tag, behind):
    """Blanks before a tag, so that so many bytes of it stand before the end of a block."""
    blanks = BLOCK_BYTES - XLSX_SHEET.index("%s") - behind
    return " " * blanks + tag


@pytest.mark.parametrize(
    "cells",
    [
        ['<c r="AA12345678"'],
        ['<c r="A1"', '<c r="AA12345678"'],
        ['<c r = "XFD1048576"'],
        ["<c r\n=\t'XFD1048576'"],
        ['<c r="xfd1048576"'],
        ['<c r="ABCDEF100"'],
        ['<c r="AAAAAAAAAAAA5"'],
        [f'<c r="AA{"9" * 25}"'],
        [cut_by_a_block('<c r="XFD1048576"', behind=9)],
        [cut_by_a_block(f'<c r{" " * 99}= "XFD1048576"', behind=50)],
    ],
    ids=[
        "many digits",
        "two",
        "blanks",
        "other blanks",
        "small",
        "letters",
        "more letters",
        "more digits",
        "cut",
        "cut blanks",
    ],
)
def test_a_far_cell_is_seen_however_its_place_is_written(cells):
    assert isinstance(refusal_of(xlsx_of(*cells)), FileTooLarge)


def test_a_near_cell_that_a_block_cuts_is_read():
    (row,) = rows_in(xlsx_of(cut_by_a_block('<c r="A1"', behind=8)))

    assert list(row[1]) == ["5"]


def ods_row(*cells, times=1):
    return (
        f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'
    )


def ods_cell(text, times=1, more=""):
    return (
        f'<table:table-cell {more} office:value-type="string"'
        f' table:number-columns-repeated="{times}"><text:p>{text}</text:p></table:table-cell>'
    )


def ods_gap(times):
    return f'<table:table-cell table:number-columns-repeated="{times}"/>'


def test_what_an_open_document_repeats_is_read_as_often():
    data = ods_of(
        ods_row(ods_cell("تاریخ"), ods_cell("مبلغ", 2), ods_gap(16_000))
        + ods_row(ods_gap(16_384))
        + ods_row(ods_cell("x"), ods_gap(1), ods_cell("y"), times=2)
        + ods_row(ods_gap(16_384), times=1_048_000)  # as every office program ends a sheet
    )

    rows = [list(row) for _number, row in rows_in(data)]
    assert rows == [["تاریخ", "مبلغ", "مبلغ"], ["", "", ""], ["x", "", "y"], ["x", "", "y"]]


@pytest.mark.parametrize(
    "rows",
    [
        ods_row(ods_cell("x", 10**9)),
        ods_row(ods_cell("x"), times=10**9),
        ods_row(ods_cell("x", 16_384), times=10**6),
        ods_row(ods_cell("x"), ods_gap(16_383))
        + ods_row(ods_gap(1), times=10**6)
        + ods_row(ods_gap(16_383), ods_cell("x")),
        ods_row(ods_cell("x" * 30_000, 500), times=500),
        ods_row(ods_cell("x", 10**9, more='table:formula="a>b"')),
        "".join(ods_row(ods_cell(" " * 70_000)) for _ in range(50)) + ods_row(ods_cell("x", 10**9)),
    ],
    ids=["wide", "tall", "both", "two far cells", "long text", "end of tag inside", "far behind"],
)
def test_a_few_cells_of_an_open_document_are_not_repeated_without_end(rows):
    data = ods_of(rows)

    assert len(data) < 10_000
    assert isinstance(refusal_of(data), FileTooLarge)


def test_an_open_document_that_declares_entities_is_refused():
    entity = '<!DOCTYPE x [<!ENTITY a "aaaa">]>'

    assert isinstance(refusal_of(ods_of(entity + ods_row(ods_cell("&a;")))), UnsafeFile)


def test_spreadsheets_are_read_as_another_library_reads_them():
    table = [
        ["متن", "۱٬۲۰۰", 1_500_000, 2.5, True],
        ["", "  ", 9_007_199_254_740_993, -1.25, False],
        ["خط\nدو", "0012", 10**14, 1e-3, None],
    ]
    data = in_xlsx(table)

    read = [[cell if cell != "" else None for cell in row] for _number, row in rows_in(data)]
    sheet = openpyxl.load_workbook(io.BytesIO(data)).active
    assert read == [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_dates_and_times_of_a_spreadsheet_come_as_such():
    book = openpyxl.Workbook()
    book.active.append(["x", date(2026, 11, 22), time(10, 5), datetime(2026, 1, 2, 3, 4)])  # noqa: DTZ001
    file = io.BytesIO()
    book.save(file)

    ((_number, row),) = rows_in(file.getvalue())
    assert [str(cell) for cell in row[1:]] == ["2026-11-22", "10:05:00", "2026-01-02 03:04:00"]


def garbled(data):
    """Bytes of a file with some of them changed, cut or put in twice."""
    place = st.integers(0, len(data) - 1)
    change = st.tuples(place, st.binary(max_size=4), st.integers(0, 40))
    return st.lists(change, max_size=5).map(lambda changes: _changed(data, changes))


def _changed(data, changes):
    for at, put, taken in changes:
        data = data[:at] + put + data[at + taken :]
    return data


@cache
def _whole_file(kind, bank):
    """Written once: a workbook holds the moment of its making, and examples must repeat."""
    table = {"melli": MELLI, "sepah": SEPAH, "keshavarzi": KESHAVARZI}.get(bank, MELLAT)
    return KINDS[kind](table.table([Booking(2_500_000), fee(1_000)]))


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@given(data=st.data())
def test_a_garbled_file_is_read_or_refused_and_nothing_else(reader, data):
    kind = data.draw(st.sampled_from(list(KINDS)))
    file = data.draw(garbled(_whole_file(kind, reader.name)))

    assert reader.recognises(file[: 1 << 16]) in (True, False)
    with contextlib.suppress(Refusal):
        rows = list(reader.open(io.BytesIO(file), Wanted("90190")).rows)
        assert all(row.amount_minor != 0 for row in rows)


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
@given(data=st.binary(max_size=300))
@example(data=b"PK\x03\x04")
@example(data=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
@example(data=b"\xff\xfe<\x00t\x00")
def test_any_bytes_are_refused_in_words(reader, data):
    assert reader.recognises(data) in (True, False)
    assert refusal_of(data, reader).code.startswith("statement.")
