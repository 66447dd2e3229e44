"""One of every document, in both languages and on every paper, for tests and their pictures."""

from dataclasses import replace
from datetime import date

from receipts.documents.annual import AnnualFacts, AnnualRow, annual_document
from receipts.documents.certificates import certificate_document
from receipts.documents.counter_slips import CounterSlipFacts, counter_slip_document
from receipts.documents.delivery_notes import delivery_note_document
from receipts.documents.facts import GoodsLine, HoursLine, ReceiptKind, Signatory
from receipts.documents.hand_over_slips import HandOverFacts, SlipLine, hand_over_document
from receipts.documents.layouts import RECEIPT_PAPERS, Paper, receipt_document
from receipts.documents.thanks import thanks_document
from receipts.pdf.document import Document
from tests.receipts.drawn import CASH, TWO_FUNDS, english_facts, facts

SIGNED = {
    "signatories": (
        Signatory("سیدجواد حسینی", "رئیس سازمان بهزیستی کشور"),
        Signatory("مریم صادقی", "مدیرکل مشارکت‌های مردمی"),
    ),
    "seal_name": "سازمان بهزیستی کشور – مشارکت‌های مردمی",
}
SIGNED_IN_ENGLISH = {
    "signatories": (Signatory("Maryam Sadeghi", "Director General of Public Participation"),),
    "seal_name": "State Welfare Organisation of Iran",
}
ASSESSED = GoodsLine(
    "پتوی دونفرهٔ نو",
    "20",
    "تخته",
    12_000_000,
    condition="new",
    assessed_value_rial=11_500_000,
    basis="appraiser",
    appraiser="مهندس کریمی",
    warehouse_number="۱۲۳۴/الف",
)
WHEELCHAIRS = GoodsLine(
    "Wheelchairs", "2", "pieces", None, condition="good", basis="not_valued", warehouse_number="77"
)
SERVED = HoursLine(
    "ویزیت پزشکی داوطلبانه",
    8,
    started_on=date(2025, 10, 1),
    ended_on=date(2025, 10, 12),
    duty="ویزیت سالمندان",
    place="مرکز توان‌بخشی آفتاب، تبریز",
    supervisor="لاله احمدی",
    supervisor_title="مدیر مرکز",
)
SERVED_IN_ENGLISH = HoursLine(
    "Medical visits",
    1,
    started_on=date(2025, 10, 1),
    ended_on=date(2025, 10, 1),
    place="Aftab centre, Tabriz",
    supervisor="Laleh Ahmadi",
)
GOODS = facts(kind=ReceiptKind.GOODS, cash=(), total_rial=0, goods=(ASSESSED,), **SIGNED)
HOURS = facts(
    kind=ReceiptKind.SERVICE,
    cash=(),
    total_rial=0,
    hours=(SERVED, HoursLine("آموزش ریاضی", 12)),
    **SIGNED,
)
ALL = replace(TWO_FUNDS, kind=ReceiptKind.MIXED, goods=(ASSESSED,), hours=(SERVED,), **SIGNED)
ENGLISH = replace(
    english_facts(), kind=ReceiptKind.MIXED, goods=(WHEELCHAIRS,), **SIGNED_IN_ENGLISH
)
ENGLISH_HOURS = replace(
    ENGLISH, kind=ReceiptKind.SERVICE, cash=(), goods=(), total_rial=0, hours=(SERVED_IN_ENGLISH,)
)
SLIP = CounterSlipFacts(
    language="fa",
    organisation=CASH.organisation,
    unit=CASH.unit,
    donor_name="علی‌اکبر رضایی‌نژاد",
    deposit_id="1500700012345",
    tracking_code=CASH.tracking_code,
    amount_rial=2_500_000,
    account_number="90190",
    bank="بانک ملت، شعبهٔ دکتر قریب",
    holder="مشارکت‌های مردمی سازمان بهزیستی کشور",
    sheba="IR120120000000000000090190",
    follow_url="https://mosharekat.example/follow/3821905746122?key=0123456789abcdef",
    made_on=date(2025, 10, 14),
)
ENGLISH_SLIP = replace(
    SLIP,
    language="en",
    organisation=ENGLISH.organisation,
    unit=ENGLISH.unit,
    donor_name="Maryam Karimi",
    bank="Bank Mellat, Dr Gharib",
    holder="Public participation of the State Welfare Organisation",
    sheba=None,
)
HANDED = HandOverFacts(
    language="fa",
    organisation=CASH.organisation,
    unit=CASH.unit,
    number="07-12",
    handed_on=date(2025, 10, 14),
    office="بهزیستی استان تهران",
    receiver="مرکز توان‌بخشی آفتاب، خانم احمدی",
    made_by="زهرا کاظمی",
    lines=(
        SlipLine("پتوی دونفرهٔ نو", "20", "تخته", CASH.tracking_code),
        SlipLine("برنج", "12.5", "کیلوگرم", CASH.tracking_code, arrived="12", came_back="0.5"),
    ),
)
ENGLISH_HANDED = replace(
    HANDED,
    language="en",
    organisation=ENGLISH.organisation,
    unit=ENGLISH.unit,
    office="Tehran province",
    receiver="Aftab centre, Mrs Ahmadi",
    made_by="Zahra Kazemi",
    lines=(SlipLine("Wheelchairs", "2", "pieces", CASH.tracking_code),),
)
YEAR = AnnualFacts(
    language="fa",
    organisation=CASH.organisation,
    unit=CASH.unit,
    year=1404,
    donor_name="علی‌اکبر رضایی‌نژاد",
    national_id="001****678",
    rows=(
        AnnualRow("1404/07/000123", date(2025, 10, 13), "خانواده‌های دارای معلول", 2_500_000),
        AnnualRow("1404/00/004711", date(2025, 11, 2), "هر جا که نیاز بیشتر است", 10_000_000),
        AnnualRow("1404/07/000140", date(2025, 12, 1), "پتوی دونفرهٔ نو، ۲۰ تخته", None),
    ),
    made_on=date(2026, 3, 22),
    verify_address="mosharekat.example/verify",
    tax_line=CASH.tax_line,
    **SIGNED,
)
ENGLISH_YEAR = replace(
    YEAR,
    language="en",
    organisation=ENGLISH.organisation,
    unit=ENGLISH.unit,
    donor_name="Maryam Karimi",
    rows=(AnnualRow("1404/07/000123", date(2025, 10, 13), "Families", 2_500_000),),
    tax_line=None,
    **SIGNED_IN_ENGLISH,
)


