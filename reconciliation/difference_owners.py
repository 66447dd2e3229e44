"""Who looks after a difference between bank, gateways and books: a person or an office."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.refusals import NotFound
from donations.models.cashier import CashierSession
from offices.places import Office
from offices.staff import StaffMember
from reconciliation.day_sheets import (
    DaySheet,
    DaySheetDifference,
    DifferenceKind,
    DifferenceOwner,
)
from reconciliation.differences_of_day import Difference
from reconciliation.signatures import sheet_with

Key = tuple[DifferenceKind, int, date]
Owner = tuple[int | None, int | None]  # a person or an office


def assign_owner(
    session: Session,
    difference_id: int,
    *,
    owner_id: int | None = None,
    owner_office_id: int | None = None,
    set_by_id: int,
    now: datetime,
) -> DaySheetDifference:
    """Say who looks after a difference from now on: a person or an office. Raises NotFound."""
    found = session.get(DaySheetDifference, difference_id)
    owner = (
        session.get(StaffMember, owner_id)
        if owner_id is not None
        else session.get(Office, owner_office_id)
    )
    if found is None or owner is None:
        raise NotFound(subject="difference")
    session.add(
        DifferenceOwner(
            bank_account_id=sheet_with(session, found.day_sheet_id).bank_account_id,
            kind=found.kind,
            subject_id=found.subject_id,
            since_on=found.since_on,
            owner_id=owner_id,
            owner_office_id=None if owner_id is not None else owner_office_id,
            set_by_id=set_by_id,
            set_at=now,
        )
    )
    session.flush()
    return found


def owners(session: Session, bank_account_id: int) -> Mapping[Key, Owner]:
    """Who was last said to look after which difference of an account."""
    of = DifferenceOwner
    latest = (
        select(func.max(of.id))
        .where(of.bank_account_id == bank_account_id)
        .group_by(of.kind, of.subject_id, of.since_on)
    )
    return {
        (row.kind, row.subject_id, row.since_on): (row.owner_id, row.owner_office_id)
        for row in session.scalars(select(of).where(of.id.in_(latest)))
    }


def owner_columns(
    session: Session, found: Difference, sheet: DaySheet, known: Mapping[Key, Owner]
) -> Mapping[str, int | None]:
    """The columns that say who looks after a difference: whoever was named, else its first."""
    first = _first_owner(session, found, sheet)
    owner_id, office_id = known.get((found.kind, found.subject_id, found.since_on), first)
    return {"owner_id": owner_id, "owner_office_id": office_id}


def _first_owner(session: Session, found: Difference, sheet: DaySheet) -> Owner:
    """Who looks after a difference at first: an office for its cash, else the preparer."""
    if found.kind is DifferenceKind.DESK_CASH:
        return None, found.subject_id
    if found.kind is DifferenceKind.CASHIER_DIFFERENCE:
        return None, session.get_one(CashierSession, found.subject_id).office_id
    return sheet.prepared_by_id, None
