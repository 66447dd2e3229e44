"""Booking lines that come in pairs: a transfer between two accounts, a booking taken back."""

from typing import Any

from sqlalchemy import Select, and_, select
from sqlalchemy.orm import aliased

from ledger.accounts import AccountKind, LedgerAccount
from reconciliation.found import BOOKED
from reconciliation.lines import StatementLine
from reconciliation.matches import Target


def transfer_legs() -> Select[*tuple[Any, ...]]:
    """Suspense of the account that received / suspense of the account that sent.

    Both stand in one posting, that of the credit; the debit needs none of its own.
    """
    other = aliased(StatementLine)
    return (
        select(BOOKED.c.posting_id, LedgerAccount.id, -BOOKED.c.amount_rial)
        .join_from(BOOKED, other, other.id == BOOKED.c.target_id)
        .join(
            LedgerAccount,
            and_(
                LedgerAccount.kind == AccountKind.SUSPENSE,
                LedgerAccount.bank_account_id == other.bank_account_id,
            ),
        )
        .where(BOOKED.c.target == Target.TRANSFER.value, BOOKED.c.amount_rial > 0)
    )
