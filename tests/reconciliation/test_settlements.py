"""Pay-outs by cycles, working days and the providers' reports; what differs waits for people."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select, update

from core.clock import minute_of_day, tehran_moment
from flows.settlement_reports import Said, import_report
from flows.settling_by_hand import settle_by_hand
from flows.undoing import undo_line
from ledger.postings import balance_rial
from ledger.terminals import Netting, Terminal, TerminalTerms
from reconciliation.batches import open_batches
from reconciliation.calendar import calendar_of, say_fixed_holidays, say_holiday
from reconciliation.cycles import CycleSet, enter_cycles
from reconciliation.differences import Why, compare
from reconciliation.expected import (
    ExpectedTerminalMoney,
    MoneySource,
    OpenLine,
    expect_terminal_money,
)
from reconciliation.lines import StatementLine
from reconciliation.matches import (
    DifferenceKind,
    Match,
    Settlement,
    SettlementDifference,
    SettlementItem,
    Target,
)
from reconciliation.report_rows import OtherTerminal, TotalDiffers, TwiceInReport
from reconciliation.reported import sure_reports
from reconciliation.reporting import report
from reconciliation.reports import SettlementReport, SettlementReportItem
from reconciliation.rounding import rounded_batches
from reconciliation.settlement_days import LegDifference, gateway_legs
from reconciliation.settling_by_hand import Named, SumsDiffer, owed_in_batch
from reconciliation.statements.refusals import UnreadableCell
from tests.factories import a_staff_member
from tests.reconciliation.bank import DAY, as_csv, days_ago, fee, pay_out

YESTERDAY = days_ago(1)
FEE = 1_200
NOON = 720
DAY_END = 1_440
HEADINGS = (
    "نوع تراکنش", "تاریخ تراکنش", "مبلغ تراکنش", "شناسه پایانه", "شماره کارت", "شماره پیگیری",
)  # fmt: skip


def terminal_id(session, name="mellat-main"):
    return session.scalars(select(Terminal.id).where(Terminal.name == name)).one()


def owed(database, *amounts, day=YESTERDAY, minute=NOON, first_id=1, terminal="mellat-main"):
    """Final money of a terminal; its references are its numbers with twelve digits."""
    with database.writing() as session:
        for id_, amount_rial in enumerate(amounts, start=first_id):
            expect_terminal_money(
                session, terminal_id(session, terminal), day, MoneySource.PAYMENT, id_,
                amount_rial=amount_rial, reference=f"9{id_:011}", taken_minute=minute,
            )  # fmt: skip


def terms(database, **values):
    with database.writing() as session:
        session.execute(
            update(TerminalTerms)
            .where(TerminalTerms.terminal_id == terminal_id(session))
            .values(**values)
        )


def cycles(database, now, *, working, holiday=()):
    with database.writing() as session:
        set_ = CycleSet(terminal_id(session), days_ago(30), working, holiday)
        enter_cycles(session, set_, entered_by_id=None, now=now)


def holiday(database, now, *days, is_holiday=True):
    with database.writing() as session:
        for day in days:
            say_holiday(session, day, "تعطیل", is_holiday=is_holiday, entered_by_id=None, now=now)


def listed(*rows, day="1405/08/30", terminal="7001"):
    """A provider's export: pairs of our number and an amount."""
    return as_csv(
        [
            ["خريد", day, f"{rial:,}", terminal, "610433******1234", f"9{id_:011}"]
            for id_, rial in rows
        ],
        headings=HEADINGS,
    )


def handed_in(database, now, data, **said):
    return import_report(
        database, data, "list.csv", terminal="mellat-main", said=Said(**said), now=now
    )


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def balance(database, account):
    with database.reading() as session:
        return balance_rial(session, account)


# The fee table


