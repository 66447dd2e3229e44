"""The sure rules: each explains what is certain, and nothing that only looks like it."""

from datetime import timedelta

import pytest
from sqlalchemy import event, func, select, update

from core.digits import to_persian
from donations.models.contribution import Contribution, ContributionLine, Origin
from donations.models.pledge import ItemState, PledgeItem
from donations.pledging import CashItem, GoodsItem
from flows.desk import hand_over_cash
from flows.reconciling import run
from jobs.queue import Job
from ledger.postings import balance_rial
from ledger.terminals import Netting, Terminal, TerminalTerms
from receipts.life.series import Receipt
from reconciliation.batches import possible_pairs, reach_open_lines, sure_batches
from reconciliation.expected import (
    ExpectedDeposit,
    Expects,
    MoneySource,
    OpenLine,
    expect_deposit,
    expect_terminal_money,
)
from reconciliation.found import LostRace
from reconciliation.matches import Match, ReconciliationRun, Settlement, SettlementItem
from reconciliation.matching import close_deposits, find_deposits
from reconciliation.running import RunInProgress
from tests.factories import a_desk_contribution, a_pledge, a_staff_member, office_id
from tests.reconciliation.bank import DAY, Booking, days_ago, fee, pay_out


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def balance(database, account):
    with database.reading() as session:
        return balance_rial(session, account)


@pytest.fixture
def pledge(database):
    with database.writing() as session:
        return a_pledge(session, CashItem(2_000_000), CashItem(500_000, fund="19041062101"))


def owed(database, *amounts, day=DAY, terminal="mellat-main", first_id=1, references=()):
    """Final money of a terminal that is not on the statement yet."""
    with database.writing() as session:
        terminal_id = session.scalars(select(Terminal.id).where(Terminal.name == terminal)).one()
        for at, amount_rial in enumerate(amounts):
            expect_terminal_money(
                session,
                terminal_id,
                day,
                MoneySource.PAYMENT,
                first_id + at,
                amount_rial=amount_rial,
                reference=references[at] if references else f"{first_id + at:012}",
            )


def terms(database, *, terminal="mellat-main", **values):
    with database.writing() as session:
        terminal_id = session.scalars(select(Terminal.id).where(Terminal.name == terminal)).one()
        session.execute(
            update(TerminalTerms).where(TerminalTerms.terminal_id == terminal_id).values(**values)
        )


# Deposit ids


def test_a_deposit_with_a_pledge_s_id_is_received_and_booked(
    database, imported, reconciled, pledge, books_agree
):
    imported([Booking(2_500_000, deposit_id=to_persian(pledge.deposit_id))])

    assert reconciled() == {"deposit_id": 1}
    assert balance(database, "suspense:90190") == 0
    assert balance(database, "fund:most-needed") == -2_000_000
    assert balance(database, "fund:19041062101") == -500_000
    with database.reading() as session:
        contribution = session.scalars(select(Contribution)).one()
        assert (contribution.origin, contribution.received_on) == (Origin.DEPOSIT, DAY)
        assert session.scalars(select(Receipt.number)).one().startswith("1405/00/")
        states = set(session.scalars(select(PledgeItem.state)))
        assert states == {ItemState.RECEIVED}
        kinds = set(session.scalars(select(Job.kind).where(Job.subject == str(contribution.id))))
        assert {"draw_receipt", "tell_contribution_received"} <= kinds
    assert count(database, ContributionLine) == 2
    books_agree()


def test_goods_of_the_same_pledge_stay_promised(database, imported, reconciled):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(7_000), GoodsItem("پتو", 20_000, "تخته"))
    imported([Booking(7_000, deposit_id=pledge.deposit_id)])
    reconciled()

    with database.reading() as session:
        states = dict(session.execute(select(PledgeItem.kind, PledgeItem.state)).all())
    assert states == {"cash": "received", "goods": "promised"}


def _changed_digit(code):
    return code[:5] + str((int(code[5]) + 1) % 10) + code[6:]


def _swapped(code):
    at = next(at for at in range(2, 11) if code[at] != code[at + 1])
    return code[:at] + code[at + 1] + code[at] + code[at + 2 :]


