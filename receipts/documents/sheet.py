"""A flow of text, rows and boxes down pages, A5 unless told otherwise, in either direction.

Positions along a line are measured from the *start* edge: the right margin in Persian, the left one
in English. Lengths are points. A sheet may fill a part of each page only: two sheets that share a
drawing stand side by side.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reportlab.lib.pagesizes import A5

from receipts.documents.palette import GREEN, HAIRLINE, INK, QUIET, RED, TINT
from receipts.pdf.page import BLACK, Box, Drawing, Edge, Element, Page
from receipts.typesetting.bidi import LTR, RTL
from receipts.typesetting.fonts import Weight
from receipts.typesetting.shape import Line, Style, set_paragraph

WIDTH, HEIGHT = A5
MARGIN = 34.0
INNER = WIDTH - 2 * MARGIN
BOTTOM = 42.0  # the footer stands below
_ASCENT = 1.02  # of the size: from the top of a line to its baseline
_MINIMUM_SPLIT = 3  # lines of a row that must fit before it may be split


class Side(StrEnum):
    """Where text stands within its space."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


class Look(NamedTuple):
    """How closely the body is set."""

    size: float
    leading: float
    padding: float
    gap: float


class Tone(StrEnum):
    """A colour by what it is for: a field of ``Theme``."""

    ACCENT = "accent"
    INK = "ink"
    QUIET = "quiet"
    ALARM = "alarm"


class Theme(NamedTuple):
    """The colours of a paper; an empty tint is not printed at all."""

    accent: str
    ink: str
    quiet: str
    hairline: str
    tint: str
    alarm: str


IN_GREEN = Theme(GREEN, INK, QUIET, HAIRLINE, TINT, RED)
IN_BLACK = Theme(BLACK, BLACK, BLACK, BLACK, "", BLACK)  # a roll has no second colour


class Frame(NamedTuple):
    """The part of a page that a sheet fills, from the left edge and over the whole height."""

    width: float
    height: float
    left: float = 0.0
    margin: float = MARGIN
    bottom: float = BOTTOM


ROOMY = Look(size=9.5, leading=15.4, padding=3.0, gap=10)
CLOSE = Look(size=8.5, leading=13.2, padding=1.6, gap=6)


class Cell(NamedTuple):
    """A text in a row: the element it is, where its space begins and how wide it is."""

    element: Element
    text: str
    offset: float
    width: float
    weight: Weight = Weight.REGULAR
    side: Side = Side.START
    color: str = BLACK


