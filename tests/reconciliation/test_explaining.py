"""Reasons, suggestions and reports: every line says why in words, in both languages."""

import re

import pytest
from sqlalchemy import select

from core.digits import to_persian
from core.identifiers import is_deposit_id
from core.words import speaking
from donations.models.pledge import HiddenFrom
from donations.pledging import CashItem, DonorFacts
from flows.by_hand import assign
from ledger.terminals import Terminal
from reconciliation.expected import MoneySource, expect_terminal_money
from reconciliation.lines import StatementLine
from reconciliation.reporting import report
from reconciliation.suggesting import near_deposit_ids, suggestions
from reconciliation.why_not import in_words, why_not
from tests.factories import a_pledge, a_staff_member
from tests.reconciliation.bank import Booking, days_ago, fee, pay_out


def the_report(database):
    with database.reading() as session:
        return report(session)


def the_line(session):
    return session.scalars(select(StatementLine)).one()


def best(database):
    with database.reading() as session:
        found = suggestions(session, the_line(session))
        return [(one.pledge_id, {sign.name for sign in one.signs}) for one in found]


@pytest.fixture
def a_day(database, imported, reconciled):
    with database.writing() as session:
        pledge = a_pledge(session)
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        for source_id in (1, 2):
            expect_terminal_money(
                session, terminal_id, days_ago(1), MoneySource.PAYMENT, source_id,
                amount_rial=5_000_000, reference=None,
            )  # fmt: skip
    imported(
        [
            Booking(2_500_000, deposit_id=pledge.deposit_id),
            pay_out(10_000_000 - 2_400),
            fee(50_000),
            Booking(123_456),
        ]
    )
    reconciled()
    return pledge


def test_every_explained_line_quotes_both_sides(database, a_day):
    lines = the_report(database)["lines"]

    assert [line["state"] for line in lines] == ["matched", "matched", "matched", "open"]
    deposit, settlement, bank_fee, stranger = lines
    assert deposit["tracking_code"] == a_day.tracking_code
    for quoted in ("۲٬۵۰۰٬۰۰۰", to_persian(a_day.deposit_id), to_persian(a_day.tracking_code)):
        assert quoted in deposit["reason"]
    for quoted in ("۹٬۹۹۷٬۶۰۰", "۱۰٬۰۰۰٬۰۰۰", "۲٬۴۰۰", "۷۰۰۱", "۱۴۰۵/۰۸/۳۰"):
        assert quoted in settlement["reason"]
    assert "کارمزد" in bank_fee["reason"]
    assert "reason" not in stranger


@pytest.mark.usefixtures("a_day")
def test_the_reasons_are_in_the_language_spoken(database):
    with speaking("en"):
        english = [line["reason"] for line in the_report(database)["lines"][:2]]
    persian = [line["reason"] for line in the_report(database)["lines"][:2]]

    assert "2,500,000" in english[0]
    assert all(re.search("[a-z]", reason) for reason in english)
    assert not any(re.search("[a-zA-Z0-9]", reason) for reason in persian)


@pytest.mark.usefixtures("a_day")
def test_the_totals_add_up_to_the_rial(database):
    totals = the_report(database)["totals"]

    assert totals["amount_rial"] == totals["matched_rial"] + totals["open_rial"]
    assert totals["lines"] == totals["matched_lines"] + totals["open_lines"] == 4
    assert totals["open_rial"] == 123_456


def test_what_a_person_decided_carries_the_name(database, imported, now):
    with database.writing() as session:
        pledge = a_pledge(session, CashItem(123_456))
        staff = a_staff_member(session)
    imported([Booking(123_456)])
    with database.writing() as session:
        assign(session, the_line(session).id, pledge.id, made_by_id=staff.id, now=now)

    assert "مریم کارمند" in the_report(database)["lines"][0]["reason"]


# Suggestions


def test_a_wrong_digit_in_the_id_is_suggested_and_never_booked(database, imported, reconciled):
    with database.writing() as session:
        pledge = a_pledge(session)
        a_pledge(session)
    wrong = pledge.deposit_id[:-1] + str((int(pledge.deposit_id[-1]) + 1) % 10)
    imported([Booking(2_500_000, deposit_id=wrong)])

    assert reconciled() == {}
    pledge_id, signs = best(database)[0]
    assert pledge_id == pledge.id
    assert {"near_deposit_id", "amount"} <= signs


