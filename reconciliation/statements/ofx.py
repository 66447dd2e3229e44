"""OFX, the export of American and Australian banks: the old SGML and the newer XML alike.

Bookings stand in ``STMTTRN``, counted from 1; the balance comes after them and is the closing one
where it is of the last day of the list. Nothing is parsed as XML, so that no entity is resolved.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import time
from typing import BinaryIO
from xml.sax.saxutils import unescape

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
    iso_day,
    minor_of,
    movement_of,
    reference_of,
    text_or_none,
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
    set_aside,
    statement_of,
)
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
        return _amount(amount, number, "BALAMT")


def _parsed(file: BinaryIO, chosen: frozenset[int]) -> Iterator[Event]:
    frame = _Frame()
    number = 0
    for piece in pieces_of(file, _END):
        around, begun, inside = piece.partition(_BEGIN)
        if around and not around.isspace():
            yield from frame.take_in(around, number)
        if begun:
            number += 1
            try:
                yield _row(inside, number, frame.currency)
            except (UnreadableCell, NoMovement) as refusal:
                yield set_aside(refusal, number, chosen, as_written(inside))
    if not frame.is_complete:
        raise DamagedFile


def _row(inside: str, number: int, currency: str) -> StatementRow:
    if "<![CDATA[" in inside:
        inside = _CDATA.sub(
            lambda found: found[1].replace("&", "&amp;").replace("<", "&lt;"), inside
        )
    said = {name: value.strip() for name, value in _FIELD.findall(inside)}
    for needed in _NEEDED:
        if needed not in said:
            raise UnreadableCell(row=number, column=needed, text="")
    if "CORRECTACTION" in said or "CORRECTFITID" in said:
        raise UnknownRow(row=number)
    if "<CURRENCY>" in inside and said.get("CURSYM", currency) != currency:
        raise SeveralCurrencies(row=number)
    amount_minor = _amount(said["TRNAMT"], number, "TRNAMT")
    if amount_minor == 0:
        raise NoMovement(row=number)
    day = said["DTPOSTED"]
    try:
        booked_on, booked_time = iso_day(day), _clock(day)
    except Unreadable as error:
        raise UnreadableCell(row=number, column="DTPOSTED", text=day[:40]) from error
    name, memo = _text(said, "NAME"), _text(said, "MEMO")
    return StatementRow(
        number,
        booked_on,
        booked_time,
        amount_minor,
        None,
        _CLASSES.get(said.get("TRNTYPE", ""), LineClass.UNKNOWN),
        deposit_id_in(said.get("REFNUM", ""), said.get("CHECKNUM", ""), memo or "", name or ""),
        reference_of(said.get("FITID", "")),
        None,
        None,
        name,
        memo,
        as_written(said),
    )


def _amount(text: str, number: int, column: str) -> int:
    sign, plain = (-1, text[1:]) if text[:1] == "-" else (1, text.removeprefix("+"))
    try:
        return sign * movement_of(plain) if column == "TRNAMT" else sign * minor_of(plain)
    except Unreadable as error:
        raise UnreadableCell(row=number, column=column, text=text[:40]) from error


def _clock(text: str) -> time | None:
    """The time behind a day, as written; the zone is the bank's own."""
    digits = text[8:14]
    if not (len(digits) == 6 and digits.isdigit()):
        return None
    try:
        return time(int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError as error:
        raise Unreadable from error


def _text(said: Mapping[str, str], name: str) -> str | None:
    text = said.get(name, "")
    return text_or_none(unescape(text) if "&" in text else text)
