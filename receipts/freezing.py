"""The facts of many receipts as canonical JSON, written straight from rows of the database.

The text equals ``facts_to_json`` of the same facts to the letter (a test compares the two). It is
put together here because a statement brings tens of thousands of receipts at once, and going
through objects costs several times as much as storing the rows.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from json.encoder import encode_basestring
from typing import NamedTuple

from core.words import _, speaking
from donations.models.contribution import Tender
from donations.models.pledge import ItemKind
from receipts.facts import LAYOUT_VERSION, SERVICE_ID, ReceiptKind
from receipts.organisation import ORGANISATION, UNIT
from receipts.shape import UnknownGlyph, require_printable
from receipts.text import printable

_quoted: Callable[[str], str] = encode_basestring
_ORDINARY = re.compile("[ -~۰-۹آ-غف-وپچژکگیئءأؤ٬٫،؛؟«»\u200c]*")
_MISSING = "?"  # for a character the printed face does not have: a gift is never refused for it
# Plain text, because comparing with members of an enumeration costs ten times as much.
_CASH, _GOODS, _MIXED = ItemKind.CASH.value, ItemKind.GOODS.value, ReceiptKind.MIXED.value


class Desk(NamedTuple):
    """The office that receives; names by language, the province's empty for headquarters."""

    code: str
    names: dict[str, str]
    provinces: dict[str, str]


class Purpose(NamedTuple):
    """A fund as receipts name it, by language."""

    code: str
    names: dict[str, str]


class Line(NamedTuple):
    """One line of a contribution, as it came from the database."""

    contribution_id: int
    kind: str  # a value of ItemKind, as stored
    fund_id: int
    amount_rial: int | None
    quantity_thousandths: int | None
    hours: int | None
    description: str | None
    unit: str | None
    declared_value_rial: int | None
    skill: str | None


class Received(NamedTuple):
    """One contribution with what its receipt prints of pledge, donor and payment."""

    contribution_id: int
    office_id: int
    tender: str | None  # a value of Tender, as stored
    terminal: str | None
    trace_number: str | None
    cheque_number: str | None
    received_on: object  # the day in Tehran; its text is ISO
    tracking_code: str
    deposit_id: str
    language: str
    donor_name: str | None
    gateway: str | None
    bank_reference: str | None
    bank_trace_number: str | None
    masked_card: str | None
    receipt_number: str | None  # of the receipt it already has


@dataclass(frozen=True, slots=True)
class Paper:
    """What many receipts of one day have in common, by the ids that rows carry."""

    issued_on: str  # the ISO day in Tehran
    desks: Mapping[int, Desk]
    purposes: Mapping[int, Purpose]
    terminals: Mapping[str, str]  # bank account numbers by our name of the terminal
    accounts: Mapping[str, Mapping[str, str]]  # how receipts name an account, by number
    deposit_account: str  # the number of the one into which deposit ids lead

    def account_of(self, row: Received) -> str:
        """The bank account the money goes to, as JSON: null for cash and cheques at a desk."""
        number = self.terminals.get(row.gateway or row.terminal or "")
        if row.tender == Tender.TRANSFER:
            number = self.deposit_account
        names = self.accounts.get(number or "")
        return _name(names[row.language]) if names else "null"