@pytest.mark.parametrize(
    ("rial", "expected"),
    [
        (5_999_999, 1_200), (6_000_000, 1_200), (6_000_001, 1_200),
        (199_999_999, 39_999), (200_000_000, 40_000), (10**15, 40_000),
    ],
)  # fmt: skip
def test_the_fee_is_the_same_in_python_and_in_the_database(database, rial, expected):
    owed(database, rial)

    with database.reading() as session:
        (batch,) = open_batches(session)
    assert batch.fee_rial == expected
    table = TerminalTerms(
        netting=Netting.NETTED, fee_floor_rial=1_200, fee_per_ten_thousand=2, fee_cap_rial=40_000
    )
    assert table.fee_rial(rial) == expected


def test_a_facilitator_keeps_a_percentage(database, imported, reconciled):
    terms(database, fee_floor_rial=0, fee_per_ten_thousand=100, fee_cap_rial=10**9)
    owed(database, 3_000_000)
    imported([pay_out(2_970_000)])

    assert reconciled() == {"settlement_batch": 1}


# Working days


def test_thursday_and_friday_are_no_working_days(session):
    calendar = calendar_of(session)

    week = [date(2026, 11, 21) + timedelta(days=at) for at in range(7)]  # Saturday to Friday
    assert [calendar.is_working_day(day) for day in week] == [True] * 5 + [False] * 2


def test_the_latest_word_on_a_day_holds(session, now):
    thursday = date(2026, 11, 26)
    say_holiday(session, thursday, "کاری", is_holiday=False, entered_by_id=None, now=now)
    assert calendar_of(session).is_working_day(thursday)
    say_holiday(session, thursday, "تعطیل", entered_by_id=None, now=now)

    assert not calendar_of(session).is_working_day(thursday)


def test_fixed_holidays_are_entered_once(session, now):
    assert say_fixed_holidays(session, [1407], now=now) == 10
    assert say_fixed_holidays(session, [1407], now=now) == 0
    assert not calendar_of(session).is_working_day(date(2028, 3, 20))  # 1407/01/01


def test_a_window_counts_working_days(database, imported, reconciled, now):
    terms(database, settles_within_days=1)
    owed(database, 1_000_000, day=days_ago(3))  # Thursday; Friday rests, Saturday is a holiday
    holiday(database, now, days_ago(1))
    imported([pay_out(1_000_000 - FEE)])  # Sunday

    assert reconciled() == {"settlement_batch": 1}


def test_a_pay_out_after_its_window_waits_for_a_person(database, imported, reconciled):
    terms(database, settles_within_days=1)
    owed(database, 1_000_000, day=days_ago(3))
    imported([pay_out(1_000_000 - FEE)])  # Saturday was the working day

    assert reconciled() == {}


# Cycles


def test_each_cycle_is_a_batch_of_its_own(database, imported, reconciled, now, books_agree):
    cycles(database, now, working=(225, 585, 765, 1_125), holiday=(765,))
    for id_, minute in enumerate((100, 300, 700, 1_000), start=1):
        owed(database, id_ * 1_000_000, minute=minute, first_id=id_)
    imported([pay_out(id_ * 1_000_000 - FEE) for id_ in (3, 1, 4, 2)])

    assert reconciled() == {"settlement_batch": 4}
    with database.reading() as session:
        cuts = session.scalars(select(Settlement.cut_off_minute).order_by(Settlement.gross_rial))
        assert cuts.all() == [225, 585, 765, 1_125]
    books_agree()


def test_what_comes_after_the_last_cut_off_is_of_the_next_day(database, imported, reconciled, now):
    cycles(database, now, working=(1_350,), holiday=(1_350,))  # 22:30
    owed(database, 1_000_000, day=days_ago(2), minute=1_351)
    owed(database, 2_000_000, day=YESTERDAY, minute=1_349, first_id=2)
    owed(database, 4_000_000, day=YESTERDAY, minute=1_350, first_id=3)
    imported([pay_out(3_000_000 - 2 * FEE)])

    assert reconciled() == {"settlement_batch": 1}
    with database.reading() as session:
        assert session.scalars(select(Settlement.business_day)).one() == YESTERDAY
        assert session.scalars(select(ExpectedTerminalMoney.source_id)).one() == 3


