"""Each guard of a gift beside its twin: the guard taken away, and the damage that it prevents.

The guard is taken out of the test's own database, or a step of the test's own does the same work
without it. The insert-only triggers have their twin in ``tests/core``, the balance chain in
``tests/reconciliation``, receipt numbers in ``tests/receipts``.
"""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError

from core.clock import tehran_date
from donations.models.contribution import Contribution, ContributionLine, Origin, Tender
from donations.models.payment import Payment, PaymentState
from donations.models.pledge import ItemState, Pledge
from donations.paying import (
    Terminal,
    claim_confirm,
    create_payment,
    record_confirm,
    record_start,
)
from donations.stepping import make_final
from flows.receiving import receive_payment
from payment_gateways.adapters.mellat import Mellat
from payment_gateways.contract import Binds, Kind, Outcome, Redirect
from receipts.life.issuing import issue_receipt
from tests.factories import NOON, a_pledge
from tests.proofs.test_races import at_once

S = PaymentState
TERMINAL = Terminal("mellat-main", Mellat.manifest)
REFERENCE = "150000000001"


def without(database, table, constraint):
    """Take one constraint out of the test's own database, on either engine."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        with Operations(MigrationContext.configure(connection)).batch_alter_table(table) as batch:
            batch.drop_constraint(constraint, type_="unique")
        connection.commit()
    database.engine.dispose()


def payments(database, count, *, one_pledge=False):
    """Payments whose donors are at the bank, each of a promise of its own unless told otherwise."""
    made = []
    with database.writing() as session:
        pledge = a_pledge(session)
        for number in range(count):
            pledge = pledge if one_pledge or not number else a_pledge(session)
            payment = create_payment(
                session, pledge.id, TERMINAL, check_after=timedelta(), now=NOON
            )
            started = Outcome(Kind.STARTED, token=f"token-{number}", redirect=Redirect("POST", ""))
            record_start(session, payment.id, started, now=NOON)
            made.append(payment.id)
    return made


def contributions(database):
    with database.reading() as session:
        return session.scalars(select(Contribution.id)).all()


# --- the bank's reference is unique -------------------------------------------------------------


def take_on_trust(database, payment_id):
    """A step that forgets to look whether the bank's reference belongs to another payment."""
    with database.writing() as session:
        session.execute(
            update(Payment)
            .where(Payment.id == payment_id)
            .values(bank_reference=REFERENCE, state=S.SETTLED)
        )
        receive_payment(session, session.get_one(Payment, payment_id), now=NOON)


def test_one_payment_at_the_bank_is_one_gift_even_for_a_step_that_forgets_to_look(database):
    first, second = payments(database, 2)
    take_on_trust(database, first)

    with pytest.raises(IntegrityError):
        take_on_trust(database, second)

    assert len(contributions(database)) == 1


def test_twin_without_the_unique_reference_one_payment_at_the_bank_is_two_gifts(database):
    without(database, "payment", "uq_payment_gateway_bank_reference")

    for payment_id in payments(database, 2):
        take_on_trust(database, payment_id)

    assert len(contributions(database)) == 2


# --- the amount is compared ---------------------------------------------------------------------


def confirmed_with(database, outcome, terminal):
    (payment_id,) = payments(database, 1)
    with database.writing() as session:
        claim_confirm(session, payment_id, bank_reference=REFERENCE, now=NOON)
        return record_confirm(session, payment_id, outcome, terminal, now=NOON)


PAID_TOO_LITTLE = Outcome(Kind.CONFIRMED, amount_rial=1_000)


def test_another_amount_than_ours_is_no_gift(database):
    assert confirmed_with(database, PAID_TOO_LITTLE, TERMINAL) is S.MISMATCH


def test_an_answer_without_the_amount_is_no_gift_where_the_answer_must_bind_it(database):
    binding = replace(TERMINAL, manifest=replace(Mellat.manifest, binds_amount=Binds.ANSWER))
    silent = replace(PAID_TOO_LITTLE, amount_rial=None)

    assert confirmed_with(database, silent, binding) is S.CONFIRM_UNKNOWN


def test_twin_unless_the_amount_is_compared_a_thousand_rials_pay_for_millions(database):
    """The same answer, read by an adapter that leaves the amount out and a core that lets it."""
    blind = replace(TERMINAL, manifest=replace(Mellat.manifest, binds_amount=Binds.NOTHING))
    unread = replace(PAID_TOO_LITTLE, amount_rial=None)

    assert confirmed_with(database, unread, blind) is S.CONFIRMED


# --- a step is one conditional change under a lock ----------------------------------------------


def test_of_many_who_want_to_ask_the_bank_one_does(database):
    (payment_id,) = payments(database, 1)

    def claim():
        with database.writing() as session:
            return claim_confirm(session, payment_id, bank_reference=REFERENCE, now=NOON)

    assert sum(asked is not None for asked in at_once(*[claim] * 8)) == 1


