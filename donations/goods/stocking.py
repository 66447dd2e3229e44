"""Stock: every thousandth that comes in, goes out, comes back or is moved, lot by lot."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, aliased, joinedload

from core.database import sum_rial
from core.digits import folded, normalise
from core.refusals import NotFound, Refusal
from donations.models.contribution import ContributionLine
from donations.models.goods_category import GoodsCategory
from donations.models.pledge import PledgeItem
from donations.models.stock import StockCause, StockLot, StockMovement
from donations.pledging import UnusableText
from offices.audit import note
from offices.holding import hold_office
from offices.scope import Scope

SHELF_MAX = 60


class NotInStock(Refusal):
    """More than lies there."""

    code = "stock.not_there"
    http_status = 422


class GoodsHandedOver(Refusal):
    """The goods of an entry are not all in stock any more: reverse the hand-over first."""

    code = "stock.handed_over"


@dataclass(frozen=True, slots=True)
class Stock:
    """What lies in an office of one kind of goods, in thousandths of its unit."""

    office_id: int
    category_id: int
    kind_folded: str
    description: str
    unit: str
    thousandths: int
    first_expires_on: date | None


@dataclass(frozen=True, slots=True)
class Lying:
    """One lot with what is left of it, and where."""

    lot: StockLot
    thousandths: int
    shelf: str | None


def put_in_stock(
    session: Session,
    line: ContributionLine,
    item: PledgeItem,
    category: GoodsCategory,
    *,
    office_id: int,
    expires_on: date | None,
    shelf: str | None,
    moved_by_id: int,
    now: datetime,
) -> StockLot:
    """Let the goods of a contribution line lie in an office, as one lot. Raises UnusableText."""
    description, unit = item.description or "", item.unit or ""
    lot = StockLot(
        office_id=office_id,
        contribution_line_id=line.id,
        pledge_item_id=item.id,
        category_id=category.id,
        description=description,
        unit=unit,
        kind_folded=f"{folded(description)}|{folded(unit)}",
        expires_on=expires_on,
        received_at=now,
    )
    session.add(lot)
    session.flush()
    session.add(
        StockMovement(
            lot_id=lot.id,
            number=1,
            before_thousandths=0,
            change_thousandths=line.quantity_thousandths,
            after_thousandths=line.quantity_thousandths,
            cause=StockCause.RECEIVED,
            shelf=read_shelf(shelf),
            moved_by_id=moved_by_id,
            moved_at=now,
        )
    )
    session.flush()
    return lot


def take_out_voided(
    session: Session, contribution_id: int, *, moved_by_id: int, now: datetime
) -> None:
    """Take the goods of an entry that does not stand out of the stock.

    Raises GoodsHandedOver where they do not all lie there any more.
    """
    for lot in _lots_of(session, contribution_id):
        hold_stock(session, lot.office_id)
        last = last_movement(session, lot.id)
        first = session.scalars(
            select(StockMovement.after_thousandths).where(
                StockMovement.lot_id == lot.id, StockMovement.number == 1
            )
        ).one()
        if last.after_thousandths != first:
            raise GoodsHandedOver
        move(session, last, -first, StockCause.VOIDED, moved_by_id=moved_by_id, now=now)


def move(
    session: Session,
    last: StockMovement,
    change_thousandths: int,
    cause: StockCause,
    *,
    moved_by_id: int,
    now: datetime,
    hand_over_line_id: int | None = None,
) -> StockMovement:
    """Write the next movement of a lot. The stock of the office is held."""
    row = StockMovement(
        lot_id=last.lot_id,
        number=last.number + 1,
        previous_number=last.number,
        before_thousandths=last.after_thousandths,
        change_thousandths=change_thousandths,
        after_thousandths=last.after_thousandths + change_thousandths,
        cause=cause,
        shelf=last.shelf,
        hand_over_line_id=hand_over_line_id,
        moved_by_id=moved_by_id,
        moved_at=now,
    )
    session.add(row)
    session.flush()
    return row


def put_on_shelf(
    session: Session, scope: Scope, lot_id: int, shelf: str, *, moved_by_id: int, now: datetime
) -> StockMovement:
    """Say that what is left of a lot lies somewhere else. Raises NotFound, UnusableText."""
    lot = lot_in(session, scope, lot_id)
    hold_stock(session, lot.office_id)
    last = last_movement(session, lot.id)
    row = StockMovement(
        lot_id=lot.id,
        number=last.number + 1,
        previous_number=last.number,
        before_thousandths=last.after_thousandths,
        change_thousandths=0,
        after_thousandths=last.after_thousandths,
        cause=StockCause.MOVED,
        shelf=read_shelf(shelf),
        moved_by_id=moved_by_id,
        moved_at=now,
    )
    session.add(row)
    session.flush()
    note(
        session,
        "stock.move",
        subject="stock_lot",
        subject_id=lot.id,
        now=now,
        actor_id=moved_by_id,
        shelf=row.shelf,
    )
    return row


def hold_stock(session: Session, office_id: int) -> None:
    """Keep everybody else from moving goods of this office until the transaction ends."""
    hold_office(session, office_id)


def stock_of(session: Session, scope: Scope) -> Sequence[Stock]:
    """What lies in the offices of a scope, summed by the database, by kind of goods."""
    rows = session.execute(
        select(
            StockLot.office_id,
            StockLot.category_id,
            StockLot.kind_folded,
            func.min(StockLot.description),
            func.min(StockLot.unit),
            sum_rial(StockMovement.after_thousandths),
            func.min(StockLot.expires_on),
        )
        .join(StockMovement, StockMovement.lot_id == StockLot.id)
        .where(scope.narrow(StockLot.office_id), _is_last(), StockMovement.after_thousandths > 0)
        .group_by(StockLot.office_id, StockLot.category_id, StockLot.kind_folded)
        .order_by(StockLot.office_id, StockLot.category_id, StockLot.kind_folded)
    )
    return [Stock(*row) for row in rows]


def lots_lying(
    session: Session, office_id: int, category_id: int, kind_folded: str
) -> Sequence[Lying]:
    """The lots of one kind of goods with something left, in the order in which they came."""
    return _lying(
        session,
        (StockLot.office_id == office_id)
        & (StockLot.category_id == category_id)
        & (StockLot.kind_folded == kind_folded),
    )


def lots_in(session: Session, scope: Scope) -> Sequence[Lying]:
    """Every lot of the offices of a scope with something left, in the order in which they came."""
    return _lying(session, scope.narrow(StockLot.office_id))


def lot_in(session: Session, scope: Scope, lot_id: int) -> StockLot:
    """One lot. Raises NotFound for one outside the scope."""
    lot = session.scalars(_lots(scope).where(StockLot.id == lot_id)).one_or_none()
    if lot is None:
        raise NotFound(subject="stock_lot")
    return lot


def last_movement(session: Session, lot_id: int) -> StockMovement:
    """The movement that says what is left of a lot."""
    return session.scalars(
        select(StockMovement)
        .where(StockMovement.lot_id == lot_id)
        .order_by(StockMovement.number.desc())
        .limit(1)
    ).one()


def read_shelf(text: str | None) -> str | None:
    """The name of a shelf, or nothing. Raises UnusableText."""
    clean = normalise(text or "")
    if len(clean) > SHELF_MAX:
        raise UnusableText(name="shelf", longest=SHELF_MAX)
    return clean or None


def _lots(scope: Scope) -> Select[StockLot]:
    return select(StockLot).where(scope.narrow(StockLot.office_id))


def _lots_of(session: Session, contribution_id: int) -> Sequence[StockLot]:
    return session.scalars(
        select(StockLot)
        .join(ContributionLine, ContributionLine.id == StockLot.contribution_line_id)
        .where(ContributionLine.contribution_id == contribution_id)
        .order_by(StockLot.id)
    ).all()


def _lying(session: Session, which: ColumnElement[bool]) -> list[Lying]:
    rows = session.execute(
        select(StockLot, StockMovement.after_thousandths, StockMovement.shelf)
        .join(StockMovement, StockMovement.lot_id == StockLot.id)
        .where(which, _is_last(), StockMovement.after_thousandths > 0)
        .options(joinedload(StockLot.category))
        .order_by(StockLot.id)
    )
    return [Lying(lot, thousandths, shelf) for lot, thousandths, shelf in rows]


def _is_last() -> ColumnElement[bool]:
    later = aliased(StockMovement)
    return ~(
        select(later.id)
        .where(later.lot_id == StockMovement.lot_id, later.number > StockMovement.number)
        .correlate(StockMovement)
        .exists()
    )
