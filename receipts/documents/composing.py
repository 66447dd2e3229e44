"""From a layout to a drawing: which paper, which look, what stands on every page."""

import hashlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from reportlab.lib.pagesizes import A4, A5, landscape
from reportlab.lib.units import mm

from core.digits import to_persian
from receipts.documents.blocks import Layout, Running
from receipts.documents.narrow import DRAW as DRAW_NARROW
from receipts.documents.palette import GREEN, HAIRLINE, QUIET, RED
from receipts.documents.sheet import (
    IN_BLACK,
    IN_GREEN,
    Frame,
    Look,
    Sheet,
    Side,
    Theme,
    Tone,
)
from receipts.documents.wide import DRAW as DRAW_WIDE
from receipts.documents.wide import Draw
from receipts.pdf.document import Document, DocumentFacts
from receipts.pdf.page import Box, Drawing
from receipts.typesetting.fonts import Weight
from receipts.typesetting.text import PERSIAN


class Paper(StrEnum):
    """What a document is printed on."""

    A5 = "a5"
    TWO_UP = "two-up"  # A4 lying, with two of A5 side by side: to be cut in the middle
    A4 = "a4"
    A4_LYING = "a4-lying"
    ROLL = "roll"  # 80 mm wide, as long as it takes


class Format(NamedTuple):
    """How a paper is filled: its size, its sheets from the start edge on, its colours."""

    width: float
    height: float
    frames: tuple[Frame, ...]
    theme: Theme = IN_GREEN
    draw: Mapping[type, Draw] = DRAW_WIDE

    @property
    def is_roll(self) -> bool:
        return self.draw is DRAW_NARROW


_ROLL_WIDTH, _ROLL_MARGIN = 80 * mm, 4.5 * mm
_ROLL_LENGTH = 14_400.0  # the longest page that PDF readers promise to show
_ROLL_END = 18.0
_ROLL_LOOK = Look(size=8.5, leading=13.2, padding=1.6, gap=7)
_BAND = 7.0
_FOOT, _FOOT_IN_BORDER, _FOOT_SIZE = 27.0, 40.0, 6.8


def compose(layouts: Sequence[Layout], paper: Paper) -> Document:
    """Draw a document, one layout a sheet of the paper: the original and then its copies.

    Raises UnknownGlyph for a character that cannot be printed.
    """
    form = _format(paper)
    first = layouts[0]
    if form.is_roll:
        drawing = _rolled(form, first)
    else:
        drawing = _drawn(form, layouts, first.looks[0])
        for look in first.looks[1:]:
            if len(drawing.pages) > 1:
                closer = _drawn(form, layouts, look)
                drawing = closer if len(closer.pages) < len(drawing.pages) else drawing
    facts = DocumentFacts(
        title=first.title,
        author=first.author,
        language=first.language,
        is_rtl=first.language == PERSIAN,
        created_on=first.created_on,
        identity=_identity(layouts, paper),
        container=first.container,
    )
    return Document(drawing, facts)


def _format(paper: Paper) -> Format:
    match paper:
        case Paper.TWO_UP:
            width, height = landscape(A4)
            half = width / 2
            return Format(width, height, (Frame(half, height), Frame(half, height, left=half)))
        case Paper.ROLL:
            roll = Frame(_ROLL_WIDTH, _ROLL_LENGTH, margin=_ROLL_MARGIN, bottom=_ROLL_END)
            return Format(_ROLL_WIDTH, _ROLL_LENGTH, (roll,), IN_BLACK, DRAW_NARROW)
        case Paper.A4_LYING:
            width, height = landscape(A4)
            return Format(width, height, (Frame(width, height, margin=72, bottom=64),))
        case Paper.A4:
            width, height = A4
            return Format(width, height, (Frame(width, height, margin=48, bottom=48),))
        case Paper.A5:
            width, height = A5
            return Format(width, height, (Frame(width, height),))