def test_of_many_who_finish_a_payment_one_is_the_first(database):
    (payment_id,) = payments(database, 1)

    def finish():
        with database.writing() as session:
            payment = session.get_one(Payment, payment_id)
            return make_final(session, payment, is_surplus=False, now=NOON)

    assert sorted(at_once(*[finish] * 8)) == [*[False] * 7, True]


def test_twin_reading_first_and_writing_then_many_are_the_first(database):
    (payment_id,) = payments(database, 1)
    all_have_read = threading.Barrier(3, timeout=20)

    def finish_without_lock():
        with database.reading() as session:
            is_first = session.get_one(Payment, payment_id).final_at is None
        all_have_read.wait()
        with database.writing() as session:
            session.execute(update(Payment).where(Payment.id == payment_id).values(final_at=NOON))
        return is_first

    assert at_once(*[finish_without_lock] * 3) == [True, True, True]


def test_a_promise_paid_twice_at_once_is_received_once(database):
    both = payments(database, 2, one_pledge=True)

    def receive(payment_id):
        with database.writing() as session:
            payment = session.scalars(
                select(Payment).where(Payment.id == payment_id).with_for_update()
            ).one()
            receive_payment(session, payment, now=NOON)

    came = at_once(*(lambda one=one: receive(one) for one in both))

    assert came == [None, None]
    assert len(contributions(database)) == 1


def test_twin_without_the_pledges_lock_a_promise_is_received_twice(database):
    both = payments(database, 2, one_pledge=True)
    both_have_looked = threading.Barrier(2, timeout=20)

    def receive_without_lock(payment_id):
        with database.reading() as session:
            pledge = session.get_one(Pledge, session.get_one(Payment, payment_id).pledge_id)
            is_open = all(item.state is ItemState.PROMISED for item in pledge.items)
        both_have_looked.wait()
        with database.writing() as session:
            if is_open:
                record_for(session, session.get_one(Payment, payment_id))

    came = at_once(*(lambda one=one: receive_without_lock(one) for one in both))

    assert came == [None, None]
    assert len(contributions(database)) == 2


def record_for(session, payment):
    """A contribution with its receipt, for whoever asks."""
    contribution = Contribution(
        pledge_id=payment.pledge_id,
        office_id=payment.pledge.office_id,
        origin=Origin.GATEWAY,
        cause_id=payment.id,
        tender=Tender.ONLINE,
        received_on=tehran_date(NOON),
        recorded_at=NOON,
        lines=[
            ContributionLine(
                pledge_item_id=item.id,
                kind=item.kind,
                fund_id=item.fund_id,
                amount_rial=item.amount_rial,
            )
            for item in payment.pledge.items
        ],
    )
    session.add(contribution)
    session.flush()
    issue_receipt(session, contribution.id, now=NOON)


# --- a cause is received once -------------------------------------------------------------------


def record_again(database, payment_id):
    with database.writing() as session:
        record_for(session, session.get_one(Payment, payment_id))


def test_one_payment_is_recorded_once_even_by_a_step_that_does_not_look(database):
    (payment_id,) = payments(database, 1)
    record_again(database, payment_id)

    with pytest.raises(IntegrityError):
        record_again(database, payment_id)

    assert len(contributions(database)) == 1


def test_twin_without_the_unique_cause_one_payment_is_two_gifts_with_two_receipts(database):
    without(database, "contribution", "uq_contribution_origin_cause_id")
    (payment_id,) = payments(database, 1)

    for _ in range(2):
        record_again(database, payment_id)

    assert len(contributions(database)) == 2


# --- SQLite's writers begin as writers ----------------------------------------------------------


def test_twin_a_transaction_that_becomes_a_writer_late_fails_or_loses_a_change(database):
    """What BEGIN IMMEDIATE and the row lock are for: read, then write, in one plain transaction."""
    (payment_id,) = payments(database, 1)
    both_have_read = threading.Barrier(2, timeout=20)
    checks = text("SELECT checks FROM payment WHERE id = :id")
    written = text("UPDATE payment SET checks = :checks WHERE id = :id")

    def count_one_more():
        with database.engine.connect() as connection:
            known = connection.execute(checks, {"id": payment_id}).scalar_one()
            both_have_read.wait()
            connection.execute(written, {"id": payment_id, "checks": known + 1})
            connection.commit()

    came = at_once(count_one_more, count_one_more)

    with database.reading() as session:
        counted = session.execute(checks, {"id": payment_id}).scalar_one()
    assert counted == 1  # of two
    failed = [trouble for trouble in came if isinstance(trouble, OperationalError)]
    assert len(failed) == (1 if database.is_sqlite else 0)


def test_writers_that_begin_as_writers_lose_nothing(database):
    (payment_id,) = payments(database, 1)

    def count_one_more():
        with database.writing() as session:
            payment = session.scalars(
                select(Payment).where(Payment.id == payment_id).with_for_update()
            ).one()
            payment.checks += 1

    came = at_once(*[count_one_more] * 8)

    assert came == [None] * 8
    with database.reading() as session:
        assert session.get_one(Payment, payment_id).checks == 8
