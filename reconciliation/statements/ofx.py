"""OFX, the export of American and Australian banks: the old SGML and the newer XML alike.

Bookings stand in ``STMTTRN``, counted from 1; the balance comes after them and is the closing one
where it is of the last day of the list. Nothing is parsed as XML, so that no entity is resolved.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import time
from functools import lru_cache, partial
from html import unescape
from typing import BinaryIO

from reconciliation.line_classes import LineClass
from reconciliation.statements.cells import Unreadable
from reconciliation.statements.columns import or_nothing
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
    iso_day,
    minor_of,
    movement_column,
    reference_column,
    said_column,
    written_column,
)
from reconciliation.statements.refusals import (
    DamagedFile,
    NoMovement,
    SeveralCurrencies,
    UnknownRow,
    UnreadableCell,
    UnsafeFile,
)
from reconciliation.statements.sections import (
    Event,
    Section,
    SectionEnd,
    left_of,
    statement_of,
)
from reconciliation.statements.slices import read_in_slices
from reconciliation.statements.streams import looks_like_text, pieces_of

_BEGIN, _END = "<STMTTRN>", "</STMTTRN>"
_KNOWN = re.compile(rb"OFXHEADER|<OFX>")
_FIELD = re.compile(r"<([A-Z0-9.]+)>([^<]*)")
_TAG = re.compile(r"<(/?)([A-Z0-9.]+)>([^<]*)")
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_STATEMENTS = frozenset({"STMTRS", "CCSTMTRS"})
_NEEDED = ("TRNAMT", "DTPOSTED")
_CLASSES = {
    "FEE": LineClass.FEE,
    "SRVCHG": LineClass.FEE,
    "CHECK": LineClass.CHEQUE,
    "XFER": LineClass.TRANSFER,
    "DIRECTDEP": LineClass.TRANSFER,
    "DIRECTDEBIT": LineClass.TRANSFER,
    "REPEATPMT": LineClass.TRANSFER,
}


class Ofx:
    """Statements of bank accounts and of cards."""

    name = "ofx"
    contract_version = CONTRACT_VERSION
    breadth = Breadth.STANDARD

    def recognises(self, head: bytes) -> bool:
        return looks_like_text(head) and _KNOWN.search(head) is not None

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        return statement_of(self.name, file, _parsed, wanted)


class _Frame:
    """Everything around the bookings, taken in tag by tag."""

    def __init__(self) -> None:
        self.is_complete = False  # the end of the document was met
        self._in_balance = False
        self._values: dict[str, str] = {}

    def take_in(self, text: str, number: int) -> Iterator[Event]:
        """Read the tags up to the next booking; a statement's end is told."""
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise UnsafeFile
        for closing, tag, said in _TAG.findall(text):
            if closing:
                self._in_balance = self._in_balance and tag != "LEDGERBAL"
                self.is_complete = self.is_complete or tag == "OFX"
                if tag in _STATEMENTS:
                    yield SectionEnd(self._closing_minor(number), number)
                    self._values = {}
            elif tag in _STATEMENTS:
                self._values = {}
            elif tag == "LEDGERBAL":
                self._in_balance = True
            elif tag in ("CURDEF", "ACCTID", "DTEND"):
                self._values.setdefault(tag, said.strip())
            elif tag in ("BALAMT", "DTASOF") and self._in_balance:
                self._values[tag] = said.strip()
            if tag == "BANKTRANLIST" and not closing:
                yield self._section(number)

    @property
    def currency(self) -> str:
        return self._values.get("CURDEF", "")

    def _section(self, number: int) -> Section:
        account = self._values.get("ACCTID", "")
        return Section(account, self.currency, number + 1, declares=True)

    def _closing_minor(self, number: int) -> int | None:
        """The ledger balance, unless it is of a later day than the last of the list."""
        amount, day = self._values.get("BALAMT"), self._values.get("DTASOF", "")
        if amount is None or day[:8] > self._values.get("DTEND", "")[:8]:
            return None
        return _balance(amount, number)


