"""The receipt on paper: A5, one page where it fits, the same bytes for the same facts.

A layout that has been used is never changed, because receipts already issued are drawn with it
again; a new one gets a new version in ``_LAYOUTS``.
"""

from urllib.parse import urlsplit

from core.digits import isolate, to_persian
from receipts.facts import ReceiptFacts, facts_digest
from receipts.fonts import Weight
from receipts.items import draw_cash, draw_goods, draw_hours, draw_total
from receipts.masthead import (
    draw_background,
    draw_continuation,
    draw_fields,
    draw_header,
    draw_numbers,
    draw_void_banner,
)
from receipts.page import bounds
from receipts.palette import GREEN, HAIRLINE, INK, QUIET
from receipts.pdf import DocumentFacts, write_pdf
from receipts.sheet import BOTTOM, CLOSE, INNER, MARGIN, ROOMY, Look, Sheet, Side
from receipts.text import PERSIAN, code_text, free_text, number_text
from receipts.wording import WORDING, Wording

_BARCODE_WIDTH, _BARCODE_HEIGHT = 142.0, 28.0
_CODES_HEIGHT = 50.0


class UnknownLayout(Exception):
    """Facts ask for a layout version that this program does not have."""


def draw_receipt(facts: ReceiptFacts) -> bytes:
    """Draw the receipt as a PDF. The same facts give the same bytes.

    Raises UnknownGlyph for a character that cannot be printed and BeyondWords for an amount that
    cannot be written out. ``require_printable`` and ``persian_words`` find both beforehand.
    """
    layout = _LAYOUTS.get(facts.layout_version)
    if layout is None:
        raise UnknownLayout(f"receipt {facts.number}: layout {facts.layout_version}")
    return layout(facts)


def _draw_version_1(facts: ReceiptFacts) -> bytes:
    sheet = _flow(facts, ROOMY)
    if len(sheet.drawing.pages) > 1:
        closer = _flow(facts, CLOSE)
        if len(closer.drawing.pages) < len(sheet.drawing.pages):
            sheet = closer
    words = WORDING[facts.language]
    _footers(sheet, facts, words)
    document = DocumentFacts(
        title=f"{words.titles[facts.kind]} {facts.number}",
        author=facts.organisation,
        language=facts.language,
        is_rtl=sheet.is_rtl,
        created_on=facts.issued_on,
        identity=facts_digest(facts)[:16],
    )
    return write_pdf(sheet.drawing, document)


_LAYOUTS = {1: _draw_version_1}


def _flow(facts: ReceiptFacts, look: Look) -> Sheet:
    words = WORDING[facts.language]

    def on_new_page(sheet: Sheet) -> None:
        draw_background(sheet, facts, words)
        if len(sheet.drawing.pages) > 1:
            draw_continuation(sheet, facts, words)

    sheet = Sheet.begin(is_rtl=facts.language == PERSIAN, look=look, on_new_page=on_new_page)
    draw_header(sheet, facts, words)
    draw_numbers(sheet, facts, words)
    if facts.is_void:
        draw_void_banner(sheet, facts, words)
    draw_fields(sheet, facts, words)
    if facts.cash:
        draw_cash(sheet, facts, words)
        draw_total(sheet, facts, words)
    if facts.goods:
        draw_goods(sheet, facts, words)
    if facts.hours:
        draw_hours(sheet, facts, words)
    _closing(sheet, facts, words)
    return sheet


def _closing(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    """How to follow the gift and how to check the paper, at the foot of the last page."""
    small, leading = sheet.style(7.2), 11.5
    address = isolate(f"{urlsplit(facts.verify_url).netloc}/verify")
    notes = [words.verify_line.format(address=address)]
    if facts.tax_line:
        notes.insert(0, free_text(facts.tax_line, facts.language))
    lines = sum(sheet.line_count(note, small, INNER) for note in notes)
    height = _CODES_HEIGHT + lines * leading
    sheet.need(height)
    sheet.y = BOTTOM + height
    _codes(sheet, facts, words)
    sheet.y -= _CODES_HEIGHT
    for note in notes:
        owner = sheet.drawing.root.add("P")
        sheet.paragraph(owner, note, small, leading=leading, color=QUIET)


def _codes(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    root, top = sheet.drawing.root, sheet.y
    sheet.page.rule(MARGIN, top, INNER, HAIRLINE)
    columns = [(words.tracking_code, facts.tracking_code, GREEN)]
    if facts.deposit_id:
        columns.append((words.deposit_id, facts.deposit_id, INK))
    offset = 0.0
    for label, code, color in columns:
        owner = root.add("P")
        quiet, strong = sheet.style(7.5), sheet.style(11.5, Weight.BOLD)
        sheet.line(owner, label, quiet, offset=offset, baseline=top - 15, color=QUIET)
        value = code_text(code)
        sheet.line(owner, value, strong, offset=offset, baseline=top - 32, color=color)
        offset += 104
    figure = root.add("Figure", alt=words.barcode_alt)
    box = sheet.box(INNER - _BARCODE_WIDTH, top - 8, _BARCODE_WIDTH, _BARCODE_HEIGHT)
    figure.attributes = bounds(box)
    sheet.page.barcode(figure, facts.tracking_code, box)


def _footers(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    """Written last, because only then the number of pages is known."""
    pages = sheet.drawing.pages
    service = f"{words.service} {number_text(facts.service_id, facts.language)}"
    style = sheet.style(6.8)
    for page in pages:
        counted = words.page_of.format(page=page.index + 1, pages=len(pages))
        counted = to_persian(counted) if sheet.is_rtl else counted
        for text, offset, side in ((service, 0.0, Side.START), (counted, INNER, Side.END)):
            sheet.line(
                sheet.drawing.root.add("P"),
                text,
                style,
                offset=offset,
                baseline=27,
                side=side,
                color=QUIET,
                page=page,
            )
