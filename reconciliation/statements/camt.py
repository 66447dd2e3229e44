"""CAMT.053, the ISO 20022 statement, with its intraday report (052) and notification (054).

Any version, any prefix or none. An entry is one row; where it holds several transactions whose
amounts add up to it exactly, each of them is one. Rows are streamed and counted from 1. No entity
is resolved, nothing is fetched, and a document type is refused.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import time
from functools import lru_cache, partial
from operator import mul
from typing import BinaryIO

from lxml import etree

from reconciliation.line_classes import LineClass
from reconciliation.statements.camt_entries import Record, Said, records_of
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
from reconciliation.statements.slices import SLICE_ROWS, read_in_slices

_ROOT = re.compile(rb"<(?:[\w.-]+:)?BkToCstmr(Stmt|AcctRpt|DbtCdtNtfctn)")
_STATEMENTS = ("Stmt", "Rpt", "Ntfctn")
_TAGS = tuple(f"{{*}}{name}" for name in ("Ntry", *_STATEMENTS))
_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), "CLBD", "ITBD"
_SIGNS = {"CRDT": 1, "DBIT": -1}
_CLOCK = re.compile(r"T([0-9]{2}:[0-9]{2}:[0-9]{2})")
_FAMILIES = {
    "RCDT": LineClass.TRANSFER,
    "ICDT": LineClass.TRANSFER,
    "RRCT": LineClass.TRANSFER,
    "IRCT": LineClass.TRANSFER,
    "RDDT": LineClass.TRANSFER,
    "IDDT": LineClass.TRANSFER,
    "RCHQ": LineClass.CHEQUE,
    "ICHQ": LineClass.CHEQUE,
    "CHRG": LineClass.FEE,
}
_FEE_SUBFAMILIES = frozenset({"CHRG", "COMM", "FEES"})


class Camt:
    """The three messages; of 052 and 054 the rows are no evidence of a booking."""

    name = "camt053"
    contract_version = CONTRACT_VERSION
    breadth = Breadth.STANDARD

    def recognises(self, head: bytes) -> bool:
        return _ROOT.search(head.replace(b"\0", b"")) is not None

    def open(self, file: BinaryIO, wanted: Wanted) -> Statement:
        return statement_of(self.name, file, _parsed, wanted)


def _parsed(file: BinaryIO, chosen: frozenset[int]) -> Iterator[Event]:
    elements = etree.iterparse(
        file, tag=_TAGS, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        yield from _events((element for _event, element in elements), chosen)
    except etree.XMLSyntaxError as error:
        raise DamagedFile from error


def _events(elements: Iterator[etree._Element], chosen: frozenset[int]) -> Iterator[Event]:
    section: Section | None = None
    entries: list[str] = []  # that wait to be read together
    number = 0  # of the row before them
    for element in elements:
        if number == 0 and section is None:
            _refuse_doctype(element)
        space, _, name = element.tag.rpartition("}")
        space = f"{space}}}" if space else ""
        statement = element if name != "Ntry" else element.getparent()
        if section is None:
            section = _heading(statement, space, number + 1)
            yield section
        if name == "Ntry":
            entries.append(etree.tostring(element, encoding="unicode", with_tail=False))
            _forget(element, statement)
        if name != "Ntry" or len(entries) == SLICE_ROWS:
            records = [record for entry in entries for record in records_of(entry, space)]
            numbers = range(number + 1, number + 1 + len(records))
            yield from _booked(section, numbers, records, chosen)
            number += len(records)
            entries = []
        if name != "Ntry":
            yield SectionEnd(_balances(element, space, number)[1], number)
            section = None
            element.clear()


def _refuse_doctype(element: etree._Element) -> None:
    if element.getroottree().docinfo.doctype:
        raise UnsafeFile


def _forget(entry: etree._Element, statement: etree._Element) -> None:
    """Drop an entry that was read; the heading above the entries stays for the statement's end."""
    entry.clear()
    while (before := entry.getprevious()) is not None and before.tag == entry.tag:
        statement.remove(before)


def _heading(statement: etree._Element, space: str, number: int) -> Section:
    opening_minor, closing_minor, currencies = _balances(statement, space, number)
    account, entry = (statement.find(f"{space}{name}") for name in ("Acct", "Ntry"))
    held = None if account is None else Said(account, space)
    stated = "" if held is None else held.text("Ccy")
    of_entry = None if entry is None else Said(entry, space).amount("Amt")
    currencies = {one for one in (*currencies, stated, of_entry and of_entry[1]) if one}
    if len(currencies) > 1:
        raise SeveralCurrencies(row=number)
    return Section(
        "" if held is None else held.text("Id/IBAN", "Id/Othr/Id", "Id/PrtryAcct/Id"),
        currencies.pop() if currencies else "",
        number,
        opening_minor,
        declares=opening_minor is not None or closing_minor is not None,
        is_booked=_local(statement) == "Stmt",
    )


