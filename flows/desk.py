"""What a desk does in one go: record a walk-in gift, hand cash to the bank, decide on a void."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Exists, ScalarSelect, exists, select
from sqlalchemy.orm import Session, selectinload

from core.clock import tehran_date
from core.database import sum_rial
from core.refusals import NotFound, Refusal
from donations.accepting import Found
from donations.custody.drawers import drawer_of_posting
from donations.custody.slip_sources import chosen_sources, write_sources
from donations.in_scope import slips_in
from donations.models.cashier import CashierSession
from donations.models.contribution import (
    Contribution,
    ContributionReversal,
    Origin,
    Tender,
)
from donations.models.desk import Decision, DepositSlip, DeskEntry, VoidRequest
from donations.models.pledge import Channel, Pledge
from donations.paying import locked_pledge
from donations.pledging import DonorFacts, Item
from donations.slips import slip_of_request, slip_stands, write_slip
from donations.tracking import pledge_with_code
from donations.voiding import decide_on_void, refuse_foreign_money
from flows.pledging import promise
from flows.receiving import receive_at_desk, reverse_contribution
from flows.slip_voids import refuse_carried
from flows.volunteers import refuse_planned
from ledger.accounts import AccountKind, LedgerAccount, account_code, central_account
from ledger.postings import Cause, Entry, posting_of
from ledger.terminals import Terminal
from offices.audit import note
from offices.holding import hold_office
from offices.places import ONLINE_OFFICE_CODE, Office
from offices.scope import Scope
from offices.staff import StaffMember
from receipts.life.numbering import GivenNumber
from receipts.life.series import Receipt
from reconciliation.expected import Expects, expect_deposit
from reconciliation.matches import Match, MatchUndo, Target, has_target


class SeenBefore(Refusal):
    """A cheque or card slip whose number stands on another entry of this desk already."""

    code = "entry.seen_before"


class CashHandedOver(Refusal):
    """The cash of an entry is at the bank, or on its way there: the desk cannot give it back."""

    code = "void.cash_handed_over"


@dataclass(frozen=True, slots=True)
class WalkIn:
    """What somebody brought to a counter, and in what form its money came."""

    items: Sequence[Item]
    donor: DonorFacts
    tender: Tender | None = None  # empty where there is no money
    terminal: str | None = None
    trace_number: str | None = None
    cheque_number: str | None = None
    language: str = "fa"
    found: Mapping[int, Found] = field(default_factory=dict)  # by the place of the item, from 0
    promised: Collection[int] = ()  # the places of items that are only promised today
    is_another: bool = False  # somebody looked at a similar entry and said that this is not it


@dataclass(frozen=True, slots=True)
class Arrival:
    """What of an earlier promise lies on the counter, and in what form its money came."""

    tracking_code: str
    item_ids: Collection[int]  # all of the cash items or none
    tender: Tender | None = None
    terminal: str | None = None
    trace_number: str | None = None
    cheque_number: str | None = None
    found: Mapping[int, Found] = field(default_factory=dict)  # by the id of the item
    is_another: bool = False


@dataclass(frozen=True, slots=True)
class Drawer:
    """The money of one desk, in rials."""

    at_desk_rial: int  # outside of cashiers' drawers
    in_drawers_rial: int  # of open sessions
    under_way_rial: int  # on slips that no statement has confirmed yet
    cheques_rial: int

    @property
    def in_hand_rial(self) -> int:
        """All of the office's cash."""
        return self.at_desk_rial + self.in_drawers_rial

    @property
    def free_rial(self) -> int:
        """What can still be handed to the bank, or taken into a drawer."""
        return self.at_desk_rial - self.under_way_rial


