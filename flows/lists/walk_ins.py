"""A list of money that was received at a desk: read row by row, recorded with a few statements.

A row with a receipt number tells what is recorded already; any other is known again by what stands
in it, so that the same list adds nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import NotFound, Refusal
from core.rial import parse_rial
from donations.custody.drawers import counted_days
from donations.in_scope import contributions_in
from donations.models.contribution import Contribution, ContributionReversal, Origin
from donations.models.fund import Fund
from flows.desk import terminals_at
from flows.lists.cells import HandedIn, WrongCell, read_cell, read_day
from flows.lists.told import BadRow, KnownRow, ListRows, Taken
from flows.lists.walk_in_likeness import told_apart
from flows.lists.walk_in_rows import DAYS_BACK, ListDesk, WalkInRow, read_walk_ins
from flows.receiving_many import receipts_of_keys, receive_many
from offices.holding import hold_office
from offices.staff import StaffMember
from receipts.life.numbering import parse_number
from receipts.life.series import Receipt
from reconciliation.locks import AccountLock


class SaysOtherwise(Refusal):
    """The receipt of this number is there, and says another day or amount."""

    code = "walk_in_list.says_otherwise"
    field = "number"


class EntryVoid(Refusal):
    """The entry with the receipt of this number does not stand any more."""

    code = "walk_in_list.void"
    field = "number"


def take_walk_ins(session: Session, rows: ListRows, handed_in: HandedIn) -> Taken:
    """Receive what every good row brings. Raises NotFound outside of the scope."""
    desk = _desk(session, handed_in)
    bad: list[BadRow] = []
    numbered = [row for row in rows if row[1].get("number")]
    bad += _that_say_otherwise(session, numbered, handed_in)
    read = list(read_walk_ins([row for row in rows if not row[1].get("number")], desk, bad))
    known = receipts_of_keys(session, [row.gift.key for row in read])
    fresh = [row for row in read if row.gift.key not in known]
    good = list(told_apart(session, fresh, desk.office_id, handed_in, bad))
    new = receive_many(
        session, good, office_id=desk.office_id, staff_id=desk.staff_id, now=handed_in.now
    )
    return Taken(
        new,
        len(rows) - len(bad) - new,
        sorted(bad, key=lambda row: row.row),
        _shown(session, read, known),
    )


def _shown(
    session: Session, read: Sequence[WalkInRow], known: Mapping[str, Receipt]
) -> Sequence[KnownRow]:
    """The rows that are taken for an entry by what stands in them alone, with its number."""
    ids = [receipt.contribution_id for receipt in known.values()]
    reversed_ = select(ContributionReversal.contribution_id)
    void = set(session.scalars(reversed_.where(ContributionReversal.contribution_id.in_(ids))))
    return [
        KnownRow(row.number, receipt.number, receipt.contribution_id in void)
        for row in read
        if (receipt := known.get(row.gift.key)) is not None
    ]


def _desk(session: Session, handed_in: HandedIn) -> ListDesk:
    """The desk, held until the transaction ends: who hands in the same list waits here.

    First the person and then the office, as whoever saves a form does.
    """
    office_id = session.get_one(
        StaffMember, handed_in.by_id, with_for_update={"key_share": True}
    ).office_id
    if not handed_in.scope.covers(office_id):
        raise NotFound(subject="office")
    hold_office(session, office_id)
    today = tehran_date(handed_in.now)
    signed = session.scalars(select(func.max(AccountLock.closed_through))).one()
    first_day = today - timedelta(days=DAYS_BACK)
    if signed:
        first_day = max(first_day, signed + timedelta(days=1))
    return ListDesk(
        office_id=office_id,
        staff_id=handed_in.by_id,
        first_day=first_day,
        today=today,
        funds=frozenset(session.scalars(select(Fund.code).where(Fund.is_open))),
        terminals=[terminal.name for terminal in terminals_at(session, office_id)],
        counted_days=counted_days(session, handed_in.by_id, office_id, since=first_day),
    )


def _that_say_otherwise(session: Session, rows: ListRows, handed_in: HandedIn) -> Iterator[BadRow]:
    """The rows whose receipt number is no standing entry of the scope with that day and amount."""
    recorded = _recorded(session, [texts["number"] for _number, texts in rows], handed_in)
    for number, texts in rows:
        try:
            said = read_day(texts, "received_on"), read_cell(texts, "amount_rial", parse_rial)
            receipt = parse_number(texts["number"])
            if receipt not in recorded:
                raise NotFound(subject="number")
            day, amount_rial, is_void = recorded[receipt]
            if (day, amount_rial) != said:
                raise SaysOtherwise
            if is_void:
                raise EntryVoid
        except WrongCell as wrong:
            yield BadRow(number, wrong.column, wrong.refusal)
        except Refusal as refusal:
            yield BadRow(number, "number", refusal)


def _recorded(
    session: Session, numbers: Sequence[str], handed_in: HandedIn
) -> Mapping[str, tuple[date, int | None, bool]]:
    """Day, rials and whether it is void of what the receipts of these numbers document."""
    asked = [normalise(number).upper().replace("-", "/").replace(" ", "") for number in numbers]
    rows = session.execute(
        contributions_in(handed_in.scope)
        .join(Receipt, Receipt.contribution_id == Contribution.id)
        .where(Receipt.number.in_(asked), Contribution.origin == Origin.DESK)
        .with_only_columns(
            Receipt.number,
            Contribution.received_on,
            Receipt.amount_rial,
            exists().where(ContributionReversal.contribution_id == Contribution.id),
        )
    )
    return {number: (day, amount_rial, is_void) for number, day, amount_rial, is_void in rows}
