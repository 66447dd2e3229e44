"""CAMT.053, the ISO 20022 statement, with its intraday report (052) and notification (054).

Any version, any prefix or none. An entry is one row; where it holds several transactions whose
amounts add up to it exactly, each of them is one. Rows are streamed and counted from 1. No entity
is resolved, nothing is fetched, and a document type is refused.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date, time
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from lxml import etree

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

_ROOT = re.compile(rb"<(?:[\w.-]+:)?BkToCstmr(Stmt|AcctRpt|DbtCdtNtfctn)")
_STATEMENTS = ("Stmt", "Rpt", "Ntfctn")
_TAGS = tuple(f"{{*}}{name}" for name in ("Ntry", *_STATEMENTS))
_OPENING, _CLOSING, _INTERIM = ("OPBD", "PRCD"), "CLBD", "ITBD"
_DETAILS = "NtryDtls/TxDtls"
_REFERENCES = ("Refs/AcctSvcrRef", "Refs/EndToEndId", "Refs/TxId")
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt")
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


class _Entry(NamedTuple):
    """What the transactions of an entry have in common."""

    number: int
    booked_on: date
    booked_time: time | None
    amount_minor: int
    currency: str
    line_class: LineClass
    reference: str


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
    number = 0  # of the row before
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
            for row in _rows_or_rest(_Said(element, space), section, number + 1, chosen):
                number += 1
                yield row
            _forget(element, statement)
        else:
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


class _Said:
    """Everything below an element, gathered in one pass; each transaction of an entry apart.

    Texts are known by their path; what is of another namespace than the element is left out.
    """

    def __init__(self, element: etree._Element, space: str) -> None:
        self.element = element
        self.details: list[_Said] = []
        self._texts: dict[str, list[str]] = {}
        self._amounts: dict[str, tuple[str, str]] = {}
        self._take_in(element, "", space)

    def text(self, *paths: str) -> str:
        """The text at the first path that has one."""
        for path in paths:
            if path in self._texts:
                return self._texts[path][0]
        return ""

    def texts(self, path: str) -> list[str]:
        return self._texts.get(path, [])

    def amount(self, *paths: str) -> tuple[str, str] | None:
        """The amount at the first path that has one, as written, and its currency."""
        return next((self._amounts[path] for path in paths if path in self._amounts), None)

    def _take_in(self, element: etree._Element, above: str, space: str) -> None:
        for child in element:
            path = _path(above, child.tag, space)
            if path is None:
                continue
            if path == _DETAILS:
                self.details.append(_Said(child, space))
                continue
            text = (child.text or "").strip()
            if path in _AMOUNTS:
                self._amounts.setdefault(path, (text, child.get("Ccy", "")))
            elif text:
                self._texts.setdefault(path, []).append(text)
            else:
                self._take_in(child, path, space)


@lru_cache(1 << 10)
def _path(above: str, tag: object, space: str) -> str | None:
    """Where a child stands; nothing for a comment, or where it is of another namespace."""
    if not (isinstance(tag, str) and tag.startswith(space)):
        return None
    name = tag[len(space) :]
    return f"{above}/{name}" if above else name


def _heading(statement: etree._Element, space: str, number: int) -> Section:
    opening_minor, closing_minor, currencies = _balances(statement, space, number)
    account, entry = (statement.find(f"{space}{name}") for name in ("Acct", "Ntry"))
    held = None if account is None else _Said(account, space)
    stated = "" if held is None else held.text("Ccy")
    of_entry = None if entry is None else _Said(entry, space).amount("Amt")
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
        balance = _Said(element, space)
        kind = balance.text("Tp/CdOrPrtry/Cd")
        if kind in (*_OPENING, _CLOSING, _INTERIM):
            amount_minor, currency = _signed(balance, minor_of, number)
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


def _rows_or_rest(
    said: _Said, section: Section, number: int, chosen: frozenset[int]
) -> Iterator[StatementRow | UnreadRow]:
    try:
        yield from _rows(said, section, number)
    except (UnreadableCell, NoMovement) as refusal:
        yield set_aside(refusal, number, chosen, _kept(said))


def _rows(said: _Said, section: Section, number: int) -> Iterator[StatementRow]:
    entry = _entry(said, section, number)
    details = said.details
    amounts = _amounts(details, entry) if len(details) > 1 else None
    if amounts is None:
        yield _row(entry, said, details[0] if len(details) == 1 else said, said)
        return
    for at, (detail, amount_minor) in enumerate(zip(details, amounts, strict=True)):
        counted = entry._replace(number=number + at, amount_minor=amount_minor)
        yield _row(counted, said, detail, detail)


def _entry(said: _Said, section: Section, number: int) -> _Entry:
    amount_minor, currency = _signed(said, movement_of, number)
    if currency != section.currency:
        raise SeveralCurrencies(row=number)
    if amount_minor == 0:
        raise NoMovement(row=number)
    if section.is_booked and said.text("Sts/Cd", "Sts") not in ("BOOK", ""):
        raise UnknownRow(row=number)
    day = said.text("BookgDt/Dt", "BookgDt/DtTm")
    try:
        booked_on, booked_time = iso_day(day), _clock(day)
    except Unreadable as error:
        raise UnreadableCell(row=number, column="BookgDt", text=day[:40]) from error
    return _Entry(
        number,
        booked_on,
        booked_time,
        amount_minor,
        currency,
        _class_of(said),
        said.text("AcctSvcrRef"),
    )


def _signed(said: _Said, read: Callable[[str], int], number: int) -> tuple[int, str]:
    """An amount with its sign, and its currency."""
    amount, mark = said.amount("Amt"), said.text("CdtDbtInd")
    if amount is None or mark not in _SIGNS:
        raise UnreadableCell(row=number, column="CdtDbtInd", text=mark[:40])
    text, currency = amount
    try:
        return read(text) * _SIGNS[mark], currency
    except Unreadable as error:
        raise UnreadableCell(row=number, column="Amt", text=text[:40]) from error


def _amounts(details: Sequence[_Said], entry: _Entry) -> list[int] | None:
    """The amounts of an entry's transactions, if each has one and together they are the entry."""
    amounts = []
    for detail in details:
        text, currency = detail.amount(*_AMOUNTS) or ("", None)
        if currency != entry.currency:
            return None
        try:
            amount_minor = movement_of(text)
        except Unreadable:
            return None
        mark = detail.text("CdtDbtInd")
        is_debit = mark == "DBIT" if mark else entry.amount_minor < 0
        amounts.append(-amount_minor if is_debit else amount_minor)
    return amounts if sum(amounts) == entry.amount_minor and all(amounts) else None


