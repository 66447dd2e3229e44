"""How each block of a document is drawn on a sheet of A5 or A4."""

from collections.abc import Callable, Mapping
from typing import Any

from receipts.documents.blocks import (
    Banner,
    Closing,
    Code,
    Field,
    Fields,
    FramedSum,
    Head,
    Imprint,
    Prose,
    Signatures,
    Space,
    Strip,
    Sum,
    Table,
)
from receipts.documents.endings import draw_closing, draw_imprint, draw_signatures
from receipts.documents.sheet import Cell, Sheet, Side, Tone
from receipts.pdf.page import Element, bounds
from receipts.typesetting.fonts import Weight

_INDENT = 10.0
_BAR = 3.0
_KEPT = 12  # lines of a first row that must stand with its headings

Draw = Callable[[Sheet, Any], None]


def draw_head(sheet: Sheet, block: Head) -> None:
    top = sheet.y + 4
    width = sheet.inner - block.qr_size - 14 if block.qr else sheet.inner
    sheet.y = top
    for line in block.lines:
        sheet.y -= line.before
        sheet.paragraph(
            sheet.root.add(line.role),
            line.text,
            sheet.style(line.size, line.weight),
            leading=line.leading,
            width=width,
            offset=width / 2 if block.side is Side.MIDDLE else 0.0,
            side=block.side,
            color=sheet.color(line.tone),
        )
    if block.qr:
        below = _draw_qr(sheet, block.qr, block.qr_size, top)
        sheet.y = min(sheet.y, below - 14) - 4


def draw_strip(sheet: Sheet, block: Strip) -> None:
    height = 50.0 if any(cell.below for cell in block.cells) else 40.0
    sheet.tint(sheet.box(0, sheet.y, sheet.inner, height))
    for cell in block.cells:
        for text, size, weight, drop, tone in (
            (cell.label, 7.5, Weight.REGULAR, 14, Tone.QUIET),
            (cell.value, block.size, Weight.BOLD, 31, Tone.INK),
            (cell.below, 7.5, Weight.REGULAR, 43, Tone.QUIET),
        ):
            if text:
                sheet.line(
                    sheet.root.add("P"),
                    text,
                    sheet.style(size, weight),
                    offset=cell.offset,
                    baseline=sheet.y - drop,
                    color=sheet.color(tone),
                )
    sheet.y -= height + sheet.look.gap


def draw_banner(sheet: Sheet, block: Banner) -> None:
    style, width = sheet.style(9.5, Weight.BOLD), sheet.inner - 20
    sheet.need(10 + 16 * sheet.line_count(block.text, style, width))
    top, color = sheet.y, sheet.color(block.tone)
    sheet.y -= 5
    owner = sheet.root.add("P")
    sheet.paragraph(owner, block.text, style, leading=16, offset=10, width=width, color=color)
    sheet.y -= 5
    sheet.page.frame(sheet.box(0, top, sheet.inner, top - sheet.y), color, 0.9)
    sheet.y -= sheet.look.gap - 4


def draw_fields(sheet: Sheet, block: Fields) -> None:
    """A labelled row each, or two side by side."""
    listed = sheet.root.add("L")
    for first, *others in block.rows:
        end = block.second - 8 if others else sheet.inner
        cells = _field(sheet, listed, first, end=end, label=block.label_width)
        for other in others:
            cells += _field(
                sheet,
                listed,
                other,
                begin=block.second,
                end=sheet.inner,
                label=block.second_label,
            )
        sheet.row(cells, rule=sheet.theme.hairline)
    sheet.y -= sheet.look.gap


def draw_table(sheet: Sheet, block: Table) -> None:
    look, ink = sheet.look, sheet.color(Tone.INK)
    sheet.need(_beginning(sheet, block))
    if block.heading:
        owner = sheet.root.add("H2")
        style = sheet.style(look.size + 1, Weight.BOLD)
        accent = sheet.color(Tone.ACCENT)
        sheet.paragraph(owner, block.heading, style, leading=look.leading + 4, color=accent)
    table = sheet.root.add("Table")
    spaces: list[tuple[float, float, Side]] = []
    offset = 0.0
    for column in block.columns:
        spaces.append((offset + 7, column.share * sheet.inner - 14, column.side))
        offset += column.share * sheet.inner
    row = table.add("TR")
    head = [
        Cell(
            row.add("TH", attributes="/O/Table/Scope/Column"),
            column.heading,
            start,
            width,
            weight=Weight.BOLD,
            side=side,
            color=ink,
        )
        for column, (start, width, side) in zip(block.columns, spaces, strict=True)
    ]
    sheet.row(head, tint=sheet.theme.tint)
    for number, texts in enumerate(block.rows, 1):
        is_sum = block.has_sum and number == len(block.rows)
        weight = Weight.BOLD if is_sum else Weight.REGULAR
        row = table.add("TR")
        cells = [
            Cell(row.add("TD"), text, start, width, weight=weight, side=side, color=ink)
            for text, (start, width, side) in zip(texts, spaces, strict=True)
        ]
        sheet.row(cells, rule=sheet.theme.hairline, tint=sheet.theme.tint if is_sum else "")


