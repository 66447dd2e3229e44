"""The rows of a file as they go into the table of lines, and the proof of its balance chain.

Newest-first and oldest-first are told apart by the chain itself: in one of the two directions each
balance is the one before it and the movement. A file whose rows do not add up in either is
refused whole, with the row named. Formats without running balances have no chain here; they are
taken by whole days (``days``). Nothing here needs a database: it runs where files are parsed.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import gt, lt, ne, sub
from typing import Any, NamedTuple, Self

from core.refusals import Refusal
from reconciliation.line_classes import LineClass
from reconciliation.statements.contract import Balances, Bookings, Statement, UnreadRow
from reconciliation.statements.refusals import FileTooLarge, NoRows

ROWS_MAX = 2_000_000
SET_ASIDE_MAX = 20


class BalanceBreaks(Refusal):
    """A row whose balance does not follow from the row before it: edited, or rows are missing."""

    code = "statement.balance_breaks"
    http_status = 422
    field = "file"


class NoBalances(Refusal):
    """A row without its balance in a file that has one in every row."""

    code = "statement.no_balances"
    http_status = 422
    field = "file"


class FractionOfRial(Refusal):
    """An amount that is not whole units of the account."""

    code = "statement.not_whole_rials"
    http_status = 422
    field = "file"


class ForeignCurrency(Refusal):
    """A file in another currency than the account's unit."""

    code = "statement.foreign_currency"
    http_status = 422
    field = "file"


class NotBooked(Refusal):
    """An intraday report or a notification: it may still change, so it proves nothing."""

    code = "statement.not_booked"
    http_status = 422
    field = "file"


class UncertainRow(Refusal):
    """A row that was to be set aside, but nothing around it says what it must have been."""

    code = "statement.uncertain_row"
    http_status = 422
    field = "file"


class ChainRow(NamedTuple):
    """A row as it goes into the table of lines: days and times as ISO text, money in rials."""

    row_number: int
    booked_on: str
    booked_time: str | None
    amount_rial: int
    balance_rial: int | None
    line_class: str
    deposit_id: str | None
    reference: str | None
    terminal: str | None
    branch: str | None
    payer: str | None
    description: str | None
    raw: str
    card_key: str | None
    fingerprint: bytes

    @property
    def opening_rial(self) -> int:
        """The balance before the row."""
        if self.balance_rial is None:
            raise NoBalances(row=self.row_number)
        return self.balance_rial - self.amount_rial


class ChainRows(NamedTuple):
    """Some rows one after another: the fields of ``ChainRow``, each as a column."""

    row_number: Sequence[int]
    booked_on: Sequence[str]
    booked_time: Sequence[str | None]
    amount_rial: Sequence[int]
    balance_rial: Sequence[int | None]
    line_class: Sequence[str]
    deposit_id: Sequence[str | None]
    reference: Sequence[str | None]
    terminal: Sequence[str | None]
    branch: Sequence[str | None]
    payer: Sequence[str | None]
    description: Sequence[str | None]
    raw: Sequence[str]
    card_key: Sequence[str | None]
    fingerprint: Sequence[bytes]

    @classmethod
    def of(cls, rows: Sequence[ChainRow]) -> Self:
        """The columns of some rows, of one at least."""
        return cls._make(zip(*rows, strict=True))

    def rows(self) -> Iterator[ChainRow]:
        """The rows one by one."""
        return map(ChainRow._make, zip(*self, strict=True))

    def row(self, at: int) -> ChainRow:
        """One of them by its place."""
        return ChainRow._make(column[at] for column in self)

    def part(self, places: slice) -> Self:
        """Some of them, or all in the other direction."""
        return type(self)._make(column[places] for column in self)


@dataclass(slots=True)
class Gap:
    """A row set aside, by its place in the file, between its neighbours."""

    place: int
    row: UnreadRow
    above: ChainRow | None
    below: ChainRow | None = None


