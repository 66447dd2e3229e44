"""From documents to PDF files, one document in a file or many.

The same document gives the same bytes, sealed with an RSA key too: nothing is taken from the clock.
"""

import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from receipts.pdf.document import Container, Document, DocumentFacts
from receipts.pdf.lean import write_documents, write_lean
from receipts.pdf.page import Drawing
from receipts.pdf.reportlab_file import write_reportlab
from receipts.seals.sealing import Seal

__all__ = [
    "BATCH_LIMIT",
    "BatchTooLarge",
    "Container",
    "Document",
    "DocumentFacts",
    "write_batch",
    "write_batch_file",
    "write_pdf",
]

BATCH_LIMIT = 1000  # documents in one file: what a reader still opens at once


class BatchTooLarge(ValueError):
    """More documents than one file may hold; the caller has to make several files."""


def write_pdf(drawing: Drawing, facts: DocumentFacts, *, seal: Seal | None = None) -> bytes:
    """The file of one document, sealed where a seal is given.

    Raises ValueError for a seal on a document of the first container, which has no room for one.
    """
    if facts.container is Container.LEAN:
        return write_lean(drawing, facts, seal)
    if seal is not None:
        raise ValueError(f"{facts.title}: the first container cannot be sealed")
    return write_reportlab(drawing, facts)


def write_batch(documents: Iterable[Document], file: BinaryIO) -> None:
    """One file of many documents, in their order, written as they come.

    Fonts are shared, memory stays flat, nothing is sealed: these are copies to print. The file says
    of itself what the first document says. Raises BatchTooLarge after ``BATCH_LIMIT`` documents and
    ValueError when there is none; what was written until then is no whole file.
    """
    write_documents(_counted(documents), file)


def write_batch_file(documents: Iterable[Document], path: Path) -> None:
    """One file of many documents at a path, where it appears whole or not at all.

    Raises as ``write_batch`` does, and OSError where the disk is full; what stood there before then
    still stands there.
    """
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with fresh.open("xb") as file:
            write_batch(documents, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _counted(documents: Iterable[Document]) -> Iterable[Document]:
    for number, document in enumerate(documents):
        if number == BATCH_LIMIT:
            raise BatchTooLarge(f"more than {BATCH_LIMIT} documents for one file")
        yield document
