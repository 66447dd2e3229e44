"""The links at the head of a page, by the part of the house the page belongs to."""

from collections.abc import Mapping
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
)
_FINANCE = (
    ("finance.dashboard", Later("Finance")),
    ("finance.statements", Later("Statements")),
    ("finance.inbox", Later("Open lines")),
    ("finance.runs", Later("Runs")),
    ("finance.settlements", Later("Settlements")),
    ("finance.refunds", Later("Refunds")),
    ("finance.gateways", Later("Gateways")),
    ("finance.ledger", Later("Ledger")),
)
_HEADQUARTERS = (
    ("headquarters.people", Later("People")),
    ("headquarters.trail", Later("Audit trail")),
)
# Staff see every part that is open to them, so that finance finds the voids it decides on.
_STAFF = (*_DESK, *_FINANCE, *_HEADQUARTERS)
_BY_PART: Mapping[str, tuple[tuple[str, Later], ...]] = {
    "desk": _STAFF,
    "finance": _STAFF,
    "headquarters": _STAFF,
    "sign_in": (),
}


def navigation() -> list[Link]:
    """The entries for the page being shown."""
    entries = _BY_PART.get(request.blueprint or "", _PUBLIC)
    return [
        Link(url_for(endpoint), str(label), request.endpoint == endpoint)
        for endpoint, label in entries
        if may_read(AUDIENCES[endpoint])
    ]
