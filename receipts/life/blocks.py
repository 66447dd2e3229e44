"""What is done with number blocks: allotted, taken by one browser, closed, shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, exists, func, insert, select
from sqlalchemy.orm import Session, selectinload

from core.clock import tehran_date
from core.database import insert_if_new
from core.jalali import jalali_year
from core.portable import sha256_of
from core.refusals import NotFound, Refusal
from core.words import _
from offices.audit import note
from offices.scope import Scope
from receipts.life.number_blocks import (
    SIZE_MAX,
    BlockClosing,
    BlockHolder,
    BlockNumber,
    NumberBlock,
)
from receipts.life.series import ReceiptSeries
from receipts.life.spending import held_series, spent_serials, whole_reason

KEPT_DAYS = 7  # how long after it was made an entry may be sent
HELD_MAX = 3  # how many blocks of which numbers are unspent one browser holds at a desk
# Letters that nobody takes for a digit, each with 01 to 99: 2,376 blocks a year.
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_OF_A_LETTER = 99


class UnusableSize(Refusal):
    """A block without numbers, or with more than one browser will ever need."""

    code = "number_block.size"
    http_status = 422
    field = "size"


class NoBlockLeft(Refusal):
    """No block of this desk is free, or the year has no code left for one."""

    code = "number_block.none_left"


class NumbersUnsent(Refusal):
    """A browser asks for one more block, and of several that it holds numbers are unspent."""

    code = "number_block.unsent"


@dataclass(frozen=True, slots=True)
class BlockStanding:
    """A block with how many of its numbers were used, and how many given up."""

    block: NumberBlock
    used: int
    given_up: int

    @property
    def left(self) -> int:
        """How many numbers nobody has spent."""
        return self.block.size - self.used - self.given_up


def blocks_in(scope: Scope) -> Select[NumberBlock]:
    """The blocks of the desks of a scope."""
    return select(NumberBlock).where(scope.narrow(NumberBlock.office_id))


def block_in(session: Session, scope: Scope, block_id: int) -> NumberBlock:
    """One block. Raises NotFound for one outside the scope."""
    found = session.scalars(blocks_in(scope).where(NumberBlock.id == block_id)).one_or_none()
    if found is None:
        raise NotFound(subject="number_block")
    return found


def blocks_with_standing(
    session: Session, scope: Scope, *, limit: int = 50
) -> Sequence[BlockStanding]:
    """The blocks of a scope, open ones first and newest first."""
    is_closed = exists().where(BlockClosing.block_id == NumberBlock.id)
    rows = session.execute(
        blocks_in(scope)
        .add_columns(
            func.count(BlockNumber.contribution_id),
            func.count(BlockNumber.id) - func.count(BlockNumber.contribution_id),
        )
        .outerjoin(BlockNumber, BlockNumber.block_id == NumberBlock.id)
        .options(
            selectinload(NumberBlock.series),
            selectinload(NumberBlock.office),
            selectinload(NumberBlock.holder),
            selectinload(NumberBlock.closing),
        )
        .group_by(NumberBlock.id)
        .order_by(is_closed, NumberBlock.id.desc())
        .limit(limit)
    )
    return [BlockStanding(*row) for row in rows]


def allot_block(
    session: Session,
    scope: Scope,
    *,
    office_id: int,
    size: int,
    allotted_by_id: int,
    request_key: str | None,
    now: datetime,
) -> NumberBlock:
    """Give a desk numbers of its own for this Jalali year. The same form sent twice is one block.

    Raises NotFound for a desk outside the scope, UnusableSize, NoBlockLeft.
    """
    if not scope.covers(office_id):
        raise NotFound(subject="office")
    if not 1 <= size <= SIZE_MAX:
        raise UnusableSize(most=SIZE_MAX)
    key = f"block:{allotted_by_id}:{request_key}" if request_key else None
    known = select(NumberBlock).where(NumberBlock.request_key == key)
    if key is not None and (block := session.scalars(known).one_or_none()) is not None:
        return block
    series = _new_series(session, office_id, jalali_year(tehran_date(now)))
    block = NumberBlock(
        series=series,
        office_id=office_id,
        size=size,
        allotted_by_id=allotted_by_id,
        allotted_at=now,
        request_key=key,
    )
    session.add(block)
    session.flush()
    note(
        session,
        "number_block.allot",
        subject="number_block",
        subject_id=block.id,
        now=now,
        actor_id=allotted_by_id,
        numbers=f"{block.prefix}1-{size}",
    )
    return block


def take_block(
    session: Session,
    office_id: int,
    device: str,
    *,
    used_up_id: int | None = None,
    taken_by_id: int,
    now: datetime,
) -> NumberBlock:
    """The block that a browser uses: the one it holds with numbers left, else a free one.

    Asking twice gives the same block; two browsers never get the same. ``used_up_id`` is a block
    of which the browser has no number left, though entries with some are not sent yet: a claim
    that is believed for a few blocks. Raises NoBlockLeft, NumbersUnsent.
    """
    held = _held_blocks(session, office_id, device, now=now)
    if held and held[0].id != used_up_id:
        return held[0]
    if len(held) >= HELD_MAX:
        raise NumbersUnsent(most=HELD_MAX)
    of_this_year = ReceiptSeries.year == jalali_year(tehran_date(now))
    free = session.scalars(
        _open_blocks(office_id)
        .join(ReceiptSeries, ReceiptSeries.id == NumberBlock.series_id)
        .where(of_this_year, ~exists().where(BlockHolder.block_id == NumberBlock.id))
        .order_by(NumberBlock.id)
    )
    for block in free.all():
        taken = {"taken_by_id": taken_by_id, "taken_at": now, "device_hash": sha256_of(device)}
        written = session.execute(
            insert_if_new(session, BlockHolder, block_id=block.id, **taken),
            execution_options={"preserve_rowcount": True},
        )
        if written.rowcount == 1:  # type: ignore[attr-defined]
            note(
                session,
                "number_block.take",
                subject="number_block",
                subject_id=block.id,
                now=now,
                actor_id=taken_by_id,
            )
            return block
    raise NoBlockLeft


def block_of(session: Session, office_id: int, device: str, *, now: datetime) -> NumberBlock | None:
    """The open block of this year that a browser holds at a desk and has not used up, if any.

    Of several it is the one it took last: of an earlier one only unsent entries bear numbers.
    """
    return next(iter(_held_blocks(session, office_id, device, now=now)), None)


def _held_blocks(
    session: Session, office_id: int, device: str, *, now: datetime
) -> Sequence[NumberBlock]:
    """The open blocks of this year that a browser holds and has not used up, last first."""
    spent = (
        select(func.count())
        .select_from(BlockNumber)
        .where(BlockNumber.block_id == NumberBlock.id)
        .scalar_subquery()
    )
    return session.scalars(
        _open_blocks(office_id)
        .join(BlockHolder, BlockHolder.block_id == NumberBlock.id)
        .join(ReceiptSeries, ReceiptSeries.id == NumberBlock.series_id)
        .where(
            BlockHolder.device_hash == sha256_of(device),
            ReceiptSeries.year == jalali_year(tehran_date(now)),
            spent < NumberBlock.size,
        )
        .order_by(NumberBlock.id.desc())
    ).all()


def close_block(
    session: Session,
    scope: Scope,
    block_id: int,
    *,
    reason: str,
    closed_by_id: int,
    now: datetime,
) -> int:
    """Void what is unused of a block; returns how many. Closing twice changes nothing.

    Raises NotFound, BlockReasonMissing.
    """
    reason = whole_reason(reason)
    return _close(session, block_in(session, scope, block_id), reason, by=closed_by_id, now=now)


def close_past_years(session: Session, *, now: datetime) -> int:
    """Close the blocks of years that are over, once nothing of them can be sent; returns how many.

    An entry of the last days of a year may still be on its way: see ``KEPT_DAYS``.
    """
    year = jalali_year(tehran_date(now - timedelta(days=KEPT_DAYS + 1)))
    over = session.scalars(
        select(NumberBlock)
        .join(ReceiptSeries, ReceiptSeries.id == NumberBlock.series_id)
        .where(ReceiptSeries.year < year, ~exists().where(BlockClosing.block_id == NumberBlock.id))
        .order_by(NumberBlock.id)
    ).all()
    for block in over:
        _close(session, block, _("the year of the block is over"), by=None, now=now)
    return len(over)


def _new_series(session: Session, office_id: int, year: int) -> ReceiptSeries:
    """A series under the next free code of a year."""
    made = select(func.count()).where(
        ReceiptSeries.year == year, ReceiptSeries.desk_code.is_not(None)
    )
    first = session.scalars(made.select_from(ReceiptSeries)).one()
    for place in range(first, len(_LETTERS) * _OF_A_LETTER):
        code = f"{_LETTERS[place // _OF_A_LETTER]}{place % _OF_A_LETTER + 1:02d}"
        values = {"office_id": office_id, "unit": "IRR", "last_serial": 0}
        written = session.execute(
            insert_if_new(session, ReceiptSeries, year=year, desk_code=code, **values),
            execution_options={"preserve_rowcount": True},
        )
        if written.rowcount == 1:  # type: ignore[attr-defined]
            return session.scalars(
                select(ReceiptSeries).where(
                    ReceiptSeries.year == year, ReceiptSeries.desk_code == code
                )
            ).one()
    raise NoBlockLeft


def _open_blocks(office_id: int) -> Select[NumberBlock]:
    return select(NumberBlock).where(
        NumberBlock.office_id == office_id,
        ~exists().where(BlockClosing.block_id == NumberBlock.id),
    )


def _close(
    session: Session, block: NumberBlock, reason: str, *, by: int | None, now: datetime
) -> int:
    series = held_series(session, block)
    if session.get(BlockClosing, block.id) is not None:
        return 0
    spent = set(spent_serials(session, block))
    unused = [serial for serial in range(1, block.size + 1) if serial not in spent]
    said = {"block_id": block.id, "size": block.size, "reason": reason, "told_by_id": by}
    if unused:
        session.execute(
            insert(BlockNumber), [{**said, "serial": serial, "told_at": now} for serial in unused]
        )
    session.add(BlockClosing(block_id=block.id, reason=reason, closed_by_id=by, closed_at=now))
    series.last_serial = block.size
    session.flush()
    note(
        session,
        "number_block.close",
        subject="number_block",
        subject_id=block.id,
        now=now,
        actor_id=by,
        reason=reason,
        unused=len(unused),
    )
    return len(unused)
