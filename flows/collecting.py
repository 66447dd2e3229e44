"""Rounds of charity boxes: opened, found, counted by one, confirmed by another, become gifts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.refusals import Refusal
from core.rial import AMOUNT_RIAL_MAX
from donations.custody.boxes import (
    Placing,
    SealUnusable,
    move_box,
    read_seal,
    register_box,
    write_seal,
)
from donations.custody.boxes import change_seal as change_seal_of_box
from donations.custody.counting import (
    count_of_request,
    count_with,
    sum_of_notes,
    write_count,
    write_decision,
)
from donations.custody.in_scope import box_in, round_in
from donations.custody.rounds import (
    EMPTIED,
    Collector,
    Found,
    SealMissing,
    amounts_of,
    findings_of,
    open_round_in,
    what_was_said,
    write_findings,
    write_remark,
    write_round,
)
from donations.custody.rounds import cancel_round as cancel_uncounted_round
from donations.models.cash_count import CashCount
from donations.models.charity_box import BoxSeal, BoxState, CharityBox
from donations.models.collection_round import (
    BoxAmount,
    BoxFinding,
    CollectionRound,
    RoundClosing,
    RoundContribution,
)
from donations.models.contribution import Tender
from donations.models.desk import Decision
from donations.models.fund import Fund
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.pledging import promise
from flows.receiving import receive_at_desk
from offices.audit import note
from offices.holding import hold_office
from offices.scope import Scope
from receipts.life.series import Receipt


class FindingsMissing(Refusal):
    """Boxes of the round of which nobody has said how they were found."""

    code = "round.findings_missing"


class BoxesDiffer(Refusal):
    """The boxes' amounts do not sum to the notes that were counted."""

    code = "round.boxes_differ"
    http_status = 422


class AmountOfUnemptied(Refusal):
    """An amount beside a box that was missing, or left as it was."""

    code = "round.not_emptied"
    http_status = 422


@dataclass(frozen=True, slots=True)
class Emptied:
    """What one box held, in rials, and the seal that closes it again."""

    amount_rial: int
    new_seal: str = ""


def add_box(
    session: Session,
    office_id: int,
    placing: Placing,
    *,
    fund: str,
    seal_number: str,
    registered_by_id: int,
    request_key: str | None,
    now: datetime,
) -> CharityBox:
    """Register a box of an office. Raises what ``register_box`` raises."""
    return register_box(
        session,
        hold_office(session, office_id),
        placing,
        fund=fund,
        seal_number=seal_number,
        registered_by_id=registered_by_id,
        request_key=request_key,
        now=now,
    )


def place_box(
    session: Session,
    scope: Scope,
    box_id: int,
    state: BoxState,
    placing: Placing,
    *,
    told_by_id: int,
    now: datetime,
) -> None:
    """Say where a box is from now on. Raises what ``move_box`` raises."""
    hold_office(session, box_in(session, scope, box_id).office_id)
    move_box(session, scope, box_id, state, placing, told_by_id=told_by_id, now=now)


def change_seal(
    session: Session,
    scope: Scope,
    box_id: int,
    seal_number: str,
    *,
    reason: str,
    set_by_id: int,
    now: datetime,
) -> None:
    """Seal a box anew, outside of a round. Raises what ``boxes.change_seal`` raises."""
    hold_office(session, box_in(session, scope, box_id).office_id)
    change_seal_of_box(
        session, scope, box_id, seal_number, reason=reason, set_by_id=set_by_id, now=now
    )


def open_round(
    session: Session,
    office_id: int,
    box_ids: Sequence[int],
    collectors: tuple[Collector, Collector],
    *,
    opened_by_id: int,
    request_key: str | None,
    now: datetime,
) -> CollectionRound:
    """Send two persons out for boxes of an office. Raises what ``write_round`` raises."""
    return write_round(
        session,
        hold_office(session, office_id),
        box_ids,
        collectors,
        opened_by_id=opened_by_id,
        request_key=request_key,
        now=now,
    )


