"""BAI2, the cash management format: records by line, amounts in the currency's smallest unit.

``02`` opens a group (a day, a currency), ``03`` an account with its balances, ``16`` is a booking,
``88`` goes on with the record above; ``49``, ``98`` and ``99`` carry control totals, which must
agree. Rows are streamed and numbered by their line.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from operator import mul
from typing import BinaryIO

from reconciliation.line_classes import LineClass
from reconciliation.statements.cells import Unreadable
from reconciliation.statements.columns import each_once, or_nothing
from reconciliation.statements.contract import (
    CONTRACT_VERSION,
    Bookings,
    Breadth,
    Statement,
    UnreadRow,
    Wanted,
)
from reconciliation.statements.exact import (
    deposit_id_column,
    reference_column,
    said_column,
    short_day,
    written_column,
)
from reconciliation.statements.refusals import (
    ControlTotalDiffers,
    DamagedFile,
    NoMovement,
    UnknownRow,
    UnreadableCell,
)
from reconciliation.statements.sections import (
    Event,
    Section,
    SectionEnd,
    left_of,
    statement_of,
)
from reconciliation.statements.slices import read_in_slices
from reconciliation.statements.streams import Run, runs_of

# Digits behind the point of the smallest unit, where they are not two (ISO 4217). Rials are
# written whole: their hundredth, which the standard lists, has not been used for a century.
_MINOR_DIGITS: Mapping[str, int] = {
    **dict.fromkeys(("IRR", "JPY", "KRW", "CLP", "VND", "ISK", "XAF", "XOF", "XPF", "UGX"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_OPENING, _CLOSING = "010", "015"
_UPDATE = "1"  # a group that deletes, corrects or tests is none to book
_INTERIM = frozenset({"1", "3"})
_DETAIL_FIELDS = {"V": 2, "S": 3}  # of a kind of funds; D says how many pairs follow
_CLASSES: Mapping[str, LineClass] = {
    **dict.fromkeys(("698", "661", "662", "663"), LineClass.FEE),
    **dict.fromkeys(("175", "475", "555"), LineClass.CHEQUE),
    **dict.fromkeys(
        ("142", "165", "195", "206", "208", "255", "451", "455", "495", "506", "508"),
        LineClass.TRANSFER,
    ),
}
_BOOKING_BEGINS = "\n16,"
_NEXT = re.compile(r"\n(?!88,|[^\S\n]*(?:\n|\Z))")  # a record that does not go on with another
_ENDS = {"49": "02", "98": "01"}  # a trailer, and what is open again behind it
_WHOLE_MAX = 18  # digits


class Bai2:
    """Every currency; balances are the ledger's (010, 015), not those that are available."""

    name = "bai2"
    contract_version = CONTRACT_VERSION
    breadth = Breadth.STANDARD

    def recognises(self, head: bytes) -> bool:
        plain = head.lstrip(b"\xef\xbb\xbf \r\n")
        return plain.startswith(b"01,") and (b"\n02," in plain or b"\r02," in plain)

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        return statement_of(self.name, file, _parsed, wanted)


class _Totals:
    """What the records so far come to: per account, per group, per file."""

    def __init__(self) -> None:
        self.amount: int | None = 0
        self.records = self.parts = 0

    def add(self, amount: int | None) -> None:
        self.amount = None if self.amount is None or amount is None else self.amount + amount

    def check(self, fields: list[str], number: int, *, counts_parts: bool) -> None:
        """Compare with a trailer, which counts itself. Raises ControlTotalDiffers."""
        said = [_whole(field, number, "control total") for field in fields[1:]]
        told = (self.amount, self.parts, self.records) if counts_parts else (
            self.amount, self.records,
        )  # fmt: skip
        compared = zip([*said, *[None] * len(told)], told, strict=False)
        if any(one != other for one, other in compared if other is not None):
            raise ControlTotalDiffers(row=number)

    def take_in(self, part: "_Totals") -> None:
        self.add(part.amount)
        self.records += part.records
        self.parts += 1


class _Group:
    """What a group says for all its accounts."""

    def __init__(self, fields: list[str], number: int) -> None:
        fields = [*fields, *[""] * 8]
        if fields[3] != _UPDATE:
            raise UnknownRow(row=number)
        try:
            self.booked_on: date = short_day(fields[4])
        except Unreadable as error:
            raise UnreadableCell(row=number, column="02", text=fields[4][:40]) from error
        self.currency = fields[6] or "USD"
        self.is_booked = fields[7] not in _INTERIM


