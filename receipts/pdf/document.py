"""What a file says of itself, and the container it is written in.

A container is chosen when a document is issued and belongs to its layout version, because a
document drawn again must come out in the very same bytes.
"""

from datetime import date
from enum import IntEnum
from typing import NamedTuple

from receipts.pdf.page import Drawing


class Container(IntEnum):
    """How objects become a file."""

    REPORTLAB = 1  # as receipts of layout version 1 were written: claims nothing, is never sealed
    LEAN = 2  # our own writer: PDF/A-2u and PDF/UA-1, can be sealed, can hold many documents


class DocumentFacts(NamedTuple):
    """What a file says of itself. ``identity`` is 16 bytes that only this document has."""

    title: str
    author: str
    language: str
    is_rtl: bool
    created_on: date
    identity: bytes
    container: Container = Container.LEAN


class Document(NamedTuple):
    """A drawing that is ready to be written."""

    drawing: Drawing
    facts: DocumentFacts