def test_on_a_holiday_the_cycles_of_holidays_are_run(database, now):
    cycles(database, now, working=(225, 765), holiday=(765,))
    holiday(database, now, YESTERDAY)
    owed(database, 1_000, 2_000, minute=100)

    with database.reading() as session:
        (batch,) = open_batches(session)
    assert (batch.business_day, batch.cut_off_minute, batch.item_count) == (YESTERDAY, 765, 2)


def test_an_undo_puts_a_cycle_back_as_it_was(database, imported, reconciled, now, work_tables):
    cycles(database, now, working=(225, 1_125), holiday=(765,))
    owed(database, 1_000_000, minute=100)
    owed(database, 2_000_000, minute=300, first_id=2)
    imported([pay_out(1_000_000 - FEE)])
    before = work_tables()
    assert reconciled() == {"settlement_batch": 1}
    with database.writing() as session:
        line_id = session.scalars(select(StatementLine.id)).one()
        undo_line(session, line_id, reason="آزمایش", undone_by_id=None, now=now)

    assert work_tables() == before


# Rounding


@pytest.mark.parametrize("off", [-2, -1, 1, 2])
def test_a_rial_a_payment_is_rounding_and_a_part_of_its_own(
    database, imported, reconciled, books_agree, off
):
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(3_000_000 - 2 * FEE - off)])

    assert reconciled() == {"settlement_batch": 1}
    assert balance(database, "fees") == 2 * FEE + off
    assert balance(database, "gateway:mellat-main") == -3_000_000
    assert balance(database, "suspense:90190") == 0
    with database.reading() as session:
        difference = session.scalars(select(SettlementDifference)).one()
        assert (difference.kind, difference.amount_rial) == (DifferenceKind.ROUNDING, off)
        parts = session.scalars(select(Match.amount_rial).order_by(Match.id)).all()
        assert parts == [3_000_000, -2 * FEE, -off]
    books_agree()


def test_more_than_a_rial_a_payment_is_no_rounding(database, imported, reconciled):
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(3_000_000 - 2 * FEE - 3)])

    assert reconciled() == {}


def test_rounding_is_not_taken_where_two_lines_are_near(database, imported, reconciled):
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(3_000_000 - 2 * FEE - 1), pay_out(3_000_000 - 2 * FEE + 1)])

    with database.reading() as session:
        assert rounded_batches(session) == []
    assert reconciled() == {}


# Fees booked apart


def test_a_fee_booked_apart_names_its_pay_out(database, imported, reconciled):
    terms(database, netting=Netting.APART)
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(3_000_000), fee(2 * FEE), fee(50_000)])

    assert reconciled() == {"settlement_batch": 1, "bank_fee": 2}
    with database.reading() as session:
        named = session.scalars(
            select(Match.amount_rial).where(
                Match.target == Target.BANK_FEE, Match.target_id.is_not(None)
            )
        ).one()
        reasons = [line["reason"] for line in report(session)["lines"]]
    assert named == -2 * FEE
    assert "۳٬۰۰۰٬۰۰۰" in reasons[1]
    assert "۷۰۰۱" in reasons[1]
    assert balance(database, "fees") == 2 * FEE + 50_000


# Reports


def test_a_report_of_payments_that_are_all_ours_explains_its_line(
    database, imported, reconciled, now, books_agree
):
    """The batch of the day holds a payment more, so that no rule of ours could say it."""
    owed(database, 1_000_000, 2_000_000, 5_000_000)
    handed_in(database, now, listed((1, 1_000_000), (2, 2_000_000)))
    imported([pay_out(3_000_000 - 2 * FEE)])

    assert reconciled() == {"settlement_report": 1}
    assert balance(database, "gateway:mellat-main") == -3_000_000
    with database.reading() as session:
        assert session.scalars(select(ExpectedTerminalMoney.source_id)).one() == 3
        (line,) = report(session)["lines"]
    assert "فهرست" in line["reason"] or "گزارش" in line["reason"]
    books_agree()


