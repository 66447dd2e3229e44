"""Needs, offers and goods for tests, made by the real use cases."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import tehran_date
from donations.accepting import GoodsFound
from donations.goods.needs import GoodsWanted, publish_need
from donations.models.acceptance import Condition
from donations.models.need import Need
from donations.models.pledge import Channel, Pledge
from donations.pledging import DonorFacts
from flows.goods import Looked, look_at_goods
from flows.offers import Answer, offer_goods
from offices.scope import EVERYWHERE
from tests.factories import NOON, office_id

FUND = "19041062103"
NEW = GoodsFound(Condition.NEW)
MILK = "formula_milk"


def a_need(
    session: Session,
    whole: int = 30,
    *,
    staff_id: int,
    office: str = "07",
    title: str = "ویلچر",
    category: str = "rehabilitation_aid",
    now: datetime = NOON,
) -> Need:
    return publish_need(
        session,
        EVERYWHERE,
        GoodsWanted(category, "عدد", whole * 1000),
        office_id=office_id(session, office),
        fund=FUND,
        title=title,
        published_by_id=staff_id,
        request_key=None,
        now=now,
    )


def an_offer(session: Session, need: Need, whole: int, *, mobile: str | None = None) -> Answer:
    return offer_goods(
        session,
        need.id,
        whole * 1000,
        donor=DonorFacts(mobile=mobile),
        channel=Channel.WEBSITE,
        request_key=None,
        now=NOON,
    )


def expiring(days: int, category: str = MILK) -> GoodsFound:
    """Unopened goods that expire so many days after the day of the tests."""
    return GoodsFound(
        Condition.NEW,
        category=category,
        expires_on=tehran_date(NOON) + timedelta(days=days),
        is_opened=False,
    )


def looked_at(
    session: Session,
    pledge: Pledge,
    found: GoodsFound = NEW,
    *,
    staff_id: int,
    place: int = 0,
    thousandths: int | None = None,
    office: str = "07",
    key: str | None = None,
) -> Looked:
    return look_at_goods(
        session,
        EVERYWHERE,
        pledge.tracking_code,
        pledge.items[place].id,
        found,
        thousandths=thousandths,
        office_id=office_id(session, office),
        staff_id=staff_id,
        request_key=key,
        now=NOON,
    )
