"""A batch of envelopes is recorded whole when count and total are right, or not at all."""

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from core.refusals import NotFound
from donations.models.batch import BatchClosing, BatchLine, EntryBatch
from donations.models.contribution import Contribution, Tender
from donations.pledging import CashItem, DonorFacts
from flows.batches import (
    BatchClosed,
    BatchReasonMissing,
    BatchTotalDiffers,
    CountDiffers,
    TypedLine,
    UnusableBatch,
    _key,
    add_line,
    batch_standing,
    close_batch,
    give_up_batch,
    lines_of,
    open_batch,
    strike_line,
)
from flows.checking import check_ledger
from flows.desk import WalkIn, record_walk_in
from offices.scope import EVERYWHERE, Scope
from offices.staff import Role
from tests.factories import NOON, a_staff_member, office_id
from tests.staff import at_work


@pytest.fixture
def clerk_id(session):
    return a_staff_member(session).id


def a_batch(session, clerk_id, *amounts, count=3, total=6_000):
    batch = open_batch(
        session,
        office_id=office_id(session),
        title="پاکت‌های جشن",
        expected_count=count,
        expected_rial=total,
        opened_by_id=clerk_id,
        request_key=None,
        now=NOON,
    )
    for amount in amounts:
        type_in(session, batch, clerk_id, amount)
    return batch


def type_in(session, batch, clerk_id, amount, *, key=None):
    typed = TypedLine(amount, name="زهرا احمدی")
    return add_line(
        session, EVERYWHERE, batch.id, typed, typed_by_id=clerk_id, request_key=key, now=NOON
    )


def close(session, batch, clerk_id):
    return close_batch(session, EVERYWHERE, batch.id, closed_by_id=clerk_id, now=NOON)


def gifts(session):
    return session.scalars(select(func.count()).select_from(Contribution)).one()


def test_a_batch_as_expected_is_recorded_in_one_go_and_once(session, clerk_id):
    batch = a_batch(session, clerk_id, 1_000, 2_000, 3_000)
    assert gifts(session) == 0

    assert close(session, batch, clerk_id) == 3
    assert close(session, batch, clerk_id) == 0

    session.expire_all()
    numbers = [receipt.number for _line, receipt in lines_of(session, batch)]
    assert numbers == [f"1405/07/00000{serial}" for serial in (3, 2, 1)]
    session.commit()
    assert check_ledger(session).ok


@pytest.mark.parametrize(
    ("amounts", "refusal", "gap"),
    [
        ((1_000, 5_000), CountDiffers, {"gap": 1}),
        ((1_000, 2_000, 2_000, 1_000), CountDiffers, {"gap": 1}),
        ((1_000, 2_000, 2_500), BatchTotalDiffers, {"gap_rial": 500}),
        ((1_000, 2_000, 4_000), BatchTotalDiffers, {"gap_rial": 1_000}),
    ],
)
def test_a_batch_that_differs_cannot_be_closed_and_says_by_how_much(
    session, clerk_id, amounts, refusal, gap
):
    batch = a_batch(session, clerk_id, *amounts)

    with pytest.raises(refusal) as refused:
        close(session, batch, clerk_id)

    assert gap.items() <= refused.value.details.items()
    assert gifts(session) == 0


def test_the_database_itself_refuses_to_close_a_batch_that_differs(session, clerk_id):
    batch = a_batch(session, clerk_id, 1_000)
    row = {"expected_count": 3, "expected_rial": 6_000, "line_count": 1, "lines_rial": 1_000}

    with pytest.raises(IntegrityError):
        session.execute(
            insert(BatchClosing).values(
                batch_id=batch.id, closed_by_id=clerk_id, closed_at=NOON, reason="", **row
            )
        )
    session.rollback()


def test_a_struck_line_does_not_count_and_stays(session, clerk_id):
    batch = a_batch(session, clerk_id, 1_000, 2_000, 30_000)
    wrong = session.scalars(select(BatchLine).where(BatchLine.amount_rial == 30_000)).one()

    for _twice in range(2):
        strike_line(session, EVERYWHERE, batch.id, wrong.id, struck_by_id=clerk_id, now=NOON)
    type_in(session, batch, clerk_id, 3_000)

    assert close(session, batch, clerk_id) == 3
    assert session.scalars(select(func.count()).select_from(BatchLine)).one() == 4


def test_a_line_sent_twice_is_one_and_a_closed_batch_takes_none(session, clerk_id):
    batch = a_batch(session, clerk_id, count=1, total=1_000)

    for _twice in range(2):
        type_in(session, batch, clerk_id, 1_000, key="k")
    close(session, batch, clerk_id)

    with pytest.raises(BatchClosed):
        type_in(session, batch, clerk_id, 1_000)
    assert gifts(session) == 1


def test_of_a_batch_that_is_given_up_nothing_becomes_a_gift(session, clerk_id):
    batch = a_batch(session, clerk_id, 1_000)

    with pytest.raises(BatchReasonMissing):
        give_up_batch(session, EVERYWHERE, batch.id, reason=" ", closed_by_id=clerk_id, now=NOON)
    give_up_batch(session, EVERYWHERE, batch.id, reason="تکراری", closed_by_id=clerk_id, now=NOON)

    assert close(session, batch, clerk_id) == 0
    assert gifts(session) == 0


def test_a_batch_of_another_desk_does_not_exist(session, clerk_id):
    batch = a_batch(session, clerk_id)
    elsewhere = Scope(frozenset({office_id(session, "06")}))

    with pytest.raises(NotFound):
        batch_standing(session, elsewhere, batch.id)
    with pytest.raises(NotFound):
        close_batch(session, elsewhere, batch.id, closed_by_id=clerk_id, now=NOON)


@pytest.mark.parametrize(("count", "total"), [(0, 1), (201, 1), (1, 0)])
def test_a_batch_expects_envelopes_and_money(session, clerk_id, count, total):
    with pytest.raises(UnusableBatch):
        a_batch(session, clerk_id, count=count, total=total)


def test_a_pile_is_typed_line_by_line_over_a_sign_out_and_recorded(app, database):
    clerk = at_work(app, database, Role.CLERK)
    page = clerk.send(
        "/desk/batches/new",
        {"title": "پاکت‌های جشن", "expected_count": "۲", "expected_total": "۳٬۰۰۰"},
    )
    with database.reading() as session:
        path = f"/desk/batches/{session.scalars(select(EntryBatch.id)).one()}"
    clerk.send(path, {"amount": "۱٬۰۰۰"})
    page = clerk.send(f"{path}/close", {}, hidden=clerk.form(path))
    assert "اختلاف ۱ پاکت" in page.words

    colleague = at_work(app, database, Role.CLERK, username="colleague")
    colleague.send(path, {"amount": "abc"}, status=422)
    colleague.send(path, {"amount": "2000"})
    page = colleague.send(f"{path}/close", {}, hidden=colleague.form(path))

    assert "۱۴۰۵/۰۷/۰۰۰۰۰۲" in page.words


def test_a_form_that_bears_the_key_of_a_line_keeps_its_envelope_from_no_batch(session, clerk_id):
    batch = a_batch(session, clerk_id, 1_000, count=1, total=1_000)
    line = session.scalars(select(BatchLine)).one()
    record_walk_in(
        session,
        WalkIn([CashItem(9_000)], DonorFacts(), Tender.CASH),
        office_id=batch.office_id,
        staff_id=clerk_id,
        request_key=_key(line),
        now=NOON,
    )

    assert close(session, batch, clerk_id) == 1
    assert gifts(session) == 2