def record_walk_in(
    session: Session,
    walk_in: WalkIn,
    *,
    office_id: int,
    staff_id: int,
    request_key: str | None,
    now: datetime,
    given: GivenNumber | None = None,
    received_at: datetime | None = None,
) -> Receipt:
    """Promise, contribution, posting and receipt number of a gift at the counter, all or nothing.

    The same form sent twice is one entry. ``given`` and ``received_at`` are those of a gift that a
    browser kept while it had no line. Raises SeenBefore, NotFound for a terminal of another
    desk, and what ``promise`` raises.
    """
    key = _key(staff_id, request_key) if request_key else None
    # A form sent twice at one moment: the second waits here until the first is saved.
    session.get_one(StaffMember, staff_id, with_for_update={"key_share": True})
    if key is not None and (receipt := receipt_of_request(session, key)) is not None:
        return receipt
    _refuse_terminal_elsewhere(session, walk_in.terminal, office_id)
    same_number = refuse_same_number(session, walk_in, office_id, now=received_at or now)
    pledge = promise(
        session,
        walk_in.items,
        donor=walk_in.donor,
        office_id=office_id,
        channel=Channel.DESK,
        language=walk_in.language,
        request_key=key,
        taken_by_id=staff_id,
        now=now,
    )
    if walk_in.is_another:
        _note_told_apart(session, pledge, same_number, staff_id=staff_id, now=now)
    return receive_at_desk(
        session,
        pledge,
        tender=walk_in.tender,
        terminal=walk_in.terminal,
        trace_number=walk_in.trace_number,
        cheque_number=walk_in.cheque_number,
        item_ids=[
            item.id for place, item in enumerate(pledge.items) if place not in walk_in.promised
        ],
        found={pledge.items[place].id: found for place, found in walk_in.found.items()},
        staff_id=staff_id,
        request_key=key,
        now=now,
        given=given,
        received_at=received_at,
    )


def receive_promised(
    session: Session,
    scope: Scope,
    arrival: Arrival,
    *,
    office_id: int,
    staff_id: int,
    request_key: str | None,
    now: datetime,
) -> Receipt:
    """Receive at a desk what was promised before, online or by telephone, under one receipt.

    The same form sent twice is one entry. Raises NotFound, SeenBefore, NothingToReceive,
    HoursArePlanned.
    """
    key = _key(staff_id, request_key) if request_key else None
    session.get_one(StaffMember, staff_id, with_for_update={"key_share": True})
    if key is not None and (receipt := receipt_of_request(session, key)) is not None:
        return receipt
    pledge = promised_to(session, scope, arrival.tracking_code)
    _refuse_terminal_elsewhere(session, arrival.terminal, office_id)
    refuse_planned(session, arrival.item_ids)
    same_number = refuse_same_number(session, arrival, office_id, now=now)
    if arrival.is_another:
        _note_told_apart(session, pledge, same_number, staff_id=staff_id, now=now)
    return receive_at_desk(
        session,
        pledge,
        tender=arrival.tender,
        terminal=arrival.terminal,
        trace_number=arrival.trace_number,
        cheque_number=arrival.cheque_number,
        office_id=office_id,
        item_ids=arrival.item_ids,
        found=arrival.found,
        staff_id=staff_id,
        request_key=key,
        now=now,
    )


def promised_to(session: Session, scope: Scope, tracking_code: str) -> Pledge:
    """The pledge whose code a visitor shows at a desk: one for this desk, or for none.

    Raises NotFound, also for one of a desk outside the scope.
    """
    pledge = pledge_with_code(session, tracking_code)
    online = select(Office.id).where(Office.code == ONLINE_OFFICE_CODE)
    if not scope.covers(pledge.office_id) and pledge.office_id != session.scalars(online).one():
        raise NotFound(subject="pledge")
    return pledge


def is_recorded(session: Session, *, staff_id: int, request_key: str) -> bool:
    """Whether this form of this person was saved before."""
    return recorded_under(session, staff_id=staff_id, request_key=request_key) is not None


def recorded_under(session: Session, *, staff_id: int, request_key: str) -> Receipt | None:
    """The receipt of the entry that this form of this person was saved as, if it was."""
    return receipt_of_request(session, _key(staff_id, request_key))


def terminals_at(session: Session, office_id: int) -> Sequence[Terminal]:
    """The card terminals that stand at a desk."""
    return session.scalars(
        select(Terminal).where(Terminal.office_id == office_id).order_by(Terminal.name)
    ).all()


