"""Fixed words of documents in both languages, side by side.

Like ``wording`` they belong to a layout version: they change only with a new one.
"""

from typing import NamedTuple

from receipts.typesetting.text import PERSIAN


class Phrase(NamedTuple):
    """The same words in Persian and in English."""

    fa: str
    en: str

    def to(self, language: str) -> str:
        """The words in one language."""
        return self.fa if language == PERSIAN else self.en


# Of receipts
COPY = Phrase("نسخه", "Copy")
ORIGINAL = Phrase("اصل", "Original")
DUPLICATE = Phrase("رونوشت {number}", "Duplicate {number}")
DUPLICATE_MARK = Phrase("رونوشت", "DUPLICATE")
OFFICE_COPY = Phrase("نسخهٔ اداره", "Office copy")
LAYOUT = Phrase("قالب {number}", "layout {number}")
GOODS = Phrase("کالا (ارزش‌ها به ریال)", "Goods (values in rials)")
DECLARED = Phrase("ارزش اظهارشده", "Declared value")
ASSESSED = Phrase("ارزش برآوردی", "Assessed value")
VERIFY = Phrase(
    "برای اصالت‌سنجی، رمزینه را بخوانید یا شمارهٔ رسید را در نشانی {address} وارد کنید.",
    "To make sure that this document is genuine, scan the code or enter the receipt number at"
    " {address}.",
)
WAREHOUSE = Phrase("قبض انبار", "warehouse receipt")
PERIOD = Phrase("از – تا", "From – to")
SEAL = Phrase("تصویر مهر سازمان", "The organisation's seal")
CONDITIONS = {
    "new": Phrase("نو", "new"),
    "good": Phrase("دست‌دوم سالم", "used, in good order"),
    "worn": Phrase("کارکرده", "worn"),
    "damaged": Phrase("معیوب", "damaged"),
}
BASES = {
    "invoice": Phrase("برابر فاکتور", "by invoice"),
    "appraiser": Phrase("به نظر کارشناس", "by appraiser"),
    "donor": Phrase("به اظهار مشارکت‌کننده", "as the donor states"),
    "not_valued": Phrase("ارزش‌گذاری نشده", "not valued"),
}
# Of every document
PAGE_OF = Phrase("صفحهٔ {page} از {pages}", "Page {page} of {pages}")
QR_ALT = Phrase("رمزینهٔ استعلام", "QR code to verify this document")
QR_CAPTION = Phrase("استعلام", "Verify")
SERVICE = Phrase("شناسهٔ خدمت", "Service")
RECEIPT_NUMBER = Phrase("شمارهٔ رسید", "Receipt number")
DAY = Phrase("تاریخ", "Date")
DONOR = Phrase("مشارکت‌کننده", "Donor")
UNNAMED_DONOR = Phrase("نیکوکار ناشناس", "A donor who prefers not to be named")
TRACKING_CODE = Phrase("کد پیگیری", "Tracking code")
BARCODE_ALT = Phrase("بارکد کد پیگیری", "Barcode of the tracking code")
