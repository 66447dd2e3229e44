"""Receiving: the contribution, its posting, its receipt number and its jobs, all or nothing."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session, joinedload

from core.bulk import single
from core.clock import minute_of_day, tehran_date
from core.events import Event, Happening
from core.refusals import NotFound, Refusal
from donations.accepting import NOTHING_FOUND, Found, write_found
from donations.custody.drawers import drawer_for, drawer_of_posting
from donations.donor_words import keep_words
from donations.goods.taking_in import refuse_unfit, take_back, take_in
from donations.models.contribution import (
    Contribution,
    ContributionLine,
    ContributionReversal,
    Origin,
    Tender,
)
from donations.models.desk import DeskEntry
from donations.models.payment import Payment
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from donations.paying import locked_pledge, pay_out_moment
from donations.stepping import make_final
from donations.volunteers.offers import say_not_served, say_served
from flows.events import emit
from ledger.accounts import AccountKind, account_code
from ledger.postings import Cause, Leg, move, post, posting_of, reverse
from ledger.terminals import Terminal
from offices.audit import note
from offices.places import Office
from receipts.life.issuing import issue_receipts, latest_receipt
from receipts.life.numbering import GivenNumber
from receipts.life.series import Receipt, VoidCause
from receipts.life.voiding import void_receipts
from reconciliation.expected import (
    ExpectedTerminalMoney,
    MoneySource,
    expect_pledges_again,
    expect_terminal_money,
    forget_pledge,
)

AS_PROMISED: Mapping[int, int] = {}

# Built once: every gift asks these.
_OPEN_ITEMS = (
    select(PledgeItem)
    .where(
        PledgeItem.pledge_id == bindparam("pledge"),
        PledgeItem.state == ItemState.PROMISED,
        PledgeItem.kind.in_(bindparam("kinds", expanding=True)),
    )
    .options(joinedload(PledgeItem.fund, innerjoin=True))
    .order_by(PledgeItem.position)
    .execution_options(populate_existing=True)
)
_TERMINAL = select(Terminal).where(Terminal.name == bindparam("name"))


class NothingToReceive(Refusal):
    """Everything this pledge promises has been received or withdrawn."""

    code = "contribution.nothing_open"
    http_status = 409


class AlreadyReversed(Refusal):
    """The contribution does not stand any more."""

    code = "contribution.already_reversed"
    http_status = 409


class NeedsTheBank(Refusal):
    """The money lies at a bank or in a match: it goes back by a refund or by undoing the match."""

    code = "contribution.needs_the_bank"
    http_status = 409


class AlreadySettled(Refusal):
    """The money has been matched with the bank's statement; the match must be undone first."""

    code = "contribution.already_settled"
    http_status = 409


def receive_payment(session: Session, payment: Payment, *, now: datetime) -> None:
    """Record that a payment's money is ours: a contribution, or surplus if already paid.

    The caller holds the payment's row; calling twice changes nothing.
    """
    pledge = locked_pledge(session, payment.pledge_id)
    items = _open_items(session, pledge.id, kinds=(ItemKind.CASH,))
    promised_rial = sum(item.amount_rial or 0 for item in items)
    is_surplus = promised_rial != payment.amount_rial
    if not make_final(session, payment, is_surplus=is_surplus, now=now):
        return
    terminal = terminal_called(session, payment.gateway)
    taken_at = pay_out_moment(session, payment, now=now)
    expect_terminal_money(
        session,
        terminal.id,
        tehran_date(taken_at),
        MoneySource.PAYMENT,
        payment.id,
        amount_rial=payment.amount_rial,
        reference=payment.trace_number or payment.bank_reference,
        taken_minute=minute_of_day(taken_at),
    )
    owed = account_code(AccountKind.GATEWAY, payment.gateway)
    if is_surplus:
        post(
            session,
            Cause.SURPLUS,
            payment.id,
            move(owed, account_code(AccountKind.SURPLUS), payment.amount_rial),
            booked_on=tehran_date(now),
            now=now,
        )
        emit(session, Event(Happening.PAYMENT_SURPLUS, payment.id), now=now)
        return
    contribution = Contribution(
        pledge_id=pledge.id,
        office_id=pledge.office_id,
        origin=Origin.GATEWAY,
        cause_id=payment.id,
        tender=Tender.ONLINE,
        trace_number=payment.trace_number,
        received_on=tehran_date(now),
        recorded_at=now,
    )
    _record(session, contribution, items, debit=owed, now=now)
    forget_pledge(session, pledge.id)
    emit(session, Event(Happening.PAYMENT_FINAL, payment.id), now=now)


