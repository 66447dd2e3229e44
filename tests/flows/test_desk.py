"""What a desk does in one go: entries, cash for the bank, voids by a second person."""

import json
from contextlib import nullcontext
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from core.clock import tehran_date
from core.identifiers import is_deposit_id
from core.refusals import NotFound
from core.rial import UnreadableAmount
from donations.models.contribution import Contribution, ContributionReversal, Origin, Tender
from donations.models.desk import Decision, DepositSlip, VoidRequest
from donations.pledging import CashItem, DonorFacts, GoodsItem, ServiceItem
from donations.slips import NotInHand
from donations.voiding import (
    WAITS_FOR,
    AlreadyDecided,
    AlreadyVoid,
    DepositMatched,
    PaidOnline,
    ReasonMissing,
    RequestExpired,
    SecondPersonNeeded,
    VoidAlreadyAsked,
    ask_for_void,
    decide_on_void,
    open_void_requests,
)
from flows.catalogue import enter_terminal
from flows.desk import (
    Arrival,
    CashHandedOver,
    SeenBefore,
    WalkIn,
    approve_void,
    drawer,
    hand_over_cash,
    receive_promised,
    record_walk_in,
    slips_with_state,
)
from flows.entries import latest_entries, similar_entry, totals_of_day
from ledger.accounts import BankAccount
from offices.audit import AuditEntry
from offices.places import Office
from offices.scope import EVERYWHERE, NOWHERE, Scope
from receipts.life.series import Receipt, ReceiptKind, ReceiptVoid
from reconciliation.expected import ExpectedDeposit, Expects
from tests.factories import a_desk_contribution, a_pledge, a_staff_member, office_id

MOBILE = "09121234567"


@pytest.fixture
def clerk(session):
    return a_staff_member(session, "clerk")


@pytest.fixture
def manager(session):
    return a_staff_member(session, "manager")


def walk_in(session, clerk, now, *items, key=None, **facts):
    return record_walk_in(
        session,
        WalkIn(items or (CashItem(1_000_000),), DonorFacts(mobile=MOBILE), **facts),
        office_id=clerk.office_id,
        staff_id=clerk.id,
        request_key=key,
        now=now,
    )


def cash(session, clerk, amount_rial, now):
    return a_desk_contribution(session, CashItem(amount_rial), staff_id=clerk.id, now=now)


def count(session, model):
    return session.scalars(select(func.count()).select_from(model)).one()


def here(session, code="07"):
    return Scope(frozenset({office_id(session, code)}))


def test_money_goods_and_hours_of_one_visitor_are_one_entry(session, clerk, now):
    receipt = walk_in(
        session,
        clerk,
        now,
        CashItem(1_000_000),
        GoodsItem("پتو", 20_000, "تخته"),
        ServiceItem("آموزش", 8),
        tender=Tender.CASH,
    )

    assert receipt.kind is ReceiptKind.MIXED
    assert receipt.amount_rial == 1_000_000
    office = session.get_one(Office, clerk.office_id)
    assert drawer(session, office).in_hand_rial == 1_000_000


def test_the_same_form_twice_is_one_entry(session, clerk, now):
    first = walk_in(session, clerk, now, key="k", tender=Tender.CASH)
    second = walk_in(session, clerk, now, key="k", tender=Tender.CASH)

    assert second.number == first.number
    assert count(session, Contribution) == 1


def test_a_form_is_bound_to_the_person_who_fills_it_in(session, clerk, manager, now):
    first = walk_in(session, clerk, now, key="k", tender=Tender.CASH)
    second = walk_in(session, manager, now, key="k", tender=Tender.CASH)

    assert second.number != first.number


