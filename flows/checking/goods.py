"""Proofs about goods: needs hold what their items say, stock holds what stands and has not left."""

from collections.abc import Iterator

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from core.database import sum_rial
from core.words import _
from donations.models.contribution import Contribution, ContributionLine
from donations.models.goods_offer import NeedShare, ShareStep
from donations.models.need import Need
from donations.models.pledge import ItemKind, PledgeItem
from donations.models.shift import HoursReservation
from donations.models.stock import StockLot, StockMovement
from flows.checking.gifts import contribution_stands


def needs_not_as_shared(session: Session) -> Iterator[str]:
    """Needs whose quantities differ from what their items are kept for, or brought or served."""
    sums = {
        step: _of_items(session, step) | _of_hours(session, step)
        for step in (ShareStep.RESERVED, ShareStep.RECEIVED)
    }
    needs = session.execute(
        select(Need.id, Need.reserved_thousandths, Need.received_thousandths).order_by(Need.id)
    )
    for need_id, reserved, received in needs:
        shared = (
            sums[ShareStep.RESERVED].get(need_id, 0),
            sums[ShareStep.RECEIVED].get(need_id, 0),
        )
        if shared != (reserved, received):
            yield _("need {need}: its items say {shared}, it holds {held}").format(
                need=need_id, shared=shared, held=(reserved, received)
            )


def stock_not_as_received(session: Session) -> Iterator[str]:
    """Goods of voided entries that lie in stock, and lots that began with another quantity."""
    last = aliased(StockMovement)
    is_last = ~exists().where(
        last.lot_id == StockMovement.lot_id, last.number > StockMovement.number
    )
    voided = session.scalars(
        select(StockLot.id)
        .join(ContributionLine, ContributionLine.id == StockLot.contribution_line_id)
        .join(Contribution, Contribution.id == ContributionLine.contribution_id)
        .join(StockMovement, StockMovement.lot_id == StockLot.id)
        .where(~contribution_stands(), is_last, StockMovement.after_thousandths != 0)
        .order_by(StockLot.id)
    )
    yield from (
        _("lot {lot} lies in stock and its entry is void").format(lot=id_) for id_ in voided
    )
    other = session.scalars(
        select(StockLot.id)
        .join(ContributionLine, ContributionLine.id == StockLot.contribution_line_id)
        .join(StockMovement, StockMovement.lot_id == StockLot.id)
        .where(
            ContributionLine.kind == ItemKind.GOODS,
            StockMovement.number == 1,
            StockMovement.after_thousandths != ContributionLine.quantity_thousandths,
        )
        .order_by(StockLot.id)
    )
    yield from (_("lot {lot} began with another quantity").format(lot=id_) for id_ in other)


def _of_items(session: Session, step: ShareStep) -> dict[int, int]:
    """What the items of each need come to whose latest step is this one, in thousandths."""
    later = aliased(NeedShare)
    is_last = ~exists().where(
        later.pledge_item_id == NeedShare.pledge_item_id, later.number > NeedShare.number
    )
    rows = session.execute(
        select(NeedShare.need_id, sum_rial(PledgeItem.quantity_thousandths))
        .join(PledgeItem, PledgeItem.id == NeedShare.pledge_item_id)
        .where(NeedShare.step == step, is_last)
        .group_by(NeedShare.need_id)
    )
    return {row.need_id: row[1] for row in rows}


def _of_hours(session: Session, step: ShareStep) -> dict[int, int]:
    """The same of hours."""
    later = aliased(HoursReservation)
    is_last = ~exists().where(
        later.pledge_item_id == HoursReservation.pledge_item_id,
        later.number > HoursReservation.number,
    )
    rows = session.execute(
        select(HoursReservation.need_id, sum_rial(HoursReservation.hours))
        .where(HoursReservation.step == step, is_last)
        .group_by(HoursReservation.need_id)
    )
    return {row.need_id: row[1] * 1000 for row in rows}