def tell_findings(
    session: Session,
    scope: Scope,
    round_id: int,
    found: Mapping[int, Found],
    *,
    told_by_id: int,
    now: datetime,
) -> None:
    """Say how boxes were found. Raises what ``write_findings`` raises."""
    hold_office(session, round_in(session, scope, round_id).office_id)
    write_findings(session, scope, round_id, found, told_by_id=told_by_id, now=now)


def remark(
    session: Session,
    scope: Scope,
    round_id: int,
    place: int,
    text: str,
    *,
    written_by_id: int,
    now: datetime,
) -> None:
    """Write down what a collector says. Raises what ``write_remark`` raises."""
    hold_office(session, round_in(session, scope, round_id).office_id)
    write_remark(session, scope, round_id, place, text, written_by_id=written_by_id, now=now)


def cancel_round(
    session: Session,
    scope: Scope,
    round_id: int,
    reason: str,
    *,
    cancelled_by_id: int,
    now: datetime,
) -> None:
    """End a round before it was counted. Raises what ``rounds.cancel_round`` raises."""
    hold_office(session, round_in(session, scope, round_id).office_id)
    cancel_uncounted_round(
        session, scope, round_id, reason, cancelled_by_id=cancelled_by_id, now=now
    )


def count_round(
    session: Session,
    scope: Scope,
    round_id: int,
    quantities: Mapping[int, int],
    emptied: Mapping[int, Emptied],
    *,
    counted_by_id: int,
    request_key: str | None,
    now: datetime,
) -> CashCount:
    """Count what a round brought: note by note, and box by box with each one's new seal.

    The count waits until another person confirms it; one before it waits no more. The same form
    sent twice is one count. Raises NotFound, RoundClosed, FindingsMissing, AmountOfUnemptied,
    SealMissing, SealUnusable, BoxesDiffer, UnreadableCount.
    """
    key = f"count:{counted_by_id}:{request_key}" if request_key else None
    hold_office(session, round_in(session, scope, round_id).office_id)
    if key is not None and (known := count_of_request(session, key)) is not None:
        return known
    counted = open_round_in(session, scope, round_id)
    found = findings_of(session, counted)
    _refuse_unfound(counted, found)
    rows = [_amount_of(session, row.id, row.box, found, emptied) for row in counted.boxes]
    boxes_rial = sum(row.amount_rial for row in rows)
    counted_rial = sum_of_notes(session, quantities, now=now)
    if counted_rial != boxes_rial:
        raise BoxesDiffer(boxes_rial=boxes_rial, counted_rial=counted_rial)
    count = write_count(
        session,
        quantities,
        round_id=round_id,
        expected_rial=boxes_rial,
        counted_by_id=counted_by_id,
        request_key=key,
        now=now,
    )
    for row in rows:
        row.count_id = count.id
    session.add_all(rows)
    session.flush()
    _note(session, "round.count", counted, counted_by_id, now=now, counted_rial=counted_rial)
    return count


def decide_on_round(
    session: Session,
    scope: Scope,
    count_id: int,
    decision: Decision,
    *,
    decided_by_id: int,
    now: datetime,
) -> Sequence[Receipt]:
    """Confirm a count, which closes its round, or decline: then it is counted again.

    A closed round becomes one contribution for each fund of its boxes, without a donor's name, and
    its money lies at the desk. Raises NotFound, RoundClosed, CountSecondPersonNeeded, CountDecided,
    FindingsMissing, AmountOfUnemptied, RemarksMissing, SealUnusable.
    """
    count = count_with(session, count_id)
    hold_office(session, round_in(session, scope, count.round_id or 0).office_id)
    closed = open_round_in(session, scope, count.round_id or 0)
    write_decision(session, count, decision, decided_by_id=decided_by_id, now=now)
    _note(session, f"round.count_{decision}", closed, decided_by_id, now=now, count=count_id)
    if decision is Decision.DECLINED:
        return ()
    _write_closing(session, closed, count, confirmed_by_id=decided_by_id, now=now)
    _seal_again(session, closed, count, set_by_id=count.counted_by_id, now=now)
    return _become_gifts(session, closed, count, staff_id=decided_by_id, now=now)


