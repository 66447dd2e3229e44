"""Facts to draw, and what readers find in the drawn file."""

import re
import subprocess
from dataclasses import replace
from datetime import date

import pypdfium2

from receipts.documents.facts import CashLine, GoodsLine, HoursLine, ReceiptFacts, ReceiptKind

_BIDI_MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

CASH = ReceiptFacts(
    number="1404/07/000123",
    kind=ReceiptKind.CASH,
    organisation="سازمان بهزیستی کشور",
    unit="دفتر مشارکت‌های مردمی و خدمات داوطلبانه",
    province="استان تهران",
    desk="میز خدمت برخط",
    received_on=date(2025, 10, 13),
    issued_on=date(2025, 10, 14),
    donor_name="علی‌اکبر رضایی‌نژاد",
    cash=(CashLine("کمک به خانواده‌های دارای فرزند معلول", "19041062101", 2_500_000),),
    total_rial=2_500_000,
    channel="درگاه اینترنتی به‌پرداخت ملت",
    reference="AF82041aB-0190",
    trace_number="403112233445",
    masked_card="610433******1234",
    destination_account="بانک ملت، حساب 90190 «مشارکت‌های مردمی»",
    tracking_code="3821905746122",
    deposit_id="1400700012345",
    verify_url="https://mosharekat.example/verify/1404-07-000123?k=9f8a7c6b5d4e3f21",
    tax_line="برابر مادهٔ 172 قانون مالیات‌های مستقیم.",
)
BLANKETS = GoodsLine("پتوی دونفرهٔ نو", "20", "تخته", 12_000_000)
VISITS = HoursLine("ویزیت پزشکی داوطلبانه", 8)


TWO_FUNDS = replace(
    CASH,
    cash=(*CASH.cash, CashLine("هر جا که نیاز بیشتر است", "most-needed", 500_000)),
    total_rial=3_000_000,
)


def facts(**changes: object) -> ReceiptFacts:
    return replace(CASH, **changes)


def english_facts() -> ReceiptFacts:
    return facts(
        language="en",
        organisation="State Welfare Organisation of Iran",
        unit="Office of Public Participation",
        province="Tehran Province",
        desk="Online desk",
        donor_name="Maryam Karimi",
        cash=(CashLine("Families with disabled children", "19041062101", 2_500_000),),
        channel="Internet gateway",
        destination_account="Bank Mellat, account 90190",
        tax_line=None,
    )


def poppler_text(pdf: bytes) -> str:
    """What pdftotext finds, without bidi marks and with single blanks."""
    found = subprocess.run(
        ["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True
    ).stdout.decode()
    return " ".join(_BIDI_MARKS.sub("", found).split())


def pdfium_text(pdf: bytes) -> str:
    """What Chrome's reader finds, with single blanks."""
    document = pypdfium2.PdfDocument(pdf)
    found = " ".join(page.get_textpage().get_text_range() for page in document)
    return " ".join(found.split())


def raster(pdf: bytes, dots_per_inch: int = 130):
    """The first page as a picture."""
    return pypdfium2.PdfDocument(pdf)[0].render(scale=dots_per_inch / 72).to_pil()
