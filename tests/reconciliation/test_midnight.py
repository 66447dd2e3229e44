"""Payments near midnight that the bank counts to another day: moved when only one choice fits."""

from datetime import time, timedelta

import pytest
from sqlalchemy import func, select

from core.clock import minute_of_day, tehran_moment
from donations.models.payment import Payment, PaymentState, PaymentStep
from flows.reconciling import run
from flows.undoing import undo_run
from ledger.postings import balance_rial
from ledger.terminals import Netting, Terminal, TerminalTerms
from reconciliation.expected import (
    ExpectedTerminalMoney,
    MoneySource,
    OpenSettlementLine,
    expect_terminal_money,
)
from reconciliation.matches import Settlement, SettlementItem
from reconciliation.midnight import NEAR_MAX
from reconciliation.reporting import report
from tests.factories import a_pledge
from tests.reconciliation.bank import DAY, days_ago, pay_out

YESTERDAY = days_ago(1)
NOON = time(12)
MIDNIGHT = tehran_moment(DAY, time())
FEE = 1_200  # of every payment below 6,000,000 rials


def paid(database, rial, moment, *, day):
    """A settled payment that we expect in the pay-out of a day; returns its number."""
    with database.writing() as session:
        pledge = a_pledge(session, now=moment)
        payment = Payment(
            pledge_id=pledge.id, gateway="mellat-main", order_number=10**17 + pledge.id,
            amount_rial=rial, state=PaymentState.SETTLED, return_key=f"{pledge.id:032}",
            created_at=moment, changed_at=moment, final_at=moment, check_after=moment,
        )  # fmt: skip
        session.add(payment)
        session.flush()
        session.add(
            PaymentStep(
                payment_id=payment.id, at=moment, step="settle", state=PaymentState.SETTLING
            )
        )
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        expect_terminal_money(
            session, terminal_id, day, MoneySource.PAYMENT, payment.id, amount_rial=rial,
            reference=None, taken_minute=minute_of_day(moment),
        )  # fmt: skip
        return payment.id


def late(database, rial, seconds=-10, *, day=YESTERDAY):
    """A payment some seconds from the midnight between yesterday and today."""
    return paid(database, rial, MIDNIGHT + timedelta(seconds=seconds), day=day)


@pytest.fixture
def two_days(database):
    """Two ordinary payments, one on each day."""
    for rial, day in ((1_000_000, YESTERDAY), (2_000_000, DAY)):
        paid(database, rial, tehran_moment(day, NOON), day=day)


def pay_outs(first, second):
    """What the bank pays out for both days, given gross sums of some payments each."""
    return [
        pay_out(sum(rials) - FEE * len(rials), day=day)
        for rials, day in ((first, DAY), (second, days_ago(-1)))
    ]


def settled(database):
    """The payments that the bank paid out for each day, and how many moved there."""
    with database.reading() as session:
        rows = session.execute(
            select(Settlement.business_day, Settlement.moved_count, SettlementItem.amount_rial)
            .join(SettlementItem, SettlementItem.settlement_id == Settlement.id)
            .order_by(Settlement.business_day, SettlementItem.amount_rial)
        ).all()
    days = {row.business_day: (row.moved_count, []) for row in rows}
    for row in rows:
        days[row.business_day][1].append(row.amount_rial)
    return days


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize("day", [YESTERDAY, DAY])
def test_one_payment_at_midnight_is_found_on_either_side(
    database, imported, reconciled, books_agree, day
):
    late(database, 5_000_000, day=day)
    if day == YESTERDAY:  # and the bank says today
        imported(pay_outs([1_000_000], [2_000_000, 5_000_000]))
        expected = {YESTERDAY: (0, [1_000_000]), DAY: (1, [2_000_000, 5_000_000])}
    else:
        imported(pay_outs([1_000_000, 5_000_000], [2_000_000]))
        expected = {YESTERDAY: (1, [1_000_000, 5_000_000]), DAY: (0, [2_000_000])}

    assert reconciled() == {"settlement_batch": 2}
    assert settled(database) == expected
    with database.reading() as session:
        assert balance_rial(session, "gateway:mellat-main") == -8_000_000
        assert session.scalars(select(func.count()).select_from(ExpectedTerminalMoney)).one() == 0
    books_agree()


