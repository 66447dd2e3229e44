"""Deposit slips that are voided, and what of rounds and sessions may be given back beside them."""

import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound
from donations.custody import slip_sources
from donations.custody.boxes import boxes_to_empty, latest_seals
from donations.custody.rounds import (
    CancelReasonMissing,
    Found,
    LeftWithoutReason,
    RemarksMissing,
    RoundClosed,
    RoundCounted,
)
from donations.custody.slip_sources import (
    NotOfSources,
    SourceUnusable,
    slip_of_count,
    sources_waiting,
)
from donations.models.cash_count import CountDecision
from donations.models.charity_box import BoxSeal
from donations.models.collection_round import (
    COLLECTORS,
    Condition,
    RoundClosing,
    RoundContribution,
)
from donations.models.contribution import Contribution, Tender
from donations.models.desk import Decision, DepositSlip, SlipVoid
from donations.models.pledge import Pledge
from donations.models.slip_source import SlipSource
from donations.pledging import CashItem
from donations.slips import SlipReasonMissing, SlipSecondPersonNeeded, SlipVoided
from donations.voiding import ask_for_void
from flows.checking import check_ledger
from flows.collecting import cancel_round, decide_on_round, remark, tell_findings
from flows.custody import decide_on_count
from flows.desk import (
    Arrival,
    CashHandedOver,
    approve_void,
    drawer,
    hand_over_cash,
    receive_promised,
)
from flows.emptyings import last_emptyings
from flows.slip_voids import CashOnSlip, void_slip
from ledger.postings import balance_rial
from offices.places import Office
from offices.scope import EVERYWHERE, NOWHERE
from reconciliation.expected import ExpectedDeposit
from tests.custody import a_box, a_round, a_session, counted, counted_round, found
from tests.factories import NOON, a_desk_contribution, a_staff_member
from tests.ledger.corrupting import behind_the_triggers


@pytest.fixture
def clerk(session):
    return a_staff_member(session, "clerk")


@pytest.fixture
def manager(session):
    return a_staff_member(session, "manager")


@pytest.fixture
def walked(session, clerk, manager):
    """A round of two boxes that brought 1,000,000 rials, closed."""
    opened = a_round(
        session, clerk, a_box(session, clerk), a_box(session, clerk, fund="most-needed")
    )
    found(session, opened, clerk)
    count = counted_round(session, opened, clerk, 700_000, 300_000)
    decide_on_round(
        session, EVERYWHERE, count.id, Decision.APPROVED, decided_by_id=manager.id, now=NOON
    )
    return opened


@pytest.fixture
def closed(session, clerk):
    """A session with two gifts, 250,000 and 150,000 rials, closed; and those gifts."""
    opened = a_session(session, clerk)
    gifts = [cash(session, clerk, rial) for rial in (250_000, 150_000)]
    counted(session, opened, 400_000, by=clerk)
    return opened, gifts


def cash(session, who, rial):
    return a_desk_contribution(session, CashItem(rial), staff_id=who.id)


def slip(session, clerk, rial, *sources):
    return hand_over_cash(
        session, clerk.office_id, rial, sources=sources, made_by_id=clerk.id,
        request_key=None, now=NOON,
    )  # fmt: skip


def unslip(session, made, who, reason="بانک بسته بود", scope=EVERYWHERE):
    return void_slip(session, scope, made.id, reason, voided_by_id=who.id, now=NOON)


def void(session, contribution_id, clerk, manager):
    asked = ask_for_void(
        session, EVERYWHERE, contribution_id, reason="خطا", asked_by_id=clerk.id, now=NOON
    )
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=NOON)


def gifts_of(session, of):
    """The contributions of a round, by their id."""
    return session.scalars(
        select(RoundContribution.contribution_id)
        .where(RoundContribution.round_id == of.id)
        .order_by(RoundContribution.contribution_id)
    ).all()


def rial_of(session, contribution_id):
    return sum(line.amount_rial for line in session.get_one(Contribution, contribution_id).lines)


def waiting(session, clerk):
    return {each.key: each.standing_rial for each in sources_waiting(session, clerk.office_id)}


def free_rial(session, clerk):
    return drawer(session, session.get_one(Office, clerk.office_id)).free_rial


def whole(session):
    return {check.name: check.detail for check in check_ledger(session).checks if not check.ok}


# Gifts that are voided


