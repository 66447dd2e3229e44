"""Taking a list in: every row is checked, and none or only the good ones are recorded.

What is refused of a row is told with the row, the column and the reason. The same list again adds
nothing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from core.refusals import NotFound, Refusal
from core.uploads import Source, on_disk
from flows.lists.cells import HandedIn, Texts, WrongCell
from flows.lists.columns import COLUMNS, ListKind
from flows.lists.rows import take_office, take_partner_receipt
from flows.lists.told import BadRow, ListRows, Taken
from flows.lists.walk_ins import take_walk_ins
from reconciliation.parsing_tables import parsed_list
from reconciliation.sampling import SampleTooLarge

# What is written with few statements for all rows is bounded so that nobody else waits for it.
ROWS_MAX: Mapping[ListKind, int] = {
    ListKind.PARTNER_RECEIPTS: 1_000,
    ListKind.OFFICES: 1_000,
    ListKind.WALK_INS: 100,
}


class EmptyList(Refusal):
    """A table without a row below its headings."""

    code = "list.empty"
    http_status = 422
    field = "file"


class ListTooLong(Refusal):
    """A list with more rows than are taken at once."""

    code = "list.too_long"
    http_status = 413
    field = "file"


# Where a use case names its field otherwise than the list its column.
_COLUMN_OF = {"name": "description", "quantity_thousandths": "quantity", "reason": "valid_from"}


def read_list(file: Source, kind: ListKind) -> ListRows:
    """The rows of a table that was handed in, read in a process of its own.

    Raises EmptyList, UnknownFormat where a heading is missing, ListTooLong, DamagedFile,
    FileTooLarge.
    """
    names = {column.field: (column.fa, column.en) for column in COLUMNS[kind]}
    try:
        with on_disk(file) as held:
            rows = parsed_list(held, names, most=ROWS_MAX[kind])
    except SampleTooLarge as refusal:
        raise ListTooLong(longest=ROWS_MAX[kind]) from refusal
    if not rows:
        raise EmptyList
    return rows


def take_list(
    session: Session,
    kind: ListKind,
    rows: ListRows,
    handed_in: HandedIn,
    *,
    shown: Collection[int] = (),
) -> Taken:
    """Record every good row, once a person has seen what becomes of the others.

    Nothing is recorded where a row is bad, or known by its content alone, whose number is not among
    those ``shown`` before.
    """
    whole = session.begin_nested()
    taken = _TAKE[kind](session, rows, handed_in)
    if not taken.questioned <= set(shown):
        whole.rollback()
        return replace(taken, new=0, is_recorded=False)
    whole.commit()
    return taken


def _one_by_one(
    kind: ListKind, take: Callable[[Session, Texts, HandedIn], bool]
) -> Callable[[Session, ListRows, HandedIn], Taken]:
    """Each row by the very use case that a form calls, within a savepoint of its own."""

    def taken(session: Session, rows: ListRows, handed_in: HandedIn) -> Taken:
        new = known = 0
        bad: list[BadRow] = []
        for number, texts in rows:
            try:
                with session.begin_nested():
                    is_new = take(session, texts, handed_in)
            except WrongCell as wrong:
                bad.append(BadRow(number, wrong.column, wrong.refusal))
            except NotFound as refusal:
                bad.append(BadRow(number, str(refusal.details.get("subject", "")), refusal))
            except Refusal as refusal:
                bad.append(BadRow(number, _column(kind, refusal), refusal))
            else:
                new, known = new + is_new, known + (not is_new)
        return Taken(new, known, bad)

    return taken


def _column(kind: ListKind, refusal: Refusal) -> str:
    named = str(refusal.details.get("field") or refusal.details.get("name") or refusal.field or "")
    fields = {column.field for column in COLUMNS[kind]}
    return named if named in fields else _COLUMN_OF.get(named, "")


_TAKE: Mapping[ListKind, Callable[[Session, ListRows, HandedIn], Taken]] = {
    ListKind.PARTNER_RECEIPTS: _one_by_one(ListKind.PARTNER_RECEIPTS, take_partner_receipt),
    ListKind.OFFICES: _one_by_one(ListKind.OFFICES, take_office),
    ListKind.WALK_INS: take_walk_ins,
}
