"""Two people about the same goods at one moment: the second waits, then sees what the first did."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting

import pytest

from core.clock import tehran_date
from donations.goods.handing_over import Receiver, Wanted
from donations.goods.stocking import NotInStock, lots_in
from donations.models.need import Need
from donations.models.pledge import Pledge
from donations.pledging import GoodsItem
from flows.hand_overs import hand_goods_over
from flows.offers import ask_for_more_or_less
from offices.changing import Change, NewOffice, open_office
from offices.scope import EVERYWHERE
from tests.factories import NOON, a_pledge, a_staff_member, office_id
from tests.goods import a_need, an_offer, looked_at


@pytest.fixture
def clerk(database):
    with database.writing() as session:
        return a_staff_member(session).id


def one_after_the_other(database, first, second):
    """Begin the first, let the second run into it, save the first; what the second came to."""

    def alone():
        with database.writing() as session:
            return second(session)

    with ThreadPoolExecutor(1) as pool:
        with database.writing() as session:
            first(session)
            session.flush()
            waiting = pool.submit(alone)
            with pytest.raises(StillWaiting):
                waiting.result(timeout=0.5)
        return waiting


def test_two_offers_at_once_never_reserve_more_than_is_asked(database, clerk):
    with database.writing() as session:
        need_id = a_need(session, 30, staff_id=clerk).id

    def offer(session):
        answer = an_offer(session, session.get_one(Need, need_id), 20)
        return answer.needed_thousandths, answer.waiting_thousandths

    second = one_after_the_other(database, offer, offer)

    assert second.result(timeout=30) == (10_000, 10_000)
    with database.reading() as session:
        assert session.get_one(Need, need_id).reserved_thousandths == 30_000


def test_two_slips_at_once_never_take_more_than_lies_there(database, clerk):
    with database.writing() as session:
        pledge = a_pledge(session, GoodsItem("پتو", 30_000, "تخته"), office="07")
        looked_at(session, pledge, staff_id=clerk)

    def slip(session):
        lot = lots_in(session, EVERYWHERE)[0].lot
        hand_goods_over(
            session,
            office_id(session),
            [Wanted(lot.category_id, lot.kind_folded, 20_000)],
            Receiver(person="سرپرست"),
            made_by_id=clerk,
            request_key=None,
            now=NOON,
        )

    second = one_after_the_other(database, slip, slip)

    assert isinstance(second.exception(timeout=30), NotInStock)


def test_what_was_divided_while_one_waited_is_not_received_whole(database, clerk):
    with database.writing() as session:
        need = a_need(session, 30, staff_id=clerk, category="bedding", title="پتو")
        need_id = need.id
        an_offer(session, need, 30)
        pledge_id = an_offer(session, need, 20).pledge.id  # all of it waits

    def eight_move_up(session):
        ask_for_more_or_less(
            session, EVERYWHERE, need_id, 38_000, reason="بیشتر", asked_by_id=clerk, now=NOON
        )

    def look(session):
        looked_at(session, session.get_one(Pledge, pledge_id), staff_id=clerk)

    one_after_the_other(database, eight_move_up, look).result(timeout=30)

    with database.reading() as session:
        assert [lying.thousandths for lying in lots_in(session, EVERYWHERE)] == [12_000]


def test_goods_are_promised_while_an_office_is_opened(database, clerk):
    if database.is_sqlite:
        return  # one writer at a time, whatever is locked

    def open_centre(session):
        new = NewOffice("مرکز امید", "Omid", parent="07")
        open_office(session, new, Change(tehran_date(NOON), "", clerk, NOON))

    def promise():
        with database.writing() as session:
            return a_pledge(session, office="00").id

    with ThreadPoolExecutor(1) as pool, database.writing() as session:
        open_centre(session)
        session.flush()
        assert pool.submit(promise).result(timeout=10)  # waits for nobody
