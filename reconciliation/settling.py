"""Writing pay-outs: the settlement, its payments, and the line that brought them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Select,
    String,
    Subquery,
    and_,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import Session

from reconciliation.batches import Batch, netted_fee_rial, terms_on
from reconciliation.expected import (
    ExpectedTerminalMoney,
    OpenReferenceLine,
    OpenSettlementLine,
)
from reconciliation.found import (
    FOUND,
    MOVED,
    PAYOUT,
    LostRace,
    analysed,
    emptied,
    expect_rows,
    next_id,
    rows_of,
)
from reconciliation.matches import Match, Rule, Settlement, SettlementItem, Target
from reconciliation.matching import Key, close_open_lines, inside, nth_key
from reconciliation.midnight import Moved

_money = ExpectedTerminalMoney


def find_batches(session: Session, batches: Sequence[Batch], moved: Sequence[Moved] = ()) -> None:
    """Write batches as settlements and put their lines among the found.

    ``moved`` are payments that belong to another of these batches than to that of their day.
    Raises LostRace where the money of a batch is not what it was when the batch was found.
    """
    _note_moved(session, moved)
    emptied(session, PAYOUT)
    first_id = session.execute(select(next_id(session, Settlement))).scalar_one()
    columns = tuple(Batch.__dataclass_fields__)
    rows = [{name: getattr(batch, name) for name in columns} for batch in batches]
    ids = _settlement_ids(session, first_id, len(rows))
    session.execute(
        insert(PAYOUT),
        [{**row, "settlement_id": id_} for row, id_ in zip(rows, ids, strict=True)],
    )
    _write_settlements(session)
    _write_batch_items(session)
    _find_lines(session, Rule.SETTLEMENT_BATCH)


def close_batches(session: Session) -> None:
    """Take what the batches found out of the work tables. Raises LostRace."""
    days = select(PAYOUT.c.terminal_id, PAYOUT.c.business_day)
    expect_rows(
        rows_of(
            session,
            delete(_money).where(tuple_(_money.terminal_id, _money.business_day).in_(days)),
        ),
        _item_count(session),
    )
    line = OpenSettlementLine
    keys = select(
        PAYOUT.c.terminal_id,
        PAYOUT.c.gross_rial - PAYOUT.c.fee_rial,
        PAYOUT.c.booked_on,
        PAYOUT.c.line_id,
    )
    expect_rows(
        rows_of(
            session,
            delete(line).where(
                tuple_(line.terminal_id, line.amount_rial, line.booked_on, line.line_id).in_(keys)
            ),
        ),
        _payout_count(session),
    )
    close_open_lines(session)


def find_references(session: Session, after: Key | None, limit: int) -> Key | None:
    """Lines that carry the reference of one payment and its exact amount, one of each.

    The payment becomes a settlement of its own. Returns the key to go on from.
    """
    emptied(session, PAYOUT)
    line = OpenReferenceLine
    until = nth_key(session, (line.reference, line.amount_rial), after, limit)
    pair = _pairs(after, until)
    columns = (
        "terminal_id", "business_day", "gross_rial", "line_id", "booked_on", "source", "source_id",
        "reference", "settlement_id", "item_count", "moved_count", "fee_rial",
    )  # fmt: skip
    rows_of(
        session,
        insert(PAYOUT).from_select(
            columns,
            select(
                *(column for column in pair.c if column.name != "pairs"),
                next_id(session, Settlement),
                literal(1),
                literal(0),
                literal(0),
            ).where(pair.c.pairs == 1),
        ),
    )
    _write_settlements(session)
    _write_single_items(session)
    _find_lines(session, Rule.BANK_REFERENCE)
    return until


def close_references(session: Session) -> None:
    """Take what a slice of references found out of the work tables. Raises LostRace."""
    count = _payout_count(session)
    expect_rows(
        rows_of(
            session,
            delete(_money).where(
                tuple_(
                    _money.terminal_id, _money.business_day, _money.source, _money.source_id
                ).in_(
                    select(
                        PAYOUT.c.terminal_id,
                        PAYOUT.c.business_day,
                        PAYOUT.c.source,
                        PAYOUT.c.source_id,
                    )
                )
            ),
        ),
        count,
    )
    line = OpenReferenceLine
    expect_rows(
        rows_of(
            session,
            delete(line).where(
                tuple_(line.reference, line.amount_rial, line.booked_on, line.line_id).in_(
                    select(
                        PAYOUT.c.reference,
                        PAYOUT.c.gross_rial,
                        PAYOUT.c.booked_on,
                        PAYOUT.c.line_id,
                    )
                )
            ),
        ),
        count,
    )
    close_open_lines(session)


_ITEM_COLUMNS = [
    "settlement_id", "source", "source_id", "amount_rial", "fee_rial", "business_day", "reference",
]  # fmt: skip


def _pairs(after: Key | None, until: Key | None) -> Subquery:
    """The lines of a slice with the money of their reference and amount, and how many pairs."""
    line = OpenReferenceLine
    return (
        select(
            _money.terminal_id,
            _money.business_day,
            _money.amount_rial,
            line.line_id,
            line.booked_on,
            _money.source,
            _money.source_id,
            _money.reference,
            func.count().over(partition_by=(line.reference, line.amount_rial)).label("pairs"),
        )
        .join_from(
            line,
            _money,
            and_(_money.reference == line.reference, _money.amount_rial == line.amount_rial),
        )
        .where(
            *inside((line.reference, line.amount_rial), after, until),
            line.booked_on >= _money.business_day,
        )
        .subquery()
    )


def _settlement_ids(session: Session, first_id: int, count: int) -> Sequence[int]:
    if session.connection().dialect.name == "sqlite":
        return range(first_id, first_id + count)
    numbers = func.generate_series(2, count).table_valued("value")
    more = session.scalars(select(next_id(session, Settlement)).select_from(numbers)).all()
    return [first_id, *more]


def _write_settlements(session: Session) -> None:
    analysed(session, PAYOUT)
    session.execute(
        insert(Settlement).from_select(
            [
                "id", "terminal_id", "business_day", "item_count", "moved_count", "gross_rial",
                "fee_rial", "net_rial",
            ],
            select(
                PAYOUT.c.settlement_id,
                PAYOUT.c.terminal_id,
                PAYOUT.c.business_day,
                PAYOUT.c.item_count,
                PAYOUT.c.moved_count,
                PAYOUT.c.gross_rial,
                PAYOUT.c.fee_rial,
                PAYOUT.c.gross_rial - PAYOUT.c.fee_rial,
            ).order_by(PAYOUT.c.settlement_id),
        )
    )  # fmt: skip


def _write_single_items(session: Session) -> None:
    session.execute(
        insert(SettlementItem).from_select(
            _ITEM_COLUMNS,
            select(
                PAYOUT.c.settlement_id,
                PAYOUT.c.source,
                PAYOUT.c.source_id,
                PAYOUT.c.gross_rial,
                PAYOUT.c.fee_rial,
                PAYOUT.c.business_day,
                PAYOUT.c.reference,
            ),
        )
    )


def _note_moved(session: Session, moved: Sequence[Moved]) -> None:
    emptied(session, MOVED)
    if moved:
        names = tuple(MOVED.c.keys())
        session.execute(
            insert(MOVED), [{name: getattr(each, name) for name in names} for each in moved]
        )


def _write_batch_items(session: Session) -> None:
    """Everything of the day that stays in it, and what moves here from a neighbour's day."""
    is_moved = and_(
        MOVED.c.terminal_id == _money.terminal_id,
        MOVED.c.source == _money.source,
        MOVED.c.source_id == _money.source_id,
    )
    of_the_day = and_(
        _money.terminal_id == PAYOUT.c.terminal_id, _money.business_day == PAYOUT.c.business_day
    )
    stays = _items().join_from(PAYOUT, _money, of_the_day).where(~exists().where(is_moved))
    comes = (
        _items()
        .join_from(
            PAYOUT,
            MOVED,
            and_(
                MOVED.c.terminal_id == PAYOUT.c.terminal_id, MOVED.c.to_day == PAYOUT.c.business_day
            ),
        )
        .join(_money, and_(is_moved, _money.business_day == MOVED.c.business_day))
    )
    for items in (stays, comes):
        session.execute(insert(SettlementItem).from_select(_ITEM_COLUMNS, items))
    _refuse_changed(session)


