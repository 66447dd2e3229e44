"""The paper of a receipt: the file first drawn, kept for ever, or the void copy once it is void."""

import hashlib
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.database import insert_if_new
from core.digits import isolate
from core.portable import sha256_of
from core.words import _, speaking
from receipts.documents.facts import ReceiptFacts
from receipts.documents.layouts import draw_receipt
from receipts.life.files import ReceiptFiles
from receipts.life.freezing import facts_of
from receipts.life.series import Receipt, ReceiptFile, ReceiptVoid
from receipts.seals.seal import Seal
from receipts.typesetting.text import day_text


class DrawingDiffers(Exception):
    """A receipt is not what it was when it was issued or first drawn: a defect or a forgery."""


def receipt_pdf(session: Session, receipt: Receipt, *, files: ReceiptFiles | None = None) -> bytes:
    """The receipt as a PDF: the same bytes each time, or the void copy once it is void.

    Without files it is drawn and nothing is kept, as where it is only compared.

    Raises DrawingDiffers when the facts were changed or the file is not the one first drawn,
    FileNotKept when it is drawn for the first time and cannot be written.
    """
    facts = shown_facts(session, receipt)
    return draw_receipt(facts) if facts.is_void else original_pdf(session, receipt, files=files)


def original_pdf(session: Session, receipt: Receipt, *, files: ReceiptFiles | None = None) -> bytes:
    """The receipt as it was issued, also when it is void by now.

    It is drawn once and kept; a file that is gone is drawn again and has to equal the kept hash.
    Raises DrawingDiffers, FileNotKept.
    """
    frozen_facts(receipt)
    pdf = files.read(receipt.number) if files else None
    if pdf is None:
        pdf = drawn_original(session, receipt, files.seal if files else None)
        pdf = files.keep(receipt.number, pdf) if files else pdf
    _require_same(session, receipt, pdf)
    return pdf


def drawn_original(session: Session, receipt: Receipt, seal: Seal | None) -> bytes:
    """The receipt as it was issued, drawn anew and kept nowhere.

    Raises DrawingDiffers where it is not the file that was first drawn.
    """
    pdf = draw_receipt(frozen_facts(receipt), seal=seal)
    _require_same(session, receipt, pdf)
    return pdf


def remember_file(session: Session, receipt_id: int, pdf: bytes, *, now: datetime) -> None:
    """Keep the hash of the file first drawn, once; a later drawing has to equal it."""
    session.execute(
        insert_if_new(
            session,
            ReceiptFile,
            receipt_id=receipt_id,
            pdf_hash=hashlib.sha256(pdf).hexdigest(),
            size_bytes=len(pdf),
            drawn_at=now,
        )
    )


def shown_facts(session: Session, receipt: Receipt) -> ReceiptFacts:
    """What the receipt says today: its frozen facts, marked void with the reason once it is void.

    Raises DrawingDiffers.
    """
    facts = frozen_facts(receipt)
    void = session.scalars(
        select(ReceiptVoid).where(ReceiptVoid.receipt_id == receipt.id)
    ).one_or_none()
    if void is None:
        return facts
    day = day_text(tehran_date(void.voided_at), facts.language)
    text = f"{day} – {void.reason}"
    successor = session.scalars(
        select(Receipt.number).where(Receipt.replaces_id == receipt.id)
    ).one_or_none()
    if successor is not None:
        with speaking(facts.language):
            text += " – " + _("replaced by %(number)s") % {"number": isolate(successor)}
    return replace(facts, is_void=True, void_text=text)


def frozen_facts(receipt: Receipt) -> ReceiptFacts:
    """The facts a receipt was issued with. Raises DrawingDiffers where they were changed."""
    frozen = [(receipt.facts, receipt.facts_hash)]
    if receipt.letterhead is not None:
        frozen.append((receipt.letterhead.facts, receipt.letterhead.facts_hash))
    for text, digest in frozen:
        if sha256_of(text) != digest:
            raise DrawingDiffers(
                f"receipt {receipt.number}: the facts are not those it was issued with"
            )
    return facts_of(receipt)


def _require_same(session: Session, receipt: Receipt, pdf: bytes) -> None:
    first_hash = session.scalars(
        select(ReceiptFile.pdf_hash).where(ReceiptFile.receipt_id == receipt.id)
    ).one_or_none()
    if first_hash is not None and first_hash != hashlib.sha256(pdf).hexdigest():
        raise DrawingDiffers(f"receipt {receipt.number}: not the file that was first drawn")
