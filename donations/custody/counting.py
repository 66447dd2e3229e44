"""Counting cash note by note, and a second person's decision on a count."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, selectinload

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import NotFound, Refusal
from donations.custody.denominations import denominations_on
from donations.models.cash_count import CashCount, CountDecision, CountedNote
from donations.models.desk import Decision
from donations.voiding import REASON_MAX

QUANTITY_MAX = 999_999


class UnreadableCount(Refusal):
    """A number of notes that is not a whole number, or of a note that nobody counts."""

    code = "count.unreadable"
    http_status = 422


class DifferenceReasonMissing(Refusal):
    """What was counted is not what had to be there, and no reason is given."""

    code = "count.reason_missing"
    http_status = 422
    field = "reason"


class CountSecondPersonNeeded(Refusal):
    """Whoever counted, or whose drawer it is, cannot decide on the count."""

    code = "count.second_person_needed"
    http_status = 403


class CountDecided(Refusal):
    """Somebody decided on this count, or counted again."""

    code = "count.decided"


def sum_of_notes(session: Session, quantities: Mapping[int, int], *, now: datetime) -> int:
    """What so many of each denomination, by id, come to in rials. Raises UnreadableCount."""
    values = {row.id: row.value_rial for row in denominations_on(session, tehran_date(now))}
    if not quantities.keys() <= values.keys() or not all(
        0 <= quantity <= QUANTITY_MAX for quantity in quantities.values()
    ):
        raise UnreadableCount
    return sum(values[each] * quantity for each, quantity in quantities.items())


def write_count(
    session: Session,
    quantities: Mapping[int, int],
    *,
    session_id: int | None = None,
    round_id: int | None = None,
    expected_rial: int,
    reason: str = "",
    counted_by_id: int,
    request_key: str | None,
    now: datetime,
) -> CashCount:
    """Write down a count of a session or a round. Raises UnreadableCount, DifferenceReasonMissing.

    The caller holds what is counted, so that ``expected_rial`` stays true.
    """
    counted_rial = sum_of_notes(session, quantities, now=now)
    difference_rial = counted_rial - expected_rial
    reason = normalise(reason) if difference_rial else ""
    if difference_rial and not 0 < len(reason) <= REASON_MAX:
        raise DifferenceReasonMissing(
            counted_rial=counted_rial, expected_rial=expected_rial, longest=REASON_MAX
        )
    count = CashCount(
        session_id=session_id,
        round_id=round_id,
        expected_rial=expected_rial,
        counted_rial=counted_rial,
        difference_rial=difference_rial,
        reason=reason,
        counted_by_id=counted_by_id,
        counted_at=now,
        request_key=request_key,
        notes=[
            CountedNote(denomination_id=each, quantity=quantity)
            for each, quantity in sorted(quantities.items())
            if quantity
        ],
    )
    session.add(count)
    session.flush()
    return count


def count_of_request(session: Session, request_key: str) -> CashCount | None:
    """The count that an earlier sending of the same form already wrote."""
    return session.scalars(
        select(CashCount).where(CashCount.request_key == request_key)
    ).one_or_none()


def count_with(session: Session, count_id: int) -> CashCount:
    """One count. Raises NotFound."""
    found = session.get(CashCount, count_id)
    if found is None:
        raise NotFound(subject="cash_count")
    return found


def counts_of_session(session: Session, session_id: int) -> Sequence[CashCount]:
    """Every count of a session, the latest first."""
    return _counts(session, CashCount.session_id == session_id)


def counts_of_round(session: Session, round_id: int) -> Sequence[CashCount]:
    """Every count of a round, the latest first."""
    return _counts(session, CashCount.round_id == round_id)


def open_count(counts: Sequence[CashCount]) -> CashCount | None:
    """Of the counts of one thing, the one that waits for a second person: only the latest can."""
    return counts[0] if counts and counts[0].decision is None else None


def write_decision(
    session: Session,
    count: CashCount,
    decision: Decision,
    *,
    decided_by_id: int,
    not_by: frozenset[int] = frozenset(),
    now: datetime,
) -> CountDecision:
    """Write down what a second person says of a count; what follows from it is the caller's.

    ``not_by`` are others who may not decide. The caller holds what was counted.
    Raises CountSecondPersonNeeded, CountDecided.
    """
    if decided_by_id in {count.counted_by_id, *not_by}:
        raise CountSecondPersonNeeded
    same = (
        counts_of_session(session, count.session_id)
        if count.session_id is not None
        else counts_of_round(session, count.round_id or 0)
    )
    if open_count(same) is not count:
        raise CountDecided
    decided = CountDecision(
        count_id=count.id,
        counted_by_id=count.counted_by_id,
        decision=decision,
        decided_by_id=decided_by_id,
        decided_at=now,
    )
    session.add(decided)
    session.flush()
    return decided


def _counts(session: Session, of: ColumnElement[bool]) -> Sequence[CashCount]:
    return session.scalars(
        select(CashCount)
        .where(of)
        .order_by(CashCount.id.desc())
        .options(
            selectinload(CashCount.notes).joinedload(CountedNote.denomination),
            selectinload(CashCount.decision),
        )
        .execution_options(populate_existing=True)
    ).all()
