"""A document as data: what stands on it from top to bottom, in one language.

How a block looks is told in ``wide`` for sheets and in ``narrow`` for a roll; what becomes of the
whole in ``composing``. Texts are ready to be set: codes and numbers are isolated already
(``receipts.typesetting.text``). Lengths are points.
"""

from datetime import date
from typing import NamedTuple

from receipts.documents.facts import Signatory
from receipts.documents.palette import SAMPLE_TINT
from receipts.documents.sheet import CLOSE, ROOMY, Look, Side, Tone
from receipts.pdf.document import Container
from receipts.typesetting.fonts import Weight


class Code(NamedTuple):
    """Something to scan, what it is called for those who cannot see it, and the words under it."""

    content: str
    alt: str
    caption: str = ""


class HeadLine(NamedTuple):
    """One line of a head; ``before`` is the space above it."""

    role: str
    text: str
    size: float
    leading: float
    weight: Weight = Weight.REGULAR
    tone: Tone = Tone.INK
    before: float = 0.0


class Head(NamedTuple):
    """Who issues the document and what it is, with a QR code at the far edge."""

    lines: tuple[HeadLine, ...]
    qr: Code | None = None
    qr_size: float = 70.0
    side: Side = Side.START


class StripCell(NamedTuple):
    """A value that is looked for first, where it begins, and a quieter line under it."""

    label: str
    value: str
    offset: float
    below: str = ""


class Strip(NamedTuple):
    """Number and days, on a tint."""

    cells: tuple[StripCell, ...]
    size: float = 12.0


class Banner(NamedTuple):
    """A framed sentence that nobody may miss."""

    text: str
    tone: Tone = Tone.ALARM


class Field(NamedTuple):
    """A label and its value."""

    label: str
    value: str
    weight: Weight = Weight.REGULAR


class Fields(NamedTuple):
    """Labelled values, one a row or two side by side."""

    rows: tuple[tuple[Field, ...], ...]
    label_width: float = 92.0
    second: float = 186.0  # where a second field of a row begins
    second_label: float = 58.0


class Column(NamedTuple):
    """A column of a table: its heading, its share of the width, where its text stands."""

    heading: str
    share: float
    side: Side = Side.START


class Table(NamedTuple):
    """A titled table; the first column is what a narrow paper prints on a line of its own."""

    heading: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    has_sum: bool = False  # the last row adds up the others
    keeps_first_row: bool = True  # headings never stand alone at the foot of a page


class FramedSum(NamedTuple):
    """The sum of the money in figures, in words and in tomans, as layout 1 has it."""

    label: str
    figures: str
    spoken: str


class Sum(NamedTuple):
    """The sum of the money, on a tint with a bar at its start."""

    label: str
    figures: str
    spoken: str


class Prose(NamedTuple):
    """Paragraphs; in the middle, they keep to the middle part of the line."""

    paragraphs: tuple[str, ...]
    size: float
    leading: float
    side: Side = Side.START
    weight: Weight = Weight.REGULAR
    tone: Tone = Tone.INK
    share: float = 1.0  # of the width
    after: float = 8.0


class Space(NamedTuple):
    """Nothing, so high: the usual gap if not told."""

    height: float | None = None


class Signatures(NamedTuple):
    """Who signs, side by side, and the seal; ``hands`` are lines to be signed on paper.

    Where ``is_low``, they stand just above the imprint however short the text is.
    """

    signatories: tuple[Signatory, ...]
    seal: tuple[str, ...] = ()  # rows of dots from the top down, 1 for ink
    seal_name: str = ""
    seal_alt: str = ""
    hands: tuple[str, ...] = ()
    is_low: bool = False


class Imprint(NamedTuple):
    """The foot of a certificate: small lines at the start, the code to verify it at the end."""

    lines: tuple[str, ...]
    qr: Code


class Closing(NamedTuple):
    """Codes to type and to scan, and small print, at the foot of the last page.

    The QR code is for a narrow paper, whose head has no room for it.
    """

    codes: tuple[tuple[str, str], ...]  # label, code ready to be set
    barcode: Code | None
    notes: tuple[str, ...]
    qr: Code | None = None


Block = (
    Head
    | Strip
    | Banner
    | Fields
    | Table
    | FramedSum
    | Sum
    | Prose
    | Space
    | Signatures
    | Imprint
    | Closing
)


class Running(NamedTuple):
    """What stands on every page: the mark below the text, the band, the foot."""

    continued: str
    foot: str
    page_of: str  # with {page} and {pages}
    mark: str = ""  # a word across the page
    mark_size: float = 98.0
    mark_tint: str = SAMPLE_TINT
    is_alarm: bool = False
    has_border: bool = False
    is_bare: bool = False  # without tints, so that nothing covers the mark


class Layout(NamedTuple):
    """A whole document as data. ``identity`` is 16 bytes that only this document has."""

    language: str
    title: str
    author: str
    created_on: date
    identity: bytes
    blocks: tuple[Block, ...]
    running: Running
    looks: tuple[Look, ...] = (ROOMY, CLOSE)  # the next one is taken where it saves a page
    container: Container = Container.LEAN
