"""Pages as content leaves: every mark is either part of the structure tree or an artifact.

Knows nothing of receipts and nothing of PDF files; ``writing`` turns a drawing into bytes.
Lengths are points, the origin is the lower left corner.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from reportlab.graphics.barcode.code128 import Code128

from receipts.typesetting.cids import Pair
from receipts.typesetting.fonts import Weight, face
from receipts.typesetting.qr import qr_rows
from receipts.typesetting.shape import Line, Style, number_rare

BLACK = "0 0 0"
_DARK_RUN = re.compile("1+")


class Edge(StrEnum):
    """Which point of a line stands at the given x."""

    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"

    __hash__ = str.__hash__  # as for Weight


class Box(NamedTuple):
    """A rectangle by its lower left corner and its size."""

    x: float
    y: float
    width: float
    height: float


class Mark(NamedTuple):
    """A place in a page's content that an element owns."""

    page_index: int
    number: int


@dataclass(slots=True)
class Element:
    """A node of the structure tree, with the names of PDF's standard structure types."""

    role: str
    kids: list["Element | Mark"] = field(default_factory=list)
    alt: str = ""
    attributes: str = ""

    def add(self, role: str, *, alt: str = "", attributes: str = "") -> "Element":
        child = Element(role, alt=alt, attributes=attributes)
        self.kids.append(child)
        return child


@dataclass(slots=True)
class Page:
    """One page and the codes it uses of each face."""

    index: int
    width: float
    height: float
    leaves: list[str] = field(default_factory=list)
    cids: dict[Weight, set[int]] = field(default_factory=dict)
    rare: dict[Weight, set[Pair]] = field(default_factory=dict)
    owners: list[Element] = field(default_factory=list)  # by mark number

    def text(
        self,
        owner: Element,
        lines: tuple[Line, ...],
        style: Style,
        *,
        x: float,
        y: float,
        edge: Edge,
        leading: float = 0,
        color: str = BLACK,
    ) -> None:
        """Set lines one under the other, the first one's baseline at ``y``."""
        self._leaf(owner, _set_text(lines, style, x, y, edge, leading, color))
        for line in lines:
            self._use(style.weight, line)

    def qr(self, owner: Element, content: str, box: Box) -> None:
        """A QR code, its quiet zone not included, as rectangles one module high."""
        self.dots(owner, qr_rows(content), box, BLACK)

    def dots(self, owner: Element, rows: Sequence[str], box: Box, color: str) -> None:
        """A picture in one colour, from the top down, 1 for ink, as rectangles one dot high."""
        operators = [_scaled(box, len(rows[0]), len(rows), color)]
        for number, row in enumerate(rows, start=1):
            inked = " ".join([_INKED[found.span()] for found in _DARK_RUN.finditer(row)])
            if inked:
                operators.append(inked.replace("y", str(len(rows) - number)))
        self._leaf(owner, " ".join([*operators, "f Q"]))

    def barcode(self, owner: Element, content: str, box: Box) -> None:
        """A Code 128 barcode, its quiet zones not included."""
        symbol = Code128(content, quiet=0)
        symbol.validate()
        symbol.encode()
        pattern: str = symbol.decompose()
        widths = [ord(module.lower()) - ord("a") + 1 for module in pattern]
        operators = [_scaled(box, sum(widths), 1)]
        x = 0
        for module, width in zip(pattern, widths, strict=True):
            if module.isupper():
                operators.append(f"{x} 0 {width} 1 re")
            x += width
        self._leaf(owner, " ".join([*operators, "f Q"]))

    def fill(self, box: Box, color: str) -> None:
        """A filled rectangle, as decoration."""
        self._artifact(f"{color} rg {box.x:.2f} {box.y:.2f} {box.width:.2f} {box.height:.2f} re f")

    def frame(self, box: Box, color: str, thickness: float) -> None:
        """The outline of a rectangle, as decoration."""
        x, y, width, height = box
        self._artifact(f"{thickness:g} w {color} RG {x:.2f} {y:.2f} {width:.2f} {height:.2f} re S")

    def rule(self, x: float, y: float, width: float, color: str, thickness: float = 0.4) -> None:
        """A horizontal line, as decoration."""
        self._artifact(f"{thickness:g} w {color} RG {x:.2f} {y:.2f} m {x + width:.2f} {y:.2f} l S")

    def watermark(self, text: str, style: Style, color: str, *, center: float) -> None:
        """A word across the page around ``center``, drawn as outlines, never as copied text."""
        contour, width = _contour(text, style)
        scale = style.size / 1000
        x, y = center, self.height / 2
        slope = "0.8192 0.5736 -0.5736 0.8192"  # 35 degrees
        self._artifact(
            f"q {slope} {x:.2f} {y:.2f} cm {scale:g} 0 0 {scale:g} {-width * scale / 2:.2f}"
            f" {-style.size / 4:.2f} cm {color} rg {contour} f Q"
        )

    def operators(self, cid_of: dict[Weight, dict[Pair, int]]) -> str:
        """The page's content, rare pairs numbered by the document."""
        content = "\n".join(self.leaves)
        return number_rare(content, cid_of) if self.rare else content

    def _use(self, weight: Weight, line: Line) -> None:
        self.cids.setdefault(weight, set()).update(line.cids)
        if line.rare:
            self.rare.setdefault(weight, set()).update(line.rare)

    def _leaf(self, owner: Element, operators: str) -> None:
        number = len(self.owners)
        self.owners.append(owner)
        owner.kids.append(Mark(self.index, number))
        self.leaves.append(f"/{owner.role}<</MCID {number}>>BDC {operators} EMC")

    def _artifact(self, operators: str) -> None:
        self.leaves.append(f"/Artifact BMC {operators} EMC")