def frozen(
    row: Received, lines: Sequence[Line], number: str, verify_url: str, paper: Paper
) -> tuple[str, int, str]:
    """Kind, total in rials and canonical JSON of one receipt."""
    language = row.language
    desk = paper.desks[row.office_id]
    cash, goods, hours, total_rial, kind = _sections(lines, paper.purposes, language)
    issuer = _issuer(language)
    facts = (
        f'{{"cash":[{cash}],"channel":{_channel(row.tender, row.cheque_number, language)},'
        f'"deposit_id":"{row.deposit_id}","desk":{_name(desk.names[language])},'
        f'"destination_account":{paper.account_of(row)},"donor_name":{_or_null(row.donor_name)},'
        f'"goods":[{goods}],"hours":[{hours}],"is_sample":false,"is_void":false,'
        f'"issued_on":"{paper.issued_on}","kind":"{kind}","language":"{language}",'
        f'"layout_version":{LAYOUT_VERSION},"masked_card":{_or_null(row.masked_card)},'
        f'"number":"{number}",{issuer[0]},"province":{_name(desk.provinces[language])},'
        f'"received_on":"{row.received_on}","reference":{_or_null(row.bank_reference)},'
        f'"replaces_number":null,"service_id":"{SERVICE_ID}","tax_line":null,'
        f'"total_rial":{total_rial},'
        f'"trace_number":{_or_null(row.bank_trace_number or row.trace_number)},'
        f'"tracking_code":"{row.tracking_code}",{issuer[1]},'
        f'"verify_url":{_quoted(verify_url)},"void_text":null}}'
    )
    return kind, total_rial, facts


def quantity_text(thousandths: int) -> str:
    """A quantity as a decimal without idle zeros: 20, 1.5."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def _sections(
    lines: Sequence[Line], purposes: Mapping[int, Purpose], language: str
) -> tuple[str, str, str, int, str]:
    cash: list[str] = []
    goods: list[str] = []
    hours: list[str] = []
    total_rial = 0
    for line in lines:
        code, names = purposes[line.fund_id]
        fund = _name(names[language])
        if line.kind == _CASH:
            total_rial += line.amount_rial or 0
            cash.append(
                f'{{"amount_rial":{line.amount_rial},"fund_code":{_name(code)},"fund_name":{fund}}}'
            )
        elif line.kind == _GOODS:
            goods.append(_goods_line(line, fund))
        else:
            hours.append(
                f'{{"fund_name":{fund},"hours":{line.hours},"skill":{_text(line.skill or "")}}}'
            )
    kinds = {line.kind for line in lines}
    kind = kinds.pop() if len(kinds) == 1 else _MIXED
    return ",".join(cash), ",".join(goods), ",".join(hours), total_rial, kind


def _goods_line(line: Line, fund: str) -> str:
    declared = "null" if line.declared_value_rial is None else str(line.declared_value_rial)
    return (
        f'{{"declared_value_rial":{declared},"description":{_text(line.description or "")},'
        f'"fund_name":{fund},"quantity":"{quantity_text(line.quantity_thousandths or 0)}",'
        f'"unit":{_text(line.unit or "")}}}'
    )


def _or_null(text: str | None) -> str:
    return "null" if text is None else _text(text)


def _text(text: str) -> str:
    """A text as JSON, without characters that could not be printed."""
    if not _ORDINARY.fullmatch(text):
        text = "".join(map(_printed, printable(text)))
    return _quoted(text)


@lru_cache(maxsize=4096)
def _name(text: str) -> str:
    """The same for names that many receipts share."""
    return _text(text)


@lru_cache(maxsize=4096)
def _printed(character: str) -> str:
    try:
        require_printable([character])
    except UnknownGlyph:
        return _MISSING
    return character


@cache
def _issuer(language: str) -> tuple[str, str]:
    return (
        f'"organisation":{_text(ORGANISATION[language])}',
        f'"unit":{_text(UNIT[language])}',
    )


def _channel(tender: str | None, cheque_number: str | None, language: str) -> str:
    if tender == Tender.CHEQUE:
        with speaking(language):
            return _text(_("Cheque number %(number)s") % {"number": cheque_number})
    return _way(tender, language)


@cache
def _way(tender: str | None, language: str) -> str:
    with speaking(language):
        match tender:
            case Tender.ONLINE:
                return _text(_("Online payment"))
            case Tender.TRANSFER:
                return _text(_("Deposit to the account with a deposit id"))
            case Tender.CASH:
                return _text(_("Cash at the service desk"))
            case Tender.CARD_TERMINAL:
                return _text(_("Card terminal at the service desk"))
            case _:
                return _text(_("Handed over in person"))
