"""What spans volunteers and gifts: an offer at the counter, hours confirmed, a promise closed.

Hours become one contribution when their promise ends: when all that was promised is served and no
shift is left, or when a desk expects no more.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import tehran_date
from core.digits import normalise
from core.refusals import Refusal
from donations.accepting import HoursFound
from donations.models.contribution import ContributionLine
from donations.models.pledge import Channel, ItemState, PledgeItem
from donations.models.shift import Outcome, ServiceClosing, ServiceOffer, Shift, ShiftOutcome
from donations.models.volunteer import Licence
from donations.paying import locked_pledge
from donations.pledging import TEXT_MAX, DonorFacts, ServiceItem
from donations.volunteers.attendance import (
    cancel_shift,
    confirm_shift,
    correct_shift,
    end_shift,
    held_shift,
)
from donations.volunteers.finding import active_volunteer, hold_volunteer, skills_with
from donations.volunteers.licences import LicenceFacts, record_licence
from donations.volunteers.offers import held_offer, refuse_ended, reopen, say_served, take_on
from donations.volunteers.schedule import shift_in, shifts_of_item
from flows.pledging import promise
from flows.receiving import receive_at_desk
from offices.audit import note
from offices.scope import Scope
from receipts.life.hours_certificates import certificate_over
from receipts.life.series import Receipt

REASON_MAX = 500


class ClosingReasonMissing(Refusal):
    """A promise of hours is closed with a reason, or with one that is too long."""

    code = "hours.closing_reason_missing"
    http_status = 422
    field = "reason"


class HoursArePlanned(Refusal):
    """Hours with shifts are received by confirming these, not at the counter as a whole."""

    code = "hours.are_planned"


class HoursReceived(Refusal):
    """Hours of a receipt that stands: two persons void it first; ``receipt`` is its number."""

    code = "shift.hours_received"


class HoursCertified(Refusal):
    """Hours of a certificate that stands: it is voided first; ``certificate`` is its number."""

    code = "shift.hours_certified"


@dataclass(frozen=True, slots=True)
class Served:
    """What was confirmed of one promise of hours."""

    shifts: Sequence[Shift]  # worked, in the order of their days
    open_shifts: Sequence[Shift]  # planned, and not told of yet

    @property
    def hours(self) -> int:
        return sum(shift.hours for shift in self.shifts)


def promise_hours(
    session: Session,
    scope: Scope,
    volunteer_id: int,
    *,
    skill: str,
    hours: int,
    fund: str | None,
    office_id: int,
    staff_id: int,
    request_key: str | None,
    now: datetime,
) -> ServiceOffer:
    """Promise hours of a registered volunteer at a desk, and take them on at once.

    The same form sent twice is one promise. Raises NotFound, HasLeft, SkillMissing, OtherSkill,
    UnusableQuantity, UnknownFund.
    """
    facts = active_volunteer(session, scope, volunteer_id)
    (field,) = skills_with(session, [skill])
    donor = facts.volunteer.donor
    pledge = promise(
        session,
        [ServiceItem(field.name_fa, hours, fund)],
        donor=DonorFacts(donor.name, donor.mobile, donor.email, donor.national_id),
        office_id=office_id,
        channel=Channel.DESK,
        request_key=f"hours:{staff_id}:{request_key}" if request_key else None,
        taken_by_id=staff_id,
        now=now,
    )
    return take_on(
        session,
        scope,
        pledge.items[0].id,
        volunteer_id,
        skill=skill,
        taken_by_id=staff_id,
        now=now,
    )


def confirm_hours(
    session: Session,
    scope: Scope,
    shift_id: int,
    outcome: Outcome,
    *,
    hours: int,
    remark: str = "",
    staff_id: int,
    now: datetime,
) -> Receipt | None:
    """Say for the centre who came; the last shift of a promise brings its receipt.

    Returns the receipt, where all that was promised is served now. Raises what ``confirm_shift``
    raises.
    """
    planned = shift_in(session, scope, shift_id)
    item = _held_item(session, planned.pledge_item_id)
    confirm_shift(
        session,
        scope,
        shift_id,
        outcome,
        hours=hours,
        remark=remark,
        told_by_id=staff_id,
        now=now,
        today=tehran_date(now),
    )
    return _received_once_served(session, item, staff_id=staff_id, now=now)


def correct_hours(
    session: Session,
    scope: Scope,
    shift_id: int,
    outcome: Outcome,
    *,
    hours: int,
    reason: str,
    staff_id: int,
    now: datetime,
) -> Receipt | None:
    """Say anew what became of a shift, with the reason; hours are counted from the new word on.

    What stands on paper is void first: the receipt of the promise and every certificate of these
    hours. A promise that was withdrawn, because nothing was served, is open again, with its place
    in the need as far as that is free. Returns the receipt, where all that was promised is served
    now. Raises HoursReceived, HoursCertified, NotFound and what ``correct_shift`` raises.
    """
    planned = shift_in(session, scope, shift_id)
    item = _held_item(session, planned.pledge_item_id)
    shift = held_shift(session, scope, shift_id)
    if item.state is ItemState.RECEIVED:
        raise HoursReceived(receipt=_standing_receipt(session, item.id).number)
    _refuse_certified(session, shift)
    correct_shift(
        session,
        shift,
        outcome,
        hours=hours,
        reason=reason,
        told_by_id=staff_id,
        now=now,
        today=tehran_date(now),
    )
    if item.state is ItemState.WITHDRAWN and served_of(session, item.id).hours:
        reopen(session, item, by_id=staff_id, now=now)
    return _received_once_served(session, item, staff_id=staff_id, now=now)


def cancel_planned(
    session: Session, scope: Scope, shift_id: int, *, reason: str, staff_id: int, now: datetime
) -> Receipt | None:
    """Call a shift off; where all that was promised is served without it, its receipt comes.

    Raises what ``cancel_shift`` raises.
    """
    planned = shift_in(session, scope, shift_id)
    item = _held_item(session, planned.pledge_item_id)
    cancel_shift(session, scope, shift_id, reason=reason, cancelled_by_id=staff_id, now=now)
    return _received_once_served(session, item, staff_id=staff_id, now=now)


def close_offer(
    session: Session, scope: Scope, item_id: int, *, reason: str, staff_id: int, now: datetime
) -> Receipt | None:
    """Expect no more hours of a promise: open shifts are called off, what was served is received.

    Nothing served: the promise is withdrawn. Other items of its pledge stay as they are. Returns
    the receipt, where there is one. Raises NotFound, OfferEnded, ClosingReasonMissing.
    """
    offered = held_offer(session, scope, item_id)
    item = offered.item
    refuse_ended(offered)
    reason = normalise(reason)
    if not 0 < len(reason) <= REASON_MAX:
        raise ClosingReasonMissing(longest=REASON_MAX)
    if offered.offer is not None:
        hold_volunteer(session, offered.offer.volunteer_id)
    served = served_of(session, item_id)
    for shift in served.open_shifts:
        _call_off(session, shift, reason, staff_id, now)
    session.add(
        ServiceClosing(
            pledge_item_id=item_id,
            promised_hours=item.hours or 0,
            served_hours=served.hours,
            reason=reason,
            closed_by_id=staff_id,
            closed_at=now,
        )
    )
    note(
        session,
        "offer.close",
        subject="pledge_item",
        subject_id=item_id,
        now=now,
        actor_id=staff_id,
        served_hours=served.hours,
        reason=reason,
    )
    if served.hours:
        return _receive(session, item, served, staff_id=staff_id, now=now)
    item.state = ItemState.WITHDRAWN
    say_served(session, {item_id: 0}, by_id=staff_id, now=now)
    session.flush()
    return None


def renew_licence(
    session: Session,
    scope: Scope,
    volunteer_id: int,
    facts: LicenceFacts,
    *,
    replaces_id: int | None,
    reason: str,
    staff_id: int,
    now: datetime,
) -> Licence:
    """Record a licence; one that corrects another calls off the shifts that lose theirs by it.

    ``reason`` stands on those shifts. Raises NotFound, HasLeft and what ``record_licence`` raises.
    """
    active_volunteer(session, scope, volunteer_id)
    items = [_held_item(session, item_id) for item_id in _items_planned_by(session, replaces_id)]
    hold_volunteer(session, volunteer_id)
    licence = record_licence(
        session, volunteer_id, facts, replaces_id=replaces_id, recorded_by_id=staff_id, now=now
    )
    if replaces_id is None or licence.replaces_id != replaces_id:
        return licence
    lost = _without_licence(session, replaces_id, licence, tehran_date(now))
    for shift in lost:
        _call_off(session, shift, reason, staff_id, now)
    for item in items:
        if item.id in {shift.pledge_item_id for shift in lost}:
            _received_once_served(session, item, staff_id=staff_id, now=now)
    return licence


def served_of(session: Session, item_id: int) -> Served:
    """What was confirmed of a promise of hours so far."""
    shifts = shifts_of_item(session, item_id)
    return Served(
        [shift for shift in shifts if shift.hours],
        [shift for shift in shifts if shift.outcome is None],
    )


def refuse_planned(session: Session, item_ids: Collection[int]) -> None:
    """Let no counter receive planned hours as if all were served. Raises HoursArePlanned."""
    planned = select(Shift.id).where(Shift.pledge_item_id.in_(item_ids)).limit(1)
    if session.scalars(planned).first() is not None:
        raise HoursArePlanned


def _held_item(session: Session, item_id: int) -> PledgeItem:
    """The item under the lock of its pledge, which stands before all other locks."""
    item = session.get_one(PledgeItem, item_id)
    locked_pledge(session, item.pledge_id)
    session.refresh(item)
    return item


def _received_once_served(
    session: Session, item: PledgeItem, *, staff_id: int, now: datetime
) -> Receipt | None:
    """The receipt of a held item, where all that was promised is served and no shift is left."""
    served = served_of(session, item.id)
    is_complete = not served.open_shifts and served.hours >= (item.hours or 0)
    if item.state is not ItemState.PROMISED or not is_complete:
        return None
    return _receive(session, item, served, staff_id=staff_id, now=now)


def _standing_receipt(session: Session, item_id: int) -> Receipt:
    """The receipt of an item that was received."""
    return session.scalars(
        select(Receipt)
        .join(ContributionLine, ContributionLine.contribution_id == Receipt.contribution_id)
        .where(ContributionLine.pledge_item_id == item_id)
        .order_by(Receipt.id.desc())
        .limit(1)
    ).one()


def _refuse_certified(session: Session, shift: Shift) -> None:
    """Raises HoursCertified for hours that a certificate lists which stands."""
    certificate = certificate_over(session, shift)
    if certificate is not None:
        raise HoursCertified(certificate=certificate.number)


def _receive(
    session: Session, item: PledgeItem, served: Served, *, staff_id: int, now: datetime
) -> Receipt:
    """The contribution of the hours really served, with its receipt."""
    last = served.shifts[-1]
    return receive_at_desk(
        session,
        item.pledge,
        tender=None,
        staff_id=staff_id,
        office_id=last.office_id,
        item_ids=[item.id],
        served_hours={item.id: served.hours},
        found={item.id: _found(served.shifts, item.pledge.language)},
        now=now,
    )


def _found(shifts: Sequence[Shift], language: str) -> HoursFound:
    """When, where and under whom: what differs from shift to shift stands beside the other."""
    comma = ", " if language == "en" else "، "

    def told(texts: Sequence[str | None]) -> str:
        return comma.join(dict.fromkeys(text for text in texts if text))[:TEXT_MAX]

    places = [
        shift.office.name_en if language == "en" else shift.office.name_fa for shift in shifts
    ]
    return HoursFound(
        started_on=shifts[0].day,
        ended_on=shifts[-1].day,
        place=told(places),
        supervisor=told([shift.supervisor for shift in shifts]),
        supervisor_title=told([shift.supervisor_title for shift in shifts]) or None,
        duty=told([shift.duty for shift in shifts]),
    )


def _call_off(session: Session, shift: Shift, reason: str, staff_id: int, now: datetime) -> None:
    outcome = ShiftOutcome(outcome=Outcome.CANCELLED, hours=0, reason=reason, told_by_id=staff_id)
    end_shift(session, shift, outcome, now=now)


def _items_planned_by(session: Session, licence_id: int | None) -> Sequence[int]:
    """The promises with open shifts by a licence, in the order of the locks of their pledges."""
    if licence_id is None:
        return []
    return session.scalars(
        select(PledgeItem.id)
        .where(
            PledgeItem.id.in_(
                select(Shift.pledge_item_id)
                .outerjoin(ShiftOutcome, ShiftOutcome.shift_id == Shift.id)
                .where(Shift.licence_id == licence_id, ShiftOutcome.shift_id.is_(None))
            )
        )
        .order_by(PledgeItem.pledge_id, PledgeItem.id)
    ).all()


def _without_licence(
    session: Session, replaced_id: int, licence: Licence, today: date
) -> Sequence[Shift]:
    """The shifts ahead that stood by a licence which was corrected, and lie outside the new one."""
    ahead = session.scalars(
        select(Shift)
        .outerjoin(ShiftOutcome, ShiftOutcome.shift_id == Shift.id)
        .where(Shift.licence_id == replaced_id, Shift.day >= today, ShiftOutcome.shift_id.is_(None))
        .order_by(Shift.id)
    ).all()
    return [
        row
        for row in ahead
        if row.skill_id != licence.skill_id or not licence.valid_from <= row.day <= licence.valid_to
    ]
