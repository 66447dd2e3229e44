"""What lies on the counter: contribution, posting, number and jobs, all or nothing."""

import pytest
from sqlalchemy import func, select

from core.refusals import NotFound
from donations.models.contribution import Contribution, ContributionReversal, Tender
from donations.models.pledge import Channel, ItemState, Pledge
from donations.pledging import CashItem, GoodsItem, ServiceItem
from flows.receiving import (
    AlreadyReversed,
    NothingToReceive,
    receive_at_desk,
    reverse_contribution,
)
from jobs.queue import Job
from ledger.postings import balance_rial
from receipts.life.series import Receipt
from tests.factories import NOON, a_desk_contribution, a_pledge, a_staff_member, two_void


@pytest.fixture
def clerk(session):
    return a_staff_member(session)


def test_cash_and_goods_stand_on_one_receipt_and_only_cash_in_the_books(session, clerk):
    contribution = a_desk_contribution(
        session, CashItem(1_000_000), GoodsItem("پتو", 20_000, "تخته"), staff_id=clerk.id
    )

    receipt = session.scalars(select(Receipt)).one()
    assert receipt.number == "1405/07/000001"
    assert receipt.contribution_id == contribution.id
    assert receipt.amount_rial == 1_000_000
    assert balance_rial(session, "desk:07") == 1_000_000
    assert balance_rial(session, "fund:most-needed") == -1_000_000


def test_a_cheque_lies_with_the_cheques(session, clerk):
    pledge = a_pledge(session, CashItem(5_000_000), office="07", channel=Channel.DESK)

    receive_at_desk(
        session, pledge, tender=Tender.CHEQUE, cheque_number="778", staff_id=clerk.id, now=NOON
    )

    assert balance_rial(session, "cheques:07") == 5_000_000


def test_hours_alone_touch_no_books(session, clerk):
    a_desk_contribution(session, ServiceItem("پزشک", 6), staff_id=clerk.id, tender=None)

    assert balance_rial(session, "fund:most-needed") == 0
    assert session.scalars(select(Receipt)).one().amount_rial is None


def test_nothing_is_received_twice(session, clerk):
    contribution = a_desk_contribution(session, CashItem(1_000), staff_id=clerk.id)

    with pytest.raises(NothingToReceive):
        receive_at_desk(
            session,
            session.get_one(Pledge, contribution.pledge_id),
            tender=Tender.CASH,
            staff_id=clerk.id,
            now=NOON,
        )


def test_an_unknown_card_terminal_is_refused_and_nothing_is_saved(database):
    with database.writing() as session:
        clerk_id = a_staff_member(session).id
        pledge_id = a_pledge(session, CashItem(1_000), office="07", channel=Channel.DESK).id

    with pytest.raises(NotFound), database.writing() as session:
        receive_at_desk(
            session,
            session.get_one(Pledge, pledge_id),
            tender=Tender.CARD_TERMINAL,
            terminal="no-such",
            trace_number="1",
            staff_id=clerk_id,
            now=NOON,
        )

    with database.reading() as session:
        assert session.scalars(select(Contribution)).all() == []
        assert session.scalars(select(Receipt)).all() == []


def test_what_follows_is_asked_for_in_the_same_transaction(session, clerk):
    contribution = a_desk_contribution(session, CashItem(1_000), staff_id=clerk.id)

    kinds = set(session.scalars(select(Job.kind).where(Job.subject == str(contribution.id))))

    assert {"tell_contribution_received", "draw_receipt"} <= kinds


def test_a_reversal_undoes_the_books_and_voids_the_receipt(session, clerk):
    contribution = a_desk_contribution(session, CashItem(1_000_000), staff_id=clerk.id)
    checker = a_staff_member(session, "checker")

    reverse_contribution(
        session,
        contribution.id,
        reason="مبلغ اشتباه",
        asked_by_id=clerk.id,
        approved_by_id=checker.id,
        now=NOON,
    )

    assert balance_rial(session, "desk:07") == 0
    receipt = session.scalars(select(Receipt)).one()
    session.refresh(receipt)
    assert receipt.void.reason == "مبلغ اشتباه"
    pledge = session.get_one(Pledge, contribution.pledge_id)
    session.refresh(pledge)
    assert [item.state for item in pledge.items] == [ItemState.PROMISED]


def test_a_contribution_is_reversed_once(session, clerk):
    contribution = a_desk_contribution(session, CashItem(1_000), staff_id=clerk.id)
    two_void(session, contribution.id)
    session.expire_all()

    with pytest.raises(AlreadyReversed):
        reverse_contribution(
            session,
            contribution.id,
            reason="x",
            asked_by_id=clerk.id,
            approved_by_id=clerk.id,
            now=NOON,
        )

    assert session.scalar(select(func.count()).select_from(ContributionReversal)) == 1


def test_the_number_of_a_void_receipt_is_not_used_again(session, clerk):
    first = a_desk_contribution(session, CashItem(1_000), staff_id=clerk.id)
    two_void(session, first.id)

    a_desk_contribution(session, CashItem(1_000), staff_id=clerk.id)

    numbers = session.scalars(select(Receipt.number).order_by(Receipt.number)).all()
    assert numbers == ["1405/07/000001", "1405/07/000002"]
