"""Comparing the rows of a list of money with each other and with what is recorded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from sqlalchemy import exists
from sqlalchemy.orm import Session

from core.refusals import Refusal
from donations.in_scope import contributions_in
from donations.models.contribution import Contribution, ContributionReversal
from donations.models.donor import Donor
from donations.models.pledge import Pledge
from flows.desk import WalkIn, refuse_same_number
from flows.lists.cells import HandedIn
from flows.lists.told import BadRow
from flows.lists.walk_in_rows import WalkInRow
from flows.receiving_many import MoneyGift
from receipts.life.series import Receipt

_OfDonor = tuple[date, str | None, int | None]  # day, mobile, rials


class LikeAnEntry(Refusal):
    """An entry of that day has the same mobile and the same amount."""

    code = "walk_in_list.like_an_entry"
    field = "mobile"


class LikeAnotherRow(Refusal):
    """A row above has the same mobile, amount and day, or the same cheque or card slip."""

    code = "walk_in_list.like_another_row"
    field = "mobile"


def told_apart(
    session: Session,
    fresh: Sequence[WalkInRow],
    office_id: int,
    handed_in: HandedIn,
    bad: list[BadRow],
) -> Iterator[MoneyGift]:
    """The gifts that are like no other, or of which somebody said so; other rows go to ``bad``."""
    first = _first_with(fresh)
    entries = _entries_like(session, fresh, handed_in)
    for row in fresh:
        try:
            if not row.is_another:
                _refuse_like_another(row, first)
                _refuse_like_an_entry(row, entries)
            same_number = _same_number(session, row, office_id, handed_in)
        except Refusal as refusal:
            told = refusal.details.get("field")
            bad.append(BadRow(row.number, "reference" if told else str(refusal.field), refusal))
        else:
            yield replace(row.gift, told_apart=row.is_another, same_number_as=same_number)


def _first_with(rows: Sequence[WalkInRow]) -> Mapping[tuple[object, ...], WalkInRow]:
    """The first row of each donor, amount and day, and of each cheque and card slip."""
    first: dict[tuple[object, ...], WalkInRow] = {}
    for row in rows:
        for mark in (_of_donor(row), _of_paper(row)):
            if mark is not None:
                first.setdefault(mark, row)
    return first


def _of_donor(row: WalkInRow) -> _OfDonor | None:
    gift = row.gift
    return (row.day, gift.donor.mobile, gift.item.amount_rial) if gift.donor.mobile else None


def _of_paper(row: WalkInRow) -> tuple[object, ...] | None:
    """The cheque, or the slip of a card terminal, which counts anew every day."""
    gift = row.gift
    if gift.cheque_number:
        return (gift.cheque_number,)
    return (row.day, gift.terminal, gift.trace_number, "slip") if gift.trace_number else None


def _refuse_like_another(row: WalkInRow, first: Mapping[tuple[object, ...], WalkInRow]) -> None:
    for mark, details in ((_of_donor(row), {}), (_of_paper(row), {"field": "reference"})):
        if mark is not None and first[mark] is not row:
            raise LikeAnotherRow(row=first[mark].number, **details)


def _refuse_like_an_entry(row: WalkInRow, entries: Mapping[_OfDonor, str]) -> None:
    mark = _of_donor(row)
    if mark is not None and mark in entries:
        raise LikeAnEntry(number=entries[mark])


def _entries_like(
    session: Session, rows: Sequence[WalkInRow], handed_in: HandedIn
) -> Mapping[_OfDonor, str]:
    """The receipt numbers of standing entries of these donors and days."""
    asked = {row.gift.donor.mobile for row in rows if row.gift.donor.mobile}
    found = session.execute(
        contributions_in(handed_in.scope)
        .join(Pledge, Pledge.id == Contribution.pledge_id)
        .join(Donor, Donor.id == Pledge.donor_id)
        .join(Receipt, Receipt.contribution_id == Contribution.id)
        .where(
            Donor.mobile.in_(asked),
            Contribution.received_on.in_({row.day for row in rows}),
            ~exists().where(ContributionReversal.contribution_id == Contribution.id),
        )
        .with_only_columns(
            Contribution.received_on, Donor.mobile, Receipt.amount_rial, Receipt.number
        )
    )
    return {(day, mobile, amount_rial): number for day, mobile, amount_rial, number in found}


def _same_number(
    session: Session, row: WalkInRow, office_id: int, handed_in: HandedIn
) -> int | None:
    """The entry with this cheque or slip, told apart by a person. Raises SeenBefore."""
    gift = row.gift
    visit = WalkIn(
        [gift.item],
        gift.donor,
        gift.tender,
        gift.terminal,
        gift.trace_number,
        gift.cheque_number,
        is_another=row.is_another,
    )
    return refuse_same_number(session, visit, office_id, now=gift.received_at or handed_in.now)
