"""Planted truths: each rule beyond the sure ones finds what is there, and no competitor."""

import random
import re

import pytest
from sqlalchemy import func, select

from core.digits import to_persian
from core.words import speaking
from donations.models.contribution import Contribution
from flows.reconciling import run
from flows.undoing import undo_line, undo_run
from ledger.postings import balance_rial
from reconciliation.aliases import CARD_KEY_DIGITS
from reconciliation.expected import ExpectedDeposit, LineClaim, OpenLine
from reconciliation.lines import LineClass
from reconciliation.matches import Match, MatchUndo, Rule
from reconciliation.reasons import explanations
from reconciliation.rules import RuleMode, RuleSetting
from reconciliation.rules_shadow import ShadowMatch, agreements
from reconciliation.splitting import NamedId
from reconciliation.suggesting import dismiss
from tests.factories import a_staff_member
from tests.reconciliation.bank import DAY, days_ago
from tests.reconciliation.planted import Row, a_donor, account_id, another_account, promised, stand


def matches(database, rule=None):
    """What stands: (line, target, amount) of every match, of one rule or of all."""
    query = select(Match.line_id, Match.target_id, Match.amount_rial).outerjoin(
        MatchUndo, MatchUndo.match_id == Match.id
    )
    if rule is not None:
        query = query.where(Match.rule == rule)
    with database.reading() as session:
        return {tuple(row) for row in session.execute(query.where(MatchUndo.id.is_(None)))}


def count(database, model):
    with database.reading() as session:
        return session.scalars(select(func.count()).select_from(model)).one()


def set_to(database, now, rule, mode, *, account="90190", version=1):
    with database.writing() as session:
        person = a_staff_member(session, f"setter-{rule}-{mode}-{version}")
        session.add(
            RuleSetting(
                rule=rule,
                version=version,
                bank_account_id=account_id(session, account) if account else None,
                mode=mode,
                valid_from=DAY,
                reason="آزمایش",
                set_by_id=person.id,
                set_at=now,
            )
        )


# Several ids in one line


def named(pledges):
    return "بابت " + " و ".join(to_persian(pledge.deposit_id) for pledge in pledges)


def test_several_ids_whose_promises_make_the_line_are_all_paid(database, now):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 250_000, 50_000)]
        (line,) = stand(
            session, [Row(400_000, description=" ".join(p.deposit_id for p in pledges))]
        )
    report = run(database, now=now)

    assert report.by_rule == {"split": 1}
    assert matches(database) == {(line, p.id, p.cash_rial) for p in pledges}
    assert count(database, Contribution) == 3
    assert count(database, LineClaim) == 1
    assert (count(database, OpenLine), count(database, ExpectedDeposit)) == (0, 0)


@pytest.mark.parametrize("rial", [399_999, 400_001, 350_000, 100_000])
def test_several_ids_with_another_sum_are_left_to_people(database, now, rial):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 250_000, 50_000)]
        stand(session, [Row(rial, description=" ".join(p.deposit_id for p in pledges))])

    assert run(database, now=now).by_rule == {}


def test_an_id_that_nobody_waits_for_keeps_the_others_from_being_paid(database, now):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 250_000, 50_000)]
        stand(session, [Row(50_000, deposit_id=pledges[2].deposit_id)])
        run(database, now=now) if False else None
        stand(session, [Row(350_000, description=" ".join(p.deposit_id for p in pledges))])

    assert run(database, now=now).by_rule == {"deposit_id": 1}


def test_of_two_lines_that_name_the_same_id_the_first_has_it(database, now):
    with database.writing() as session:
        first, second, third = (promised(session, rial) for rial in (100_000, 250_000, 50_000))
        stand(
            session,
            [
                Row(350_000, description=f"{first.deposit_id} {second.deposit_id}"),
                Row(300_000, description=f"{second.deposit_id}، {third.deposit_id}"),
            ],
        )

    assert run(database, now=now).by_rule == {"split": 1}
    assert {target for _line, target, _rial in matches(database)} == {first.id, second.id}
    assert run(database, now=now).by_rule == {}


def test_an_undone_split_is_open_as_a_whole_and_found_again(database, now):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 250_000)]
        (line,) = stand(
            session, [Row(350_000, description=" ".join(p.deposit_id for p in pledges))]
        )
    run(database, now=now)
    with database.writing() as session:
        undo_line(session, line, reason="اشتباه", undone_by_id=None, now=now)

    assert (count(database, OpenLine), count(database, ExpectedDeposit)) == (1, 2)
    assert matches(database) == set()
    assert run(database, now=now).by_rule == {"split": 1}


