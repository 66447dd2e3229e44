"""A visitor with a tracking code at a desk: goods, hours and money that were promised online."""

import pytest
from sqlalchemy import func, select

from core.identifiers import is_tracking_code
from donations.models.contribution import Contribution, ContributionLine, Tender
from donations.models.desk import VoidRequest
from donations.models.payment import Payment
from donations.models.pledge import ItemKind, ItemState, Pledge
from donations.pledging import CashItem, DonorFacts, GoodsItem, ServiceItem
from donations.voiding import ask_for_void
from flows.checking import check_ledger
from flows.desk import approve_void
from ledger.postings import balance_rial
from offices.scope import EVERYWHERE
from offices.staff import Role
from receipts.life.series import Receipt
from reconciliation.expected import ExpectedDeposit
from tests.factories import NOON, a_pledge
from tests.ledger.world import a_final_payment
from tests.staff import at_work

DONOR = DonorFacts(name="زهرا احمدی", mobile="09121234567")
NOBODYS = next(code for n in range(10) if is_tracking_code(code := f"300000000000{n}"))
EVERYTHING = (CashItem(2_500_000), GoodsItem("پتو", 20_000, "تخته"), ServiceItem("آموزش", 8))


@pytest.fixture
def clerk(app, database):
    return at_work(app, database, Role.CLERK)


@pytest.fixture
def pledge(database):
    with database.writing() as session:
        return a_pledge(session, *EVERYTHING, donor=DONOR)


def ticks(pledge, *kinds):
    names = {
        item.kind: "with_cash" if item.kind is ItemKind.CASH else f"item{item.id}"
        for item in pledge.items
    }
    chosen = {f"{names[ItemKind.GOODS]}_category": "other"}
    return {**chosen, **{names[kind]: "y" for kind in kinds}}


def receive(clerk, pledge, *kinds, status=200, **fields):
    path = f"/desk/receive/{pledge.tracking_code}"
    return clerk.send(path, {**ticks(pledge, *kinds), "tender": "cash", **fields}, status=status)


def states(database, pledge):
    with database.reading() as session:
        return [item.state for item in session.get_one(Pledge, pledge.id).items]


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def books_are_whole(database):
    with database.reading() as session:
        assert [check for check in check_ledger(session).checks if not check.ok] == []


PROMISED, RECEIVED = ItemState.PROMISED, ItemState.RECEIVED


def test_goods_and_hours_that_were_promised_online_are_received_at_a_desk(clerk, database, pledge):
    typed = " ".join(pledge.tracking_code).translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"))
    page = clerk.get(clerk.http.get(f"/desk/receive?code={typed}").location)
    assert "۲۰ تخته پتو" in page.words

    page = receive(clerk, pledge, ItemKind.GOODS, ItemKind.SERVICE)

    assert "۱۴۰۵/۰۷/۰۰۰۰۰۱" in page.words
    assert states(database, pledge) == [PROMISED, RECEIVED, RECEIVED]
    assert "زهرا احمدی" in clerk.get(f"/desk/entries/{pledge.tracking_code}").words
    books_are_whole(database)


def test_the_rest_is_received_later_under_a_receipt_of_its_own(clerk, database, pledge):
    receive(clerk, pledge, ItemKind.GOODS)
    receive(clerk, pledge, ItemKind.CASH, ItemKind.SERVICE)

    assert states(database, pledge) == [RECEIVED] * 3
    assert count(database, Receipt) == 2
    assert "دریافت شده" in clerk.get(f"/desk/receive/{pledge.tracking_code}").words


def test_money_counted_here_lies_in_the_drawer_and_its_deposit_is_not_awaited(
    clerk, database, pledge
):
    receive(clerk, pledge, ItemKind.CASH)

    with database.reading() as session:
        assert balance_rial(session, "desk:07") == 2_500_000
        contribution = session.scalars(select(Contribution)).one()
        assert contribution.tender is Tender.CASH
    assert count(database, ExpectedDeposit) == 0
    books_are_whole(database)