@pytest.mark.parametrize(
    ("rial", "spoil"),
    [
        (2_500_001, str),
        (2_500_000, _changed_digit),
        (2_500_000, _swapped),
        (2_500_000, lambda code: code[:-1]),
        (2_500_000, lambda _code: "0"),
        (-2_500_000, str),
    ],
    ids=["amount", "digit", "swap", "short", "none", "debit"],
)
def test_what_differs_in_anything_stays_open(imported, reconciled, pledge, rial, spoil):
    imported([Booking(rial, deposit_id=spoil(pledge.deposit_id))])

    assert reconciled() == {}


def test_of_several_lines_with_one_id_the_first_is_it_and_the_rest_stay_open(
    database, imported, reconciled, pledge
):
    times = ("09:00:00", "10:00:00", "11:00:00")
    imported([Booking(2_500_000, deposit_id=pledge.deposit_id, time=time) for time in times])

    assert reconciled() == {"deposit_id": 1}
    assert reconciled() == {}
    with database.reading() as session:
        match = session.scalars(select(Match)).one()
        assert match.line.booked_time.hour == 9
    assert count(database, OpenLine) == 2


def test_a_pledge_that_changed_since_it_was_expected_is_left_to_a_person(
    database, imported, reconciled, pledge
):
    with database.writing() as session:
        session.execute(
            update(PledgeItem)
            .where(PledgeItem.pledge_id == pledge.id, PledgeItem.amount_rial == 500_000)
            .values(state=ItemState.WITHDRAWN)
        )
    imported([Booking(2_500_000, deposit_id=pledge.deposit_id)])

    assert reconciled() == {}
    assert count(database, Contribution) == 0


def test_without_the_exact_amount_a_foreign_sum_would_be_booked(database, pledge, imported):
    """The twin of the guard: the id alone would take any sum for the promised one."""
    imported([Booking(1, deposit_id=pledge.deposit_id)])

    with database.reading() as session:
        by_id_alone = session.scalars(
            select(ExpectedDeposit.amount_rial).where(
                ExpectedDeposit.deposit_id == pledge.deposit_id
            )
        ).one()
        line_rial = session.scalars(select(OpenLine.amount_rial)).one()
    assert by_id_alone != line_rial


def test_a_desk_s_deposit_is_explained_by_its_slip(database, imported, reconciled, books_agree):
    with database.writing() as session:
        clerk = a_staff_member(session)
        a_desk_contribution(session, CashItem(900_000), staff_id=clerk.id)
        slip = hand_over_cash(
            session, office_id(session), 900_000, made_by_id=clerk.id, request_key=None,
            now=clerk.created_at,
        )  # fmt: skip
    imported([Booking(900_000, deposit_id=slip.deposit_id)])

    assert reconciled() == {"deposit_slip": 1}
    assert balance(database, "desk:07") == 0
    assert balance(database, "suspense:90190") == 0
    books_agree()


# Settlements


@pytest.mark.parametrize(
    ("rial", "fee_rial"),
    [
        (5_999_999, 1_200),
        (6_000_000, 1_200),
        (6_000_001, 1_200),
        (199_999_999, 39_999),
        (200_000_000, 40_000),
        (10**12, 40_000),
    ],
)
def test_the_fee_of_a_payment_has_a_floor_a_rate_and_a_cap(
    database, imported, reconciled, rial, fee_rial
):
    owed(database, rial, day=days_ago(1))
    imported([pay_out(rial - fee_rial)])

    assert reconciled() == {"settlement_batch": 1}
    with database.reading() as session:
        assert session.scalars(select(SettlementItem.fee_rial)).one() == fee_rial
        assert sum(session.scalars(select(Match.amount_rial))) == rial - fee_rial


def test_a_pay_out_less_fees_is_booked_gross_against_the_terminal(
    database, imported, reconciled, books_agree
):
    owed(database, 1_000_000, 10_000_000, 300_000_000, day=days_ago(1))
    imported([pay_out(311_000_000 - 1_200 - 2_000 - 40_000)])

    assert reconciled() == {"settlement_batch": 1}
    assert balance(database, "gateway:mellat-main") == -311_000_000
    assert balance(database, "fees") == 43_200
    assert balance(database, "suspense:90190") == 0
    books_agree()


