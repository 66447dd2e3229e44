"""What the lying A4 documents share: a head in the middle, a border, an imprint at the foot."""

import hashlib
from urllib.parse import urlsplit

from core.digits import isolate
from receipts.documents import phrases
from receipts.documents.blocks import Code, Head, HeadLine, Imprint, Running
from receipts.documents.facts import ReceiptFacts, facts_to_json
from receipts.documents.phrases import Phrase
from receipts.documents.sheet import Look, Side, Tone
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import day_text, free_text, number_text

FORMAL = Look(size=10.5, leading=17.0, padding=3.4, gap=14)
FORMAL_CLOSE = Look(size=9.0, leading=14.0, padding=1.8, gap=8)


def formal_head(facts: ReceiptFacts, title: Phrase) -> Head:
    """Organisation, unit and title, in the middle."""
    language = facts.language
    return Head(
        (
            HeadLine("P", free_text(facts.organisation, language), 14, 23, Weight.BOLD),
            HeadLine("P", free_text(facts.unit, language), 9.5, 16, tone=Tone.QUIET),
            HeadLine("H1", title.to(language), 27, 46, Weight.BOLD, Tone.ACCENT, before=6),
        ),
        side=Side.MIDDLE,
    )


def imprint(facts: ReceiptFacts, number: Phrase) -> Imprint:
    """Under what number and day it stands, and how to verify it."""
    language = facts.language
    address = isolate(f"{urlsplit(facts.verify_url).netloc}/verify")
    return Imprint(
        (
            f"{number.to(language)}: {number_text(facts.number, language)}",
            f"{phrases.DAY.to(language)}: {day_text(facts.issued_on, language)}",
            phrases.VERIFY.to(language).format(address=address),
        ),
        Code(facts.verify_url, phrases.QR_ALT.to(language)),
    )


def formal_running(facts: ReceiptFacts, title: Phrase) -> Running:
    """A border on every page, and the foot."""
    language = facts.language
    service = number_text(facts.service_id, language)
    return Running(
        continued=f"{title.to(language)} {number_text(facts.number, language)}",
        foot=f"{phrases.SERVICE.to(language)} {service}",
        page_of=phrases.PAGE_OF.to(language),
        has_border=True,
    )


def paragraphs(text: str, language: str) -> tuple[str, ...]:
    """A text of the organisation, a paragraph a line."""
    return tuple(free_text(line, language) for line in text.split("\n") if line.strip())


def identity_of(document: str, facts: ReceiptFacts) -> bytes:
    """16 bytes that only this document of this receipt has."""
    return hashlib.sha256(f"{document} {facts_to_json(facts)}".encode()).digest()[:16]
