"""A statement file read to its end: its rows kept on disk, its balance chain proved.

Newest-first and oldest-first are told apart by the chain itself: in one of the two directions each
balance is the one before it and the movement. A file whose rows do not add up in either is
refused whole, with the row named.
"""

import hashlib
import pickle
from collections.abc import Iterator
from functools import lru_cache
from tempfile import SpooledTemporaryFile
from types import TracebackType
from typing import NamedTuple, Self

from core.refusals import Refusal
from reconciliation.statements.contract import Statement, StatementRow
from reconciliation.statements.refusals import NoRows

SLICE_ROWS = 5_000
_IN_MEMORY_BYTES = 8 << 20


class BalanceBreaks(Refusal):
    """A row whose balance does not follow from the row before it: edited, or rows are missing."""

    code = "statement.balance_breaks"
    http_status = 422
    field = "file"


class NoBalances(Refusal):
    """A file without running balances, which nothing here can splice yet."""

    code = "statement.no_balances"
    http_status = 422
    field = "file"


class FractionOfRial(Refusal):
    """An amount that is not whole rials, or one in another currency."""

    code = "statement.not_whole_rials"
    http_status = 422
    field = "file"


class ChainRow(NamedTuple):
    """A row as it goes into the table of lines: days and times as ISO text, money in rials."""

    row_number: int
    booked_on: str
    booked_time: str | None
    amount_rial: int
    balance_rial: int
    line_class: str
    deposit_id: str | None
    reference: str | None
    terminal: str | None
    branch: str | None
    payer: str | None
    description: str | None
    raw: str
    fingerprint: bytes

    @property
    def opening_rial(self) -> int:
        """The balance before the row."""
        return self.balance_rial - self.amount_rial


class Chain:
    """The rows of one file in order of time, held in slices on disk so that memory stays flat."""

    def __init__(self) -> None:
        self.row_count = 0
        self.is_newest_first = False
        self.adds_up_both_ways = False  # a few rows that cancel each other
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115  held open
        self._places: list[int] = []
        self._first: ChainRow
        self._last: ChainRow

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    @property
    def earliest(self) -> ChainRow:
        return self._last if self.is_newest_first else self._first

    @property
    def latest(self) -> ChainRow:
        return self._first if self.is_newest_first else self._last

    def rows(self, start: int = 0) -> Iterator[ChainRow]:
        """The rows in order of time, from the one that has so many before it."""
        for place in range(start // SLICE_ROWS, len(self._places)):
            rows = self._slice(place)
            skipped = start - place * SLICE_ROWS
            yield from rows[skipped:] if skipped > 0 else rows

    def _slice(self, place: int) -> list[ChainRow]:
        """The rows of one slice in order of time; a newest-first file is read from its end."""
        if not self.is_newest_first:
            return self._stored(place)
        # Slices are full but for the file's last, so that reversed slices do not line up.
        end = self.row_count - place * SLICE_ROWS
        begin = max(end - SLICE_ROWS, 0)
        first, last = begin // SLICE_ROWS, (end - 1) // SLICE_ROWS
        rows = self._stored(first)
        if last != first:
            rows = rows + self._stored(last)
        return rows[begin - first * SLICE_ROWS : end - first * SLICE_ROWS][::-1]

    def _stored(self, place: int) -> list[ChainRow]:
        self._file.seek(self._places[place])
        rows = pickle.load(self._file)  # noqa: S301  written by us, in a file nobody else has
        return [ChainRow._make(row) for row in rows]

    def store(self, rows: list[ChainRow]) -> None:
        """Keep the next rows, in the order of the file."""
        if not rows:
            return
        if not self._places:
            self._first = rows[0]
        self._last = rows[-1]
        self._file.seek(0, 2)
        self._places.append(self._file.tell())
        pickle.dump([tuple(row) for row in rows], self._file, protocol=5)
        self.row_count += len(rows)


def read_chain(statement: Statement, *, account_number: str, unit: str) -> Chain:
    """Read a statement to its end. Raises a Refusal, and then nothing of it has been kept."""
    chain = Chain()
    try:
        _fill(chain, statement, account_number=account_number, unit=unit)
    except BaseException:
        chain.__exit__(None, None, None)
        raise
    return chain


def _fill(chain: Chain, statement: Statement, *, account_number: str, unit: str) -> None:
    if statement.currency != unit:
        raise FractionOfRial(currency=statement.currency, unit=unit)
    directions = _Directions()
    account = account_number.encode()
    previous: ChainRow | None = None
    rows: list[ChainRow] = []
    for read in statement.rows:
        row = _chain_row(read, statement.minor_digits, account)
        if previous is not None:
            directions.compare(previous, row)
        previous = row
        rows.append(row)
        if len(rows) == SLICE_ROWS:
            chain.store(rows)
            rows = []
    chain.store(rows)
    if chain.row_count == 0:
        raise NoRows
    chain.is_newest_first = directions.is_newest_first(chain)


def _chain_row(read: StatementRow, minor_digits: int, account: bytes) -> ChainRow:
    if read.balance_minor is None:
        raise NoBalances(row=read.row_number)
    amount_rial, balance_rial = read.amount_minor, read.balance_minor
    if minor_digits:
        amount_rial = _whole(amount_rial, minor_digits, read.row_number)
        balance_rial = _whole(balance_rial, minor_digits, read.row_number)
    day = read.booked_on.isoformat()
    clock = None if read.booked_time is None else f"{read.booked_time.isoformat()}.000000"
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
        _fingerprint(
            account,
            f"{day}\x1f{clock}\x1f{amount_rial}\x1f{read.reference}\x1f{read.deposit_id}\x1f"
            f"{read.branch}\x1f{read.payer}\x1f{read.description}",
        ),
    )


