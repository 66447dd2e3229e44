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
        statement = element if name != "Ntry" else element.getparent()
        tree = _Tree(f"{space}}}" if space else "")
        if section is None:
            section = _heading(tree, statement, number + 1)
            yield section
        if name == "Ntry":
            for row in _rows_or_rest(tree, element, section, number + 1, chosen):
                number += 1
                yield row
            _forget(element, statement)
        else:
            yield SectionEnd(_balances(tree, element, number)[1], number)
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


class _Tree:
    """Looking things up below an element, all names being of one namespace."""

    def __init__(self, space: str) -> None:
        self._space = space

    def text(self, element: etree._Element, *paths: str) -> str:
        """The text at the first path that has one."""
        for path in paths:
            found: str | None = element.findtext(_within(self._space, path))
            if found:
                return found.strip()
        return ""

    def texts(self, element: etree._Element, path: str) -> list[str]:
        return [found.text or "" for found in element.iterfind(_within(self._space, path))]

    def first(self, element: etree._Element, path: str) -> etree._Element | None:
        return element.find(_within(self._space, path))

    def every(self, element: etree._Element, path: str) -> list[etree._Element]:
        return list(element.iterfind(_within(self._space, path)))


@lru_cache(1 << 10)
def _within(space: str, path: str) -> str:
    return "/".join(f"{space}{name}" for name in path.split("/"))


def _heading(tree: _Tree, statement: etree._Element, number: int) -> Section:
    opening_minor, closing_minor, currencies = _balances(tree, statement, number)
    account = tree.text(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id")
    stated = tree.text(statement, "Acct/Ccy")
    entry_amount = tree.first(statement, "Ntry/Amt")
    of_entry = "" if entry_amount is None else entry_amount.get("Ccy", "")
    currencies = {currency for currency in (*currencies, stated, of_entry) if currency}
    if len(currencies) > 1:
        raise SeveralCurrencies(row=number)
    return Section(
        account,
        currencies.pop() if currencies else "",
        number,
        opening_minor,
        declares=opening_minor is not None or closing_minor is not None,
        is_booked=_local(statement) == "Stmt",
    )


def _balances(
    tree: _Tree, statement: etree._Element, number: int
) -> tuple[int | None, int | None, set[str]]:
    """The booked balances before and after the rows, and the currencies they are in.

    Where a statement has several pages, those inside it are interim ones.
    """
    found: dict[str, list[int]] = defaultdict(list)
    currencies = set()
    for balance in tree.every(statement, "Bal"):
        kind = tree.text(balance, "Tp/CdOrPrtry/Cd")
        if kind in (*_OPENING, _CLOSING, _INTERIM):
            amount_minor, currency = _signed(tree, balance, minor_of, number)
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
    tree: _Tree,
    element: etree._Element,
    section: Section,
    number: int,
    chosen: frozenset[int],
) -> Iterator[StatementRow | UnreadRow]:
    try:
        yield from _rows(tree, element, section, number)
    except (UnreadableCell, NoMovement) as refusal:
        yield set_aside(refusal, number, chosen, _kept(element))


def _rows(
    tree: _Tree, element: etree._Element, section: Section, number: int
) -> Iterator[StatementRow]:
    entry = _entry(tree, element, section, number)
    details = tree.every(element, "NtryDtls/TxDtls")
    amounts = _amounts(tree, details, entry) if len(details) > 1 else None
    if amounts is None:
        details_or_entry = details[0] if len(details) == 1 else element
        yield _row(tree, entry, element, details_or_entry, entry.amount_minor, element)
        return
    for at, (detail, amount_minor) in enumerate(zip(details, amounts, strict=True)):
        counted = entry._replace(number=number + at)
        yield _row(tree, counted, element, detail, amount_minor, detail)


def _entry(tree: _Tree, element: etree._Element, section: Section, number: int) -> _Entry:
    amount_minor, currency = _signed(tree, element, movement_of, number)
    if currency != section.currency:
        raise SeveralCurrencies(row=number)
    if amount_minor == 0:
        raise NoMovement(row=number)
    if section.is_booked and tree.text(element, "Sts/Cd", "Sts") not in ("BOOK", ""):
        raise UnknownRow(row=number)
    said = tree.text(element, "BookgDt/Dt", "BookgDt/DtTm")
    try:
        booked_on, booked_time = iso_day(said), _clock(said)
    except Unreadable as error:
        raise UnreadableCell(row=number, column="BookgDt", text=said[:40]) from error
    return _Entry(
        number,
        booked_on,
        booked_time,
        amount_minor,
        currency,
        _class_of(tree, element),
        tree.text(element, "AcctSvcrRef"),
    )


def _signed(
    tree: _Tree, element: etree._Element, read: Callable[[str], int], number: int
) -> tuple[int, str]:
    """An amount with its sign, and its currency."""
    amount, mark = tree.first(element, "Amt"), tree.text(element, "CdtDbtInd")
    if amount is None or mark not in _SIGNS:
        raise UnreadableCell(row=number, column="CdtDbtInd", text=mark[:40])
    text = (amount.text or "").strip()
    try:
        return read(text) * _SIGNS[mark], amount.get("Ccy", "")
    except Unreadable as error:
        raise UnreadableCell(row=number, column="Amt", text=text[:40]) from error


def _amounts(tree: _Tree, details: Sequence[etree._Element], entry: _Entry) -> list[int] | None:
    """The amounts of an entry's transactions, if each has one and together they are the entry."""
    amounts = []
    for detail in details:
        amount = tree.first(detail, "Amt")
        if amount is None:
            amount = tree.first(detail, "AmtDtls/TxAmt/Amt")
        if amount is None or amount.get("Ccy") != entry.currency:
            return None
        try:
            amount_minor = movement_of((amount.text or "").strip())
        except Unreadable:
            return None
        mark = tree.text(detail, "CdtDbtInd")
        is_debit = mark == "DBIT" if mark else entry.amount_minor < 0
        amounts.append(-amount_minor if is_debit else amount_minor)
    return amounts if sum(amounts) == entry.amount_minor and all(amounts) else None


def _row(
    tree: _Tree,
    entry: _Entry,
    element: etree._Element,
    detail: etree._Element,
    amount_minor: int,
    kept: etree._Element,
) -> StatementRow:
    """One row: what the transaction says, or the entry where there is none or there are several."""
    references = [
        tree.text(detail, f"Refs/{name}") for name in ("AcctSvcrRef", "EndToEndId", "TxId")
    ]
    structured = tree.texts(detail, "RmtInf/Strd/CdtrRefInf/Ref")
    said = [
        *tree.texts(detail, "RmtInf/Ustrd"),
        *structured,
        tree.text(detail, "AddtlTxInf"),
        tree.text(element, "AddtlNtryInf"),
    ]
    description = text_or_none(" ".join(text for text in said if text))
    party = "Dbtr" if amount_minor > 0 else "Cdtr"
    payer = tree.text(detail, f"RltdPties/{party}/Nm", f"RltdPties/{party}/Pty/Nm")
    return StatementRow(
        entry.number,
        entry.booked_on,
        entry.booked_time,
        amount_minor,
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


def _kept(element: etree._Element) -> str:
    return as_written(etree.tostring(element, encoding="unicode", with_tail=False))


def _class_of(tree: _Tree, element: etree._Element) -> LineClass:
    family = tree.text(element, "BkTxCd/Domn/Fmly/Cd")
    if tree.text(element, "BkTxCd/Domn/Fmly/SubFmlyCd") in _FEE_SUBFAMILIES:
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