def receive_at_desk(
    session: Session,
    pledge: Pledge,
    *,
    tender: Tender | None,
    staff_id: int,
    now: datetime,
    terminal: str | None = None,
    trace_number: str | None = None,
    cheque_number: str | None = None,
    office_id: int | None = None,
    item_ids: Collection[int] | None = None,
    found: Mapping[int, Found] = NOTHING_FOUND,
    served_hours: Mapping[int, int] = AS_PROMISED,
    request_key: str | None = None,
    given: GivenNumber | None = None,
    received_at: datetime | None = None,
    into_drawer: bool = True,
) -> Receipt:
    """Record what lies on the counter: everything the pledge promises, under one receipt.

    ``tender`` says in what form its cash came; it is empty where there is none. Where only a part
    lies there, ``item_ids`` names it, with all of the cash or none; and ``office_id`` the desk,
    where it is not the one that the pledge was made for. ``found`` tells by item how goods and
    hours were found, ``served_hours`` by item the hours that were really served, where they are
    not those that were promised. ``given`` is the receipt number that the desk took from a block,
    ``received_at`` when the gift lay there, where that was before it was recorded. Cash goes into
    the drawer of whoever takes it while their session is open; ``into_drawer`` is false for cash
    that others counted, which lies at the desk.
    Raises NothingToReceive, NotFound for an unknown card terminal or a closed office, and what
    ``write_found`` and ``refuse_unfit`` raise.
    """
    pledge = locked_pledge(session, pledge.id)
    items = _items_there(session, pledge, item_ids)
    lay_there_at = received_at or now
    entry = DeskEntry(
        pledge_id=pledge.id, made_by_id=staff_id, made_at=now, request_key=request_key
    )
    session.add(entry)
    session.flush()
    contribution = Contribution(
        pledge_id=pledge.id,
        office_id=pledge.office_id if office_id is None else office_id,
        origin=Origin.DESK,
        cause_id=entry.id,
        tender=tender,
        terminal=terminal if tender is Tender.CARD_TERMINAL else None,
        trace_number=trace_number,
        cheque_number=cheque_number if tender is Tender.CHEQUE else None,
        received_on=tehran_date(lay_there_at),
        recorded_at=now,
        recorded_by_id=staff_id,
    )
    office = _open_office(session, contribution.office_id)
    keep_words(session, pledge, office.id)
    refuse_unfit(session, items, found, office_id=office.id, now=lay_there_at)
    served = {item.id: served_hours.get(item.id, item.hours or 0) for item in items if item.hours}
    say_served(session, served, by_id=staff_id, now=now)
    _record(
        session,
        contribution,
        items,
        debit=holding_account(session, office, contribution, into_drawer=into_drawer),
        found=found,
        served=served_hours,
        given=given,
        now=now,
    )
    take_in(session, contribution, items, found, staff_id=staff_id, now=now)
    _look_out_for_money(session, contribution, _cash_rial(items), taken_at=lay_there_at)
    receipt = latest_receipt(session, contribution.id)
    note(
        session,
        "contribution.receive",
        subject="contribution",
        subject_id=contribution.id,
        now=now,
        actor_id=staff_id,
        receipt=receipt.number,
        cash_rial=_cash_rial(items),
    )
    return receipt