@pytest.mark.parametrize("tender", [Tender.CHEQUE, Tender.CARD_TERMINAL])
def test_a_cheque_or_card_slip_is_entered_once(session, clerk, now, tender):
    account_id = session.scalars(select(BankAccount.id)).one()
    enter_terminal(session, "pos-07", "5107", bank_account_id=account_id)
    facts = (
        {"cheque_number": "123456"}
        if tender is Tender.CHEQUE
        else {"terminal": "pos-07", "trace_number": "654321"}
    )
    walk_in(session, clerk, now, tender=tender, **facts)

    with pytest.raises(SeenBefore):
        walk_in(session, clerk, now, CashItem(5), tender=tender, **facts)
    assert count(session, Contribution) == 1


def test_the_card_terminal_of_another_desk_is_refused(session, clerk, now):
    account_id, elsewhere = session.scalars(select(BankAccount.id)).one(), office_id(session, "06")
    enter_terminal(session, "pos-06", "5106", bank_account_id=account_id, office_id=elsewhere)
    card = {"tender": Tender.CARD_TERMINAL, "terminal": "pos-06", "trace_number": "654321"}
    pledge = a_pledge(session, CashItem(1_000_000), office="07")
    promised = Arrival(pledge.tracking_code, [item.id for item in pledge.items], **card)
    by = {"office_id": clerk.office_id, "staff_id": clerk.id, "request_key": None, "now": now}

    with pytest.raises(NotFound):
        walk_in(session, clerk, now, **card)
    with pytest.raises(NotFound):
        receive_promised(session, EVERYWHERE, promised, **by)


def test_a_person_may_tell_two_cheques_of_one_number_apart(session, clerk, now):
    walk_in(session, clerk, now, tender=Tender.CHEQUE, cheque_number="123456")

    walk_in(session, clerk, now, tender=Tender.CHEQUE, cheque_number="123456", is_another=True)

    assert count(session, Contribution) == 2
    told = select(AuditEntry).where(AuditEntry.action == "pledge.told_apart")
    first = session.scalars(select(func.min(Contribution.id))).one()
    assert json.loads(session.scalars(told).one().facts)["same_number_as"] == first


def test_the_cheque_of_another_desk_is_another_cheque(session, clerk, now):
    stranger = a_staff_member(session, "stranger", office="06")
    walk_in(session, clerk, now, tender=Tender.CHEQUE, cheque_number="123456")

    walk_in(session, stranger, now, tender=Tender.CHEQUE, cheque_number="123456")

    assert count(session, Contribution) == 2


@pytest.mark.parametrize(
    ("terminal", "later", "is_seen"),
    [
        ("pos-a", timedelta(hours=1), True),
        ("pos-a", timedelta(days=1), False),
        ("pos-b", timedelta(), False),
    ],
    ids=["same day", "next day", "other terminal"],
)
def test_a_trace_number_is_of_one_terminal_and_one_day(
    session, clerk, now, terminal, later, is_seen
):
    account_id = session.scalars(select(BankAccount.id)).one()
    for number, name in enumerate(("pos-a", "pos-b")):
        enter_terminal(session, name, f"510{number}", bank_account_id=account_id)
    facts = {"tender": Tender.CARD_TERMINAL, "trace_number": "654321"}
    walk_in(session, clerk, now, terminal="pos-a", **facts)

    with pytest.raises(SeenBefore) if is_seen else nullcontext():
        walk_in(session, clerk, now + later, terminal=terminal, **facts)


