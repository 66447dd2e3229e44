"""Rows for tests, made by the real use cases. A factory takes only what matters."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from donations.models.contribution import Contribution, Tender
from donations.models.pledge import Channel, Pledge
from donations.pledging import CashItem, DonorFacts, Item
from flows.pledging import promise
from flows.receiving import receive_at_desk, reverse_contribution
from offices.places import Office
from offices.staff import StaffMember

NOON = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)  # 1405/09/01, twelve o'clock in Tehran


def office_id(session: Session, code: str = "07") -> int:
    return session.scalars(select(Office.id).where(Office.code == code)).one()


def a_staff_member(session: Session, username: str = "clerk", *, office: str = "07") -> StaffMember:
    """Somebody to put a name to an act; for signing in see the fixtures of the offices tests."""
    member = StaffMember(
        username=username,
        name="مریم کارمند",
        office_id=office_id(session, office),
        password_hash="unusable",
        totp_secret="unusable",
        totp_step=0,
        is_active=True,
        created_at=NOON,
    )
    session.add(member)
    session.flush()
    return member


def two_void(session: Session, contribution_id: int, reason: str = "خطا") -> None:
    """Two persons void an entry of a desk."""
    asks, decides = (a_staff_member(session, name) for name in ("who-asks", "who-decides"))
    reverse_contribution(
        session,
        contribution_id,
        reason=reason,
        asked_by_id=asks.id,
        approved_by_id=decides.id,
        now=NOON,
    )


def a_pledge(
    session: Session,
    *items: Item,
    donor: DonorFacts | None = None,
    office: str | None = None,
    channel: Channel = Channel.WEBSITE,
    now: datetime = NOON,
) -> Pledge:
    return promise(
        session,
        items or (CashItem(2_500_000),),
        donor=donor or DonorFacts(),
        office_id=office_id(session, office) if office else None,
        channel=channel,
        now=now,
    )


def a_desk_contribution(
    session: Session,
    *items: Item,
    staff_id: int,
    office: str = "07",
    tender: Tender | None = Tender.CASH,
    now: datetime = NOON,
) -> Contribution:
    pledge = a_pledge(session, *items, office=office, channel=Channel.DESK, now=now)
    receipt = receive_at_desk(session, pledge, tender=tender, staff_id=staff_id, now=now)
    return session.get_one(Contribution, receipt.contribution_id)
