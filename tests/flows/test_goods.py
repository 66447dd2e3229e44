"""Goods at a desk: the rules decide, two persons value, stock never lies, slips are told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from core.clock import tehran_date
from core.refusals import NotFound
from donations.accepting import GoodsFound
from donations.goods.appointments import Meeting, agree, appointment_of, propose
from donations.goods.dividing import divide
from donations.goods.handing_over import (
    AlreadyAcknowledged,
    AlreadyReversed,
    Arrived,
    DifferenceUnexplained,
    MoreThanHandedOver,
    Receiver,
    Wanted,
)
from donations.goods.inspecting import ExpiryMissing, GoodsRefused, OpenedNotSaid
from donations.goods.offering import latest_share
from donations.goods.rules import RuleInThePast, set_rule
from donations.goods.stocking import GoodsHandedOver, NotInStock, lots_in, stock_of
from donations.goods.taking_in import ConditionNotSaid
from donations.goods.valuing import AppraiserDecides, BeingValued, ValueNeedsSecond
from donations.models.acceptance import Condition, ValueBasis
from donations.models.acceptance_rule import RuleKind
from donations.models.contribution import Contribution
from donations.models.desk import Decision
from donations.models.goods_offer import PartOfDay, ShareStep, Way
from donations.models.hand_over import HandOverReceived
from donations.models.inspection import Valuation
from donations.models.pledge import ItemState, PledgeItem
from donations.models.stock import StockMovement
from donations.pledging import CashItem, DonorFacts, GoodsItem
from donations.timelines import stage_of_items, whole_timeline
from donations.tracking import StageKind, contributions_of
from flows.checking import check_ledger
from flows.desk import WalkIn, record_walk_in
from flows.goods import decide_on_goods, let_values_wait
from flows.hand_overs import acknowledge_goods, bring_goods_back, hand_goods_over
from flows.offers import withdraw_goods
from flows.receiving import receive_at_desk, reverse_contribution
from offices.places import Office
from offices.scope import EVERYWHERE, Scope
from tests.factories import NOON, a_pledge, a_staff_member, office_id
from tests.goods import MILK, NEW, a_need, an_offer, expiring, looked_at

DEAR = GoodsFound(Condition.NEW, ValueBasis.DONOR, 500_000_001)
BLANKETS = GoodsItem("پتو", 40_000, "تخته")


@pytest.fixture
def clerk(session):
    return a_staff_member(session, "clerk").id


@pytest.fixture
def manager(session):
    return a_staff_member(session, "manager").id


def kinds(session, pledge):
    session.refresh(pledge, ["items"])
    stages = whole_timeline(session, pledge, [], contributions_of(session, pledge.id))
    return [stage.kind for stage in stages], stage_of_items(pledge, stages)


def in_stock(session, clerk, *, quantity=40_000, mobile=None):
    item = GoodsItem("پتو", quantity, "تخته")
    pledge = a_pledge(session, item, office="07", donor=DonorFacts(mobile=mobile))
    looked_at(session, pledge, staff_id=clerk)
    return pledge


def slip_over(session, clerk, thousandths, receiver=None, *, key=None):
    lot = lots_in(session, EVERYWHERE)[0].lot
    return hand_goods_over(
        session,
        office_id(session, "07"),
        [Wanted(lot.category_id, lot.kind_folded, thousandths)],
        receiver or Receiver(office_id=office_id(session, "03")),
        made_by_id=clerk,
        request_key=key,
        now=NOON,
    )


def lying(session):
    return [stock.thousandths for stock in stock_of(session, EVERYWHERE)]


@pytest.mark.parametrize(("days", "is_taken"), [(20, False), (59, False), (60, True)])
def test_formula_milk_needs_sixty_days(session, clerk, days, is_taken):
    pledge = a_pledge(session, GoodsItem("شیر خشک", 5_000, "قوطی"), office="07")

    looked = looked_at(session, pledge, expiring(days), staff_id=clerk)

    assert (looked.receipt is not None) is is_taken
    assert (looked.refusal is None) is is_taken


def test_refused_goods_are_on_the_timeline_with_reason_and_place(session, clerk, manager):
    a_need(session, office="09", title="شیر خشک", category=MILK, staff_id=manager)
    pledge = a_pledge(session, GoodsItem("شیر خشک", 5_000, "قوطی"), office="08")

    looked_at(session, pledge, expiring(20), staff_id=clerk, office="08")

    kinds_seen, places = kinds(session, pledge)
    assert kinds_seen == [StageKind.PROMISED, StageKind.REFUSED]
    assert places[pledge.items[0].id] is StageKind.REFUSED
    (stage,) = [s for s in whole_timeline(session, pledge, [], []) if s.kind is StageKind.REFUSED]
    assert "۶۰ روز" in stage.told.fa
    assert "at least 60 days" in stage.told.en
    near = session.scalars(select(Office).where(Office.code == "09")).one()
    assert near.name_fa in stage.told.fa
    assert lying(session) == []


def test_what_a_rule_asks_must_be_said(session, clerk):
    pledge = a_pledge(session, GoodsItem("شیر خشک", 5_000, "قوطی"), office="07")

    with pytest.raises(OpenedNotSaid):
        looked_at(session, pledge, replace(expiring(90), is_opened=None), staff_id=clerk)


def test_a_rule_holds_from_its_day_on(session, clerk, manager):
    today = tehran_date(NOON)
    set_rule(
        session, MILK, RuleKind.DAYS_UNTIL_EXPIRY, 10, valid_from=today, reason="کمبود",
        set_by_id=manager, today=today, now=NOON,
    )  # fmt: skip
    pledge = a_pledge(session, GoodsItem("شیر خشک", 5_000, "قوطی"), office="07")

    assert looked_at(session, pledge, expiring(20), staff_id=clerk).receipt is not None
    with pytest.raises(RuleInThePast):
        set_rule(
            session, MILK, RuleKind.UNOPENED, 0, valid_from=today - timedelta(days=1),
            reason="…", set_by_id=manager, today=today, now=NOON,
        )  # fmt: skip


def test_a_walk_in_goes_by_the_same_rules(session, clerk):
    walk_in = WalkIn(
        [CashItem(1_000_000), GoodsItem("شیر خشک", 5_000, "قوطی")],
        DonorFacts(),
        found={1: expiring(20)},
    )

    with pytest.raises(GoodsRefused), session.begin_nested():
        record_walk_in(
            session, walk_in, office_id=office_id(session), staff_id=clerk, request_key="k",
            now=NOON,
        )  # fmt: skip
    assert session.scalars(select(Contribution)).all() == []


def test_accepted_goods_lie_in_stock_and_count_for_their_need(session, clerk, manager):
    need = a_need(session, 30, category="bedding", title="پتو", staff_id=manager)
    pledge = an_offer(session, need, 12).pledge

    looked = looked_at(
        session, pledge, GoodsFound(Condition.NEW, category="bedding", shelf="ب ۲"), staff_id=clerk
    )

    assert looked.receipt is not None
    (lot,) = lots_in(session, EVERYWHERE)
    assert (lot.thousandths, lot.shelf) == (12_000, "ب 2")
    session.expire(need)
    assert (need.reserved_thousandths, need.received_thousandths) == (0, 12_000)
    assert check_ledger(session).ok


def test_only_a_part_came_and_the_rest_stays_promised(session, clerk, manager):
    need = a_need(session, 30, category="bedding", title="پتو", staff_id=manager)
    pledge = an_offer(session, need, 12).pledge

    looked_at(session, pledge, staff_id=clerk, thousandths=5_000)

    session.refresh(pledge, ["items"])
    assert [(i.quantity_thousandths, i.state) for i in pledge.items] == [
        (7_000, ItemState.PROMISED),
        (5_000, ItemState.RECEIVED),
    ]
    assert latest_share(session, pledge.items[0].id).step is ShareStep.RESERVED
    session.expire(need)
    assert (need.reserved_thousandths, need.received_thousandths) == (7_000, 5_000)


def test_the_same_look_sent_twice_is_one(session, clerk):
    pledge = a_pledge(session, BLANKETS, office="07")

    first = looked_at(session, pledge, staff_id=clerk, thousandths=10_000, key="k")
    again = looked_at(session, pledge, staff_id=clerk, thousandths=10_000, key="k")

    assert again.receipt is first.receipt
    assert lying(session) == [10_000]


def test_a_value_beyond_the_limit_waits_for_a_second_person(session, clerk, manager):
    pledge = a_pledge(session, BLANKETS, office="07")
    looked = looked_at(session, pledge, DEAR, staff_id=clerk)

    assert looked.receipt is None
    with pytest.raises(BeingValued):
        looked_at(session, pledge, NEW, staff_id=clerk)
    with pytest.raises(AppraiserDecides):
        decide_on_goods(
            session, EVERYWHERE, looked.valuation.id, Decision.APPROVED, decided_by_id=clerk,
            now=NOON,
        )  # fmt: skip
    receipt = decide_on_goods(
        session, EVERYWHERE, looked.valuation.id, Decision.APPROVED, decided_by_id=manager, now=NOON
    )
    assert receipt is not None
    assert lying(session) == [40_000]
    assert check_ledger(session).ok


def test_goods_whose_value_waits_are_whole_and_in_no_stock(session, clerk):
    pledge = a_pledge(session, BLANKETS, office="07")
    looked_at(session, pledge, DEAR, staff_id=clerk)
    (item,) = pledge.items

    with pytest.raises(BeingValued):
        divide(session, item, 10_000, by_id=clerk, now=NOON)
    assert lying(session) == []
    with pytest.raises(DatabaseError, match="waits for a second person"):
        session.execute(update(PledgeItem).values(quantity_thousandths=30_000))
    session.rollback()


@pytest.mark.parametrize("decision", Decision)
def test_goods_whose_value_waits_keep_their_place_in_the_line(session, clerk, manager, decision):
    need = a_need(session, 10, staff_id=manager)
    gone = an_offer(session, need, 10).pledge
    waiting, later = (an_offer(session, need, whole).pledge for whole in (20, 3))
    dear = replace(DEAR, category="rehabilitation_aid", works=True)
    valuation = looked_at(session, waiting, dear, staff_id=clerk).valuation

    withdraw_goods(session, gone, gone.items[0].id, by_id=None, now=NOON)
    assert need.reserved_thousandths == 3_000
    assert [item.quantity_thousandths for item in waiting.items] == [20_000]
    decide_on_goods(session, EVERYWHERE, valuation.id, decision, decided_by_id=manager, now=NOON)

    expected = 3_000 if decision is Decision.APPROVED else 10_000
    assert need.reserved_thousandths == expected
    assert latest_share(session, later.items[0].id).step is ShareStep.RESERVED


def test_goods_that_are_being_valued_are_not_received_in_another_way(session, clerk):
    pledge = a_pledge(session, BLANKETS, office="07")
    looked_at(session, pledge, DEAR, staff_id=clerk)

    with pytest.raises(BeingValued):
        receive_at_desk(session, pledge, tender=None, staff_id=clerk, now=NOON)


def test_the_database_knows_that_two_persons_value(session, clerk):
    looked_at(session, a_pledge(session, BLANKETS, office="07"), DEAR, staff_id=clerk)
    valuation = session.scalars(select(Valuation)).one()
    insert = text(
        "INSERT INTO valuation_decision (valuation_id, asked_by_id, decision, decided_by_id,"
        " decided_at) VALUES (:v, :a, 'approved', :d, '2026-11-22 00:00:00')"
    )

    for asked, decided in ((clerk, clerk), (clerk + 1, clerk)):  # nor by naming another asker
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert, {"v": valuation.id, "a": asked, "d": decided})


def test_a_declined_value_leaves_the_goods_promised(session, clerk, manager):
    pledge = a_pledge(session, BLANKETS, office="07")
    asked = looked_at(session, pledge, DEAR, staff_id=clerk).valuation

    decide_on_goods(
        session, EVERYWHERE, asked.id, Decision.DECLINED, decided_by_id=manager, now=NOON
    )

    assert looked_at(session, pledge, NEW, staff_id=clerk).receipt is not None


def test_dear_goods_of_a_walk_in_wait_and_the_rest_is_received(session, clerk):
    walk_in = WalkIn([GoodsItem("کتاب", 3_000, "جلد"), BLANKETS], DonorFacts(), found={1: DEAR})
    by = {"office_id": office_id(session), "staff_id": clerk, "request_key": "k", "now": NOON}
    with pytest.raises(ValueNeedsSecond), session.begin_nested():
        record_walk_in(session, walk_in, **by)

    for _ in range(2):
        pledge = let_values_wait(session, walk_in, **by)

    assert [item.state for item in pledge.items] == [ItemState.RECEIVED, ItemState.PROMISED]
    assert lying(session) == [3_000]
    assert len(session.scalars(select(Valuation)).all()) == 1


def test_stock_never_goes_below_zero_nor_forgets_what_was_there(session, clerk):
    in_stock(session, clerk)
    first = session.scalars(select(StockMovement)).one()
    wrong = [
        {"number": 2, "before": 40_000, "change": -41_000, "after": -1_000},
        {"number": 2, "before": 90_000, "change": -41_000, "after": 49_000},
        {"number": 2, "before": 40_000, "change": -1_000, "after": 40_000},
    ]
    insert = text(
        "INSERT INTO stock_movement (lot_id, number, previous_number, before_thousandths,"
        " change_thousandths, after_thousandths, cause, moved_by_id, moved_at)"
        " VALUES (:lot, :number, 1, :before, :change, :after, 'voided', :by,"
        " '2026-11-22 00:00:00')"
    )

    for row in wrong:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert, {**row, "lot": first.lot_id, "by": clerk})
    with pytest.raises(DatabaseError, match="insert-only"), session.begin_nested():
        session.execute(update(StockMovement).values(after_thousandths=1))


def test_goods_leave_in_the_order_in_which_they_came(session, clerk):
    first, second = in_stock(session, clerk), in_stock(session, clerk, quantity=5_000)

    slip = slip_over(session, clerk, 42_000)

    assert [line.quantity_thousandths for line in slip.lines] == [40_000, 2_000]
    assert lying(session) == [3_000]
    for pledge in (first, second):
        (stage,) = [
            s for s in whole_timeline(session, pledge, [], []) if s.kind is StageKind.HANDED_OVER
        ]
        assert f"07-{slip.number}" in stage.told.en


def test_no_more_leaves_than_lies_there(session, clerk):
    in_stock(session, clerk)

    with pytest.raises(NotInStock), session.begin_nested():
        slip_over(session, clerk, 40_001)


def test_the_same_slip_sent_twice_is_one(session, clerk):
    in_stock(session, clerk)

    first, again = (slip_over(session, clerk, 1_000, key="k") for _ in range(2))

    assert again.id == first.id
    assert lying(session) == [39_000]


def test_the_receiving_office_says_what_arrived(session, clerk):
    pledge = in_stock(session, clerk)
    slip = slip_over(session, clerk, 10_000)
    there, line = Scope(frozenset({office_id(session, "03")})), slip.lines[0]
    by = {"received_by_id": clerk, "now": NOON}

    with pytest.raises(NotFound):
        acknowledge_goods(session, Scope(frozenset({office_id(session)})), slip.id, {}, **by)
    with pytest.raises(DifferenceUnexplained), session.begin_nested():
        acknowledge_goods(session, there, slip.id, {line.id: Arrived(9_000)}, **by)
    with pytest.raises(MoreThanHandedOver), session.begin_nested():
        acknowledge_goods(session, there, slip.id, {line.id: Arrived(11_000)}, **by)
    acknowledge_goods(session, there, slip.id, {line.id: Arrived(9_000, "یکی پاره")}, **by)
    with pytest.raises(AlreadyAcknowledged):
        acknowledge_goods(session, there, slip.id, {}, **by)

    assert kinds(session, pledge)[1][pledge.items[0].id] is StageKind.ARRIVED


def test_a_handed_over_gift_is_voided_only_after_it_came_back(session, clerk, manager):
    pledge = in_stock(session, clerk)
    slip = slip_over(session, clerk, 10_000)
    contribution_id = session.scalars(select(Contribution.id)).one()
    void = {"reason": "خطا", "asked_by_id": clerk, "approved_by_id": manager, "now": NOON}

    with pytest.raises(GoodsHandedOver), session.begin_nested():
        reverse_contribution(session, contribution_id, **void)
    back = {"reason": "برگشت", "reversed_by_id": clerk, "now": NOON}
    bring_goods_back(session, EVERYWHERE, slip.lines[0].id, 10_000, **back)
    with pytest.raises(AlreadyReversed):
        bring_goods_back(session, EVERYWHERE, slip.lines[0].id, 10_000, **back)
    reverse_contribution(session, contribution_id, **void)

    assert lying(session) == []
    session.refresh(pledge, ["items"])
    assert pledge.items[0].state is ItemState.PROMISED
    assert check_ledger(session).ok


def test_a_void_gives_the_need_its_place_back(session, clerk, manager):
    need = a_need(session, 30, category="bedding", title="پتو", staff_id=manager)
    looked = looked_at(session, an_offer(session, need, 12).pledge, staff_id=clerk)

    reverse_contribution(
        session, looked.receipt.contribution_id, reason="خطا", asked_by_id=clerk,
        approved_by_id=manager, now=NOON,
    )  # fmt: skip

    session.expire(need)
    assert (need.reserved_thousandths, need.received_thousandths) == (12_000, 0)


def test_goods_of_another_office_are_not_found(session, clerk):
    in_stock(session, clerk)
    slip = slip_over(session, clerk, 1_000)

    with pytest.raises(NotFound):
        bring_goods_back(
            session, Scope(frozenset({office_id(session, "03")})), slip.lines[0].id, 1_000,
            reason="…", reversed_by_id=clerk, now=NOON,
        )  # fmt: skip


def test_what_came_back_did_not_arrive(session, clerk):
    in_stock(session, clerk)
    slip = slip_over(session, clerk, 10_000)
    line_id = slip.lines[0].id
    bring_goods_back(
        session, EVERYWHERE, line_id, 4_000, reason="خیس", reversed_by_id=clerk, now=NOON
    )
    by = {"received_by_id": clerk, "now": NOON}

    with pytest.raises(MoreThanHandedOver), session.begin_nested():
        acknowledge_goods(session, EVERYWHERE, slip.id, {line_id: Arrived(7_000)}, **by)
    acknowledge_goods(session, EVERYWHERE, slip.id, {}, **by)

    assert session.get_one(HandOverReceived, line_id).received_thousandths == 6_000


def test_a_new_proposal_keeps_the_office_that_was_agreed(session, clerk):
    pledge = a_pledge(session, BLANKETS, office="07")
    meeting = Meeting(Way.DROP_OFF, tehran_date(NOON), PartOfDay.NOON)
    there = office_id(session, "03")
    agree(session, pledge, meeting, office_id=there, set_by_id=clerk, now=NOON)

    propose(session, pledge, meeting, now=NOON)

    assert appointment_of(session, pledge.id).office_id == there


def test_goods_for_a_need_go_by_the_rules_of_the_need(session, clerk, manager):
    need = a_need(session, 30, title="شیر خشک", category=MILK, staff_id=manager)
    pledge = an_offer(session, need, 5).pledge

    with pytest.raises(ConditionNotSaid), session.begin_nested():
        receive_at_desk(session, pledge, tender=None, staff_id=clerk, now=NOON)
    with pytest.raises(ExpiryMissing), session.begin_nested():
        looked_at(session, pledge, NEW, staff_id=clerk)
    found = {pledge.items[0].id: expiring(20, category="other")}
    with pytest.raises(GoodsRefused), session.begin_nested():
        receive_at_desk(session, pledge, tender=None, found=found, staff_id=clerk, now=NOON)
    looked_at(session, pledge, expiring(90, category="other"), staff_id=clerk)

    assert lots_in(session, EVERYWHERE)[0].lot.category.code == MILK


def test_an_approved_value_does_not_outlive_its_void(session, clerk, manager):
    pledge = a_pledge(session, BLANKETS, office="07")
    valuation = looked_at(session, pledge, DEAR, staff_id=clerk).valuation
    receipt = decide_on_goods(
        session, EVERYWHERE, valuation.id, Decision.APPROVED, decided_by_id=manager, now=NOON
    )
    later = NOON + timedelta(hours=1)
    reverse_contribution(
        session, receipt.contribution_id, reason="خطا", asked_by_id=clerk,
        approved_by_id=manager, now=later,
    )  # fmt: skip

    with pytest.raises(ValueNeedsSecond):
        receive_at_desk(
            session, pledge, tender=None, found={pledge.items[0].id: DEAR}, staff_id=clerk,
            now=later + timedelta(hours=1),
        )  # fmt: skip


def test_the_database_refuses_a_need_without_its_unit_or_skill(session, manager):
    need = a_need(session, staff_id=manager)

    for wrong in (
        "UPDATE need SET unit = NULL",
        "UPDATE need SET kind = 'hours', category_id = NULL, unit = NULL",
    ):
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(text(wrong))
    assert need.unit == "عدد"
