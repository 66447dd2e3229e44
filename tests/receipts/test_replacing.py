"""A receipt that says something wrong: void and replaced by two persons, in one transaction."""

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from core.bulk import single
from donations.models.pledge import Pledge
from donations.pledging import CashItem, DonorFacts, GoodsItem
from donations.voiding import (
    WAITS_FOR,
    AlreadyDecided,
    AlreadyVoid,
    RequestExpired,
    SecondPersonNeeded,
    VoidAlreadyAsked,
)
from flows.replacing import replace_receipt
from jobs.queue import Job
from offices.scope import EVERYWHERE, NOWHERE
from receipts.life.drawing import original_pdf, receipt_pdf
from receipts.life.freezing import facts_of
from receipts.life.issuing import issue_receipt, issue_receipts, issue_successor
from receipts.life.replacements import Corrections, ReplacementDecision
from receipts.life.replacing import (
    NothingCorrected,
    ask_for_replacement,
    decline_replacement,
    open_replacements,
)
from receipts.life.series import Receipt, ReceiptState, VoidCause
from receipts.life.voiding import void_receipts
from tests.factories import a_staff_member
from tests.receipts.test_issuing import a_contribution

MARYAM = DonorFacts(name="مریم رضائی", mobile="09123456789")
RIGHTLY = Corrections("مریم رضایی")


@pytest.fixture
def clerk(session):
    return a_staff_member(session)


@pytest.fixture
def manager(session):
    return a_staff_member(session, "manager")


@pytest.fixture
def wrong(session, now):
    """A receipt with a misspelled name and misspelled goods."""
    goods = GoodsItem("پتوی دو نفرح", 1_000, "عدد")
    contribution = a_contribution(session, CashItem(1_000), goods, donor=MARYAM)
    return issue_receipt(session, contribution.id, now=now)


def ask(session, receipt, clerk, now, corrections=RIGHTLY):
    return ask_for_replacement(
        session, EVERYWHERE, receipt.id, corrections, reason="نام", asked_by_id=clerk.id, now=now
    )


def replaced(session, receipt, clerk, manager, now, corrections=RIGHTLY):
    request = ask(session, receipt, clerk, now, corrections)
    return replace_receipt(session, EVERYWHERE, request.id, decided_by_id=manager.id, now=now)


def test_the_successor_says_it_rightly_and_names_what_it_replaces(
    session, wrong, clerk, manager, now
):
    successor = replaced(session, wrong, clerk, manager, now)

    facts = facts_of(successor)
    assert (successor.serial, facts.replaces_number) == (2, "1405/00/000001")
    assert facts.donor_name == "مریم رضایی"
    assert facts_of(wrong).donor_name == "مریم رضائی"
    assert (wrong.state, successor.state) == (ReceiptState.REPLACED, ReceiptState.ISSUED)
    assert wrong.replaced_by is successor


def test_goods_are_described_rightly_and_their_number_stays(session, wrong, clerk, manager, now):
    pledge = session.scalars(select(Pledge)).one()
    (goods,) = (item for item in pledge.items if item.description)

    successor = replaced(
        session, wrong, clerk, manager, now, Corrections(items={goods.id: "پتوی دو نفره"})
    )

    (line,) = facts_of(successor).goods
    assert (line.description, line.quantity) == ("پتوی دو نفره", "1")
    assert (successor.amount_rial, successor.contribution_id) == (1_000, wrong.contribution_id)


def test_the_donor_of_another_gift_keeps_the_name(session, wrong, clerk, manager, now):
    other = a_contribution(session, donor=MARYAM)

    replaced(session, wrong, clerk, manager, now)

    assert facts_of(issue_receipt(session, other.id, now=now)).donor_name == "مریم رضائی"


def test_the_old_paper_names_its_successor_and_its_first_file_stays(
    session, wrong, clerk, manager, now
):
    first = original_pdf(session, wrong)

    replaced(session, wrong, clerk, manager, now)

    assert receipt_pdf(session, wrong) != first
    assert original_pdf(session, wrong) == first
    assert wrong.void.cause is VoidCause.REPLACEMENT
    assert (wrong.void.asked_by_id, wrong.void.voided_by_id) == (clerk.id, manager.id)


def test_the_donor_is_told_and_the_new_paper_drawn(session, wrong, clerk, manager, now):
    successor = replaced(session, wrong, clerk, manager, now)

    jobs = session.execute(select(Job.kind, Job.subject)).all()
    assert {
        ("tell_receipt_replaced", str(successor.id)),
        ("draw_successor", str(successor.id)),
    } <= set(jobs)


def test_a_successor_can_be_replaced_again_and_only_one_stands(session, wrong, clerk, manager, now):
    second = replaced(session, wrong, clerk, manager, now)

    third = replaced(session, second, clerk, manager, now, Corrections("مریم رضاییان"))

    states = [receipt.state for receipt in (wrong, second, third)]
    assert states == [ReceiptState.REPLACED, ReceiptState.REPLACED, ReceiptState.ISSUED]
    issue_receipts(session, single(wrong.contribution_id), now=now)
    assert session.scalars(select(Receipt.serial)).all() == [1, 2, 3]


def test_whoever_asked_does_not_decide(session, wrong, clerk, now):
    request = ask(session, wrong, clerk, now)

    with pytest.raises(SecondPersonNeeded):
        replace_receipt(session, EVERYWHERE, request.id, decided_by_id=clerk.id, now=now)