def _parted(piece: str) -> tuple[str, str]:
    """A booking with the lines that go on with it, and the other records behind it."""
    found = _NEXT.search(piece) if "\n" in piece else None
    return (piece, "") if found is None else (piece[: found.start()], piece[found.end() :])


def _records(text: str, first: int) -> Iterator[tuple[int, int, str]]:
    """Each record with those that go on with it: its line, how many lines it has, its text."""
    at, lines = 0, list[str]()
    for number, line in enumerate(text.split("\n"), start=first):
        plain = line.rstrip()
        if plain.startswith("88,") and not lines:
            raise UnknownRow(row=number)
        if plain and not plain.startswith("88,"):
            if lines:
                yield at, len(lines), _joined(lines)
            at, lines = number, []
        if plain:
            lines.append(plain)
    if lines:
        yield at, len(lines), _joined(lines)


def _joined(lines: Iterable[str]) -> str:
    """One record, whose first line others go on with."""
    record = ""
    for line in filter(None, map(str.rstrip, lines)):
        more = line.removeprefix("88,")
        record = f"{record[:-1]},{more}" if record.endswith("/") else record + more
    return record.removesuffix("/")


def _parsed(file: BinaryIO, chosen: frozenset[int]) -> Iterator[Event]:
    opened = _Opened()
    for run in runs_of(file, _BOOKING_BEGINS, _parted):
        if run.bookings:
            yield from opened.take_in_bookings(run, chosen)
        for number, lines, record in _records(run.behind, run.behind_number):
            yield from opened.take_in(record.split(","), number, lines)
    if opened.inside != "99":
        raise DamagedFile


class _Opened:
    """The file, the group and the account that are open, each with its totals."""

    def __init__(self) -> None:
        self.inside = ""  # the record that is open: 01, 02 or 03
        self._of_file, self._of_group, self._of_account = _Totals(), _Totals(), _Totals()
        self._group: _Group | None = None
        self._closing_minor: int | None = None

    def take_in_bookings(self, run: Run, chosen: frozenset[int]) -> Iterator[Event]:
        """Read a run of bookings. Raises UnknownRow where no account is open."""
        group = self._group
        if self.inside != "03" or group is None:
            raise UnknownRow(row=run.numbers[0])

        def read(numbers: Sequence[int], bookings: Sequence[str]) -> Bookings:
            return _read(group, numbers, bookings)

        for booking in run.bookings:
            self._of_account.records += 1 + booking.count("\n88,")
        for part in read_in_slices(((run.numbers, run.bookings),), read, _left_of, chosen):
            # Without the amount of a row that was set aside the trailers' sums prove nothing.
            if isinstance(part, UnreadRow):
                self._of_account.add(None)
            else:
                self._of_account.add(sum(map(abs, part.amount_minor)))
            yield part

    def take_in(self, fields: list[str], number: int, lines: int) -> Iterator[Event]:
        """Read a record that is no booking. Raises UnknownRow where it does not belong."""
        match fields[0], self.inside:
            case "01", "":
                self._of_file.records += lines
            case "02", "01":
                self._group, self._of_group = _Group(fields, number), _Totals()
                self._of_group.records += lines
            case "03", "02":
                self._of_account = _Totals()
                self._of_account.records += lines
                yield self._account(fields, number)
            case "49", "03":
                self._of_account.records += lines
                self._of_account.check(fields, number, counts_parts=False)
                self._of_group.take_in(self._of_account)
                yield SectionEnd(self._closing_minor, number)
            case "98", "02":
                self._of_group.records += lines
                self._of_group.check(fields, number, counts_parts=True)
                self._of_file.take_in(self._of_group)
            case "99", "01":
                self._of_file.records += lines
                self._of_file.check(fields, number, counts_parts=True)
            case _:
                raise UnknownRow(row=number)
        self.inside = _ENDS.get(fields[0], fields[0])

    def _account(self, fields: list[str], number: int) -> Section:
        if self._group is None:
            raise UnknownRow(row=number)
        section, self._closing_minor, total = _account(fields, self._group, number)
        self._of_account.amount = total
        return section


