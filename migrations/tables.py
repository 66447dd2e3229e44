"""Every table of the house, imported in one place so that migrations know them all."""

from core.database import Base
from donations.models import (
    acceptance,
    acceptance_rule,
    batch,
    cash_count,
    cashier,
    charity_box,
    collection_round,
    contribution,
    desk,
    desk_limit,
    donor,
    fund,
    gateway,
    goods_category,
    goods_offer,
    hand_over,
    inspection,
    need,
    office_day,
    partner_receipt,
    payment,
    pledge,
    refund,
    shift,
    slip_source,
    stock,
    volunteer,
)
from jobs import queue
from ledger import accounts, postings, seals, terminals
from notifications import outbox
from offices import audit, limits, partners, places, staff
from receipts.documents import receipt_texts
from receipts.life import (
    chain,
    copies,
    hours_certificates,
    number_blocks,
    paper_books,
    replacements,
    series,
)
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
    signed_days,
    splitting,
)

METADATA = Base.metadata

__all__ = ["METADATA"]

_KNOWN = (
    acceptance, contribution, desk, donor, fund, gateway, payment, pledge, refund, queue, accounts,
    desk_limit, cash_count, cashier, charity_box, collection_round, slip_source,
    postings, seals, terminals, outbox, audit, limits, partners, places, staff, series, expected,
    lines, locks, mappings, matches, calendar, cycles, reports, quarantine, aliases, dismissals,
    rules, rules_shadow, signed_days, splitting,
    office_day, partner_receipt, shift, volunteer, hours_certificates,
    acceptance_rule, goods_category, goods_offer, hand_over, inspection, need, stock,
    day_sheets, batch, number_blocks, chain, copies, paper_books, replacements, heads, delivery,
    receipt_texts,
)  # fmt: skip
