"""BAI2, the cash management format: records by line, amounts in the currency's smallest unit.

``02`` opens a group (a day, a currency), ``03`` an account with its balances, ``16`` is a booking,
``88`` goes on with the record above; ``49``, ``98`` and ``99`` carry control totals, which must
agree. Rows are streamed and numbered by their line.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import BinaryIO

from reconciliation.line_classes import LineClass
from reconciliation.statements.cells import Unreadable
from reconciliation.statements.contract import (
    CONTRACT_VERSION,
    Breadth,
    Statement,
    StatementRow,
    Wanted,
)
from reconciliation.statements.exact import (
    as_written,
    deposit_id_in,
    reference_of,
    short_day,
    text_or_none,
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
    set_aside,
    statement_of,
)
from reconciliation.statements.streams import pieces_of

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
_RECORD_LINES_MAX = 1_000


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


def _records(file: BinaryIO) -> Iterator[tuple[int, int, str]]:
    """Each record with those that go on with it: its line, how many lines it has, its text."""
    record, at, count = "", 0, 0
    for number, line in enumerate(pieces_of(file, "\n"), start=1):
        plain = line.rstrip()
        if not plain:
            continue
        if plain.startswith("88,"):
            if count == 0 or count > _RECORD_LINES_MAX:
                raise UnknownRow(row=number)
            more = plain[3:]
            record = f"{record[:-1]},{more}" if record.endswith("/") else record + more
            count += 1
            continue
        if count:
            yield at, count, record.removesuffix("/")
        record, at, count = plain, number, 1
    if count:
        yield at, count, record.removesuffix("/")


def _parsed(file: BinaryIO, chosen: frozenset[int]) -> Iterator[Event]:
    of_file, of_group, of_account = _Totals(), _Totals(), _Totals()
    group: _Group | None = None
    closing: int | None = None
    inside = ""  # the record that is open: 01, 02 or 03
    for number, lines, record in _records(file):
        kind = record[:3]
        if kind == "16," and inside == "03" and group is not None:
            of_account.records += lines
            try:
                row = _row(record, group, number)
            except (UnreadableCell, NoMovement) as refusal:
                of_account.amount = None  # without it the trailers' sums prove nothing
                yield set_aside(refusal, number, chosen, as_written([record]))
            else:
                of_account.add(abs(row.amount_minor))
                yield row
            continue
        fields = record.split(",")
        if kind == "01," and not inside:
            inside = "01"
            of_file.records += lines
        elif kind == "02," and inside == "01":
            inside, group, of_group = "02", _Group(fields, number), _Totals()
            of_group.records += lines
        elif kind == "03," and inside == "02" and group is not None:
            inside, of_account = "03", _Totals()
            section, closing, of_account.amount = _account(fields, group, number)
            of_account.records += lines
            yield section
        elif kind == "49," and inside == "03":
            inside = "02"
            of_account.records += lines
            of_account.check(fields, number, counts_parts=False)
            of_group.take_in(of_account)
            yield SectionEnd(closing, number)
        elif kind == "98," and inside == "02":
            inside = "01"
            of_group.records += lines
            of_group.check(fields, number, counts_parts=True)
            of_file.take_in(of_group)
        elif kind == "99," and inside == "01":
            inside = "99"
            of_file.records += lines
            of_file.check(fields, number, counts_parts=True)
        else:
            raise UnknownRow(row=number)
    if inside != "99":
        raise DamagedFile


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


def _row(record: str, group: _Group, number: int) -> StatementRow:
    _kind, code, amount, funds, *rest = [*record.split(",", 4), "", "", ""][:5]
    more = rest[0]
    skipped = _details([funds, *more.split(",", 1)], 0)
    *_skipped, bank_reference, customer_reference, text = [
        *more.split(",", skipped + 2), *[""] * (skipped + 3),
    ][: skipped + 3]  # fmt: skip
    amount_minor = _whole(amount, number, "16")
    if amount_minor == 0:
        raise NoMovement(row=number)
    text = text.removesuffix("/")
    return StatementRow(
        number,
        group.booked_on,
        None,
        amount_minor * _sign(code, number),
        None,
        _CLASSES.get(code, LineClass.UNKNOWN),
        deposit_id_in(customer_reference, bank_reference, text),
        reference_of(bank_reference, customer_reference),
        None,
        None,
        None,
        text_or_none(text),
        as_written([record]),
    )


def _sign(code: str, number: int) -> int:
    """Codes from 100 are credits, from 400 debits; a bank's own are credits from 920 on."""
    if code.isascii() and code.isdigit() and len(code) == 3:
        if "100" <= code < "400" or "920" <= code < "960":
            return 1
        if "400" <= code < "700" or code >= "960":
            return -1
    raise UnreadableCell(row=number, column="16", text=code[:40])


def _whole(text: str, number: int, column: str) -> int:
    digits = text.strip().removeprefix("+").removeprefix("-")
    if not digits:
        return 0
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
        raise UnreadableCell(row=number, column=column, text=text[:40])
    return -int(digits) if text.strip().startswith("-") else int(digits)