@pytest.mark.parametrize(
    "rows",
    [
        [(1, 1_000_000), (9, 2_000_000)],
        [(1, 1_000_001), (2, 1_999_999)],
        [(1, 1_000_000), (2, 2_000_000), (3, 5_000_000)],
    ],
    ids=["one is not ours", "two amounts differ", "one more"],
)
def test_a_report_that_is_not_wholly_ours_explains_nothing(
    database, imported, reconciled, now, rows
):
    owed(database, 1_000_000, 2_000_000, 4_000_000)
    handed_in(database, now, listed(*rows))
    imported([pay_out(sum(rial for _id, rial in rows) - len(rows) * FEE)])

    with database.reading() as session:
        assert sure_reports(session) == []
    assert reconciled() == {}


def test_a_report_that_may_still_grow_explains_nothing(database, imported, reconciled, now):
    owed(database, 1_000_000, 2_000_000)
    handed_in(database, now, listed((1, 1_000_000)), is_final=False)
    imported([pay_out(1_000_000 - FEE)])

    assert reconciled() == {}


def test_a_report_and_two_equal_lines_wait_for_a_person(database, imported, reconciled, now):
    owed(database, 1_000_000, 2_000_000)
    handed_in(database, now, listed((1, 1_000_000)))
    imported([pay_out(1_000_000 - FEE), pay_out(1_000_000 - FEE)])

    assert reconciled() == {}


def test_the_same_file_again_adds_nothing(database, now):
    data = listed((1, 1_000_000))
    first = handed_in(database, now, data)
    again = handed_in(database, now, data)

    assert (first.new, again.new) == (True, False)
    assert first.report_ids == again.report_ids
    assert count(database, SettlementReport) == count(database, SettlementReportItem) == 1


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (listed((1, 1_000), terminal="9999"), OtherTerminal),
        (listed((1, 1_000), (1, 1_000)), TwiceInReport),
        (listed((1, 1_000), day="1405/13/01"), UnreadableCell),
        (
            as_csv(
                [["خرید", "1405/08/30", "1000", "7001", "", "5"], ["جمع", "", "999", "", "", ""]],
                headings=HEADINGS,
            ),
            TotalDiffers,
        ),
        (
            as_csv([["چیزی", "1405/08/30", "1000", "7001", "", "5"]], headings=HEADINGS),
            UnreadableCell,
        ),
    ],
    ids=["terminal", "twin", "day", "total", "sort"],
)
def test_a_list_that_does_not_hold_together_is_refused_whole(database, now, data, refusal):
    with pytest.raises(refusal):
        handed_in(database, now, data)
    assert count(database, SettlementReport) == 0


def test_another_sum_than_a_person_expects_is_refused(database, now):
    with pytest.raises(TotalDiffers):
        handed_in(database, now, listed((1, 1_000_000)), payout_rial=1_000_000)


# Differences