@dataclass(slots=True)
class Sheet:
    """The drawing being made: the page in hand and how far down it is used."""

    is_rtl: bool
    look: Look
    on_new_page: Callable[["Sheet"], None]
    drawing: Drawing
    frame: Frame
    root: Element
    theme: Theme = IN_GREEN
    number: int = 0  # of the page in hand
    y: float = 0.0

    @classmethod
    def begin(
        cls,
        *,
        is_rtl: bool,
        look: Look,
        on_new_page: Callable[["Sheet"], None],
        size: tuple[float, float] = A5,
    ) -> "Sheet":
        """A sheet that fills the pages of a drawing of its own."""
        drawing = Drawing(*size)
        sheet = cls(is_rtl, look, on_new_page, drawing, Frame(*size), drawing.root)
        sheet.turn_page()
        return sheet

    @property
    def inner(self) -> float:
        """How wide a line may be."""
        return self.frame.width - 2 * self.frame.margin

    @property
    def page(self) -> Page:
        return self.drawing.pages[self.number - 1]

    def color(self, tone: Tone) -> str:
        """A colour of the paper, as operands of PDF's rg and RG."""
        color: str = getattr(self.theme, tone)
        return color

    def turn_page(self) -> None:
        """Go on to the next page, which may be there already for the sheet beside this one."""
        self.number += 1
        if self.number > len(self.drawing.pages):
            self.drawing.new_page()
        self.y = self.frame.height - self.frame.margin
        self.on_new_page(self)

    def need(self, height: float) -> None:
        """Go on to a new page unless this much is left on this one."""
        if self.y - height < self.frame.bottom:
            self.turn_page()

    def style(self, size: float, weight: Weight = Weight.REGULAR) -> Style:
        return Style(weight, size, RTL if self.is_rtl else LTR)

    def box(self, offset: float, top: float, width: float, height: float) -> Box:
        """A rectangle by its distance from the start edge and its top."""
        left = self._end - offset - width if self.is_rtl else self._begin + offset
        return Box(left, top - height, width, height)

    def tint(self, box: Box) -> None:
        """Lay the paper's tint under what follows, where it has one."""
        if self.theme.tint:
            self.page.fill(box, self.theme.tint)

    def rule(self, color: str, *, offset: float = 0.0, width: float | None = None) -> None:
        """A hairline where the page is used, over the whole width if not told."""
        box = self.box(offset, self.y, self.inner if width is None else width, 0)
        self.page.rule(box.x, box.y, box.width, color)

    def line(
        self,
        owner: Element,
        text: str,
        style: Style,
        *,
        offset: float,
        baseline: float,
        side: Side = Side.START,
        color: str = BLACK,
        page: Page | None = None,
    ) -> None:
        """One line that is known to fit, on the page in hand unless another one is given."""
        lines = set_paragraph(text, style)
        self._place(owner, lines, style, offset, baseline, side, color, page=page)

    def line_count(self, text: str, style: Style, width: float) -> int:
        """How many lines a text will take."""
        return len(set_paragraph(text, style, width))

    def paragraph(
        self,
        owner: Element,
        text: str,
        style: Style,
        *,
        leading: float,
        offset: float = 0.0,
        width: float | None = None,
        side: Side = Side.START,
        color: str = BLACK,
    ) -> None:
        """Lines that flow on from where the page is used, over its whole width if not told."""
        lines = set_paragraph(text, style, self.inner if width is None else width)
        self.need(leading * len(lines))
        baseline = self.y - _ASCENT * style.size
        self._place(owner, lines, style, offset, baseline, side, color, leading)
        self.y -= leading * len(lines)

    def row(self, cells: Sequence[Cell], *, rule: str = "", tint: str = "") -> None:
        """A table row; one too tall for the rest of the page goes on the next, or is split."""
        look = self.look
        styles = [self.style(look.size, cell.weight) for cell in cells]
        columns = [
            set_paragraph(cell.text, style, cell.width)
            for cell, style in zip(cells, styles, strict=True)
        ]
        total, done = max(map(len, columns)), 0
        while done < total:
            room = int((self.y - self.frame.bottom - 2 * look.padding) / look.leading)
            if room < min(total - done, _MINIMUM_SPLIT) or (not done and room < total <= _FULL):
                self.turn_page()
                continue
            taken = min(room, total - done)
            height = taken * look.leading + 2 * look.padding
            if tint:
                self.page.fill(self.box(0, self.y, self.inner, height), tint)
            baseline = self.y - look.padding - _ASCENT * look.size
            for cell, style, lines in zip(cells, styles, columns, strict=True):
                part = lines[done : done + taken]
                if part:
                    anchor = cell.offset + _ANCHOR[cell.side] * cell.width
                    self._place(
                        cell.element,
                        part,
                        style,
                        anchor,
                        baseline,
                        cell.side,
                        cell.color,
                        look.leading,
                    )
            self.y -= height
            done += taken
        if rule:
            self.rule(rule)

    @property
    def _begin(self) -> float:
        return self.frame.left + self.frame.margin

    @property
    def _end(self) -> float:
        return self.frame.left + self.frame.width - self.frame.margin

    def _place(
        self,
        owner: Element,
        lines: tuple[Line, ...],
        style: Style,
        anchor: float,
        baseline: float,
        side: Side,
        color: str,
        leading: float = 0.0,
        page: Page | None = None,
    ) -> None:
        x = self._end - anchor if self.is_rtl else self._begin + anchor
        edge = _EDGE[self.is_rtl][side]
        (page or self.page).text(
            owner, lines, style, x=x, y=baseline, edge=edge, leading=leading, color=color
        )


_FULL = 24  # lines a row may have and still be kept whole on a fresh page
_ANCHOR = {Side.START: 0.0, Side.MIDDLE: 0.5, Side.END: 1.0}
_EDGE = {
    True: {Side.START: Edge.RIGHT, Side.MIDDLE: Edge.MIDDLE, Side.END: Edge.LEFT},
    False: {Side.START: Edge.LEFT, Side.MIDDLE: Edge.MIDDLE, Side.END: Edge.RIGHT},
}
