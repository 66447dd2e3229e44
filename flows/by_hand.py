"""What a person says of an open line: explained and booked as the rules would, one line or many."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.refusals import Refusal
from donations.models.pledge import Channel
from donations.pledging import CashItem, DonorFacts
from flows.booking import book_found
from flows.pledging import promise
from offices.audit import note
from reconciliation.assigning import (
    Part,
    begin_to_find,
    find_by_hand,
    find_fee_by_hand,
    find_refund_by_hand,
    find_reversal_by_hand,
    find_slip_by_hand,
    find_split_by_hand,
    find_transfer_by_hand,
    open_credit,
    refuse_cash_of_slip,
)
from reconciliation.matching import write_matches
from reconciliation.running import begin_by_hand
from reconciliation.suggesting import confirmed


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of offers that were accepted together: explained lines, and those refused."""

    run_id: int
    line_ids: Sequence[int]
    refused: Sequence[tuple[int, Refusal]]


def assign(
    session: Session,
    line_id: int,
    pledge_id: int,
    *,
    as_given: bool = False,
    made_by_id: int,
    now: datetime,
) -> None:
    """Say that an open line is the money of a pledge.

    Raises what ``reconciliation.assigning.find_by_hand`` raises.
    """
    begin_to_find(session, [line_id], [pledge_id])
    find_by_hand(session, line_id, pledge_id, as_given=as_given)
    confirmed(session, line_id, pledge_id, by=made_by_id, now=now)
    _write(session, [line_id], "reconciliation.assign", made_by_id=made_by_id, now=now)


def split(
    session: Session, line_id: int, parts: Sequence[Part], *, made_by_id: int, now: datetime
) -> None:
    """Say that an open line is the money of several pledges, to the rial.

    Raises what ``reconciliation.assigning.find_split_by_hand`` raises.
    """
    begin_to_find(session, [line_id], [part.pledge_id for part in parts])
    find_split_by_hand(session, line_id, parts)
    for part in parts:
        confirmed(session, line_id, part.pledge_id, by=made_by_id, now=now)
    _write(session, [line_id], "reconciliation.split", made_by_id=made_by_id, now=now)


def receive_unidentified(
    session: Session, line_id: int, *, fund: str | None, made_by_id: int, now: datetime
) -> str:
    """Receive an open credit as a gift of somebody unknown; returns its tracking code.

    It becomes a pledge without a donor, so that it is received, receipted and followed like any
    other. Whoever turns up later is given the line by undoing this and assigning it. Raises
    NotFound, LineNotOpen, WrongSide, CashOfSlip, UnknownFund.
    """
    begin_to_find(session, [line_id])
    line = open_credit(session, line_id)
    refuse_cash_of_slip(session, line)
    pledge = promise(
        session,
        [CashItem(line.amount_rial, fund)],
        donor=DonorFacts(),
        office_id=None,
        channel=Channel.OTHER,
        external_reference=f"line-{line_id}",
        taken_by_id=made_by_id,
        now=now,
    )
    find_by_hand(session, line_id, pledge.id, as_given=False)
    _write(
        session, [line_id], "reconciliation.receive_unidentified", made_by_id=made_by_id, now=now
    )
    return pledge.tracking_code


def mark_fee(session: Session, line_id: int, *, made_by_id: int, now: datetime) -> None:
    """Say that an open debit is a fee of the bank.

    Raises what ``reconciliation.assigning.find_fee_by_hand`` raises.
    """
    begin_to_find(session, [line_id])
    find_fee_by_hand(session, line_id)
    _write(session, [line_id], "reconciliation.mark_fee", made_by_id=made_by_id, now=now)


def mark_refund(
    session: Session, line_id: int, request_id: int, *, made_by_id: int, now: datetime
) -> None:
    """Say that an open debit is the money of a refund.

    Raises what ``reconciliation.assigning.find_refund_by_hand`` raises.
    """
    begin_to_find(session, [line_id])
    find_refund_by_hand(session, line_id, request_id)
    _write(session, [line_id], "reconciliation.mark_refund", made_by_id=made_by_id, now=now)


def mark_slip(
    session: Session, line_id: int, slip_id: int, *, made_by_id: int, now: datetime
) -> None:
    """Say that an open credit is the cash of a slip, also where it does not bear the slip's id.

    Raises what ``reconciliation.assigning.find_slip_by_hand`` raises.
    """
    begin_to_find(session, [line_id])
    find_slip_by_hand(session, line_id, slip_id)
    _write(session, [line_id], "reconciliation.mark_slip", made_by_id=made_by_id, now=now)


def mark_transfer(
    session: Session, line_id: int, other_id: int, *, made_by_id: int, now: datetime
) -> None:
    """Say that two open lines are one transfer between accounts of the register.

    Raises what ``reconciliation.assigning.find_transfer_by_hand`` raises.
    """
    begin_to_find(session, [line_id, other_id])
    find_transfer_by_hand(session, line_id, other_id)
    lines = [line_id, other_id]
    _write(session, lines, "reconciliation.mark_transfer", made_by_id=made_by_id, now=now)


def mark_reversal(
    session: Session, line_id: int, other_id: int, *, made_by_id: int, now: datetime
) -> None:
    """Say that one open line of an account takes the other back.

    Raises what ``reconciliation.assigning.find_reversal_by_hand`` raises.
    """
    begin_to_find(session, [line_id, other_id])
    find_reversal_by_hand(session, line_id, other_id)
    lines = [line_id, other_id]
    _write(session, lines, "reconciliation.mark_reversal", made_by_id=made_by_id, now=now)


def accept(
    session: Session, pairs: Sequence[tuple[int, int]], *, made_by_id: int, now: datetime
) -> Accepted:
    """Accept offers together: each line is its pledge's money, with exactly its amount.

    What does not hold any more is left out and told. All of it is a run of its own, so that one
    undo takes it back.
    """
    begin_to_find(session, [line_id for line_id, _ in pairs], [pledge_id for _, pledge_id in pairs])
    found: list[int] = []
    refused: list[tuple[int, Refusal]] = []
    for line_id, pledge_id in sorted(pairs):  # in one order, whoever else takes the same lines
        try:
            find_by_hand(session, line_id, pledge_id, as_given=False)
        except Refusal as refusal:
            refused.append((line_id, refusal))
        else:
            confirmed(session, line_id, pledge_id, by=made_by_id, now=now)
            found.append(line_id)
    run_id = 0
    if found:
        run_id = begin_by_hand(session, len(found), started_by_id=made_by_id, now=now)
        _write(
            session, found, "reconciliation.accept", run_id=run_id, made_by_id=made_by_id, now=now
        )
    return Accepted(run_id, found, refused)


def _write(
    session: Session,
    line_ids: Sequence[int],
    action: str,
    *,
    run_id: int | None = None,
    made_by_id: int,
    now: datetime,
) -> None:
    write_matches(session, run_id=run_id, made_by_id=made_by_id, now=now)
    book_found(session, recorded_by_id=made_by_id, now=now)
    for line_id in line_ids:
        note(
            session,
            action,
            subject="statement_line",
            subject_id=line_id,
            now=now,
            actor_id=made_by_id,
        )
