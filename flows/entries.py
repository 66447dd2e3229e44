"""Entries as the staff reads them: what was received, with its receipt and whether it stands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, contains_eager, selectinload

from core.database import sum_rial
from core.digits import digits_only, normalise
from core.identifiers import is_deposit_id, is_tracking_code
from core.portable import unindexed
from core.refusals import NotFound
from donations.in_scope import contributions_in, contributions_led_to, pledges_in
from donations.models.contribution import (
    Contribution,
    ContributionLine,
    ContributionReversal,
    Origin,
    Tender,
)
from donations.models.desk import EntryRemark, VoidRequest
from donations.models.donor import Donor
from donations.models.pledge import HiddenFrom, ItemKind, Pledge, PledgeItem
from flows.donors import donors_meant, is_called
from offices.scope import Scope
from receipts.life.number_blocks import OfflineEntry
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

    ``search`` may be a tracking code, deposit id, receipt number, mobile or the start of any
    word of a name.
    """
    if normalise(search):
        statement = _searched(session, scope, search).limit(limit)
    else:
        statement = _entries(contributions_in(scope)).order_by(Contribution.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(Contribution.id < before_id)
    return [Entry(contribution, receipt) for contribution, receipt in session.execute(statement)]


def entries_of(session: Session, scope: Scope, pledge_id: int) -> Sequence[Entry]:
    """Everything received for one pledge, oldest first."""
    statement = (
        _entries(contributions_in(scope))
        .where(Contribution.pledge_id == pledge_id)
        .order_by(Contribution.id)
    )
    return [Entry(contribution, receipt) for contribution, receipt in session.execute(statement)]


def entries_among(session: Session, scope: Scope, contribution_ids: Select[int]) -> Sequence[Entry]:
    """The entries of the contributions that a query names, newest first."""
    statement = _entries(contributions_in(scope)).where(Contribution.id.in_(contribution_ids))
    rows = session.execute(statement.order_by(Contribution.id.desc()))
    return [Entry(contribution, receipt) for contribution, receipt in rows]


def entry_of(session: Session, scope: Scope, contribution_id: int) -> Entry:
    """The entry of one contribution. Raises NotFound for one outside the scope."""
    found = session.execute(
        _entries(contributions_in(scope)).where(Contribution.id == contribution_id)
    ).first()
    if found is None:
        raise NotFound(subject="entry")
    return Entry(found[0], found[1])


def entry_in(session: Session, scope: Scope, tracking_code: str) -> Entry:
    """The latest entry of a tracking code. Raises NotFound for one outside the scope."""
    statement = (
        _entries(contributions_in(scope))
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


def remarks_of(session: Session, entries: Sequence[Entry]) -> Mapping[int, str]:
    """What was remarked about entries of a desk, by the id of the desk entry."""
    ids = [row.contribution.cause_id for row in entries if row.contribution.origin is Origin.DESK]
    told = select(EntryRemark.desk_entry_id, EntryRemark.remark)
    return dict(session.execute(told.where(EntryRemark.desk_entry_id.in_(ids))).all())


def paper_numbers_of(session: Session, entries: Sequence[Entry]) -> Mapping[int, str]:
    """The numbers on donors' papers that are not those of the receipts, by the desk entry."""
    bears = {
        row.contribution.cause_id: row.receipt.number
        for row in entries
        if row.contribution.origin is Origin.DESK
    }
    told = select(OfflineEntry.desk_entry_id, OfflineEntry.provisional_number).where(
        OfflineEntry.desk_entry_id.in_(bears), OfflineEntry.provisional_number.is_not(None)
    )
    return {
        entry_id: number
        for entry_id, number in session.execute(told)
        if number and bears[entry_id] != number
    }


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
        _entries(contributions_in(scope))
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


def _entries(contributions: Select[Contribution]) -> Select[Contribution, Receipt]:
    return (
        contributions.add_columns(Receipt)
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


def _searched(session: Session, scope: Scope, search: str) -> Select[Contribution, Receipt]:
    """What a search leads to, newest first.

    A few are looked up and sorted; where a name is that of many, entries are walked until enough
    are of one so called.
    """
    few = _entries(contributions_led_to(scope)).order_by(unindexed(Contribution.id).desc())
    is_open = Pledge.hidden_from != HiddenFrom.EVERYONE
    named = _named_by_number(search)
    if named is not None:
        return few.where(named)
    donor_ids = donors_meant(session, scope, search)
    if donor_ids is not None:
        return few.where(Pledge.donor_id.in_(donor_ids), is_open)
    many = _entries(contributions_in(scope)).order_by(Contribution.id.desc())
    return many.where(is_called(scope, search), is_open)


def _named_by_number(search: str) -> ColumnElement[bool] | None:
    """That an entry has this tracking code, deposit id or receipt number, if it can be one."""
    digits = digits_only(search) or ""
    if is_tracking_code(digits):
        return Pledge.tracking_code == digits
    if is_deposit_id(digits):
        return Pledge.deposit_id == digits
    try:
        number = parse_number(search)
    except UnreadableNumber:
        return None
    numbered = select(Receipt.contribution_id).where(Receipt.number == number)  # or replaced since
    on_paper = select(OfflineEntry.desk_entry_id).where(OfflineEntry.provisional_number == number)
    is_kept = (Contribution.origin == Origin.DESK) & Contribution.cause_id.in_(on_paper)
    return Contribution.id.in_(numbered) | is_kept


def _is_reversed() -> ColumnElement[bool]:
    return (
        select(ContributionReversal.id)
        .where(ContributionReversal.contribution_id == Contribution.id)
        .exists()
    )
