"""Offers of hours: promises of service that a desk takes on for a volunteer, and their needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, exists, or_, select
from sqlalchemy.orm import Session, contains_eager, joinedload

from core.digits import folded
from core.refusals import NotFound, Refusal
from donations.goods.needs import (
    hold_need,
    receive_reserved,
    release,
    reserve,
    take_back_received,
)
from donations.models.contribution import Contribution
from donations.models.donor import Donor
from donations.models.goods_offer import ShareStep
from donations.models.need import Need, NeedKind
from donations.models.pledge import ItemKind, ItemState, Pledge, PledgeItem
from donations.models.shift import HoursReservation, ServiceOffer
from donations.models.volunteer import PartOfDay, Skill, VolunteerFacts
from donations.paying import locked_pledge
from donations.volunteers.finding import active_volunteer, hold_volunteer, mobiles_in, skills_with
from offices.audit import note
from offices.places import ONLINE_OFFICE_CODE, Office
from offices.scope import Scope

PAGE = 50


class OfferTaken(Refusal):
    """Hours that a desk took on for another volunteer, or in another field."""

    code = "hours.taken"


class OfferEnded(Refusal):
    """Hours that were received or withdrawn: nothing more can be planned for them."""

    code = "hours.ended"


class OtherPerson(Refusal):
    """Hours promised under another mobile number than the volunteer's."""

    code = "hours.other_person"


class OtherSkill(Refusal):
    """A field that this volunteer did not name."""

    code = "hours.other_skill"
    http_status = 422
    field = "skill"


class AlreadyReserved(Refusal):
    """The hours have their place in a need."""

    code = "hours.already_reserved"


@dataclass(frozen=True, slots=True)
class Offered:
    """A promise of hours, the offer it became, and the need it has a place in."""

    item: PledgeItem
    offer: ServiceOffer | None
    reservation: HoursReservation | None

    @property
    def is_open(self) -> bool:
        return self.item.state is ItemState.PROMISED

    @property
    def has_place(self) -> bool:
        """Whether a need keeps these hours a place, or counts them."""
        return self.reservation is not None and self.reservation.step is not ShareStep.GIVEN_UP


def offers_in(scope: Scope) -> Select[PledgeItem, ServiceOffer]:
    """The promises of hours made at, for or received by the offices of a scope.

    Of those made for no office, only what the scope's own volunteers promised: nobody reads through
    the donors of other provinces.
    """
    online = select(Office.id).where(Office.code == ONLINE_OFFICE_CODE).scalar_subquery()
    received = exists().where(
        Contribution.pledge_id == Pledge.id, scope.narrow(Contribution.office_id)
    )
    return (
        select(PledgeItem, ServiceOffer)
        .join(PledgeItem.pledge)
        .outerjoin(Pledge.donor)
        .outerjoin(ServiceOffer, ServiceOffer.pledge_item_id == PledgeItem.id)
        .where(
            PledgeItem.kind == ItemKind.SERVICE,
            or_(
                scope.narrow(Pledge.office_id),
                (Pledge.office_id == online) & Donor.mobile.in_(mobiles_in(scope)),
                received,
            ),
        )
        .options(
            contains_eager(PledgeItem.pledge).contains_eager(Pledge.donor),
            joinedload(PledgeItem.fund),
        )
    )


def list_offers(
    session: Session,
    scope: Scope,
    *,
    volunteer: VolunteerFacts | None = None,
    before_id: int | None = None,
    limit: int = PAGE,
) -> Sequence[Offered]:
    """One page of hours that are promised and neither received nor withdrawn, newest first.

    Of a ``volunteer``: all that were taken on, and those promised under the same mobile.
    """
    statement = offers_in(scope).order_by(PledgeItem.id.desc()).limit(limit)
    if volunteer is None:
        statement = statement.where(PledgeItem.state == ItemState.PROMISED)
    else:
        statement = statement.where(
            or_(
                ServiceOffer.volunteer_id == volunteer.volunteer_id,
                ServiceOffer.volunteer_id.is_(None)
                & (Donor.mobile == volunteer.volunteer.mobile)
                & (PledgeItem.state == ItemState.PROMISED),
            )
        )
    if before_id is not None:
        statement = statement.where(PledgeItem.id < before_id)
    return [_offered(session, item, offer) for item, offer in session.execute(statement)]


def offer_in(session: Session, scope: Scope, item_id: int) -> Offered:
    """One promise of hours. Raises NotFound for one outside the scope."""
    found = session.execute(offers_in(scope).where(PledgeItem.id == item_id)).first()
    if found is None:
        raise NotFound(subject="offer")
    return _offered(session, found[0], found[1])


