"""The receipt on paper: the same bytes for the same facts, paper and copy.

A layout that has been used is never changed, because receipts already issued are drawn with it
again; a new one gets a new version in ``_LAYOUTS``.
"""

from collections.abc import Callable, Mapping

from receipts.documents.blocks import Layout
from receipts.documents.composing import Paper, compose
from receipts.documents.facts import ReceiptFacts
from receipts.documents.layout_1 import version_1
from receipts.documents.layout_2 import version_2
from receipts.pdf.document import Container, Document
from receipts.pdf.writing import write_pdf
from receipts.seals.sealing import Seal

__all__ = [
    "OFFICE_COPY",
    "RECEIPT_PAPERS",
    "Paper",
    "UnknownLayout",
    "draw_receipt",
    "receipt_document",
]

RECEIPT_PAPERS = (Paper.A5, Paper.TWO_UP, Paper.ROLL)
OFFICE_COPY = 0  # the second sheet of a two-up: it stays at the desk and is not counted


class UnknownLayout(Exception):
    """Facts ask for a layout version that this program does not have."""


def draw_receipt(
    facts: ReceiptFacts,
    *,
    paper: Paper = Paper.A5,
    copy: int | None = None,
    seal: Seal | None = None,
) -> bytes:
    """Draw the receipt as a PDF. The same facts give the same bytes. Raises as the document.

    A seal is set where the layout has room for one: not on originals of layout 1.
    """
    document = receipt_document(facts, paper=paper, copy=copy)
    is_sealable = document.facts.container is Container.LEAN
    return write_pdf(*document, seal=seal if is_sealable else None)


def receipt_document(
    facts: ReceiptFacts, *, paper: Paper = Paper.A5, copy: int | None = None
) -> Document:
    """The receipt as a drawing: the original, or the copy of that number.

    On two-up A4 the copy for the desk stands beside it. Raises UnknownGlyph for a character that
    cannot be printed and BeyondWords for an amount that cannot be written out;
    ``require_printable`` and ``persian_words`` find both beforehand.
    """
    layout = _LAYOUTS.get(facts.layout_version)
    if layout is None:
        raise UnknownLayout(f"receipt {facts.number}: layout {facts.layout_version}")
    if facts.layout_version == 1 and (copy or paper is not Paper.A5):
        layout = version_2  # layout 1 has no word for a copy, and no other paper
    if paper is Paper.TWO_UP:
        return compose([layout(facts, copy), layout(facts, OFFICE_COPY)], paper)
    return compose([layout(facts, copy)], paper)


_LAYOUTS: Mapping[int, Callable[[ReceiptFacts, int | None], Layout]] = {
    1: lambda facts, _original: version_1(facts),
    2: version_2,
}
