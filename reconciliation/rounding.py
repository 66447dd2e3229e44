"""Pay-outs that miss their batch by less than a rial a payment: the bank rounds each fee its way.

Looked for among what the exact rule left open only, and taken only where no other line and no
other batch is as near. The difference is a part of the line of its own, posted to fees.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, Select, Subquery, and_, func, select
from sqlalchemy.orm import Session

from reconciliation.batches import Batch, batches, reach_open_lines
from reconciliation.calendar import CALENDAR
from reconciliation.expected import OpenSettlementLine


def rounded_batches(session: Session) -> Sequence[Batch]:
    """The batches that exactly one open line pays to within a rial for each payment."""
    if not reach_open_lines(session):
        return []
    pair = _pairs(batches(session).subquery()).subquery()
    sure = (
        select(pair)
        # What is exact was left open because it is not the only one that is.
        .where(pair.c.lines == 1, pair.c.batches == 1, pair.c.rounding_rial != 0)
        .order_by(pair.c.terminal_id, pair.c.business_day, pair.c.cut_off_minute)
    )
    return [_batch(row) for row in session.execute(sure)]


def _pairs(batch: Subquery) -> Select[*tuple[Any, ...]]:
    """Every batch with every line that pays it nearly, and how many of each other both have."""
    line = OpenSettlementLine
    taken, paid = CALENDAR.alias(), CALENDAR.alias()
    net_rial = batch.c.gross_rial - batch.c.fee_rial
    return (
        select(
            *batch.c,
            line.line_id,
            line.booked_on,
            (net_rial - line.amount_rial).label("rounding_rial"),
            func.count()
            .over(partition_by=(batch.c.terminal_id, batch.c.business_day, batch.c.cut_off_minute))
            .label("lines"),
            func.count().over(partition_by=line.line_id).label("batches"),
        )
        .join_from(
            batch,
            line,
            and_(
                line.terminal_id == batch.c.terminal_id,
                line.amount_rial.between(
                    net_rial - batch.c.item_count, net_rial + batch.c.item_count
                ),
            ),
        )
        .join(taken, taken.c.day == batch.c.business_day)
        .join(paid, paid.c.day == line.booked_on)
        .where(
            line.booked_on >= batch.c.business_day,
            paid.c.working_days - taken.c.working_days <= batch.c.within_days,
        )
    )


def _batch(row: Row[*tuple[Any, ...]]) -> Batch:
    return Batch(
        row.terminal_id,
        row.business_day,
        row.item_count,
        row.gross_rial,
        row.fee_rial,
        row.line_id,
        row.booked_on,
        cut_off_minute=row.cut_off_minute,
        apart_fee_rial=row.apart_fee_rial,
        rounding_rial=row.rounding_rial,
    )
