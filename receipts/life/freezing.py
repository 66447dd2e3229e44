"""What a receipt prints: frozen when it is issued, put together again when it is drawn.

What many receipts print alike stands on a letterhead; what is a receipt's own is written by the
database itself, in one statement for all receipts of a slice; number, kind, day and key are
columns. None of it ever changes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache, reduce
from operator import add, itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    case,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute

from core.database import Id
from core.portable import json_text
from core.words import _, speaking
from donations.models.acceptance import GoodsAcceptance, ServiceAcceptance
from donations.models.contribution import Contribution, ContributionLine, Tender
from donations.models.donor import Donor
from donations.models.fund import Fund
from donations.models.payment import Payment
from donations.models.pledge import ItemKind, Pledge, PledgeItem
from receipts.documents.facts import (
    LAYOUT_VERSION,
    SERVICE_ID,
    ReceiptFacts,
    ReceiptKind,
    facts_from_json,
    facts_from_stored,
)
from receipts.documents.organisation import verify_page, verify_url
from receipts.documents.receipt_texts import Texts
from receipts.life.numbering import number_in_address
from receipts.life.series import Receipt
from receipts.typesetting.shape import UnknownGlyph, require_printable
from receipts.typesetting.text import PERSIAN, printable

_MISSING = "?"  # for a character the printed face does not have: a gift is never refused for it
_LINE = ContributionLine
_kind = type_coerce(_LINE.kind, String)
_WORDS = (  # of people, as they wrote them
    "fund_name", "description", "unit", "skill", "appraiser", "warehouse_number", "duty", "place",
    "supervisor", "supervisor_title",
)  # fmt: skip
_GOODS_FOUND = ("condition", "assessed_value_rial", "basis", "appraiser", "warehouse_number")
_HOURS_FOUND = ("started_on", "ended_on", "duty", "place", "supervisor", "supervisor_title")


class Letters(NamedTuple):
    """What decides a letterhead, with the names that stand on it; empty where there is none."""

    language: str
    tender: str | None  # a value of Tender, as stored
    cheque_number: str | None
    desk_fa: str
    desk_en: str
    province_fa: str | None
    province_en: str | None
    account: str | None  # the number of the bank account that the money goes to
    bank_fa: str | None
    bank_en: str | None
    branch_fa: str | None
    branch_en: str | None


def letterhead_text(names: Letters, texts: Texts) -> str:
    """The letterhead as canonical JSON: equal names and texts give equal text."""
    is_persian = names.language == PERSIAN
    desk, province = (
        (names.desk_fa, names.province_fa) if is_persian else (names.desk_en, names.province_en)
    )
    facts = {
        "organisation": texts.organisation,
        "unit": texts.unit,
        "tax_line": texts.tax_line,
        "thanks": texts.thanks,
        "certificate": texts.certificate,
        "signatories": [asdict(signatory) for signatory in texts.signatories],
        "seal": texts.seal,
        "seal_name": texts.seal_name,
        "desk": as_printed(desk),
        "province": as_printed(province or ""),
        "channel": as_printed(_channel(names)),
        "destination_account": _account(names) and as_printed(_account(names)),
        "language": names.language,
        "service_id": SERVICE_ID,
        "layout_version": LAYOUT_VERSION,
        "verify_page": verify_page(),
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def total_of_lines() -> ColumnElement[int]:
    """The cash of a group of lines, in rials."""
    return cast(func.sum(_LINE.amount_rial), Id)


def kind_of_lines() -> ColumnElement[str]:
    """What a group of lines makes of their receipt."""
    lowest, highest = func.min(_kind), func.max(_kind)
    return case((lowest == highest, lowest), else_=ReceiptKind.MIXED.value)


def texts_of_lines() -> ColumnElement[str]:
    """A group of lines as JSON: over ContributionLine, Fund, PledgeItem and Pledge."""
    fund = json_text(case((Pledge.language == PERSIAN, Fund.name_fa), else_=Fund.name_en))
    cash = {"amount_rial": json_text(_LINE.amount_rial), "fund_code": json_text(Fund.code)}
    goods = {
        "description": json_text(PledgeItem.description),
        "unit": json_text(PledgeItem.unit),
        "quantity_thousandths": json_text(_LINE.quantity_thousandths),
        "declared_value_rial": json_text(PledgeItem.declared_value_rial),
        **_found(GoodsAcceptance, _GOODS_FOUND),
    }
    hours = {
        "skill": json_text(PledgeItem.skill),
        "hours": json_text(_LINE.hours),
        **_found(ServiceAcceptance, _HOURS_FOUND),
    }
    line = _object(
        {"line": json_text(_LINE.id), "fund_name": fund},
        case(
            (_kind == ItemKind.CASH.value, _fields(cash)),
            (_kind == ItemKind.GOODS.value, _fields(goods)),
            else_=_fields(hours),
        ),
    )
    return func.aggregate_strings(line, ",")


def own_facts(lines: ColumnElement[str]) -> ColumnElement[str]:
    """What is a receipt's own, as JSON: over Contribution, Pledge, Donor and Payment."""
    trace_number = func.coalesce(Payment.trace_number, Contribution.trace_number)
    return _object(
        {
            "donor_name": json_text(Donor.name),
            "received_on": json_text(Contribution.received_on),
            "tracking_code": json_text(Pledge.tracking_code),
            "deposit_id": json_text(Pledge.deposit_id),
            "reference": json_text(Payment.bank_reference),
            "trace_number": json_text(trace_number),
            "masked_card": json_text(Payment.card_masked),
        },
        literal_column("',\"lines\":['", String) + lines + literal_column("']'", String),
    )


