"""Charity boxes and their rounds: sealed, found, counted by two, and become gifts."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound
from donations.custody.boxes import BoxInRound, SealUnusable, as_they_are, boxes_to_empty
from donations.custody.counting import CountDecided, CountSecondPersonNeeded
from donations.custody.rounds import (
    Collector,
    NotYourRemark,
    RemarksMissing,
    RemarkWritten,
    RoundClosed,
    SealMissing,
    TwoCollectorsNeeded,
    remarks_of,
)
from donations.custody.slip_sources import NotOfSources, SourceUnusable
from donations.models.charity_box import BoxState
from donations.models.collection_round import Condition, RoundClosing
from donations.models.contribution import Contribution
from donations.models.desk import Decision
from donations.models.slip_source import SlipSource
from donations.pledging import CashItem
from flows.checking import check_ledger
from flows.collecting import (
    AmountOfUnemptied,
    BoxesDiffer,
    Emptied,
    FindingsMissing,
    Placing,
    count_round,
    decide_on_round,
    open_round,
    place_box,
    remark,
)
from flows.desk import hand_over_cash
from flows.emptyings import gifts_of_round, last_emptyings
from ledger.postings import balance_rial
from offices.scope import EVERYWHERE, NOWHERE
from tests.custody import FUND, a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_desk_contribution, a_staff_member

OTHER_FUND = "most-needed"


@pytest.fixture
def clerk(session):
    return a_staff_member(session, "clerk")


@pytest.fixture
def other(session):
    return a_staff_member(session, "other")


@pytest.fixture
def boxes(session, clerk):
    return [a_box(session, clerk, seal) for seal in ("4470", "4471", "4472")]


def confirm(session, count, who, decision=Decision.APPROVED):
    return decide_on_round(session, EVERYWHERE, count.id, decision, decided_by_id=who.id, now=NOON)


def say(session, of, place, who):
    remark(session, EVERYWHERE, of.id, place, "پلمب شکسته بود", written_by_id=who.id, now=NOON)


def slip(session, clerk, amount_rial, *sources):
    return hand_over_cash(
        session,
        clerk.office_id,
        amount_rial,
        sources=sources,
        made_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )


def a_closed_round(session, clerk, other, *boxes, rial=1_000_000):
    closed = a_round(session, clerk, *boxes)
    found(session, closed, clerk)
    amounts = [rial] + [0] * (len(boxes) - 1)
    confirm(session, counted_round(session, closed, clerk, *amounts), other)
    return closed


def whole(session):
    return {check.name: check.detail for check in check_ledger(session).checks if not check.ok}


def test_a_box_has_a_number_of_its_office(boxes):
    assert [box.number for box in boxes] == ["00700001", "00700002", "00700003"]


def test_a_round_becomes_one_gift_for_each_fund_at_the_desk(session, clerk, other, boxes):
    third = a_box(session, clerk, "9", fund=OTHER_FUND)
    a_session(session, other)  # whose drawer this money does not pass
    closed = a_round(session, clerk, *boxes[:2], third)
    found(session, closed, clerk)

    receipts = confirm(session, counted_round(session, closed, clerk, 70_000, 0, 30_000), other)

    assert [receipt.amount_rial for receipt in receipts] == [30_000, 70_000]
    assert balance_rial(session, f"fund:{FUND}") == -70_000
    assert balance_rial(session, "desk:07") == 100_000
    assert len(gifts_of_round(session, EVERYWHERE, closed.id)) == 2
    assert gifts_of_round(session, NOWHERE, closed.id) == []
    assert whole(session) == {}


def test_closing_sets_the_new_seals_and_tells_each_box_its_last_emptying(
    session, clerk, other, boxes
):
    closed = a_closed_round(session, clerk, other, *boxes)

    assert [row.seal.seal_number for row in as_they_are(session, boxes)] == [
        f"N{row.id}" for row in closed.boxes
    ]
    last = last_emptyings(session, [box.id for box in boxes])
    assert [last[box.id].amount_rial for box in boxes] == [1_000_000, 0, 0]


def test_who_counted_does_not_confirm(session, clerk, other, boxes):
    opened = a_round(session, clerk, *boxes[:1])
    found(session, opened, clerk)
    count = counted_round(session, opened, clerk, 5_000)

    with pytest.raises(CountSecondPersonNeeded):
        confirm(session, count, clerk)
    confirm(session, count, other, Decision.DECLINED)
    with pytest.raises(CountDecided):
        confirm(session, count, other)
    assert session.scalars(select(func.count()).select_from(Contribution)).one() == 0


@pytest.mark.parametrize(
    ("condition", "seal"),
    [(Condition.BROKEN, "4470"), (Condition.INTACT, "666"), (Condition.BROKEN, "")],
    ids=["broken", "another seal", "no seal at all"],
)
def test_a_box_that_was_not_sound_needs_a_remark_of_both(
    session, clerk, other, boxes, condition, seal
):
    opened = a_round(session, clerk, *boxes[:1])
    found(session, opened, clerk, condition, seal)
    count = counted_round(session, opened, clerk, 5_000)

    with pytest.raises(RemarksMissing), session.begin_nested():
        confirm(session, count, other)
    say(session, opened, 1, clerk)
    with pytest.raises(RemarksMissing), session.begin_nested():
        confirm(session, count, other)
    say(session, opened, 2, clerk)
    with pytest.raises(RemarkWritten):
        say(session, opened, 2, clerk)
    confirm(session, count, other)

    assert session.scalars(select(RoundClosing)).one().unsound_count == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"unsound_count": 1, "first_remark": 1},
        {"unsound_count": 1},
        {"closed_by_id": "counted_by"},
    ],
    ids=["one remark", "no remark", "one person"],
)
def test_the_database_itself_wants_remarks_and_a_second_person(session, clerk, other, boxes, wrong):
    opened = a_round(session, clerk, *boxes[:1])
    found(session, opened, clerk)
    say(session, opened, 1, clerk)
    count = counted_round(session, opened, clerk, 5_000)
    facts = {"unsound_count": 0, "closed_by_id": other.id, **wrong}
    if facts["closed_by_id"] == "counted_by":
        facts["closed_by_id"] = clerk.id

    session.add(
        RoundClosing(
            round_id=opened.id,
            count_id=count.id,
            counted_by_id=clerk.id,
            decision=Decision.APPROVED,
            reason="",
            closed_on=NOON.date(),
            closed_at=NOON,
            **facts,
        )
    )
    with pytest.raises(IntegrityError, match="ck_round_closing"):
        session.flush()
    session.rollback()


def test_a_collector_of_the_staff_writes_the_remark_themselves(session, clerk, other, boxes):
    opened = open_round(
        session,
        clerk.office_id,
        [boxes[0].id],
        (Collector(staff_member_id=other.id), Collector("زهرا")),
        opened_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )

    with pytest.raises(NotYourRemark):
        say(session, opened, 1, clerk)
    say(session, opened, 1, other)


def test_of_a_collector_who_has_left_the_office_writes_the_remark(session, clerk, other, boxes):
    opened = open_round(
        session,
        clerk.office_id,
        [boxes[0].id],
        (Collector(staff_member_id=other.id), Collector("زهرا")),
        opened_by_id=clerk.id,
        request_key=None,
        now=NOON,
    )
    other.is_active = False

    say(session, opened, 1, clerk)

    assert remarks_of(session, opened.id).keys() == {1}


@pytest.mark.parametrize(
    "collectors",
    [
        (Collector("رضا"), Collector("رضا")),
        (Collector("رضا"), Collector(" ")),
        (Collector(staff_member_id=1), Collector(staff_member_id=1)),
        (Collector("رضا"), Collector(staff_member_id=999)),
    ],
    ids=["one name", "no name", "one of the staff", "nobody"],
)
def test_two_different_persons_walk_a_round(session, clerk, boxes, collectors):
    with pytest.raises(TwoCollectorsNeeded):
        open_round(
            session,
            clerk.office_id,
            [boxes[0].id],
            collectors,
            opened_by_id=clerk.id,
            request_key=None,
            now=NOON,
        )


def test_a_box_is_in_one_open_round_and_stays_where_it_is(session, clerk, boxes):
    a_round(session, clerk, boxes[0])

    assert [row.box.id for row in boxes_to_empty(session, clerk.office_id)] == [
        box.id for box in boxes[1:]
    ]
    with pytest.raises(BoxInRound):
        a_round(session, clerk, *boxes)
    with pytest.raises(BoxInRound):
        place_box(
            session,
            EVERYWHERE,
            boxes[0].id,
            BoxState.RETURNED,
            Placing("انبار", "ما"),
            told_by_id=clerk.id,
            now=NOON,
        )


def test_boxes_and_notes_are_one_sum(session, clerk, boxes):
    opened = a_round(session, clerk, *boxes[:2])
    with pytest.raises(FindingsMissing):
        counted_round(session, opened, clerk, 1_000, 2_000)
    found(session, opened, clerk)

    with pytest.raises(BoxesDiffer) as refused:
        counted_round(session, opened, clerk, 1_000, 2_000, notes_rial=4_000)

    assert refused.value.details == {"boxes_rial": 3_000, "counted_rial": 4_000}


@pytest.mark.parametrize("condition", [Condition.MISSING, Condition.LEFT])
def test_what_was_not_emptied_held_nothing(session, clerk, boxes, condition):
    opened = a_round(session, clerk, boxes[0])
    found(session, opened, clerk, condition)

    with pytest.raises(AmountOfUnemptied):
        counted_round(session, opened, clerk, 1_000)


def test_what_is_found_after_the_count_is_looked_at_when_it_is_confirmed(
    session, clerk, other, boxes
):
    opened = a_round(session, clerk, boxes[0])
    found(session, opened, clerk)
    count = counted_round(session, opened, clerk, 1_000)
    found(session, opened, clerk, Condition.MISSING)

    with pytest.raises(AmountOfUnemptied):
        confirm(session, count, other)


def test_a_box_that_was_found_after_the_count_has_no_new_seal_and_is_counted_again(
    session, clerk, other, boxes
):
    opened = a_round(session, clerk, boxes[0], boxes[1])
    found(session, opened, clerk, Condition.LEFT)
    left = {row.id: Emptied(0, "") for row in opened.boxes}
    count = count_round(
        session, EVERYWHERE, opened.id, {}, left,
        counted_by_id=clerk.id, request_key=None, now=NOON,
    )  # fmt: skip
    found(session, opened, clerk)

    with pytest.raises(SealMissing):
        confirm(session, count, other)


def test_an_intact_seal_has_a_number_and_a_new_one_is_new(session, clerk, boxes):
    opened = a_round(session, clerk, boxes[0])
    with pytest.raises(SealMissing):
        found(session, opened, clerk, Condition.INTACT, "")
    with pytest.raises(SealUnusable):
        found(session, opened, clerk, Condition.INTACT, "1" * 21)


def test_a_closed_round_has_its_last_word(session, clerk, other, boxes):
    closed = a_closed_round(session, clerk, other, boxes[0])

    with pytest.raises(RoundClosed):
        say(session, closed, 1, clerk)
    with pytest.raises(RoundClosed):
        found(session, closed, clerk)


def test_a_round_out_of_scope_is_not_there(session, clerk, boxes):
    opened = a_round(session, clerk, boxes[0])

    with pytest.raises(NotFound):
        remark(session, NOWHERE, opened.id, 1, "x", written_by_id=clerk.id, now=NOON)


# On to the bank


def test_the_money_of_a_round_goes_to_the_bank_whole_and_once(session, clerk, other, boxes):
    closed = a_closed_round(session, clerk, other, boxes[0])
    source = f"r{closed.id}"
    for rial in (999_999, 1_000_001):
        with pytest.raises(NotOfSources):
            slip(session, clerk, rial, source)

    made = slip(session, clerk, 1_000_000, source)

    (link,) = session.scalars(select(SlipSource))
    assert (link.slip_id, link.round_id) == (made.id, closed.id)
    with pytest.raises(SourceUnusable):
        slip(session, clerk, 1_000_000, source)


def test_of_a_session_a_part_may_stay_at_the_desk(session, clerk, other, boxes):
    a_closed_round(session, clerk, other, boxes[0])
    opened = a_session(session, clerk, 400_000)
    a_desk_contribution(session, CashItem(200_000), staff_id=clerk.id)
    counted(session, opened, 600_000, by=clerk)

    slip(session, clerk, 150_000, f"s{opened.id}")

    assert session.scalars(select(SlipSource)).one().session_id == opened.id


def test_an_open_session_is_on_no_slip(session, clerk):
    opened = a_session(session, clerk)

    with pytest.raises(SourceUnusable):
        slip(session, clerk, 1, f"s{opened.id}")
