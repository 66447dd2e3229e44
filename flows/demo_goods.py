"""The goods of the demo: two needs that are asked for, and an offer that waits in part."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from donations.goods.needs import GoodsWanted, publish_need
from donations.models.need import Need
from donations.models.pledge import Channel
from donations.pledging import DonorFacts
from flows.offers import offer_goods
from offices.places import Office
from offices.scope import EVERYWHERE
from offices.staff import StaffMember

_OFFICE = "01"
# Title, category, unit, thousandths, fund.
_NEEDS = (
    ("ویلچر", "rehabilitation_aid", "دستگاه", 30_000, "19011053107"),
    ("شیر خشک", "formula_milk", "قوطی", 200_000, "19041062103"),
)
_OFFERS = (12_000, 20_000)


def load_demo_goods(session: Session, now: datetime) -> None:
    """Publish the needs and make the offers, where nothing has been asked for yet."""
    if session.scalars(select(Need.id).limit(1)).first() is not None:
        return
    manager = session.scalars(
        select(StaffMember).where(StaffMember.username == "manager.azarbaijan")
    ).one()
    office_id = session.scalars(select(Office.id).where(Office.code == _OFFICE)).one()
    published = [
        publish_need(
            session,
            EVERYWHERE,
            GoodsWanted(category, unit, thousandths),
            office_id=office_id,
            fund=fund,
            title=title,
            published_by_id=manager.id,
            request_key=None,
            now=now,
        )
        for title, category, unit, thousandths, fund in _NEEDS
    ]
    for thousandths in _OFFERS:
        offer_goods(
            session,
            published[0].id,
            thousandths,
            donor=DonorFacts(),
            channel=Channel.WEBSITE,
            request_key=None,
            now=now,
        )
