"""The letter of thanks: lying A4, to be framed; it names no amount."""

from receipts.documents import phrases
from receipts.documents.blocks import Layout, Prose, Space
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import ReceiptFacts
from receipts.documents.formal import (
    FORMAL,
    FORMAL_CLOSE,
    formal_head,
    formal_running,
    identity_of,
    imprint,
    paragraphs,
)
from receipts.documents.layout_2 import signatures
from receipts.documents.phrases import Phrase
from receipts.documents.sheet import Side, Tone
from receipts.pdf.document import Document
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import free_text

_TITLE = Phrase("لوح سپاس", "Letter of thanks")
_DEAR = Phrase("نیکوکار گرامی", "To our generous friend")
_THANKS = Phrase(
    "مهربانی شما به هم‌میهنانی رسید که به آن نیاز داشتند. از همراهی شما صمیمانه سپاسگزاریم.",
    "Your kindness reached people who needed it. We thank you sincerely for standing with them.",
)


def has_thanks(facts: ReceiptFacts) -> bool:
    """Whether a letter of thanks can be given: the gift stands."""
    return not facts.is_void


def thanks_document(facts: ReceiptFacts) -> Document:
    """The letter of thanks for the gift on a receipt. Raises UnknownGlyph."""
    language = facts.language
    name = facts.donor_name or phrases.UNNAMED_DONOR.to(language)
    text = paragraphs(facts.thanks or _THANKS.to(language), language)
    layout = Layout(
        language=language,
        title=f"{_TITLE.to(language)} {facts.number}",
        author=facts.organisation,
        created_on=facts.issued_on,
        identity=identity_of("thanks", facts),
        blocks=(
            formal_head(facts, _TITLE),
            Space(34),
            Prose((_DEAR.to(language),), 12, 20, Side.MIDDLE, tone=Tone.QUIET, after=2),
            Prose((free_text(name, language),), 22, 36, Side.MIDDLE, Weight.BOLD, after=20),
            Prose(text, 14, 28, Side.MIDDLE, share=0.82, after=18),
            signatures(facts)._replace(is_low=True),
            imprint(facts, phrases.RECEIPT_NUMBER),
        ),
        running=formal_running(facts, _TITLE),
        looks=(FORMAL, FORMAL_CLOSE),
    )
    return compose([layout], Paper.A4_LYING)