def reverse_contribution(
    session: Session,
    contribution_id: int,
    *,
    reason: str,
    asked_by_id: int,
    approved_by_id: int,
    now: datetime,
) -> None:
    """Say that an entry of a desk does not stand: posting reversed, receipt void, items open again.

    Raises AlreadyReversed; NeedsTheBank for money that came through a gateway or a statement;
    AlreadySettled for card money that the bank has paid out; GoodsHandedOver.
    """
    contribution = session.get_one(Contribution, contribution_id)
    pledge = locked_pledge(session, contribution.pledge_id)
    if contribution.reversal is not None:
        raise AlreadyReversed
    if contribution.origin is not Origin.DESK:
        raise NeedsTheBank
    take_back(session, contribution, by_id=approved_by_id, now=now)
    served = [line.pledge_item_id for line in contribution.lines if line.hours]
    say_not_served(session, served, by_id=approved_by_id, now=now)
    _say_reversed(
        session,
        contribution,
        ItemState.PROMISED,
        cause=VoidCause.ENTRY,
        reason=reason,
        asked_by_id=asked_by_id,
        approved_by_id=approved_by_id,
        now=now,
    )
    if any(line.kind is ItemKind.CASH for line in contribution.lines):
        posting_id = posting_of(session, Cause.CONTRIBUTION, contribution_id)
        moved = _moved_on(session, posting_id)
        reverse(session, posting_id, booked_on=tehran_date(now), now=now, instead=moved)
        expect_pledges_again(session, [pledge.id])
    if contribution.tender is Tender.CARD_TERMINAL:
        _expect_nothing_of(session, MoneySource.CONTRIBUTION, contribution.id)
    emit(session, Event(Happening.CONTRIBUTION_VOID, contribution_id), now=now)


def let_go_of_payment(
    session: Session,
    payment: Payment,
    items: ItemState,
    *,
    reason: str,
    asked_by_id: int | None,
    approved_by_id: int | None,
    evidence_id: int | None = None,
    now: datetime,
) -> Contribution | None:
    """Say that what a payment brought does not stand, because its money goes back to the donor.

    Two persons decided so, or the bank did it by itself: then ``evidence_id`` is the payment step
    that keeps its words. Receipt void, items as told: withdrawn where the donor has the money back
    for good, promised where it may still be paid. The postings are the caller's, who knows which
    way the money goes. Returns the contribution; nothing for surplus, which has none.
    Raises AlreadyReversed.
    """
    pledge = locked_pledge(session, payment.pledge_id)
    contribution = session.scalars(
        select(Contribution).where(
            Contribution.origin == Origin.GATEWAY, Contribution.cause_id == payment.id
        )
    ).one_or_none()
    if contribution is None:
        return None
    if contribution.reversal is not None:
        raise AlreadyReversed
    _say_reversed(
        session,
        contribution,
        items,
        cause=VoidCause.REFUND if evidence_id is None else VoidCause.BANK,
        reason=reason,
        asked_by_id=asked_by_id,
        approved_by_id=approved_by_id,
        evidence_id=evidence_id,
        now=now,
    )
    expect_pledges_again(session, [pledge.id])
    return contribution


def expect_nothing_of_payment(session: Session, payment: Payment) -> None:
    """Wait for the pay-out of a payment no more. Raises AlreadySettled where it was matched."""
    _expect_nothing_of(session, MoneySource.PAYMENT, payment.id)


def _say_reversed(
    session: Session,
    contribution: Contribution,
    items: ItemState,
    *,
    cause: VoidCause,
    reason: str,
    asked_by_id: int | None,
    approved_by_id: int | None,
    evidence_id: int | None = None,
    now: datetime,
) -> None:
    """The reversal itself, its items, its receipt and the note of it."""
    session.add(
        ContributionReversal(
            contribution_id=contribution.id,
            reason=reason,
            asked_by_id=asked_by_id,
            approved_by_id=approved_by_id,
            reversed_at=now,
        )
    )
    item_ids = [line.pledge_item_id for line in contribution.lines]
    session.execute(update(PledgeItem).where(PledgeItem.id.in_(item_ids)).values(state=items))
    void_receipts(
        session,
        single(contribution.id),
        cause=cause,
        reason=reason,
        asked_by_id=asked_by_id,
        voided_by_id=approved_by_id,
        evidence_id=evidence_id,
        now=now,
    )
    note(
        session,
        "contribution.reverse",
        subject="contribution",
        subject_id=contribution.id,
        now=now,
        actor_id=approved_by_id,
        asked_by_id=asked_by_id,
        reason=reason,
    )


