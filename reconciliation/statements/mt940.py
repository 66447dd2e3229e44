"""MT940, SWIFT's statement of an account, and MT942, its intraday report. Rows are streamed.

``:60F:`` opens a statement, ``:61:`` is a booking, ``:86:`` says more of it, ``:62F:`` closes.
Marks: C and D, RC reverses a credit (a debit), RD a debit (a credit); a letter may follow (the
third one of the currency). The bank's day is the entry date, which has no year: that of the value
date next to it. Banks add lines of their own, which are kept as text (``:NS:``) or left out.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache
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
    minor_of,
    movement_column,
    reference_column,
    said_column,
    short_day,
    written_column,
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
    left_of,
    statement_of,
)
from reconciliation.statements.slices import read_in_slices
from reconciliation.statements.streams import looks_like_text, runs_of

_TAG = re.compile(r":(2[0158]|25P|28C|13D?|34F|60[FM]|61|86|62[FM]|6[45]|90[CD]|NS):")
_KNOWN = re.compile(rb"^:20:.*?^:(?:25P?|28C?|60[FM]):", re.MULTILINE | re.DOTALL)
_BOOKING_BEGINS = "\n:61:"
_NOTES = frozenset({"86", "NS"})
_NOTES_BEGIN = re.compile(r"\n:(?:86|NS):")
# A line that does not go on with a booking: another tag, or the end of the message.
_NEXT = re.compile(rf"\n(?={_TAG.pattern}|-(?:\}}(?:\{{5:\}})?)?[^\S\n]*(?:\n|\Z))")
_BOOKING = re.compile(
    r"^([0-9]{6})([0-9]{4}| {4})?([RE]?[CD])[A-Z]? ?([0-9]+(?:,[0-9]*)?)"
    r"(?:([A-Z][A-Z0-9 ]{3})([^/\n]*(?:/(?!/)[^/\n]*)*)(?://(.*))?)?$",
    re.MULTILINE,
)
_BALANCE = re.compile(r"([CD])[0-9]{6}([A-Z]{3})([0-9]+(?:,[0-9]*)?)")
_SUBFIELD = re.compile(r"\?([0-9]{2})")
_DEBITS = frozenset({"D", "ED", "RC"})
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
    number = 0
    for run in runs_of(file, _BOOKING_BEGINS, _parted):
        if run.bookings:
            yield from _begun(message, run.numbers[0])
            slices = ((run.numbers, run.bookings),)
            yield from read_in_slices(slices, _read, _left_of, chosen)
        for number, line in enumerate(run.behind.split("\n"), start=run.behind_number):
            found = _TAG.match(line)
            if found is None:
                continue
            tag, said = found[1], line[found.end() :]
            if tag == "61":  # nothing stands before it
                raise UnknownRow(row=number)
            if tag in ("62F", "62M"):
                yield from _closing(message, said, number)
            elif tag == "20":
                yield from _ended(message, number)
                message = _Message()
            else:
                _note(message, tag, said, number)
    yield from _ended(message, number)


def _parted(piece: str) -> tuple[str, str]:
    """A booking with what its ``:86:`` says, and what follows: a closing, another heading."""
    line, _tag, notes = piece.partition("\n:86:")
    if "\n" not in line and "\n" not in notes:  # as most are
        return piece, ""
    has_notes = False
    for found in _NEXT.finditer(piece):
        if has_notes or found[1] not in _NOTES:
            return piece[: found.start()], piece[found.end() :]
        has_notes = True
    return piece, ""


def _begun(message: _Message, number: int) -> Iterator[Event]:
    """The heading, if this is the first booking below it. Raises UnknownRow where there is none."""
    if message.has_closed or not (message.account and message.currency):
        raise UnknownRow(row=number)
    if not message.has_begun:
        yield message.heading(number)


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


def _left_of(number: int, booking: str) -> UnreadRow:
    return left_of(number, booking.split("\n"))


def _read(numbers: Sequence[int], bookings: Sequence[str]) -> Bookings:
    """Some bookings at once. Raises UnreadableCell and NoMovement, which name a row alone."""
    lines, texts, notes = zip(*map(_said, bookings), strict=True)
    found = _BOOKING.findall("\n".join(lines))
    unreadable = UnreadableCell(row=numbers[0], column=":61:", text=lines[0][:40])
    if len(found) != len(lines):
        raise unreadable
    value_days, entry_days, marks, amounts, kinds, customers, banks = zip(*found, strict=True)
    try:
        days = list(map(_booked_on, value_days, entry_days))
        moved = movement_column(amounts)
    except Unreadable as error:
        raise unreadable from error
    if 0 in moved:
        raise NoMovement(row=numbers[0])
    names, texts = zip(*map(_texts, texts, notes), strict=True)
    descriptions = said_column(texts)
    nothing = [None] * len(numbers)
    return Bookings(
        numbers,
        days,
        nothing,
        [-amount if mark in _DEBITS else amount for amount, mark in zip(moved, marks, strict=True)],
        nothing,
        [_CLASSES.get(kind[1:], LineClass.UNKNOWN) for kind in kinds],
        deposit_id_column(customers, banks, descriptions),
        reference_column(banks, customers),
        nothing,
        nothing,
        or_nothing(said_column(names)),
        or_nothing(descriptions),
        written_column([booking.split("\n") for booking in bookings]),
        nothing,
    )


def _said(booking: str) -> tuple[str, str, str]:
    """The line of a booking, the lines that follow it, and what the bank notes to it."""
    line, _end, more = booking.partition("\n")
    if more.startswith(":86:"):
        return line.rstrip(), "", more[4:]
    text, *said = _NOTES_BEGIN.split(f"\n{more}", maxsplit=1)
    return line.rstrip(), text, said[0] if said else ""


@lru_cache(1 << 12)
def _booked_on(value_day: str, entry_day: str) -> date:
    """The entry date in the year that brings it nearest to the value date. Raises Unreadable."""
    valued_on = short_day(value_day)
    if not entry_day.strip():
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


def _texts(text: str, notes: str) -> tuple[str, str]:
    """Who paid, where the bank says so in a subfield of its own, and everything said beside."""
    if notes.lstrip(" ")[3:4] != "?":
        return "", f"{text} {notes}".replace("\n", " ") if text or "\n" in notes else notes
    # The subfields run on from line to line, wherever the line happens to be full.
    _code, *parts = _SUBFIELD.split(notes.replace("\n", ""))
    kind = name = purpose = ""
    for number, said in zip(parts[::2], parts[1::2], strict=True):
        if number == "00":
            kind = said
        elif number in ("32", "33"):
            name += said
        elif "20" <= number <= "29" or "60" <= number <= "63":
            purpose += said
    return name, f"{text} {kind} {purpose}".replace("\n", " ")