@dataclass(slots=True)
class Drawing:
    """Pages and the structure tree over them."""

    width: float
    height: float
    pages: list[Page] = field(default_factory=list)
    root: Element = field(default_factory=lambda: Element("Document"))

    def new_page(self) -> Page:
        page = Page(len(self.pages), self.width, self.height)
        self.pages.append(page)
        return page


def bounds(box: Box) -> str:
    """The attribute that tells readers where a figure stands."""
    right, top = box.x + box.width, box.y + box.height
    return f"/O/Layout/BBox[{box.x:.2f} {box.y:.2f} {right:.2f} {top:.2f}]"


_SHARE_BEFORE = {Edge.LEFT: 0.0, Edge.MIDDLE: 0.5, Edge.RIGHT: 1.0}


def _scaled(box: Box, columns: int, rows: int, color: str = BLACK) -> str:
    """Operators that make one unit the size of a module."""
    return (
        f"q {box.width / columns:.4f} 0 0 {box.height / rows:.4f} {box.x:.2f} {box.y:.2f} cm"
        f" {color} rg"
    )


@lru_cache(maxsize=8192)
def _set_text(
    lines: tuple[Line, ...],
    style: Style,
    x: float,
    y: float,
    edge: Edge,
    leading: float,
    color: str,
) -> str:
    """Operators of lines one under the other; what every document says alike is made once."""
    operators = [f"{color} rg BT /{style.weight} {style.size:g} Tf"]
    for number, line in enumerate(lines):
        left = x - _SHARE_BEFORE[edge] * line.width
        operators.append(f"1 0 0 1 {left:.2f} {y - number * leading:.2f} Tm {line.operators}")
    operators.append("ET")
    return " ".join(operators)


class _Inked(dict[tuple[int, int], str]):
    """The rectangle of neighbouring dots, from one to another, in a row called y."""

    def __missing__(self, span: tuple[int, int]) -> str:
        start, end = span
        found = self[span] = f"{start} y {end - start} 1 re"
        return found


_INKED = _Inked()


class _Contour:
    """A pen that writes PDF path operators, in thousandths of an em."""

    def __init__(self, units_per_em: int) -> None:
        self.operators: list[str] = []
        self.x = 0.0
        self.y = 0.0
        self._scale = 1000 / units_per_em
        self._at = (0.0, 0.0)

    def moveTo(self, point: tuple[float, float]) -> None:  # noqa: N802 - the pen's contract
        self._at = self._place(point)
        self.operators.append(f"{self._text(self._at)} m")

    def lineTo(self, point: tuple[float, float]) -> None:  # noqa: N802
        self._at = self._place(point)
        self.operators.append(f"{self._text(self._at)} l")

    def qCurveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        control, end = (self._place(point) for point in points)
        first, second = (
            (start[0] + (control[0] - start[0]) * 2 / 3, start[1] + (control[1] - start[1]) * 2 / 3)
            for start in (self._at, end)
        )
        self._at = end
        self.operators.append(" ".join(map(self._text, (first, second, end))) + " c")

    def curveTo(self, *points: tuple[float, float]) -> None:  # noqa: N802
        placed = [self._place(point) for point in points]
        self._at = placed[-1]
        self.operators.append(" ".join(map(self._text, placed)) + " c")

    def closePath(self) -> None:  # noqa: N802
        self.operators.append("h")

    def _place(self, point: tuple[float, float]) -> tuple[float, float]:
        return (self.x + point[0] * self._scale, self.y + point[1] * self._scale)

    @staticmethod
    def _text(point: tuple[float, float]) -> str:
        return f"{point[0]:.0f} {point[1]:.0f}"


@lru_cache(maxsize=32)
def _contour(text: str, style: Style) -> tuple[str, float]:
    """The outline of a word and its width, in thousandths of an em."""
    shaped_by = face(style.weight)
    pen = _Contour(shaped_by.units_per_em)
    advanced = 0.0
    for glyph in shaped_by.shape(text, is_rtl=bool(style.base)):
        pen.x, pen.y = advanced + glyph.x_offset, glyph.y_offset
        shaped_by.outline(glyph.glyph_id, pen)
        advanced += glyph.advance
    return " ".join(pen.operators), advanced
