"""The rows of a file as they go into the table of lines, and the proof of its balance chain.

Newest-first and oldest-first are told apart by the chain itself: in one of the two directions each
balance is the one before it and the movement. A file whose rows do not add up in either is
refused whole, with the row named. Formats without running balances have no chain here; they are
taken by whole days (``days``). Nothing here needs a database: it runs where files are parsed.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from core.refusals import Refusal
from reconciliation.line_classes import LineClass
from reconciliation.statements.contract import Balances, Statement, StatementRow, UnreadRow
from reconciliation.statements.refusals import FileTooLarge, NoRows

SLICE_ROWS = 5_000
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
    """One pass over a statement: its rows in slices, in the order of the file, then its ending."""

    def __init__(self, statement: Statement, *, account_number: str, unit: str) -> None:
        self._statement = statement
        self._account = account_number.encode()
        self._unit = unit
        self._gaps: list[Gap] = []
        self.ending = Ending(balances=statement.balances)

    def slices(self) -> Iterator[list[ChainRow]]:
        """The rows, proved at the end. Raises a Refusal, and then nothing of them holds."""
        statement, account = self._statement, self._account
        is_chain = statement.balances is Balances.RUNNING
        directions = _Directions() if is_chain else _Days()
        first: ChainRow | None = None
        above: ChainRow | None = None
        gap: Gap | None = None
        rows: list[ChainRow] = []
        for read in statement.rows:
            if isinstance(read, UnreadRow):
                if gap is not None:
                    raise UncertainRow(row=read.row_number)
                gap = Gap(self.ending.row_count + len(rows), read, above)
                rows.append(_PLACEHOLDER)
                continue
            row = chain_row(read, statement.minor_digits, account)
            if gap is not None:
                gap.below = row
                self._gaps.append(gap)
                gap = None
            elif above is not None:
                directions.compare(above, row)
            first = first or row
            above = row
            rows.append(row)
            if len(rows) >= SLICE_ROWS:
                yield self._counted(rows[:SLICE_ROWS])
                rows = rows[SLICE_ROWS:]
        if gap is not None:
            self._gaps.append(gap)
        if rows:
            yield self._counted(rows)
        if first is None or above is None:
            raise NoRows
        self._end(directions, first, above)

    def _counted(self, rows: list[ChainRow]) -> list[ChainRow]:
        ending = self.ending
        ending.row_count += len(rows)
        if ending.row_count > ROWS_MAX or len(self._gaps) > SET_ASIDE_MAX:
            raise FileTooLarge
        amounts = [row.amount_rial for row in rows]
        ending.total_rial += sum(amounts)
        ending.credit_rial += sum(amount for amount in amounts if amount > 0)
        days = {row.booked_on for row in rows} - {""}
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
        clock = _clock(row)
        return ChainRow(
            row.row_number, day, clock, amount, balance, LineClass.UNKNOWN.value,
            row.deposit_id, row.reference, row.terminal, row.branch, row.payer, row.description,
            row.raw, row.card_key, _fingerprint(self._account, day, clock, amount, row),
        )  # fmt: skip

    def _declared_rest(self) -> int | None:
        ending = self.ending
        if ending.opening_rial is None or ending.closing_rial is None:
            return None
        return ending.closing_rial - ending.opening_rial - ending.total_rial


def chain_row(read: StatementRow, minor_digits: int, account: bytes) -> ChainRow:
    """A row as a reader gave it, in rials and with its fingerprint. Raises FractionOfRial."""
    amount_rial, balance_rial = read.amount_minor, read.balance_minor
    if minor_digits:
        amount_rial = _whole(amount_rial, minor_digits, read.row_number)
        if balance_rial is not None:
            balance_rial = _whole(balance_rial, minor_digits, read.row_number)
    day = read.booked_on.isoformat()
    clock = _clock(read)
    return ChainRow(
        read.row_number,
        day,
        clock,
        amount_rial,
        balance_rial,
        read.line_class.value,
        read.deposit_id,
        read.reference,
        read.terminal,
        read.branch,
        read.payer,
        read.description,
        read.raw,
        read.card_key,
        _fingerprint(account, day, clock, amount_rial, read),
    )


_PLACEHOLDER = ChainRow(0, "", None, 0, None, "", None, None, None, None, None, None, "", None, b"")


def _clock(read: StatementRow | UnreadRow) -> str | None:
    return None if read.booked_time is None else f"{read.booked_time.isoformat()}.000000"


def _whole(amount_minor: int, minor_digits: int, row_number: int | None) -> int:
    unit: int = 10**minor_digits
    whole, rest = divmod(amount_minor, unit)
    if rest:
        raise FractionOfRial(**({} if row_number is None else {"row": row_number}))
    return whole


def _fingerprint(
    account: bytes, day: str, clock: str | None, amount_rial: int, read: StatementRow | UnreadRow
) -> bytes:
    """Sixteen bytes of everything that tells a booking apart, but for its balance."""
    text = (
        f"{day}\x1f{clock}\x1f{amount_rial}\x1f{read.reference}\x1f{read.deposit_id}\x1f"
        f"{read.branch}\x1f{read.payer}\x1f{read.description}"
    )
    return hashlib.blake2b(text.encode(), digest_size=16, key=_key(account)).digest()


@lru_cache
def _key(account: bytes) -> bytes:
    return hashlib.blake2b(account, digest_size=16).digest()


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

    def compare(self, above: ChainRow, below: ChainRow) -> None:
        """Nothing has to follow from a row; only the days are compared."""
        if below.booked_on != above.booked_on:
            goes_up = below.booked_on > above.booked_on
            self._goes_up |= goes_up
            self._goes_down |= not goes_up

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

    def compare(self, above: ChainRow, below: ChainRow) -> None:
        """Look at two neighbouring rows of the file."""
        if above.balance_rial != below.opening_rial:
            self._breaks_if_oldest_first += 1
            # The earliest break in time is the one to name: here the first met,
            self._oldest_first = self._oldest_first or (above, below)
        if below.balance_rial != above.opening_rial:
            self._breaks_if_newest_first += 1
            self._newest_first = below, above  # and here the last.

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


def _break(before: ChainRow, after: ChainRow) -> BalanceBreaks:
    return BalanceBreaks(
        row=after.row_number,
        after_row=before.row_number,
        expected_rial=(before.balance_rial or 0) + after.amount_rial,
        found_rial=after.balance_rial,
    )
