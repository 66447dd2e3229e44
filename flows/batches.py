"""Batches of envelopes: typed line by line, recorded all at once when count and total are right.

Each line is kept as it is typed, so that neither a crash nor a sign-out loses one; until the batch
is closed none of them is a gift.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import Session, selectinload

from core.database import sum_rial
from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.models.batch import (
    LINES_MAX,
    TITLE_MAX,
    BatchClosing,
    BatchLine,
    BatchLineStrike,
    EntryBatch,
)
from donations.pledging import CashItem, DonorFacts
from flows.receiving_many import MoneyGift, receipts_of_keys, receive_many
from offices.audit import note
from offices.scope import Scope
from receipts.life.series import Receipt

REASON_MAX = 500


class UnusableBatch(Refusal):
    """A batch without a title, or whose expected count or total is none."""

    code = "batch.unusable"
    http_status = 422
    field = "expected_count"


class BatchClosed(Refusal):
    """The batch has ended; neither a line nor a strike is added to it."""

    code = "batch.closed"


class BatchFull(Refusal):
    """The batch has as many lines as a batch can have."""

    code = "batch.full"


class CountDiffers(Refusal):
    """Another number of envelopes was typed than is expected."""

    code = "batch.count_differs"


class BatchTotalDiffers(Refusal):
    """The lines make another sum than is expected."""

    code = "batch.total_differs"


class BatchReasonMissing(Refusal):
    """A batch given up without a reason."""

    code = "batch.reason_missing"
    http_status = 422
    field = "reason"


@dataclass(frozen=True, slots=True)
class TypedLine:
    """One envelope: its cash in rials, and for what and from whom, where that stands on it."""

    amount_rial: int
    fund_code: str | None = None
    name: str | None = None
    mobile: str | None = None


@dataclass(frozen=True, slots=True)
class BatchStanding:
    """A batch with what was typed of it so far; amounts in rials."""

    batch: EntryBatch
    line_count: int
    lines_rial: int

    @property
    def missing_count(self) -> int:
        """How many envelopes are still to be typed; below zero where there are too many."""
        return self.batch.expected_count - self.line_count

    @property
    def missing_rial(self) -> int:
        """What is still to be typed; below zero where it is too much."""
        return self.batch.expected_rial - self.lines_rial

    @property
    def is_right(self) -> bool:
        """Whether the batch can be closed."""
        return self.missing_count == self.missing_rial == 0


def batches_in(scope: Scope) -> Select[EntryBatch]:
    """The batches of the desks of a scope."""
    return select(EntryBatch).where(scope.narrow(EntryBatch.office_id))


def batches_with_standing(
    session: Session, scope: Scope, *, limit: int = 50
) -> Sequence[BatchStanding]:
    """The batches of a scope, open ones first and newest first."""
    is_closed = exists().where(BatchClosing.batch_id == EntryBatch.id)
    rows = session.execute(
        _with_standing(batches_in(scope)).order_by(is_closed, EntryBatch.id.desc()).limit(limit)
    )
    return [BatchStanding(*row) for row in rows]


def batch_standing(session: Session, scope: Scope, batch_id: int) -> BatchStanding:
    """One batch with what was typed of it. Raises NotFound for one outside the scope."""
    found = session.execute(
        _with_standing(batches_in(scope).where(EntryBatch.id == batch_id))
    ).one_or_none()
    if found is None:
        raise NotFound(subject="entry_batch")
    return BatchStanding(*found)


def lines_of(session: Session, batch: EntryBatch) -> Sequence[tuple[BatchLine, Receipt | None]]:
    """The lines that count, newest first, each with its receipt once the batch is recorded."""
    lines = session.scalars(
        _counting().where(BatchLine.batch_id == batch.id).order_by(BatchLine.id.desc())
    ).all()
    receipts = receipts_of_keys(session, [_key(line) for line in lines]) if batch.closing else {}
    return [(line, receipts.get(_key(line))) for line in lines]


def open_batch(
    session: Session,
    *,
    office_id: int,
    title: str,
    expected_count: int,
    expected_rial: int,
    opened_by_id: int,
    request_key: str | None,
    now: datetime,
) -> EntryBatch:
    """Begin a batch. The same form sent twice is one. Raises UnusableBatch."""
    key = f"batch:{opened_by_id}:{request_key}" if request_key else None
    known = select(EntryBatch).where(EntryBatch.request_key == key)
    if key is not None and (batch := session.scalars(known).one_or_none()) is not None:
        return batch
    title = normalise(title)
    is_usable = 0 < len(title) <= TITLE_MAX and 1 <= expected_count <= LINES_MAX
    if not is_usable or expected_rial <= 0:
        raise UnusableBatch(most=LINES_MAX)
    batch = EntryBatch(
        office_id=office_id,
        title=title,
        expected_count=expected_count,
        expected_rial=expected_rial,
        opened_by_id=opened_by_id,
        opened_at=now,
        request_key=key,
    )
    session.add(batch)
    session.flush()
    return batch


def add_line(
    session: Session,
    scope: Scope,
    batch_id: int,
    typed: TypedLine,
    *,
    typed_by_id: int,
    request_key: str | None,
    now: datetime,
) -> BatchLine:
    """Keep one line as it was typed. The same form sent twice is one line.

    Raises NotFound, BatchClosed, BatchFull.
    """
    batch = _held_open(session, scope, batch_id)
    key = f"batch_line:{typed_by_id}:{request_key}" if request_key else None
    known = select(BatchLine).where(BatchLine.request_key == key)
    if key is not None and (line := session.scalars(known).one_or_none()) is not None:
        return line
    if batch_standing(session, scope, batch_id).line_count >= LINES_MAX:
        raise BatchFull(most=LINES_MAX)
    line = BatchLine(
        batch_id=batch.id,
        amount_rial=typed.amount_rial,
        fund_code=typed.fund_code,
        name=typed.name,
        mobile=typed.mobile,
        typed_by_id=typed_by_id,
        typed_at=now,
        request_key=key,
    )
    session.add(line)
    session.flush()
    return line


def strike_line(
    session: Session, scope: Scope, batch_id: int, line_id: int, *, struck_by_id: int, now: datetime
) -> None:
    """Say that a line was typed wrongly. Repeating it is harmless. Raises NotFound, BatchClosed."""
    batch = _held_open(session, scope, batch_id)
    line = session.get(BatchLine, line_id)
    if line is None or line.batch_id != batch.id:
        raise NotFound(subject="batch_line")
    if session.get(BatchLineStrike, line.id) is None:
        session.add(BatchLineStrike(line_id=line.id, struck_by_id=struck_by_id, struck_at=now))
        session.flush()


def close_batch(
    session: Session, scope: Scope, batch_id: int, *, closed_by_id: int, now: datetime
) -> int:
    """Record every line as a gift, all or none; returns how many. Closing twice changes nothing.

    Raises NotFound, CountDiffers and BatchTotalDiffers by how much, and what ``receive_many``
    raises.
    """
    batch = _held(session, scope, batch_id)
    if session.get(BatchClosing, batch.id) is not None:
        return 0
    standing = batch_standing(session, scope, batch.id)
    _refuse_difference(standing)
    lines = session.scalars(
        _counting().where(BatchLine.batch_id == batch.id).order_by(BatchLine.id)
    )
    count = receive_many(
        session,
        [_gift(line) for line in lines],
        office_id=batch.office_id,
        staff_id=closed_by_id,
        now=now,
    )
    _end(session, standing, closed_by_id=closed_by_id, now=now)
    return count


def give_up_batch(
    session: Session, scope: Scope, batch_id: int, *, reason: str, closed_by_id: int, now: datetime
) -> None:
    """End a batch of which nothing becomes a gift.

    Raises NotFound, BatchClosed, BatchReasonMissing.
    """
    batch = _held_open(session, scope, batch_id)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise BatchReasonMissing(longest=REASON_MAX)
    nothing = BatchStanding(batch, 0, 0)
    _end(session, nothing, closed_by_id=closed_by_id, reason=reason, now=now)


def _refuse_difference(standing: BatchStanding) -> None:
    batch = standing.batch
    if standing.missing_count:
        raise CountDiffers(
            expected=batch.expected_count,
            typed=standing.line_count,
            gap=abs(standing.missing_count),
        )
    if standing.missing_rial:
        raise BatchTotalDiffers(
            expected_rial=batch.expected_rial,
            typed_rial=standing.lines_rial,
            gap_rial=abs(standing.missing_rial),
        )


def _end(
    session: Session,
    standing: BatchStanding,
    *,
    closed_by_id: int,
    now: datetime,
    reason: str = "",
) -> None:
    batch = standing.batch
    session.add(
        BatchClosing(
            batch_id=batch.id,
            expected_count=batch.expected_count,
            expected_rial=batch.expected_rial,
            line_count=standing.line_count,
            lines_rial=standing.lines_rial,
            reason=reason,
            closed_by_id=closed_by_id,
            closed_at=now,
        )
    )
    session.flush()
    note(
        session,
        "batch.give_up" if reason else "batch.close",
        subject="entry_batch",
        subject_id=batch.id,
        now=now,
        actor_id=closed_by_id,
        lines=standing.line_count,
        amount_rial=standing.lines_rial,
        reason=reason or None,
    )


def _held(session: Session, scope: Scope, batch_id: int) -> EntryBatch:
    """The batch, alone until the transaction ends. Raises NotFound."""
    batch = session.scalars(
        batches_in(scope).where(EntryBatch.id == batch_id).with_for_update()
    ).one_or_none()
    if batch is None:
        raise NotFound(subject="entry_batch")
    return batch


def _held_open(session: Session, scope: Scope, batch_id: int) -> EntryBatch:
    batch = _held(session, scope, batch_id)
    if session.get(BatchClosing, batch.id) is not None:
        raise BatchClosed
    return batch


def _with_standing(chosen: Select[EntryBatch]) -> Select[EntryBatch, int, int]:
    counting = ~exists().where(BatchLineStrike.line_id == BatchLine.id)
    return (
        chosen.add_columns(func.count(BatchLine.id), sum_rial(BatchLine.amount_rial))
        .outerjoin(BatchLine, (BatchLine.batch_id == EntryBatch.id) & counting)
        .options(selectinload(EntryBatch.closing))
        .group_by(EntryBatch.id)
    )


def _counting() -> Select[BatchLine]:
    return select(BatchLine).where(~exists().where(BatchLineStrike.line_id == BatchLine.id))


def _gift(line: BatchLine) -> MoneyGift:
    return MoneyGift(
        _key(line),
        CashItem(line.amount_rial, line.fund_code),
        DonorFacts(name=line.name, mobile=line.mobile),
    )


def _key(line: BatchLine) -> str:
    # The keys of forms begin with another word: nobody records a gift under this one beforehand.
    return f"envelope:{line.id}"
