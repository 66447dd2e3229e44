"""The fixed words of a receipt, by language.

They stand here and not in the catalogues of the site: a receipt is the same to the byte whenever it
is drawn again, so its words belong to its layout and change only with a new layout version.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from receipts.documents.facts import ReceiptKind
from receipts.typesetting.text import ENGLISH, PERSIAN


@dataclass(frozen=True, slots=True)
class Wording:
    """Every label a receipt can show."""

    titles: Mapping[ReceiptKind, str]
    service: str
    verify_caption: str
    qr_alt: str
    barcode_alt: str
    number: str
    received_on: str
    issued_on: str
    donor: str
    unnamed_donor: str
    channel: str
    reference: str
    trace_number: str
    card: str
    destination: str
    replaces: str
    cash: str
    fund: str
    fund_code: str
    amount: str
    total: str
    in_words: str
    equals: str
    goods: str
    description: str
    quantity: str
    declared_value: str
    not_valued: str
    hours_section: str
    skill: str
    hours: str
    for_fund: str
    tracking_code: str
    deposit_id: str
    void_mark: str
    void_line: str
    sample_mark: str
    verify_line: str
    page_of: str
    continued: str


_PERSIAN = Wording(
    titles={
        ReceiptKind.CASH: "رسید مشارکت نقدی",
        ReceiptKind.GOODS: "رسید مشارکت کالایی",
        ReceiptKind.SERVICE: "رسید خدمت داوطلبانه",
        ReceiptKind.MIXED: "رسید مشارکت مردمی",
    },
    service="شناسهٔ خدمت",
    verify_caption="استعلام رسید",
    qr_alt="رمزینهٔ استعلام رسید",
    barcode_alt="بارکد کد پیگیری",
    number="شمارهٔ رسید",
    received_on="تاریخ دریافت",
    issued_on="تاریخ صدور",
    donor="مشارکت‌کننده",
    unnamed_donor="نیکوکار ناشناس",
    channel="شیوهٔ دریافت",
    reference="شناسهٔ درگاه",
    trace_number="شمارهٔ پیگیری بانک",
    card="شمارهٔ کارت",
    destination="حساب مقصد",
    replaces="جایگزین و باطل‌کنندهٔ رسید",
    cash="مشارکت نقدی",
    fund="محل مصرف",
    fund_code="کد",
    amount="مبلغ (ریال)",
    total="جمع مبلغ نقدی",
    in_words="به حروف",
    equals="معادل",
    goods="کالا",
    description="شرح",
    quantity="مقدار",
    declared_value="ارزش اظهارشده (ریال)",
    not_valued="—",
    hours_section="خدمت داوطلبانه",
    skill="مهارت",
    hours="ساعت",
    for_fund="برای",
    tracking_code="کد پیگیری",
    deposit_id="شناسهٔ واریز",
    void_mark="باطل شد",
    void_line="این رسید باطل است و اعتباری ندارد.",
    sample_mark="آزمایشی",
    verify_line="برای اصالت‌سنجی، رمزینهٔ بالای صفحه را بخوانید یا شمارهٔ رسید را در نشانی {address}"
    " وارد کنید.",
    page_of="صفحهٔ {page} از {pages}",
    continued="ادامهٔ رسید شمارهٔ",
)

_ENGLISH = Wording(
    titles={
        ReceiptKind.CASH: "Receipt for a gift of money",
        ReceiptKind.GOODS: "Receipt for a gift of goods",
        ReceiptKind.SERVICE: "Receipt for volunteer service",
        ReceiptKind.MIXED: "Receipt for contributions",
    },
    service="Service",
    verify_caption="Verify this receipt",
    qr_alt="QR code to verify this receipt",
    barcode_alt="Barcode of the tracking code",
    number="Receipt number",
    received_on="Received on",
    issued_on="Issued on",
    donor="Donor",
    unnamed_donor="A donor who prefers not to be named",
    channel="Received by",
    reference="Gateway reference",
    trace_number="Bank trace number",
    card="Card",
    destination="Credited account",
    replaces="Replaces and cancels receipt",
    cash="Money",
    fund="Purpose",
    fund_code="Code",
    amount="Amount (rials)",
    total="Total of money",
    in_words="In words",
    equals="equals",
    goods="Goods",
    description="Description",
    quantity="Quantity",
    declared_value="Declared value (rials)",
    not_valued="—",
    hours_section="Volunteer service",
    skill="Skill",
    hours="Hours",
    for_fund="For",
    tracking_code="Tracking code",
    deposit_id="Deposit id",
    void_mark="VOID",
    void_line="This receipt is void.",
    sample_mark="SAMPLE",
    verify_line="To make sure that this receipt is genuine, scan the code at the top of the page or"
    " enter the receipt number at {address}.",
    page_of="Page {page} of {pages}",
    continued="Receipt, continued:",
)

WORDING = {PERSIAN: _PERSIAN, ENGLISH: _ENGLISH}