@pytest.mark.usefixtures("two_days")
def test_the_reason_names_the_payment_that_moved(database, imported, reconciled):
    number = late(database, 5_000_000)
    imported(pay_outs([1_000_000], [2_000_000, 5_000_000]))
    reconciled()

    with database.reading() as session:
        first, second = (line["reason"] for line in report(session)["lines"])
    assert "نیمه‌شب" not in first
    for quoted in ("نیمه‌شب", "۵٬۰۰۰٬۰۰۰", "۱۴۰۵/۰۸/۳۰", f"شماره {number}".translate(_PERSIAN)):
        assert quoted in second


_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


@pytest.mark.usefixtures("two_days")
def test_what_moved_is_expected_on_its_own_day_again_after_an_undo(
    database, imported, work_tables, now
):
    late(database, 5_000_000)
    imported(pay_outs([1_000_000], [2_000_000, 5_000_000]))
    before = work_tables()
    done = run(database, now=now)
    assert done.matched == 2
    undo_run(database, done.run, reason="آزمایش", now=now)

    assert work_tables() == before
    assert run(database, now=now).matched == 2


def test_a_day_may_hold_nothing_but_what_moves_there(database, imported, reconciled):
    paid(database, 1_000_000, tehran_moment(YESTERDAY, NOON), day=YESTERDAY)
    late(database, 5_000_000)
    imported(pay_outs([1_000_000], [5_000_000]))

    assert reconciled() == {"settlement_batch": 2}
    assert settled(database)[DAY] == (1, [5_000_000])


@pytest.mark.usefixtures("two_days")
def test_payments_may_move_both_ways_at_once(database, imported, reconciled):
    late(database, 5_000_000, -600)
    late(database, 3_000_000, 600, day=DAY)
    imported(pay_outs([1_000_000, 3_000_000], [2_000_000, 5_000_000]))

    assert reconciled() == {"settlement_batch": 2}


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize(
    ("rials", "seconds", "moves"),
    [
        ([5_000_000], -899, [5_000_000]),
        ([5_000_000], -901, None),
        ([5_000_000], 901, None),
        ([5_000_000, 5_000_000], -10, None),  # either of the two
        ([3_000_000, 1_001_200, 2_000_000], -10, None),  # the first, or the two others
        ([100_000 * (2 * at + 7) for at in range(NEAR_MAX)], -10, [700_000]),
        ([100_000 * (2 * at + 7) for at in range(NEAR_MAX + 1)], -10, None),
    ],
    ids=["near", "too early", "too late", "twins", "two choices", "twelve", "thirteen"],
)
def test_only_the_one_choice_of_few_payments_near_midnight_moves(
    database, imported, reconciled, rials, seconds, moves
):
    for rial in rials:
        late(database, rial, seconds)
    chosen, *stay = sorted(rials) if len(rials) > 3 else rials
    imported(pay_outs([1_000_000, *stay], [2_000_000, chosen]))

    assert reconciled() == ({"settlement_batch": 2} if moves else {})


@pytest.mark.usefixtures("two_days")
def test_half_of_the_pair_waits_for_the_other_half(database, imported, reconciled):
    late(database, 5_000_000)
    imported(pay_outs([1_000_000], [2_000_000, 5_000_000])[:1])

    assert reconciled() == {}


@pytest.mark.usefixtures("two_days")
def test_two_lines_that_could_be_the_same_day_move_nothing(database, imported, reconciled):
    late(database, 5_000_000)
    first, second = pay_outs([1_000_000], [2_000_000, 5_000_000])
    imported([first, second, second])

    assert reconciled() == {}


@pytest.mark.usefixtures("two_days")
def test_a_line_that_agrees_with_another_day_as_it_is_moves_nothing(database, imported, reconciled):
    """The twin of the guard: without it the line would be taken from the days that it also fits."""
    for days in (2, 3):  # equal sums: left to a person
        paid(database, 1_000_000, tehran_moment(days_ago(days), NOON), day=days_ago(days))
    late(database, 5_000_000)
    imported(pay_outs([1_000_000], [2_000_000, 5_000_000]))

    assert reconciled() == {}
    with database.reading() as session:
        assert session.scalars(select(func.count()).select_from(OpenSettlementLine)).one() == 2


@pytest.mark.usefixtures("two_days")
def test_days_under_different_terms_are_left_to_a_person(database, imported, reconciled):
    with database.writing() as session:
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        session.add(TerminalTerms(terminal_id=terminal_id, valid_from=DAY, netting=Netting.EXEMPT))
    late(database, 5_000_000)
    imported([pay_out(1_000_000 - FEE), pay_out(7_000_000 - FEE)])

    assert reconciled() == {}
