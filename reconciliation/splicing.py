"""Where a file joins what is known of its account: overlaps are found, only new rows are added.

Days, times and texts may repeat; the running balances are one chain, so that a file belongs in
exactly one place. Where several would do (twins that cancel each other), the place that adds the
fewest rows is taken: the next export of the whole day brings what is missing.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import islice, zip_longest

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from core.portable import unindexed
from core.refusals import Refusal
from reconciliation.chain import ChainRow, ChainRows
from reconciliation.held import Chain
from reconciliation.lines import StatementImportUndo, StatementLine, stands_on
from reconciliation.quarantine import QuarantinedLine

_KNOWN_AT_ONCE = 5_000  # lines


class GapInStatement(Refusal):
    """Between what is known of the account and this file, bookings are missing."""

    code = "statement.gap"
    field = "file"


class DiffersFromKnown(Refusal):
    """A row that contradicts the same booking of an earlier file, or lacks one of its day."""

    code = "statement.differs_from_known"
    field = "file"


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A line of the account as far as splicing needs it."""

    position: int
    fingerprint: bytes
    balance_rial: int | None
    amount_rial: int
    booked_on: date

    @property
    def closing_rial(self) -> int:
        """The balance after the line; every line has one."""
        if self.balance_rial is None:
            raise ValueError(f"line at position {self.position} has no balance")
        return self.balance_rial

    @property
    def opening_rial(self) -> int:
        """The balance before the line."""
        return self.closing_rial - self.amount_rial


@dataclass(frozen=True, slots=True)
class Splice:
    """How the rows of a file split: new ones before what is known, known ones, new ones after."""

    before_count: int
    known_count: int
    after_count: int
    before_position: int  # of the first new row before
    after_position: int  # of the first new row after
    opening_rial: int  # of the file
    closing_rial: int
    opening_change_rial: int  # what this file adds to the balance before the earliest line
    opens_on: str  # the earliest day of the file
    before: Callable[[], Iterator[ChainRows]]  # in order of time, each row with its balance
    after: Callable[[], Iterator[ChainRows]]

    @property
    def new_count(self) -> int:
        return self.before_count + self.after_count


def splice(session: Session, bank_account_id: int, chain: Chain) -> Splice:
    """Find the place of a file on the account's chain.

    A file that adds up in both directions is turned the way that adds fewer rows. Raises
    GapInStatement, DiffersFromKnown.
    """
    if not chain.ending.adds_up_both_ways:
        return _splice(session, bank_account_id, chain)
    places: list[tuple[int, bool, Splice]] = []
    by_days = chain.is_newest_first
    for is_newest_first in (by_days, not by_days):
        chain.turn(is_newest_first=is_newest_first)
        with suppress(GapInStatement, DiffersFromKnown):
            place = _splice(session, bank_account_id, chain)
            places.append((place.new_count, is_newest_first, place))
    if not places:
        chain.turn(is_newest_first=by_days)
        return _splice(session, bank_account_id, chain)
    _new_count, is_newest_first, place = min(places, key=lambda found: found[0])
    chain.turn(is_newest_first=is_newest_first)
    return place


def _splice(session: Session, bank_account_id: int, chain: Chain) -> Splice:
    first = end_of(session, bank_account_id, latest=False)
    last = end_of(session, bank_account_id, latest=True)
    if first is None or last is None:
        return _split(chain, 0, 0, None, None)
    overlap = _overlap(session, bank_account_id, chain, first, last)
    if overlap is not None:
        before_count, known_count = overlap
        return _split(chain, before_count, known_count, first, last)
    if (
        chain.earliest.opening_rial == last.balance_rial
        and chain.earliest.booked_on >= last.booked_on.isoformat()
    ):
        return _split(chain, 0, 0, first, last)
    if (
        chain.latest.balance_rial == first.opening_rial
        and chain.latest.booked_on <= first.booked_on.isoformat()
    ):
        return _split(chain, chain.row_count, 0, first, last)
    raise GapInStatement(
        row=chain.earliest.row_number,
        expected_rial=last.balance_rial,
        found_rial=chain.earliest.opening_rial,
    )


def live_lines(bank_account_id: int) -> tuple[ColumnElement[bool], ...]:
    """The conditions that a line is of this account and its import stands."""
    undone = select(StatementImportUndo.statement_file_id)
    return (
        StatementLine.bank_account_id == bank_account_id,
        StatementLine.statement_file_id.not_in(undone),
    )