def _items() -> Select[*tuple[Any, ...]]:
    """The columns of an item; whoever adds to it joins the pay-out with its money."""
    terms = terms_on(PAYOUT)
    same_terms = and_(
        terms.c.terminal_id == PAYOUT.c.terminal_id,
        terms.c.business_day == PAYOUT.c.business_day,
    )
    return select(
        PAYOUT.c.settlement_id,
        _money.source,
        _money.source_id,
        _money.amount_rial,
        netted_fee_rial(_money.amount_rial, terms),
        _money.business_day,
        _money.reference,
    ).where(same_terms)


def _refuse_changed(session: Session) -> None:
    """Raise LostRace where the written items do not make what the batches were found with."""
    item = SettlementItem
    differing = (
        select(PAYOUT.c.settlement_id)
        .outerjoin(item, item.settlement_id == PAYOUT.c.settlement_id)
        .group_by(
            PAYOUT.c.settlement_id, PAYOUT.c.item_count, PAYOUT.c.gross_rial, PAYOUT.c.fee_rial
        )
        .having(
            or_(
                func.count(item.id) != PAYOUT.c.item_count,
                func.sum(item.amount_rial) != PAYOUT.c.gross_rial,
                func.sum(item.fee_rial) != PAYOUT.c.fee_rial,
            )
        )
    )
    if session.execute(differing.limit(1)).first() is not None:
        raise LostRace("the money of a batch changed while it was being written")


def _find_lines(session: Session, rule: Rule) -> None:
    """Put the lines of the pay-outs among the found: the gross, and the netted fee against it."""
    emptied(session, FOUND)
    for is_principal in (True, False):
        chosen = (
            select(
                next_id(session, Match, beside=FOUND.c.match_id),
                PAYOUT.c.line_id,
                literal(rule.value, String),
                literal((Target.SETTLEMENT if is_principal else Target.BANK_FEE).value, String),
                PAYOUT.c.settlement_id if is_principal else null(),
                PAYOUT.c.gross_rial if is_principal else -PAYOUT.c.fee_rial,
                true() if is_principal else false(),
                null(),
                PAYOUT.c.booked_on,
            )
            .where(true() if is_principal else PAYOUT.c.fee_rial > 0)
            .order_by(PAYOUT.c.settlement_id)
        )
        session.execute(insert(FOUND).from_select(list(FOUND.c.keys()), chosen))


def _payout_count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(PAYOUT)).scalar_one()


def _item_count(session: Session) -> int:
    total = session.execute(select(func.coalesce(func.sum(PAYOUT.c.item_count), 0))).scalar_one()
    return int(total)