def _record(
    session: Session,
    contribution: Contribution,
    items: list[PledgeItem],
    *,
    debit: str | None,
    found: Mapping[int, Found] = NOTHING_FOUND,
    served: Mapping[int, int] = AS_PROMISED,
    given: GivenNumber | None = None,
    now: datetime,
) -> None:
    contribution.lines = [
        ContributionLine(
            pledge_item_id=item.id,
            kind=item.kind,
            fund_id=item.fund_id,
            amount_rial=item.amount_rial,
            quantity_thousandths=item.quantity_thousandths,
            hours=served.get(item.id, item.hours),
        )
        for item in items
    ]
    session.add(contribution)
    for item in items:
        item.state = ItemState.RECEIVED
    session.flush()
    write_found(session, contribution.lines, found)  # before the receipt freezes it
    cash_rial = _cash_rial(items)
    if cash_rial and debit:
        to_funds = [
            Leg(account_code(AccountKind.FUND, item.fund.code), -(item.amount_rial or 0))
            for item in items
            if item.kind is ItemKind.CASH
        ]
        post(
            session,
            Cause.CONTRIBUTION,
            contribution.id,
            [Leg(debit, cash_rial), *to_funds],
            booked_on=contribution.received_on,
            now=now,
        )
    issue_receipts(session, single(contribution.id), now=now, given=given)
    emit(session, Event(Happening.CONTRIBUTION_RECEIVED, contribution.id), now=now)


def _open_items(
    session: Session, pledge_id: int, *, kinds: tuple[ItemKind, ...]
) -> list[PledgeItem]:
    return list(session.scalars(_OPEN_ITEMS, {"pledge": pledge_id, "kinds": kinds}))


def _items_there(
    session: Session, pledge: Pledge, item_ids: Collection[int] | None
) -> list[PledgeItem]:
    """What is promised still and lies on the counter. Raises NothingToReceive."""
    open_items = _open_items(session, pledge.id, kinds=tuple(ItemKind))
    items = [item for item in open_items if item_ids is None or item.id in item_ids]
    if not items:
        raise NothingToReceive(tracking_code=pledge.tracking_code)
    return items


def _open_office(session: Session, office_id: int) -> Office:
    office = session.get_one(Office, office_id)
    if not office.is_open:
        raise NotFound(subject="office")
    return office


def _look_out_for_money(
    session: Session, contribution: Contribution, cash_rial: int, *, taken_at: datetime
) -> None:
    """Wait for what a card terminal pays out, and for a deposit of the pledge no more."""
    if contribution.terminal:
        expect_terminal_money(
            session,
            terminal_called(session, contribution.terminal).id,
            contribution.received_on,
            MoneySource.CONTRIBUTION,
            contribution.id,
            amount_rial=cash_rial,
            reference=contribution.trace_number,
            taken_minute=minute_of_day(taken_at),
        )
    if cash_rial:
        forget_pledge(session, contribution.pledge_id)


def _cash_rial(items: list[PledgeItem]) -> int:
    return sum(item.amount_rial or 0 for item in items if item.kind is ItemKind.CASH)


def holding_account(
    session: Session, office: Office, contribution: Contribution, *, into_drawer: bool = True
) -> str | None:
    """The account that holds the money now: a drawer, the desk's cash or cheques, a terminal."""
    if contribution.tender is Tender.CASH:
        taker_id = contribution.recorded_by_id if into_drawer else None
        return drawer_for(session, taker_id, office.id) or account_code(
            AccountKind.DESK, office.code
        )
    if contribution.tender is Tender.CHEQUE:
        return account_code(AccountKind.CHEQUES, office.code)
    if contribution.tender is Tender.CARD_TERMINAL:
        return account_code(AccountKind.GATEWAY, contribution.terminal or "")
    return None


def _moved_on(session: Session, posting_id: int) -> Mapping[str, str]:
    """Where the cash of a posting lies now: at the desk, once its drawer was closed."""
    found = drawer_of_posting(session, posting_id)
    if found is None or found[1]:
        return {}
    closed = found[0]
    return {closed.account: account_code(AccountKind.DESK, closed.office.code)}


def terminal_called(session: Session, name: str) -> Terminal:
    """The terminal of this name. Raises NotFound."""
    terminal = session.scalars(_TERMINAL, {"name": name}).one_or_none()
    if terminal is None:
        raise NotFound(subject="terminal")
    return terminal


def _expect_nothing_of(session: Session, source: MoneySource, source_id: int) -> None:
    """Money that has been given back is not waited for; what was paid out cannot be undone."""
    dropped = session.execute(
        delete(ExpectedTerminalMoney).where(
            ExpectedTerminalMoney.source == source,
            ExpectedTerminalMoney.source_id == source_id,
        )
    )
    if dropped.rowcount == 0:  # type: ignore[attr-defined]
        raise AlreadySettled
