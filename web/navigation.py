"""The links at the head of a page, by the part of the house the page belongs to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from flask import request, url_for

from core.words import Later
from web.pages import AUDIENCES
from web.sign_in.guard import may_read


@dataclass(frozen=True, slots=True)
class Link:
    """One entry; ``current`` marks the page being shown, ``pages`` those of the group it is in."""

    url: str
    label: str
    current: bool
    pages: Sequence["Link"] = ()


_Page = tuple[str, Later]  # endpoint, label
_Group = Sequence[_Page]
_Groups = Sequence[_Group]


_PUBLIC = (
    ("public.give", Later("Give")),
    ("public.needs", Later("Needs")),
    ("public.follow_form", Later("Follow a gift")),
    ("public.verify_form", Later("Check a receipt")),
    ("public.transparency", Later("Transparency")),
    ("public.help_page", Later("Help")),
)
# A group shows its pages below the menu while one of them is open; its first page leads into it.
_DESK: _Groups = (
    (("desk.dashboard", Later("Desk")),),
    (
        ("desk.walk_in", Later("New entry")),
        ("desk.receive_form", Later("Receive by code")),
        ("desk.batches", Later("Batches of envelopes")),
        ("desk.offline", Later("Through network cuts")),
    ),
    (
        ("desk.entries", Later("Entries")),
        ("desk.voids", Later("Void requests")),
        ("desk.books", Later("Paper receipt books")),
        ("desk.number_blocks", Later("Number blocks")),
    ),
    (
        ("desk.cash", Later("Cash at the desk")),
        ("desk.slips", Later("Deposit slips")),
        ("desk.boxes", Later("Charity boxes")),
        ("desk.rounds", Later("Collection rounds")),
    ),
    (
        ("desk.goods", Later("Goods")),
        ("desk.stock", Later("Stock")),
        ("desk.goods_slips", Later("Hand-over slips")),
        ("desk.goods_values", Later("Values to decide on")),
        ("desk.needs", Later("Needs")),
    ),
    (
        ("desk.volunteers", Later("Volunteers")),
        ("desk.service_offers", Later("Offers of hours")),
        ("desk.shifts", Later("Schedule")),
        ("desk.licences", Later("Licences that end")),
    ),
    (("desk.donors", Later("Donors")),),
    (
        ("desk.offices", Later("Offices and their figures")),
        ("desk.lists", Later("Lists")),
        ("desk.partner_receipts", Later("Receipts of partner centres")),
    ),
    (
        ("desk.limits", Later("Limits of the desks")),
        ("desk.goods_rules", Later("Acceptance rules")),
        ("desk.denominations", Later("Notes and coins")),
    ),
)
_FINANCE: _Groups = (
    (("finance.dashboard", Later("Finance")),),
    (
        ("finance.statements", Later("Statements")),
        ("finance.reports", Later("Reports of the providers")),
        ("finance.mappings", Later("Columns")),
    ),
    (
        ("finance.inbox", Later("Open lines")),
        ("finance.runs", Later("Runs")),
        ("finance.settlements", Later("Settlements")),
    ),
    (
        ("finance.days", Later("Closing days")),
        ("finance.ageing", Later("Ageing")),
    ),
    (("finance.refunds", Later("Refunds")),),
    (("finance.gateways", Later("Gateways")),),
    (("finance.ledger", Later("Ledger")),),
    (("finance.set_up", Later("Set-up")),),
)
_HEADQUARTERS: _Groups = (
    (("headquarters.people", Later("People")),),
    (("headquarters.offices", Later("Offices")),),
    (("headquarters.trail", Later("Audit trail")),),
    (
        ("headquarters.receipt_audit", Later("Receipts, number by number")),
        ("headquarters.receipt_texts", Later("Texts of documents")),
    ),
)
_PARTS: Mapping[str, tuple[Later, _Groups]] = {
    "desk": (Later("Desk"), _DESK),
    "finance": (Later("Finance"), _FINANCE),
    "headquarters": (Later("Headquarters"), _HEADQUARTERS),
}


def navigation() -> list[Link]:
    """The entries for the page being shown."""
    if request.blueprint == "sign_in":
        return []
    part = request.blueprint or ""
    if part not in _PARTS:
        return [_link(page) for page in _readable(_PUBLIC)]
    return [_group(pages) for pages in map(_readable, _of_staff(part)) if pages]


def _of_staff(part: str) -> list[_Group]:
    """The part of the house one is in, and one way into each of the others."""
    groups: list[_Group] = []
    for name, (label, own) in _PARTS.items():
        groups += own if name == part else [_way_in(label, own)]
    return groups


def _way_in(label: Later, groups: _Groups) -> _Group:
    """The first page of a part that one may read, and before all others the first of a group."""
    heads = [group[0] for group in groups]
    pages = [*heads, *chain(*groups)]
    return [(endpoint, label) for endpoint, _label in _readable(pages)[:1]]


def _readable(pages: _Group) -> _Group:
    return [page for page in pages if may_read(AUDIENCES[page[0]])]


def _group(pages: _Group) -> Link:
    """The way into a group: its first page, and all of them while one of them is open."""
    first = _link(pages[0])
    if len(pages) == 1 or not any(_leads_here(endpoint) for endpoint, _label in pages):
        return first
    return replace(first, pages=[_link(page) for page in pages])


def _link(page: _Page) -> Link:
    endpoint, label = page
    return Link(url_for(endpoint), str(label), request.endpoint == endpoint)


def _leads_here(endpoint: str) -> bool:
    """Whether the page being shown is this one or lies below it, such as one entry of a list."""
    url = url_for(endpoint)
    return request.path == url or request.path.startswith(f"{url}/")
