"""Many gifts of money at one desk, received at once: what ``receive_at_desk`` does for one.

Everything is set-wise, in one transaction: either all of them are in the books, each under its own
receipt, or none; and the transaction is short enough to keep nobody else waiting.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.bulk import listed, rows_given
from core.clock import minute_of_day, tehran_date
from core.database import Id, add_rows
from core.events import Happening
from core.refusals import NotFound
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.desk import DeskEntry, EntryRemark
from donations.models.pledge import Channel, ItemKind, ItemState, Pledge
from donations.pledging import CashItem, DonorFacts, Source
from donations.pledging_many import make_pledges
from flows.events import emit_many
from flows.receiving import holding_account, terminal_called
from ledger.accounts import AccountKind, account_code, account_ids
from ledger.postings import Cause
from ledger.setwise import post_each
from offices.audit import note_each
from offices.places import Office
from offices.staff import StaffMember
from receipts.life.issuing import issue_receipts
from receipts.life.series import Receipt
from reconciliation.expected import MoneySource, expect_terminal_money


@dataclass(frozen=True, slots=True)
class MoneyGift:
    """Money that lies at a desk, for one fund, from somebody known by name and mobile at most.

    ``key`` is its own for good: a gift whose key is known was received before.
    """

    key: str
    item: CashItem
    donor: DonorFacts
    tender: Tender = Tender.CASH
    terminal: str | None = None
    trace_number: str | None = None
    cheque_number: str | None = None
    received_at: datetime | None = None  # where that was before it is recorded
    remark: str | None = None
    told_apart: bool = False  # somebody looked at a similar entry and said that this is not it
    same_number_as: int | None = None  # the contribution with the same cheque or slip number


def receive_many(
    session: Session,
    gifts: Sequence[MoneyGift],
    *,
    office_id: int,
    staff_id: int,
    now: datetime,
) -> int:
    """Receive every gift whose key is new, in order, and say how many those are.

    Raises NotFound for a closed office or an unknown terminal, and what ``make_pledges`` raises.
    """
    # Handed in twice at one moment: the second waits here until the first is saved.
    session.get_one(StaffMember, staff_id, with_for_update={"key_share": True})
    known = receipts_of_keys(session, [gift.key for gift in gifts])
    gifts = [gift for gift in gifts if gift.key not in known]
    if not gifts:
        return 0
    office = session.get_one(Office, office_id)
    if not office.is_open:
        raise NotFound(subject="office")
    pledges = _promise(session, gifts, office, staff_id=staff_id, now=now)
    contributions = _contribute(session, gifts, pledges, staff_id=staff_id, now=now)
    _post(session, pledges, contributions, office, now=now)
    ids = listed(session.connection(), [row.id for row in contributions])
    issue_receipts(session, ids, now=now)
    emit_many(session, Happening.CONTRIBUTION_RECEIVED, ids, now=now)
    _expect_pay_outs(session, gifts, contributions)
    _note_received(session, pledges, contributions, staff_id=staff_id, now=now)
    return len(gifts)


def receipts_of_keys(session: Session, keys: Collection[str]) -> Mapping[str, Receipt]:
    """The receipts that stand for the gifts of these keys, as far as those were received."""
    rows = session.execute(
        select(DeskEntry.request_key, Receipt)
        .join(Contribution, Contribution.cause_id == DeskEntry.id)
        .join(Receipt, Receipt.contribution_id == Contribution.id)
        .where(
            DeskEntry.request_key.in_(keys), Contribution.origin == Origin.DESK, Receipt.is_latest()
        )
    )
    return {key: receipt for key, receipt in rows if key is not None}


def _promise(
    session: Session, gifts: Sequence[MoneyGift], office: Office, *, staff_id: int, now: datetime
) -> list[Pledge]:
    source = Source(office.id, office.place, Channel.DESK, taken_by_id=staff_id)
    promised = [(gift.item, gift.donor, gift.key) for gift in gifts]
    pledges = make_pledges(session, promised, source=source, now=now)
    facts = {
        pledge.id: {"channel": Channel.DESK, "cash_rial": pledge.cash_rial, "items": 1}
        for pledge in pledges
    }
    note_each(session, "pledge.make", facts, subject="pledge", now=now, actor_id=staff_id)
    apart = {
        pledge.id: {"same_number_as": gift.same_number_as}
        for gift, pledge in zip(gifts, pledges, strict=True)
        if gift.told_apart
    }
    if apart:
        note_each(session, "pledge.told_apart", apart, subject="pledge", now=now, actor_id=staff_id)
    made = listed(session.connection(), [pledge.id for pledge in pledges])
    emit_many(session, Happening.PLEDGE_MADE, made, now=now)
    return pledges


def _contribute(
    session: Session,
    gifts: Sequence[MoneyGift],
    pledges: Sequence[Pledge],
    *,
    staff_id: int,
    now: datetime,
) -> list[Contribution]:
    entries = [
        DeskEntry(pledge_id=pledge.id, made_by_id=staff_id, made_at=now, request_key=gift.key)
        for gift, pledge in zip(gifts, pledges, strict=True)
    ]
    session.add_all(entries)
    session.flush()
    _remark(session, gifts, entries)
    contributions = []
    for gift, pledge, entry in zip(gifts, pledges, entries, strict=True):
        (item,) = pledge.items
        item.state = ItemState.RECEIVED
        line = ContributionLine(
            pledge_item_id=item.id,
            kind=ItemKind.CASH,
            fund_id=item.fund_id,
            amount_rial=item.amount_rial,
        )
        contributions.append(
            Contribution(
                pledge_id=pledge.id,
                office_id=pledge.office_id,
                origin=Origin.DESK,
                cause_id=entry.id,
                tender=gift.tender,
                terminal=gift.terminal,
                trace_number=gift.trace_number,
                cheque_number=gift.cheque_number,
                received_on=tehran_date(gift.received_at or now),
                recorded_at=now,
                recorded_by_id=staff_id,
                lines=[line],
            )
        )
    session.add_all(contributions)
    session.flush()
    return contributions


def _remark(session: Session, gifts: Sequence[MoneyGift], entries: Sequence[DeskEntry]) -> None:
    remarks = [
        {"desk_entry_id": entry.id, "remark": gift.remark}
        for gift, entry in zip(gifts, entries, strict=True)
        if gift.remark
    ]
    if remarks:
        add_rows(session, EntryRemark, remarks)


def _post(
    session: Session,
    pledges: Sequence[Pledge],
    contributions: Sequence[Contribution],
    office: Office,
    *,
    now: datetime,
) -> None:
    """What holds the money now / fund, for each."""
    held = _holding_accounts(session, office, contributions)
    funds = [account_code(AccountKind.FUND, pledge.items[0].fund.code) for pledge in pledges]
    ids = account_ids(session, {*funds, *held.values()})
    legs = []
    for row, fund in zip(contributions, funds, strict=True):
        amount_rial = row.lines[0].amount_rial or 0
        legs.append((row.id, ids[held[row.tender, row.terminal]], amount_rial))
        legs.append((row.id, ids[fund], -amount_rial))
    connection = session.connection()
    chosen = listed(connection, [row.id for row in contributions])
    causes = select(Contribution.id.label("cause_id"), Contribution.received_on.label("booked_on"))
    post_each(
        session,
        Cause.CONTRIBUTION,
        causes.where(Contribution.id.in_(chosen)),
        rows_given(connection, {"cause_id": Id, "account_id": Id, "amount_rial": Id}, legs),
        now=now,
    )


def _holding_accounts(
    session: Session, office: Office, contributions: Sequence[Contribution]
) -> Mapping[tuple[Tender | None, str | None], str]:
    """The account that holds the money now, for each way in which it came."""
    ways = {(row.tender, row.terminal): row for row in contributions}
    return {way: holding_account(session, office, row) or "" for way, row in ways.items()}


def _expect_pay_outs(
    session: Session, gifts: Sequence[MoneyGift], contributions: Sequence[Contribution]
) -> None:
    for gift, row in zip(gifts, contributions, strict=True):
        if row.terminal:
            expect_terminal_money(
                session,
                terminal_called(session, row.terminal).id,
                row.received_on,
                MoneySource.CONTRIBUTION,
                row.id,
                amount_rial=gift.item.amount_rial,
                reference=row.trace_number,
                taken_minute=minute_of_day(gift.received_at or row.recorded_at),
            )


def _note_received(
    session: Session,
    pledges: Sequence[Pledge],
    contributions: Sequence[Contribution],
    *,
    staff_id: int,
    now: datetime,
) -> None:
    ids = listed(session.connection(), [row.id for row in contributions])
    numbers = dict(
        session.execute(
            select(Receipt.contribution_id, Receipt.number).where(Receipt.contribution_id.in_(ids))
        ).all()
    )
    facts = {
        row.id: {"receipt": numbers[row.id], "cash_rial": pledge.cash_rial}
        for pledge, row in zip(pledges, contributions, strict=True)
    }
    note_each(
        session, "contribution.receive", facts, subject="contribution", now=now, actor_id=staff_id
    )