def test_what_is_voided_of_a_round_before_the_slip_is_not_its_cash_any_more(
    session, clerk, manager, walked
):
    first, second = gifts_of(session, walked)
    voided = rial_of(session, first)

    void(session, first, clerk, manager)

    assert waiting(session, clerk) == {f"r{walked.id}": 1_000_000 - voided}
    made = slip(session, clerk, 1_000_000 - voided, f"r{walked.id}")
    assert balance_rial(session, "desk:07") == made.amount_rial
    assert whole(session) == {}
    with pytest.raises(CashOnSlip):
        void(session, second, clerk, manager)


def test_a_round_of_which_all_was_voided_is_on_no_slip(session, clerk, manager, walked):
    for gift in gifts_of(session, walked):
        void(session, gift, clerk, manager)

    assert waiting(session, clerk) == {}
    with pytest.raises(SourceUnusable):
        slip(session, clerk, 1, f"r{walked.id}")
    assert whole(session) == {}


def test_sources_of_which_nothing_stands_do_not_hide_older_ones(
    session, clerk, manager, walked, closed, monkeypatch
):
    monkeypatch.setattr(slip_sources, "_SHOWN", 1)
    later = a_round(session, clerk, a_box(session, clerk, "99"))
    found(session, later, clerk)
    count = counted_round(session, later, clerk, 5_000)
    decide_on_round(
        session, EVERYWHERE, count.id, Decision.APPROVED, decided_by_id=manager.id, now=NOON
    )
    assert f"r{walked.id}" not in waiting(session, clerk), "the list shows the latest"

    for gift in gifts_of(session, later):
        void(session, gift, clerk, manager)

    assert waiting(session, clerk) == {f"r{walked.id}": 1_000_000, f"s{closed[0].id}": 400_000}


def test_a_source_that_the_list_does_not_show_any_more_can_be_named(
    session, clerk, walked, closed, monkeypatch
):
    monkeypatch.setattr(slip_sources, "_SHOWN", 0)
    assert waiting(session, clerk) == {}

    slip(session, clerk, 1_400_000, f"r{walked.id}", f"s{closed[0].id}")

    assert whole(session) == {}


@pytest.mark.usefixtures("walked")
@pytest.mark.parametrize("key", ["r2", "r01", "x1", "r", "1", "r-1", "r9999999999999999999", "s1"])
def test_what_names_no_source_of_the_desk_is_refused(session, clerk, key):
    with pytest.raises(SourceUnusable):
        slip(session, clerk, 1_000_000, key)


def test_the_float_of_a_session_is_not_told_as_its_cash_a_second_time(session, clerk, closed):
    first, _gifts = closed
    later = a_session(session, clerk, 400_000)  # the cash of the session before
    cash(session, clerk, 60_000)
    counted(session, later, 460_000, by=clerk)

    assert waiting(session, clerk) == {f"s{first.id}": 400_000, f"s{later.id}": 60_000}
    with pytest.raises(NotOfSources), session.begin_nested():
        slip(session, clerk, 60_001, f"s{later.id}")
    slip(session, clerk, 460_000, f"s{first.id}", f"s{later.id}")
    assert whole(session) == {}


def test_a_session_that_brought_nothing_but_its_float_is_on_no_slip(session, clerk, closed):
    first, _gifts = closed
    counted(session, a_session(session, clerk, 400_000), 400_000, by=clerk)

    assert waiting(session, clerk) == {f"s{first.id}": 400_000}


def test_a_slip_of_a_float_is_found(database):
    with database.writing() as session:
        clerk = a_staff_member(session, "clerk")
        cash(session, clerk, 400_000)
        later = a_session(session, clerk, 400_000)
        cash(session, clerk, 60_000)
        counted(session, later, 460_000, by=clerk)
        slip(session, clerk, 60_000, f"s{later.id}")
        assert whole(session) == {}

    behind_the_triggers(
        database, "deposit_slip", "UPDATE deposit_slip SET amount_rial = amount_rial + 1"
    )

    with database.reading() as session:
        assert "slips" in whole(session)


def test_cash_of_a_round_that_is_still_there_is_entered_again_under_its_code(
    session, clerk, manager, walked
):
    first, _second = gifts_of(session, walked)
    void(session, first, clerk, manager)
    pledge = session.get_one(Pledge, session.get_one(Contribution, first).pledge_id)

    receive_promised(
        session,
        EVERYWHERE,
        Arrival(pledge.tracking_code, [item.id for item in pledge.items], tender=Tender.CASH),
        office_id=clerk.office_id,
        staff_id=clerk.id,
        request_key=None,
        now=NOON,
    )

    assert free_rial(session, clerk) == 1_000_000
    assert whole(session) == {}


