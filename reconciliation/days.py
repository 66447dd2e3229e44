"""Files without running balances: taken by whole days, with an ordinal among equal rows of a day.

Each day of the file is compared, as a multiset of fingerprints, with what is known of the
account's day. What is known on both sides stays as it is, what only the file has is new, and what
only the account has must lie outside the file: before its first row or after its last, for the
first and the last day of an export are often cut. New rows go before everything known or after it;
a row that was left out in the middle is refused, because balances that were told cannot change.

Where the file declares an opening or a closing balance, the place that was found must lead to it.
Lines get the balances that follow from there, so that a later file with balances joins on.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import accumulate, groupby

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.jalali import jalali_plain
from core.portable import unindexed
from core.refusals import Refusal
from reconciliation.chain import ChainRow, ChainRows
from reconciliation.held import Chain
from reconciliation.lines import StatementLine
from reconciliation.quarantine import QuarantinedLine
from reconciliation.splicing import (
    DiffersFromKnown,
    GapInStatement,
    KnownLine,
    Splice,
    end_of,
    live_lines,
)
from reconciliation.statements.refusals import BalancesDisagree, FileTooLarge
from reconciliation.statements.slices import slices_of

_UNORDERED_ROWS_MAX = 200_000  # sorted in memory; banks write days in order
_SUMS_MAX = 50_000  # more lines than that make nearly every sum, which then proves nothing
_KNOWN, _BEFORE, _AFTER = 0, 1, 2


class LeftOut(Refusal):
    """A booking of a day whose later bookings are known already, so that it has no place any more.

    The later imports have to be taken back first.
    """

    code = "statement.left_out"
    field = "file"


@dataclass(slots=True)
class _Extras:
    """Known lines of one day that the file does not have."""

    amounts_rial: Sequence[int] = ()
    first: "_Known | None" = None  # to be named
    earliest: str | None = None  # times; nothing where one line has none
    latest: str | None = None
    is_doubtful: bool = False  # no times, and new rows on the day: one may have been edited

    @property
    def total_rial(self) -> int:
        return sum(self.amounts_rial)

    def differ(self) -> DiffersFromKnown:
        """The refusal that names the first of them."""
        assert self.first is not None  # noqa: S101  only called where there is one
        return DiffersFromKnown(
            day=jalali_plain(self.first.booked_on),
            missing_rial=self.first.amount_rial,
            known_row=self.first.row_number,
        )


@dataclass(frozen=True, slots=True)
class _Known:
    fingerprint: bytes
    booked_on: date
    booked_time: str | None
    amount_rial: int
    row_number: int
    is_quarantined: bool


@dataclass(slots=True)
class _Undecided:
    """A new row of the first known day: it lies before what is known, or after it."""

    place: int
    row: ChainRow


@dataclass(slots=True)
class _Comparison:
    """What comparing the days of a file with the account's has brought."""

    marks: bytearray
    sums: dict[int, int] = field(default_factory=lambda: {_KNOWN: 0, _BEFORE: 0, _AFTER: 0})
    undecided: list[_Undecided] = field(default_factory=list)
    extras_before: _Extras | None = None
    extras_after: _Extras | None = None
    is_cut_somewhere: bool = False  # a part of one known day: nobody can tell which

    def mark(self, place: int, row: ChainRow, side: int) -> None:
        self.marks[place] = side
        self.sums[side] += row.amount_rial


def place_days(
    session: Session, bank_account_id: int, chain: Chain, *, given_rial: int | None
) -> Splice:
    """Find out which rows are new, and their balances; ``given_rial`` is a person's word.

    Raises GapInStatement, DiffersFromKnown, LeftOut, BalancesDisagree.
    """
    opening_rial = _declared_opening(chain, given_rial)
    first = end_of(session, bank_account_id, latest=False)
    last = end_of(session, bank_account_id, latest=True)
    if first is None or last is None:
        return _splice(chain, _everything(chain, _AFTER), None, None, opening_rial or 0)
    if opening_rial is None:
        compared = _compared(session, bank_account_id, chain)
        start_rial = _decided(session, bank_account_id, chain, compared, is_declared=False)
        return _splice(chain, compared, first, last, start_rial)
    return _proved(session, bank_account_id, chain, first, last, opening_rial)