def _split(
    chain: Chain,
    before_count: int,
    known_count: int,
    first: KnownLine | None,
    last: KnownLine | None,
) -> Splice:
    opening_rial, latest = chain.earliest.opening_rial, chain.latest
    is_first, adds_before = first is None or last is None, before_count > 0
    change_rial = opening_rial if is_first else 0
    if adds_before and first is not None:
        change_rial = opening_rial - first.opening_rial
    return Splice(
        before_count,
        known_count,
        chain.row_count - before_count - known_count,
        before_position=1 if first is None else first.position - before_count,
        after_position=1 if last is None else last.position + 1,
        opening_rial=opening_rial,
        closing_rial=latest.opening_rial + latest.amount_rial,
        opening_change_rial=change_rial,
        opens_on=chain.earliest.booked_on,
        before=lambda: chain.slices(0, before_count),
        after=lambda: chain.slices(before_count + known_count),
    )


def _overlap(
    session: Session, bank_account_id: int, chain: Chain, first: KnownLine, last: KnownLine
) -> tuple[int, int] | None:
    """How many rows lie before the first known line, and how many after those are known."""
    farthest: tuple[int, DiffersFromKnown] | None = None
    for before_count, position in _beginnings(session, bank_account_id, chain, first):
        known_count, differing = _agreement(session, bank_account_id, chain, before_count, position)
        if differing is None or position + known_count > last.position:
            return before_count, known_count
        if farthest is None or known_count > farthest[0]:
            farthest = known_count, DiffersFromKnown(row=differing.row_number)
    if farthest is not None:
        raise farthest[1]
    return None


def _beginnings(
    session: Session, bank_account_id: int, chain: Chain, first: KnownLine
) -> Iterator[tuple[int, int]]:
    """Where the overlap may begin: how many rows of the file before it, at which known line."""
    found = session.scalars(
        select(StatementLine.position)
        .where(
            *live_lines(bank_account_id),
            StatementLine.fingerprint == chain.earliest.fingerprint,
            StatementLine.balance_rial == chain.earliest.balance_rial,
        )
        .order_by(unindexed(StatementLine.position))
    ).all()
    yield from ((0, position) for position in found)
    if found or chain.earliest.booked_on > first.booked_on.isoformat():
        return
    for before_count, row in enumerate(chain.rows()):
        if row.fingerprint == first.fingerprint and row.balance_rial == first.balance_rial:
            yield before_count, first.position


def _agreement(
    session: Session, bank_account_id: int, chain: Chain, start: int, position: int
) -> tuple[int, ChainRow | None]:
    """How many rows agree with the lines from a position on, and the first that does not.

    Where one of the two was set aside in its file, only its place on the chain is compared.
    """
    known = _known_from(session, bank_account_id, position)
    set_aside = quarantined_positions(session, bank_account_id)
    unread = {row.row_number for row in chain.ending.filled.values()}
    agreeing = 0
    for rows in chain.slices(start):
        lines = list(islice(known, len(rows.fingerprint)))
        told = list(zip(rows.fingerprint, rows.balance_rial, strict=True))
        if lines == told:
            agreeing += len(told)
            continue
        for at, (line, row) in enumerate(zip_longest(lines, told)):
            is_loose = position + agreeing in set_aside or rows.row_number[at] in unread
            if line != row and not (line and is_loose and line[1] == row[1]):
                return agreeing, rows.row(at)
            agreeing += 1
    return agreeing, None


def quarantined_positions(session: Session, bank_account_id: int) -> frozenset[int]:
    """Where on the account's chain the lines lie whose rows could not be read."""
    return frozenset(
        session.scalars(
            select(StatementLine.position).where(
                *stands_on(bank_account_id),
                StatementLine.id.in_(select(QuarantinedLine.line_id)),
            )
        )
    )


def _known_from(
    session: Session, bank_account_id: int, position: int
) -> Iterator[tuple[bytes, int | None]]:
    while True:
        lines = session.execute(
            select(StatementLine.position, StatementLine.fingerprint, StatementLine.balance_rial)
            .where(*live_lines(bank_account_id), StatementLine.position >= position)
            .order_by(StatementLine.position)
            .limit(_KNOWN_AT_ONCE)
        ).all()
        yield from ((line.fingerprint, line.balance_rial) for line in lines)
        if len(lines) < _KNOWN_AT_ONCE:
            return
        position = lines[-1].position + 1


def end_of(session: Session, bank_account_id: int, *, latest: bool) -> KnownLine | None:
    """The first or the last line of an account's chain that stands."""
    order = StatementLine.position.desc() if latest else StatementLine.position
    line = session.execute(
        select(
            StatementLine.position,
            StatementLine.fingerprint,
            StatementLine.balance_rial,
            StatementLine.amount_rial,
            StatementLine.booked_on,
        )
        .where(*live_lines(bank_account_id))
        .order_by(order)
        .limit(1)
    ).one_or_none()
    return None if line is None else KnownLine(*line)
