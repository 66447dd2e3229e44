"""Entries as the staff reads them: what was received, with its receipt and whether it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from core.database import sum_rial
from core.digits import digits_only, folded, normalise
from core.identifiers import UnreadableMobile, is_deposit_id, is_tracking_code, parse_mobile
from core.refusals import NotFound
from donations.in_scope import contributions_in, pledges_in
from donations.models.contribution import (
    Contribution,
    ContributionLine,
    ContributionReversal,
    Tender,
)
from donations.models.desk import VoidRequest
from donations.models.donor import Donor
from donations.models.pledge import HiddenFrom, ItemKind, Pledge, PledgeItem
from offices.scope import Scope
from receipts.life.numbering import UnreadableNumber, parse_number
from receipts.life.series import Receipt

PAGE = 50
DUPLICATE_WITHIN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Entry:
    """One contribution with the pledge it belongs to and the receipt that documents it."""

    contribution: Contribution
    receipt: Receipt

    @property
    def pledge(self) -> Pledge:
        return self.contribution.pledge

    @property
    def items(self) -> list[PledgeItem]:
        """What of the pledge this entry received."""
        ids = {line.pledge_item_id for line in self.contribution.lines}
        return [item for item in self.pledge.items if item.id in ids]

    @property
    def is_void(self) -> bool:
        return self.contribution.reversal is not None

    @property
    def donor(self) -> Donor | None:
        """Whom the staff may see: nobody, where the donor hides from everyone."""
        is_hidden = self.pledge.hidden_from is HiddenFrom.EVERYONE
        return None if is_hidden else self.pledge.donor


@dataclass(frozen=True, slots=True)
class TenderTotal:
    """What came in one form on one day, in rials."""

    tender: Tender
    count: int
    amount_rial: int


def latest_entries(
    session: Session,
    scope: Scope,
    *,
    search: str = "",
    before_id: int | None = None,
    limit: int = PAGE,
) -> Sequence[Entry]:
    """One page of entries, newest first; ask again with the last id to go on.

    ``search`` may be a tracking code, deposit id, receipt number, mobile or the start of a name.
    """
    statement = _entries(scope).order_by(Contribution.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(Contribution.id < before_id)
    if normalise(search):
        statement = statement.where(_found_by(search))
    return [Entry(contribution, receipt) for contribution, receipt in session.execute(statement)]


def entries_of(session: Session, scope: Scope, pledge_id: int) -> Sequence[Entry]:
    """Everything received for one pledge, oldest first."""
    statement = _entries(scope).where(Contribution.pledge_id == pledge_id).order_by(Contribution.id)
    return [Entry(contribution, receipt) for contribution, receipt in session.execute(statement)]


def entry_of(session: Session, scope: Scope, contribution_id: int) -> Entry:
    """The entry of one contribution. Raises NotFound for one outside the scope."""
    found = session.execute(_entries(scope).where(Contribution.id == contribution_id)).first()
    if found is None:
        raise NotFound(subject="entry")
    return Entry(found[0], found[1])


def entry_in(session: Session, scope: Scope, tracking_code: str) -> Entry:
    """The latest entry of a tracking code. Raises NotFound for one outside the scope."""
    statement = (
        _entries(scope)
        .where(Pledge.tracking_code == (digits_only(tracking_code) or ""))
        .order_by(Contribution.id.desc())
        .limit(1)
    )
    found = session.execute(statement).first()
    if found is None:
        raise NotFound(subject="entry")
    return Entry(found[0], found[1])


def pledge_in(session: Session, scope: Scope, tracking_code: str) -> Pledge:
    """The pledge of a tracking code, made for or received at an office of the scope.

    Raises NotFound for any other.
    """
    pledge = session.scalars(
        pledges_in(scope)
        .where(Pledge.tracking_code == (digits_only(tracking_code) or ""))
        .options(selectinload(Pledge.items).selectinload(PledgeItem.fund))
    ).one_or_none()
    if pledge is None:
        raise NotFound(subject="pledge")
    return pledge


def void_requests_of(session: Session, pledge_id: int) -> Sequence[VoidRequest]:
    """What was asked and decided about the entries of a pledge that the caller may see."""
    return session.scalars(
        select(VoidRequest)
        .join(Contribution, Contribution.id == VoidRequest.contribution_id)
        .where(Contribution.pledge_id == pledge_id)
        .order_by(VoidRequest.id)
    ).all()


def similar_entry(
    session: Session, scope: Scope, *, mobile: str, amount_rial: int, now: datetime
) -> Entry | None:
    """An entry of the last day with the same mobile and the same amount: perhaps the same gift."""
    statement = (
        _entries(scope)
        .join(Donor, Donor.id == Pledge.donor_id)
        .where(
            Donor.mobile == mobile,
            Receipt.amount_rial == amount_rial,
            Contribution.recorded_at > now - DUPLICATE_WITHIN,
            ~_is_reversed(),
        )
        .order_by(Contribution.id.desc())
        .limit(1)
    )
    found = session.execute(statement).first()
    return Entry(found[0], found[1]) if found else None


def totals_of_day(session: Session, scope: Scope, day: date) -> Sequence[TenderTotal]:
    """What came in each form on a day, in rials; what was voided is left out."""
    rows = session.execute(
        select(
            Contribution.tender,
            func.count(Contribution.id.distinct()),
            sum_rial(ContributionLine.amount_rial),
        )
        .join(ContributionLine, ContributionLine.contribution_id == Contribution.id)
        .where(
            scope.narrow(Contribution.office_id),
            Contribution.received_on == day,
            Contribution.tender.is_not(None),
            ContributionLine.kind == ItemKind.CASH,
            ~_is_reversed(),
        )
        .group_by(Contribution.tender)
        .order_by(Contribution.tender)
    )
    return [TenderTotal(tender, count, rial) for tender, count, rial in rows if tender]


def known_donor(session: Session, scope: Scope, mobile: str) -> Donor | None:
    """The donor who last gave at these offices under this mobile number."""
    return session.scalars(
        select(Donor)
        .join(Pledge, Pledge.donor_id == Donor.id)
        .where(
            Donor.mobile == mobile,
            Pledge.hidden_from != HiddenFrom.EVERYONE,
            scope.narrow(Pledge.office_id),
        )
        .order_by(Pledge.id.desc())
        .limit(1)
    ).first()


def _entries(scope: Scope) -> Select[Contribution, Receipt]:
    return (
        contributions_in(scope)
        .add_columns(Receipt)
        .join(Receipt, (Receipt.contribution_id == Contribution.id) & Receipt.is_latest())
        .join(Contribution.pledge)
        .options(
            contains_eager(Contribution.pledge).joinedload(Pledge.donor),
            contains_eager(Contribution.pledge)
            .selectinload(Pledge.items)
            .joinedload(PledgeItem.fund),
            selectinload(Contribution.lines),
            selectinload(Contribution.reversal),
        )
    )


def _found_by(search: str) -> ColumnElement[bool]:
    digits = digits_only(search) or ""
    if is_tracking_code(digits):
        return Pledge.tracking_code == digits
    if is_deposit_id(digits):
        return Pledge.deposit_id == digits
    try:
        numbered = Receipt.number == parse_number(search)  # also one that another replaced
        return Contribution.id.in_(select(Receipt.contribution_id).where(numbered))
    except UnreadableNumber:
        pass  # not a receipt number either
    try:
        of_donor = Donor.mobile == parse_mobile(search)
    except UnreadableMobile:
        of_donor = Donor.name_folded.startswith(folded(search), autoescape=True)
    return Pledge.donor_id.in_(select(Donor.id).where(of_donor)) & (
        Pledge.hidden_from != HiddenFrom.EVERYONE
    )


def _is_reversed() -> ColumnElement[bool]:
    return (
        select(ContributionReversal.id)
        .where(ContributionReversal.contribution_id == Contribution.id)
        .exists()
    )
