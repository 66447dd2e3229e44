"""The upper part of a receipt: who issues it, its number and days, who gave and how."""

from receipts.facts import ReceiptFacts
from receipts.fonts import Weight
from receipts.page import Box, Element, bounds
from receipts.palette import (
    GREEN,
    HAIRLINE,
    INK,
    QUIET,
    RED,
    SAMPLE_TINT,
    TINT,
    VOID_TINT,
)
from receipts.sheet import HEIGHT, INNER, MARGIN, WIDTH, Cell, Sheet, Side
from receipts.text import code_text, day_text, free_text, number_text
from receipts.wording import Wording

_BAND = 7.0
_QR = 70.0
_LABEL = 92.0
# Where the cells of the number strip begin, by whether the receipt reads from right to left.
_STRIP = {True: (12.0, 137.0, 247.0), False: (12.0, 108.0, 230.0)}
_SECOND = 186.0  # where a second field of a row begins
_CARD_LABEL = 58.0
_SHORT_CODE = 14  # longer trace numbers take a row of their own


def draw_background(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    """Marks go below everything else, light enough to read through."""
    if facts.is_void:
        sheet.page.watermark(words.void_mark, sheet.style(102, Weight.BOLD), VOID_TINT)
    elif facts.is_sample:
        sheet.page.watermark(words.sample_mark, sheet.style(98, Weight.BOLD), SAMPLE_TINT)
    sheet.page.fill(Box(0, HEIGHT - _BAND, WIDTH, _BAND), RED if facts.is_void else GREEN)


def draw_continuation(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    text = f"{words.continued} {number_text(facts.number, facts.language)}"
    owner = sheet.drawing.root.add("P")
    sheet.paragraph(owner, text, sheet.style(9, Weight.BOLD), leading=18, color=GREEN)
    sheet.page.rule(MARGIN, sheet.y, INNER, HAIRLINE)
    sheet.y -= 8


def draw_header(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    root, language = sheet.drawing.root, facts.language
    top = sheet.y + 4
    width = INNER - _QR - 14
    sheet.y = top
    lines = (
        ("P", free_text(facts.organisation, language), 11.5, 19, Weight.BOLD, INK),
        ("P", free_text(facts.unit, language), 8.2, 13.4, Weight.REGULAR, QUIET),
        ("P", _place(facts), 8.2, 13.4, Weight.REGULAR, QUIET),
        ("H1", words.titles[facts.kind], 16, 28, Weight.BOLD, GREEN),
    )
    for role, text, size, leading, weight, color in lines:
        if role == "H1":
            sheet.y -= 3
        sheet.paragraph(
            root.add(role),
            text,
            sheet.style(size, weight),
            leading=leading,
            width=width,
            color=color,
        )
    figure = root.add("Figure", alt=words.qr_alt)
    box = sheet.box(INNER - _QR, top, _QR, _QR)
    figure.attributes = bounds(box)
    sheet.page.qr(figure, facts.verify_url, box)
    caption = sheet.style(7)
    sheet.line(
        root.add("P"),
        words.verify_caption,
        caption,
        offset=INNER - _QR / 2,
        baseline=box.y - 10,
        side=Side.MIDDLE,
        color=QUIET,
    )
    sheet.y = min(sheet.y, box.y - 14) - 4


def draw_numbers(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    """The strip that is looked for first: number and days."""
    language, height = facts.language, 40.0
    sheet.page.fill(sheet.box(0, sheet.y, INNER, height), TINT)
    cells = (
        (words.number, number_text(facts.number, language)),
        (words.received_on, day_text(facts.received_on, language)),
        (words.issued_on, day_text(facts.issued_on, language)),
    )
    style = sheet.style(12 if sheet.is_rtl else 8.8, Weight.BOLD)
    for (label, value), offset in zip(cells, _STRIP[sheet.is_rtl], strict=True):
        owner, baseline = sheet.drawing.root.add("P"), sheet.y - 14
        sheet.line(owner, label, sheet.style(7.5), offset=offset, baseline=baseline, color=QUIET)
        owner, baseline = sheet.drawing.root.add("P"), sheet.y - 31
        sheet.line(owner, value, style, offset=offset, baseline=baseline, color=INK)
    sheet.y -= height + sheet.look.gap


def draw_void_banner(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    reason = f" {free_text(facts.void_text, facts.language)}" if facts.void_text else ""
    top = sheet.y
    sheet.y -= 5
    sheet.paragraph(
        sheet.drawing.root.add("P"),
        words.void_line + reason,
        sheet.style(9.5, Weight.BOLD),
        leading=16,
        offset=10,
        width=INNER - 20,
        color=RED,
    )
    sheet.y -= 5
    sheet.page.frame(sheet.box(0, top, INNER, top - sheet.y), RED, 0.9)
    sheet.y -= sheet.look.gap - 4


def draw_fields(sheet: Sheet, facts: ReceiptFacts, words: Wording) -> None:
    """Who gave, and the way the gift came: one labelled row each."""
    language, name = facts.language, facts.donor_name
    listed = sheet.drawing.root.add("L")

    def row(*cells: Cell) -> None:
        sheet.row(cells, rule=HAIRLINE)

    donor = free_text(name, language) if name else words.unnamed_donor
    row(*_field(listed, words.donor, donor))
    row(*_field(listed, words.channel, free_text(facts.channel, language)))
    if facts.reference:
        row(*_field(listed, words.reference, code_text(facts.reference)))
    if facts.trace_number and facts.masked_card and len(facts.trace_number) <= _SHORT_CODE:
        row(
            *_field(listed, words.trace_number, code_text(facts.trace_number), width=_SECOND - 8),
            *_field(
                listed, words.card, code_text(facts.masked_card), offset=_SECOND, label=_CARD_LABEL
            ),
        )
    else:
        for label, code in (
            (words.trace_number, facts.trace_number),
            (words.card, facts.masked_card),
        ):
            if code:
                row(*_field(listed, label, code_text(code)))
    if facts.destination_account:
        row(*_field(listed, words.destination, free_text(facts.destination_account, language)))
    if facts.replaces_number:
        replaced = number_text(facts.replaces_number, language)
        row(*_field(listed, words.replaces, replaced, weight=Weight.BOLD))
    sheet.y -= sheet.look.gap


def _field(
    listed: Element,
    name: str,
    value: str,
    *,
    weight: Weight = Weight.REGULAR,
    offset: float = 0.0,
    width: float = INNER,
    label: float = _LABEL,
) -> tuple[Cell, Cell]:
    """A label and its value, side by side from ``offset`` to ``width``."""
    item, start = listed.add("LI"), offset + label
    return (
        Cell(item.add("Lbl"), name, offset, label - 6, color=QUIET),
        Cell(item.add("LBody"), value, start, width - start, weight=weight, color=INK),
    )


def _place(facts: ReceiptFacts) -> str:
    places = [free_text(place, facts.language) for place in (facts.province, facts.desk) if place]
    return " – ".join(places)
