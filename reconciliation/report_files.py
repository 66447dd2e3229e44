"""The pay-outs of a provider's list: its rows with what was kept of each, by its pay-out."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from ledger.terminals import Netting, TerminalTerms
from reconciliation.report_rows import ItemSort, WrittenRow


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One row of a pay-out; ``fee_rial`` is what was kept of it in this pay-out."""

    row_number: int
    sort: ItemSort
    taken_on: date
    amount_rial: int  # negative for what goes back
    fee_rial: int
    reference: str | None
    order_number: int | None
    card: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of one pay-out."""

    payout_reference: str | None
    paid_on: date | None
    rows: Sequence[ReportRow]


Terms = Callable[[date], TerminalTerms]


def payouts_of(rows: Iterable[WrittenRow], terms_on: Terms) -> list[Listed]:
    """The pay-outs of a list by reference and day, each with its rows in their order."""

    def key(row: WrittenRow) -> tuple[str, date]:
        return row.payout_reference or "", row.paid_on or date.min

    return [
        Listed(reference or None, None if paid_on == date.min else paid_on, of)
        for (reference, paid_on), group in groupby(sorted(rows, key=key), key)
        for of in [[_with_fee(row, terms_on) for row in group]]
    ]


def _with_fee(row: WrittenRow, terms_on: Terms) -> ReportRow:
    return ReportRow(
        row_number=row.row_number,
        sort=row.sort,
        taken_on=row.taken_on,
        amount_rial=row.amount_rial,
        fee_rial=_kept_rial(row, terms_on),
        reference=row.reference,
        order_number=row.order_number,
        card=row.card,
    )


def _kept_rial(row: WrittenRow, terms_on: Terms) -> int:
    """What was kept: the list's net or fee where it has one, else what the terms say."""
    if row.net_rial is not None:
        net_rial = row.net_rial if row.amount_rial > 0 else -abs(row.net_rial)
        return row.amount_rial - net_rial
    terms = terms_on(row.taken_on)
    if terms.netting is not Netting.NETTED:
        return 0
    if row.fee_rial is not None:
        return row.fee_rial
    return terms.fee_rial(row.amount_rial) if row.amount_rial > 0 else 0