def held_offer(session: Session, scope: Scope, item_id: int) -> Offered:
    """The same under the lock of its pledge, which stands before all other locks. Raises NotFound.

    Nobody receives or closes the hours meanwhile.
    """
    offered = offer_in(session, scope, item_id)
    locked_pledge(session, offered.item.pledge_id)
    session.refresh(offered.item, ["state"])
    return offer_in(session, scope, item_id)


def take_on(
    session: Session,
    scope: Scope,
    item_id: int,
    volunteer_id: int,
    *,
    skill: str,
    taken_by_id: int,
    now: datetime,
) -> ServiceOffer:
    """Let a volunteer serve hours that were promised, in a field of the catalogue.

    Twice the same is once. Raises NotFound, HasLeft, OfferEnded, OfferTaken, OtherPerson,
    OtherSkill, SkillMissing.
    """
    offered = held_offer(session, scope, item_id)
    facts = active_volunteer(session, scope, volunteer_id)
    hold_volunteer(session, volunteer_id)
    (field,) = skills_with(session, [skill])
    if offered.offer is not None:
        if (offered.offer.volunteer_id, offered.offer.skill_id) != (volunteer_id, field.id):
            raise OfferTaken
        return offered.offer
    refuse_ended(offered)
    donor = offered.item.pledge.donor
    if donor is None or donor.mobile != facts.volunteer.mobile:
        raise OtherPerson
    if field.id not in {row.skill_id for row in facts.skills}:
        raise OtherSkill
    offer = ServiceOffer(
        pledge_item_id=item_id,
        volunteer_id=volunteer_id,
        skill_id=field.id,
        taken_by_id=taken_by_id,
        taken_at=now,
    )
    session.add(offer)
    session.flush()
    _note(session, "offer.take_on", item_id, taken_by_id, now, volunteer_id=volunteer_id)
    return offer


def fitting_needs(session: Session, offered: Offered, facts: VolunteerFacts) -> Sequence[Need]:
    """Published needs of hours that fit an offer: its field, its province, and still open.

    Needs of the volunteer's own office stand first, then the largest.
    """
    if offered.offer is None or not offered.is_open or offered.has_place:
        return []
    skill = offered.offer.skill
    named = {folded(name) for name in (skill.code, skill.name_fa, skill.name_en)}
    needs = session.scalars(
        select(Need)
        .join(Office, Office.id == Need.office_id)
        .where(
            Need.kind == NeedKind.HOURS,
            Need.closed_at.is_(None),
            Need.open_thousandths > 0,
            Office.is_open,
            Office.province_id == facts.office.province_id,
        )
        .options(joinedload(Need.office), joinedload(Need.fund))
        .order_by(Need.id.desc())
    )
    fitting = [need for need in needs if folded(need.skill or "") in named]
    return sorted(
        fitting, key=lambda need: (need.office_id != facts.office_id, -need.open_thousandths)
    )


def reserve_hours(
    session: Session,
    scope: Scope,
    item_id: int,
    need_id: int,
    *,
    reserved_by_id: int,
    now: datetime,
) -> HoursReservation:
    """Keep hours of an offer a place in a need, as many as it still asks for.

    Twice the same is once. Raises NotFound also for a need that does not fit, OfferEnded,
    AlreadyReserved, NeedClosed.
    """
    offered = held_offer(session, scope, item_id)
    if offered.offer is None:
        raise NotFound(subject="offer")
    facts = active_volunteer(session, scope, offered.offer.volunteer_id)
    hold_volunteer(session, offered.offer.volunteer_id)
    if offered.has_place and offered.reservation is not None:
        if offered.reservation.need_id != need_id:
            raise AlreadyReserved
        return offered.reservation
    refuse_ended(offered)
    if need_id not in {need.id for need in fitting_needs(session, offered, facts)}:
        raise NotFound(subject="need")
    need = hold_need(session, need_id)
    hours = max(1, min(offered.item.hours or 0, need.open_hours))
    reserve(session, need, hours * 1000)
    reservation = _step(
        session, item_id, need_id, ShareStep.RESERVED, hours, by_id=reserved_by_id, now=now
    )
    _note(session, "offer.reserve", item_id, reserved_by_id, now, need_id=need_id, hours=hours)
    return reservation


def latest_reservation(session: Session, item_id: int) -> HoursReservation | None:
    """How hours stand within their need; nothing where they were kept no place in one."""
    return session.scalars(
        select(HoursReservation)
        .where(HoursReservation.pledge_item_id == item_id)
        .order_by(HoursReservation.number.desc())
        .limit(1)
    ).first()


