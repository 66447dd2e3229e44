"""The page of the rules: what each does, and who may let one go further."""

import pytest
from sqlalchemy import select, update

from offices.one_time_codes import new_secret
from offices.staff import Role, StaffMember, StaffSession
from reconciliation.matches import Rule
from reconciliation.rules import RULES, RuleMode, RuleSetting
from tests.factories import NOON
from tests.reconciliation.planted import account_id
from tests.staff import at_work


@pytest.fixture
def finance(app, database):
    return at_work(app, database, Role.FINANCE, office="00")


@pytest.fixture
def administrator(app, database):
    return at_work(app, database, Role.ADMINISTRATOR, office="00")


def set_by(client, database, *, status=200, **fields):
    with database.reading() as session:
        account = str(account_id(session))
    form = {"account": account, "reason": "چنین بهتر است"}
    return client.send("/finance/rules", {**form, **fields}, status=status)


def settings_in(database):
    with database.reading() as session:
        return session.scalars(select(RuleSetting)).all()


@pytest.mark.parametrize("who", ["finance", "administrator"])
def test_every_rule_is_told_with_what_it_does(request, who):
    page = request.getfixturevalue(who).get("/finance/rules")

    assert page.words.count("ویرایش ۱") == len(RULES)
    assert "فقط پیشنهاد می‌کند" in page.words


def test_finance_holds_a_rule_back_with_a_reason(finance, database):
    page = set_by(finance, database, rule="split", mode="off")

    (setting,) = settings_in(database)
    assert (setting.mode, setting.valid_from) == (RuleMode.OFF, NOON.date())
    assert "چنین بهتر است" in page.words
    assert "خاموش است" in page.words


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mode": "auto", "rule": "card"}, "مدیر سامانه"),
        ({"reason": ""}, "دلیل"),
        ({"valid_from": "x"}, "تقویم"),
    ],
)
def test_what_finance_may_not_set_is_told_beside_its_field(finance, database, fields, said):
    page = set_by(finance, database, status=422, **{"rule": "split", "mode": "off", **fields})

    assert said in page.words
    assert settings_in(database) == []


def test_an_administrator_needs_a_fresh_code_to_let_a_rule_do_more(administrator, database):
    with database.writing() as session:
        session.execute(update(StaffSession).values(stepped_up_at=None))
        session.execute(update(StaffMember).values(totp_secret=new_secret()))
    page = set_by(administrator, database, status=422, rule="card", mode="auto")

    assert settings_in(database) == []
    assert "یک‌بارمصرف" in page.words or "رمز" in page.words


def test_an_administrator_makes_the_card_automatic_for_one_account(administrator, database):
    page = set_by(administrator, database, rule="card", mode="auto")

    (setting,) = settings_in(database)
    assert (setting.rule, setting.mode) == (Rule.CARD, RuleMode.AUTO)
    assert "خودش ثبت می‌کند" in page.words