def _account(fields: list[str], group: _Group, number: int) -> tuple[Section, int | None, int]:
    """An account's heading, its closing balance, and the sum of everything it lists."""
    fields = [*fields, "", ""]
    currency = fields[2] or group.currency
    balances: dict[str, int] = {}
    total, at = 0, 3
    while at + 1 < len(fields):
        kind, amount = fields[at], _whole(fields[at + 1], number, "03")
        if kind:
            balances.setdefault(kind, amount)
        total += amount
        at += 4 + _details(fields, at + 3)
    section = Section(
        fields[1].strip(),
        currency,
        number,
        balances.get(_OPENING),
        declares=_OPENING in balances or _CLOSING in balances,
        minor_digits=_MINOR_DIGITS.get(currency, 2),
        is_booked=group.is_booked,
    )
    return section, balances.get(_CLOSING), total


def _details(fields: list[str], at: int) -> int:
    """How many fields the kind of funds at a place brings with it."""
    kind = fields[at] if at < len(fields) else ""
    if kind != "D":
        return _DETAIL_FIELDS.get(kind, 0)
    pairs = fields[at + 1] if at + 1 < len(fields) else ""
    return 1 + 2 * int(pairs) if pairs.isdecimal() and len(pairs) < 4 else 1


def _left_of(number: int, booking: str) -> UnreadRow:
    return left_of(number, [_record(booking)])


def _record(booking: str) -> str:
    if "\n" not in booking:  # as most are
        return f"16,{booking.rstrip().removesuffix('/')}"
    return _joined(f"16,{booking}".split("\n"))


def _read(group: _Group, numbers: Sequence[int], bookings: Sequence[str]) -> Bookings:
    """Some bookings at once. Raises UnreadableCell and NoMovement, which name a row alone."""
    records = list(map(_record, bookings))
    codes, amounts, banks, customers, texts = zip(*map(_fields, records), strict=True)
    moved = _whole_column(amounts, numbers[0])
    if 0 in moved:
        raise NoMovement(row=numbers[0])
    signs = each_once(partial(_signs, number=numbers[0]), codes)
    descriptions = said_column(texts)
    nothing = [None] * len(numbers)
    return Bookings(
        numbers,
        [group.booked_on] * len(numbers),
        nothing,
        list(map(mul, moved, signs)),
        nothing,
        [_CLASSES.get(code, LineClass.UNKNOWN) for code in codes],
        deposit_id_column(customers, banks, texts),
        reference_column(banks, customers),
        nothing,
        nothing,
        nothing,
        or_nothing(descriptions),
        written_column([[record] for record in records]),
        nothing,
    )


def _fields(record: str) -> tuple[str, str, str, str, str]:
    """Code, amount, the bank's and the customer's reference, and the text of a booking."""
    fields = record.split(",", 6)
    if len(fields) == 7 and fields[3] not in ("V", "S", "D"):
        _kind, code, amount, _funds, bank, customer, text = fields
        return code, amount, bank, customer, text.removesuffix("/")
    _kind, code, amount, funds, *rest = [*record.split(",", 4), "", "", ""][:5]
    skipped = _details([funds, *rest[0].split(",", 1)], 0)
    fields = rest[0].split(",", skipped + 2)
    fields += [""] * (skipped + 3 - len(fields))
    bank, customer, text = fields[skipped:]
    return code, amount, bank, customer, text.removesuffix("/")


def _signs(codes: Sequence[str], *, number: int) -> Sequence[int]:
    return [_sign(code, number) for code in codes]


def _sign(code: str, number: int) -> int:
    """Codes from 100 are credits, from 400 debits; a bank's own are credits from 920 on."""
    if code.isascii() and code.isdigit() and len(code) == 3:
        if "100" <= code < "400" or "920" <= code < "960":
            return 1
        if "400" <= code < "700" or code >= "960":
            return -1
    raise UnreadableCell(row=number, column="16", text=code[:40])


def _whole_column(texts: Sequence[str], number: int) -> Sequence[int]:
    digits = "".join(texts)
    if digits.isascii() and digits.isdigit() and all(texts) and max(map(len, texts)) <= _WHOLE_MAX:
        return list(map(int, texts))
    return [_whole(text, number, "16") for text in texts]


def _whole(text: str, number: int, column: str) -> int:
    digits = text.strip().removeprefix("+").removeprefix("-")
    if not digits:
        return 0
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _WHOLE_MAX):
        raise UnreadableCell(row=number, column=column, text=text[:40])
    return -int(digits) if text.strip().startswith("-") else int(digits)
