"""What may be promised, and what is refused before anything is written."""

import pytest
from sqlalchemy import func, select

from core.identifiers import UnreadableMobile, is_deposit_id, is_tracking_code
from core.rial import UnreadableAmount
from donations.models.donor import Donor
from donations.models.pledge import Channel, ItemKind, Pledge
from donations.pledging import (
    CashItem,
    DonorFacts,
    GoodsItem,
    NothingPromised,
    ServiceItem,
    UnknownFund,
    UnusableEmail,
    UnusableQuantity,
    UnusableText,
    read_quantity,
)
from flows.pledging import promise
from reconciliation.expected import ExpectedDeposit
from tests.factories import NOON, a_pledge, office_id


def test_one_pledge_holds_the_three_kinds_under_one_code(session):
    pledge = a_pledge(
        session,
        CashItem(20_000_000, "19041062101"),
        GoodsItem("بن نان", 40_000, "عدد"),
        ServiceItem("نانوایی", 8),
    )

    assert [item.kind for item in pledge.items] == [ItemKind.CASH, ItemKind.GOODS, ItemKind.SERVICE]
    assert pledge.cash_rial == 20_000_000
    assert is_tracking_code(pledge.tracking_code)
    assert is_deposit_id(pledge.deposit_id)


def test_a_deposit_under_its_id_is_looked_out_for(session):
    pledge = a_pledge(session, CashItem(2_500_000))

    expected = session.scalars(select(ExpectedDeposit)).one()

    assert (expected.deposit_id, expected.amount_rial) == (pledge.deposit_id, 2_500_000)


def test_a_promise_of_goods_alone_expects_no_deposit(session):
    a_pledge(session, GoodsItem("پتو", 20_000, "تخته"))

    assert session.scalars(select(ExpectedDeposit)).all() == []


def test_nobody_has_to_say_who_they_are(session):
    assert a_pledge(session).donor is None


def test_deposit_ids_of_one_office_count_up(session):
    first = a_pledge(session, office="07", channel=Channel.DESK)
    second = a_pledge(session, office="07", channel=Channel.DESK)

    assert first.deposit_id[:11] == "15007000001"
    assert second.deposit_id[:11] == "15007000002"


def test_the_same_form_sent_twice_is_one_pledge(session):
    twice = [
        promise(
            session,
            [CashItem(1_000_000)],
            donor=DonorFacts(),
            office_id=None,
            channel=Channel.WEBSITE,
            request_key="form-1",
            now=NOON,
        ).id
        for _ in range(2)
    ]

    assert twice[0] == twice[1]
    assert session.scalar(select(func.count()).select_from(Pledge)) == 1


def test_a_donor_who_comes_again_is_the_same_donor(session):
    for name in ("علی کریمی", "علي  كريمي"):
        a_pledge(session, donor=DonorFacts(name=name, mobile="۰۹۱۲۱۲۳۴۵۶۷"))

    assert session.scalar(select(func.count()).select_from(Donor)) == 1


@pytest.mark.parametrize(
    ("item", "refusal"),
    [
        (CashItem(0), UnreadableAmount),
        (CashItem(10**15 + 1), UnreadableAmount),
        (CashItem(1_000, "no-such-fund"), UnknownFund),
        (GoodsItem("", 1_000, "عدد"), UnusableText),
        (GoodsItem("پتو", 0, "عدد"), UnusableQuantity),
        (ServiceItem("", 3), UnusableText),
        (ServiceItem("پزشک", 0), UnusableQuantity),
    ],
)
def test_what_cannot_be_promised_is_refused(session, item, refusal):
    with pytest.raises(refusal):
        a_pledge(session, item)


@pytest.mark.parametrize(
    ("donor", "refusal"),
    [
        (DonorFacts(mobile="12"), UnreadableMobile),
        (DonorFacts(email="nobody"), UnusableEmail),
        (DonorFacts(name="ا" * 201), UnusableText),
    ],
)
def test_a_donor_who_cannot_be_read_is_refused(session, donor, refusal):
    with pytest.raises(refusal):
        a_pledge(session, donor=donor)


def test_a_refused_promise_leaves_nothing(database):
    with pytest.raises(UnknownFund), database.writing() as session:
        a_pledge(session, CashItem(1_000), CashItem(1_000, "no-such-fund"))

    with database.reading() as session:
        assert session.scalars(select(Pledge)).all() == []


def test_an_empty_pledge_is_none(session):
    with pytest.raises(NothingPromised):
        promise(
            session,
            [],
            donor=DonorFacts(),
            office_id=office_id(session),
            channel=Channel.DESK,
            now=NOON,
        )


@pytest.mark.parametrize(
    ("typed", "thousandths"),
    [("20", 20_000), ("۲٫۵", 2_500), ("1.125", 1_125), ("1,200", 1_200_000), ("۰٫۰۰۱", 1)],
)
def test_a_quantity_is_exact(typed, thousandths):
    assert read_quantity(typed) == thousandths


@pytest.mark.parametrize("typed", ["", "0", "1.1234", "-1", "a", "1e3", "."])
def test_what_is_no_quantity_is_refused(typed):
    with pytest.raises(UnusableQuantity):
        read_quantity(typed)
