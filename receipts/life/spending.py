"""The numbers of a block, one by one: used for an entry, or given up with a reason."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import exists, insert, or_, select
from sqlalchemy.orm import Session, aliased

from core.digits import normalise
from core.jalali import jalali_year
from core.portable import sha256_of
from core.refusals import NotFound, Refusal
from donations.models.contribution import Contribution, Origin
from offices.audit import note
from receipts.life.number_blocks import BlockHolder, BlockNumber, NumberBlock, OfflineEntry
from receipts.life.numbering import GivenNumber, number_text
from receipts.life.series import Receipt, ReceiptSeries

REASON_MAX = 500


class BlockClosed(Refusal):
    """The block was closed: its unused numbers are void and stay so."""

    code = "number_block.closed"


class OtherBrowser(Refusal):
    """Another browser holds this block, and no two ever use the same one."""

    code = "number_block.other_browser"


class OtherYear(Refusal):
    """The entry was made in another Jalali year than that of the number."""

    code = "number_block.other_year"


class NumberSpent(Refusal):
    """The number stands on another entry already, or was given up."""

    code = "number_block.number_spent"


class BlockReasonMissing(Refusal):
    """A number given up, or a block closed, without a reason."""

    code = "number_block.reason_missing"
    http_status = 422
    field = "reason"


def given_number(
    session: Session, office_id: int, device: str, *, block_id: int, serial: int, made_on: date
) -> GivenNumber:
    """A number that a browser took from its block and nobody has spent, for an entry of a day.

    Raises NotFound for one that is not of a block of this desk, OtherBrowser, OtherYear,
    BlockClosed, NumberSpent.
    """
    block = _held_block(session, office_id, device, block_id, serial)
    if jalali_year(made_on) != block.series.year:
        raise OtherYear(number=written(block, serial))
    told = _told(session, block.id, serial)
    if block.closing is not None and (told is None or told.contribution_id is None):
        raise BlockClosed(number=written(block, serial))
    if told is not None:
        raise NumberSpent(number=written(block, serial))
    return GivenNumber(block.series_id, serial, block.prefix)


def desk_of_number(
    session: Session, block_id: int, device: str, *, staff_id: int, office_id: int
) -> int:
    """The desk at which a gift with a number of this block lay: mostly that of the clerk.

    Another one only for who has worked there, at the very browser that holds the block.
    """
    block = session.get(NumberBlock, block_id)
    if block is None or block.office_id == office_id:
        return office_id
    has_worked_there = exists().where(
        Contribution.recorded_by_id == staff_id, Contribution.office_id == NumberBlock.office_id
    )
    held = session.scalars(
        select(NumberBlock.office_id)
        .join(BlockHolder, BlockHolder.block_id == NumberBlock.id)
        .where(
            NumberBlock.id == block_id,
            BlockHolder.device_hash == sha256_of(device),
            or_(BlockHolder.taken_by_id == staff_id, has_worked_there),
        )
    ).one_or_none()
    return office_id if held is None else held


def number_on_paper(
    session: Session, office_id: int, device: str, *, block_id: int, serial: int
) -> str | None:
    """What a browser printed for a donor: a number of a block of this desk that it holds.

    Closed blocks count too. Nothing where the number is none of these: what a browser says alone
    leads to no gift.
    """
    try:
        return written(_held_block(session, office_id, device, block_id, serial), serial)
    except (NotFound, OtherBrowser):
        return None


def number_instead_of(session: Session, paper_number: str) -> str | None:
    """The number of the receipt of a gift whose donor was given another number on paper, if any.

    A gift with a receipt of that very number, replaced or not, is not meant.
    """
    bears_it = aliased(Receipt)
    return session.scalars(
        select(Receipt.number)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .join(OfflineEntry, OfflineEntry.desk_entry_id == Contribution.cause_id)
        .where(
            OfflineEntry.provisional_number == paper_number,
            Contribution.origin == Origin.DESK,
            ~exists().where(
                bears_it.contribution_id == Contribution.id, bears_it.number == paper_number
            ),
            Receipt.is_latest(),
        )
        .order_by(Receipt.id)
        .limit(1)
    ).first()


def is_unspent(session: Session, block_id: int, serial: int) -> bool:
    """Whether nothing has become of a number yet."""
    return _told(session, block_id, serial) is None


def spend_number(
    session: Session, given: GivenNumber, contribution_id: int, *, told_by_id: int, now: datetime
) -> None:
    """Say that a contribution bears a given number; the database refuses to say it twice."""
    block = _of_series(session, given.series_id)
    _tell(session, block, given.serial, contribution_id=contribution_id, by=told_by_id, now=now)


def give_up_number(
    session: Session,
    office_id: int,
    device: str,
    *,
    block_id: int,
    serial: int,
    reason: str,
    told_by_id: int,
    now: datetime,
) -> None:
    """Void a number that a browser took and that no entry will bear. Repeating it is harmless.

    Raises NotFound, OtherBrowser, BlockReasonMissing; NumberSpent where an entry bears it.
    """
    reason = whole_reason(reason)
    block = _held_block(session, office_id, device, block_id, serial)
    told = _told(session, block.id, serial)
    if told is not None:
        if told.contribution_id is not None:
            raise NumberSpent(number=written(block, serial))
        return
    _tell(session, block, serial, reason=reason, by=told_by_id, now=now)
    note(
        session,
        "number_block.give_up",
        subject="number_block",
        subject_id=block.id,
        now=now,
        actor_id=told_by_id,
        number=written(block, serial),
        reason=reason,
    )


def spent_serials(session: Session, block: NumberBlock) -> Sequence[int]:
    """The numbers of a block that are spent, in order."""
    return session.scalars(
        select(BlockNumber.serial)
        .where(BlockNumber.block_id == block.id)
        .order_by(BlockNumber.serial)
    ).all()


def written(block: NumberBlock, serial: int) -> str:
    """A number of a block as it is printed."""
    return number_text(block.series.year, block.series.desk_code or "", serial)


def held_series(session: Session, block: NumberBlock) -> ReceiptSeries:
    """The series of a block, alone until the transaction ends: numbers are spent one by one."""
    return session.get_one(
        ReceiptSeries, block.series_id, with_for_update=True, populate_existing=True
    )


def whole_reason(reason: str) -> str:
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise BlockReasonMissing(longest=REASON_MAX)
    return reason


def _held_block(
    session: Session, office_id: int, device: str, block_id: int, serial: int
) -> NumberBlock:
    block = session.get(NumberBlock, block_id)
    if block is None or block.office_id != office_id or not 1 <= serial <= block.size:
        raise NotFound(subject="number_block")
    if block.holder is None or block.holder.device_hash != sha256_of(device):
        raise OtherBrowser(number=written(block, serial))
    return block


def _told(session: Session, block_id: int, serial: int) -> BlockNumber | None:
    return session.scalars(
        select(BlockNumber).where(BlockNumber.block_id == block_id, BlockNumber.serial == serial)
    ).one_or_none()


def _of_series(session: Session, series_id: int) -> NumberBlock:
    return session.scalars(select(NumberBlock).where(NumberBlock.series_id == series_id)).one()


def _tell(
    session: Session,
    block: NumberBlock,
    serial: int,
    *,
    contribution_id: int | None = None,
    reason: str = "",
    by: int | None,
    now: datetime,
) -> None:
    series = held_series(session, block)
    session.execute(
        insert(BlockNumber).values(
            block_id=block.id,
            size=block.size,
            serial=serial,
            contribution_id=contribution_id,
            reason=reason,
            told_by_id=by,
            told_at=now,
        )
    )
    _count_up(session, block, series)


def _count_up(session: Session, block: NumberBlock, series: ReceiptSeries) -> None:
    """Move the counter to the last number before which none is missing: so far the chain goes."""
    last = series.last_serial
    for serial in spent_serials(session, block):
        if serial == last + 1:
            last = serial
    series.last_serial = last
    session.flush()