def facts_of(receipt: Receipt) -> ReceiptFacts:
    """Everything a receipt prints, as it was when it was issued."""
    if receipt.letterhead is None:
        return facts_from_json(receipt.facts)
    head, own = json.loads(receipt.letterhead.facts), json.loads(receipt.facts)
    page, address = head.pop("verify_page"), number_in_address(receipt.number)
    lines = [_printed_line(line) for line in sorted(own.pop("lines"), key=itemgetter("line"))]
    return facts_from_stored(
        {
            **head,
            **own,
            "cash": [line for line in lines if "amount_rial" in line],
            "goods": [line for line in lines if "quantity" in line],
            "hours": [line for line in lines if "hours" in line],
            "donor_name": own["donor_name"] and as_printed(own["donor_name"]),
            "number": receipt.number,
            "replaces_number": receipt.replaces.number if receipt.replaces else None,
            "kind": receipt.kind.value,
            "issued_on": receipt.issued_on.isoformat(),
            "total_rial": receipt.amount_rial or 0,
            "verify_url": verify_url(address, receipt.verify_key, page=page),
        }
    )


def quantity_text(thousandths: int) -> str:
    """A quantity as a decimal without idle zeros: 20, 1.5."""
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)


def _found(
    acceptance: type[GoodsAcceptance | ServiceAcceptance], names: Sequence[str]
) -> dict[str, ColumnElement[str]]:
    """What a desk wrote beside a line; nothing where it wrote nothing.

    Looked up line by line, and only for goods and hours: lines of money are many.
    """

    def told(name: str) -> ColumnElement[str]:
        column: InstrumentedAttribute[Any] = getattr(acceptance, name)
        beside = select(json_text(column)).where(acceptance.contribution_line_id == _LINE.id)
        return func.coalesce(beside.correlate(_LINE).scalar_subquery(), "null")

    return {name: told(name) for name in names}


def _printed_line(line: dict[str, Any]) -> dict[str, Any]:
    """One line in the words of the drawing."""
    del line["line"]
    if "quantity_thousandths" in line:
        line["quantity"] = quantity_text(line.pop("quantity_thousandths"))
    return line | {name: as_printed(line[name]) for name in _WORDS if line.get(name)}


@lru_cache(maxsize=4096)
def as_printed(text: str) -> str:
    """A text without characters that could not be printed: a gift is never refused for one."""
    return "".join(map(_printed_character, printable(text)))


@lru_cache(maxsize=4096)
def _printed_character(character: str) -> str:
    try:
        require_printable([character])
    except UnknownGlyph:
        return _MISSING
    return character


def _object(
    fields: Mapping[str, ColumnElement[str]], more: ColumnElement[str]
) -> ColumnElement[str]:
    """An object of JSON from the texts of its values, and the text of more fields."""
    first, *rest = fields.items()
    written: Any = literal_column(f"'{{\"{first[0]}\":'", String) + first[1]
    return written + _fields(dict(rest)) + more + literal_column("'}'", String)  # type: ignore[no-any-return]


def _fields(fields: Mapping[str, ColumnElement[str]]) -> ColumnElement[str]:
    """Fields of an object that has some already."""
    named = (literal_column(f"',\"{name}\":'", String) + text for name, text in fields.items())
    return reduce(add, named)


def _channel(names: Letters) -> str:
    """How the gift came, in words."""
    with speaking(names.language):
        match names.tender:
            case Tender.ONLINE:
                return _("Online payment")
            case Tender.TRANSFER:
                return _("Deposit to the account with a deposit id")
            case Tender.CASH:
                return _("Cash at the service desk")
            case Tender.CARD_TERMINAL:
                return _("Card terminal at the service desk")
            case Tender.CHEQUE:
                return _("Cheque number %(number)s") % {"number": names.cheque_number}
            case _:
                return _("Handed over in person")


def _account(names: Letters) -> str | None:
    """The bank account the money goes to: none for cash and cheques at a desk."""
    if names.account is None:
        return None
    if names.language == PERSIAN:
        return f"{names.bank_fa}، شعبه {names.branch_fa}، حساب {names.account}"
    return f"{names.bank_en}, {names.branch_en} branch, account {names.account}"