def _drawn(form: Format, layouts: Sequence[Layout], look: Look) -> Drawing:
    drawing = Drawing(form.width, form.height)
    frames = form.frames[: len(layouts)]
    if layouts[0].language == PERSIAN:
        frames = frames[::-1]  # the original stands where reading begins
    for frame, layout in zip(frames, layouts, strict=True):
        root = drawing.root if len(frames) == 1 else drawing.root.add("Part")
        running = layout.running
        sheet = Sheet(
            is_rtl=layout.language == PERSIAN,
            look=look,
            on_new_page=partial(_begin_page, running=running),
            drawing=drawing,
            frame=frame,
            root=root,
            theme=form.theme._replace(tint="") if running.is_bare else form.theme,
        )
        sheet.turn_page()
        for block in layout.blocks:
            form.draw[type(block)](sheet, block)
        _feet(sheet, running)
    if len(frames) > 1:
        _cutting_line(drawing)
    return drawing


def _rolled(form: Format, layout: Layout) -> Drawing:
    """A roll is drawn twice: once to learn how long it is, then at that length."""
    long = _fed(form, layout)
    used = form.height - long.y + _ROLL_END + 0.5  # sums of lengths are not exact
    frame = form.frames[0]._replace(height=used)
    return _fed(form._replace(height=used, frames=(frame,)), layout).drawing


def _fed(form: Format, layout: Layout) -> Sheet:
    drawing = Drawing(form.width, form.height)
    sheet = Sheet(
        is_rtl=layout.language == PERSIAN,
        look=_ROLL_LOOK,
        on_new_page=lambda _sheet: None,
        drawing=drawing,
        frame=form.frames[0],
        root=drawing.root,
        theme=form.theme,
    )
    sheet.turn_page()
    for block in layout.blocks:
        form.draw[type(block)](sheet, block)
    return sheet


def _begin_page(sheet: Sheet, *, running: Running) -> None:
    """Marks go below everything else, light enough to read through."""
    frame = sheet.frame
    if running.mark:
        style = sheet.style(running.mark_size, Weight.BOLD)
        center = frame.left + frame.width / 2
        sheet.page.watermark(running.mark, style, running.mark_tint, center=center)
    band = RED if running.is_alarm else GREEN
    if running.has_border:
        _border(sheet, band)
    else:
        sheet.page.fill(Box(frame.left, frame.height - _BAND, frame.width, _BAND), band)
    if sheet.number > 1:
        owner, style = sheet.root.add("P"), sheet.style(9, Weight.BOLD)
        accent = sheet.color(Tone.ACCENT)
        sheet.paragraph(owner, running.continued, style, leading=18, color=accent)
        sheet.rule(HAIRLINE)
        sheet.y -= 8


def _border(sheet: Sheet, color: str) -> None:
    """Two frames around the page, the inner one fine."""
    for inset, thickness in ((22.0, 2.4), (28.0, 0.6)):
        width, height = sheet.frame.width - 2 * inset, sheet.frame.height - 2 * inset
        sheet.page.frame(Box(sheet.frame.left + inset, inset, width, height), color, thickness)


def _feet(sheet: Sheet, running: Running) -> None:
    """Written last, because only then the number of pages is known."""
    style = sheet.style(_FOOT_SIZE)
    baseline = _FOOT_IN_BORDER if running.has_border else _FOOT
    for page in sheet.drawing.pages[: sheet.number]:
        counted = running.page_of.format(page=page.index + 1, pages=sheet.number)
        counted = to_persian(counted) if sheet.is_rtl else counted
        for text, offset, side in (
            (running.foot, 0.0, Side.START),
            (counted, sheet.inner, Side.END),
        ):
            sheet.line(
                sheet.root.add("P"),
                text,
                style,
                offset=offset,
                baseline=baseline,
                side=side,
                color=QUIET,
                page=page,
            )


def _cutting_line(drawing: Drawing) -> None:
    for page in drawing.pages:
        middle = page.width / 2
        for start in range(12, int(page.height) - 12, 8):
            page.fill(Box(middle - 0.2, start, 0.4, 4), HAIRLINE)


def _identity(layouts: Sequence[Layout], paper: Paper) -> bytes:
    """A document on its usual paper has its own identity, any other printing one of its own."""
    if len(layouts) == 1 and paper is not Paper.ROLL:
        return layouts[0].identity
    parts = [layout.identity for layout in layouts]
    return hashlib.sha256(b"".join([paper.encode(), *parts])).digest()[:16]
