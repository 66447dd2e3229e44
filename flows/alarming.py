"""Alarms for people who work here: what cannot wait until somebody opens a page."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database import insert_if_new
from core.words import DEFAULT_LANGUAGE, speaking
from donations.models.gateway import GatewayState, GatewayTurn
from donations.refund_lists import UNSEEN_AFTER, hanging_refunds
from flows.telling import SEND_MESSAGE, Voice
from jobs.queue import enqueue
from notifications import wording
from notifications.outbox import Channel, Message
from offices.staff import Role, RoleGrant, StaffMember
from payment_gateways.registry import Gateway, gateway_named
from reconciliation.refunds import unseen_refunds


def alarm_gateway_paused(
    session: Session,
    turn_id: int,
    gateways: Mapping[str, Gateway],
    voice: Voice,
    *,
    now: datetime,
) -> None:
    """Tell everybody of finance who can be reached that a bank's answer took a gateway out.

    Nobody is told when somebody of finance has let it back meanwhile.
    """
    turn = session.get_one(GatewayTurn, turn_id)
    if _has_turned_since(session, turn):
        return
    gateway = gateway_named(gateways, turn.gateway)
    with speaking(DEFAULT_LANGUAGE):
        text = wording.gateway_paused(
            title=gateway.title_fa,
            name=gateway.name,
            reason=" ".join((turn.reason_fa, turn.code or "")).strip(),
            link=f"{voice.public_url}/finance/gateways/{gateway.name}",
        )
    _tell_finance(session, f"gateway_turn {turn.id}", "gateway_paused", text, now=now)


def alarm_refunds(session: Session, voice: Voice, *, now: datetime) -> None:
    """Tell everybody of finance, once for each, of refunds that do not come to their end.

    Approved hours ago and not carried out, for whatever reason; or carried out days ago, and no
    statement shows the money leaving.
    """
    for hanging in hanging_refunds(session, now=now):
        request = hanging.request
        with speaking(DEFAULT_LANGUAGE):
            text = wording.refund_hangs(
                amount_rial=request.amount_rial,
                gateway=request.gateway,
                link=_payment_page(request.payment_id, voice),
            )
        _tell_finance(session, f"refund_request {request.id}", "refund_hangs", text, now=now)
    for unseen in unseen_refunds(session, ended_by=now - UNSEEN_AFTER):
        request = unseen.request
        with speaking(DEFAULT_LANGUAGE):
            text = wording.refund_unseen(
                amount_rial=request.amount_rial,
                gateway=request.gateway,
                link=_payment_page(request.payment_id, voice),
            )
        _tell_finance(session, f"refund_request {request.id}", "refund_unseen", text, now=now)


def _payment_page(payment_id: int, voice: Voice) -> str:
    return f"{voice.public_url}/finance/payments/{payment_id}"


def _tell_finance(session: Session, subject: str, which: str, text: str, *, now: datetime) -> None:
    """Put a message into the outbox for each way to each person; asking twice is asking once."""
    for member in _people_of_finance(session):
        for channel, recipient in _ways_to(member):
            message_id = session.execute(
                insert_if_new(
                    session,
                    Message,
                    channel=channel,
                    recipient=recipient,
                    wording=which,
                    subject=subject,
                    subject_id=member.id,
                    text=text,
                    created_at=now,
                ).returning(Message.id)
            ).scalar_one_or_none()
            if message_id is not None:
                enqueue(session, SEND_MESSAGE, message_id, now=now)


def _has_turned_since(session: Session, turn: GatewayTurn) -> bool:
    later = select(GatewayTurn.id).where(
        GatewayTurn.gateway == turn.gateway,
        GatewayTurn.id > turn.id,
        GatewayTurn.state != GatewayState.PAUSED,
    )
    return session.execute(later.limit(1)).first() is not None


def _people_of_finance(session: Session) -> list[StaffMember]:
    return list(
        session.scalars(
            select(StaffMember)
            .join(RoleGrant, RoleGrant.staff_member_id == StaffMember.id)
            .where(
                StaffMember.is_active,
                RoleGrant.role == Role.FINANCE,
                RoleGrant.ended_at.is_(None),
            )
            .distinct()
            .order_by(StaffMember.id)
        )
    )


def _ways_to(member: StaffMember) -> Iterator[tuple[Channel, str]]:
    if member.mobile:
        yield Channel.SMS, member.mobile
    if member.email:
        yield Channel.EMAIL, member.email