# Amount and card


def card(number):
    return f"{number:010}"


@pytest.fixture
def owned_card(database, now):
    """A donor whose card is known by an earlier deposit under an id of ours."""

    def make(number, name="زهرا احمدی", *, wide=True):
        key = card(number) if wide else card(number)[-4:]
        with database.writing() as session:
            donor_id = a_donor(session, name)
            pledge = promised(session, 77_000, donor_id, days_ago=40)
            stand(
                session,
                [Row(77_000, deposit_id=pledge.deposit_id, card=key, day=days_ago(39))],
            )
        run(database, now=now)
        return donor_id, key

    return make


def test_amount_and_card_are_offered_and_not_booked(database, now, owned_card):
    donor_id, key = owned_card(6037991234)
    with database.writing() as session:
        pledge = promised(session, 900_000, donor_id)
        (line,) = stand(session, [Row(900_000, card=key)])

    assert run(database, now=now).by_rule == {}
    with database.reading() as session:
        shadow = session.scalars(select(ShadowMatch)).one()
    assert (shadow.rule, shadow.line_id, shadow.target_id) == (Rule.CARD, line, pledge.id)


def test_amount_and_card_are_booked_where_an_administrator_says_so(database, now, owned_card):
    donor_id, key = owned_card(6037991234)
    with database.writing() as session:
        pledge = promised(session, 900_000, donor_id)
        (line,) = stand(session, [Row(900_000, card=key)])
    set_to(database, now, Rule.CARD, RuleMode.AUTO)

    assert run(database, now=now).by_rule == {"card": 1}
    assert matches(database, Rule.CARD) == {(line, pledge.id, 900_000)}


def test_the_last_four_digits_alone_are_never_a_card(database, now, owned_card):
    donor_id, key = owned_card(6037991234, wide=False)
    with database.writing() as session:
        promised(session, 900_000, donor_id)
        stand(session, [Row(900_000, card=key)])
    set_to(database, now, Rule.CARD, RuleMode.AUTO)

    assert run(database, now=now).by_rule == {}
    assert count(database, ShadowMatch) == 0


@pytest.mark.parametrize("twice", ["line", "pledge"])
def test_a_card_that_fits_twice_is_nobody_s(database, now, owned_card, twice):
    donor_id, key = owned_card(6037991234)
    set_to(database, now, Rule.CARD, RuleMode.AUTO)
    with database.writing() as session:
        for _ in range(2 if twice == "pledge" else 1):
            promised(session, 900_000, donor_id)
        stand(session, [Row(900_000, card=key)] * (2 if twice == "line" else 1))

    assert run(database, now=now).by_rule == {}


def test_a_card_that_two_donors_used_is_nobody_s(database, now, owned_card):
    first, key = owned_card(6037991234)
    owned_card(6037991234, "رضا کریمی")
    set_to(database, now, Rule.CARD, RuleMode.AUTO)
    with database.writing() as session:
        promised(session, 900_000, first)
        stand(session, [Row(900_000, card=key)])

    assert run(database, now=now).by_rule == {}


def test_a_card_that_people_declined_for_its_donor_is_nobody_s(database, now, owned_card):
    donor_id, key = owned_card(6037991234)
    with database.writing() as session:
        declined = promised(session, 600_000, donor_id)
        pledge = promised(session, 900_000, donor_id)
        refused, line = stand(session, [Row(600_000, card=key), Row(900_000, card=key)])
        who = a_staff_member(session, "who-declines").id
        dismiss(session, refused, declined.id, who, now)
    set_to(database, now, Rule.CARD, RuleMode.AUTO)

    assert run(database, now=now).by_rule == {}
    assert (line, pledge.id, 900_000) not in matches(database)


def test_a_deposit_that_was_taken_back_makes_nobody_the_owner_of_its_card(
    database, now, owned_card
):
    donor_id, key = owned_card(6037991234)
    with database.reading() as session:
        (deposit,) = session.scalars(select(Match.line_id))
    with database.writing() as session:
        undo_line(session, deposit, reason="مال دیگری بود", undone_by_id=None, now=now)
        promised(session, 900_000, donor_id)
        stand(session, [Row(900_000, card=key)])
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.OFF)  # or the deposit is found again
    set_to(database, now, Rule.CARD, RuleMode.AUTO)

    assert run(database, now=now).by_rule == {}