def documents() -> dict[str, Document]:
    """Every document by a name that says what it is, in what language, on what paper."""
    of_receipts = {
        f"receipt-{name}-{language}-{paper}": receipt_document(printed, paper=paper)
        for paper in RECEIPT_PAPERS
        for language, name, printed in (
            ("fa", "cash", facts(**SIGNED)),
            ("fa", "goods", GOODS),
            ("fa", "hours", HOURS),
            ("fa", "all", ALL),
            ("en", "goods", ENGLISH),
        )
    }
    return of_receipts | {
        "receipt-copy-fa-a5": receipt_document(facts(), copy=2),
        "receipt-void-fa-a5": receipt_document(facts(is_void=True, void_text="خطای ثبت")),
        "certificate-fa": certificate_document(HOURS),
        "certificate-en": certificate_document(ENGLISH_HOURS),
        "thanks-fa": thanks_document(facts(**SIGNED)),
        "thanks-en": thanks_document(ENGLISH),
        "delivery-note-fa": delivery_note_document(GOODS),
        "delivery-note-en": delivery_note_document(ENGLISH),
        "hand-over-fa": hand_over_document(HANDED),
        "hand-over-en": hand_over_document(ENGLISH_HANDED),
        "counter-slip-fa-a5": counter_slip_document(SLIP),
        "counter-slip-fa-roll": counter_slip_document(SLIP, paper=Paper.ROLL),
        "counter-slip-en-a5": counter_slip_document(ENGLISH_SLIP),
        "annual-fa": annual_document(YEAR),
        "annual-en": annual_document(ENGLISH_YEAR),
    }