def test_a_voided_cheque_may_be_entered_again(session, clerk, manager, now):
    first = walk_in(session, clerk, now, tender=Tender.CHEQUE, cheque_number="123456")
    asked = ask(session, first.contribution_id, clerk, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    walk_in(session, clerk, now, tender=Tender.CHEQUE, cheque_number="123456")

    assert count(session, Contribution) == 2


@pytest.mark.parametrize(
    ("mobile", "amount_rial", "office", "is_found"),
    [
        (MOBILE, 1_000_000, "07", True),
        (MOBILE, 1_000_001, "07", False),
        ("09121234568", 1_000_000, "07", False),
        (MOBILE, 1_000_000, "06", False),
    ],
    ids=["same", "other amount", "other mobile", "other office"],
)
def test_perhaps_the_same_gift(session, clerk, now, mobile, amount_rial, office, is_found):
    walk_in(session, clerk, now, tender=Tender.CASH)

    found = similar_entry(
        session, here(session, office), mobile=mobile, amount_rial=amount_rial, now=now
    )

    assert (found is not None) is is_found


def test_the_day_is_summed_by_what_stands(session, clerk, manager, now):
    cash(session, clerk, 1_000, now)
    wrong = cash(session, clerk, 7_000, now)
    asked = ask(session, wrong.id, clerk, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    (total,) = totals_of_day(session, here(session), tehran_date(now))

    assert (total.tender, total.count, total.amount_rial) == (Tender.CASH, 1, 1_000)


def test_a_list_goes_on_where_it_ended(session, clerk, now):
    ids = [cash(session, clerk, rial, now).id for rial in (1, 2, 3)]

    first = latest_entries(session, EVERYWHERE, limit=2)
    rest = latest_entries(session, EVERYWHERE, before_id=first[-1].contribution.id, limit=2)

    assert [row.contribution.id for row in (*first, *rest)] == ids[::-1]


@pytest.mark.parametrize("scope_of", [lambda _session: NOWHERE, lambda s: here(s, "06")])
def test_the_scope_and_nothing_else_hides_a_foreign_entry(session, clerk, now, scope_of):
    cash(session, clerk, 1_000, now)

    assert latest_entries(session, scope_of(session)) == []
    assert len(latest_entries(session, EVERYWHERE)) == 1, "without the scope it shows"


# Cash for the bank


def test_a_slip_takes_cash_under_a_deposit_id_of_the_desk(session, clerk, now):
    cash(session, clerk, 1_000_000, now)

    slip = hand_over_cash(
        session, clerk.office_id, 600_000, made_by_id=clerk.id, request_key=None, now=now
    )

    assert is_deposit_id(slip.deposit_id)
    assert slip.deposit_id[2:5] == "007"
    expected = session.get_one(ExpectedDeposit, (slip.deposit_id, 600_000))
    assert (expected.expects, expected.target_id) == (Expects.DEPOSIT_SLIP, slip.id)
    assert drawer(session, session.get_one(Office, clerk.office_id)).free_rial == 400_000


@pytest.mark.parametrize(
    ("amount_rial", "refusal"),
    [(1_000_001, NotInHand), (0, UnreadableAmount), (-5, UnreadableAmount)],
)
def test_a_slip_over_what_is_not_there_is_refused(session, clerk, now, amount_rial, refusal):
    cash(session, clerk, 1_000_000, now)

    with pytest.raises(refusal):
        hand_over_cash(
            session, clerk.office_id, amount_rial, made_by_id=clerk.id, request_key=None, now=now
        )


def test_cash_on_its_way_cannot_be_handed_over_again(session, clerk, now):
    cash(session, clerk, 1_000_000, now)

    def hand_over(amount_rial, key):
        return hand_over_cash(
            session, clerk.office_id, amount_rial, made_by_id=clerk.id, request_key=key, now=now
        )

    hand_over(1_000_000, "a")

    assert hand_over(1_000_000, "a").number == 1, "the same form twice is one slip"
    with pytest.raises(NotInHand):
        hand_over(1, "b")
    assert count(session, DepositSlip) == 1
    assert slips_with_state(session, here(session))[0][1] is False


# Voids


def ask(session, contribution_id, who, now, reason="مبلغ اشتباه است"):
    return ask_for_void(
        session, EVERYWHERE, contribution_id, reason=reason, asked_by_id=who.id, now=now
    )


def test_a_second_person_voids_entry_posting_and_receipt(session, clerk, manager, now):
    entry = cash(session, clerk, 1_000_000, now)

    asked = ask(session, entry.id, clerk, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    reversal = session.scalars(select(ContributionReversal)).one()
    assert (reversal.asked_by_id, reversal.approved_by_id) == (clerk.id, manager.id)
    assert count(session, ReceiptVoid) == 1
    assert drawer(session, session.get_one(Office, clerk.office_id)).in_hand_rial == 0


def test_a_void_says_who_asked_and_who_decided(session, clerk, manager, now):
    entry = cash(session, clerk, 1_000_000, now)

    asked = ask(session, entry.id, clerk, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    void = session.scalars(select(ReceiptVoid)).one()
    assert (void.cause, void.asked_by_id, void.voided_by_id) == ("entry", clerk.id, manager.id)


def test_nobody_decides_on_a_request_that_is_three_days_old(session, clerk, manager, now):
    asked = ask(session, cash(session, clerk, 1_000_000, now).id, clerk, now)
    late = now + WAITS_FOR

    assert open_void_requests(session, EVERYWHERE, now=late) == []
    with pytest.raises(RequestExpired):
        approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=late)
    assert count(session, ContributionReversal) == 0


def test_what_has_expired_may_be_asked_again_and_then_waits_no_more(session, clerk, manager, now):
    entry = cash(session, clerk, 1_000_000, now)
    old, late = ask(session, entry.id, clerk, now), now + WAITS_FOR

    new = ask(session, entry.id, clerk, late)

    assert open_void_requests(session, EVERYWHERE, now=late) == [new]
    with pytest.raises(RequestExpired):
        approve_void(session, EVERYWHERE, old.id, decided_by_id=manager.id, now=now)
    approve_void(session, EVERYWHERE, new.id, decided_by_id=manager.id, now=late)


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE void_request SET decision = 'approved', decided_by_id = asked_by_id,"
        " decided_at = asked_at",
        "UPDATE void_request SET decision = 'approved', decided_by_id = {manager},"
        " decided_at = expires_at",
    ],
    ids=["the same person", "too late"],
)
def test_the_database_itself_wants_a_second_person_in_time(session, clerk, manager, now, wrong):
    ask(session, cash(session, clerk, 1_000_000, now).id, clerk, now)

    with pytest.raises(IntegrityError):
        session.execute(text(wrong.format(manager=manager.id)))
    session.rollback()


def foreign_money(session, origin, now):
    """What a donor paid into the name of a desk without ever coming to it."""
    pledge = a_pledge(session, office="07")
    contribution = Contribution(
        pledge_id=pledge.id,
        office_id=pledge.office_id,
        origin=origin,
        cause_id=1,
        tender=Tender.ONLINE if origin is Origin.GATEWAY else Tender.TRANSFER,
        received_on=now.date(),
        recorded_at=now,
    )
    session.add(contribution)
    session.flush()
    return contribution


@pytest.mark.parametrize(
    ("origin", "refusal"), [(Origin.GATEWAY, PaidOnline), (Origin.DEPOSIT, DepositMatched)]
)
def test_money_that_lies_at_the_bank_is_not_voided_by_a_desk(
    session, clerk, manager, now, origin, refusal
):
    contribution = foreign_money(session, origin, now)
    with pytest.raises(refusal):
        ask(session, contribution.id, clerk, now)

    asked = VoidRequest(
        contribution_id=contribution.id,
        reason="x",
        asked_by_id=clerk.id,
        asked_at=now,
        expires_at=now + WAITS_FOR,
    )
    session.add(asked)
    session.flush()
    with pytest.raises(refusal):  # also where somebody had asked before this was refused
        approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)
    assert count(session, ContributionReversal) == 0


