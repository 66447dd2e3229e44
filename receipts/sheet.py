"""A flow of text, rows and boxes down pages, A5 unless told otherwise, in either direction.

Positions along a line are measured from the *start* edge: the right margin in Persian, the left one
in English. Lengths are points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from reportlab.lib.pagesizes import A5

from receipts.bidi import LTR, RTL
from receipts.fonts import Weight
from receipts.page import BLACK, Box, Drawing, Edge, Element, Page
from receipts.shape import Line, Style, set_paragraph

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
        sheet = cls(is_rtl, look, on_new_page, Drawing(*size))
        sheet.turn_page()
        return sheet

    @property
    def inner(self) -> float:
        """How wide a line may be."""
        return self.drawing.width - 2 * MARGIN

    @property
    def page(self) -> Page:
        return self.drawing.pages[-1]

    def turn_page(self) -> None:
        self.drawing.new_page()
        self.y = self.drawing.height - MARGIN
        self.on_new_page(self)

    def need(self, height: float) -> None:
        """Go on to a new page unless this much is left on this one."""
        if self.y - height < BOTTOM:
            self.turn_page()

    def style(self, size: float, weight: Weight = Weight.REGULAR) -> Style:
        return Style(weight, size, RTL if self.is_rtl else LTR)

    def box(self, offset: float, top: float, width: float, height: float) -> Box:
        """A rectangle by its distance from the start edge and its top."""
        right = self.drawing.width - MARGIN
        left = right - offset - width if self.is_rtl else MARGIN + offset
        return Box(left, top - height, width, height)

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
        color: str = BLACK,
    ) -> None:
        """Lines that flow on from where the page is used, over its whole width if not told."""
        lines = set_paragraph(text, style, self.inner if width is None else width)
        self.need(leading * len(lines))
        baseline = self.y - _ASCENT * style.size
        self._place(owner, lines, style, offset, baseline, Side.START, color, leading)
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
            room = int((self.y - BOTTOM - 2 * look.padding) / look.leading)
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
            self.page.rule(MARGIN, self.y, self.inner, rule)

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
        x = self.drawing.width - MARGIN - anchor if self.is_rtl else MARGIN + anchor
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
