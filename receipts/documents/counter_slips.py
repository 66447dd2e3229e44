"""The counter slip: what a donor shows at a bank so that the money finds its gift."""

import hashlib
from dataclasses import dataclass
from datetime import date

from receipts.documents import phrases
from receipts.documents.blocks import (
    Closing,
    Code,
    Field,
    Fields,
    Head,
    HeadLine,
    Layout,
    Running,
    Strip,
    StripCell,
    Sum,
)
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import SERVICE_ID
from receipts.documents.phrases import Phrase
from receipts.documents.sheet import Tone
from receipts.pdf.document import Document
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import (
    code_text,
    free_text,
    number_text,
    rial_text,
    rial_words,
    short_days,
    toman_text,
)

_TITLE = Phrase("برگهٔ پرداخت در بانک", "Slip for paying at a bank")
_DEPOSIT_ID = Phrase("شناسهٔ واریز", "Deposit id")
_DEPOSIT_ALT = Phrase("بارکد شناسهٔ واریز", "Barcode of the deposit id")
_AMOUNT = Phrase("مبلغ", "Amount")
_IN_WORDS = Phrase("به حروف: {words} ({tomans})", "In words: {words} ({tomans})")
_ACCOUNT = Phrase("شمارهٔ حساب", "Account")
_BANK = Phrase("بانک", "Bank")
_HOLDER = Phrase("به نام", "Holder")
_SHEBA = Phrase("شبا", "Sheba")
_DAY = Phrase("تاریخ برگه", "Day of the slip")
_FOLLOW = Phrase("پیگیری مشارکت", "Follow the gift")
_FOLLOW_ALT = Phrase("رمزینهٔ پیگیری مشارکت", "QR code to follow the gift")
_NOTES = (
    Phrase(
        "شناسهٔ واریز را به متصدی بانک بدهید یا در خودپرداز وارد کنید؛ با همین شناسه مشارکت شما"
        " پیدا می‌شود.",
        "Give the deposit id to the bank's clerk or type it at the cash machine; by it the money"
        " finds your gift.",
    ),
    Phrase(
        "این برگه رسید نیست. رسید پس از واریز صادر می‌شود.",
        "This slip is no receipt. The receipt is issued once the money has arrived.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterSlipFacts:
    """Everything a counter slip prints. Text is in the language of the slip.

    ``follow_url`` opens the donor's own view. Nothing of it is kept: a slip is no document of
    account, and has no number.
    """

    language: str
    organisation: str
    unit: str
    donor_name: str | None
    deposit_id: str
    tracking_code: str
    amount_rial: int
    account_number: str
    bank: str
    holder: str
    sheba: str | None
    follow_url: str
    made_on: date


def counter_slip_document(facts: CounterSlipFacts, *, paper: Paper = Paper.A5) -> Document:
    """The slip of a promise that is not paid yet, on A5 or the roll. Raises UnknownGlyph."""
    language = facts.language
    title = _TITLE.to(language)
    service = number_text(SERVICE_ID, language)
    qr = Code(facts.follow_url, _FOLLOW_ALT.to(language), _FOLLOW.to(language))
    amount_words = _IN_WORDS.to(language).format(
        words=rial_words(facts.amount_rial, language),
        tomans=toman_text(facts.amount_rial, language),
    )
    layout = Layout(
        language=language,
        title=f"{title} {facts.deposit_id}",
        author=facts.organisation,
        created_on=facts.made_on,
        identity=hashlib.sha256(repr(facts).encode()).digest()[:16],
        blocks=(
            Head(
                (
                    HeadLine("P", free_text(facts.organisation, language), 11.5, 19, Weight.BOLD),
                    HeadLine("P", free_text(facts.unit, language), 8.2, 13.4, tone=Tone.QUIET),
                    HeadLine("H1", title, 16, 30, Weight.BOLD, Tone.ACCENT, before=8),
                ),
                qr,
            ),
            Strip(
                (
                    StripCell(_DEPOSIT_ID.to(language), code_text(facts.deposit_id), 12),
                    StripCell(_DAY.to(language), *_placed(facts.made_on, language)),
                ),
                size=14,
            ),
            Sum(_AMOUNT.to(language), rial_text(facts.amount_rial, language), amount_words),
            _fields(facts),
            Closing(
                (
                    (_DEPOSIT_ID.to(language), facts.deposit_id),
                    (phrases.TRACKING_CODE.to(language), facts.tracking_code),
                ),
                Code(facts.deposit_id, _DEPOSIT_ALT.to(language)),
                tuple(note.to(language) for note in _NOTES),
                qr,
            ),
        ),
        running=Running(
            continued=title,
            foot=f"{phrases.SERVICE.to(language)} {service}",
            page_of=phrases.PAGE_OF.to(language),
        ),
    )
    return compose([layout], paper)


def _fields(facts: CounterSlipFacts) -> Fields:
    language = facts.language
    donor = facts.donor_name
    named = (
        (_ACCOUNT, number_text(facts.account_number, language)),
        (_BANK, free_text(facts.bank, language)),
        (_HOLDER, free_text(facts.holder, language)),
        (_SHEBA, code_text(facts.sheba) if facts.sheba else ""),
        (phrases.DONOR, free_text(donor, language) if donor else ""),
    )
    return Fields(tuple((Field(label.to(language), value),) for label, value in named if value))


def _placed(day: date, language: str) -> tuple[str, float, str]:
    """The day in the second cell of the strip."""
    shown, below = short_days(day, language)
    return shown, 206.0, below