def _write_closing(
    session: Session,
    closed: CollectionRound,
    count: CashCount,
    *,
    confirmed_by_id: int,
    now: datetime,
) -> None:
    found = findings_of(session, closed)
    _refuse_unfound(closed, found)
    amounts = amounts_of(session, count)
    for row in closed.boxes:
        if amounts[row.id].amount_rial and found[row.id].condition not in EMPTIED:
            raise AmountOfUnemptied(number=row.box.number)
        if found[row.id].condition in EMPTIED and not amounts[row.id].new_seal:
            raise SealMissing(number=row.box.number)  # found otherwise since it was counted
    said = what_was_said(session, closed)
    session.add(
        RoundClosing(
            round_id=closed.id,
            count_id=count.id,
            counted_by_id=count.counted_by_id,
            decision=Decision.APPROVED,
            closed_by_id=confirmed_by_id,
            reason="",
            unsound_count=said.unsound_count,
            first_remark=said.first_remark,
            second_remark=said.second_remark,
            closed_on=tehran_date(now),
            closed_at=now,
        )
    )
    session.flush()
    _note(
        session,
        "round.close",
        closed,
        confirmed_by_id,
        now=now,
        counted_rial=count.counted_rial,
        unsound=said.unsound_count,
    )


def _seal_again(
    session: Session, closed: CollectionRound, count: CashCount, *, set_by_id: int, now: datetime
) -> None:
    amounts = amounts_of(session, count)
    for row in closed.boxes:
        if new_seal := amounts[row.id].new_seal:
            write_seal(session, row.box, new_seal, round_id=closed.id, set_by_id=set_by_id, now=now)


def _become_gifts(
    session: Session, closed: CollectionRound, count: CashCount, *, staff_id: int, now: datetime
) -> Sequence[Receipt]:
    amounts = amounts_of(session, count)
    by_fund: dict[int, int] = {}
    for row in closed.boxes:
        fund_id = row.box.fund_id
        by_fund[fund_id] = by_fund.get(fund_id, 0) + amounts[row.id].amount_rial
    receipts = []
    for fund_id, amount_rial in sorted(by_fund.items()):
        if not amount_rial:
            continue
        pledge = promise(
            session,
            [CashItem(amount_rial, session.get_one(Fund, fund_id).code)],
            donor=DonorFacts(),
            office_id=closed.office_id,
            channel=Channel.DESK,
            taken_by_id=staff_id,
            now=now,
        )
        receipt = receive_at_desk(
            session, pledge, tender=Tender.CASH, staff_id=staff_id, into_drawer=False, now=now
        )
        session.add(
            RoundContribution(
                contribution_id=receipt.contribution_id,
                round_id=closed.id,
                count_id=count.id,
                fund_id=fund_id,
            )
        )
        receipts.append(receipt)
    session.flush()
    return receipts


def _amount_of(
    session: Session,
    round_box_id: int,
    box: CharityBox,
    found: Mapping[int, BoxFinding],
    emptied: Mapping[int, Emptied],
) -> BoxAmount:
    """What one box held, checked against how it was found."""
    told = emptied.get(round_box_id, Emptied(0))
    new_seal = read_seal(told.new_seal)
    was_emptied = found[round_box_id].condition in EMPTIED
    if not was_emptied and (told.amount_rial or new_seal):
        raise AmountOfUnemptied(number=box.number)
    if not 0 <= told.amount_rial <= AMOUNT_RIAL_MAX:
        raise BoxesDiffer(boxes_rial=0, counted_rial=0)
    if was_emptied and not new_seal:
        raise SealMissing(number=box.number)
    if new_seal and session.scalar(
        select(BoxSeal.id).where(BoxSeal.box_id == box.id, BoxSeal.seal_number == new_seal)
    ):
        raise SealUnusable(number=box.number)
    return BoxAmount(round_box_id=round_box_id, amount_rial=told.amount_rial, new_seal=new_seal)


def _refuse_unfound(of: CollectionRound, found: Mapping[int, BoxFinding]) -> None:
    if missing := [row.box.number for row in of.boxes if row.id not in found]:
        raise FindingsMissing(count=len(missing), first=missing[0])


def _note(
    session: Session,
    action: str,
    of: CollectionRound,
    actor_id: int,
    *,
    now: datetime,
    **facts: object,
) -> None:
    note(
        session,
        action,
        subject="collection_round",
        subject_id=of.id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
