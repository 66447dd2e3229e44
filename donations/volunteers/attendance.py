"""What became of a shift: confirmed for the centre by another person, missed, called off."""

from collections.abc import Collection
from datetime import date, datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from core.digits import normalise
from core.refusals import Refusal
from donations.models.shift import Outcome, Shift, ShiftOutcome, TakenQuarter
from donations.models.volunteer import VolunteerFacts
from donations.volunteers.finding import hold_volunteer, volunteer_in
from donations.volunteers.licences import licence_on
from donations.volunteers.schedule import shift_in, take_quarters
from offices.audit import note
from offices.scope import EVERYWHERE, Scope

REASON_MAX = 500


class ShiftEnded(Refusal):
    """The shift was confirmed or cancelled before."""

    code = "shift.ended"


class ShiftNotEnded(Refusal):
    """Nobody has told of the shift yet: there is nothing to correct."""

    code = "shift.not_ended"


class ShiftAhead(Refusal):
    """Nobody can confirm hours of a day that has not come."""

    code = "shift.ahead"


class ReasonMissing(Refusal):
    """A cancellation or a correction without a reason, or with one that is too long."""

    code = "shift.reason_missing"
    http_status = 422
    field = "reason"


class UnusableHours(Refusal):
    """Hours served that are not a whole number from one to the shift's; none where nobody came."""

    code = "shift.unusable_hours"
    http_status = 422
    field = "hours"


class OwnHours(Refusal):
    """Nobody confirms the hours they served themselves."""

    code = "shift.own_hours"
    http_status = 403


def cancel_shift(
    session: Session,
    scope: Scope,
    shift_id: int,
    *,
    reason: str,
    cancelled_by_id: int,
    now: datetime,
) -> Shift:
    """Call a shift off, with a reason. Raises NotFound, ReasonMissing, ShiftEnded."""
    shift = held_shift(session, scope, shift_id)
    called_off = ShiftOutcome(
        outcome=Outcome.CANCELLED,
        hours=0,
        reason=_reason(reason),
        told_by_id=cancelled_by_id,
    )
    end_shift(session, shift, called_off, now=now)
    return shift


def confirm_shift(
    session: Session,
    scope: Scope,
    shift_id: int,
    outcome: Outcome,
    *,
    hours: int,
    remark: str = "",
    told_by_id: int,
    now: datetime,
    today: date,
) -> Shift:
    """Say for the centre who came and for how many whole hours. Cancelling is another act.

    Raises NotFound, ShiftAhead, OwnHours, UnusableHours, ReasonMissing, ShiftEnded.
    """
    shift = held_shift(session, scope, shift_id)
    if shift.day > today:
        raise ShiftAhead
    told = _told(session, shift, outcome, hours, told_by_id)
    told.reason = normalise(remark)
    if len(told.reason) > REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    end_shift(session, shift, told, now=now)
    return shift


def correct_shift(
    session: Session,
    shift: Shift,
    outcome: Outcome,
    *,
    hours: int,
    reason: str,
    told_by_id: int,
    now: datetime,
    today: date,
) -> None:
    """Say anew what became of a held shift, and why; what holds already changes nothing.

    Raises ShiftNotEnded, ShiftAhead, OwnHours, UnusableHours, ReasonMissing; where somebody came
    after all, ShiftsOverlap, LicenceMissing, LicenceEnded and LicenceNotYet as planning does.
    """
    if shift.outcome is None:
        raise ShiftNotEnded
    if hours and shift.day > today:
        raise ShiftAhead
    told = _told(session, shift, outcome, hours, told_by_id)
    told.reason = _reason(reason)
    if (shift.outcome.outcome, shift.hours) == (outcome, hours):
        return
    if hours and not shift.hours:
        # It may have been called off because the licence was withdrawn.
        licence_on(session, shift.volunteer_id, shift.skill, shift.day)
        take_quarters(session, shift)
    _write(session, "shift.correct", shift, told, now=now)


def end_shift(session: Session, shift: Shift, outcome: ShiftOutcome, *, now: datetime) -> None:
    """Write down what became of a held shift; one that was not worked takes nobody's time.

    Raises ShiftEnded.
    """
    if shift.outcome is not None:
        raise ShiftEnded
    _write(session, "shift.end", shift, outcome, now=now)


def held_shift(session: Session, scope: Scope, shift_id: int) -> Shift:
    """One shift, its volunteer held so that two persons cannot end it at once. Raises NotFound."""
    shift = shift_in(session, scope, shift_id)
    hold_volunteer(session, shift.volunteer_id)
    session.refresh(shift, ["outcomes"])
    return shift


def _told(
    session: Session, shift: Shift, outcome: Outcome, hours: int, told_by_id: int
) -> ShiftOutcome:
    """What somebody tells of a shift, without its reason. Raises OwnHours, UnusableHours."""
    if told_by_id in _accounts_of(session, shift.volunteer_id):
        raise OwnHours
    came = outcome in (Outcome.PRESENT, Outcome.LATE)
    longest = -((shift.start_minute - shift.end_minute) // 60)  # whole hours, rounded up
    if came != (hours > 0) or not 0 <= hours <= longest:
        raise UnusableHours(longest=longest)
    return ShiftOutcome(
        outcome=outcome,
        hours=hours,
        volunteer_staff_id=volunteer_in(session, EVERYWHERE, shift.volunteer_id).staff_member_id,
        told_by_id=told_by_id,
    )


def _write(
    session: Session, action: str, shift: Shift, outcome: ShiftOutcome, *, now: datetime
) -> None:
    """The next outcome of a held shift; one that was not worked takes nobody's time."""
    before = shift.outcome
    outcome.shift_id, outcome.told_at = shift.id, now
    outcome.number = before.number + 1 if before else 1
    session.add(outcome)
    if not outcome.hours:
        session.execute(delete(TakenQuarter).where(TakenQuarter.shift_id == shift.id))
    session.flush()
    session.expire(shift, ["outcomes"])
    _note(
        session,
        action,
        shift.id,
        outcome.told_by_id,
        now,
        outcome=outcome.outcome,
        hours=outcome.hours,
        before_hours=before.hours if before else None,
        reason=outcome.reason or None,
    )


def _reason(text: str) -> str:
    clean = normalise(text)
    if not 0 < len(clean) <= REASON_MAX:
        raise ReasonMissing(longest=REASON_MAX)
    return clean


def _accounts_of(session: Session, volunteer_id: int) -> Collection[int | None]:
    """Every staff account that was ever told of a volunteer: clearing the name undoes nothing."""
    return session.scalars(
        select(VolunteerFacts.staff_member_id).where(
            VolunteerFacts.volunteer_id == volunteer_id,
            VolunteerFacts.staff_member_id.is_not(None),
        )
    ).all()


def _note(
    session: Session, action: str, shift_id: int, actor_id: int, now: datetime, **facts: object
) -> None:
    note(session, action, subject="shift", subject_id=shift_id, now=now, actor_id=actor_id, **facts)