def _balances(
    statement: etree._Element, space: str, number: int
) -> tuple[int | None, int | None, set[str]]:
    """The booked balances before and after the rows, and the currencies they are in.

    Where a statement has several pages, those inside it are interim ones.
    """
    found: dict[str, list[int]] = defaultdict(list)
    currencies = set()
    for element in statement.iterfind(f"{space}Bal"):
        balance = Said(element, space)
        kind = balance.text("Tp/CdOrPrtry/Cd")
        if kind in (*_OPENING, _CLOSING, _INTERIM):
            amount_minor, currency = _balance(balance, number)
            found[kind].append(amount_minor)
            currencies.add(currency)
    interim = found.pop(_INTERIM, [])
    opening = next((found[kind][0] for kind in _OPENING if found[kind]), None)
    closing = found[_CLOSING][0] if found[_CLOSING] else None
    if opening is None and len(interim) > (closing is None):
        opening = interim[0]
    if closing is None and interim:
        closing = interim[-1]
    return opening, closing, currencies


def _booked(
    section: Section, numbers: Sequence[int], records: Sequence[Record], chosen: frozenset[int]
) -> Iterator[Bookings | UnreadRow]:
    slices = ((numbers, records),) if records else ()
    yield from read_in_slices(slices, partial(_read, section), _left_of, chosen)


def _left_of(number: int, record: Record) -> UnreadRow:
    return left_of(number, record.kept)


def _read(section: Section, numbers: Sequence[int], records: Sequence[Record]) -> Bookings:
    """Some rows at once. Raises UnreadableCell and NoMovement, which name a row alone."""
    said = Record._make(zip(*records, strict=True))
    _refuse_unlike(section, numbers, said)
    moved = _moved(said, numbers[0])
    try:
        days, clocks = list(map(iso_day, said.day)), list(map(_clock, said.day))
    except Unreadable as error:
        raise UnreadableCell(row=numbers[0], column="BookgDt", text=said.day[0][:40]) from error
    references = (said.servicer_reference, said.end_to_end_id, said.transaction_id)
    descriptions = said_column(said.description)
    payers = [
        debtor if amount > 0 else creditor
        for amount, debtor, creditor in zip(moved, said.debtor, said.creditor, strict=True)
    ]
    nothing = [None] * len(numbers)
    return Bookings(
        numbers,
        days,
        clocks,
        moved,
        nothing,
        list(map(_class_of, said.family, said.subfamily)),
        deposit_id_column(said.structured, *references, descriptions),
        reference_column(references[0], said.reference, *references[1:]),
        nothing,
        nothing,
        or_nothing(said_column(payers)),
        or_nothing(descriptions),
        written_column(said.kept),
        nothing,
    )


def _refuse_unlike(section: Section, numbers: Sequence[int], said: Record) -> None:
    """Raise SeveralCurrencies and UnknownRow where a row does not belong to its statement."""
    for number, currency, status in zip(numbers, said.currency, said.status, strict=True):
        if currency != section.currency:
            raise SeveralCurrencies(row=number)
        if section.is_booked and status not in ("BOOK", ""):
            raise UnknownRow(row=number)


def _moved(said: Record, number: int) -> Sequence[int]:
    """The amounts with their signs. Raises UnreadableCell and NoMovement."""
    if not set(said.mark) <= _SIGNS.keys():
        raise UnreadableCell(row=number, column="CdtDbtInd", text=said.mark[0][:40])
    try:
        amounts = movement_column(said.amount)
    except Unreadable as error:
        raise UnreadableCell(row=number, column="Amt", text=said.amount[0][:40]) from error
    if 0 in amounts:
        raise NoMovement(row=number)
    return list(map(mul, amounts, map(_SIGNS.__getitem__, said.mark)))


def _balance(said: Said, number: int) -> tuple[int, str]:
    """An amount with its sign, and its currency."""
    amount, mark = said.amount("Amt"), said.text("CdtDbtInd")
    if amount is None or mark not in _SIGNS:
        raise UnreadableCell(row=number, column="CdtDbtInd", text=mark[:40])
    text, currency = amount
    try:
        return minor_of(text) * _SIGNS[mark], currency
    except Unreadable as error:
        raise UnreadableCell(row=number, column="Amt", text=text[:40]) from error


def _class_of(family: str, subfamily: str) -> LineClass:
    if subfamily in _FEE_SUBFAMILIES:
        return LineClass.FEE
    return _FAMILIES.get(family, LineClass.UNKNOWN)


@lru_cache(1 << 12)
def _clock(text: str) -> time | None:
    found = _CLOCK.search(text)
    try:
        return time.fromisoformat(found[1]) if found else None
    except ValueError as error:
        raise Unreadable from error


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
