"""Several deposit ids of ours in one line: what an import notes, and the rule that pays them all.

The ids that a row names are facts of the row, found once at its import; only rows that name more
than one are kept, and they are few.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, starmap
from operator import attrgetter
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Select, String, and_, func, literal, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.bulk import insert_rows
from core.database import Base, engine_of, insert_only
from core.identifiers import DEPOSIT_ID_LENGTH, is_deposit_id
from reconciliation.expected import ExpectedDeposit, Expects, OpenLine
from reconciliation.lines import StatementLine
from reconciliation.rules_found import Part, Whole

_CODE = re.compile(r"(?<![0-9])[12][0-9]{12}(?![0-9])")
_line = StatementLine
_by_line = attrgetter("line_id")


@insert_only
class NamedId(Base):
    """One of several deposit ids of ours, by their check digits, that a row names."""

    __tablename__ = "named_id"

    line_id: Mapped[int] = mapped_column(
        ForeignKey("statement_line.id"), primary_key=True, autoincrement=False
    )
    deposit_id: Mapped[str] = mapped_column(String(DEPOSIT_ID_LENGTH), primary_key=True)


def note_named_ids(session: Session, file_id: int) -> None:
    """Keep the ids of the new rows of a file that name more than one of ours.

    The database picks the rows with two long numbers; only those few are read.
    """
    texts = _texts()
    rows = session.execute(
        select(_line.id, texts).where(
            _line.statement_file_id == file_id, _line.amount_rial > 0, _has_two(session, texts)
        )
    )
    named = [(line_id, code) for line_id, text in rows for code in _several_ids(text)]
    insert_rows(session.connection(), NamedId.__table__, ["line_id", "deposit_id"], named)  # type: ignore[arg-type]


def named_ids(session: Session, line_id: int) -> Sequence[str]:
    """The ids of ours that a row names, where they are several."""
    return session.scalars(
        select(NamedId.deposit_id).where(NamedId.line_id == line_id).order_by(NamedId.deposit_id)
    ).all()


def sure_splits(session: Session) -> Sequence[Whole]:
    """Open lines that name several open pledges of ours whose amounts sum exactly to the line.

    All of the named ids are paid or none. Where two such lines name the same id, the first by day
    and line has it, as with a single id, and the other stays open.
    """
    named = _named_pledges().subquery()
    whole = (
        select(named.c.line_id)
        .group_by(named.c.line_id, named.c.line_rial)
        .having(
            func.count() == func.count(named.c.target_id),  # each named id is awaited
            func.sum(named.c.amount_rial) == named.c.line_rial,
        )
    )
    rows = session.execute(
        select(named.c.line_id, named.c.target_id, named.c.amount_rial, named.c.deposit_id)
        .where(named.c.line_id.in_(whole))
        .order_by(named.c.booked_on, named.c.line_id, named.c.deposit_id)
    )
    fitting = (list(parts) for _line_id, parts in groupby(starmap(Part, rows), _by_line))
    return list(_first_of_each(fitting))


def _first_of_each(fitting: Iterable[Whole]) -> Iterator[Whole]:
    taken: set[int] = set()
    for parts in fitting:
        pledges = {part.target_id for part in parts}
        if taken.isdisjoint(pledges):
            taken |= pledges
            yield parts


def _named_pledges() -> Select[*tuple[Any, ...]]:
    """Every id that an open line names, with the pledge that waits under it, if one does."""
    awaited = and_(
        ExpectedDeposit.deposit_id == NamedId.deposit_id, ExpectedDeposit.expects == Expects.PLEDGE
    )
    return (
        select(
            NamedId.line_id,
            NamedId.deposit_id,
            OpenLine.amount_rial.label("line_rial"),
            OpenLine.booked_on,
            ExpectedDeposit.target_id,
            ExpectedDeposit.amount_rial,
        )
        .join_from(NamedId, OpenLine, OpenLine.line_id == NamedId.line_id)
        .outerjoin(ExpectedDeposit, awaited)
    )


def _texts() -> ColumnElement[str]:
    texts: ColumnElement[str] = literal("")
    for column in (_line.deposit_id, _line.description, _line.payer, _line.reference):
        texts = texts + " " + func.coalesce(column, "")
    return texts


def _has_two(session: Session, texts: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a text holds two numbers of at least so many digits, in the engine's own words."""
    if engine_of(session) == "sqlite":
        number = "[0-9]" * DEPOSIT_ID_LENGTH
        return texts.op("GLOB", is_comparison=True)(f"*{number}*[^0-9]*{number}*")
    number = f"[0-9]{{{DEPOSIT_ID_LENGTH}}}"
    return texts.op("~", is_comparison=True)(f"{number}.*[^0-9].*{number}")


def _several_ids(text: str) -> Iterator[str]:
    found = sorted({code for code in _CODE.findall(text) if is_deposit_id(code)})
    return iter(found if len(found) > 1 else ())
