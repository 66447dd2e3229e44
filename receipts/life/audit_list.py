"""The auditor's list: every number of a series from 1 on, with what became of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from core.portable import sha256_of
from offices.places import Office
from offices.staff import StaffMember
from receipts.documents.facts import ReceiptKind
from receipts.life.copies import ReceiptCopy
from receipts.life.number_blocks import BlockClosing, BlockNumber, NumberBlock
from receipts.life.numbering import number_text
from receipts.life.series import (
    Letterhead,
    Receipt,
    ReceiptSeries,
    ReceiptState,
    ReceiptVoid,
    VoidCause,
)

_FETCHED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Explained:
    """One number that was issued: what it is for, whether it stands, and if not, why and by whom.

    ``is_changed`` says that its frozen facts are not those it was issued with.
    """

    serial: int
    number: str
    state: ReceiptState
    kind: ReceiptKind
    amount_rial: int | None
    issued_on: date
    is_changed: bool
    cause: VoidCause | None
    reason: str | None
    voided_at: datetime | None
    asked_by: str | None
    voided_by: str | None
    replaced_by: str | None
    copies: int


@dataclass(frozen=True, slots=True)
class Hole:
    """Numbers in a row that no receipt bears.

    Those of a block have the ``reason`` for which they were given up and who gave it, or are still
    ``allotted`` to the desk; any others nobody can explain.
    """

    first: str
    last: str
    reason: str | None = None
    told_by: str | None = None
    told_at: datetime | None = None
    is_allotted: bool = False

    @property
    def is_explained(self) -> bool:
        """Whether anybody can say why no receipt bears them."""
        return self.reason is not None or self.is_allotted


def list_series(
    session: Session,
    year: int,
    office_code: str,
    *,
    state: ReceiptState | None = None,
    after: int = 0,
    limit: int | None = None,
) -> Iterator[Explained | Hole]:
    """The numbers of one series in order, holes among them; ask again with the last serial.

    Narrowed to a state there are no holes in it: a hole has none.
    """
    query = _query(state).where(
        ReceiptSeries.year == year, ReceiptSeries.code() == office_code, Receipt.serial > after
    )
    block = _Numbers.of(session, year, office_code)
    rows = session.execute(query.limit(limit).execution_options(yield_per=_FETCHED_AT_ONCE))
    expected, count = after + 1, 0
    for row in rows:
        if state is None and row.serial > expected:
            yield from block.between(expected, row.serial - 1)
        yield _explained(row)
        expected, count = row.serial + 1, count + 1
    is_end = limit is None or count < limit
    if state is None and is_end and expected <= block.last_serial:
        yield from block.between(expected, block.last_serial)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """A series and, where it is a number block, which of its numbers were given up and why."""

    year: int
    code: str
    last_serial: int
    is_open: bool
    given_up: Mapping[int, tuple[str, str | None, datetime]]

    @classmethod
    def of(cls, session: Session, year: int, code: str) -> "_Numbers":
        found = session.execute(
            select(ReceiptSeries.last_serial, NumberBlock.id, NumberBlock.size, BlockClosing)
            .join(Office, Office.id == ReceiptSeries.office_id)
            .outerjoin(NumberBlock, NumberBlock.series_id == ReceiptSeries.id)
            .outerjoin(BlockClosing, BlockClosing.block_id == NumberBlock.id)
            .where(ReceiptSeries.year == year, ReceiptSeries.code() == code)
        ).one_or_none()
        if found is None:
            return cls(year, code, last_serial=0, is_open=False, given_up={})
        last_serial, block_id, size, closing = found
        is_open = block_id is not None and closing is None
        return cls(year, code, size or last_serial, is_open, _given_up(session, block_id))

    def between(self, first: int, last: int) -> Iterator[Hole]:
        """Why no receipt bears these numbers; those of one reason in a row together."""
        serials = range(first, last + 1)
        for told, run in groupby(serials, key=self.given_up.get):
            low, *_others = members = list(run)
            reason, by, at = told or (None, None, None)
            yield Hole(
                number_text(self.year, self.code, low),
                number_text(self.year, self.code, members[-1]),
                reason,
                by,
                at,
                is_allotted=told is None and self.is_open,
            )


def _given_up(
    session: Session, block_id: int | None
) -> Mapping[int, tuple[str, str | None, datetime]]:
    if block_id is None:
        return {}
    rows = session.execute(
        select(BlockNumber.serial, BlockNumber.reason, StaffMember.name, BlockNumber.told_at)
        .outerjoin(StaffMember, StaffMember.id == BlockNumber.told_by_id)
        .where(BlockNumber.block_id == block_id, BlockNumber.contribution_id.is_(None))
    )
    return {serial: (reason, by, at) for serial, reason, by, at in rows}


def _query(state: ReceiptState | None) -> Select[*tuple[object, ...]]:
    asker, decider, successor = aliased(StaffMember), aliased(StaffMember), aliased(Receipt)
    copies = (
        select(func.count(ReceiptCopy.id))
        .where(ReceiptCopy.receipt_id == Receipt.id)
        .correlate(Receipt)
        .scalar_subquery()
    )
    return (
        select(
            Receipt.serial,
            Receipt.number,
            Receipt.kind,
            Receipt.amount_rial,
            Receipt.issued_on,
            Receipt.facts,
            Receipt.facts_hash,
            Letterhead.facts.label("head"),
            Letterhead.facts_hash.label("head_hash"),
            ReceiptVoid.cause,
            ReceiptVoid.reason,
            ReceiptVoid.voided_at,
            asker.name.label("asked_by"),
            decider.name.label("voided_by"),
            successor.number.label("replaced_by"),
            copies.label("copies"),
        )
        .join(ReceiptSeries, ReceiptSeries.id == Receipt.series_id)
        .join(Office, Office.id == ReceiptSeries.office_id)
        .outerjoin(Letterhead, Letterhead.id == Receipt.letterhead_id)
        .outerjoin(ReceiptVoid, ReceiptVoid.receipt_id == Receipt.id)
        .outerjoin(asker, asker.id == ReceiptVoid.asked_by_id)
        .outerjoin(decider, decider.id == ReceiptVoid.voided_by_id)
        .outerjoin(successor, successor.replaces_id == Receipt.id)
        .where(*_in_state(state, successor.id))
        .order_by(Receipt.serial)
    )


def _in_state(
    state: ReceiptState | None, successor_id: InstrumentedAttribute[int]
) -> list[ColumnElement[bool]]:
    if state is None:
        return []
    if state is ReceiptState.ISSUED:
        return [ReceiptVoid.id.is_(None)]
    is_replaced = successor_id.is_not(None)
    return [
        ReceiptVoid.id.is_not(None),
        is_replaced if state is ReceiptState.REPLACED else ~is_replaced,
    ]


def _explained(row: Any) -> Explained:
    if row.voided_at is None:
        state = ReceiptState.ISSUED
    else:
        state = ReceiptState.REPLACED if row.replaced_by else ReceiptState.VOID
    is_as_issued = sha256_of(row.facts) == row.facts_hash and (
        row.head is None or sha256_of(row.head) == row.head_hash
    )
    return Explained(
        serial=row.serial,
        number=row.number,
        state=state,
        kind=row.kind,
        amount_rial=row.amount_rial,
        issued_on=row.issued_on,
        is_changed=not is_as_issued,
        cause=row.cause,
        reason=row.reason,
        voided_at=row.voided_at,
        asked_by=row.asked_by,
        voided_by=row.voided_by,
        replaced_by=row.replaced_by,
        copies=row.copies,
    )
