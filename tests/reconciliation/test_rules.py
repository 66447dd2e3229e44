"""Who may let a rule do more or less, and what the database itself refuses."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError

from offices.granting import grant_role
from offices.staff import Role
from reconciliation.matches import Rule
from reconciliation.rules import (
    MayNotLoosen,
    NameTheAccount,
    NotSettable,
    RuleMode,
    RuleReasonMissing,
    RuleSetting,
    Wish,
    modes_on,
    set_mode,
)
from tests.factories import NOON, a_staff_member
from tests.reconciliation.bank import DAY, days_ago
from tests.reconciliation.planted import account_id


@pytest.fixture
def people(session):
    """A person of finance and an administrator."""
    found = {}
    for role in (Role.FINANCE, Role.ADMINISTRATOR):
        member = a_staff_member(session, role.value, office="00")
        grant_role(session, member.id, role, granted_by_id=None, now=NOON)
        found[role] = member.id
    return found


def wish(session, rule, mode, *, everywhere=False, valid_from=DAY, reason="چنین بهتر است"):
    account = None if everywhere else account_id(session)
    return Wish(rule, mode, account, valid_from, reason)


def test_finance_holds_a_rule_back_and_cannot_let_it_go_again(session, people):
    finance = people[Role.FINANCE]
    set_mode(session, wish(session, Rule.SPLIT, RuleMode.SUGGEST), set_by_id=finance, now=NOON)

    assert modes_on(session, DAY).of(Rule.SPLIT, account_id(session)) is RuleMode.SUGGEST
    with pytest.raises(MayNotLoosen):
        set_mode(session, wish(session, Rule.SPLIT, RuleMode.AUTO), set_by_id=finance, now=NOON)


def test_only_an_administrator_makes_the_card_automatic_and_for_one_account(session, people):
    automatic = wish(session, Rule.CARD, RuleMode.AUTO)
    with pytest.raises(MayNotLoosen):
        set_mode(session, automatic, set_by_id=people[Role.FINANCE], now=NOON)
    with pytest.raises(NameTheAccount):
        set_mode(
            session,
            wish(session, Rule.CARD, RuleMode.AUTO, everywhere=True),
            set_by_id=people[Role.ADMINISTRATOR],
            now=NOON,
        )
    set_mode(session, automatic, set_by_id=people[Role.ADMINISTRATOR], now=NOON)

    modes = modes_on(session, DAY)
    assert modes.of(Rule.CARD, account_id(session)) is RuleMode.AUTO
    assert modes.of(Rule.CARD, 999) is RuleMode.SUGGEST


def test_one_mode_for_all_loosens_where_some_account_was_held_back(session, people):
    finance = people[Role.FINANCE]
    set_mode(session, wish(session, Rule.SPLIT, RuleMode.OFF), set_by_id=finance, now=NOON)

    with pytest.raises(MayNotLoosen):
        set_mode(
            session,
            wish(session, Rule.SPLIT, RuleMode.SUGGEST, everywhere=True),
            set_by_id=finance,
            now=NOON,
        )


def test_a_setting_holds_from_its_day_on(session, people):
    later = wish(session, Rule.SPLIT, RuleMode.OFF, valid_from=days_ago(-1))
    set_mode(session, later, set_by_id=people[Role.FINANCE], now=NOON)

    found = [
        modes_on(session, day).of(Rule.SPLIT, account_id(session)) for day in (DAY, days_ago(-1))
    ]
    assert found == [RuleMode.AUTO, RuleMode.OFF]


@pytest.mark.parametrize(
    ("rule", "reason", "refusal"),
    [
        (Rule.SETTLEMENT_BATCH, "دلیل", NotSettable),
        (Rule.BY_HAND, "دلیل", NotSettable),
        (Rule.SPLIT, "  ", RuleReasonMissing),
        (Rule.SPLIT, "د" * 501, RuleReasonMissing),
    ],
)
def test_a_setting_that_says_nothing_useful_is_refused(session, people, rule, reason, refusal):
    with pytest.raises(refusal):
        set_mode(
            session,
            wish(session, rule, RuleMode.OFF, reason=reason),
            set_by_id=people[Role.FINANCE],
            now=NOON,
        )
    assert session.scalars(select(RuleSetting)).all() == []


@pytest.mark.parametrize(
    "values",
    [
        {"rule": Rule.CARD, "mode": RuleMode.AUTO},
        {"rule": Rule.SETTLEMENT_BATCH, "mode": RuleMode.OFF},
        {"rule": Rule.SPLIT, "mode": RuleMode.OFF, "reason": ""},
    ],
    ids=["card for all", "a rule without modes", "no reason"],
)
def test_the_database_refuses_what_the_code_would(session, people, values):
    row = {"version": 1, "valid_from": DAY, "reason": "دلیل", "set_at": NOON, **values}
    session.add(RuleSetting(set_by_id=people[Role.FINANCE], **row))

    with pytest.raises(IntegrityError):
        session.flush()
    session.rollback()


def test_a_setting_is_never_changed(session, people):
    set_mode(
        session, wish(session, Rule.SPLIT, RuleMode.OFF), set_by_id=people[Role.FINANCE], now=NOON
    )

    with pytest.raises(DBAPIError, match="insert-only"):
        session.execute(RuleSetting.__table__.update().values(mode="auto"))
    session.rollback()