@pytest.mark.parametrize("days", [-1, 32])
def test_a_promise_outside_the_window_is_not_paid_by_its_card(database, now, owned_card, days):
    donor_id, key = owned_card(6037991234)
    set_to(database, now, Rule.CARD, RuleMode.AUTO)
    with database.writing() as session:
        promised(session, 900_000, donor_id, days_ago=days)
        stand(session, [Row(900_000, card=key)])

    assert run(database, now=now).by_rule == {}


@pytest.mark.parametrize("seed", range(3))
def test_among_competitors_no_card_is_given_to_the_wrong_pledge(database, now, seed):
    """Few amounts, cards that share their last four, pledges that never arrive, strangers."""
    chance = random.Random(seed)
    set_to(database, now, Rule.CARD, RuleMode.AUTO)
    amounts = (100_000, 200_000, 500_000)
    truth = set()
    with database.writing() as session:
        keys = [card(6037990000 + 10_000 * at + chance.randrange(4)) for at in range(40)]
        donors = [a_donor(session, f"مشارکت‌کننده {at}") for at in range(40)]
        for donor_id, key in zip(donors, keys, strict=True):
            known = promised(session, 77_000, donor_id, days_ago=40)
            stand(session, [Row(77_000, deposit_id=known.deposit_id, card=key, day=days_ago(39))])
    run(database, now=now)
    with database.writing() as session:
        for donor_id, key in zip(donors, keys, strict=True):
            pledge = promised(session, chance.choice(amounts), donor_id)
            if chance.random() < 0.5:
                (line,) = stand(session, [Row(pledge.cash_rial, card=key)])
                truth.add((line, pledge.id, pledge.cash_rial))
        strangers = [Row(chance.choice(amounts), card=key[-4:]) for key in keys]
        strangers += [
            Row(chance.choice(amounts), card=card(chance.randrange(10**10))) for _ in keys
        ]
        stand(session, strangers)
    run(database, now=now)

    assert matches(database, Rule.CARD) == truth
    assert all(len(key) == CARD_KEY_DIGITS for key in keys)


# A debit that takes a credit back


def test_a_credit_that_the_bank_takes_back_is_explained_with_its_debit(database, now):
    with database.writing() as session:
        credit, debit = stand(
            session, [Row(5_000, reference="123456"), Row(-5_000, reference="123456")]
        )

    assert run(database, now=now).by_rule == {"reversal_pair": 2}
    assert matches(database) == {(credit, debit, 5_000), (debit, credit, -5_000)}
    assert count(database, OpenLine) == 0
    with database.reading() as session:
        assert balance_rial(session, "suspense:90190") == 0


@pytest.mark.parametrize(
    "rows",
    [
        [Row(5_000, reference="123456"), Row(-5_001, reference="123456")],
        [Row(5_000, reference="123456"), Row(-5_000, reference="123457")],
        [Row(5_000, reference="12345"), Row(-5_000, reference="12345")],
        [Row(5_000, reference="123456", day=days_ago(1)), Row(-5_000, reference="123456")],
        [Row(-5_000, reference="123456"), Row(5_000, reference="123456")],
        [Row(5_000, reference="123456"), *[Row(-5_000, reference="123456")] * 2],
        [*[Row(5_000, reference="123456")] * 2, Row(-5_000, reference="123456")],
    ],
    ids=["amount", "serial", "short serial", "day", "order", "two debits", "two credits"],
)
def test_what_is_not_surely_a_pair_is_left_to_people(database, now, rows):
    with database.writing() as session:
        stand(session, rows)

    assert run(database, now=now).by_rule == {}


def test_a_fee_of_the_same_amount_and_serial_takes_nothing_back(database, now):
    with database.writing() as session:
        stand(
            session,
            [
                Row(5_000, reference="123456"),
                Row(-5_000, reference="123456", line_class=LineClass.FEE),
            ],
        )

    assert run(database, now=now).by_rule == {"bank_fee": 1}


def test_an_undone_pair_is_open_on_both_sides(database, now):
    with database.writing() as session:
        stand(session, [Row(5_000, reference="123456"), Row(-5_000, reference="123456")])
    report = run(database, now=now)
    undo_run(database, report.run, reason="اشتباه", now=now)

    assert count(database, OpenLine) == 2
    assert run(database, now=now).by_rule == {"reversal_pair": 2}


# Modes


