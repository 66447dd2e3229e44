"""A promise, with everything that is written down at the same moment."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.events import Event, Happening
from core.refusals import NotFound
from donations.deposit_ids import online_place
from donations.models.pledge import Channel, Pledge
from donations.pledging import DonorFacts, Item, Source, make_pledge, pledge_of_request
from flows.events import emit
from offices.audit import note
from offices.places import ONLINE_OFFICE_CODE, Office
from reconciliation.expected import Expects, expect_deposit


def promise(
    session: Session,
    items: Sequence[Item],
    *,
    donor: DonorFacts,
    office_id: int | None,
    channel: Channel,
    now: datetime,
    language: str = "fa",
    request_key: str | None = None,
    external_reference: str | None = None,
    taken_by_id: int | None = None,
    api_key_id: int | None = None,
) -> Pledge:
    """Make a pledge and look out for its deposit. The same request key is the same pledge.

    ``office_id`` may be empty for a gift that came through no desk. Raises what
    ``donations.pledging.make_pledge`` raises, and NotFound for an office that is not open.
    """
    if request_key is not None and (known := pledge_of_request(session, request_key)) is not None:
        return known
    office = _office(session, office_id)
    at_a_desk = channel is Channel.DESK
    source = Source(
        office_id=office.id,
        place=office.place if at_a_desk else online_place(),
        channel=channel,
        taken_by_id=taken_by_id,
        api_key_id=api_key_id,
        external_reference=external_reference,
    )
    try:
        with session.begin_nested():
            pledge = make_pledge(
                session,
                items,
                donor=donor,
                source=source,
                language=language,
                request_key=request_key,
                now=now,
            )
    except IntegrityError:
        # The same form arrived twice at once and its twin was first.
        twin = pledge_of_request(session, request_key) if request_key else None
        if twin is None:
            raise
        return twin
    if pledge.cash_rial and not at_a_desk:  # at a desk the money is on the counter already
        expect_deposit(session, pledge.deposit_id, pledge.cash_rial, Expects.PLEDGE, pledge.id)
    note(
        session,
        "pledge.make",
        subject="pledge",
        subject_id=pledge.id,
        now=now,
        actor_id=taken_by_id,
        channel=channel,
        cash_rial=pledge.cash_rial,
        items=len(items),
    )
    emit(session, Event(Happening.PLEDGE_MADE, pledge.id), now=now)
    return pledge


def _office(session: Session, office_id: int | None) -> Office:
    wanted = Office.code == ONLINE_OFFICE_CODE if office_id is None else Office.id == office_id
    office = session.scalars(select(Office).where(wanted, Office.is_open)).one_or_none()
    if office is None:
        raise NotFound(subject="office")
    return office
