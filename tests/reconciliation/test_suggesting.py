"""Suggestions: a word and its signs, what people decided before, and what an open line is."""

import re

import pytest
from sqlalchemy import select

from core.refusals import NotFound
from core.words import speaking
from donations.models.donor import Donor
from flows.by_hand import assign
from flows.reconciling import run
from flows.undoing import undo_line
from reconciliation.leftovers import LeftoverClass, classified
from reconciliation.lines import LineClass, StatementLine
from reconciliation.suggesting import (
    Word,
    confirmed,
    dismiss,
    groups,
    offer_again,
    suggestions,
)
from reconciliation.why_not import in_words, why_not, word_of
from tests.factories import a_staff_member
from tests.reconciliation.bank import days_ago
from tests.reconciliation.planted import Row, a_donor, another_account, promised, stand

CARD = "6037991234"


@pytest.fixture
def person(database):
    with database.writing() as session:
        return a_staff_member(session).id


def of_line(database, line_id):
    with database.reading() as session:
        return suggestions(session, session.get_one(StatementLine, line_id))


def leftover(database, line_id):
    with database.reading() as session:
        return classified(session, session.get_one(StatementLine, line_id))


def told(database, line_id):
    with database.reading() as session:
        return why_not(session, session.get_one(StatementLine, line_id))


# Words


def test_how_sure_a_suggestion_is_is_one_of_three_words(database):
    with database.writing() as session:
        donor_id = a_donor(session, "زهرا احمدی")
        pledge = promised(session, 900_000, donor_id)
        lines = stand(
            session,
            [
                Row(900_000, description=f"بابت {pledge.deposit_id}"),
                Row(900_000, payer="خانم زهرا احمدی"),
                Row(900_001, description=pledge.tracking_code),
                Row(900_000),
            ],
        )

    words = [of_line(database, line)[0].word for line in lines]
    assert words == [Word.CERTAIN, Word.LIKELY, Word.LIKELY, Word.POSSIBLE]


def test_half_a_name_is_no_name(database):
    with database.writing() as session:
        promised(session, 900_000, a_donor(session, "زهرا احمدی"))
        (line,) = stand(session, [Row(900_000, payer="زهرا کریمی")])

    assert "name" not in of_line(database, line)[0].sign_names


def test_the_last_six_digits_of_an_id_are_a_sign_and_five_are_none(database):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        lines = stand(
            session, [Row(900_000, description=f"شناسه {pledge.deposit_id[-n:]}") for n in (6, 5)]
        )

    names = [of_line(database, line)[0].sign_names for line in lines]
    assert ["id_suffix" in each for each in names] == [True, False]


def test_a_promise_made_after_the_line_is_not_offered_by_its_amount(database):
    with database.writing() as session:
        promised(session, 900_000)
        (line,) = stand(session, [Row(900_000, day=days_ago(1))])

    assert of_line(database, line) == []


def test_an_old_promise_is_offered_by_its_name_and_not_by_its_amount_alone(database):
    with database.writing() as session:
        old = promised(session, 900_000, a_donor(session), days_ago=91)
        promised(session, 900_000, a_donor(session), days_ago=89)
        lines = stand(session, [Row(900_000), Row(900_000, description=old.tracking_code)])

    by_amount, by_code = (of_line(database, line) for line in lines)
    assert old.id not in {offer.pledge_id for offer in by_amount}
    assert len(by_amount) == 1
    assert by_code[0].pledge_id == old.id


def test_a_rule_that_only_suggests_makes_its_offer_certain(database, now):
    with database.writing() as session:
        donor_id = a_donor(session)
        earlier = promised(session, 77_000, donor_id, days_ago=40)
        stand(session, [Row(77_000, deposit_id=earlier.deposit_id, card=CARD, day=days_ago(39))])
        promised(session, 900_000, donor_id)
        (line,) = stand(session, [Row(900_000, card=CARD)])
    before = of_line(database, line)
    run(database, now=now)

    assert before[0].word is Word.POSSIBLE  # the card is nobody's yet
    assert of_line(database, line)[0].word is Word.CERTAIN
    assert "card" in of_line(database, line)[0].sign_names


# What people decided


def test_a_payer_is_known_by_what_people_confirmed_while_it_stands(database, now, person):
    with database.writing() as session:
        donor_id = a_donor(session)
        first, second = (promised(session, rial, donor_id) for rial in (100_000, 900_000))
        done, line = stand(
            session, [Row(100_000, payer="فروشگاه رضا"), Row(900_000, payer="فروشگاه رضا")]
        )
        assign(session, done, first.id, made_by_id=person, now=now)
        confirmed(session, done, first.id, by=person, now=now)
    assert "alias" in of_line(database, line)[0].sign_names
    assert of_line(database, line)[0].pledge_id == second.id
    with database.writing() as session:
        undo_line(session, done, reason="اشتباه", undone_by_id=person, now=now)

    assert "alias" not in of_line(database, line)[0].sign_names


def test_a_dismissed_offer_comes_back_only_when_somebody_withdraws_that(database, now, person):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        (line,) = stand(session, [Row(900_000)])
        dismiss(session, line, pledge.id, person, now)
        dismiss(session, line, pledge.id, person, now)
    assert of_line(database, line) == []
    with database.writing() as session:
        offer_again(session, line, pledge.id, person, now)
        with pytest.raises(NotFound):
            offer_again(session, line, pledge.id, person, now)

    assert [each.pledge_id for each in of_line(database, line)] == [pledge.id]


