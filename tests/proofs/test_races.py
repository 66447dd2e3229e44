"""Many at once, threads and processes: a gift is received once, whoever is first."""

import json
import subprocess
import sys
import threading
import time

import pytest
from sqlalchemy import func, insert, select

from core.settings import ROOT
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import Channel, Pledge
from donations.pledging import CashItem, DonorFacts
from flows.checking import check_ledger
from flows.importing import import_statement
from flows.pledging import promise
from flows.reconciling import run
from ledger.postings import Cause, Posting
from receipts.life.auditing import number_gaps
from receipts.life.series import Receipt
from tests.conftest import gateways_at
from tests.factories import NOON, a_pledge, a_staff_member
from tests.flows.test_paying import Till
from tests.sandbox import running_bank

S = PaymentState
THREADS = 16


def at_once(*acts):
    """Let go of all acts in the same moment; what each returned or raised."""
    start = threading.Barrier(len(acts), timeout=30)
    came = [None] * len(acts)

    def work(number, act):
        start.wait()
        try:
            came[number] = act()
        except Exception as trouble:
            came[number] = trouble

    threads = [threading.Thread(target=work, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return came


def raised_by_processes(**task):
    done = subprocess.run(
        [sys.executable, "-m", "tests.proofs.race_worker", json.dumps(task)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=180,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def books_are_whole(database):
    with database.reading() as session:
        return [check.detail for check in check_ledger(session).checks if not check.ok] == []


@pytest.fixture
def own_till(database, tmp_path):
    """A till at a bank of its own, whose statement shows nothing of other tests."""
    with running_bank(tmp_path) as bank:
        yield Till(database, gateways_at(bank.base_url), bank)


def test_returns_and_sweepers_of_several_processes_receive_once(till, database_url):
    payment = till.begin(CashItem(2_500_000), CashItem(500_000, "19041062101"))
    fields = till.pay(payment)

    raised = raised_by_processes(
        act="finish",
        processes=3,
        threads=THREADS,
        url=database_url,
        bank=till.bank.base_url,
        payment_id=payment.id,
        return_key=payment.return_key,
        fields=fields,
    )

    assert raised == []
    assert till.payment(payment.id).state is S.SETTLED
    assert till.count(Contribution) == till.count(Receipt) == 1
    assert till.count(Posting, Posting.cause == Cause.CONTRIBUTION) == 1
    assert books_are_whole(till.database)


@pytest.mark.parametrize("_turn", range(3))
def test_two_payments_of_one_promise_that_finish_at_once_are_one_gift_and_one_surplus(till, _turn):
    first = till.begin()
    second = till.begin(pledge_id=first.pledge_id)
    paid = [(payment, till.pay(payment)) for payment in (first, second)]

    came = at_once(*(lambda one=one: till.come_back(*one) for one in paid))

    assert [trouble for trouble in came if isinstance(trouble, Exception)] == []
    after = [till.payment(one.id) for one, _ in paid]
    taken = [payment for payment in after if payment.is_final]
    # Who comes a moment later than the other is left to the bank, which gives the money back.
    assert {payment.state for payment in after} <= {S.SETTLED, S.RETURNED}
    assert [payment.is_surplus for payment in taken].count(False) == 1
    assert till.count(Contribution) == till.count(Receipt) == 1
    assert till.balance("surplus") == -2_500_000 * (len(taken) - 1)
    assert books_are_whole(till.database)


def test_payments_of_many_promises_that_finish_at_once_keep_out_of_each_others_way(till):
    paid = [(payment, till.pay(payment)) for payment in (till.begin() for _ in range(THREADS))]

    came = at_once(*(lambda one=one: till.come_back(*one) for one in paid))

    assert {payment.state for payment in came} == {S.SETTLED}
    assert till.count(Contribution) == till.count(Receipt) == THREADS
    assert books_are_whole(till.database)


def test_one_bank_payment_claimed_for_two_orders_at_once_pays_for_one(till):
    payments = [till.begin() for _ in range(4)]
    paid = till.pay(payments[0])
    claims = [
        paid | {"RefId": payment.token, "SaleOrderId": str(payment.order_number)}
        for payment in payments
    ]

    came = at_once(
        *(lambda p=p, c=c: till.come_back(p, c) for p, c in zip(payments, claims, strict=True))
    )
    till.sweep()

    assert [trouble for trouble in came if isinstance(trouble, Exception)] == []
    assert [till.payment(payment.id).is_final for payment in payments] == [True, *[False] * 3]
    assert till.count(Contribution) == 1


@pytest.mark.parametrize("comes_back", [True, False], ids=["comes back", "closed browser"])
def test_a_reference_that_a_forger_reserved_keeps_no_gift_from_its_giver(till, comes_back):
    forged, given = till.begin(), till.begin()
    paid = till.pay(given)
    till.bank.break_next("bpVerifyRequest", "drop_before", times=2)
    claim = paid | {"RefId": forged.token, "SaleOrderId": str(forged.order_number)}
    assert till.come_back(forged, claim).bank_reference == paid["SaleReferenceId"]
    if comes_back:
        assert not till.come_back(given, paid).is_final

    till.sweep()

    assert till.payment(given.id).state is S.SETTLED
    assert till.payment(given.id).bank_reference == paid["SaleReferenceId"]
    assert till.payment(forged.id).bank_reference is None
    assert till.count(Contribution) == 1


def test_the_same_form_sent_by_many_threads_is_one_promise(database):
    def send():
        with database.writing() as session:
            pledge = promise(
                session,
                [CashItem(1_000_000)],
                donor=DonorFacts(name="نرگس"),
                office_id=None,
                channel=Channel.WEBSITE,
                request_key="the-form-of-a-double-click",
                now=NOON,
            )
            return pledge.tracking_code

    codes = at_once(*[send] * THREADS)

    with database.reading() as session:
        assert {session.scalars(select(Pledge.tracking_code)).one()} == set(codes)


def test_eight_processes_at_one_desk_leave_no_gap_in_the_numbers(database, database_url):
    with database.writing() as session:
        staff_id = a_staff_member(session).id
    database.engine.dispose()

    raised = raised_by_processes(
        act="receive", processes=8, threads=2, times=4, url=database_url, staff_id=staff_id
    )

    assert raised == []
    with database.reading() as session:
        serials = session.scalars(select(Receipt.serial).order_by(Receipt.serial)).all()
    assert serials == list(range(1, 65))
    assert books_are_whole(database)


def test_eight_processes_issue_two_thousand_receipts_of_a_desk_without_a_gap(
    database, database_url
):
    with database.writing() as session:
        contributions = many_contributions(session, 2_000)
    database.engine.dispose()

    raised = raised_by_processes(
        act="issue", processes=8, threads=1, url=database_url, contributions=contributions
    )

    assert raised == []
    with database.reading() as session:
        serials = session.scalars(select(Receipt.serial).order_by(Receipt.serial)).all()
        assert serials == list(range(1, 2_001))
        assert len(set(session.scalars(select(Receipt.contribution_id)))) == 2_000
        assert list(number_gaps(session)) == []


def many_contributions(session, count):
    """The ids of cash contributions at one desk that have no receipts yet."""
    pledge = a_pledge(session, CashItem(1_000), office="07", channel=Channel.DESK)
    (item,) = pledge.items
    facts = {
        "pledge_id": pledge.id,
        "office_id": pledge.office_id,
        "origin": Origin.DESK,
        "tender": Tender.CASH,
        "received_on": NOON.date(),
        "recorded_at": NOON,
    }
    ids = session.scalars(
        insert(Contribution).returning(Contribution.id),
        [{**facts, "cause_id": number} for number in range(count)],
    ).all()
    line = {"pledge_item_id": item.id, "kind": item.kind, "fund_id": item.fund_id}
    session.execute(
        insert(ContributionLine),
        [{**line, "contribution_id": id_, "amount_rial": 1_000} for id_ in ids],
    )
    return list(ids)


@pytest.mark.parametrize("pause_seconds", [0, 0.03, 0.1])
def test_a_deposit_and_an_online_payment_of_one_promise_are_one_gift(own_till, pause_seconds):
    till, bank = own_till, own_till.bank
    payments = [till.begin() for _ in range(6)]
    with till.database.reading() as session:
        for payment in payments:
            deposit_id = session.get_one(Pledge, payment.pledge_id).deposit_id
            bank.post("lines", kind="deposit", amount_rial=2_500_000, deposit_id=deposit_id)
    paid = [(payment, till.pay(payment)) for payment in payments]
    import_statement(
        till.database, bank.statement(), "statement.xlsx", account="90190", now=till.clock()
    )

    def reconcile():
        time.sleep(pause_seconds)
        return run(till.database, now=till.clock())

    came = at_once(
        reconcile,
        *(lambda one=one: till.come_back(*one) for one in paid),
    )

    assert [trouble for trouble in came if isinstance(trouble, Exception)] == []
    with till.database.reading() as session:
        gifts = session.execute(
            select(Contribution.pledge_id, func.count()).group_by(Contribution.pledge_id)
        ).all()
        surplus = session.scalar(select(func.count()).where(Payment.is_surplus))
        deposits = till.count(Contribution, Contribution.origin == Origin.DEPOSIT)
    assert sorted(gifts) == sorted((payment.pledge_id, 1) for payment in payments)
    assert surplus == deposits
    assert {till.payment(payment.id).state for payment in payments} == {S.SETTLED}
    assert books_are_whole(till.database)