def drawer(session: Session, office: Office) -> Drawer:
    """What a desk holds by the books, and what of it is on its way to the bank.

    Asked in one statement, so that a slip confirmed meanwhile is never counted twice or not at all.
    """
    under_way = select(sum_rial(DepositSlip.amount_rial)).where(
        DepositSlip.office_id == office.id, slip_stands(), ~_is_confirmed()
    )
    row = session.execute(
        select(
            _balance(AccountKind.DESK, office),
            _in_drawers(office),
            under_way.scalar_subquery(),
            _balance(AccountKind.CHEQUES, office),
        )
    ).one()
    return Drawer(*row)


def hand_over_cash(
    session: Session,
    office_id: int,
    amount_rial: int,
    *,
    sources: Collection[str] = (),
    made_by_id: int,
    request_key: str | None,
    now: datetime,
) -> DepositSlip:
    """Write the slip that takes a desk's cash to the bank, and look out for its deposit.

    ``sources`` are the closed sessions and rounds whose money it is, by the keys of
    ``slip_sources.Source``. The same form sent twice is one slip. Raises NotInHand,
    UnreadableAmount, SourceUnusable, NotOfSources.
    """
    key = f"slip:{made_by_id}:{request_key}" if request_key else None
    office = hold_office(session, office_id)
    if key is not None and (known := slip_of_request(session, key)) is not None:
        return known
    chosen = chosen_sources(session, office_id, sources, amount_rial)
    slip = write_slip(
        session,
        office,
        bank_account_id=central_account(session).id,
        amount_rial=amount_rial,
        free_rial=drawer(session, office).free_rial,
        made_by_id=made_by_id,
        request_key=key,
        now=now,
    )
    write_sources(session, slip, chosen)
    expect_deposit(session, slip.deposit_id, amount_rial, Expects.DEPOSIT_SLIP, slip.id)
    note(
        session,
        "slip.make",
        subject="deposit_slip",
        subject_id=slip.id,
        now=now,
        actor_id=made_by_id,
        amount_rial=amount_rial,
        deposit_id=slip.deposit_id,
    )
    return slip


def slips_with_state(
    session: Session, scope: Scope, *, before_id: int | None = None, limit: int = 50
) -> Sequence[tuple[DepositSlip, bool]]:
    """One page of slips, newest first, each with whether the bank's statement confirmed it.

    One that was voided says so itself, and no statement confirms it.
    """
    statement = (
        slips_in(scope)
        .add_columns(_is_confirmed())
        .order_by(DepositSlip.id.desc())
        .options(selectinload(DepositSlip.void))
    )
    if before_id is not None:
        statement = statement.where(DepositSlip.id < before_id)
    return [(slip, bool(seen)) for slip, seen in session.execute(statement.limit(limit))]


def approve_void(
    session: Session, scope: Scope, request_id: int, *, decided_by_id: int, now: datetime
) -> VoidRequest:
    """Void an entry that somebody else asked to void: decision and reversal commit together.

    A round or session that was closed stays closed: what is voided of it is not its cash any more.
    Raises NotFound, SecondPersonNeeded, AlreadyDecided, PaidOnline, DepositMatched, CashOnSlip,
    CashAtTheBank, CashHandedOver, and what the reversal refuses.
    """
    request = decide_on_void(
        session, scope, request_id, Decision.APPROVED, decided_by_id=decided_by_id, now=now
    )
    contribution = session.get_one(Contribution, request.contribution_id)
    refuse_foreign_money(contribution)
    hold_office(session, contribution.office_id)  # its stock too, before the pledge and its needs
    if contribution.tender is Tender.CASH:
        _take_back(session, contribution)
    reverse_contribution(
        session,
        request.contribution_id,
        reason=request.reason,
        asked_by_id=request.asked_by_id,
        approved_by_id=decided_by_id,
        now=now,
    )
    return request