def _proved(
    session: Session,
    bank_account_id: int,
    chain: Chain,
    first: KnownLine,
    last: KnownLine,
    opening_rial: int,
) -> Splice:
    """The first place that leads to the declared balance; the nearest miss says why there is none.

    Equal rows of one day may be the same booking or two: then only the balance can tell.
    """
    first_day, last_day = chain.ending.first_day, chain.ending.last_day
    refusals: list[Refusal] = []
    # Of a part of one day nobody can tell which end it lacks: then the balance says it.
    for lacks_beginning in (True, False) if first_day == last_day else (True,):
        try:
            compared = _compared(session, bank_account_id, chain, lacks_beginning=lacks_beginning)
            start_rial = _decided(session, bank_account_id, chain, compared, is_declared=True)
        except (DiffersFromKnown, LeftOut) as differing:
            refusals.append(differing)
            continue
        if start_rial == opening_rial or _may_begin_within(compared, start_rial - opening_rial):
            return _splice(chain, compared, first, last, start_rial)
        refusals.append(
            GapInStatement(
                row=chain.earliest.row_number, expected_rial=start_rial, found_rial=opening_rial
            )
        )
    if opening_rial == last.closing_rial and first_day >= last.booked_on.isoformat():
        return _splice(chain, _everything(chain, _AFTER), first, last, opening_rial)
    closing_rial = opening_rial + chain.ending.total_rial
    if closing_rial == first.opening_rial and last_day <= first.booked_on.isoformat():
        return _splice(chain, _everything(chain, _BEFORE), first, last, opening_rial)
    raise refusals[0]


def _may_begin_within(compared: _Comparison, later_rial: int) -> bool:
    """Whether some of the lines that a part of one day lacks come after it, and make this sum."""
    if not compared.is_cut_somewhere or compared.extras_before is None:
        return False
    sums = {0}
    for amount in compared.extras_before.amounts_rial:
        sums |= {amount + found for found in sums}
        if len(sums) > _SUMS_MAX:
            return True
    return later_rial in sums


def _declared_opening(chain: Chain, given_rial: int | None) -> int | None:
    """The balance before the file, told by itself or by a person. Raises BalancesDisagree."""
    ending = chain.ending
    opening_rial, closing_rial = ending.opening_rial, ending.closing_rial
    total_rial = ending.total_rial
    if closing_rial is not None:
        if opening_rial is not None and opening_rial + total_rial != closing_rial:
            raise BalancesDisagree(expected_rial=opening_rial + total_rial, found_rial=closing_rial)
        opening_rial = closing_rial - total_rial
    if given_rial is not None and opening_rial is not None and given_rial != opening_rial:
        raise GapInStatement(
            row=chain.earliest.row_number, expected_rial=given_rial, found_rial=opening_rial
        )
    return given_rial if opening_rial is None else opening_rial


def _everything(chain: Chain, side: int) -> _Comparison:
    compared = _Comparison(bytearray([side]) * chain.row_count)
    compared.sums[side] = chain.ending.total_rial
    return compared


def _in_order(chain: Chain) -> Iterator[ChainRow]:
    """The rows by day, within a day by time where each has one, equal moments by fingerprint.

    So the order of rows within a moment, which proves nothing, changes nothing.
    """
    rows: Iterator[ChainRow] = chain.rows()
    if not chain.ending.is_in_day_order:
        if chain.row_count > _UNORDERED_ROWS_MAX:
            raise FileTooLarge
        rows = iter(sorted(rows, key=lambda row: row.booked_on))
    for _day, of_day in groupby(rows, key=lambda row: row.booked_on):
        same_day = list(of_day)
        is_timed = all(row.booked_time for row in same_day)
        same_day.sort(
            key=lambda row: ((row.booked_time or "") if is_timed else "", row.fingerprint)
        )
        yield from same_day


def _compared(
    session: Session, bank_account_id: int, chain: Chain, *, lacks_beginning: bool = True
) -> _Comparison:
    """Compare day by day. Raises DiffersFromKnown, LeftOut.

    ``lacks_beginning``: what a part of one day lacks lies before it, where nothing else tells.
    """
    compared = _Comparison(bytearray(chain.row_count))
    first_day, last_day = chain.ending.first_day, chain.ending.last_day
    known_first, known_last = _known_days(session, bank_account_id)
    unread = {row.row_number for row in chain.ending.filled.values()}
    place = 0
    for day, of_day in groupby(_in_order(chain), key=lambda row: row.booked_on):
        rows = list(of_day)
        known = _known_of(session, bank_account_id, day) if known_first <= day <= known_last else []
        is_new, extras = _difference(rows, known, unread)
        if extras is not None:
            _put_outside(compared, rows, is_new, extras, is_first=day == first_day,
                         is_last=day == last_day, lacks_beginning=lacks_beginning)  # fmt: skip
        for row, new in zip(rows, is_new, strict=True):
            if not new:
                compared.mark(place, row, _KNOWN)
            elif day > known_last or (day == known_last and day > known_first):
                compared.mark(place, row, _AFTER)
            elif day < known_first:
                compared.mark(place, row, _BEFORE)
            elif day == known_first:
                compared.undecided.append(_Undecided(place, row))
            else:
                raise extras.differ() if extras else _left_out(row)
            place += 1
    return compared