def test_what_is_voided_of_a_session_before_its_count_was_never_counted(session, clerk, manager):
    opened = a_session(session, clerk)
    gift = cash(session, clerk, 250_000)
    cash(session, clerk, 150_000)
    void(session, gift.id, clerk, manager)
    counted(session, opened, 150_000, by=clerk)

    assert waiting(session, clerk) == {f"s{opened.id}": 150_000}
    assert whole(session) == {}


def test_what_is_voided_of_a_session_after_it_was_closed_is_not_there_any_more(
    session, clerk, manager, closed
):
    opened, (gift, _other) = closed

    void(session, gift.id, clerk, manager)

    assert waiting(session, clerk) == {f"s{opened.id}": 150_000}
    assert whole(session) == {}


def test_of_a_session_only_what_stayed_at_the_desk_is_given_back(session, clerk, manager, closed):
    opened, (gift, small) = closed
    cash(session, manager, 900_000)  # other cash at this desk is not the session's
    slip(session, clerk, 200_000, f"s{opened.id}")

    with pytest.raises(CashOnSlip), session.begin_nested():
        void(session, gift.id, clerk, manager)
    void(session, small.id, clerk, manager)

    assert whole(session) == {}


def test_other_cash_at_the_desk_does_not_stand_in_for_that_of_a_round(
    session, clerk, manager, walked
):
    cash(session, manager, 5_000_000)
    made = slip(session, clerk, 1_000_000, f"r{walked.id}")

    with pytest.raises(CashOnSlip) as refused, session.begin_nested():
        void(session, gifts_of(session, walked)[0], clerk, manager)
    assert refused.value.details == {"number": made.number}

    unslip(session, made, manager)
    void(session, gifts_of(session, walked)[0], clerk, manager)
    assert whole(session) == {}


def test_a_slip_that_names_nobody_s_cash_leaves_what_is_free(session, clerk, manager, closed):
    _opened, (gift, _other) = closed
    slip(session, clerk, 300_000)

    with pytest.raises(CashHandedOver):
        void(session, gift.id, clerk, manager)


# Slips that are voided


def test_a_void_slip_gives_its_cash_and_its_sources_back_and_keeps_its_number(
    session, clerk, manager, walked
):
    made = slip(session, clerk, 1_000_000, f"r{walked.id}")
    unslip(session, made, manager)

    assert (free_rial(session, clerk), waiting(session, clerk)) == (
        1_000_000,
        {f"r{walked.id}": 1_000_000},
    )
    assert session.scalars(select(ExpectedDeposit)).all() == []
    again = slip(session, clerk, 1_000_000, f"r{walked.id}")
    assert again.number == made.number + 1
    count_id = session.scalars(select(RoundClosing.count_id)).one()
    assert slip_of_count(session, count_id) is again
    assert whole(session) == {}
    with pytest.raises(SourceUnusable):
        slip(session, clerk, 1, f"r{walked.id}")


@pytest.mark.usefixtures("closed")
def test_a_slip_is_voided_once_for_a_reason_by_another_person_of_its_office(
    session, clerk, manager
):
    made = slip(session, clerk, 100_000)
    with pytest.raises(SlipSecondPersonNeeded):
        unslip(session, made, clerk)
    with pytest.raises(SlipReasonMissing):
        unslip(session, made, manager, " ")
    with pytest.raises(NotFound):
        unslip(session, made, manager, scope=NOWHERE)

    unslip(session, made, manager)

    with pytest.raises(SlipVoided):
        unslip(session, made, manager)
    assert session.scalars(select(func.count()).select_from(SlipVoid)).one() == 1


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("wrong", ["its maker", "no reason", "another maker", "twice"])
def test_the_database_itself_wants_a_second_person_and_a_reason_for_a_void(
    session, clerk, manager, wrong
):
    made = slip(session, clerk, 100_000)
    facts = {"slip_id": made.id, "made_by_id": clerk.id, "voided_by_id": manager.id}
    facts |= {"reason": "x", "voided_at": NOON}
    broken = {
        "its maker": {"voided_by_id": clerk.id},
        "no reason": {"reason": ""},
        "another maker": {"made_by_id": manager.id, "voided_by_id": clerk.id},
        "twice": {},
    }[wrong]
    if wrong == "twice":
        session.execute(insert(SlipVoid).values(**facts))
    with pytest.raises(IntegrityError):
        session.execute(insert(SlipVoid).values(**facts | broken))
    session.rollback()


