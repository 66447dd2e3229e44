"""Facts of receipts to draw: as different from each other as real ones are."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from receipts.documents.facts import CashLine, ReceiptFacts, ReceiptKind
from receipts.typesetting.text import day_text, rial_text, rial_words, toman_text

_FIRST_NAMES = "علی‌اکبر مریم زهرا محمد حسین فاطمه عبدالله کیوان پژمان ژاله گلناز کاظم آذر".split()  # noqa: SIM905
_LAST_NAMES = "رضایی‌نژاد محمدی حسینی کریمی احمدپور موسوی جعفری قاسمی ثابتی ذاکر".split()  # noqa: SIM905

_SAMPLE = ReceiptFacts(
    number="1404/07/000001",
    kind=ReceiptKind.CASH,
    organisation="سازمان بهزیستی کشور",
    unit="دفتر مشارکت‌های مردمی و خدمات داوطلبانه",
    province="استان تهران",
    desk="میز خدمت برخط",
    received_on=date(2025, 10, 13),
    issued_on=date(2025, 10, 13),
    donor_name="",
    cash=(CashLine("کمک به خانواده‌های دارای فرزند معلول", "19041062101", 1),),
    total_rial=1,
    channel="درگاه اینترنتی به‌پرداخت ملت",
    destination_account="بانک ملت، شعبهٔ دکتر قریب، حساب 90190 «مشارکت‌های مردمی سازمان بهزیستی»",
    tracking_code="",
    verify_url="",
    tax_line="برابر مادهٔ 172 قانون مالیات‌های مستقیم از درآمد مشمول مالیات کسر می‌شود.",
)


def many_facts(seed: int = 1404) -> Iterator[ReceiptFacts]:
    """Facts of receipts without end; the same ones for the same seed."""
    chance = random.Random(seed)
    serial = 0
    while True:
        serial += 1
        amount_rial = chance.randrange(100, 99_999) * 10_000
        line = replace(_SAMPLE.cash[0], amount_rial=amount_rial)
        key = f"{chance.randrange(2**64):016x}"
        yield replace(
            _SAMPLE,
            number=f"1404/07/{serial:06d}",
            donor_name=f"{chance.choice(_FIRST_NAMES)} {chance.choice(_LAST_NAMES)}",
            cash=(line,),
            total_rial=amount_rial,
            reference=f"{chance.randrange(2**64):016X}",
            trace_number=str(chance.randrange(10**11, 10**12)),
            masked_card=f"6104{chance.randrange(10, 99)}******{chance.randrange(1000, 9999)}",
            tracking_code=str(chance.randrange(3 * 10**12, 10**13)),
            deposit_id=str(chance.randrange(10**12, 3 * 10**12)),
            verify_url=f"https://mosharekat.example/verify/1404-07-{serial:06d}?k={key}",
        )


def headings(facts: ReceiptFacts) -> list[str]:
    return [facts.organisation, facts.unit, f"{facts.province} – {facts.desk}", "رسید مشارکت نقدی"]


def rows(facts: ReceiptFacts) -> list[tuple[str, str]]:
    """What a receipt says, as label and value."""
    return [
        ("شمارهٔ رسید", facts.number),
        ("تاریخ دریافت", day_text(facts.received_on, facts.language)),
        ("تاریخ صدور", day_text(facts.issued_on, facts.language)),
        ("مشارکت‌کننده", facts.donor_name or ""),
        ("شیوهٔ دریافت", facts.channel),
        ("شناسهٔ درگاه", facts.reference or ""),
        ("شمارهٔ پیگیری بانک", facts.trace_number or ""),
        ("شمارهٔ کارت", facts.masked_card or ""),
        ("حساب مقصد", facts.destination_account or ""),
        ("محل مصرف", facts.cash[0].fund_name),
        ("کد", facts.cash[0].fund_code),
        ("مبلغ (ریال)", rial_text(facts.cash[0].amount_rial, facts.language)),
        ("جمع مبلغ نقدی", rial_text(facts.total_rial, facts.language)),
        ("به حروف", rial_words(facts.total_rial, facts.language)),
        ("معادل", toman_text(facts.total_rial, facts.language)),
        ("کد پیگیری", facts.tracking_code),
        ("شناسهٔ واریز", facts.deposit_id or ""),
        ("شناسهٔ خدمت", facts.service_id),
    ]
