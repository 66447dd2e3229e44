"""The hand-over slip on paper: goods that leave the stock, to be signed by whoever takes them.

Twice on one A4: one stays with the stock, one with the goods.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from receipts.documents import phrases
from receipts.documents.blocks import (
    Closing,
    Column,
    Field,
    Fields,
    Head,
    HeadLine,
    Layout,
    Running,
    Signatures,
    Space,
    Strip,
    StripCell,
    Table,
)
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import SERVICE_ID
from receipts.documents.phrases import Phrase
from receipts.documents.sheet import Tone
from receipts.pdf.document import Document
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import (
    PERSIAN,
    code_text,
    free_text,
    number_text,
    quantity_text,
    short_days,
)

_TITLE = Phrase("حوالهٔ تحویل کالا", "Hand-over slip for goods")
_COPIES = (Phrase("انبار", "Stock"), Phrase("تحویل‌گیرنده", "Receiver"))
_HANDS = (
    Phrase("نام و امضای تحویل‌دهنده", "Handed over by: name, signature"),
    Phrase("نام، تاریخ و امضای تحویل‌گیرنده", "Received by: name, day, signature"),
)
_NUMBER = Phrase("شمارهٔ حواله", "Slip number")
_DAY = Phrase("تاریخ تحویل", "Handed over on")
_FROM = Phrase("از", "From")
_TO = Phrase("تحویل‌گیرنده", "Handed to")
_MADE_BY = Phrase("تهیه‌کننده", "Made by")
_PLACE = Phrase("ردیف", "No.")
_GOODS = Phrase("کالا", "Goods")
_QUANTITY = Phrase("مقدار", "Quantity")
_ARRIVED = Phrase("رسیده", "Arrived")
_CAME_BACK = Phrase("برگشت {quantity}", "came back {quantity}")
_NOTES = (
    Phrase(
        "تحویل‌گیرنده مقدار رسیده را، اگر کمتر است، در ستون «رسیده» می‌نویسد و امضا می‌کند.",
        "The receiver writes into “Arrived” what came, where it is less, and signs.",
    ),
    Phrase("این برگه رسید مشارکت نیست.", "This slip is no receipt of a gift."),
)
_STRIP = (12.0, 140.0, 236.0)


@dataclass(frozen=True, slots=True)
class SlipLine:
    """What of one gift a slip takes along. Quantities are decimals as texts, in ``unit``."""

    goods: str
    quantity: str
    unit: str
    tracking_code: str
    arrived: str | None = None  # None: nobody has acknowledged it yet
    came_back: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverFacts:
    """Everything a hand-over slip prints. Text is in the language of the slip, the day Tehran's."""

    language: str
    organisation: str
    unit: str
    number: str  # office and serial: 07-12
    handed_on: date
    office: str
    receiver: str
    made_by: str
    lines: tuple[SlipLine, ...]


def hand_over_document(facts: HandOverFacts) -> Document:
    """The slip, one copy for each side, on A4. Raises UnknownGlyph."""
    return compose([_layout(facts, copy) for copy in _COPIES], Paper.TWO_UP)


def _layout(facts: HandOverFacts, copy: Phrase) -> Layout:
    language, title = facts.language, _TITLE.to(facts.language)
    number = number_text(facts.number, language)
    return Layout(
        language=language,
        title=f"{title} {facts.number}",
        author=facts.organisation,
        created_on=facts.handed_on,
        identity=hashlib.sha256(f"{facts!r} {copy.en}".encode()).digest()[:16],
        blocks=(
            Head(
                (
                    HeadLine("P", free_text(facts.organisation, language), 11.5, 19, Weight.BOLD),
                    HeadLine("P", free_text(facts.unit, language), 8.2, 13.4, tone=Tone.QUIET),
                    HeadLine("H1", title, 16, 30, Weight.BOLD, Tone.ACCENT, before=8),
                ),
            ),
            _strip(facts, copy),
            Fields(
                tuple(
                    (Field(label.to(language), free_text(text, language)),)
                    for label, text in (
                        (_FROM, facts.office),
                        (_TO, facts.receiver),
                        (_MADE_BY, facts.made_by),
                    )
                )
            ),
            _goods(facts),
            Space(26),
            Signatures((), hands=tuple(hand.to(language) for hand in _HANDS)),
            Closing((), None, tuple(note.to(language) for note in _NOTES)),
        ),
        running=Running(
            continued=f"{title} {number}",
            foot=f"{phrases.SERVICE.to(language)} {number_text(SERVICE_ID, language)}",
            page_of=phrases.PAGE_OF.to(language),
        ),
    )


def _strip(facts: HandOverFacts, copy: Phrase) -> Strip:
    language = facts.language
    cells = (
        (_NUMBER.to(language), number_text(facts.number, language), ""),
        (_DAY.to(language), *short_days(facts.handed_on, language)),
        (phrases.COPY.to(language), copy.to(language), ""),
    )
    return Strip(
        tuple(
            StripCell(label, value, offset, below)
            for (label, value, below), offset in zip(cells, _STRIP, strict=True)
        ),
        size=11.5 if language == PERSIAN else 10.0,
    )


def _goods(facts: HandOverFacts) -> Table:
    language = facts.language
    columns = (
        Column(_PLACE.to(language), 0.12),
        Column(_GOODS.to(language), 0.28),
        Column(phrases.TRACKING_CODE.to(language), 0.24),
        Column(_QUANTITY.to(language), 0.18),
        Column(_ARRIVED.to(language), 0.18),
    )
    rows = [
        (
            number_text(str(place), language),
            free_text(line.goods, language),
            code_text(line.tracking_code),
            f"{quantity_text(line.quantity, language)} {free_text(line.unit, language)}",
            _arrived(line, language),
        )
        for place, line in enumerate(facts.lines, 1)
    ]
    return Table("", columns, tuple(rows))


def _arrived(line: SlipLine, language: str) -> str:
    """What is known already; the rest is room to write."""
    known = [] if line.arrived is None else [quantity_text(line.arrived, language)]
    if line.came_back is not None:
        quantity = quantity_text(line.came_back, language)
        known.append(_CAME_BACK.to(language).format(quantity=quantity))
    return " – ".join(known)
