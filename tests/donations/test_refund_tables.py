"""What the database itself refuses about money that goes back, whatever the code would do."""

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from donations.models.payment import Payment, PaymentState
from donations.models.refund import Ending, OpenRefund, RefundEnd, RefundRequest, Way
from tests.factories import NOON, a_pledge, a_staff_member


@pytest.fixture
def payments(session):
    """Two payments that hold money, and somebody of finance."""
    person = a_staff_member(session)
    made = [
        Payment(
            pledge_id=a_pledge(session).id,
            gateway="mellat-main",
            order_number=10**17 + number,
            amount_rial=2_500_000,
            state=PaymentState.SETTLED,
            return_key=str(number) * 32,
            created_at=NOON,
            changed_at=NOON,
            check_after=NOON,
        )
        for number in range(2)
    ]
    session.add_all(made)
    session.flush()
    return made, person.id


def a_request(session, payments, *, of=0, number=10**16, **facts):
    made, person_id = payments
    request = RefundRequest(
        **{
            "payment_id": made[of].id,
            "gateway": made[of].gateway,
            "number": number,
            "way": Way.REFUND,
            "amount_rial": 2_500_000,
            "reason": "خواست",
            "asked_by_id": person_id,
            "asked_at": NOON,
            **facts,
        }
    )
    session.add(request)
    session.flush()
    return request


def refused(session, act):
    with pytest.raises(IntegrityError), session.begin_nested():
        act()
        session.flush()


@pytest.mark.parametrize(
    "facts",
    [
        {"amount_rial": 0},
        {"reason": ""},
        {"number": 10**17},
        {"number": 10**16 - 1},
        {"way": Way.OUTSIDE},
        {"outside_reference": "556677"},
        {"outside_on": NOON.date()},
    ],
    ids=str,
)
def test_a_request_that_cannot_be(session, payments, facts):
    refused(session, lambda: a_request(session, payments, **facts))


def test_a_number_is_used_once_at_a_terminal(session, payments):
    a_request(session, payments)

    refused(session, lambda: a_request(session, payments, of=1))


def test_one_request_of_a_payment_is_open(session, payments):
    requests = [a_request(session, payments, number=10**16 + count) for count in range(2)]
    payment_id = requests[0].payment_id
    session.add(OpenRefund(payment_id=payment_id, request_id=requests[0].id, check_after=NOON))
    session.flush()
    session.expunge_all()

    again = OpenRefund(payment_id=payment_id, request_id=requests[1].id, check_after=NOON)
    refused(session, lambda: session.add(again))


def end(request, ending, payment_id=None):
    return RefundEnd(
        request_id=request.id,
        payment_id=payment_id or request.payment_id,
        ending=ending,
        ended_at=NOON,
    )


def test_money_of_a_payment_goes_back_once(session, payments):
    refused_one, done, again = (
        a_request(session, payments, number=10**16 + count) for count in range(3)
    )
    session.add_all([end(refused_one, Ending.REFUSED), end(done, Ending.DONE)])
    session.flush()

    refused(session, lambda: session.add(end(again, Ending.DONE)))
    session.add(end(again, Ending.REFUSED))
    session.flush()


def test_an_end_is_of_the_payment_that_was_asked_for(session, payments):
    request = a_request(session, payments)

    refused(session, lambda: session.add(end(request, Ending.DONE, payments[0][1].id)))


def test_a_request_is_never_changed(session, payments):
    request = a_request(session, payments)

    with pytest.raises(DBAPIError, match="insert-only"), session.begin_nested():
        request.amount_rial = 1
        session.flush()
