"""Exports of banks for tests: rows of cells in, the bytes of each kind of file out."""

import csv
import io
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import xlsxwriter
import xlwt

from core.jalali import jalali_plain
from tests.reconciliation.bank import HEADINGS, Booking, cells

Table = Sequence[Sequence[object]]


def in_text(
    table: Table, *, delimiter: str = ",", encoding: str = "utf-8-sig", newline: str = "\r\n"
) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(table)
    return text.getvalue().encode(encoding)


def in_html(table: Table, *, encoding: str = "windows-1256", before: str = "") -> bytes:
    """A page as banks save it under the name of an .xls: open tags, entities, markup in cells."""
    rows = "".join(
        "<tr bgcolor=#fff>"
        + "".join(f"<TD nowrap><b>{escape(str(cell))}&nbsp;</b></TD>" for cell in row)
        + "</tr>\r\n"
        for row in table
    )
    page = (
        f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={encoding}">'
        f"</head><body>{before}<!-- <tr><td>hidden</td></tr> --><table border=1>{rows}</table>"
    )
    return page.encode(encoding)


def in_xlsx(table: Table, *more_sheets: Table) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "default_date_format": "yyyy-mm-dd"})
    for rows in (table, *more_sheets):
        sheet = book.add_worksheet()
        for at, row in enumerate(rows):
            sheet.write_row(at, 0, row)
    book.close()
    return file.getvalue()


def in_xls(table: Table) -> bytes:
    """The binary format of Excel 97."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("1")
    for at, row in enumerate(table):
        for column, cell in enumerate(row):
            sheet.write(at, column, cell)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def in_ods(table: Table) -> bytes:
    return ods_of(
        "".join(
            "<table:table-row>"
            + "".join(
                '<table:table-cell office:value-type="string"><text:p>'
                f"{escape(str(cell))}</text:p></table:table-cell>"
                for cell in row
            )
            + "</table:table-row>"
            for row in table
        )
    )


def ods_of(rows: str) -> bytes:
    """An OpenDocument spreadsheet of one sheet, whose rows are written already."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}>'
            f'<office:body><office:spreadsheet><table:table table:name="1">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return file.getvalue()


def in_arabic(table: Table) -> Table:
    """With the letters that windows-1256 has."""
    letters = str.maketrans("یک", "يك")
    return [[str(cell).translate(letters) for cell in row] for row in table]


def in_cp1256(table: Table) -> bytes:
    return in_text(in_arabic(table), encoding="cp1256")


def in_html_cp1256(table: Table) -> bytes:
    return in_html(in_arabic(table))


KINDS: dict[str, Callable[[Table], bytes]] = {
    "csv": in_text,
    "tsv": lambda table: in_text(table, delimiter="\t", encoding="utf-8"),
    "semicolon": lambda table: in_text(table, delimiter=";", encoding="utf-16"),
    "cp1256": in_cp1256,
    "html": lambda table: in_html(table, encoding="utf-8"),
    "html-cp1256": in_html_cp1256,
    "xlsx": in_xlsx,
    "xls": in_xls,
    "ods": in_ods,
}


@dataclass(frozen=True)
class Bank:
    """How one layout writes a booking, with its balance after it."""

    headings: Sequence[str]
    row: Callable[[Booking, int], Sequence[str]]

    def table(
        self, bookings: Sequence[Booking], *, newest_first: bool = False, opening: int = 10_000_000
    ) -> list[Sequence[str]]:
        rows = []
        for booking in bookings:
            opening += booking.rial
            rows.append(self.row(booking, opening))
        return [self.headings, *(reversed(rows) if newest_first else rows)]


def _sides(booking: Booking) -> tuple[str, str]:
    return f"{max(booking.rial, 0):,}", f"{max(-booking.rial, 0):,}"


def _mellat_old(booking: Booking, balance: int) -> Sequence[str]:
    return (
        f"{balance:,}", f"{booking.rial:,}", booking.description, booking.payer, booking.serial,
        booking.deposit_id, "61205", booking.branch, booking.time, jalali_plain(booking.day),
    )  # fmt: skip


MELLAT_OLD = Bank(
    ("مانده حساب", "مبلغ گردش", "شرح", "واریز کننده/ذینفع", "شماره سریال", "شناسه واریز کننده",
     "کد حسابگری", "شعبه", "زمان", "تاریخ"),
    _mellat_old,
)  # fmt: skip
MELLAT = Bank(
    HEADINGS, lambda booking, balance: cells([booking], opening_rial=balance - booking.rial)[0]
)
MELLI = Bank(
    ("شماره برگه", "شماره سند", "بستانکار", "بدهکار", "شرح", "تاریخ", "زمان", "مانده"),
    lambda b, balance: (
        "1", b.serial, *_sides(b), b.description, jalali_plain(b.day), b.time, f"{balance:,}",
    ),
)  # fmt: skip
SEPAH = Bank(
    ("تاریخ", "زمان", "شرح", "بدهکار", "بستانکار", "مانده"),
    lambda b, balance: (
        jalali_plain(b.day), b.time, b.description, *reversed(_sides(b)), f"{balance:,}",
    ),
)  # fmt: skip
KESHAVARZI = Bank(
    ("date", "time", "trantitle", "trandesc", "bed", "bes", "fulldesc", "depositorname",
     "branchname"),
    lambda b, _balance: (
        jalali_plain(b.day), b.time, "", "", *reversed(_sides(b)), b.description, b.payer, b.branch,
    ),
)  # fmt: skip
BANKS = {
    "mellat": MELLAT, "mellat-old": MELLAT_OLD, "melli": MELLI, "sepah": SEPAH,
    "keshavarzi": KESHAVARZI,
}  # fmt: skip