def test_nobody_decides_after_three_days_and_it_may_be_asked_again(
    session, wrong, clerk, manager, now
):
    request, late = ask(session, wrong, clerk, now), now + WAITS_FOR

    with pytest.raises(RequestExpired):
        replace_receipt(session, EVERYWHERE, request.id, decided_by_id=manager.id, now=late)

    assert open_replacements(session, EVERYWHERE, now=late) == []
    assert ask(session, wrong, clerk, late).id != request.id


def test_one_request_waits_at_a_time_and_is_decided_once(session, wrong, clerk, manager, now):
    request = ask(session, wrong, clerk, now)
    with pytest.raises(VoidAlreadyAsked):
        ask(session, wrong, clerk, now)

    decline_replacement(session, EVERYWHERE, request.id, decided_by_id=manager.id, now=now)

    assert wrong.state is ReceiptState.ISSUED
    with pytest.raises(AlreadyDecided):
        replace_receipt(session, EVERYWHERE, request.id, decided_by_id=manager.id, now=now)


@pytest.mark.parametrize("said", [Corrections(), Corrections("مریم  رضائی ")], ids=["", "the same"])
def test_a_replacement_that_corrects_nothing_is_refused(session, wrong, clerk, now, said):
    with pytest.raises(NothingCorrected):
        ask(session, wrong, clerk, now, said)


def test_a_void_receipt_is_not_replaced(session, wrong, clerk, manager, now):
    request = ask(session, wrong, clerk, now)
    chosen, cause = single(wrong.contribution_id), VoidCause.MATCH_UNDONE
    void_receipts(session, chosen, cause=cause, reason="x", voided_by_id=None, now=now)

    with pytest.raises(AlreadyVoid):
        replace_receipt(session, EVERYWHERE, request.id, decided_by_id=manager.id, now=now)


def test_another_desk_sees_nothing_of_it(session, wrong, clerk, now):
    ask(session, wrong, clerk, now)

    assert open_replacements(session, NOWHERE, now=now) == []


# What the database refuses by itself


def copy_of(session, receipt, **changes):
    """The row of a receipt with another number, written past our code."""
    taken = {"id", "serial", "number", *changes}
    row = {c.name: getattr(receipt, c.key) for c in Receipt.__table__.c if c.name not in taken}
    session.execute(insert(Receipt).values(**row, serial=99, number="1405/00/000099", **changes))


@pytest.mark.parametrize("replaces", [None, 1], ids=["a second first", "of one that stands"])
def test_two_receipts_of_a_contribution_never_stand(session, wrong, replaces):
    with pytest.raises(IntegrityError):
        copy_of(session, wrong, replaces_id=replaces and wrong.id)
    session.rollback()


def test_a_receipt_has_one_successor(session, wrong, clerk, manager, now):
    replaced(session, wrong, clerk, manager, now)

    with pytest.raises(IntegrityError):
        issue_successor(session, wrong, now=now)
    session.rollback()


def test_a_successor_is_of_the_same_contribution(session, wrong, now):
    other = a_contribution(session)
    chosen, cause = single(wrong.contribution_id), VoidCause.MATCH_UNDONE
    void_receipts(session, chosen, cause=cause, reason="x", voided_by_id=None, now=now)

    with pytest.raises(IntegrityError):
        copy_of(session, wrong, contribution_id=other.id, replaces_id=wrong.id)
    session.rollback()


@pytest.mark.parametrize(
    ("decided_by", "later"), [("clerk", 0), ("manager", 72)], ids=["the same person", "too late"]
)
def test_the_database_wants_a_second_person_in_time(
    session, wrong, clerk, manager, now, decided_by, later
):
    request = ask(session, wrong, clerk, now)
    who = clerk if decided_by == "clerk" else manager
    row = ReplacementDecision(
        request_id=request.id,
        asked_by_id=request.asked_by_id,
        expires_at=request.expires_at,
        decision="approved",
        decided_by_id=who.id,
        decided_at=now + WAITS_FOR * later / 72,
    )
    session.add(row)

    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


@pytest.mark.parametrize(
    "who",
    [
        {"cause": "entry", "asked_by_id": None, "voided_by_id": 1},
        {"cause": "replacement", "asked_by_id": 1, "voided_by_id": 1},
        {"cause": "refund", "asked_by_id": 1, "voided_by_id": None},
        {"cause": "bank", "asked_by_id": None, "voided_by_id": None},
        {"cause": "bank", "asked_by_id": None, "voided_by_id": 1},
        {"cause": "whim", "asked_by_id": None, "voided_by_id": None},
    ],
    ids=lambda who: "-".join(str(value) for value in who.values()),
)
def test_a_void_without_those_who_stand_behind_it_is_refused(session, wrong, clerk, now, who):
    person = {name: clerk.id if value == 1 else value for name, value in who.items()}

    with pytest.raises(IntegrityError):
        session.execute(
            text(
                "INSERT INTO receipt_void (receipt_id, reason, voided_at, cause, asked_by_id,"
                " voided_by_id) VALUES (:receipt, 'x', :now, :cause, :asked_by_id, :voided_by_id)"
            ),
            {"receipt": wrong.id, "now": now.replace(tzinfo=None), **person},
        )
    session.rollback()