def carried(session, slip_id, **facts):
    """One more row that says a slip carries the round of the first row."""
    first = session.scalars(select(SlipSource)).first()
    values = {"slip_id": slip_id, "round_id": first.round_id, "count_id": first.count_id}
    return insert(SlipSource).values(**values | facts)


@pytest.mark.parametrize("is_void", [False, True])
def test_the_database_itself_lets_cash_be_in_another_slip_only_after_a_void(
    session, clerk, manager, walked, is_void
):
    cash(session, manager, 9_000)
    empty = slip(session, clerk, 1_000)  # void, and it never carried this cash
    unslip(session, empty, manager)
    made = slip(session, clerk, 1_000_000, f"r{walked.id}")
    other = slip(session, clerk, 5_000)
    if is_void:
        unslip(session, made, manager)
    refused = [None, empty.id, other.id] + ([] if is_void else [made.id])
    for after in refused:
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(carried(session, other.id, after_slip_id=after))
    if is_void:
        session.execute(carried(session, other.id, after_slip_id=made.id))
        third = slip(session, clerk, 4_000)
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(carried(session, third.id, after_slip_id=made.id))
    session.rollback()


# Rounds that are cancelled, boxes that are left


def cancel(session, of, who, reason="باران", scope=EVERYWHERE):
    cancel_round(session, scope, of.id, reason, cancelled_by_id=who.id, now=NOON)


def test_a_cancelled_round_leaves_its_boxes_where_they_are_under_their_seals(session, clerk):
    box = a_box(session, clerk)
    opened = a_round(session, clerk, box)
    found(session, opened, clerk)
    seal = latest_seals(session, [box.id])[box.id].id

    cancel(session, opened, clerk)

    assert [each.box.id for each in boxes_to_empty(session, clerk.office_id)] == [box.id]
    assert latest_seals(session, [box.id])[box.id].id == seal
    assert session.scalars(select(func.count()).select_from(BoxSeal)).one() == 1
    assert last_emptyings(session, [box.id]) == {}
    assert waiting(session, clerk) == {}
    assert opened.closing.is_cancelled
    assert whole(session) == {}
    a_round(session, clerk, box)


def test_a_round_is_cancelled_once_for_a_reason_before_it_is_counted(session, clerk, manager):
    opened = a_round(session, clerk, a_box(session, clerk))
    with pytest.raises(CancelReasonMissing):
        cancel(session, opened, clerk, "  ")
    with pytest.raises(NotFound):
        cancel(session, opened, clerk, scope=NOWHERE)
    found(session, opened, clerk)
    count = counted_round(session, opened, clerk, 5_000)
    for _each in range(2):
        with pytest.raises(RoundCounted):
            cancel(session, opened, clerk)
        if count.decision is None:
            decide_on_round(
                session, EVERYWHERE, count.id, Decision.DECLINED,
                decided_by_id=manager.id, now=NOON,
            )  # fmt: skip
            session.expire(count)

    other = a_round(session, clerk, a_box(session, clerk))
    cancel(session, other, clerk)
    for late in (cancel, found, lambda *of: counted_round(*of, 0)):
        with pytest.raises(RoundClosed):
            late(session, other, clerk)


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"decision": "approved"}, {"counted_by_id": 1}], ids=str
)
def test_the_database_itself_wants_a_reason_or_a_count_behind_the_end_of_a_round(
    session, clerk, wrong
):
    opened = a_round(session, clerk, a_box(session, clerk))
    facts = {"round_id": opened.id, "closed_by_id": clerk.id, "reason": "باران"}
    facts |= {"unsound_count": 0, "closed_on": NOON.date(), "closed_at": NOON}

    with pytest.raises(IntegrityError, match="ck_round_closing"):
        session.execute(insert(RoundClosing).values(**facts | wrong))
    session.rollback()


@pytest.mark.usefixtures("walked")
def test_nothing_comes_of_a_cancelled_round_in_the_database_itself(session, clerk):
    opened = a_round(session, clerk, a_box(session, clerk))
    cancel(session, opened, clerk)
    gift = cash(session, clerk, 1_000)
    count_id = session.scalars(select(RoundContribution.count_id)).first()

    with pytest.raises(IntegrityError):
        session.execute(
            insert(RoundContribution).values(
                contribution_id=gift.id,
                round_id=opened.id,
                count_id=count_id,
                fund_id=gift.lines[0].fund_id,
            )
        )
    session.rollback()