def test_an_id_with_another_amount_is_suggested(database, imported, reconciled):
    with database.writing() as session:
        pledge = a_pledge(session)
    imported([Booking(2_400_000, deposit_id=pledge.deposit_id)])

    assert reconciled() == {}
    assert best(database)[0] == (pledge.id, {"deposit_id", "short", "days"})


@pytest.mark.parametrize("name", ["deposit_id", "tracking_code"])
def test_a_code_in_the_text_is_suggested(database, imported, reconciled, name):
    with database.writing() as session:
        pledge = a_pledge(session)
    imported([Booking(2_500_000, description=f"بابت {to_persian(getattr(pledge, name))}")])

    assert reconciled() == {}
    assert name in best(database)[0][1]


def test_the_donor_s_name_and_the_nearest_day_come_first(database, imported):
    with database.writing() as session:
        a_pledge(session)
        named = a_pledge(session, donor=DonorFacts(name="زهرا احمدي"))
    imported([Booking(2_500_000, payer="زهرا احمدی")])

    assert best(database)[0][0] == named.id


@pytest.mark.parametrize(
    ("hidden_from", "name", "signs"),
    [
        (HiddenFrom.PUBLIC, "رضا کریمی", {"amount", "days", "mobile", "name"}),
        (HiddenFrom.EVERYONE, None, {"amount", "days"}),
    ],
)
def test_who_is_hidden_from_everyone_is_suggested_without_name_or_number(
    database, imported, hidden_from, name, signs
):
    donor = DonorFacts(name="رضا کریمی", mobile="09121234567", hidden_from=hidden_from)
    with database.writing() as session:
        a_pledge(session, CashItem(123_456), donor=donor)
    imported([Booking(123_456, payer="رضا کریمی", description="همراه 9121234567")])

    with database.reading() as session:
        (found,) = suggestions(session, the_line(session))
    assert found.donor_name == name
    assert {sign.name for sign in found.signs} == signs


def test_at_most_five_are_suggested(database, imported):
    with database.writing() as session:
        for _ in range(9):
            a_pledge(session)
    imported([Booking(2_500_000)])

    assert len(best(database)) == 5


def test_every_near_id_is_one_slip_of_the_pen_away(database):
    with database.writing() as session:
        right = a_pledge(session).deposit_id
    swapped = right[:10] + right[11] + right[10] + right[12]
    digit = right[:4] + str((int(right[4]) + 3) % 10) + right[5:]

    assert right in set(near_deposit_ids(digit))
    assert swapped == right or right in set(near_deposit_ids(swapped))
    assert all(is_deposit_id(near) for near in near_deposit_ids(digit))


# Why not


@pytest.mark.parametrize(
    ("booking", "said"),
    [
        (Booking(5), "شناسه‌ای ندارد"),
        (Booking(5, deposit_id="1500000000111"), "رقم‌های کنترلی"),
        (Booking(5, serial="123456"), "هیچ پرداخت بازی"),
        (Booking(5, serial="12"), "کوتاه‌تر"),
        (pay_out(5), "بدهی ندارد"),
        (pay_out(5, "9999"), "در فهرست ما نیست"),
        (pay_out(5, ""), "از پایانه‌ای نام نمی‌برد"),
        (Booking(-5), "کارمزد نمی‌نامند"),
    ],
)
def test_an_open_line_says_what_each_rule_missed(database, imported, booking, said):
    imported([booking])

    with database.reading() as session:
        assert any(said in sentence for sentence in why_not(session, the_line(session)))


def test_a_batch_that_nearly_fits_is_shown_with_the_difference(database, imported):
    with database.writing() as session:
        terminal_id = session.scalars(
            select(Terminal.id).where(Terminal.name == "mellat-main")
        ).one()
        expect_terminal_money(
            session, terminal_id, days_ago(1), MoneySource.PAYMENT, 1, amount_rial=1_000_000,
            reference=None,
        )  # fmt: skip
    imported([pay_out(1_000_000)])

    with database.reading() as session:
        told = " ".join(why_not(session, the_line(session)))
    assert "۹۹۸٬۸۰۰" in told
    assert "۱٬۲۰۰" in told


def test_signs_are_said_in_words(database, imported):
    with database.writing() as session:
        a_pledge(session, donor=DonorFacts(name="زهرا احمدی", mobile="09121234567"))
    imported([Booking(2_500_000, payer="زهرا احمدی 09121234567")])

    with database.reading() as session:
        (found,) = suggestions(session, the_line(session))
    words = [in_words(sign) for sign in found.signs]
    assert not any(re.search("[a-zA-Z0-9%]", said) for said in words)
    assert len(words) == 4
