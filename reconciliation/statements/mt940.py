"""MT940, SWIFT's statement of an account, and MT942, its intraday report. Rows are streamed.

``:60F:`` opens a statement, ``:61:`` is a booking, ``:86:`` says more of it, ``:62F:`` closes.
Marks: C and D, RC reverses a credit (a debit), RD a debit (a credit); a letter may follow (the
third one of the currency). The bank's day is the entry date, which has no year: that of the value
date next to it. Banks add lines of their own, which are kept as text (``:NS:``) or left out.
"""

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import BinaryIO

from reconciliation.line_classes import LineClass
from reconciliation.statements.cells import Unreadable
from reconciliation.statements.contract import (
    CONTRACT_VERSION,
    Breadth,
    Statement,
    StatementRow,
    UnreadRow,
    Wanted,
)
from reconciliation.statements.exact import (
    as_written,
    deposit_id_in,
    minor_of,
    movement_of,
    reference_of,
    short_day,
    text_or_none,
)
from reconciliation.statements.refusals import (
    DamagedFile,
    NoMovement,
    SeveralCurrencies,
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
from reconciliation.statements.streams import looks_like_text, pieces_of

_TAG = re.compile(r":(2[0158]|25P|28C|13D?|34F|60[FM]|61|86|62[FM]|6[45]|90[CD]|NS):")
_KNOWN = re.compile(rb"^:20:.*?^:(?:25P?|28C?|60[FM]):", re.MULTILINE | re.DOTALL)
_BOOKING = re.compile(
    r"([0-9]{6})([0-9]{4}| {4})?([RE]?[CD])[A-Z]? ?([0-9]+(?:,[0-9]*)?)"
    r"(?:([A-Z][A-Z0-9 ]{3})([^/]*(?:/(?!/)[^/]*)*)(?://(.*))?)?"
)
_BALANCE = re.compile(r"([CD])[0-9]{6}([A-Z]{3})([0-9]+(?:,[0-9]*)?)")
_SUBFIELD = re.compile(r"\?([0-9]{2})")
_NOTE_LINES_MAX = 200
# The last three letters of the transaction type; S, N or F stands before them.
_CLASSES = {
    "CHG": LineClass.FEE,
    "COM": LineClass.FEE,
    "CHK": LineClass.CHEQUE,
    "TRF": LineClass.TRANSFER,
    "STO": LineClass.TRANSFER,
    "DDT": LineClass.TRANSFER,
    "RTI": LineClass.TRANSFER,
}


class Mt940:
    """Both messages; lines are counted as a text editor shows them."""

    name = "mt940"
    contract_version = CONTRACT_VERSION
    breadth = Breadth.STANDARD

    def recognises(self, head: bytes) -> bool:
        return looks_like_text(head) and _KNOWN.search(head.replace(b"\r", b"\n")) is not None

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        return statement_of(self.name, file, _parsed, wanted)


class _Message:
    """One message on its way: what its heading has told so far."""

    def __init__(self) -> None:
        self.account = ""
        self.currency = ""
        self.opening_minor: int | None = None
        self.has_opening = False
        self.has_begun = False  # a booking or the closing was met
        self.has_closed = False
        self.is_booked = True

    def heading(self, row_number: int) -> Section:
        self.has_begun = True
        return Section(
            self.account,
            self.currency,
            row_number,
            self.opening_minor,
            declares=self.has_opening,
            is_booked=self.is_booked,
        )


def _parsed(file: BinaryIO, chosen: frozenset[int]) -> Iterator[Event]:
    message = _Message()
    booking: list[str] = []  # the lines of the booking at hand
    notes: list[str] = []  # what its :86: says
    at = number = 0
    lines = booking  # where a line without a tag belongs
    for number, line in enumerate(pieces_of(file, "\n"), start=1):
        found = _TAG.match(line) if line[:1] == ":" else None
        if found is None:
            if not booking:
                continue
            if line[:1] == "-" and line.rstrip() in ("-", "-}", "-}{5:}"):
                yield _row(booking, notes, at, chosen)
                booking, notes = [], []
            elif len(lines) < _NOTE_LINES_MAX:
                lines.append(line)
            continue
        tag, said = found[1], line[found.end() :]
        if booking:
            if tag in ("86", "NS") and not notes:
                notes.append(said)
                lines = notes
                continue
            yield _row(booking, notes, at, chosen)
            booking, notes = [], []
        if tag == "61":
            if message.has_closed or not (message.account and message.currency):
                raise UnknownRow(row=number)
            if not message.has_begun:
                yield message.heading(number)
            booking, at = [said], number
            lines = booking
        elif tag in ("62F", "62M"):
            yield from _closing(message, said, number)
        elif tag == "20":
            yield from _ended(message, number)
            message = _Message()
        else:
            _note(message, tag, said, number)
    if booking:
        yield _row(booking, notes, at, chosen)
    yield from _ended(message, number)


def _note(message: _Message, tag: str, said: str, number: int) -> None:
    """Take a line of the heading in; one that stands below the heading says nothing to us."""
    if message.has_begun:
        return
    if tag in ("25", "25P"):
        message.account = said.strip()
    elif tag in ("60F", "60M"):
        message.opening_minor, message.currency = _balance(said, number)
        message.has_opening = True
    elif tag in ("34F", "90C", "90D"):  # MT942 alone has them, and no opening balance
        message.is_booked = False
        found = re.search(r"[A-Z]{3}", said)
        message.currency = found[0] if found else ""


def _closing(message: _Message, said: str, number: int) -> Iterator[Event]:
    closing_minor, currency = _balance(said, number)
    if not message.currency:
        message.currency = currency
    if message.has_closed or not message.account:
        raise UnknownRow(row=number)
    if currency != message.currency:
        raise SeveralCurrencies(row=number)
    if not message.has_begun:
        yield message.heading(number)
    message.has_closed = True
    yield SectionEnd(closing_minor, number)


def _ended(message: _Message, number: int) -> Iterator[Event]:
    """The end of a message that tells no closing balance. Raises DamagedFile if it was cut off."""
    if message.has_closed:
        return
    if message.has_opening:
        raise DamagedFile
    if message.has_begun:
        yield SectionEnd(None, number)
    elif message.account and message.currency:
        yield message.heading(number)
        yield SectionEnd(None, number)


def _balance(said: str, number: int) -> tuple[int, str]:
    found = _BALANCE.match(said)
    if found is None:
        raise UnreadableCell(row=number, column=":60F:/:62F:", text=said[:40])
    mark, currency, amount = found.groups()
    try:
        amount_minor = minor_of(amount)
    except Unreadable as error:
        raise UnreadableCell(row=number, column=":60F:/:62F:", text=said[:40]) from error
    return (-amount_minor if mark == "D" else amount_minor), currency


def _row(
    booking: list[str], notes: list[str], number: int, chosen: frozenset[int]
) -> StatementRow | UnreadRow:
    try:
        return _read(booking, notes, number)
    except (UnreadableCell, NoMovement) as refusal:
        return set_aside(refusal, number, chosen, as_written([*booking, *notes]))


def _read(booking: list[str], notes: list[str], number: int) -> StatementRow:
    said = booking[0]
    found = _BOOKING.fullmatch(said.rstrip())
    if found is None:
        raise UnreadableCell(row=number, column=":61:", text=said[:40])
    value_day, entry_day, mark, amount, kind, customer_reference, bank_reference = found.groups("")
    try:
        booked_on = _booked_on(value_day, entry_day.strip())
        amount_minor = movement_of(amount)
    except Unreadable as error:
        raise UnreadableCell(row=number, column=":61:", text=said[:40]) from error
    if amount_minor == 0:
        raise NoMovement(row=number)
    payer, description = _texts(booking, notes)
    return StatementRow(
        number,
        booked_on,
        None,
        -amount_minor if mark in ("D", "ED", "RC") else amount_minor,
        None,
        _CLASSES.get(kind[1:], LineClass.UNKNOWN),
        deposit_id_in(customer_reference, bank_reference, description or ""),
        reference_of(bank_reference, customer_reference),
        None,
        None,
        payer,
        description,
        as_written([*booking, *notes]),
    )


@lru_cache(1 << 12)
def _booked_on(value_day: str, entry_day: str) -> date:
    """The entry date in the year that brings it nearest to the value date. Raises Unreadable."""
    valued_on = short_day(value_day)
    if not entry_day:
        return valued_on
    days = []
    for year in (valued_on.year - 1, valued_on.year, valued_on.year + 1):
        try:
            days.append(date(year, int(entry_day[:2]), int(entry_day[2:])))
        except ValueError:
            continue  # the 29th of February is a day of some years
    if not days:
        raise Unreadable
    return min(days, key=lambda day: abs(day - valued_on))


def _texts(booking: list[str], notes: list[str]) -> tuple[str | None, str | None]:
    """Who paid, where the bank says so in a subfield of its own, and everything said beside."""
    if not notes:
        return None, text_or_none(" ".join(booking[1:]))
    if notes[0].lstrip()[3:4] != "?":
        return None, text_or_none(" ".join([*booking[1:], *notes]))
    # The subfields run on from line to line, wherever the line happens to be full.
    _code, *parts = _SUBFIELD.split("".join(notes))
    kind = name = purpose = ""
    for number, text in zip(parts[::2], parts[1::2], strict=True):
        if number == "00":
            kind = text
        elif number in ("32", "33"):
            name += text
        elif "20" <= number <= "29" or "60" <= number <= "63":
            purpose += text
    return text_or_none(name), text_or_none(" ".join([*booking[1:], kind, purpose]))
