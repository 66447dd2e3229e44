"""The links at the head of a page, by the part of the house the page belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import request, url_for

from core.words import Later
from web.pages import AUDIENCES
from web.sign_in.guard import may_read


@dataclass(frozen=True, slots=True)
class Link:
    """One entry; ``current`` marks the page being shown."""

    url: str
    label: str
    current: bool


_PUBLIC = (
    ("public.give", Later("Give")),
    ("public.follow_form", Later("Follow a gift")),
    ("public.verify_form", Later("Check a receipt")),
    ("public.transparency", Later("Transparency")),
    ("public.help_page", Later("Help")),
)
_DESK = (
    ("desk.dashboard", Later("Desk")),
    ("desk.walk_in", Later("New entry")),
    ("desk.receive_form", Later("Receive by code")),
    ("desk.entries", Later("Entries")),
    ("desk.slips", Later("Deposit slips")),
    ("desk.voids", Later("Void requests")),
    ("desk.books", Later("Paper receipt books")),
)
_FINANCE = (
    ("finance.dashboard", Later("Finance")),
    ("finance.statements", Later("Statements")),
    ("finance.inbox", Later("Open lines")),
    ("finance.runs", Later("Runs")),
    ("finance.settlements", Later("Settlements")),
    ("finance.reports", Later("Reports of the providers")),
    ("finance.days", Later("Closing days")),
    ("finance.ageing", Later("Ageing")),
    ("finance.refunds", Later("Refunds")),
    ("finance.gateways", Later("Gateways")),
    ("finance.ledger", Later("Ledger")),
    ("finance.set_up", Later("Set-up")),
)
_HEADQUARTERS = (
    ("headquarters.people", Later("People")),
    ("headquarters.trail", Later("Audit trail")),
    ("headquarters.receipt_audit", Later("Receipts, number by number")),
    ("headquarters.receipt_texts", Later("Texts of documents")),
)
_PARTS: Mapping[str, tuple[tuple[str, Later], ...]] = {
    "desk": _DESK,
    "finance": _FINANCE,
    "headquarters": _HEADQUARTERS,
}


def navigation() -> list[Link]:
    """The entries for the page being shown."""
    if request.blueprint == "sign_in":
        return []
    part = request.blueprint or ""
    entries: Sequence[tuple[str, Later]] = _of_staff(part) if part in _PARTS else _PUBLIC
    return [
        Link(url_for(endpoint), str(label), request.endpoint == endpoint)
        for endpoint, label in entries
        if may_read(AUDIENCES[endpoint])
    ]


def _of_staff(part: str) -> list[tuple[str, Later]]:
    """The part of the house one is in, and the ways into the others.

    A part is entered by its first page; whoever may not open that one, such as finance at the
    desks, sees the pages of it that they may.
    """
    entries: list[tuple[str, Later]] = []
    for name, pages in _PARTS.items():
        has_way_in = may_read(AUDIENCES[pages[0][0]])
        entries += pages[:1] if name != part and has_way_in else pages
    return entries