def _parsed(file: BinaryIO, chosen: frozenset[int]) -> Iterator[Event]:
    frame = _Frame()
    number = 0  # of the booking before
    for pieces in pieces_of(file, _END):
        bookings: list[str] = []
        for piece in pieces:
            around, begun, inside = piece.partition(_BEGIN)
            if around and not around.isspace():
                yield from _booked(bookings, number, frame.currency, chosen)
                number += len(bookings)
                bookings = []
                yield from frame.take_in(around, number)
            if begun:
                bookings.append(inside)
        yield from _booked(bookings, number, frame.currency, chosen)
        number += len(bookings)
    if not frame.is_complete:
        raise DamagedFile


def _booked(
    bookings: list[str], number: int, currency: str, chosen: frozenset[int]
) -> Iterator[Bookings | UnreadRow]:
    """Bookings that follow each other, counted on from a number."""
    numbers = range(number + 1, number + 1 + len(bookings))
    slices = ((numbers, bookings),) if bookings else ()
    yield from read_in_slices(slices, partial(_read, currency), left_of, chosen)


def _read(currency: str, numbers: Sequence[int], bookings: Sequence[str]) -> Bookings:
    """Some bookings at once. Raises UnreadableCell and NoMovement, which name a row alone."""
    number = numbers[0]
    said = list(map(_fields, bookings))
    for at, fields in enumerate(said):
        _refuse_unlike(fields, bookings[at], numbers[at], currency)

    def column(name: str) -> Sequence[str]:
        return [fields.get(name, "") for fields in said]

    moved = _amounts(column("TRNAMT"), number)
    if 0 in moved:
        raise NoMovement(row=number)
    days = column("DTPOSTED")
    try:
        booked_on, booked_at = list(map(iso_day, days)), list(map(_clock, days))
    except Unreadable as error:
        raise UnreadableCell(row=number, column="DTPOSTED", text=days[0][:40]) from error
    names, memos = said_column(_unescaped(column("NAME"))), said_column(_unescaped(column("MEMO")))
    nothing = [None] * len(numbers)
    return Bookings(
        numbers,
        booked_on,
        booked_at,
        moved,
        nothing,
        [_CLASSES.get(kind, LineClass.UNKNOWN) for kind in column("TRNTYPE")],
        deposit_id_column(column("REFNUM"), column("CHECKNUM"), memos, names),
        reference_column(column("FITID")),
        nothing,
        nothing,
        or_nothing(names),
        or_nothing(memos),
        written_column(said),
        nothing,
    )


def _fields(inside: str) -> dict[str, str]:
    if "<![CDATA[" in inside:
        inside = _CDATA.sub(
            lambda found: found[1].replace("&", "&amp;").replace("<", "&lt;"), inside
        )
    return {name: value.strip() for name, value in _FIELD.findall(inside)}


def _refuse_unlike(said: Mapping[str, str], inside: str, number: int, currency: str) -> None:
    """Raise where a booking lacks what it needs, corrects another, or is in another currency."""
    for needed in _NEEDED:
        if needed not in said:
            raise UnreadableCell(row=number, column=needed, text="")
    if "CORRECTACTION" in said or "CORRECTFITID" in said:
        raise UnknownRow(row=number)
    if "<CURRENCY>" in inside and said.get("CURSYM", currency) != currency:
        raise SeveralCurrencies(row=number)


def _amounts(texts: Sequence[str], number: int) -> Sequence[int]:
    """Amounts with their signs. Raises UnreadableCell, which names a row alone."""
    try:
        moved = movement_column([text[1:] if text[:1] in ("-", "+") else text for text in texts])
    except Unreadable as error:
        raise UnreadableCell(row=number, column="TRNAMT", text=texts[0][:40]) from error
    return [-one if text[:1] == "-" else one for one, text in zip(moved, texts, strict=True)]


def _balance(text: str, number: int) -> int:
    sign, plain = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    try:
        return sign * minor_of(plain)
    except Unreadable as error:
        raise UnreadableCell(row=number, column="BALAMT", text=text[:40]) from error


@lru_cache(1 << 12)
def _clock(text: str) -> time | None:
    """The time behind a day, as written; the zone is the bank's own."""
    digits = text[8:14]
    if not (len(digits) == 6 and digits.isdigit()):
        return None
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError as error:
        raise Unreadable from error


def _unescaped(texts: Sequence[str]) -> Sequence[str]:
    return [unescape(text) for text in texts] if "&" in "".join(texts) else texts