def test_cash_that_went_to_the_bank_is_not_taken_back_from_the_drawer(session, clerk, manager, now):
    entry = cash(session, clerk, 1_000_000, now)
    asked = ask(session, entry.id, clerk, now)
    hand_over_cash(session, clerk.office_id, 1, made_by_id=clerk.id, request_key=None, now=now)

    with pytest.raises(CashHandedOver) as refused:
        approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    assert refused.value.details["free_rial"] == 999_999
    assert count(session, ContributionReversal) == 0


def test_a_mistyped_amount_is_voided_once_the_right_one_is_entered(session, clerk, manager, now):
    wrong = cash(session, clerk, 10_000_000, now)
    hand_over_cash(
        session, clerk.office_id, 1_000_000, made_by_id=clerk.id, request_key=None, now=now
    )
    cash(session, clerk, 1_000_000, now)

    asked = ask(session, wrong.id, clerk, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    assert drawer(session, session.get_one(Office, clerk.office_id)).free_rial == 0


def test_whoever_asked_cannot_decide(session, clerk, now):
    asked = ask(session, cash(session, clerk, 1_000, now).id, clerk, now)

    with pytest.raises(SecondPersonNeeded):
        approve_void(session, EVERYWHERE, asked.id, decided_by_id=clerk.id, now=now)
    assert count(session, ContributionReversal) == 0


@pytest.mark.parametrize("table", ["void_request", "contribution_reversal"])
def test_without_that_check_the_database_still_wants_two_persons(session, clerk, now, table):
    entry = cash(session, clerk, 1_000, now)
    asked = ask(session, entry.id, clerk, now)
    decide = (
        update(VoidRequest)
        .where(VoidRequest.id == asked.id)
        .values(decision=Decision.APPROVED, decided_by_id=clerk.id, decided_at=now)
        if table == "void_request"
        else insert(ContributionReversal).values(
            contribution_id=entry.id,
            reason="x",
            asked_by_id=clerk.id,
            approved_by_id=clerk.id,
            reversed_at=now,
        )
    )

    with pytest.raises(IntegrityError, match="two_persons"):
        session.execute(decide)
    session.rollback()


def test_of_two_deciders_one_is_too_late(session, clerk, manager, now):
    asked = ask(session, cash(session, clerk, 1_000, now).id, clerk, now)
    decide_on_void(
        session, EVERYWHERE, asked.id, Decision.DECLINED, decided_by_id=manager.id, now=now
    )

    with pytest.raises(AlreadyDecided):
        approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)
    assert count(session, ContributionReversal) == 0


