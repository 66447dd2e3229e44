"""The arrows between a payment's states: every act of the core in every state, with every answer."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from donations.models.payment import NEXT_STATES, OPEN_STATES, Payment, PaymentState
from donations.paying import (
    Terminal,
    claim_confirm,
    claim_look,
    claim_settle,
    create_payment,
    due_payments,
    expire_unstarted,
    expire_without_answer,
    make_final,
    record_confirm,
    record_look,
    record_return,
    record_settle,
    record_start,
)
from payment_gateways.contract import Binds, Claim, Hint, Kind, Outcome
from payment_gateways.mellat import Mellat
from tests.factories import NOON, a_pledge

S = PaymentState
TERMINAL = Terminal("mellat-main", Mellat.manifest)
SOON, TOO_LATE = NOON + timedelta(minutes=5), NOON + timedelta(days=2)
TOKEN, REFERENCE = "AF82041a2Bf6989c7fF9", "150000000001"
DRIVEN_BY_PEOPLE = {S.REVERSING, S.REVERSE_UNKNOWN, S.REFUND_REQUESTED, S.REFUND_UNKNOWN}


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
        yield Outcome(kind, amount_rial=1, bank_reference=REFERENCE)


def hints(payment):
    for claim in Claim:
        for reference in (None, REFERENCE):
            yield Hint(claim, payment.order_number, TOKEN, reference)
    yield Hint(Claim.PAID, token="another")
    yield Hint(Claim.PAID)


def acts(session, payment):
    """Everything that the core can do to a payment, at two moments and with every answer."""
    one = payment.id
    for now in (SOON, TOO_LATE):
        yield lambda now=now: expire_unstarted(session, one, now=now)
        yield lambda now=now: expire_without_answer(session, payment, TERMINAL, now=now)
        yield lambda now=now: claim_look(session, one, now=now)
        yield lambda now=now: claim_settle(session, one, now=now)
        yield lambda now=now: make_final(session, payment, is_surplus=False, now=now)
        for reference in (None, REFERENCE):
            yield lambda now=now, r=reference: claim_confirm(
                session, one, bank_reference=r, now=now
            )
        for hint in hints(payment):
            yield lambda now=now, h=hint: record_return(session, payment, h, now=now)
        for answer in answers(payment):
            yield lambda now=now, a=answer: record_start(session, one, a, now=now)
            yield lambda now=now, a=answer: record_look(session, one, a, TERMINAL, now=now)
            yield lambda now=now, a=answer: record_confirm(session, one, a, TERMINAL, now=now)
            yield lambda now=now, a=answer: record_settle(session, one, a, now=now)


def put(session, payment, state, **facts):
    session.execute(update(Payment).values(state=state, **facts))
    session.refresh(payment)


def seen_after(session, payment, state):
    """Where the core's acts lead from one state; an arrow that is not listed raises."""
    put(session, payment, state, token=None if state is S.CREATED else TOKEN)
    session.commit()
    session.connection(execution_options={"begin": "BEGIN IMMEDIATE"})
    seen = set()
    for act in list(acts(session, payment)):
        with session.begin_nested() as trial:
            act()
            session.refresh(payment)
            seen.add(payment.state)
            trial.rollback()
        session.refresh(payment)
    return seen - {state}


@pytest.mark.parametrize("before", PaymentState)
def test_nothing_the_core_does_takes_an_arrow_that_is_not_listed(session, payment, before):
    assert seen_after(session, payment, before) <= NEXT_STATES[before]


@pytest.mark.parametrize("before", sorted(OPEN_STATES))
def test_no_open_state_is_a_dead_end(session, payment, before):
    reached, waiting = {before}, [before]
    while waiting:
        fresh = seen_after(session, payment, waiting.pop()) - reached
        reached |= fresh
        waiting += fresh & OPEN_STATES

    assert reached - OPEN_STATES - DRIVEN_BY_PEOPLE


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

    due = due_payments(session, now=SOON)

    assert due == ([payment.id] if state in OPEN_STATES else [])


def test_an_answer_without_the_amount_is_no_proof_where_only_the_answer_binds(session, payment):
    put(session, payment, S.REDIRECTED, token=TOKEN)
    binding = replace(TERMINAL, manifest=replace(Mellat.manifest, binds_amount=Binds.ANSWER))
    claim_confirm(session, payment.id, bank_reference=REFERENCE, now=SOON)

    after = record_confirm(session, payment.id, Outcome(Kind.CONFIRMED), binding, now=SOON)

    assert after is S.CONFIRM_UNKNOWN