def test_a_payer_whom_people_declined_for_a_donor_is_not_offered_by_amount(database, now, person):
    with database.writing() as session:
        donor_id = a_donor(session)
        first = promised(session, 900_000, donor_id)
        promised(session, 900_000, donor_id)
        one, other = stand(session, [Row(900_000, payer="فروشگاه رضا")] * 2)
        dismiss(session, one, first.id, person, now)

    assert of_line(database, other) == []


def test_lines_with_equal_signs_are_one_group_and_a_wanted_pledge_is_in_none(database):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 200_000, 300_000)]
        lines = stand(
            session,
            [
                *(Row(p.cash_rial, description=f"بابت {p.deposit_id}") for p in pledges),
                Row(300_000, description=f"دوباره {pledges[2].deposit_id}"),
                Row(123),
            ],
        )
        (group,) = groups(session)

    assert group.word is Word.CERTAIN
    assert group.pairs == [(line, p.id) for line, p in zip(lines[:2], pledges[:2], strict=True)]
    assert group.total_rial == 300_000


# What an open line is


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (Row(1, line_class=LineClass.SETTLEMENT), LeftoverClass.SETTLEMENT),
        (Row(-1, line_class=LineClass.FEE), LeftoverClass.BANK_FEE),
        (Row(-1), LeftoverClass.OTHER_DEBIT),
        (Row(1), LeftoverClass.UNIDENTIFIED),
    ],
)
def test_every_open_line_has_a_class_and_a_reason(database, row, kind):
    with database.writing() as session:
        (line,) = stand(session, [row])

    found = leftover(database, line)
    assert found.kind is kind
    assert not re.search("[a-zA-Z0-9%]", found.reason)


@pytest.mark.parametrize(("rial", "said"), [(899_999, "کمتر"), (900_001, "بیشتر")])
def test_an_id_with_another_amount_is_short_or_over(database, now, rial, said):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        (line,) = stand(session, [Row(rial, deposit_id=pledge.deposit_id)])

    assert run(database, now=now).by_rule == {}
    assert leftover(database, line).kind is LeftoverClass.SHORT_OR_OVER
    assert said in leftover(database, line).reason


def test_a_second_deposit_is_named_with_the_first_line(database, now):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        row = Row(900_000, deposit_id=pledge.deposit_id, reference="445566")
        first, second = stand(session, [row, row])
    run(database, now=now)

    found = leftover(database, second)
    assert (found.kind, found.other_line_id) == (LeftoverClass.DUPLICATE, first)
    assert "۴۴۵۵۶۶" in found.reason


def test_a_possible_pair_and_a_possible_transfer_name_the_other_side(database):
    with database.writing() as session:
        account = another_account(session)
        credit, debit = stand(session, [Row(5_000, reference="12"), Row(-5_000, reference="12")])
        (out,) = stand(session, [Row(-7_000)], account=account)
        (came,) = stand(session, [Row(7_000, day=days_ago(-1))])

    sides = [(leftover(database, line).kind, leftover(database, line).other_line_id)
             for line in (credit, debit, out, came)]  # fmt: skip
    assert sides == [
        (LeftoverClass.REVERSAL, debit),
        (LeftoverClass.REVERSAL, credit),
        (LeftoverClass.TRANSFER, came),
        (LeftoverClass.TRANSFER, out),
    ]


# Why not


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (Row(5), "کارتی را نشان نمی‌دهد"),
        (Row(5, card="1234"), "کمتر از آن"),
        (Row(5, card=CARD), "نیامده است"),
        (Row(5), "از دو شناسهٔ واریز ما نام نمی‌برد"),
        (Row(-5), "در جهت مخالف ندارد"),
    ],
)
def test_the_first_test_that_failed_is_said(database, row, said):
    with database.writing() as session:
        (line,) = stand(session, [row])

    assert any(said in sentence for sentence in told(database, line))


def test_a_split_that_failed_quotes_both_sums(database):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 250_000)]
        text = " ".join(pledge.deposit_id for pledge in pledges)
        (line,) = stand(session, [Row(340_000, description=text)])

    (said,) = [each for each in told(database, line) if each.startswith("چند شناسه")]
    assert "۳۵۰٬۰۰۰" in said
    assert "۳۴۰٬۰۰۰" in said


def test_everything_that_is_said_is_said_in_both_languages(database):
    with database.writing() as session:
        donor_id = a_donor(session)
        session.get_one(Donor, donor_id).mobile = "09121234567"
        pledge = promised(session, 900_000, donor_id)
        rows = [Row(800_000, payer="زهرا احمدی 09121234567", description=pledge.deposit_id)]
        rows += [Row(5_000, reference="12", card="1234"), Row(-5_000, reference="13")]
        lines = stand(session, rows)

    for language, other in (("fa", "[a-zA-Z0-9%]"), ("en", "[آ-ی]")):
        with speaking(language), database.reading() as session:
            for line in session.scalars(select(StatementLine).where(StatementLine.id.in_(lines))):
                said = [*why_not(session, line), classified(session, line).reason]
                for found in suggestions(session, line):
                    said += [in_words(sign) for sign in found.signs if sign.name != "name"]
                    said.append(word_of(found.word))
                assert not [each for each in said if re.search(other, each)]