def test_what_was_paid_online_is_not_received_again(clerk, database, pledge):
    with database.writing() as session:
        a_final_payment(session, pledge, order_number=1)

    receive(clerk, pledge, ItemKind.CASH, ItemKind.GOODS)

    with database.reading() as session:
        cash = ContributionLine.kind == ItemKind.CASH
        assert len(session.scalars(select(ContributionLine).where(cash)).all()) == 1
    books_are_whole(database)


def test_a_payment_that_comes_after_the_counted_money_is_surplus(clerk, database, pledge):
    receive(clerk, pledge, ItemKind.CASH)

    with database.writing() as session:
        a_final_payment(session, pledge, order_number=1)

    with database.reading() as session:
        assert session.scalars(select(Payment.is_surplus)).one()
    books_are_whole(database)


def test_after_a_void_it_is_promised_again_and_can_be_received_again(app, clerk, database, pledge):
    manager = at_work(app, database, Role.OFFICE_MANAGER)
    receive(clerk, pledge, ItemKind.CASH)
    with database.writing() as session:
        wrong = session.scalars(select(Contribution.id)).one()
        ask_for_void(
            session, EVERYWHERE, wrong, reason="x", asked_by_id=clerk.staff_member_id, now=NOON
        )
        request_id = session.scalars(select(VoidRequest.id)).one()
        by = manager.staff_member_id
        approve_void(session, EVERYWHERE, request_id, decided_by_id=by, now=NOON)
    assert count(database, ExpectedDeposit) == 1
    books_are_whole(database)

    receive(clerk, pledge, ItemKind.CASH, ItemKind.GOODS)

    assert states(database, pledge) == [RECEIVED, RECEIVED, PROMISED]
    books_are_whole(database)


def test_the_same_form_twice_is_one_entry(clerk, database, pledge):
    path = f"/desk/receive/{pledge.tracking_code}"
    hidden, fields = clerk.form(path), ticks(pledge, ItemKind.GOODS)

    sent = {clerk.answer(path, fields, hidden=hidden).location for _turn in range(2)}

    assert sent == {f"/desk/walk-in/{pledge.tracking_code}"}
    assert count(database, Contribution) == 1


@pytest.mark.parametrize(
    ("kinds", "fields", "told"),
    [
        ((), {}, "علامت بزنید"),
        ((ItemKind.CASH,), {"tender": "cheque"}, "چک را بنویسید"),
        ((ItemKind.CASH,), {"tender": "card_terminal"}, "این گزینه پذیرفته نیست"),
    ],
)
def test_an_incomplete_form_is_refused_and_nothing_is_saved(
    clerk, database, pledge, kinds, fields, told
):
    assert told in receive(clerk, pledge, *kinds, status=422, **fields).words
    assert count(database, Contribution) == 0


def test_a_cheque_that_came_before_is_asked_about(clerk, database, pledge):
    cheque = {"tender": "cheque", "cheque_number": "123456"}
    clerk.send("/desk/walk-in", {"amount": "5000", **cheque})
    page = receive(clerk, pledge, ItemKind.CASH, status=409, **cheque)
    assert "آیا این همان مشارکت است" in page.words

    receive(clerk, pledge, ItemKind.CASH, is_another="y", **cheque)

    assert count(database, Contribution) == 2
    books_are_whole(database)


@pytest.mark.parametrize(("office", "status"), [(None, 200), ("07", 200), ("06", 404)])
def test_a_promise_made_to_another_desk_does_not_exist_here(clerk, database, office, status):
    with database.writing() as session:
        pledge = a_pledge(session, *EVERYTHING, office=office)

    clerk.get(f"/desk/receive/{pledge.tracking_code}", status=status)


@pytest.mark.parametrize(("code", "status"), [("12ab", 422), ("123", 422), (NOBODYS, 404)])
def test_a_code_that_is_none_is_refused(clerk, code, status):
    answer = clerk.http.get(f"/desk/receive?code={code}", follow_redirects=True)

    assert answer.status_code == status