@pytest.mark.parametrize("condition", [Condition.BROKEN, Condition.MISSING], ids=str)
def test_nobody_cancels_a_round_with_unsound_boxes_without_a_remark_of_both(
    session, clerk, manager, condition
):
    opened = a_round(session, clerk, a_box(session, clerk))
    found(session, opened, clerk, condition)
    for place in COLLECTORS:
        with pytest.raises(RemarksMissing) as refused, session.begin_nested():
            cancel(session, opened, manager)
        assert refused.value.details == {"count": 1}
        remark(
            session, EVERYWHERE, opened.id, place, "قفل شکسته بود", written_by_id=clerk.id, now=NOON
        )

    cancel(session, opened, manager)

    closing = session.scalars(select(RoundClosing)).one()
    told = (closing.unsound_count, closing.first_remark, closing.second_remark)
    assert told == (1, *COLLECTORS)
    assert whole(session) == {}


def test_a_box_that_was_not_collected_is_left_for_a_reason(session, clerk):
    opened = a_round(session, clerk, a_box(session, clerk))
    (row,) = opened.boxes

    def tell(condition, reason):
        tell_findings(
            session, EVERYWHERE, opened.id, {row.id: Found(condition, "4471", reason)},
            told_by_id=clerk.id, now=NOON,
        )  # fmt: skip

    with pytest.raises(LeftWithoutReason) as refused:
        tell(Condition.LEFT, " ")
    assert refused.value.details["number"] == row.box.number
    tell(Condition.LEFT, "مغازه بسته بود")
    tell(Condition.LEFT, "مغازه بسته بود")
    tell(Condition.INTACT, "این‌جا دلیلی نیست")

    rows = session.execute(text("SELECT condition, reason FROM box_finding ORDER BY id")).all()
    assert [tuple(each) for each in rows] == [("left", "مغازه بسته بود"), ("intact", "")]


# Only an approval closes


@pytest.mark.parametrize("said", [Decision.DECLINED, None], ids=["declined", "nobody decided"])
@pytest.mark.parametrize("table", ["session_closing", "round_closing"])
def test_the_database_itself_closes_nothing_that_nobody_approved(
    session, clerk, manager, table, said
):
    """Raw SQL that says it was approved, while the decision says another thing, or is not there."""
    if table == "session_closing":
        of = a_session(session, clerk)
        count = counted(session, of, 10_000, by=clerk, reason="x")
        decide, facts = decide_on_count, "cashier_id, difference_rial, limit_rial, approved_by_id"
        values = f"{clerk.id}, 10000, 0, {manager.id}"
        key = "session_id"
    else:
        of = a_round(session, clerk, a_box(session, clerk))
        found(session, of, clerk)
        count = counted_round(session, of, clerk, 10_000)
        decide, facts = decide_on_round, "reason, unsound_count, closed_by_id"
        values, key = f"'', 0, {manager.id}", "round_id"
    if said is not None:
        decide(session, EVERYWHERE, count.id, said, decided_by_id=manager.id, now=NOON)

    def close(word):
        session.execute(
            text(
                f"INSERT INTO {table} ({key}, count_id, counted_by_id, {facts}, decision,"  # noqa: S608
                f" closed_on, closed_at) VALUES ({of.id}, {count.id}, {clerk.id}, {values},"
                f" {word}, '2026-11-22', '2026-11-22 08:30:00')"
            )
        )

    for word in ("'approved'", "'declined'", "NULL"):
        with pytest.raises(IntegrityError), session.begin_nested():
            close(word)
    if said is None:  # with the approval behind it, the very same row is taken
        session.execute(
            insert(CountDecision).values(
                count_id=count.id, counted_by_id=clerk.id, decision=Decision.APPROVED,
                decided_by_id=manager.id, decided_at=NOON,
            )
        )  # fmt: skip
        close("'approved'")
    session.rollback()


@pytest.mark.usefixtures("closed")
def test_slips_of_an_office_are_all_there(session, clerk):
    slip(session, clerk, 1_000)
    session.execute(
        insert(DepositSlip).values(
            office_id=clerk.office_id, number=3, bank_account_id=1, deposit_id="9" * 13,
            amount_rial=1, handed_on=NOON.date(), made_by_id=clerk.id, made_at=NOON,
        )
    )  # fmt: skip

    assert "slips" in whole(session)