def _difference(
    rows: Sequence[ChainRow], known: Sequence[_Known], unread: set[int]
) -> tuple[list[bool], _Extras | None]:
    """Which rows of a day are new, and what the account has beyond them, if anything."""
    counted = Counter(line.fingerprint for line in known)
    is_new = []
    for row in rows:
        is_known = counted[row.fingerprint] > 0
        counted[row.fingerprint] -= is_known
        is_new.append(not is_known)
    left = [line for line in known if _taken(counted, line.fingerprint)]
    left = _without_unread(rows, is_new, left, unread)
    if not left:
        return is_new, None
    times = [line.booked_time for line in left]
    is_timed = all(times)
    return is_new, _Extras(
        [line.amount_rial for line in left],
        left[0],
        min(filter(None, times)) if is_timed else None,
        max(filter(None, times)) if is_timed else None,
    )


def _taken(counted: Counter[bytes], fingerprint: bytes) -> bool:
    if counted[fingerprint] <= 0:
        return False
    counted[fingerprint] -= 1
    return True


def _without_unread(
    rows: Sequence[ChainRow], is_new: list[bool], left: list[_Known], unread: set[int]
) -> list[_Known]:
    """Pair what was set aside, in this file or an earlier one, by its amount alone."""
    rest = []
    for line in left:
        twin = next(
            (
                at
                for at, row in enumerate(rows)
                if is_new[at]
                and row.amount_rial == line.amount_rial
                and (line.is_quarantined or row.row_number in unread)
            ),
            None,
        )
        if twin is None:
            rest.append(line)
        else:
            is_new[twin] = False
    return rest


def _put_outside(
    compared: _Comparison,
    rows: Sequence[ChainRow],
    is_new: Sequence[bool],
    extras: _Extras,
    *,
    is_first: bool,
    is_last: bool,
    lacks_beginning: bool,
) -> None:
    """Say on which side of the file the lines lie that it lacks. Raises DiffersFromKnown."""
    if not (is_first or is_last):
        raise extras.differ()
    times = [row.booked_time for row in rows]
    if extras.earliest and extras.latest and all(times):
        is_before = is_first and extras.latest <= min(filter(None, times))
        is_after = is_last and extras.earliest >= max(filter(None, times))
        if not (is_before or is_after):
            raise extras.differ()
    else:
        is_before, is_after = is_first, is_last
        extras.is_doubtful = any(is_new)
        compared.is_cut_somewhere |= is_before and is_after and not any(is_new)
        is_before = is_before and (lacks_beginning or not is_after)
    if is_before:
        compared.extras_before = extras
    elif is_after:
        compared.extras_after = extras


def _decided(
    session: Session,
    bank_account_id: int,
    chain: Chain,
    compared: _Comparison,
    *,
    is_declared: bool,
) -> int:
    """Put the undecided rows on a side; returns the balance before the file.

    Raises DiffersFromKnown, LeftOut.
    """
    first = end_of(session, bank_account_id, latest=False)
    last = end_of(session, bank_account_id, latest=True)
    assert first is not None  # noqa: S101  there is something known
    assert last is not None  # noqa: S101
    known_first, known_last = _known_days(session, bank_account_id)
    earliest_time = _earliest_time(session, bank_account_id, known_first)
    is_one_day = known_first == known_last
    for waiting in compared.undecided:
        side = _side(
            waiting.row, compared, earliest_time, is_one_day=is_one_day, is_declared=is_declared
        )
        if side is None:
            extras = compared.extras_before or compared.extras_after
            raise extras.differ() if extras else _left_out(waiting.row)
        compared.mark(waiting.place, waiting.row, side)
    _refuse_contradiction(compared, is_declared=is_declared)
    first_day = chain.ending.first_day
    if compared.extras_before is None and first_day <= known_first:
        return first.opening_rial - compared.sums[_BEFORE]
    start_rial = _balance_before(session, bank_account_id, first_day, last)
    return start_rial + (compared.extras_before.total_rial if compared.extras_before else 0)


