"""The annual statement: the receipts of one donor and year, listed; it is no further receipt.

``receipts.public.annual_facts`` finds them.
"""

import hashlib
from dataclasses import dataclass
from datetime import date

from receipts.documents import phrases
from receipts.documents.blocks import (
    Banner,
    Block,
    Closing,
    Column,
    Field,
    Fields,
    Head,
    HeadLine,
    Layout,
    Prose,
    Running,
    Signatures,
    Space,
    Strip,
    StripCell,
    Sum,
    Table,
)
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import SERVICE_ID, Signatory
from receipts.documents.phrases import Phrase
from receipts.documents.seal_picture import seal_rows
from receipts.documents.sheet import Look, Side, Tone
from receipts.pdf.document import Document
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import (
    code_text,
    figures,
    free_text,
    number_text,
    rial_text,
    rial_words,
    short_days,
    toman_text,
)

_TITLE = Phrase("صورت سالانهٔ مشارکت‌ها", "Annual statement of contributions")
_NO_RECEIPT = Phrase(
    "این صورت برای آگاهی است و رسید تازه‌ای نیست؛ سند هر مشارکت همان رسید آن است.",
    "This statement is for information and is no additional receipt; each contribution is"
    " documented by its own receipt.",
)
_YEAR = Phrase("سال", "Year")
_COUNT = Phrase("شمار رسیدها", "Receipts")
_MADE_ON = Phrase("تاریخ صورت", "Made on")
_NATIONAL_ID = Phrase("شناسهٔ ملی", "National id")
_RECEIPT = Phrase("شمارهٔ رسید", "Receipt")
_RECEIVED_ON = Phrase("تاریخ دریافت", "Received on")
_GIVEN = Phrase("شرح", "Given")
_AMOUNT = Phrase("مبلغ (ریال)", "Amount (rials)")
_TOTAL = Phrase("جمع مبلغ نقدی", "Total of money")
_IN_WORDS = Phrase("به حروف: {words} ({tomans})", "In words: {words} ({tomans})")
_APART = Phrase(
    "کالا و ساعت خدمت جداگانه آمده و با مبلغ نقدی جمع نشده است.",
    "Goods and hours stand for themselves and are not added to the money.",
)
_NOTHING = Phrase("در این سال رسیدی برجا نیست.", "No receipt of this year stands.")
_VERIFY = Phrase(
    "هر شماره را می‌توان در نشانی {address} استعلام کرد.",
    "Each number can be verified at {address}.",
)
_LOOK = Look(size=9.5, leading=15.4, padding=3.0, gap=12)
_STRIP = (14.0, 180.0, 346.0)


@dataclass(frozen=True, slots=True)
class AnnualRow:
    """One receipt that stands. ``given`` is told in the language of the statement."""

    number: str
    received_on: date
    given: str
    amount_rial: int | None  # the cash on it, if any


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnualFacts:
    """Everything an annual statement prints. Days are Tehran's, the year is Jalali."""

    language: str
    organisation: str
    unit: str
    year: int
    donor_name: str | None
    national_id: str | None  # as it is printed: its middle hidden
    rows: tuple[AnnualRow, ...]
    made_on: date
    verify_address: str
    tax_line: str | None = None
    signatories: tuple[Signatory, ...] = ()
    seal: str | None = None
    seal_name: str | None = None

    @property
    def total_rial(self) -> int:
        """The money alone: goods and hours are not added to it."""
        return sum(row.amount_rial or 0 for row in self.rows)


def annual_document(facts: AnnualFacts) -> Document:
    """The statement on A4, as many pages as it takes. Raises UnknownGlyph, BeyondWords."""
    language = facts.language
    title = f"{_TITLE.to(language)} {number_text(str(facts.year), language)}"
    blocks: list[Block] = [
        _head(facts, title),
        _strip(facts),
        Banner(_NO_RECEIPT.to(language), Tone.ACCENT),
        _fields(facts),
        _listed(facts),
        Space(6),
        *_sum(facts),
        Signatures(
            facts.signatories,
            seal=seal_rows(facts.seal) if facts.seal else (),
            seal_name=free_text(facts.seal_name, language) if facts.seal_name else "",
            seal_alt=phrases.SEAL.to(language),
        ),
        Closing((), None, _notes(facts)),
    ]
    service = number_text(SERVICE_ID, language)
    layout = Layout(
        language=language,
        title=title,
        author=facts.organisation,
        created_on=facts.made_on,
        identity=hashlib.sha256(repr(facts).encode()).digest()[:16],
        blocks=tuple(blocks),
        running=Running(
            continued=title,
            foot=f"{phrases.SERVICE.to(language)} {service}",
            page_of=phrases.PAGE_OF.to(language),
        ),
        looks=(_LOOK,),
    )
    return compose([layout], Paper.A4)


def _head(facts: AnnualFacts, title: str) -> Head:
    language = facts.language
    return Head(
        (
            HeadLine("P", free_text(facts.organisation, language), 13, 21, Weight.BOLD),
            HeadLine("P", free_text(facts.unit, language), 9, 15, tone=Tone.QUIET),
            HeadLine("H1", title, 18, 32, Weight.BOLD, Tone.ACCENT, before=4),
        )
    )


def _strip(facts: AnnualFacts) -> Strip:
    language = facts.language
    cells = (
        (_YEAR, number_text(str(facts.year), language), ""),
        (_COUNT, figures(len(facts.rows), language), ""),
        (_MADE_ON, *short_days(facts.made_on, language)),
    )
    return Strip(
        tuple(
            StripCell(label.to(language), value, offset, below)
            for (label, value, below), offset in zip(cells, _STRIP, strict=True)
        )
    )


def _fields(facts: AnnualFacts) -> Fields:
    language, name = facts.language, facts.donor_name
    shown = free_text(name, language) if name else phrases.UNNAMED_DONOR.to(language)
    rows = [(Field(phrases.DONOR.to(language), shown, Weight.BOLD),)]
    if facts.national_id:
        rows.append((Field(_NATIONAL_ID.to(language), code_text(facts.national_id)),))
    return Fields(tuple(rows))


def _listed(facts: AnnualFacts) -> Block:
    if not facts.rows:
        return Prose((_NOTHING.to(facts.language),), 10, 18)
    return _table(facts)


def _table(facts: AnnualFacts) -> Table:
    language = facts.language
    columns = (
        Column(_RECEIPT.to(language), 0.21),
        Column(_RECEIVED_ON.to(language), 0.16),
        Column(_GIVEN.to(language), 0.41),
        Column(_AMOUNT.to(language), 0.22, Side.END),
    )
    rows = tuple(
        (
            number_text(row.number, language),
            short_days(row.received_on, language)[0],
            free_text(row.given, language),
            "—" if row.amount_rial is None else figures(row.amount_rial, language),
        )
        for row in facts.rows
    )
    return Table("", columns, rows)


def _sum(facts: AnnualFacts) -> list[Block]:
    if not facts.total_rial:
        return []
    language = facts.language
    spoken = _IN_WORDS.to(language).format(
        words=rial_words(facts.total_rial, language),
        tomans=toman_text(facts.total_rial, language),
    )
    return [Sum(_TOTAL.to(language), rial_text(facts.total_rial, language), spoken)]


def _notes(facts: AnnualFacts) -> tuple[str, ...]:
    language = facts.language
    notes = [_VERIFY.to(language).format(address=code_text(facts.verify_address))]
    if any(row.amount_rial is None for row in facts.rows):
        notes.insert(0, _APART.to(language))
    if facts.tax_line:
        notes.insert(0, free_text(facts.tax_line, language))
    return tuple(notes)
