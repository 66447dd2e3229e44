"""Booking what makes a settlement another amount than its line: fees and refunds, each named."""

from typing import Any

from sqlalchemy import Select, case, literal, select
from sqlalchemy.orm import Session

from core.database import Id
from ledger.accounts import AccountKind
from ledger.setwise import account_id
from reconciliation.found import BOOKED
from reconciliation.matches import DifferenceKind, SettlementDifference, Target


def difference_legs(session: Session) -> list[Select[*tuple[Any, ...]]]:
    """Fees or refunds / suspense, for each difference of the settlements being booked.

    They stand in the posting of the settlement itself, whose legs take its net out of suspense.
    """
    difference = SettlementDifference
    fees = account_id(session, AccountKind.FEES)
    refunds = account_id(session, AccountKind.REFUNDS)
    account = case(
        (difference.kind == DifferenceKind.REFUND, literal(refunds, Id)), else_=literal(fees, Id)
    )
    return [
        select(BOOKED.c.posting_id, on, amount_rial)
        .join_from(BOOKED, difference, difference.settlement_id == BOOKED.c.target_id)
        .where(BOOKED.c.target == Target.SETTLEMENT.value)
        for on, amount_rial in (
            (account, difference.amount_rial),
            (BOOKED.c.suspense_id, -difference.amount_rial),
        )
    ]