def test_a_difference_is_explained_payment_by_payment(database, now):
    owed(database, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
    owed(database, 7_000_000, day=days_ago(2), first_id=7)
    taken = handed_in(
        database, now,
        listed((1, 1_000_000), (2, 2_500_000), (4, 4_000_000), (7, 7_000_000), (8, 900_000)),
    )  # fmt: skip

    with database.reading() as session:
        found = compare(session, session.get(SettlementReport, taken.report_ids[0]))
    assert {each.why: each.amount_rial for each in found.differing} == {
        Why.AMOUNT: 500_000,
        Why.NOT_IN_REPORT: -(3_000_000 - FEE),
        Why.OTHER_DAY: 7_000_000 - 1_400,
        Why.NOT_OURS: 900_000 - FEE,
    }
    moved = sum(each.amount_rial for each in found.differing)
    assert found.ours_rial + moved == found.theirs_rial


# By hand


@pytest.fixture
def settle(database, now):
    """Settle the only line by hand with payments of yesterday by their numbers."""

    def by_hand(*ids, differences=()):
        with database.writing() as session:
            member = a_staff_member(session, f"finance{len(ids)}{len(differences)}", office="00")
            owed_ = owed_in_batch(session, terminal_id(session), YESTERDAY, DAY_END)
            line_id = session.scalars(select(StatementLine.id)).one()
            settle_by_hand(
                session, line_id, terminal_id(session),
                [each for each in owed_ if each.source_id in ids], differences,
                made_by_id=member.id, now=now,
            )  # fmt: skip

    return by_hand


def test_a_person_settles_when_the_sums_agree(database, imported, reconciled, settle, books_agree):
    owed(database, 1_000_000, 2_000_000, 5_000_000)
    imported([pay_out(3_000_000 - 2 * FEE - 700)])
    assert reconciled() == {}
    settle(1, 2, differences=[Named(DifferenceKind.FEE, 700)])

    assert balance(database, "gateway:mellat-main") == -3_000_000
    assert balance(database, "fees") == 2 * FEE + 700
    assert balance(database, "suspense:90190") == 0
    with database.reading() as session:
        assert session.scalars(select(ExpectedTerminalMoney.source_id)).one() == 3
        (line,) = report(session)["lines"]
    assert line["rule"] == "by_hand"
    assert "۷۰۰" in line["reason"]
    books_agree()


def test_one_rial_off_is_refused_and_nothing_is_saved(database, imported, settle):
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(1_000_000)])

    with pytest.raises(SumsDiffer):
        settle(1, differences=[Named(DifferenceKind.FEE, -FEE + 1)])
    assert count(database, Settlement) == count(database, Match) == 0
    assert count(database, ExpectedTerminalMoney) == 2


def test_a_settlement_by_hand_is_undone_by_reversal(database, imported, settle, work_tables, now):
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(1_000_000)])
    before = work_tables()
    settle(1, differences=[Named(DifferenceKind.FEE, -FEE)])
    with database.writing() as session:
        line_id = session.scalars(select(StatementLine.id)).one()
        undo_line(session, line_id, reason="آزمایش", undone_by_id=None, now=now)

    assert work_tables() == before
    assert balance(database, "fees") == balance(database, "gateway:mellat-main") == 0
    assert count(database, SettlementItem) == 1  # facts only grow


# The gateways' leg of a day


def legs(database, day=DAY):
    with database.reading() as session:
        account_id = session.scalars(select(Terminal.bank_account_id).limit(1)).one()
        return gateway_legs(session, account_id, day)


def test_a_settled_day_has_a_leg_without_differences(database, imported, reconciled):
    owed(database, 1_000_000, 2_000_000)
    imported([pay_out(3_000_000 - 2 * FEE)])
    reconciled()

    (leg,) = legs(database)
    assert (leg.gross_rial, leg.fee_rial, leg.net_rial) == (3_000_000, 2 * FEE, 3_000_000 - 2 * FEE)
    assert leg.lump_rial == leg.net_rial
    assert not leg.differences


def test_what_does_not_agree_is_named_from_the_closed_list(database, imported, reconciled, now):
    terms(database, settles_within_days=0)
    owed(database, 1_000_000)
    handed_in(database, now, listed((8, 500_000)), paid_on=DAY)
    imported([pay_out(123_456), pay_out(77_777, "555555")])
    reconciled()

    first, other = legs(database)
    assert {each.kind: each.amount_rial for each in first.differences} == {
        LegDifference.LUMP_UNEXPLAINED: 123_456,
        LegDifference.REPORT_NOT_PAID: -(500_000 - FEE),
        LegDifference.NOT_PAID_IN_TIME: -(1_000_000 - FEE),
    }
    assert first.lump_rial - first.net_rial == 123_456 - (500_000 - FEE)
    assert [each.kind for each in other.differences] == [LegDifference.LUMP_OF_NO_TERMINAL]
    assert count(database, OpenLine) == 2


def test_the_minute_is_that_of_tehran():
    assert minute_of_day(tehran_moment(DAY, time(22, 30))) == 1_350
