"""What donors hear about their goods, in their own language and once."""

import pytest
from sqlalchemy import select

from donations.goods.handing_over import Receiver, Wanted
from donations.goods.offering import latest_share
from donations.goods.stocking import lots_in
from donations.pledging import DonorFacts, GoodsItem
from flows.hand_overs import hand_goods_over
from flows.offers import withdraw_goods
from flows.telling import Voice
from flows.telling_goods import (
    tell_goods_handed_over,
    tell_goods_refused,
    tell_offer_answered,
    tell_offer_moved_up,
)
from notifications.outbox import Message
from offices.scope import EVERYWHERE
from tests.factories import NOON, a_pledge, a_staff_member, office_id
from tests.goods import a_need, an_offer, expiring, looked_at

VOICE = Voice("https://example.ir", "1480")
DONOR = DonorFacts(name="زهرا", mobile="09121234567")


@pytest.fixture
def clerk(session):
    return a_staff_member(session).id


def texts(session):
    return [message.text for message in session.scalars(select(Message).order_by(Message.id))]


def test_the_answer_to_an_offer_is_told_once(session, clerk):
    need = a_need(session, 30, staff_id=clerk)
    an_offer(session, need, 12)
    pledge = an_offer(session, need, 20, mobile=DONOR.mobile).pledge

    for _ in range(2):
        tell_offer_answered(session, pledge.id, VOICE, now=NOON)

    (text,) = texts(session)
    assert "۱۸" in text
    assert "فهرست انتظار" in text
    assert pledge.view_key in text


def test_who_moves_up_is_told(session, clerk):
    need = a_need(session, 30, staff_id=clerk)
    first = an_offer(session, need, 30).pledge
    waits = an_offer(session, need, 2, mobile=DONOR.mobile).pledge
    withdraw_goods(session, first, first.items[0].id, by_id=clerk, now=NOON)

    tell_offer_moved_up(session, latest_share(session, waits.items[0].id).id, VOICE, now=NOON)

    assert "از فهرست انتظار رسید" in texts(session)[0]


def test_refusal_and_slip_are_told_and_nobody_is_named(session, clerk):
    milk, blankets = GoodsItem("شیر خشک", 5_000, "قوطی"), GoodsItem("پتو", 5_000, "تخته")
    pledge = a_pledge(session, milk, blankets, donor=DONOR, office="07")
    refusal = looked_at(session, pledge, expiring(20), staff_id=clerk).refusal
    looked_at(session, pledge, staff_id=clerk, place=1)
    lot = lots_in(session, EVERYWHERE)[0].lot
    slip = hand_goods_over(
        session, office_id(session), [Wanted(lot.category_id, lot.kind_folded, 2_000)],
        Receiver(person="خانم سرپرست"), made_by_id=clerk, request_key=None, now=NOON,
    )  # fmt: skip

    tell_goods_refused(session, refusal.id, VOICE, now=NOON)
    tell_goods_handed_over(session, slip.lines[0].id, VOICE, now=NOON)

    refused, handed = texts(session)
    assert "۶۰ روز" in refused
    assert "۰۷-۱" in handed
    assert "سرپرست" not in handed
