"""How each block of a document is drawn on a roll: one column, black on white, large codes."""

from collections.abc import Mapping

from receipts.documents.blocks import (
    Banner,
    Closing,
    Code,
    Field,
    Fields,
    FramedSum,
    Head,
    Prose,
    Signatures,
    Space,
    Strip,
    Sum,
    Table,
)
from receipts.documents.sheet import Sheet, Side, Tone
from receipts.documents.wide import Draw, draw_space
from receipts.pdf.page import Element, bounds
from receipts.typesetting.fonts import Weight
from receipts.typesetting.shape import text_width
from receipts.typesetting.text import code_text, free_text

_QR = 118.0
_BARCODE_HEIGHT = 40.0
_GAP = 6.0  # between a label and its value on one line
_HEAD_SIZES = {"H1": (13.0, 22.0), "P": (8.5, 13.5)}


def draw_head(sheet: Sheet, block: Head) -> None:
    for line in block.lines:
        size, leading = _HEAD_SIZES[line.role]
        if line.role == "P" and line.weight is Weight.BOLD:
            size, leading = 10.0, 16.0
        _middle(sheet, sheet.root.add(line.role), line.text, size, leading, line.weight)
    sheet.y -= 2
    _rule(sheet)


def draw_strip(sheet: Sheet, block: Strip) -> None:
    for cell in block.cells:
        value = f"{cell.value} ({cell.below})" if cell.below else cell.value
        _pair(sheet, None, Field(cell.label, value, Weight.BOLD))
    _rule(sheet)


def draw_banner(sheet: Sheet, block: Banner) -> None:
    top = sheet.y
    sheet.y -= 4
    _middle(sheet, sheet.root.add("P"), block.text, 9, 14, Weight.BOLD)
    sheet.y -= 4
    sheet.page.frame(sheet.box(0, top, sheet.inner, top - sheet.y), sheet.color(block.tone), 0.9)
    sheet.y -= sheet.look.gap


def draw_fields(sheet: Sheet, block: Fields) -> None:
    listed = sheet.root.add("L")
    for row in block.rows:
        for field in row:
            _pair(sheet, listed, field)
    _rule(sheet)


def draw_table(sheet: Sheet, block: Table) -> None:
    """Each row as its first text and a labelled line for each other one."""
    if block.heading:
        _start(sheet, sheet.root.add("H2"), block.heading, 9.5, Weight.BOLD)
    headings = [column.heading for column in block.columns[1:]]
    for first, *others in block.rows:
        listed = sheet.root.add("L")
        _start(sheet, listed.add("LI").add("LBody"), first, 9, Weight.BOLD)
        for heading, text in zip(headings, others, strict=True):
            _pair(sheet, listed, Field(heading, text))
        sheet.y -= 2
    _rule(sheet)


def draw_sum(sheet: Sheet, block: Sum | FramedSum) -> None:
    _start(sheet, sheet.root.add("P"), block.label, 9, Weight.REGULAR)
    _middle(sheet, sheet.root.add("P"), block.figures, 15, 25, Weight.BOLD)
    _start(sheet, sheet.root.add("P"), block.spoken, 8.5, Weight.REGULAR)
    _rule(sheet)


def draw_prose(sheet: Sheet, block: Prose) -> None:
    for text in block.paragraphs:
        _start(sheet, sheet.root.add("P"), text, 9, block.weight)
    sheet.y -= sheet.look.gap


def draw_signatures(sheet: Sheet, block: Signatures) -> None:
    language = "fa" if sheet.is_rtl else "en"
    for signatory in block.signatories:
        for text, weight in ((signatory.name, Weight.BOLD), (signatory.title, Weight.REGULAR)):
            if text:
                _middle(sheet, sheet.root.add("P"), free_text(text, language), 8.5, 13.5, weight)
    for label in block.hands:
        sheet.y -= 30
        sheet.rule(sheet.theme.quiet, offset=sheet.inner * 0.2, width=sheet.inner * 0.6)
        _middle(sheet, sheet.root.add("P"), label, 8, 13, Weight.REGULAR)
    if block.signatories or block.hands:
        _rule(sheet)


def draw_closing(sheet: Sheet, block: Closing) -> None:
    for label, code in block.codes:
        is_scanned = block.barcode is not None and block.barcode.content == code
        _middle(sheet, sheet.root.add("P"), label, 8, 13, Weight.REGULAR)
        if is_scanned and block.barcode:
            width = sheet.inner * 0.9
            box = sheet.box((sheet.inner - width) / 2, sheet.y - 2, width, _BARCODE_HEIGHT)
            figure = sheet.root.add("Figure", alt=block.barcode.alt, attributes=bounds(box))
            sheet.page.barcode(figure, code, box)
            sheet.y -= _BARCODE_HEIGHT + 4
        _middle(sheet, sheet.root.add("P"), code_text(code), 13, 21, Weight.BOLD)
        sheet.y -= 3
    if block.qr:
        _qr(sheet, block.qr)
    for note in block.notes:
        _start(sheet, sheet.root.add("P"), note, 7.5, Weight.REGULAR, leading=12)


def _qr(sheet: Sheet, code: Code) -> None:
    box = sheet.box((sheet.inner - _QR) / 2, sheet.y - 4, _QR, _QR)
    figure = sheet.root.add("Figure", alt=code.alt, attributes=bounds(box))
    sheet.page.qr(figure, code.content, box)
    sheet.y = box.y - 3
    _middle(sheet, sheet.root.add("P"), code.caption, 8, 14, Weight.REGULAR)


def _pair(sheet: Sheet, listed: Element | None, field: Field) -> None:
    """A label and its value: on one line where both fit, else the value below."""
    item = listed.add("LI") if listed else None
    label = item.add("Lbl") if item else sheet.root.add("P")
    body = item.add("LBody") if item else sheet.root.add("P")
    quiet, strong = sheet.style(8), sheet.style(9, field.weight)
    if text_width(field.label, quiet) + text_width(field.value, strong) + _GAP <= sheet.inner:
        sheet.need(14)
        baseline = sheet.y - 10
        sheet.line(label, field.label, quiet, offset=0, baseline=baseline)
        sheet.line(body, field.value, strong, offset=sheet.inner, baseline=baseline, side=Side.END)
        sheet.y -= 14
        return
    sheet.paragraph(label, field.label, quiet, leading=12)
    sheet.paragraph(body, field.value, strong, leading=14)


def _start(
    sheet: Sheet, owner: Element, text: str, size: float, weight: Weight, *, leading: float = 14
) -> None:
    sheet.paragraph(owner, text, sheet.style(size, weight), leading=leading)


def _middle(
    sheet: Sheet, owner: Element, text: str, size: float, leading: float, weight: Weight
) -> None:
    sheet.paragraph(
        owner,
        text,
        sheet.style(size, weight),
        leading=leading,
        offset=sheet.inner / 2,
        side=Side.MIDDLE,
        color=sheet.color(Tone.INK),
    )


def _rule(sheet: Sheet) -> None:
    sheet.y -= 4
    sheet.rule(sheet.theme.hairline)
    sheet.y -= 5


DRAW: Mapping[type, Draw] = {
    Head: draw_head,
    Strip: draw_strip,
    Banner: draw_banner,
    Fields: draw_fields,
    Table: draw_table,
    FramedSum: draw_sum,
    Sum: draw_sum,
    Prose: draw_prose,
    Space: draw_space,
    Signatures: draw_signatures,
    Closing: draw_closing,
}
