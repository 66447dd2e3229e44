"""What the bank gives out as files: the account's statement and a terminal's settlement report.

The statement is Mellat's current export: twelve columns, the running balance first, newest row on
top, one Arabic letter in the headers, amounts as text grouped by commas, identifiers as typed.
"""

import csv
import io
from collections.abc import Iterator, Sequence

import xlsxwriter  # type: ignore[import-untyped]

from payment_gateways.sandbox.books import Row
from payment_gateways.sandbox.tehran import jalali, local

HEADERS = (
    "مانده",
    "مبلغ گردش بستانکار",
    "مبلغ گردش بدهکار",
    "شرح",
    "واریز کننده/ ذیتفع",
    "شماره سریال",
    "شناسه واریز",
    "کد حسابگری",
    "شعبه",
    "زمان",
    "تاریخ",
    "رديف",
)
_REPORT_HEADERS = (
    "terminal", "settlement_day", "order_number", "token", "reference", "card", "paid_at",
    "amount_rial", "fee_rial", "net_rial",
)  # fmt: skip


def as_csv(lines: Sequence[Row], *, oldest_first: bool) -> bytes:
    """Write the statement as CSV, UTF-8 with a byte-order mark."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADERS)
    writer.writerows(_cells(lines, oldest_first=oldest_first))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: Sequence[Row], *, oldest_first: bool) -> bytes:
    """Write the statement as an Excel file; every cell but the row number is text."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False}
    )
    sheet = book.add_worksheet("گردش حساب")
    sheet.right_to_left()
    sheet.write_row(0, 0, HEADERS)
    for at, cells in enumerate(_cells(lines, oldest_first=oldest_first), start=1):
        for column, cell in enumerate(cells[:-1]):
            sheet.write_string(at, column, cell)
        sheet.write_number(at, len(cells) - 1, at)
    book.close()
    return file.getvalue()


def settlement_report(payments: Sequence[Row]) -> bytes:
    """Write one row a payment of a terminal's business day, as the acquirer itemises it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_REPORT_HEADERS)
    for row in payments:
        fee = row["fee"] or 0
        writer.writerow(
            (
                row["terminal"],
                jalali(local(row["settled_at"]).date()),
                row["order_number"],
                row["token"],
                row["reference"],
                row["card"],
                f"{local(row['paid_at']):%H:%M:%S}",
                row["charged"],
                fee,
                row["charged"] - fee,
            )
        )
    return text.getvalue().encode("utf-8-sig")


def _cells(lines: Sequence[Row], *, oldest_first: bool) -> Iterator[tuple[str, ...]]:
    for number, line in enumerate(lines if oldest_first else reversed(lines), start=1):
        moment = local(line["booked_at"])
        yield (
            f"{line['balance']:,}",
            f"{line['credit']:,}",
            f"{line['debit']:,}",
            line["description"],
            line["payer"],
            line["serial"],
            line["deposit_id"],
            line["teller"],
            line["branch"],
            f"{moment:%H:%M:%S}",
            jalali(moment.date()),
            str(number),
        )
