"""Everything a receipt prints, frozen when the receipt is issued, and its canonical JSON.

The JSON is what is stored and hashed: keys sorted, no blanks, UTF-8, amounts as whole rials.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from receipts.text import LANGUAGES, PERSIAN

SERVICE_ID = "19071058105"  # the service in the state's catalogue that collects these gifts
LAYOUT_VERSION = 1


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
    """Goods, counted in a unit of their own; the declared value is never added to the money."""

    description: str
    quantity: str
    unit: str
    declared_value_rial: int | None = None
    fund_name: str | None = None


@dataclass(frozen=True, slots=True)
class HoursLine:
    """Hours somebody served."""

    skill: str
    hours: int
    fund_name: str | None = None


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
        parts: list[ReceiptFacts | CashLine | GoodsLine | HoursLine] = [self]
        parts += [*self.cash, *self.goods, *self.hours]
        for part in parts:
            for field in fields(part):
                if isinstance(value := getattr(part, field.name), str):
                    yield value


def facts_to_json(facts: ReceiptFacts) -> str:
    """The canonical text of the facts: equal facts give equal text."""
    return json.dumps(
        asdict(facts),
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        default=date.isoformat,
    )


def facts_from_json(text: str) -> ReceiptFacts:
    """Read back what ``facts_to_json`` wrote. A field that is not known raises TypeError."""
    return facts_from_stored(json.loads(text))


def facts_from_stored(stored: dict[str, Any]) -> ReceiptFacts:
    """The facts from values as JSON has them. A field that is not known raises TypeError.

    A field added after the receipt was issued takes its default, so a default must print nothing.
    """
    stored["kind"] = ReceiptKind(stored["kind"])
    for day in ("received_on", "issued_on"):
        stored[day] = date.fromisoformat(stored[day])
    for section, line in (("cash", CashLine), ("goods", GoodsLine), ("hours", HoursLine)):
        stored[section] = tuple(line(**values) for values in stored[section])
    return ReceiptFacts(**stored)


def facts_digest(facts: ReceiptFacts) -> bytes:
    """SHA-256 of the canonical text."""
    return hashlib.sha256(facts_to_json(facts).encode()).digest()