def draw_framed_sum(sheet: Sheet, block: FramedSum) -> None:
    """The sum in figures, in words and in tomans, kept together."""
    height = _sum_height(sheet, block.spoken)
    sheet.need(height + 6)
    sheet.y -= 6
    sheet.page.frame(sheet.box(0, sheet.y, sheet.inner, height), sheet.theme.accent, 0.8)
    _sum_texts(sheet, block.label, block.figures, block.spoken)


def draw_sum(sheet: Sheet, block: Sum) -> None:
    height = _sum_height(sheet, block.spoken)
    sheet.need(height + 2)
    sheet.tint(sheet.box(0, sheet.y, sheet.inner, height))
    sheet.page.fill(sheet.box(0, sheet.y, _BAR, height), sheet.theme.accent)
    _sum_texts(sheet, block.label, block.figures, block.spoken)


def draw_prose(sheet: Sheet, block: Prose) -> None:
    width = sheet.inner * block.share
    is_middle = block.side is Side.MIDDLE
    for text in block.paragraphs:
        sheet.paragraph(
            sheet.root.add("P"),
            text,
            sheet.style(block.size, block.weight),
            leading=block.leading,
            width=width,
            offset=sheet.inner / 2 if is_middle else 0.0,
            side=block.side,
            color=sheet.color(block.tone),
        )
    sheet.y -= block.after


def draw_space(sheet: Sheet, block: Space) -> None:
    sheet.y -= sheet.look.gap if block.height is None else block.height


def _draw_qr(sheet: Sheet, code: Code, size: float, top: float) -> float:
    """The code at the end of the line; returns where it ends."""
    figure = sheet.root.add("Figure", alt=code.alt)
    box = sheet.box(sheet.inner - size, top, size, size)
    figure.attributes = bounds(box)
    sheet.page.qr(figure, code.content, box)
    sheet.line(
        sheet.root.add("P"),
        code.caption,
        sheet.style(7),
        offset=sheet.inner - size / 2,
        baseline=box.y - 10,
        side=Side.MIDDLE,
        color=sheet.color(Tone.QUIET),
    )
    return box.y


def _field(
    sheet: Sheet, listed: Element, field: Field, *, begin: float = 0.0, end: float, label: float
) -> list[Cell]:
    """A label and its value, side by side."""
    item, start = listed.add("LI"), begin + label
    quiet, ink = sheet.color(Tone.QUIET), sheet.color(Tone.INK)
    return [
        Cell(item.add("Lbl"), field.label, begin, label - 6, color=quiet),
        Cell(item.add("LBody"), field.value, start, end - start, weight=field.weight, color=ink),
    ]


def _beginning(sheet: Sheet, block: Table) -> float:
    """What must stand together: heading, column headings and the first row."""
    look = sheet.look
    if not block.keeps_first_row:
        return 3 * (look.leading + 2 * look.padding)
    headings = [column.heading for column in block.columns]
    height = look.leading + 4
    for texts, weight in ((headings, Weight.BOLD), (block.rows[0], Weight.REGULAR)):
        lines = max(
            sheet.line_count(text, sheet.style(look.size, weight), column.share * sheet.inner - 14)
            for text, column in zip(texts, block.columns, strict=True)
        )
        height += min(lines, _KEPT) * look.leading + 2 * look.padding
    return height


def _sum_height(sheet: Sheet, spoken: str) -> float:
    width = sheet.inner - 2 * _INDENT
    lines = sheet.line_count(spoken, sheet.style(sheet.look.size), width)
    return 40 + sheet.look.leading * lines


def _sum_texts(sheet: Sheet, label: str, figures: str, spoken: str) -> None:
    look, root, ink = sheet.look, sheet.root, sheet.color(Tone.INK)
    baseline = sheet.y - 22
    style = sheet.style(look.size + 0.5, Weight.BOLD)
    sheet.line(root.add("P"), label, style, offset=_INDENT, baseline=baseline, color=ink)
    sheet.line(
        root.add("P"),
        figures,
        sheet.style(15, Weight.BOLD),
        offset=sheet.inner - _INDENT,
        baseline=baseline - 1,
        side=Side.END,
        color=sheet.color(Tone.ACCENT),
    )
    sheet.y -= 34
    sheet.paragraph(
        root.add("P"),
        spoken,
        sheet.style(look.size),
        leading=look.leading,
        offset=_INDENT,
        width=sheet.inner - 2 * _INDENT,
        color=ink,
    )
    sheet.y -= 6 + look.gap


DRAW: Mapping[type, Draw] = {
    Head: draw_head,
    Strip: draw_strip,
    Banner: draw_banner,
    Fields: draw_fields,
    Table: draw_table,
    FramedSum: draw_framed_sum,
    Sum: draw_sum,
    Prose: draw_prose,
    Space: draw_space,
    Signatures: draw_signatures,
    Imprint: draw_imprint,
    Closing: draw_closing,
}
