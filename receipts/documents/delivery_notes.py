"""The delivery note: goods handed over at a desk, twice on one A4, to be signed by two hands."""

import hashlib

from receipts.documents import phrases
from receipts.documents.blocks import (
    Closing,
    Code,
    Column,
    Field,
    Fields,
    Layout,
    Signatures,
    Space,
    Strip,
    StripCell,
    Table,
)
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import GoodsLine, ReceiptFacts
from receipts.documents.formal import identity_of
from receipts.documents.layout_1 import head, running, void_banner
from receipts.documents.layout_2 import amount_of
from receipts.documents.phrases import Phrase
from receipts.documents.wording import WORDING
from receipts.pdf.document import Document
from receipts.typesetting.text import PERSIAN, free_text, number_text, short_days

_TITLE = Phrase("رسید تحویل کالا", "Delivery note for goods")
_COPIES = (Phrase("تحویل‌دهنده", "Deliverer"), Phrase("انبار", "Warehouse"))
_HANDS = (Phrase("امضای تحویل‌دهنده", "Handed over by"), Phrase("امضای تحویل‌گیرنده", "Received by"))
_NUMBER = Phrase("ردیف", "No.")
_DESCRIPTION = Phrase("شرح کالا و وضعیت", "Goods and condition")
_QUANTITY = Phrase("مقدار", "Quantity")
_WAREHOUSE = Phrase("قبض انبار", "Warehouse receipt")
_NOTE = Phrase(
    "این برگه تحویل کالا را نشان می‌دهد و جای رسید را نمی‌گیرد.",
    "This note shows that goods were handed over; it does not replace the receipt.",
)
_STRIP = (12.0, 140.0, 236.0)


def has_delivery_note(facts: ReceiptFacts) -> bool:
    """Whether there are goods on a receipt that stands."""
    return bool(facts.goods) and not facts.is_void


def delivery_note_document(facts: ReceiptFacts) -> Document:
    """The note for the goods on a receipt, one copy for each hand. Raises UnknownGlyph."""
    return compose([_layout(facts, copy) for copy in _COPIES], Paper.TWO_UP)


def _layout(facts: ReceiptFacts, copy: Phrase) -> Layout:
    language, words = facts.language, WORDING[facts.language]
    top = head(facts, words)
    title = top.lines[-1]._replace(text=_TITLE.to(language))
    banner = (void_banner(facts, words),) if facts.is_void else ()
    donor = free_text(facts.donor_name, language) if facts.donor_name else words.unnamed_donor
    barcode = Code(facts.tracking_code, words.barcode_alt)
    identity = identity_of("delivery note", facts)
    return Layout(
        language=language,
        title=f"{_TITLE.to(language)} {facts.number}",
        author=facts.organisation,
        created_on=facts.issued_on,
        identity=hashlib.sha256(identity + copy.en.encode()).digest()[:16],
        blocks=(
            top._replace(lines=(*top.lines[:-1], title)),
            _strip(facts, copy),
            *banner,
            Fields(((Field(words.donor, donor),),)),
            _goods(facts),
            Space(26),
            Signatures((), hands=tuple(hand.to(language) for hand in _HANDS)),
            Closing(((words.tracking_code, facts.tracking_code),), barcode, (_NOTE.to(language),)),
        ),
        running=running(facts, words),
    )


def _strip(facts: ReceiptFacts, copy: Phrase) -> Strip:
    language, words = facts.language, WORDING[facts.language]
    cells = (
        (words.number, number_text(facts.number, language), ""),
        (words.received_on, *short_days(facts.received_on, language)),
        (phrases.COPY.to(language), copy.to(language), ""),
    )
    return Strip(
        tuple(
            StripCell(label, value, offset, below)
            for (label, value, below), offset in zip(cells, _STRIP, strict=True)
        ),
        size=11.5 if language == PERSIAN else 10.0,
    )


def _goods(facts: ReceiptFacts) -> Table:
    language = facts.language
    columns = (
        Column(_NUMBER.to(language), 0.12),
        Column(_DESCRIPTION.to(language), 0.42),
        Column(_QUANTITY.to(language), 0.2),
        Column(_WAREHOUSE.to(language), 0.26),
    )
    rows = [
        (
            number_text(str(number), language),
            _described(line, language),
            amount_of(line, facts),
            free_text(line.warehouse_number, language) if line.warehouse_number else "—",
        )
        for number, line in enumerate(facts.goods, 1)
    ]
    return Table("", columns, tuple(rows))


def _described(line: GoodsLine, language: str) -> str:
    described = free_text(line.description, language)
    if line.condition is None:
        return described
    return f"{described} ({phrases.CONDITIONS[line.condition].to(language)})"
