"""The certificate of volunteer hours: what somebody did, where and how long, worth no money.

It is drawn from the frozen facts of a receipt and stands under the receipt's number, so that the
same page verifies it and one series explains every number.
"""

from receipts.documents import phrases
from receipts.documents.blocks import Block, Column, Layout, Prose, Space, Table
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import HoursLine, ReceiptFacts
from receipts.documents.formal import (
    FORMAL,
    FORMAL_CLOSE,
    formal_head,
    formal_running,
    identity_of,
    imprint,
    paragraphs,
)
from receipts.documents.layout_2 import period, signatures
from receipts.documents.phrases import Phrase
from receipts.documents.sheet import Side, Tone
from receipts.pdf.document import Document
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import figures, free_text

_TITLE = Phrase("گواهی خدمت داوطلبانه", "Certificate of volunteer service")
_CERTIFIES = Phrase("بدین‌وسیله گواهی می‌شود", "This is to certify that")
_SERVED = Phrase(
    "{hours} ساعت خدمت داوطلبانه به شرح زیر انجام داده است.",
    "has given {hours} hours of volunteer service, as follows.",
)
_SERVED_ONE = Phrase(_SERVED.fa, "has given one hour of volunteer service, as follows.")
_DUTY = Phrase("خدمت", "Duty")
_PLACE = Phrase("محل خدمت", "Place")
_SUPERVISOR = Phrase("سرپرست", "Supervisor")
_HOURS = Phrase("ساعت", "Hours")
_TOTAL = Phrase("جمع", "Total")
_NUMBER = Phrase("شمارهٔ گواهی و رسید", "Number of certificate and receipt")
_OWN_NUMBER = Phrase("شمارهٔ گواهی", "Number of certificate")
_NO_VALUE = Phrase(
    "این گواهی ارزش مالی ندارد.", "This certificate states hours; it has no monetary value."
)
_NOTHING = "—"


def has_certificate(facts: ReceiptFacts) -> bool:
    """Whether a certificate can be given: for hours, to somebody with a name."""
    return bool(facts.hours and facts.donor_name) and not facts.is_void


def certificate_document(facts: ReceiptFacts, *, is_of_receipt: bool = True) -> Document:
    """The certificate of the hours on a receipt, on lying A4. Raises UnknownGlyph.

    One that is not of a receipt stands under a number of its own (``hours_certificates``).
    Raises ValueError where ``has_certificate`` is false: a defect of the caller.
    """
    if not has_certificate(facts):
        raise ValueError(f"receipt {facts.number}: no certificate")
    language = facts.language
    total = sum(line.hours for line in facts.hours)
    served = _SERVED_ONE if total == 1 else _SERVED
    blocks: list[Block] = [
        formal_head(facts, _TITLE),
        _middle(_CERTIFIES.to(language), 11, tone=Tone.QUIET, after=2),
        _middle(free_text(facts.donor_name or "", language), 19, weight=Weight.BOLD, after=4),
        _middle(served.to(language).format(hours=figures(total, language)), 11.5, after=12),
        _table(facts, total),
        Space(10),
    ]
    texts = (*paragraphs(facts.certificate or "", language), _NO_VALUE.to(language))
    blocks += [
        Prose(texts, 10, 17, Side.MIDDLE, tone=Tone.QUIET, share=0.8, after=10),
        signatures(facts)._replace(is_low=True),
        imprint(facts, _NUMBER if is_of_receipt else _OWN_NUMBER),
    ]
    layout = Layout(
        language=language,
        title=f"{_TITLE.to(language)} {facts.number}",
        author=facts.organisation,
        created_on=facts.issued_on,
        identity=identity_of("certificate", facts),
        blocks=tuple(blocks),
        running=formal_running(facts, _TITLE),
        looks=(FORMAL, FORMAL_CLOSE),
    )
    return compose([layout], Paper.A4_LYING)


def _table(facts: ReceiptFacts, total: int) -> Table:
    language = facts.language
    columns = (
        Column(_DUTY.to(language), 0.3),
        Column(phrases.PERIOD.to(language), 0.21),
        Column(_PLACE.to(language), 0.19),
        Column(_SUPERVISOR.to(language), 0.2),
        Column(_HOURS.to(language), 0.1, Side.END),
    )
    rows = [_row(line, facts) for line in facts.hours]
    if len(rows) > 1:
        rows.append((_TOTAL.to(language), "", "", "", figures(total, language)))
    return Table("", columns, tuple(rows), has_sum=len(rows) > 1)


def _row(line: HoursLine, facts: ReceiptFacts) -> tuple[str, ...]:
    language = facts.language
    supervisor = [text for text in (line.supervisor, line.supervisor_title) if text]
    place = line.place or facts.desk
    return (
        free_text(f"{line.skill} – {line.duty}" if line.duty else line.skill, language),
        period(line, language) or _NOTHING,
        free_text(place, language),
        " – ".join(free_text(text, language) for text in supervisor) or _NOTHING,
        figures(line.hours, language),
    )


def _middle(
    text: str,
    size: float,
    *,
    weight: Weight = Weight.REGULAR,
    tone: Tone = Tone.INK,
    after: float,
) -> Prose:
    return Prose((text,), size, size * 1.65, Side.MIDDLE, weight, tone, after=after)