@dataclass(slots=True)
class Ending:
    """What is known of a file once its last row was read; money in rials."""

    row_count: int = 0
    balances: Balances = Balances.RUNNING
    is_newest_first: bool = False
    adds_up_both_ways: bool = False  # a few rows that cancel each other
    is_in_day_order: bool = True
    opening_rial: int | None = None  # declared
    closing_rial: int | None = None
    total_rial: int = 0  # without the rows set aside, until those are filled in
    credit_rial: int = 0
    first_day: str = ""
    last_day: str = ""
    filled: dict[int, ChainRow] = field(default_factory=dict)  # rows set aside, by place


class Reading:
    """One pass over a statement: its rows in slices, in the order of the file; then its ending."""

    def __init__(self, statement: Statement, *, account_number: str, unit: str) -> None:
        self._statement = statement
        self._account = account_number.encode()
        self._unit = unit
        self._gaps: list[Gap] = []
        self.ending = Ending(balances=statement.balances)

    def slices(self) -> Iterator[ChainRows]:
        """The rows, proved at the end. Raises a Refusal, and then nothing of them holds."""
        is_chain = self._statement.balances is Balances.RUNNING
        directions = _Directions() if is_chain else _Days()
        first: ChainRow | None = None
        above: ChainRow | None = None
        gap: Gap | None = None
        for read in self._statement.bookings:
            if isinstance(read, UnreadRow):
                if gap is not None:
                    raise UncertainRow(row=read.row_number)
                gap = Gap(self.ending.row_count, read, above)
                yield self._counted(ChainRows.of([_PLACEHOLDER]))
                continue
            rows = chain_rows(read, self._statement.minor_digits, self._account)
            if gap is not None:
                gap.below = rows.row(0)
                self._gaps.append(gap)
            directions.compare(above if gap is None else None, rows)
            gap = None
            first, above = first or rows.row(0), rows.row(-1)
            yield self._counted(rows)
        if gap is not None:
            self._gaps.append(gap)
        if first is None or above is None:
            raise NoRows
        self._end(directions, first, above)

    def _counted(self, rows: ChainRows) -> ChainRows:
        ending = self.ending
        ending.row_count += len(rows.row_number)
        if ending.row_count > ROWS_MAX or len(self._gaps) > SET_ASIDE_MAX:
            raise FileTooLarge
        ending.total_rial += sum(rows.amount_rial)
        ending.credit_rial += sum(amount for amount in rows.amount_rial if amount > 0)
        days = set(rows.booked_on) - {""}
        if days:
            ending.first_day = min(days | {ending.first_day} - {""})
            ending.last_day = max(days | {ending.last_day})
        return rows

    def _end(self, directions: "_Directions | _Days", first: ChainRow, last: ChainRow) -> None:
        statement, ending = self._statement, self.ending
        if statement.currency != self._unit:
            raise ForeignCurrency(currency=statement.currency, unit=self._unit)
        if not statement.is_booked:
            raise NotBooked
        digits = statement.minor_digits
        ending.opening_rial, ending.closing_rial = (
            None if minor is None else _whole(minor, digits, None)
            for minor in (statement.declared.opening_minor, statement.declared.closing_minor)
        )
        ending.is_newest_first, ending.adds_up_both_ways = directions.found(first, last)
        ending.is_in_day_order = directions.is_in_day_order
        filled = {gap.place: self._filled(gap) for gap in self._gaps}
        for row in filled.values():
            ending.total_rial += row.amount_rial
            ending.credit_rial += max(row.amount_rial, 0)
            ending.first_day = min(ending.first_day, row.booked_on)
            ending.last_day = max(ending.last_day, row.booked_on)
        ending.filled = filled

    def _filled(self, gap: Gap) -> ChainRow:
        """The row as the balances around it say it must have been. Raises UncertainRow."""
        ending, digits, row = self.ending, self._statement.minor_digits, gap.row
        before, after = gap.above, gap.below
        if ending.is_newest_first:
            before, after = after, before
        amount, balance = (
            None if minor is None else _whole(minor, digits, row.row_number)
            for minor in (row.amount_minor, row.balance_minor)
        )
        if ending.balances is Balances.RUNNING:
            balance = _only(
                row.row_number,
                balance,
                None if after is None else after.opening_rial,
                _sum(None if before is None else before.balance_rial, amount),
            )
            moved = _sum(balance, None if before is None else -(before.balance_rial or 0))
        else:
            balance = None
            moved = self._declared_rest() if len(self._gaps) == 1 else None
        amount = _only(row.row_number, amount, moved)
        day = row.booked_on.isoformat() if row.booked_on else _day_between(before, after)
        has_balance = ending.balances is not Balances.RUNNING or balance is not None
        if day is None or not amount or not has_balance:
            raise UncertainRow(row=row.row_number)
        clock = None if row.booked_time is None else row.booked_time.isoformat(_MICROSECONDS)
        texts = (row.reference, row.deposit_id, row.branch, row.payer, row.description)
        (fingerprint,) = _fingerprints(
            self._account, [day], [clock], [amount], *([text] for text in texts)
        )
        return ChainRow(
            row.row_number, day, clock, amount, balance, LineClass.UNKNOWN.value,
            row.deposit_id, row.reference, row.terminal, row.branch, row.payer, row.description,
            row.raw, row.card_key, fingerprint,
        )  # fmt: skip

    def _declared_rest(self) -> int | None:
        ending = self.ending
        if ending.opening_rial is None or ending.closing_rial is None:
            return None
        return ending.closing_rial - ending.opening_rial - ending.total_rial


