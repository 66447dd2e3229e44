"""The arrows between a payment's states: every act of the core, in every state, on any answer."""

import re
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text, update

from donations.comparing import due_comparisons
from donations.models.gateway import GatewayCall
from donations.models.payment import NEXT_STATES, OPEN_STATES, Payment, PaymentState, PaymentStep
from donations.models.refund import OpenRefund, RefundRequest, Way
from donations.paying import (
    Terminal,
    claim_confirm,
    claim_look,
    claim_look_early,
    claim_settle,
    create_payment,
    due_payments,
    expire_unstarted,
    expire_without_answer,
    postpone,
    record_confirm,
    record_look,
    record_return,
    record_settle,
    record_start,
    supersede,
)
from donations.refund_lists import payments_apart
from donations.sending_back import claim_sending, due_refunds
from donations.stepping import make_final
from payment_gateways.adapters.mellat import Mellat
from payment_gateways.contract import Binds, Claim, Hint, Kind, Outcome
from tests.factories import NOON, a_pledge, a_staff_member

S = PaymentState
TERMINAL = Terminal("mellat-main", Mellat.manifest)
SOON, TOO_LATE = NOON + timedelta(minutes=5), NOON + timedelta(days=2)
TOKEN, REFERENCE = "AF82041a2Bf6989c7fF9", "150000000001"


@pytest.fixture
def payment(session):
    pledge = a_pledge(session)
    return create_payment(session, pledge.id, TERMINAL, check_after=timedelta(), now=NOON)


def answers(payment):
    """Every kind of answer: with all it can carry, and with nothing but its kind."""
    for kind in Kind:
        yield Outcome(
            kind,
            amount_rial=payment.amount_rial,
            order_number=payment.order_number,
            token=TOKEN,
            bank_reference=REFERENCE,
        )
        yield Outcome(kind)
    yield Outcome(Kind.CONFIRMED, amount_rial=1, bank_reference=REFERENCE)


def hints(payment):
    for claim in Claim:
        for reference in (None, REFERENCE):
            yield Hint(claim, payment.order_number, TOKEN, reference)
    yield Hint(Claim.PAID, token="another")
    yield Hint(Claim.PAID)


def acts(session, payment):
    """Everything that the core can do to a payment, with every answer."""
    one = payment.id
    yield partial(expire_unstarted, session, one)
    yield partial(expire_without_answer, session, payment, TERMINAL)
    yield partial(claim_look, session, one, TERMINAL)
    yield partial(claim_look_early, session, one, TERMINAL)
    yield partial(postpone, session, one, TERMINAL)
    yield partial(supersede, session, one, TERMINAL)
    yield partial(claim_settle, session, one)
    yield partial(make_final, session, payment, is_surplus=False)
    yield partial(claim_confirm, session, one, bank_reference=None)
    yield partial(claim_confirm, session, one, bank_reference=REFERENCE)
    for hint in hints(payment):
        yield partial(record_return, session, payment, hint)
    for answer in answers(payment):
        yield partial(record_start, session, one, answer)
        yield partial(record_look, session, one, answer, TERMINAL)
        yield partial(record_confirm, session, one, answer, TERMINAL)
        yield partial(record_settle, session, one, answer)


def put(session, payment, state, **facts):
    session.execute(update(Payment).values(state=state, **facts))
    session.refresh(payment)


def paths_from(session, payment, state, *, now):
    """The ways that the core's acts take from one state, as they are written down."""
    token = None if state in (S.CREATED, S.START_UNKNOWN) else TOKEN
    put(session, payment, state, token=token)
    for act in list(acts(session, payment)):
        with session.begin_nested() as trial:
            known = session.scalar(select(func.max(PaymentStep.id)))
            act(now=now)
            later = select(PaymentStep.state).where(PaymentStep.id > known)
            path = [state, *session.scalars(later.order_by(PaymentStep.id))]
            session.refresh(payment)
            assert payment.state is path[-1], f"not written down: {state} -> {payment.state}"
            yield path
            trial.rollback()
        session.refresh(payment)


@pytest.mark.parametrize("now", [SOON, TOO_LATE], ids=["soon", "after the window"])
@pytest.mark.parametrize("before", PaymentState)
def test_nothing_the_core_does_takes_an_arrow_that_is_not_listed(session, payment, before, now):
    arrows = {
        (one, other)
        for path in paths_from(session, payment, before, now=now)
        for one, other in pairwise(path)
        if one is not other
    }

    assert [(one, other) for one, other in arrows if other not in NEXT_STATES[one]] == []


def test_no_open_state_is_a_dead_end(session, payment):
    leads_to = {
        before: {path[-1] for path in paths_from(session, payment, before, now=TOO_LATE)}
        for before in OPEN_STATES
    }

    ends = {state for state, following in leads_to.items() if following - OPEN_STATES}
    while fresh := {state for state in OPEN_STATES - ends if leads_to[state] & ends}:
        ends |= fresh
    assert ends == OPEN_STATES


