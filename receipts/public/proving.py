"""Whether a file is a receipt of ours as we issued it: the file's own proof and our records.

The records say more than a seal: two files may both be sealed, but one of them is the one we keep.
Whoever holds our file, byte for byte, holds what it prints, so its details are shown; for every
other file no more is told than its number alone would tell.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.refusals import NotFound
from receipts.life.copies import ReceiptCopy, copy_pdf
from receipts.life.drawing import receipt_pdf
from receipts.life.files import ReceiptFiles
from receipts.life.numbering import UnreadableNumber, number_within
from receipts.life.series import Receipt, ReceiptFile, ReceiptState
from receipts.public.examined import Examined, SealFound
from receipts.public.findings import GENUINE, OF_KIND, Finding
from receipts.public.verifying import Verified, receipt_with, standing_of

_COPIES_MAX = 20
_FOR_STATE = {
    ReceiptState.ISSUED: Finding.GENUINE,
    ReceiptState.VOID: Finding.VOID,
    ReceiptState.REPLACED: Finding.REPLACED,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """What came out. ``receipt`` is the one the file is, or only names."""

    finding: Finding
    receipt: Verified | None = None
    seal: SealFound | None = None

    @property
    def is_genuine(self) -> bool:
        """Whether the file is ours, unchanged, and stands."""
        return self.finding in GENUINE


def prove(session: Session, file: bytes, examined: Examined, *, files: ReceiptFiles) -> Proof:
    """Judge a file by its own bytes and by what we keep of every receipt.

    Raises DrawingDiffers where our own records contradict each other.
    """
    kept = _kept(session, [file])
    if kept is not None:
        return _of_ours(session, kept, examined)
    beginnings = [file[:end] for end in examined.earlier_ends]
    begun = _kept(session, beginnings)
    if begun is not None:
        standing = standing_of(session, begun)
        return Proof(Finding.APPENDED_TO_OURS, standing, examined.seal)
    named = _named(session, examined.title)
    if named is not None:
        if file in _drawn(session, named, files):
            return _of_ours(session, named, examined)
        if file in _copies(session, named):
            return _of_ours(session, named, examined, copy=True)
    finding = _by_itself(examined)
    if finding is Finding.SEAL_HOLDS:
        finding = Finding.SEALED if named is None else Finding.NOT_THE_KEPT_FILE
    elif finding is Finding.NOT_SEALED:
        finding = Finding.FOREIGN if named is None else Finding.RE_SAVED
    return Proof(finding, standing_of(session, named) if named else None, examined.seal)


def prove_without_records(examined: Examined) -> Proof:
    """Judge a file by its own bytes alone: what anybody can who has the trusted certificate."""
    return Proof(_by_itself(examined), seal=examined.seal)


def _of_ours(
    session: Session, receipt: Receipt, examined: Examined, *, copy: bool = False
) -> Proof:
    finding = _FOR_STATE[receipt.state]
    if copy and finding is Finding.GENUINE:
        finding = Finding.COPY
    return Proof(finding, standing_of(session, receipt, is_opened=True), examined.seal)


def _by_itself(examined: Examined) -> Finding:
    """The worst first: what is wrong hides what is right about a file."""
    seal = examined.seal
    if seal is None:
        return OF_KIND.get(examined.kind, Finding.NOT_SEALED)
    if seal.has_later_revision or not seal.covers_whole_file:
        return Finding.APPENDED if seal.is_intact else Finding.CHANGED
    if not seal.is_intact:
        return Finding.CHANGED
    return Finding.SEAL_HOLDS if seal.is_trusted else Finding.UNKNOWN_SEALER


def _kept(session: Session, files: Iterable[bytes]) -> Receipt | None:
    """The receipt whose file one of these is, byte for byte."""
    digests = [hashlib.sha256(file).hexdigest() for file in files]
    return session.scalars(
        select(Receipt)
        .join(ReceiptFile, ReceiptFile.receipt_id == Receipt.id)
        .where(ReceiptFile.pdf_hash.in_(digests))
        .order_by(Receipt.id)
    ).first()


def _drawn(session: Session, receipt: Receipt, files: ReceiptFiles) -> Iterator[bytes]:
    """What was given out under a number beside what we keep the hash of; nothing is written here.

    The file that lies there before its hash does, and the void copy, which is drawn each time.
    """
    kept = files.read(receipt.number)
    if kept is not None:
        yield kept
    if receipt.void is not None:
        yield receipt_pdf(session, receipt)


def _copies(session: Session, receipt: Receipt) -> Iterator[bytes]:
    """The latest numbered copies, drawn again one by one as they are asked for."""
    latest = select(ReceiptCopy).where(ReceiptCopy.receipt_id == receipt.id)
    for copy in session.scalars(latest.order_by(ReceiptCopy.id.desc()).limit(_COPIES_MAX)):
        yield copy_pdf(session, copy)


def _named(session: Session, title: str) -> Receipt | None:
    """The receipt that a title names."""
    try:
        return receipt_with(session, number_within(title))
    except (UnreadableNumber, NotFound):
        return None