def _take_back(session: Session, contribution: Contribution) -> None:
    """See to it that desk or drawer can give the cash of an entry back until the transaction ends.

    Cash of a session that is open lies in its drawer still; any other lies at the desk.
    """
    office = hold_office(session, contribution.office_id)
    locked_pledge(session, contribution.pledge_id)  # before a drawer, as whoever receives does
    posting_id = posting_of(session, Cause.CONTRIBUTION, contribution.id)
    found = drawer_of_posting(session, posting_id)
    if found is not None and found[1]:
        return
    refuse_carried(session, contribution, found[0] if found else None)
    free_rial = drawer(session, office).free_rial
    if sum(line.amount_rial or 0 for line in contribution.lines) > free_rial:
        raise CashHandedOver(free_rial=max(free_rial, 0))


def _key(staff_id: int, request_key: str) -> str:
    # Bound to the person, so that nobody reads an entry by guessing somebody else's key.
    return f"desk:{staff_id}:{request_key}"


def receipt_of_request(session: Session, key: str) -> Receipt | None:
    """The receipt that an earlier sending of the same form of a desk led to."""
    return session.scalars(
        select(Receipt)
        .join(Contribution, Contribution.id == Receipt.contribution_id)
        .join(DeskEntry, DeskEntry.id == Contribution.cause_id)
        .where(
            Contribution.origin == Origin.DESK, DeskEntry.request_key == key, Receipt.is_latest()
        )
    ).one_or_none()


def refuse_same_number(
    session: Session, brought: WalkIn | Arrival, office_id: int, *, now: datetime
) -> int | None:
    """The entry of this desk on which the same cheque or card slip stands, told apart by a person.

    Raises SeenBefore where nobody has. Two banks may print the same cheque number and a terminal
    counts anew every day, so only a person knows; other desks are neither asked nor told about.
    """
    if brought.tender is Tender.CHEQUE:
        same = Contribution.cheque_number == brought.cheque_number
        field = "cheque_number"
    elif brought.tender is Tender.CARD_TERMINAL:
        same = (
            (Contribution.terminal == brought.terminal)
            & (Contribution.trace_number == brought.trace_number)
            & (Contribution.received_on == tehran_date(now))
        )
        field = "trace_number"
    else:
        return None
    # Whoever enters the same one at this moment at this desk waits here, and then finds it.
    hold_office(session, office_id)
    stands = ~exists().where(ContributionReversal.contribution_id == Contribution.id)
    seen = session.scalars(
        select(Contribution.id)
        .where(same, stands, Contribution.office_id == office_id)
        .order_by(Contribution.id)
        .limit(1)
    ).first()
    if seen is not None and not brought.is_another:
        raise SeenBefore(field=field)
    return seen


def _refuse_terminal_elsewhere(session: Session, name: str | None, office_id: int) -> None:
    """Raise NotFound for a card terminal that stands at another desk."""
    elsewhere = select(Terminal.id).where(Terminal.name == name, Terminal.office_id != office_id)
    if name is not None and session.scalars(elsewhere).first() is not None:
        raise NotFound(subject="terminal")


def _note_told_apart(
    session: Session, pledge: Pledge, same_number: int | None, *, staff_id: int, now: datetime
) -> None:
    note(
        session,
        "pledge.told_apart",
        subject="pledge",
        subject_id=pledge.id,
        now=now,
        actor_id=staff_id,
        same_number_as=same_number,
    )


def _balance(kind: AccountKind, office: Office) -> ScalarSelect[int]:
    return (
        select(sum_rial(Entry.amount_rial))
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .where(LedgerAccount.code == account_code(kind, office.code))
        .scalar_subquery()
    )


def _in_drawers(office: Office) -> ScalarSelect[int]:
    return (
        select(sum_rial(Entry.amount_rial))
        .join(LedgerAccount, LedgerAccount.id == Entry.account_id)
        .join(CashierSession, CashierSession.account == LedgerAccount.code)
        .where(CashierSession.office_id == office.id)
        .scalar_subquery()
    )


def _is_confirmed() -> Exists:
    return (
        exists()
        .where(
            has_target(Target.DEPOSIT_SLIP, DepositSlip.id),
            ~exists().where(MatchUndo.match_id == Match.id),
        )
        .correlate(DepositSlip)
    )
