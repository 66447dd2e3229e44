"""Everything a receipt prints, frozen when the receipt is issued, and its canonical JSON.

The JSON is what is stored and hashed: keys sorted, no blanks, UTF-8, amounts as whole rials.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import Field, dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any

from receipts.typesetting.text import LANGUAGES, PERSIAN

SERVICE_ID = "19071058105"  # the service in the state's catalogue that collects these gifts
LAYOUT_VERSION = 2
_LATER = {"later": True}  # a field that older receipts lack: at its default it is not written


class ReceiptKind(StrEnum):
    """What was received; it decides the title of the document."""

    CASH = "cash"
    GOODS = "goods"
    SERVICE = "service"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class CashLine:
    """Money for one fund."""

    fund_name: str
    fund_code: str
    amount_rial: int


@dataclass(frozen=True, slots=True)
class GoodsLine:
    """Goods, counted in a unit of their own; no value of theirs is ever added to the money.

    ``condition`` and ``basis`` are values of Condition and ValueBasis in
    ``donations.models.acceptance``; a desk that recorded nothing of the kind leaves them empty.
    """

    description: str
    quantity: str
    unit: str
    declared_value_rial: int | None = None
    fund_name: str | None = None
    condition: str | None = field(default=None, metadata=_LATER)
    assessed_value_rial: int | None = field(default=None, metadata=_LATER)
    basis: str | None = field(default=None, metadata=_LATER)
    appraiser: str | None = field(default=None, metadata=_LATER)
    warehouse_number: str | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Hours somebody served. Days are Tehran's."""

    skill: str
    hours: int
    fund_name: str | None = None
    started_on: date | None = field(default=None, metadata=_LATER)
    ended_on: date | None = field(default=None, metadata=_LATER)
    duty: str | None = field(default=None, metadata=_LATER)
    place: str | None = field(default=None, metadata=_LATER)
    supervisor: str | None = field(default=None, metadata=_LATER)
    supervisor_title: str | None = field(default=None, metadata=_LATER)


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs for the organisation."""

    name: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptFacts:
    """Everything a receipt prints. Nothing is looked up again when it is drawn.

    Days are Tehran's. Text is in the language of the receipt. ``total_rial`` is the sum of the
    cash lines and of nothing else; a different sum is a defect and raises ValueError.
    """

    number: str  # year/desk/serial, such as 1404/07/000123
    kind: ReceiptKind
    organisation: str
    unit: str
    province: str
    desk: str
    received_on: date
    issued_on: date
    donor_name: str | None  # None prints «نیکوکار ناشناس»
    cash: tuple[CashLine, ...] = ()
    goods: tuple[GoodsLine, ...] = ()
    hours: tuple[HoursLine, ...] = ()
    total_rial: int = 0
    channel: str
    reference: str | None = None
    trace_number: str | None = None
    masked_card: str | None = None
    destination_account: str | None = None
    tracking_code: str
    deposit_id: str | None = None
    verify_url: str
    service_id: str = SERVICE_ID
    tax_line: str | None = None
    replaces_number: str | None = None
    language: str = PERSIAN
    is_void: bool = False
    void_text: str | None = None
    is_sample: bool = False
    layout_version: int = LAYOUT_VERSION
    signatories: tuple[Signatory, ...] = field(default=(), metadata=_LATER)
    seal: str | None = field(default=None, metadata=_LATER)  # see receipts.documents.seal_picture
    seal_name: str | None = field(default=None, metadata=_LATER)  # what the seal says, in words
    thanks: str | None = field(default=None, metadata=_LATER)  # for the letter of thanks
    certificate: str | None = field(default=None, metadata=_LATER)  # for a certificate of hours

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"no receipt in language {self.language!r}")
        if sum(line.amount_rial for line in self.cash) != self.total_rial:
            raise ValueError(f"receipt {self.number}: the cash lines do not add up to the total")
        if not (self.cash or self.goods or self.hours):
            raise ValueError(f"receipt {self.number}: nothing was received")

    @property
    def texts(self) -> Iterable[str]:
        """Every text of the facts, for those who must refuse what cannot be printed."""
        parts: list[ReceiptFacts | CashLine | GoodsLine | HoursLine | Signatory] = [self]
        parts += [*self.cash, *self.goods, *self.hours, *self.signatories]
        for part in parts:
            for entry in fields(part):
                if isinstance(value := getattr(part, entry.name), str):
                    yield value


def facts_to_json(facts: ReceiptFacts) -> str:
    """The canonical text of the facts: equal facts give equal text, also by a later program."""
    return json.dumps(
        facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_plain
    )


def facts_from_json(text: str) -> ReceiptFacts:
    """Read back what ``facts_to_json`` wrote. A field that is not known raises TypeError."""
    return facts_from_stored(json.loads(text))


def facts_from_stored(stored: dict[str, Any]) -> ReceiptFacts:
    """The facts from values as JSON has them. A field that is not known raises TypeError.

    A field added after the receipt was issued takes its default, so a default must print nothing.
    """
    stored["kind"] = ReceiptKind(stored["kind"])
    for section, line in _PARTS.items():
        if section in stored:
            stored[section] = tuple(line(**_with_days(values)) for values in stored[section])
    return ReceiptFacts(**_with_days(stored))


def facts_digest(facts: ReceiptFacts) -> bytes:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(facts_to_json(facts).encode()).digest()


_PARTS: dict[str, Callable[..., Any]] = {
    "cash": CashLine,
    "goods": GoodsLine,
    "hours": HoursLine,
    "signatories": Signatory,
}
_DAYS = ("received_on", "issued_on", "started_on", "ended_on")


def _with_days(values: dict[str, Any]) -> dict[str, Any]:
    days = {name: date.fromisoformat(values[name]) for name in _DAYS if values.get(name)}
    return values | days


def _plain(value: Any) -> Any:
    """What JSON does not know by itself: a day as a text, a part as its fields."""
    if isinstance(value, date):
        return value.isoformat()
    entries = ((entry, getattr(value, entry.name)) for entry in fields(value))
    return {entry.name: held for entry, held in entries if not _is_left_out(entry, held)}


def _is_left_out(entry: Field[Any], held: object) -> bool:
    return "later" in entry.metadata and held == entry.default