def test_fees_booked_apart_are_a_line_of_their_own(database, imported, reconciled):
    terms(database, netting=Netting.APART)
    owed(database, 1_000_000, day=days_ago(1))
    imported([pay_out(1_000_000), fee(1_200, description="کارمزد شاپرک پایانه 7001")])

    assert reconciled() == {"bank_fee": 1, "settlement_batch": 1}
    assert (balance(database, "fees"), balance(database, "suspense:90190")) == (1_200, 0)


def test_an_exempt_terminal_pays_out_everything(database, imported, reconciled):
    terms(database, netting=Netting.EXEMPT)
    owed(database, 1_000_000, day=days_ago(1))
    imported([pay_out(1_000_000)])

    assert reconciled() == {"settlement_batch": 1}


def test_the_terms_of_the_day_hold_not_those_of_today(database, imported, reconciled):
    with database.writing() as session:
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        session.add(TerminalTerms(terminal_id=terminal_id, valid_from=DAY, netting=Netting.EXEMPT))
    owed(database, 1_000_000, day=days_ago(1))
    owed(database, 5_000_000, day=DAY, first_id=2)
    imported([pay_out(998_800), pay_out(5_000_000)])

    assert reconciled() == {"settlement_batch": 2}


# Thursday and Friday are no working days: five of them lie between a Sunday and the next.
@pytest.mark.parametrize(("days", "rules"), [(0, 1), (1, 1), (7, 1), (8, 0), (-1, 0)])
def test_a_holiday_shifts_a_pay_out_only_within_the_terms(
    database, imported, reconciled, days, rules
):
    owed(database, 1_000_000, day=DAY - timedelta(days=days))
    imported([pay_out(998_800)])

    assert sum(reconciled().values()) == rules


def test_two_batches_of_equal_sums_are_left_to_a_person(database, imported, reconciled):
    owed(database, 1_000_000, day=days_ago(1))
    owed(database, 1_000_000, day=days_ago(2), first_id=2)
    imported([pay_out(998_800)])

    assert reconciled() == {}


def test_two_lines_of_equal_sums_are_left_to_a_person(database, imported, reconciled):
    owed(database, 1_000_000, day=days_ago(1))
    imported([pay_out(998_800), pay_out(998_800)])

    assert reconciled() == {}


def test_equal_sums_of_two_terminals_are_told_apart(database, imported, reconciled):
    with database.writing() as session:
        session.execute(
            update(Terminal)
            .where(Terminal.name == "zarinpal-main")
            .values(bank_terminal_id="0008002")
        )
    owed(database, 1_000_000, day=days_ago(1))
    owed(database, 1_000_000, day=days_ago(1), terminal="zarinpal-main", first_id=2)
    imported([pay_out(998_800, "8002"), pay_out(998_800, "7001")])

    assert reconciled() == {"settlement_batch": 2}
    with database.reading() as session:
        days = session.scalars(select(Settlement.terminal_id)).all()
    assert len(set(days)) == 2


def test_a_batch_with_one_payment_missing_is_not_forced(database, imported, reconciled):
    owed(database, 1_000_000, 3_000_000, 1_000_000, day=days_ago(1))
    imported([pay_out(4_000_000 - 2_400)])

    assert reconciled() == {}


def test_without_both_being_unique_a_batch_would_take_either_line(database, imported):
    """The twin of the guard: terminal, sum and window alone fit twice."""
    owed(database, 1_000_000, day=days_ago(1))
    owed(database, 1_000_000, day=days_ago(2), first_id=2)
    imported([pay_out(998_800)])

    with database.reading() as session:
        reach_open_lines(session)
        assert len(session.execute(possible_pairs(session)).all()) == 2
        assert list(sure_batches(session)) == []


# References and fees


def test_a_payment_that_comes_alone_is_found_by_its_reference(
    database, imported, reconciled, books_agree
):
    owed(database, 1_000_000, 2_000_000, references=("123456789012", "123456789013"))
    imported([Booking(2_000_000, serial="123456789013")])

    assert reconciled() == {"bank_reference": 1}
    assert balance(database, "gateway:mellat-main") == -2_000_000
    with database.reading() as session:
        assert session.scalars(select(SettlementItem.source_id)).one() == 2
    books_agree()


