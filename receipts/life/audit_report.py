"""The audit of receipts as one report: how each series stands, and which proofs hold."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.words import Later, _
from offices.places import Office
from receipts.life.auditing import (
    EVERYTHING,
    SeriesStanding,
    Wanted,
    changed_snapshots,
    number_gaps,
    series_standing,
    wrong_states,
)
from receipts.life.chain import chain_faults, unchained
from receipts.life.files import ReceiptFiles
from receipts.life.leaves import unexplained_leaves
from receipts.life.series import Receipt, ReceiptFile, ReceiptSeries

_TOLD_MAX = 100  # of what is wrong with one thing
_FETCHED_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Proved:
    """How one proof ended, with the first things that are wrong."""

    name: str
    title: str
    troubles: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.troubles


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Every series asked about, and every proof on them, of one moment."""

    series: tuple[SeriesStanding, ...]
    proofs: tuple[Proved, ...]
    unchained: int  # receipts younger than the chain: no fault

    @property
    def ok(self) -> bool:
        """Whether every number is there, as issued, and explained."""
        return all(proof.ok for proof in self.proofs)


PROOFS: Mapping[str, tuple[Later, Callable[[Session, Wanted], Iterator[str]]]] = {
    "numbers": (Later("Every number from 1 to the last is there"), number_gaps),
    "states": (Later("Every receipt that does not stand is void for a reason"), wrong_states),
    "facts": (Later("Every receipt says what it said when it was issued"), changed_snapshots),
    "chain": (Later("The chain of every receipt series is whole"), chain_faults),
    "leaves": (
        Later("Every leaf of the paper books is explained"),
        lambda session, _wanted: unexplained_leaves(session),
    ),
}


def audit(
    session: Session, wanted: Wanted = EVERYTHING, *, files: ReceiptFiles | None = None
) -> AuditReport:
    """Prove the receipts; where files are given, also that each kept one is the first drawn."""
    proofs = [
        _proved(name, title, proof(session, wanted)) for name, (title, proof) in PROOFS.items()
    ]
    if files is not None:
        title = Later("Every kept file is the one first drawn")
        proofs.append(_proved("files", title, _changed_files(session, wanted, files)))
    return AuditReport(tuple(series_standing(session, wanted)), tuple(proofs), unchained(session))


def _proved(name: str, title: Later, troubles: Iterator[str]) -> Proved:
    told = list(islice(troubles, _TOLD_MAX + 1))
    if len(told) > _TOLD_MAX:
        told[_TOLD_MAX:] = ["…"]
    return Proved(name, str(title), tuple(told))


def _changed_files(session: Session, wanted: Wanted, files: ReceiptFiles) -> Iterator[str]:
    """Kept files that are not the first drawn; one that is gone can be drawn again."""
    drawn = session.execute(
        select(Receipt.number, ReceiptFile.pdf_hash)
        .join(Receipt, Receipt.id == ReceiptFile.receipt_id)
        .join(ReceiptSeries, ReceiptSeries.id == Receipt.series_id)
        .join(Office, Office.id == ReceiptSeries.office_id)
        .where(wanted.narrow())
        .order_by(Receipt.number)
        .execution_options(yield_per=_FETCHED_AT_ONCE)
    )
    with drawn:
        for number, pdf_hash in drawn:
            kept = files.read(number)
            if kept is not None and hashlib.sha256(kept).hexdigest() != pdf_hash:
                yield _("{number}: the kept file was changed").format(number=number)
