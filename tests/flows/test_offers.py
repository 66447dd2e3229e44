"""Offers for needs: what fits is kept, what is beyond waits and moves up in order."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound
from donations.goods.needs import BelowPromised, NeedClosed, open_needs, published_need
from donations.goods.offering import latest_share
from donations.models.goods_offer import NeedShare, ShareStep
from donations.models.need import Need
from donations.models.pledge import Channel
from donations.pledging import DonorFacts
from flows.offers import ask_for_more_or_less, close_need_for_all, offer_goods, withdraw_goods
from jobs.queue import Job
from offices.scope import EVERYWHERE, Scope
from tests.factories import NOON, a_staff_member
from tests.goods import a_need, an_offer


@pytest.fixture
def need(session):
    return a_need(session, 30, staff_id=a_staff_member(session, "manager").id)


def quantities(session, need):
    session.expire(need)
    return need.reserved_thousandths, need.received_thousandths, need.open_thousandths


def jobs(session, kind):
    return session.scalars(select(func.count(Job.id)).where(Job.kind == kind)).one()


def test_the_second_donor_is_told_what_is_needed_and_what_waits(session, need):
    first, second = an_offer(session, need, 12), an_offer(session, need, 20)

    assert (first.needed_thousandths, first.waiting_thousandths) == (12_000, 0)
    assert (second.needed_thousandths, second.waiting_thousandths) == (18_000, 2_000)
    assert quantities(session, need) == (30_000, 0, 0)
    assert jobs(session, "tell_offer_answered") == 2


def test_a_divided_offer_is_whole_together(session, need):
    an_offer(session, need, 12)

    pledge = an_offer(session, need, 20).pledge

    assert [item.quantity_thousandths for item in pledge.items] == [18_000, 2_000]
    assert [item.position for item in pledge.items] == [1, 2]


def test_who_waits_moves_up_in_order_when_a_place_is_free(session, need):
    first, second = an_offer(session, need, 12), an_offer(session, need, 20)
    third = an_offer(session, need, 5)

    withdraw_goods(session, first.pledge, first.pledge.items[0].id, by_id=None, now=NOON)

    assert latest_share(session, second.pledge.items[1].id).step is ShareStep.RESERVED
    assert latest_share(session, third.pledge.items[0].id).step is ShareStep.RESERVED
    assert quantities(session, need) == (25_000, 0, 5_000)
    assert jobs(session, "tell_offer_moved_up") == 2


def test_a_part_moves_up_and_the_rest_keeps_its_turn(session, need):
    an_offer(session, need, 30)
    waits, later = an_offer(session, need, 20).pledge, an_offer(session, need, 5).pledge

    ask_for_more_or_less(
        session, EVERYWHERE, need.id, 38_000, reason="بیشتر", asked_by_id=need.published_by_id,
        now=NOON,
    )  # fmt: skip

    session.refresh(waits, ["items"])
    steps = [(i.quantity_thousandths, latest_share(session, i.id).step) for i in waits.items]
    assert steps == [(12_000, ShareStep.WAITING), (8_000, ShareStep.RESERVED)]
    ask_for_more_or_less(
        session, EVERYWHERE, need.id, 50_000, reason="بیشتر", asked_by_id=need.published_by_id,
        now=NOON,
    )  # fmt: skip
    assert latest_share(session, waits.items[0].id).step is ShareStep.RESERVED
    assert latest_share(session, later.items[0].id).step is ShareStep.WAITING


def test_the_database_itself_reserves_no_more_than_was_asked(session, need):
    assert need.reserved_thousandths == 0

    with pytest.raises(IntegrityError, match="never_more_than_asked"), session.begin_nested():
        session.execute(text("UPDATE need SET reserved_thousandths = 30001"))


def test_a_step_of_an_item_cannot_be_taken_twice(session, need):
    item = an_offer(session, need, 1).pledge.items[0]

    again = NeedShare(
        need_id=need.id, pledge_item_id=item.id, number=1, step=ShareStep.RESERVED,
        quantity_thousandths=1_000, at=NOON,
    )  # fmt: skip
    with pytest.raises(IntegrityError), session.begin_nested():
        session.add(again)
        session.flush()


def test_a_need_never_asks_for_less_than_was_promised(session, need):
    an_offer(session, need, 12)

    with pytest.raises(BelowPromised):
        ask_for_more_or_less(
            session, EVERYWHERE, need.id, 11_000, reason="کمتر", asked_by_id=need.published_by_id,
            now=NOON,
        )  # fmt: skip


def test_a_closed_need_lets_nobody_wait_and_takes_no_offer(session, need):
    an_offer(session, need, 30)
    waits = an_offer(session, need, 2).pledge

    close_need_for_all(
        session, EVERYWHERE, need.id, reason="رسید", closed_by_id=need.published_by_id, now=NOON
    )

    assert latest_share(session, waits.items[0].id).step is ShareStep.NEED_CLOSED
    assert jobs(session, "tell_offer_not_needed") == 1
    with pytest.raises(NotFound):
        published_need(session, need.id)
    with pytest.raises(NotFound):
        an_offer(session, need, 1)


def test_the_same_offer_sent_twice_is_one(session, need):

    for _ in range(2):
        answer = offer_goods(
            session, need.id, 12_000, donor=DonorFacts(), channel=Channel.WEBSITE,
            request_key="once", now=NOON,
        )  # fmt: skip

    assert answer.needed_thousandths == 12_000
    assert quantities(session, need) == (12_000, 0, 18_000)


def test_a_need_of_another_office_is_not_found(session, need):
    with pytest.raises(NotFound):
        close_need_for_all(
            session, Scope(frozenset({need.office_id + 1})), need.id, reason="…",
            closed_by_id=need.published_by_id, now=NOON,
        )  # fmt: skip


def test_a_full_need_is_not_shown_to_the_public(session, need):
    assert [row.id for row in open_needs(session)] == [need.id]

    an_offer(session, need, 30)

    assert open_needs(session) == []
    assert session.get_one(Need, need.id).open_thousandths == 0


def test_a_closed_need_refuses_to_be_changed(session, need):
    by = need.published_by_id
    close_need_for_all(session, EVERYWHERE, need.id, reason="رسید", closed_by_id=by, now=NOON)

    with pytest.raises(NeedClosed):
        ask_for_more_or_less(
            session, EVERYWHERE, need.id, 40_000, reason="باز", asked_by_id=by, now=NOON
        )