def _row(entry: _Entry, said: _Said, detail: _Said, kept: _Said) -> StatementRow:
    """One row: what the transaction says, or the entry where there is none or there are several."""
    references = [detail.text(path) for path in _REFERENCES]
    structured = detail.texts("RmtInf/Strd/CdtrRefInf/Ref")
    texts = (
        *detail.texts("RmtInf/Ustrd"),
        *structured,
        detail.text("AddtlTxInf"),
        said.text("AddtlNtryInf"),
    )
    description = text_or_none(" ".join(filter(None, texts)))
    party = "Dbtr" if entry.amount_minor > 0 else "Cdtr"
    payer = detail.text(f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")
    return StatementRow(
        entry.number,
        entry.booked_on,
        entry.booked_time,
        entry.amount_minor,
        None,
        entry.line_class,
        deposit_id_in(*structured, *references, description or ""),
        reference_of(references[0], entry.reference, *references[1:]),
        None,
        None,
        text_or_none(payer),
        description,
        _kept(kept),
    )


def _kept(said: _Said) -> str:
    return as_written(etree.tostring(said.element, encoding="unicode", with_tail=False))


def _class_of(said: _Said) -> LineClass:
    family = said.text("BkTxCd/Domn/Fmly/Cd")
    if said.text("BkTxCd/Domn/Fmly/SubFmlyCd") in _FEE_SUBFAMILIES:
        return LineClass.FEE
    return _FAMILIES.get(family, LineClass.UNKNOWN)


def _clock(text: str) -> time | None:
    found = _CLOCK.search(text)
    try:
        return time.fromisoformat(found[1]) if found else None
    except ValueError as error:
        raise Unreadable from error


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
