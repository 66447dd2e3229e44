"""Filling the work tables from the lines themselves: at import, after an undo, and from nothing.

A line has one key at most: our own deposit id, else the terminal it pays out, else the bank's
reference. So closing it touches two narrow rows.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Select,
    and_,
    case,
    cast,
    delete,
    func,
    insert,
    not_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from core.database import Base
from core.identifiers import DEPOSIT_ID_LENGTH
from ledger.terminals import Terminal
from reconciliation.expected import (
    LineClaim,
    OpenDepositLine,
    OpenFeeLine,
    OpenLine,
    OpenReferenceLine,
    OpenSettlementLine,
)
from reconciliation.lines import LineClass, StatementImportUndo, StatementLine
from reconciliation.locks import is_locked
from reconciliation.matches import Match, MatchUndo
from reconciliation.quarantine import unsolved_lines

# Shorter references (the bank's serial may be 1) prove nothing, not even with the amount.
REFERENCE_DIGITS_MIN = 6

WORK_TABLES: tuple[type[Base], ...] = (
    OpenDepositLine,
    OpenReferenceLine,
    OpenSettlementLine,
    OpenFeeLine,
    OpenLine,
)


_line = StatementLine
_KEY_ENDS = (_line.amount_rial, _line.booked_on, _line.id)


def is_our_deposit_id(digits: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """``core.identifiers.is_deposit_id`` in SQL: first digit, length, ISO 7064 MOD 97-10."""
    check = cast(func.substr(digits, DEPOSIT_ID_LENGTH - 1, 2), BigInteger)
    return case(
        (
            and_(
                func.length(digits) == DEPOSIT_ID_LENGTH, func.substr(digits, 1, 1).in_(["1", "2"])
            ),
            and_(cast(digits, BigInteger) % 97 == 1, check.between(2, 98)),
        ),
        else_=False,
    )


def open_lines(session: Session, chosen: ColumnElement[bool]) -> None:
    """Put lines into the work tables; the caller knows that nothing explains them."""
    for statement in _fillings(chosen):
        session.execute(statement)


def take_from_rules(session: Session, line_ids: Select[*tuple[Any, ...]]) -> None:
    """Let no rule look at these lines any more; they stay open for people."""
    for table in WORK_TABLES:
        if table is not OpenLine:
            session.execute(
                delete(table).where(table.line_id.in_(line_ids)),  # type: ignore[attr-defined]
                execution_options={"synchronize_session": False},
            )


def give_to_rules(session: Session, chosen: ColumnElement[bool]) -> None:
    """Let the rules look at open lines again, but for those of signed days."""
    for statement in _keyed(chosen):
        session.execute(statement)


def close_lines(session: Session, line_ids: Select[*tuple[Any, ...]]) -> int:
    """Take lines out of every work table; returns how many were open."""
    closed = 0
    for table in WORK_TABLES:
        result: Any = session.execute(
            delete(table).where(table.line_id.in_(line_ids)),  # type: ignore[attr-defined]
            execution_options={"synchronize_session": False},
        )
        closed = result.rowcount
    return closed


def rebuild(session: Session) -> None:
    """Make the line work tables anew from lines and matches, as they must always be."""
    for table in WORK_TABLES:
        session.execute(delete(table))
    session.execute(delete(LineClaim))
    undone_files = select(StatementImportUndo.statement_file_id)
    explained = (
        select(Match.line_id)
        .outerjoin(MatchUndo, MatchUndo.match_id == Match.id)
        .where(MatchUndo.id.is_(None))
    )
    session.execute(_into(LineClaim, explained.distinct().order_by(Match.line_id)))
    open_lines(
        session,
        and_(
            StatementLine.statement_file_id.not_in(undone_files),
            StatementLine.id.not_in(select(LineClaim.line_id)),
            StatementLine.id.not_in(unsolved_lines()),
        ),
    )


def _fillings(chosen: ColumnElement[bool]) -> Sequence[Insert]:
    return (_everything(chosen), *_keyed(chosen))


def _keyed(chosen: ColumnElement[bool]) -> Sequence[Insert]:
    """What the rules look at; lines of signed days are for people alone."""
    chosen = and_(chosen, not_(is_locked()))
    is_credit = _line.amount_rial > 0
    is_own = is_our_deposit_id(_line.deposit_id)
    is_settlement = _line.line_class == LineClass.SETTLEMENT
    return (
        _by_deposit_id(and_(chosen, is_credit, is_own)),
        _by_terminal(and_(chosen, is_credit, is_settlement, not_(is_own))),
        _by_reference(and_(chosen, is_credit, not_(is_settlement), not_(is_own))),
        _fees(and_(chosen, _line.amount_rial < 0, _line.line_class == LineClass.FEE)),
    )


def _everything(chosen: ColumnElement[bool]) -> Insert:
    columns = (_line.id, _line.bank_account_id, _line.booked_on, _line.amount_rial)
    return _into(OpenLine, select(*columns).where(chosen).order_by(_line.id))


def _by_deposit_id(chosen: ColumnElement[bool]) -> Insert:
    key = (_line.deposit_id, *_KEY_ENDS)
    return _into(OpenDepositLine, select(*key).where(chosen).order_by(*key))


def _by_terminal(chosen: ColumnElement[bool]) -> Insert:
    key = (Terminal.id, *_KEY_ENDS)
    of_line = and_(
        Terminal.bank_account_id == _line.bank_account_id,
        func.ltrim(Terminal.bank_terminal_id, "0") == _line.terminal,
    )
    return _into(
        OpenSettlementLine, select(*key).join(Terminal, of_line).where(chosen).order_by(*key)
    )


def _by_reference(chosen: ColumnElement[bool]) -> Insert:
    key = (_line.reference, *_KEY_ENDS)
    is_long = func.length(_line.reference) >= REFERENCE_DIGITS_MIN
    return _into(OpenReferenceLine, select(*key).where(chosen, is_long).order_by(*key))


def _fees(chosen: ColumnElement[bool]) -> Insert:
    columns = (_line.id, _line.bank_account_id, _line.amount_rial)
    return _into(OpenFeeLine, select(*columns).where(chosen).order_by(_line.id))


def _into(table: type[Base], rows: Select[*tuple[Any, ...]]) -> Insert:
    names = [column.name for column in table.__table__.columns]
    return insert(table).from_select(names, rows)
