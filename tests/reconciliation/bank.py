"""Mellat's export for tests: bookings in, the bytes of a file out, the way the bank writes them."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import xlsxwriter

from core.jalali import jalali_plain

HEADINGS = (
    "مانده", "مبلغ گردش بستانکار", "مبلغ گردش بدهکار", "شرح", "واریز کننده/ ذیتفع", "شماره سریال",
    "شناسه واریز", "کد حسابگری", "شعبه", "زمان", "تاریخ", "رديف",
)  # fmt: skip
DAY = date(2026, 11, 22)
FEES = "اداره کل مدیریت عملیات"


@dataclass(frozen=True)
class Booking:
    """One line of the bank: a credit positive, a debit negative."""

    rial: int
    deposit_id: str = "0"
    description: str = "واریز انتقالی"
    payer: str = "مشارکت کننده"
    serial: str = "1"
    branch: str = "شعبه بازار"
    day: date = DAY
    time: str = "10:00:00"


def fee(rial: int, **more: object) -> Booking:
    return replace(Booking(-rial, description="کارمزد خدمات بانكي", payer="", branch=FEES), **more)


def pay_out(rial: int, terminal: str = "7001", *, day: date = DAY) -> Booking:
    return Booking(
        rial,
        description=f"حواله شاپرك پايانه {terminal}",
        payer=f"شاپرک-پوز {terminal}",
        branch="شاپرک",
        day=day,
        time="03:45:00",
    )


def days_ago(days: int) -> date:
    return DAY - timedelta(days=days)


def cells(
    bookings: Sequence[Booking], *, opening_rial: int = 10_000_000, newest_first: bool = False
) -> list[list[str]]:
    """The rows of an export: texts, as the bank writes them, with the running balance."""
    rows = []
    balance = opening_rial
    for booking in bookings:
        balance += booking.rial
        rows.append(
            [
                f"{balance:,}", f"{max(booking.rial, 0):,}", f"{max(-booking.rial, 0):,}",
                booking.description, booking.payer, booking.serial, booking.deposit_id, "61205",
                booking.branch, booking.time, jalali_plain(booking.day),
            ]
        )  # fmt: skip
    if newest_first:
        rows.reverse()
    return [[*row, str(number)] for number, row in enumerate(rows, start=1)]


def as_csv(
    rows: Iterable[Sequence[object]], *, encoding: str = "utf-8-sig", headings: object = HEADINGS
) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(headings)  # type: ignore[arg-type]
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def as_xlsx(rows: Iterable[Sequence[object]], *, headings: Sequence[str] = HEADINGS) -> bytes:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, headings)
    for at, row in enumerate(rows, start=1):
        sheet.write_row(at, 0, row)
    book.close()
    return file.getvalue()