def _whole(amount_minor: int, minor_digits: int, row_number: int) -> int:
    unit: int = 10**minor_digits
    whole, rest = divmod(amount_minor, unit)
    if rest:
        raise FractionOfRial(row=row_number)
    return whole


def _fingerprint(account: bytes, text: str) -> bytes:
    """Sixteen bytes of everything that tells a booking apart, but for its balance."""
    return hashlib.blake2b(text.encode(), digest_size=16, key=_key(account)).digest()


@lru_cache
def _key(account: bytes) -> bytes:
    return hashlib.blake2b(account, digest_size=16).digest()


class _Directions:
    """Both directions of reading, compared over the whole file."""

    def __init__(self) -> None:
        self.breaks_if_oldest_first = 0
        self.breaks_if_newest_first = 0
        self._oldest_first: BalanceBreaks | None = None
        self._newest_first: BalanceBreaks | None = None

    def compare(self, above: ChainRow, below: ChainRow) -> None:
        """Look at two neighbouring rows of the file."""
        if above.balance_rial != below.opening_rial:
            self.breaks_if_oldest_first += 1
            # The earliest break in time is the one to name: here the first met,
            self._oldest_first = self._oldest_first or _break(above, below)
        if below.balance_rial != above.opening_rial:
            self.breaks_if_newest_first += 1
            self._newest_first = _break(below, above)  # and here the last.

    def is_newest_first(self, chain: Chain) -> bool:
        """The direction in which the file adds up. Raises BalanceBreaks where none does."""
        by_days = (chain.earliest.booked_on, chain.earliest.booked_time or "") > (
            chain.latest.booked_on,
            chain.latest.booked_time or "",
        )
        oldest, newest = self.breaks_if_oldest_first, self.breaks_if_newest_first
        if not oldest and not newest:
            chain.adds_up_both_ways = True
            return by_days
        if oldest and newest:
            is_newest_first = (
                by_days
                if chain.earliest.booked_on != chain.latest.booked_on
                else (newest < oldest or (newest == oldest and by_days))
            )
            raise (self._newest_first if is_newest_first else self._oldest_first) or BalanceBreaks
        return not newest


def _break(before: ChainRow, after: ChainRow) -> BalanceBreaks:
    return BalanceBreaks(
        row=after.row_number,
        after_row=before.row_number,
        expected_rial=before.balance_rial + after.amount_rial,
        found_rial=after.balance_rial,
    )