@pytest.mark.parametrize("ended", [S.CANCELLED, S.FAILED, S.EXPIRED])
@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.ALREADY_CONFIRMED])
def test_late_proof_counts_after_any_end(session, payment, ended, kind):
    put(session, payment, ended, token=TOKEN)

    assert claim_confirm(session, payment.id, bank_reference=REFERENCE, now=TOO_LATE)
    after = record_confirm(session, payment.id, Outcome(kind), TERMINAL, now=TOO_LATE)

    assert after is S.CONFIRMED


@pytest.mark.parametrize("ended", [S.CANCELLED, S.FAILED, S.EXPIRED])
def test_late_proof_that_differs_is_for_people_to_look_at(session, payment, ended):
    put(session, payment, ended, token=TOKEN)
    other = Outcome(Kind.CONFIRMED, amount_rial=payment.amount_rial - 1)

    claim_confirm(session, payment.id, bank_reference=REFERENCE, now=TOO_LATE)

    assert record_confirm(session, payment.id, other, TERMINAL, now=TOO_LATE) is S.MISMATCH


@pytest.mark.parametrize(
    "recorded",
    [S.REDIRECTED, S.CONFIRM_UNKNOWN, S.CANCELLED, S.FAILED, S.EXPIRED],
)
def test_proof_that_comes_after_its_lease_still_counts(session, payment, recorded):
    """The first to ask was so slow that somebody else asked and recorded a lesser answer."""
    put(session, payment, recorded, token=TOKEN)
    proof = Outcome(Kind.CONFIRMED, bank_reference=REFERENCE)

    assert record_confirm(session, payment.id, proof, TERMINAL, now=SOON) is S.CONFIRMED


@pytest.mark.parametrize("ended", [S.CANCELLED, S.FAILED, S.EXPIRED, S.REDIRECTED])
def test_silence_that_comes_after_its_lease_changes_nothing(session, payment, ended):
    put(session, payment, ended, token=TOKEN)

    assert record_confirm(session, payment.id, Outcome(Kind.UNKNOWN), TERMINAL, now=SOON) is ended


@pytest.mark.parametrize("state", [S.CONFIRMED, S.SETTLING, S.SETTLE_UNKNOWN, S.SETTLED])
def test_a_lesser_answer_never_unsettles_what_is_confirmed(session, payment, state):
    put(session, payment, state, token=TOKEN, bank_reference=REFERENCE)

    for answer in answers(payment):
        record_confirm(session, payment.id, answer, TERMINAL, now=SOON)
        record_look(session, payment.id, answer, TERMINAL, now=SOON)

    session.refresh(payment)
    assert (payment.state, payment.bank_reference) == (state, REFERENCE)


def test_every_state_is_listed_and_can_be_reached():
    reached, waiting = {S.CREATED}, [S.CREATED]
    while waiting:
        fresh = NEXT_STATES[waiting.pop()] - reached
        reached |= fresh
        waiting += fresh

    assert set(NEXT_STATES) == reached == set(PaymentState)
    assert {state for state, following in NEXT_STATES.items() if not following} == {
        S.REVERSED,
        S.REFUNDED,
    }


def test_the_index_of_open_payments_holds_the_open_states(database):
    query = (
        "SELECT sql FROM sqlite_master WHERE name = 'ix_payment_open'"
        if database.is_sqlite
        else "SELECT indexdef FROM pg_indexes WHERE indexname = 'ix_payment_open'"
    )
    with database.reading() as session:
        definition = session.scalars(text(query)).one()

    named = set(re.findall(r"'(\w+)'", definition))
    assert named == {str(state) for state in OPEN_STATES}
    assert "final_at IS NULL" in definition


@pytest.mark.parametrize("state", PaymentState)
def test_the_sweeper_sees_what_is_open_and_nothing_else(session, payment, state):
    put(session, payment, state)

    due = [payment_id for payment_id, _since in due_payments(session, [TERMINAL.name], now=SOON)]

    assert due == ([payment.id] if state in OPEN_STATES else [])


def test_an_answer_without_the_amount_is_no_proof_where_only_the_answer_binds(session, payment):
    put(session, payment, S.REDIRECTED, token=TOKEN)
    binding = replace(TERMINAL, manifest=replace(Mellat.manifest, binds_amount=Binds.ANSWER))
    claim_confirm(session, payment.id, bank_reference=REFERENCE, now=SOON)

    after = record_confirm(session, payment.id, Outcome(Kind.CONFIRMED), binding, now=SOON)

    assert after is S.CONFIRM_UNKNOWN