def test_a_void_is_asked_for_once_and_never_twice_done(session, clerk, manager, now):
    entry = cash(session, clerk, 1_000, now)
    asked = ask(session, entry.id, clerk, now)

    with pytest.raises(VoidAlreadyAsked):
        ask(session, entry.id, manager, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)
    with pytest.raises(AlreadyVoid):
        ask(session, entry.id, clerk, now)


@pytest.mark.parametrize("reason", ["", "  \u200c ", "x" * 501])
def test_a_void_needs_a_reason(session, clerk, now, reason):
    entry = cash(session, clerk, 1_000, now)

    with pytest.raises(ReasonMissing):
        ask(session, entry.id, clerk, now, reason=reason)


def test_a_foreign_office_can_neither_ask_nor_decide(session, clerk, manager, now):
    entry = cash(session, clerk, 1_000, now)
    elsewhere = here(session, "06")
    with pytest.raises(NotFound):
        ask_for_void(session, elsewhere, entry.id, reason="x", asked_by_id=clerk.id, now=now)

    asked = ask(session, entry.id, clerk, now)
    with pytest.raises(NotFound):
        approve_void(session, elsewhere, asked.id, decided_by_id=manager.id, now=now)


def test_the_number_of_a_void_receipt_is_not_used_again(session, clerk, manager, now):
    asked = ask(session, cash(session, clerk, 1_000, now).id, clerk, now)
    approve_void(session, EVERYWHERE, asked.id, decided_by_id=manager.id, now=now)

    cash(session, clerk, 1_000, now)

    serials = session.scalars(select(Receipt.serial).order_by(Receipt.serial)).all()
    assert serials == [1, 2]