def chain_rows(read: Bookings, minor_digits: int, account: bytes) -> ChainRows:
    """Rows as a reader gave them, in rials and with their fingerprints. Raises FractionOfRial."""
    amounts, balances = read.amount_minor, read.balance_minor
    if minor_digits:
        amounts = _whole_column(amounts, minor_digits, read.row_number)
        balances = _whole_column(balances, minor_digits, read.row_number)
    written = {day: day.isoformat() for day in set(read.booked_on)}
    days = [written[day] for day in read.booked_on]
    clocks = [
        None if moment is None else moment.isoformat(_MICROSECONDS) for moment in read.booked_time
    ]
    texts = (read.reference, read.deposit_id, read.branch, read.payer, read.description)
    return ChainRows(
        list(read.row_number),
        days,
        clocks,
        amounts,
        balances,
        list(map(_CLASSES.__getitem__, read.line_class)),
        read.deposit_id,
        read.reference,
        read.terminal,
        read.branch,
        read.payer,
        read.description,
        read.raw,
        read.card_key,
        _fingerprints(account, days, clocks, amounts, *texts),
    )


_CLASSES = {line_class: line_class.value for line_class in LineClass}
_MICROSECONDS = "microseconds"  # as the table of lines has times
_PLACEHOLDER = ChainRow(
    0, "", None, 0, None, "", None, None, None, None, None, None, "", None, bytes(16)
)  # fmt: skip


def _whole_column(
    minors: Sequence[int | None], minor_digits: int, row_numbers: Sequence[int]
) -> list[Any]:
    return [
        None if minor is None else _whole(minor, minor_digits, number)
        for minor, number in zip(minors, row_numbers, strict=True)
    ]


def _whole(amount_minor: int, minor_digits: int, row_number: int | None) -> int:
    unit: int = 10**minor_digits
    whole, rest = divmod(amount_minor, unit)
    if rest:
        raise FractionOfRial(**({} if row_number is None else {"row": row_number}))
    return whole


def _fingerprints(account: bytes, *columns: Sequence[object]) -> list[bytes]:
    """Sixteen bytes of everything that tells a booking apart, but for its balance.

    The columns are day, time, amount, reference, deposit id, branch, payer and description.
    """
    keyed = _keyed(account)
    fingerprints = []
    for texts in zip(*(map(str, column) for column in columns), strict=True):
        one = keyed.copy()
        one.update("\x1f".join(texts).encode())
        fingerprints.append(one.digest())
    return fingerprints


@lru_cache
def _keyed(account: bytes) -> "hashlib.blake2b":
    key = hashlib.blake2b(account, digest_size=16).digest()
    return hashlib.blake2b(digest_size=16, key=key)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _only(row_number: int, *values: int | None) -> int | None:
    """The one value that everything agrees on. Raises UncertainRow."""
    known = {value for value in values if value is not None}
    if len(known) > 1:
        raise UncertainRow(row=row_number)
    return known.pop() if known else None