@pytest.mark.parametrize(
    ("mode", "shadows"), [(RuleMode.OFF, 0), (RuleMode.SHADOW, 1), (RuleMode.SUGGEST, 1)]
)
def test_a_rule_that_is_not_automatic_books_nothing(database, now, mode, shadows):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        stand(session, [Row(900_000, deposit_id=pledge.deposit_id)])
    set_to(database, now, Rule.DEPOSIT_ID, mode)

    assert run(database, now=now).by_rule == {}
    assert run(database, now=now).by_rule == {}
    assert (count(database, ShadowMatch), count(database, OpenLine)) == (shadows, 1)


def test_the_newest_setting_holds_and_one_for_all_outlives_none_of_an_account(database, now):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        stand(session, [Row(900_000, deposit_id=pledge.deposit_id)])
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.AUTO)
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.OFF, account=None)

    assert run(database, now=now).by_rule == {}


def test_a_setting_of_another_version_does_not_hold(database, now):
    with database.writing() as session:
        pledge = promised(session, 900_000)
        stand(session, [Row(900_000, deposit_id=pledge.deposit_id)])
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.OFF, version=2)

    assert run(database, now=now).by_rule == {"deposit_id": 1}


def test_what_is_set_for_one_account_holds_nothing_back_on_another(database, now):
    with database.writing() as session:
        other = another_account(session)
        pledges = [promised(session, rial) for rial in (900_000, 800_000)]
        for pledge, account in zip(pledges, ("90190", other), strict=True):
            row = Row(pledge.cash_rial, deposit_id=pledge.deposit_id)
            (line,) = stand(session, [row], account=account)
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.SUGGEST)

    assert run(database, now=now).by_rule == {"deposit_id": 1}
    assert matches(database) == {(line, pledges[1].id, 800_000)}


def test_a_shadow_is_held_against_what_is_decided_later(database, now):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (900_000, 800_000)]
        stand(session, [Row(p.cash_rial, deposit_id=p.deposit_id) for p in pledges])
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.SHADOW)
    run(database, now=now)
    with database.reading() as session:
        assert agreements(session)[Rule.DEPOSIT_ID].undecided == 2
    set_to(database, now, Rule.DEPOSIT_ID, RuleMode.AUTO)
    run(database, now=now)

    with database.reading() as session:
        found = agreements(session)[Rule.DEPOSIT_ID]
    assert (found.found, found.agreed, found.differed) == (2, 2, 0)


def test_only_rows_with_several_ids_are_kept(database):
    with database.writing() as session:
        one, two = (promised(session, 1_000) for _ in range(2))
        _first, both, _none = stand(
            session,
            [
                Row(1, description=f"{one.deposit_id} 1234567890123"),
                Row(2, description=one.deposit_id, payer=f"{two.deposit_id} {one.deposit_id}"),
                Row(3, description="1234567890123456 1234567890123456"),
            ],
        )
        kept = {tuple(row) for row in session.execute(select(NamedId.line_id, NamedId.deposit_id))}

    assert kept == {(both, one.deposit_id), (both, two.deposit_id)}


# Reasons


def reason_of(database, line_id, language="fa"):
    with database.reading() as session, speaking(language):
        return explanations(session, [line_id])[line_id].reason


def test_a_shared_line_names_every_pledge_and_its_part(database, now):
    with database.writing() as session:
        pledges = [promised(session, rial) for rial in (100_000, 250_000)]
        text = " ".join(pledge.deposit_id for pledge in pledges)
        (line,) = stand(session, [Row(350_000, description=text)])
    run(database, now=now)

    said = reason_of(database, line)
    for pledge, rial in zip(pledges, ("۱۰۰٬۰۰۰", "۲۵۰٬۰۰۰"), strict=True):
        assert to_persian(pledge.tracking_code) in said
        assert rial in said
    assert "350,000" in reason_of(database, line, "en")


def test_a_card_s_reason_quotes_the_card_and_a_reversal_s_its_other_side(database, now, owned_card):
    donor_id, key = owned_card(6037991234)
    set_to(database, now, Rule.CARD, RuleMode.AUTO)
    with database.writing() as session:
        promised(session, 900_000, donor_id)
        lines = stand(
            session,
            [
                Row(900_000, card=key),
                Row(5_000, reference="123456"),
                Row(-5_000, reference="123456"),
            ],
        )
    run(database, now=now)

    said = [reason_of(database, line) for line in lines]
    assert to_persian(key) in said[0]
    assert "ردیف ۳" in said[1]
    assert "ردیف ۲" in said[2]
    assert not any(re.search("[a-zA-Z0-9]", reason) for reason in said)
