"""Every table of the house, imported in one place so that migrations know them all."""

from core.database import Base
from donations.models import (
    acceptance,
    contribution,
    desk,
    donor,
    fund,
    gateway,
    payment,
    pledge,
    refund,
)
from jobs import queue
from ledger import accounts, postings, seals, terminals
from notifications import outbox
from offices import audit, limits, partners, places, staff
from receipts.documents import receipt_texts
from receipts.life import chain, copies, paper_books, replacements, series
from receipts.public import delivery, heads
from reconciliation import (
    aliases,
    calendar,
    cycles,
    day_sheets,
    dismissals,
    expected,
    lines,
    locks,
    mappings,
    matches,
    quarantine,
    reports,
    rules,
    rules_shadow,
    splitting,
)

METADATA = Base.metadata

__all__ = ["METADATA"]

_KNOWN = (
    acceptance, contribution, desk, donor, fund, gateway, payment, pledge, refund, queue, accounts,
    postings, seals, terminals, outbox, audit, limits, partners, places, staff, series, expected,
    lines, locks, mappings, matches, calendar, cycles, reports, quarantine, aliases, dismissals,
    rules, rules_shadow, splitting,
    day_sheets, chain, copies, paper_books, replacements, heads, delivery, receipt_texts,
)  # fmt: skip