@pytest.mark.parametrize("names", [{}, {"order_number": None, "token": None}])
def test_an_answer_that_names_no_order_is_no_proof_where_only_the_answer_binds(
    session, payment, names
):
    put(session, payment, S.REDIRECTED, token=TOKEN)
    binding = replace(TERMINAL, manifest=replace(Mellat.manifest, binds_order=Binds.ANSWER))
    claim_confirm(session, payment.id, bank_reference=REFERENCE, now=SOON)
    said = Outcome(Kind.CONFIRMED, amount_rial=payment.amount_rial, **names)

    assert record_confirm(session, payment.id, said, binding, now=SOON) is S.CONFIRM_UNKNOWN


@pytest.mark.parametrize("name", ["order_number", "token"])
def test_an_answer_that_names_either_is_proof_where_the_answer_binds(session, payment, name):
    put(session, payment, S.REDIRECTED, token=TOKEN)
    binding = replace(TERMINAL, manifest=replace(Mellat.manifest, binds_order=Binds.ANSWER))
    claim_confirm(session, payment.id, bank_reference=REFERENCE, now=SOON)
    named = {"order_number": payment.order_number, "token": TOKEN}[name]
    said = Outcome(Kind.CONFIRMED, **{name: named})

    assert record_confirm(session, payment.id, said, binding, now=SOON) is S.CONFIRMED


def test_money_of_another_order_that_went_back_says_nothing_of_ours(session, payment):
    put(session, payment, S.REDIRECTED, token=TOKEN)
    claim_confirm(session, payment.id, bank_reference=REFERENCE, now=SOON)
    other = Outcome(Kind.RETURNED, order_number=payment.order_number + 1)

    assert record_confirm(session, payment.id, other, TERMINAL, now=SOON) is S.CONFIRM_UNKNOWN


def test_a_reference_that_is_taken_is_not_asked_about_at_every_sweep(session, payment):
    put(session, payment, S.SETTLED, bank_reference=REFERENCE)
    pledge = a_pledge(session)
    other = create_payment(session, pledge.id, TERMINAL, check_after=timedelta(), now=NOON)
    record_start(session, other.id, Outcome(Kind.STARTED, token="another"), now=NOON)

    for _twice in range(2):
        assert not claim_confirm(session, other.id, bank_reference=REFERENCE, now=SOON)

    assert due_payments(session, [TERMINAL.name], now=SOON) == []
    assert other.checks == 2


# Who moves a payment on from each state. The sweeper has its own test above; of the others those
# whose money may be in doubt must be found by somebody.
MOVED_ON_BY = {
    **dict.fromkeys(OPEN_STATES, "the sweeper"),
    S.REVERSING: "the sweeper of refunds",
    S.REVERSE_UNKNOWN: "the sweeper of refunds",
    S.REFUND_REQUESTED: "the sweeper of refunds",
    S.REFUND_UNKNOWN: "the sweeper of refunds",
    S.MISMATCH: "people of finance",
    S.SETTLED: "the comparison",
    S.CANCELLED: "the comparison",
    S.FAILED: "the comparison",
    S.EXPIRED: "the comparison",
    S.REVERSED: "the comparison",  # an end: what differs becomes a finding
    S.REFUNDED: "the statement",  # an end: its debit is looked for
}


def test_every_state_has_somebody_who_moves_it_on():
    assert set(MOVED_ON_BY) == set(NEXT_STATES)


@pytest.mark.parametrize("state", sorted(set(NEXT_STATES) - OPEN_STATES - {S.REFUNDED}))
def test_whoever_moves_a_state_on_finds_it(session, payment, state):
    final = {"final_at": NOON} if state is S.SETTLED else {}
    put(session, payment, state, token=TOKEN, **final)
    if MOVED_ON_BY[state] == "the sweeper of refunds":
        way = Way.REVERSE if state in (S.REVERSING, S.REVERSE_UNKNOWN) else Way.REFUND
        asker = a_staff_member(session, "maker").id
        request = RefundRequest(
            payment_id=payment.id, gateway=payment.gateway, number=10**16, way=way,
            amount_rial=payment.amount_rial, reason="-", asked_by_id=asker, asked_at=NOON,
        )  # fmt: skip
        session.add(request)
        session.flush()
        session.add(
            OpenRefund(
                payment_id=payment.id, request_id=request.id, state_before=S.SETTLED,
                check_after=NOON, may_send=False,
            )
        )  # fmt: skip
        session.flush()
        assert due_refunds(session, [TERMINAL.name], now=SOON) == [payment.id]
        assert claim_sending(session, payment.id, now=SOON)
    elif MOVED_ON_BY[state] == "people of finance":
        assert [each.id for each in payments_apart(session)] == [payment.id]
    else:
        session.add(
            GatewayCall(
                gateway=TERMINAL.name, payment_id=payment.id, step="start", operation="", at=NOON,
                waited_ms=0, request="", answer="",
            )
        )  # fmt: skip
        session.flush()
        later = NOON + timedelta(hours=1)
        assert due_comparisons(session, TERMINAL.name, now=later, limit=9) == [payment.id]