def _day_between(before: ChainRow | None, after: ChainRow | None) -> str | None:
    if before is None or after is None or before.booked_on != after.booked_on:
        return None
    return before.booked_on


def _moment(row: ChainRow) -> tuple[str, str]:
    return row.booked_on, row.booked_time or ""


class _Days:
    """A file without running balances: only its days tell which end is the newer one."""

    def __init__(self) -> None:
        self._goes_up = self._goes_down = False

    def compare(self, above: ChainRow | None, rows: ChainRows) -> None:
        """Nothing has to follow from a row; only the days are compared."""
        days = rows.booked_on if above is None else [above.booked_on, *rows.booked_on]
        self._goes_up = self._goes_up or any(map(lt, days, days[1:]))
        self._goes_down = self._goes_down or any(map(gt, days, days[1:]))

    @property
    def is_in_day_order(self) -> bool:
        return not (self._goes_up and self._goes_down)

    def found(self, first: ChainRow, last: ChainRow) -> tuple[bool, bool]:
        """The direction of the days, which is never in doubt about lines: days are taken whole."""
        return _moment(first) > _moment(last), False


class _Directions:
    """Both directions of reading, compared over the whole file."""

    is_in_day_order = True  # or not, which a chain does not ask

    def __init__(self) -> None:
        self._breaks_if_oldest_first = 0
        self._breaks_if_newest_first = 0
        self._oldest_first: tuple[ChainRow, ChainRow] | None = None
        self._newest_first: tuple[ChainRow, ChainRow] | None = None

    def compare(self, above: ChainRow | None, rows: ChainRows) -> None:
        """Look at rows of the file, and at the one above them. Raises NoBalances."""
        if None in rows.balance_rial:
            raise NoBalances(row=rows.row_number[rows.balance_rial.index(None)])
        closings: Sequence[Any] = rows.balance_rial
        openings = list(map(sub, closings, rows.amount_rial))
        if above is not None:
            closings, openings = [above.balance_rial, *closings], [above.opening_rial, *openings]
        # The earliest break in time is the one to name: of these the first that is met,
        breaks = list(map(ne, closings, openings[1:]))
        self._breaks_if_oldest_first += sum(breaks)
        if True in breaks and self._oldest_first is None:
            self._oldest_first = _neighbours(above, rows, breaks.index(True))
        # and of these the last.
        breaks = list(map(ne, openings, closings[1:]))
        self._breaks_if_newest_first += sum(breaks)
        if True in breaks:
            upper, lower = _neighbours(above, rows, _last_place(breaks))
            self._newest_first = lower, upper

    def found(self, first: ChainRow, last: ChainRow) -> tuple[bool, bool]:
        """Whether the file is newest-first, and whether both ways add up. Raises BalanceBreaks."""
        by_days = _moment(first) > _moment(last)
        oldest, newest = self._breaks_if_oldest_first, self._breaks_if_newest_first
        if not oldest and not newest:
            return by_days, True
        if oldest and newest:
            is_newest_first = (
                newest < oldest or (newest == oldest and by_days)
                if first.booked_on == last.booked_on
                else by_days
            )
            pair = self._newest_first if is_newest_first else self._oldest_first
            raise BalanceBreaks if pair is None else _break(*pair)
        return not newest, False


def _neighbours(above: ChainRow | None, rows: ChainRows, at: int) -> tuple[ChainRow, ChainRow]:
    """The rows at a place and the next, counted from the one above, if there is one."""
    if above is None:
        return rows.row(at), rows.row(at + 1)
    return above if at == 0 else rows.row(at - 1), rows.row(at)


def _last_place(breaks: list[bool]) -> int:
    return len(breaks) - 1 - breaks[::-1].index(True)


def _break(before: ChainRow, after: ChainRow) -> BalanceBreaks:
    return BalanceBreaks(
        row=after.row_number,
        after_row=before.row_number,
        expected_rial=(before.balance_rial or 0) + after.amount_rial,
        found_rial=after.balance_rial,
    )
