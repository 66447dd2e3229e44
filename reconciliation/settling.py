"""Writing pay-outs: the settlement, its payments, and the line that brought them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    Subquery,
    and_,
    case,
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
    union,
)
from sqlalchemy.orm import Session

from core.portable import unindexed
from reconciliation.batches import Batch, netted_fee_rial, terms_on
from reconciliation.cycles import WINDOW, fill_windows
from reconciliation.expected import (
    DAY_END,
    ExpectedTerminalMoney,
    OpenReferenceLine,
    OpenSettlementLine,
)
from reconciliation.found import (
    CHOSEN,
    FOUND,
    MOVED,
    PAYOUT,
    LostRace,
    analysed,
    emptied,
    expect_rows,
    next_id,
    rows_of,
    within,
)
from reconciliation.matches import (
    DifferenceKind,
    Match,
    Rule,
    Settlement,
    SettlementDifference,
    SettlementItem,
    Target,
)
from reconciliation.matching import Key, close_open_lines, inside, nth_key
from reconciliation.midnight import Moved

_money = ExpectedTerminalMoney


def find_batches(session: Session, batches: Sequence[Batch], moved: Sequence[Moved] = ()) -> None:
    """Write batches as settlements and put their lines among the found.

    ``moved`` are payments that belong to another of these batches than to that of their day.
    Raises LostRace where the money of a batch is not what it was when the batch was found.
    """
    _note_moved(session, moved)
    begin_payouts(session, batches)
    _write_batch_items(session)
    _find_lines(session, Rule.SETTLEMENT_BATCH)


def begin_payouts(session: Session, batches: Sequence[Batch]) -> Sequence[int]:
    """Write the settlements of batches, without their items; returns their ids in order."""
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
    _write_rounding(session)
    return ids


def write_chosen(session: Session, rule: Rule) -> None:
    """Write the money among the chosen as items of its settlements, and find their lines.

    The difference of a settlement from its line has been written before. Raises LostRace where
    the money is not what the settlement was begun with.
    """
    same_money = and_(
        _money.terminal_id == CHOSEN.c.terminal_id,
        _money.business_day == CHOSEN.c.business_day,
        _money.source == CHOSEN.c.source,
        _money.source_id == CHOSEN.c.source_id,
    )
    items = select(
        CHOSEN.c.settlement_id,
        _money.source,
        _money.source_id,
        _money.amount_rial,
        CHOSEN.c.fee_rial,
        _money.business_day,
        _money.reference,
        _money.taken_minute,
    ).join_from(CHOSEN, _money, same_money)
    session.execute(insert(SettlementItem).from_select(_ITEM_COLUMNS, items))
    _refuse_changed(session)
    _find_lines(session, rule)


def close_money(session: Session) -> None:
    """Take the payments of the settlements of this slice out of what is owed. Raises LostRace."""
    principals = select(func.count()).select_from(FOUND).where(FOUND.c.is_principal)
    expect_rows(session.execute(principals).scalar_one(), _payout_count(session))
    item = SettlementItem
    # An outer join, for SQLite begins with its left side: inside out it reads the whole history.
    paid_out = select(
        PAYOUT.c.terminal_id, item.business_day, item.source, item.source_id
    ).join_from(PAYOUT, item, _of_payout(), isouter=True)
    key = tuple_(_money.terminal_id, _money.business_day, _money.source, _money.source_id)
    chosen = delete(_money).where(
        within(unindexed(_money.terminal_id), PAYOUT.c.terminal_id), key.in_(paid_out)
    )
    expect_rows(rows_of(session, chosen), _item_count(session))


def close_batches(session: Session) -> None:
    """Take what the batches found out of the work tables. Raises LostRace."""
    close_money(session)
    line = OpenSettlementLine
    keys = select(
        PAYOUT.c.terminal_id,
        PAYOUT.c.gross_rial - PAYOUT.c.fee_rial - PAYOUT.c.rounding_rial,
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
        "reference", "taken_minute", "settlement_id", "item_count", "moved_count", "fee_rial",
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
    close_money(session)
    line = OpenReferenceLine
    expect_rows(
        rows_of(
            session,
            delete(line).where(
                within(unindexed(line.reference), PAYOUT.c.reference),
                tuple_(line.reference, line.amount_rial, line.booked_on, line.line_id).in_(
                    select(
                        PAYOUT.c.reference,
                        PAYOUT.c.gross_rial,
                        PAYOUT.c.booked_on,
                        PAYOUT.c.line_id,
                    )
                ),
            ),
        ),
        _payout_count(session),
    )
    close_open_lines(session)


_ITEM_COLUMNS = [
    "settlement_id", "source", "source_id", "amount_rial", "fee_rial", "business_day", "reference",
    "taken_minute",
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
            _money.taken_minute,
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
                "fee_rial", "net_rial", "cut_off_minute", "apart_fee_rial",
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
                PAYOUT.c.cut_off_minute,
                PAYOUT.c.apart_fee_rial,
            ).order_by(PAYOUT.c.settlement_id),
        )
    )  # fmt: skip


def _write_rounding(session: Session) -> None:
    difference = SettlementDifference
    session.execute(
        insert(difference).from_select(
            ["settlement_id", "kind", "amount_rial"],
            select(
                PAYOUT.c.settlement_id,
                literal(DifferenceKind.ROUNDING, difference.kind.type),
                PAYOUT.c.rounding_rial,
            ).where(PAYOUT.c.rounding_rial != 0),
        )
    )


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
                PAYOUT.c.taken_minute,
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
    has_windows = fill_windows(session, _money.terminal_id.in_(select(PAYOUT.c.terminal_id)))
    of_the_day = and_(
        _money.terminal_id == PAYOUT.c.terminal_id, _money.business_day == PAYOUT.c.business_day
    )
    of_the_batch = and_(
        WINDOW.c.terminal_id == PAYOUT.c.terminal_id,
        WINDOW.c.batch_day == PAYOUT.c.business_day,
        WINDOW.c.cut_off_minute == PAYOUT.c.cut_off_minute,
    )
    of_the_window = and_(
        _money.terminal_id == PAYOUT.c.terminal_id,
        _money.business_day == func.coalesce(WINDOW.c.business_day, PAYOUT.c.business_day),
        _money.taken_minute >= func.coalesce(WINDOW.c.from_minute, 0),
        _money.taken_minute < func.coalesce(WINDOW.c.until_minute, DAY_END),
    )
    batches = PAYOUT.outerjoin(WINDOW, of_the_batch) if has_windows else PAYOUT
    stays = (
        _items()
        .join_from(batches, _money, of_the_window if has_windows else of_the_day)
        .where(~exists().where(is_moved))
    )
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
    """The columns of an item; whoever adds to it joins the pay-out with its money.

    The fee is by the terms of the day of the payment, which may not be that of the pay-out.
    """
    terms = terms_on(_days_of_payments())
    same_terms = and_(
        terms.c.terminal_id == _money.terminal_id,
        terms.c.business_day == _money.business_day,
    )
    return select(
        PAYOUT.c.settlement_id,
        _money.source,
        _money.source_id,
        _money.amount_rial,
        netted_fee_rial(_money.amount_rial, terms),
        _money.business_day,
        _money.reference,
        _money.taken_minute,
    ).where(same_terms)


def _days_of_payments() -> Subquery:
    """The terminals and days of what the pay-outs of this slice may hold."""
    of_windows = select(WINDOW.c.terminal_id, WINDOW.c.business_day).join(
        PAYOUT,
        and_(
            WINDOW.c.terminal_id == PAYOUT.c.terminal_id,
            WINDOW.c.batch_day == PAYOUT.c.business_day,
        ),
    )
    return union(
        select(PAYOUT.c.terminal_id, PAYOUT.c.business_day),
        of_windows,
        select(MOVED.c.terminal_id, MOVED.c.business_day),
    ).subquery()


def _refuse_changed(session: Session) -> None:
    """Raise LostRace where the written items do not make what the batches were found with."""
    item = SettlementItem
    differing = (
        select(PAYOUT.c.settlement_id)
        .outerjoin(item, _of_payout())
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


def _of_payout() -> ColumnElement[bool]:
    """That an item belongs to a settlement of this slice, none of which is in the history."""
    item = SettlementItem.settlement_id
    return and_(item == PAYOUT.c.settlement_id, within(unindexed(item), PAYOUT.c.settlement_id))


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
    _find_differences(session, rule)


def _find_differences(session: Session, rule: Rule) -> None:
    """Put what makes a settlement another amount than its line among the found, each a part."""
    difference = SettlementDifference
    is_refund = difference.kind == DifferenceKind.REFUND
    session.execute(
        insert(FOUND).from_select(
            list(FOUND.c.keys()),
            select(
                next_id(session, Match, beside=FOUND.c.match_id),
                PAYOUT.c.line_id,
                literal(rule.value, String),
                case(
                    (is_refund, literal(Target.REFUND.value, String)),
                    else_=literal(Target.BANK_FEE.value, String),
                ),
                difference.refund_request_id,
                -difference.amount_rial,
                false(),
                null(),
                PAYOUT.c.booked_on,
            ).join_from(PAYOUT, difference, difference.settlement_id == PAYOUT.c.settlement_id),
        )
    )


def _payout_count(session: Session) -> int:
    return session.execute(select(func.count()).select_from(PAYOUT)).scalar_one()


def _item_count(session: Session) -> int:
    total = session.execute(select(func.coalesce(func.sum(PAYOUT.c.item_count), 0))).scalar_one()
    return int(total)