def say_served(
    session: Session, served_hours: Mapping[int, int], *, by_id: int, now: datetime
) -> None:
    """Let needs count the hours that were served, by item, and ask for the rest again.

    More than was kept counts as far as the need still asks for it. Holds the needs.
    """
    for reservation in _in_order_of_needs(session, served_hours, ShareStep.RESERVED):
        need, kept = hold_need(session, reservation.need_id), reservation.hours
        item_id = reservation.pledge_item_id
        counted = min(served_hours[item_id], kept + _free_hours(need))
        if counted > kept:
            reserve(session, need, (counted - kept) * 1000)
        if counted < kept:
            release(session, need, (kept - counted) * 1000)
        if not counted:
            _step(session, item_id, need.id, ShareStep.GIVEN_UP, kept, by_id=by_id, now=now)
            continue
        receive_reserved(session, need, counted * 1000)
        _step(session, item_id, need.id, ShareStep.RECEIVED, counted, by_id=by_id, now=now)


def say_not_served(session: Session, item_ids: Sequence[int], *, by_id: int, now: datetime) -> None:
    """That hours which needs counted do not stand: their place is kept again. Holds the needs."""
    for reservation in _in_order_of_needs(session, item_ids, ShareStep.RECEIVED):
        need, hours = hold_need(session, reservation.need_id), reservation.hours
        item_id = reservation.pledge_item_id
        take_back_received(session, need, hours * 1000)
        _step(session, item_id, need.id, ShareStep.RESERVED, hours, by_id=by_id, now=now)


def reopen(session: Session, item: PledgeItem, *, by_id: int, now: datetime) -> None:
    """Expect the hours of a held item again that was withdrawn; its need keeps them a place anew.

    As many as it kept before, as far as it still asks for them. Holds the need.
    """
    item.state = ItemState.PROMISED
    session.flush()
    kept_hours = 0
    for reservation in _in_order_of_needs(session, [item.id], ShareStep.GIVEN_UP):
        need = hold_need(session, reservation.need_id)
        kept_hours = min(reservation.hours, _free_hours(need))
        if kept_hours:
            reserve(session, need, kept_hours * 1000)
            _step(session, item.id, need.id, ShareStep.RESERVED, kept_hours, by_id=by_id, now=now)
    _note(session, "offer.reopen", item.id, by_id, now, kept_hours=kept_hours)


def refuse_ended(offered: Offered) -> None:
    """Raises OfferEnded."""
    if not offered.is_open:
        raise OfferEnded


def skill_named(skills: Sequence[Skill], text: str) -> Skill | None:
    """The skill that somebody wrote in own words, where they are the catalogue's."""
    wanted = folded(text)
    for skill in skills:
        if wanted in {folded(name) for name in (skill.code, skill.name_fa, skill.name_en)}:
            return skill
    return None


def comes_on(facts: VolunteerFacts, weekday: int, part: PartOfDay) -> bool:
    """Whether somebody said to come on this part of a weekday; who said nothing comes always."""
    times = {(row.weekday, row.part) for row in facts.times}
    return not times or (weekday, part) in times


def _offered(session: Session, item: PledgeItem, offer: ServiceOffer | None) -> Offered:
    return Offered(item, offer, latest_reservation(session, item.id) if offer else None)


def _free_hours(need: Need) -> int:
    """The hours that a held need still asks for."""
    return 0 if need.is_closed else need.open_hours


def _in_order_of_needs(
    session: Session, item_ids: Iterable[int], step: ShareStep
) -> list[HoursReservation]:
    """The places of items that stand at a step, in the order in which their needs are held."""
    latest = [latest_reservation(session, item_id) for item_id in item_ids]
    found = [row for row in latest if row is not None and row.step is step]
    return sorted(found, key=lambda row: (row.need_id, row.pledge_item_id))


def _step(
    session: Session,
    item_id: int,
    need_id: int,
    step: ShareStep,
    hours: int,
    *,
    by_id: int,
    now: datetime,
) -> HoursReservation:
    last = latest_reservation(session, item_id)
    row = HoursReservation(
        pledge_item_id=item_id,
        number=last.number + 1 if last else 1,
        need_id=need_id,
        step=step,
        hours=hours,
        set_by_id=by_id,
        set_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _note(
    session: Session, action: str, item_id: int, actor_id: int, now: datetime, **facts: object
) -> None:
    note(
        session,
        action,
        subject="pledge_item",
        subject_id=item_id,
        now=now,
        actor_id=actor_id,
        **facts,
    )