def _side(
    row: ChainRow,
    compared: _Comparison,
    earliest_time: str | None,
    *,
    is_one_day: bool,
    is_declared: bool,
) -> int | None:
    """Where a new row of the first known day goes; nothing where it has no place."""
    if compared.extras_before is not None:
        return _AFTER if is_one_day else None
    if compared.extras_after is not None:
        return _BEFORE
    if earliest_time is None or row.booked_time is None:
        if is_one_day:
            return _AFTER
        return _BEFORE if is_declared else None
    if is_one_day:
        return _BEFORE if row.booked_time < earliest_time else _AFTER
    return _BEFORE if row.booked_time <= earliest_time else None


def _refuse_contradiction(compared: _Comparison, *, is_declared: bool) -> None:
    """New rows beyond an end at which the account goes further than the file cannot be."""
    before, after = compared.extras_before, compared.extras_after
    if before is not None and _BEFORE in compared.marks:
        raise before.differ()
    if after is not None and _AFTER in compared.marks:
        raise after.differ()
    if before is not None and before.is_doubtful and not is_declared:
        raise before.differ()


def _left_out(row: ChainRow) -> LeftOut:
    return LeftOut(row=row.row_number, day=jalali_plain(date.fromisoformat(row.booked_on)))


def _known_days(session: Session, bank_account_id: int) -> tuple[str, str]:
    first, last = session.execute(
        select(func.min(StatementLine.booked_on), func.max(StatementLine.booked_on)).where(
            *live_lines(bank_account_id)
        )
    ).one()
    return first.isoformat(), last.isoformat()


def _known_of(session: Session, bank_account_id: int, day: str) -> list[_Known]:
    lines = session.execute(
        select(
            StatementLine.fingerprint,
            StatementLine.booked_on,
            StatementLine.booked_time,
            StatementLine.amount_rial,
            StatementLine.row_number,
            QuarantinedLine.line_id.is_not(None),
        )
        .outerjoin(QuarantinedLine, QuarantinedLine.line_id == StatementLine.id)
        .where(*live_lines(bank_account_id), StatementLine.booked_on == date.fromisoformat(day))
        .order_by(unindexed(StatementLine.position))
    )
    return [
        _Known(
            fingerprint,
            on,
            None if clock is None else f"{clock}.000000",
            rial,
            number,
            bool(unread),
        )
        for fingerprint, on, clock, rial, number, unread in lines
    ]


def _earliest_time(session: Session, bank_account_id: int, day: str) -> str | None:
    """The time of the earliest booking of a day; nothing where one of the day has none."""
    earliest, timed, every = session.execute(
        select(
            func.min(StatementLine.booked_time), func.count(StatementLine.booked_time), func.count()
        ).where(*live_lines(bank_account_id), StatementLine.booked_on == date.fromisoformat(day))
    ).one()
    return f"{earliest}.000000" if timed == every and earliest else None


def _balance_before(session: Session, bank_account_id: int, day: str, last: KnownLine) -> int:
    """What stood on the account before the first line of a day or later."""
    found = session.execute(
        select(StatementLine.balance_rial, StatementLine.amount_rial)
        .where(*live_lines(bank_account_id), StatementLine.booked_on >= date.fromisoformat(day))
        .order_by(unindexed(StatementLine.position))
        .limit(1)
    ).one_or_none()
    return last.closing_rial if found is None else (found[0] or 0) - found[1]


def _splice(
    chain: Chain,
    compared: _Comparison,
    first: KnownLine | None,
    last: KnownLine | None,
    opening_rial: int,
) -> Splice:
    before_count, after_count = (compared.marks.count(side) for side in (_BEFORE, _AFTER))
    before_rial = compared.sums[_BEFORE]
    begins_rial = opening_rial if first is None else first.opening_rial - before_rial
    goes_on_rial = opening_rial if last is None else last.closing_rial
    return Splice(
        before_count,
        chain.row_count - before_count - after_count,
        after_count,
        before_position=1 if first is None else first.position - before_count,
        after_position=1 if last is None else last.position + 1,
        opening_rial=opening_rial,
        closing_rial=opening_rial + chain.ending.total_rial,
        opening_change_rial=opening_rial if first is None else -before_rial,
        opens_on=chain.ending.first_day,
        before=partial(_with_balances, chain, compared.marks, _BEFORE, begins_rial),
        after=partial(_with_balances, chain, compared.marks, _AFTER, goes_on_rial),
    )


def _with_balances(
    chain: Chain, marks: bytearray, side: int, balance_rial: int
) -> Iterator[ChainRows]:
    if side not in marks:
        return
    rows = (row for place, row in enumerate(_in_order(chain)) if marks[place] == side)
    for slice_ in slices_of(rows):
        columns = ChainRows.of(slice_)
        balances = list(accumulate(columns.amount_rial, initial=balance_rial))
        balance_rial = balances[-1]
        yield columns._replace(balance_rial=balances[1:])