@pytest.mark.parametrize(
    ("references", "booking"),
    [
        (("123456", "123456"), Booking(1_000_000, serial="123456")),
        (("12345", "1"), Booking(1_000_000, serial="12345")),
        (("123456", "1"), Booking(1_000_001, serial="123456")),
        (("123456", "1"), Booking(1_000_000, serial="123456", day=days_ago(1))),
    ],
    ids=["two payments", "too short", "amount", "before the payment"],
)
def test_a_reference_that_proves_nothing_explains_nothing(
    database, imported, reconciled, references, booking
):
    owed(database, 1_000_000, 1_000_000, references=references)
    imported([booking])

    assert reconciled() == {}


def test_two_lines_with_one_reference_are_left_to_a_person(database, imported, reconciled):
    owed(database, 1_000_000, references=("123456",))
    imported([Booking(1_000_000, serial="123456"), Booking(1_000_000, serial="123456")])

    assert reconciled() == {}


def test_a_fee_is_what_the_bank_calls_one(database, imported, reconciled, books_agree):
    imported([fee(50_000), Booking(-50_000), Booking(50_000, description="کارمزد برگشتی")])

    assert reconciled() == {"bank_fee": 1}
    assert balance(database, "fees") == 50_000
    books_agree()


# Runs


def test_many_slices_explain_as_much_as_one(database, imported, now, books_agree):
    with database.writing() as session:
        ids = [a_pledge(session, CashItem(1_000)).deposit_id for _ in range(7)]
    imported([*(Booking(1_000, deposit_id=id_) for id_ in ids), fee(1), fee(2), fee(3)])
    told = []
    report = run(database, now=now, on_progress=told.append, slice_lines=2)

    assert report.by_rule == {"bank_fee": 3, "deposit_id": 7}
    assert (report.matched, report.open, max(told)) == (10, 0, 10)
    books_agree()


def test_a_run_at_work_keeps_others_out(database, now):
    with database.writing() as session:
        session.add(ReconciliationRun(state="running", slot=1, started_at=now, touched_at=now))

    with pytest.raises(RunInProgress):
        run(database, now=now + timedelta(seconds=60))


def test_a_run_that_died_is_gone_on_with(database, imported, now, pledge):
    with database.writing() as session:
        session.add(ReconciliationRun(state="running", slot=1, started_at=now, touched_at=now))
    imported([Booking(2_500_000, deposit_id=pledge.deposit_id)])
    report = run(database, now=now + timedelta(minutes=3))

    assert report.matched == 1
    assert count(database, ReconciliationRun) == 1


def test_a_run_cut_off_between_two_slices_leaves_whole_slices(database, imported, now, books_agree):
    with database.writing() as session:
        ids = [a_pledge(session, CashItem(1_000)).deposit_id for _ in range(4)]
    imported([Booking(1_000, deposit_id=id_) for id_ in ids])

    with pytest.raises(KeyboardInterrupt):
        run(database, now=now, on_progress=_cut_off, slice_lines=2)
    assert count(database, Contribution) == count(database, Match) == 2
    books_agree()
    assert run(database, now=now + timedelta(minutes=3)).matched == 4
    books_agree()


def _cut_off(_matched):
    raise KeyboardInterrupt


def test_a_payment_that_arrives_meanwhile_rolls_the_slice_back(database, imported, pledge):
    """Without counting the deleted rows a pledge would be received twice."""
    imported([Booking(2_500_000, deposit_id=pledge.deposit_id)])

    with database.writing() as session:
        find_deposits(session, None, 100)
        session.execute(ExpectedDeposit.__table__.delete())
        with pytest.raises(LostRace):
            close_deposits(session)
        session.rollback()
    assert count(database, Match) == 0


def test_a_standing_deposit_is_expected_once(database, pledge):
    with database.writing() as session:
        expect_deposit(session, pledge.deposit_id, 2_500_000, Expects.PLEDGE, pledge.id)

    assert count(database, ExpectedDeposit) == 1


def test_slices_are_short_on_statements(database, imported, reconciled):
    """A run's statements do not grow with its lines: nothing is asked line by line."""
    asked = []
    event.listen(database.engine, "before_cursor_execute", lambda *_args: asked.append(_args[2]))

    def asked_for(lines, **opening):
        with database.writing() as session:
            ids = [a_pledge(session, CashItem(1_000)).deposit_id for _ in range(lines)]
        imported([Booking(1_000, deposit_id=id_) for id_ in ids], **opening)
        asked.clear()
        reconciled()
        return len(asked)

    few = asked_for(2)

    assert asked_for(60, opening_rial=10_002_000) < few + 20
