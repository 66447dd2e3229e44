"""What donors are told about their goods: the words of their timeline, once a channel."""

from datetime import datetime

from sqlalchemy.orm import Session

from core.reasons import Reason
from core.words import spoken
from donations.goods.words import (
    hand_over_told,
    inspection_told,
    moved_up_told,
    not_needed_told,
    offer_told,
)
from donations.models.goods_offer import NeedShare
from donations.models.hand_over import HandOverLine
from donations.models.inspection import Inspection
from donations.models.pledge import Channel, Pledge
from flows.offers import answer_to
from flows.telling import Voice, own_view, tell
from notifications import wording


def tell_offer_answered(session: Session, pledge_id: int, voice: Voice, *, now: datetime) -> None:
    """Send what of an offer is needed and what waits. At a desk the donor was told at once."""
    pledge = session.get_one(Pledge, pledge_id)
    answer = answer_to(session, pledge)
    if pledge.channel is Channel.DESK or answer.need is None:
        return
    told = offer_told(
        answer.needed_thousandths,
        answer.waiting_thousandths,
        answer.need.unit,
        answer.need.title,
    )
    _tell(session, pledge, ("pledge", pledge.id), "offer_answered", told, voice, now=now)


def tell_offer_moved_up(session: Session, share_id: int, voice: Voice, *, now: datetime) -> None:
    """Send that goods which waited are needed now."""
    share = session.get_one(NeedShare, share_id)
    told = moved_up_told(share.quantity_thousandths, share.need.unit, share.need.title)
    about = ("need_share", share.id)
    _tell(session, share.item.pledge, about, "offer_moved_up", told, voice, now=now)


def tell_offer_not_needed(session: Session, share_id: int, voice: Voice, *, now: datetime) -> None:
    """Send that a need was closed for which goods waited."""
    share = session.get_one(NeedShare, share_id)
    told = not_needed_told(share.need.title)
    about = ("need_share", share.id)
    _tell(session, share.item.pledge, about, "offer_not_needed", told, voice, now=now)


def tell_goods_refused(
    session: Session, inspection_id: int, voice: Voice, *, now: datetime
) -> None:
    """Send why goods were refused, and who takes such goods."""
    inspection = session.get_one(Inspection, inspection_id)
    told = inspection_told(inspection)
    about = ("inspection", inspection.id)
    _tell(session, inspection.item.pledge, about, "goods_refused", told, voice, now=now)


def tell_goods_handed_over(session: Session, line_id: int, voice: Voice, *, now: datetime) -> None:
    """Send which slip took goods along, and where to."""
    line = session.get_one(HandOverLine, line_id)
    told = hand_over_told(line.slip, line.quantity_thousandths, line.lot.unit)
    about = ("hand_over_line", line.id)
    _tell(session, line.lot.item.pledge, about, "goods_handed_over", told, voice, now=now)


def _tell(
    session: Session,
    pledge: Pledge,
    about: tuple[str, int],
    which: str,
    told: Reason,
    voice: Voice,
    *,
    now: datetime,
) -> None:
    tell(
        session,
        pledge,
        about=about,
        which=which,
        text=lambda: wording.goods_news(
            news=told.told(spoken()),
            tracking_code=pledge.tracking_code,
            link=own_view(pledge, voice),
        ),
        now=now,
    )
